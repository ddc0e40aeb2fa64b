"""The values of a case as text: kept with a report, and compared with those of the report before. Pure."""
from __future__ import annotations

import dataclasses
import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from enum import StrEnum
from typing import Any

from traceapp.core.quantity import plain
from traceapp.export.case_report import CaseReport, CodedTerm, PartialDate
from traceapp.export.masking import MASK

# What differs in every report of the same case and says nothing about it.
_OF_THE_REPORT = frozenset({
    "head.version", "head.kind", "head.created_at", "head.report_number", "head.due_at", "head.rule_ids",
    "head.earlier_reference", "head.earlier_sha256", "head.reason", "head.receiver", "profile", "score.1",
    "score.2"})

# What says who somebody is: that it changed is told, not what it was.
_NAMES_PERSONS = re.compile(
    r"patient\.(name|initials|record_number|born_on|ethnicity)|reporter\.(name|phone|email|organisation\..*)|"
    r".*\.(contact_name|phone|email)")


@dataclass(frozen=True, slots=True)
class ValueChange:
    """One value of a case that differs from the earlier report; `place` as in `event.outcome`, empty: not there."""

    place: str
    before: str
    after: str


def values_of(case: CaseReport) -> dict[str, str]:
    """{place: value as text} of everything that is known; places in the order of the fields. The report that the case
    came with is left out: it names persons."""
    return {place: text for place, text in _flat("", dataclasses.replace(case, received=None)) if text}


def _flat(place: str, value: Any) -> Iterator[tuple[str, str]]:
    if isinstance(value, CodedTerm):
        yield place, f"{value.code} {value.name_zh or value.name_en}"
    elif isinstance(value, PartialDate):
        yield place, value.day.isoformat()[:{"year": 4, "month": 7}.get(value.precision, 10)]
    elif dataclasses.is_dataclass(value):
        for part in dataclasses.fields(value):
            yield from _flat(f"{place}.{part.name}" if place else part.name, getattr(value, part.name))
    elif isinstance(value, Mapping):
        for name in sorted(value):
            yield from _flat(f"{place}.{name}", value[name])
    elif isinstance(value, tuple | list):
        for number, one in enumerate(value, 1):
            yield from _flat(f"{place}.{number}", one)
    else:
        yield place, _text(value)


def _text(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, Decimal):
        return plain(value)
    if isinstance(value, datetime | date):
        return value.isoformat()
    if isinstance(value, bool):
        return "yes" if value else "no"
    return str(value.value if isinstance(value, StrEnum) else value)


def written_values(case: CaseReport) -> bytes:
    """The values as the file that is kept with a report."""
    return json.dumps(values_of(case), ensure_ascii=False, indent=1).encode("utf-8")


def changes_between(before: bytes, after: bytes) -> list[ValueChange]:
    """What a report says of its case other than the one before it; both as `written_values` wrote them. Of persons it
    only tells that something changed."""
    old, new = json.loads(before), json.loads(after)
    return [_change(place, old.get(place, ""), new.get(place, "")) for place in dict.fromkeys([*new, *old])
            if old.get(place, "") != new.get(place, "") and ".".join(place.split(".")[:2]) not in _OF_THE_REPORT]


def _change(place: str, before: str, after: str) -> ValueChange:
    if _NAMES_PERSONS.fullmatch(place):
        return ValueChange(place, before and MASK, after and MASK)
    return ValueChange(place, before, after)
