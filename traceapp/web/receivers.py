"""The part of a form in which somebody says to whom it passed units on: one row each, on answer pages and for staff."""
from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from decimal import Decimal
from typing import Any

from flask_babel import gettext

from traceapp.core.errors import InvalidInput
from traceapp.core.quantity import plain
from traceapp.recall.answer_said import parse_units
from traceapp.recall.naming import PassOn, from_kept
from traceapp.recall.passing_on import Hand

from .i18n import language
from .problems import translated

MOST_ROWS = 300


@dataclass(frozen=True, slots=True)
class Receiver:
    """One row: `passed_id` of somebody named before; an e-mail address or telephone number; units as typed, by lot."""

    passed_id: str = ""
    name: str = ""
    contact: str = ""
    units: Mapping[str, str] = field(default_factory=dict)
    is_told: bool = False
    is_answered: bool = False

    @property
    def is_blank(self) -> bool:
        """Whether nothing was written into a new row."""
        return not (self.passed_id or self.name.strip() or self.contact.strip() or any(self.units.values()))


def rows_of(named: Sequence[Hand]) -> tuple[Receiver, ...]:
    """Those that are named already, and a blank row."""
    return (*(Receiver(hand.passed.id, hand.passed.name, hand.passed.email or hand.passed.phone,
                       {key: plain(count) for key, count in hand.units.items() if count},
                       hand.passed.sent_at is not None, hand.passed.answered_at is not None) for hand in named),
            Receiver())


def with_named(rows: Sequence[Receiver], named: Sequence[Hand]) -> tuple[Receiver, ...]:
    """The rows of an old form, with those whom somebody else named since."""
    there = {row.passed_id for row in rows}
    return tuple(sorted((*rows, *(row for row in rows_of(named) if row.passed_id and row.passed_id not in there)),
                        key=lambda row: row.is_blank))


def waiting_rows(named: Sequence[Hand], kept: Sequence[Sequence[Mapping[str, Any]]]) -> tuple[Receiver, ...]:
    """The same with what answers that wait say of them (`naming.kept`), the later one last."""
    rows = {row.passed_id or "": row for row in rows_of(named)}
    del rows[""]
    for one in (entry for entries in kept for entry in from_kept(entries)):
        contact = one.email or one.phone
        key = one.passed_id if one.passed_id in rows else f"{one.name}\n{contact}"
        row = rows.get(key, Receiver("", one.name, contact))
        units = {**row.units, **{lot: plain(count) for lot, count in one.units.items()}}
        rows[key] = replace(row, units=units)
    return (*rows.values(), Receiver())


def typed_rows(sent: Mapping[str, str], named: Sequence[Hand], lot_keys: Sequence[str]) -> tuple[Receiver, ...]:
    """The rows as they were sent, without blank ones; what is told about somebody comes from the records."""
    known = {row.passed_id: row for row in rows_of(named) if row.passed_id}
    found: list[Receiver] = []
    for number in range(MOST_ROWS):
        if f"to-{number}-name" not in sent and f"to-{number}-id" not in sent:
            break
        there = known.get(sent.get(f"to-{number}-id", ""))
        units = {key: sent.get(f"to-{number}-units:{key}", "").strip()[:40] for key in lot_keys}
        row = Receiver(there.passed_id if there else "", there.name if there else
                       sent.get(f"to-{number}-name", "")[:200],
                       sent.get(f"to-{number}-contact", there.contact if there else "")[:254],
                       {key: text for key, text in units.items() if text},
                       bool(there and there.is_told), bool(there and there.is_answered))
        if not row.is_blank:
            found.append(row)
    return tuple(found)


def commands_of(rows: Sequence[Receiver], named: Sequence[Hand], errors: dict[str, str]) -> tuple[PassOn, ...]:
    """What the rows say; what is no number is noted in `errors`. A field that was emptied takes back what stood
    there."""
    before = {hand.passed.id: hand.units for hand in named}
    found = []
    for number, row in enumerate(rows):
        units: dict[str, Decimal] = dict.fromkeys(before.get(row.passed_id, {}), Decimal(0))
        for key, text in row.units.items():
            place = f"to-{number}-units:{key}"
            try:
                units[key] = parse_units(text, place=place)
            except InvalidInput as error:
                errors[place] = translated(error)
        is_mail = "@" in row.contact
        found.append(PassOn(row.name, units, row.contact.strip() if is_mail else "",
                            "" if is_mail else row.contact.strip(), language(), row.passed_id))
    return tuple(found)


def given_of(passed: Sequence[PassOn], lot_key: str) -> Decimal:
    """Units of a lot that the rows come to."""
    return sum((one.units.get(lot_key, Decimal(0)) for one in passed), Decimal(0))


def shown_place(place: str) -> str:
    """The field of the form at which a refusal of the use case belongs."""
    for end in ("-email", "-phone"):
        if place.startswith("to-") and place.endswith(end):
            return place.removesuffix(end) + "-contact"
    return place


def receiver_fields(rows: Sequence[Receiver], lot_keys: Sequence[str]) -> dict[str, str]:
    """{place of a refusal: field of the form}."""
    return {f"to-{number}-{name}": shown_place(f"to-{number}-{name}") for number in range(len(rows))
            for name in ("name", "email", "phone", "units", *(f"units:{key}" for key in lot_keys))}


def labels_of(count: int) -> dict[str, str]:
    """What the fields of so many rows are called in a list of faults."""
    names = {"name": gettext("Name"), "contact": gettext("E-mail or mobile number"), "units": gettext("Units")}
    return {f"to-{number}-{name}": text for number in range(count) for name, text in names.items()}
