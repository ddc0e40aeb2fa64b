"""How long the details of a person are kept: until the retention of every case that names them has run out. Pure."""
from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date

from traceapp.rules import Kind


@dataclass(frozen=True, slots=True)
class RetentionRow:
    """So many `years` in a jurisdiction, from the expiry of the lot or else from the last entry of the case."""

    id: str
    jurisdiction: str
    kinds: frozenset[Kind]
    years: int
    from_expiry: bool
    source: str


_DEVICES = frozenset({Kind.device, Kind.ivd})
ROWS = (
    RetentionRow("CN-MD-EXPIRY", "CN", _DEVICES, 2, True,
                 "医疗器械经营监督管理办法: records of sale, two years beyond expiry"),
    RetentionRow("CN-MD", "CN", _DEVICES, 5, False,
                 "医疗器械经营监督管理办法: records of sale, five years where there is no expiry"),
    RetentionRow("CN-CO", "CN", frozenset({Kind.cosmetic}), 3, False, "NMPA 2022 No.16: records of reactions"),
    RetentionRow("US-CO", "US", frozenset({Kind.cosmetic}), 6, False,
                 "FD&C Act 605 (MoCRA): records of adverse events"))
LONGEST = max(row.years for row in ROWS)
SHORTEST = min(row.years for row in ROWS)


@dataclass(frozen=True, slots=True)
class CaseFacts:
    """What retention asks of a case: kinds of its product (none: not known), where it is sold, the last entry of the
    case, and the expiry of its lot."""

    kinds: frozenset[Kind]
    jurisdictions: frozenset[str]
    last_entry: date
    expires_on: date | None = None


@dataclass(frozen=True, slots=True)
class Kept:
    """The last day, and the rows that say so; without a row the longest of all counts."""

    until: date
    rows: tuple[str, ...] = ()


def kept_until(case: CaseFacts) -> Kept:
    """Until when the details behind a case are kept; never shorter than to its last entry."""
    until = {row.id: _years_after(start, row.years) for row in ROWS if (start := _start(row, case)) is not None}
    if not until:
        return Kept(_years_after(case.last_entry, LONGEST))
    last = max(until.values())
    return Kept(max(last, case.last_entry), tuple(key for key, day in until.items() if day == last))


def _start(row: RetentionRow, case: CaseFacts) -> date | None:
    """From when a row counts; None where it does not. Of devices one of two rows does: expiry is known, or is not."""
    if not row.kinds & case.kinds or row.jurisdiction not in case.jurisdictions:
        return None
    if row.from_expiry:
        return case.expires_on
    return None if case.kinds & _DEVICES and case.expires_on else case.last_entry


def kept_for_all(cases: Iterable[CaseFacts]) -> Kept:
    """The same for a person whom several cases name: the last of all counts."""
    return max((kept_until(case) for case in cases), key=lambda kept: kept.until)


def _years_after(day: date, years: int) -> date:
    """The same day so many years later; the first of March after a leap day where there is none."""
    try:
        return day.replace(year=day.year + years)
    except ValueError:
        return date(day.year + years, 3, 1)
