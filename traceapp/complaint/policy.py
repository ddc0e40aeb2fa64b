"""Decisions about complaints that need no database: service clocks, trust, what a field may hold. Pure."""
from __future__ import annotations

import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from enum import StrEnum
from typing import NamedTuple, TypeVar

from traceapp.core.errors import InvalidInput

from .states import Severity

_E = TypeVar("_E", bound=StrEnum)
_ORDER = (Severity.none, Severity.minor, Severity.moderate, Severity.major, Severity.critical)


class Affected(StrEnum):
    me = "me"
    my_child = "my_child"
    patient = "patient"
    other = "other"
    nobody = "nobody"
    unknown = "unknown"


class AgeBand(StrEnum):
    """Completed years. Bands, not ages: an age is personal, a band is enough for what we do."""

    under_2 = "0-1"
    to_13 = "2-13"
    to_17 = "14-17"
    to_44 = "18-44"
    to_64 = "45-64"
    over_64 = "65+"
    unknown = "unknown"


class Sex(StrEnum):
    female = "female"
    male = "male"
    unknown = "unknown"


MINOR_BANDS = frozenset({AgeBand.under_2, AgeBand.to_13})


def is_minor(affected: Affected, age_band: AgeBand) -> bool:
    """Whether the person in the vault is a child under 14. A child of unknown age is taken to be one."""
    return age_band in MINOR_BANDS or (affected is Affected.my_child and age_band is AgeBand.unknown)


class Promise(NamedTuple):
    """Hours by the wall clock: to the first answer, to triage, to a decision, and until it is resolved."""

    first_answer: int
    triage: int
    decision: int
    resolution: int


# What holds until the house sets its own; no law. Source of the order of size: ISO 10002 (acknowledge at once, assess
# by severity); every decision is below the shortest legal clock that such a case can start (7 days for a death: SAMR
# Order 1 (2018)).
PROMISES: dict[Severity, Promise] = {
    Severity.critical: Promise(1, 4, 24, 240),
    Severity.major: Promise(4, 24, 72, 360),
    Severity.moderate: Promise(12, 36, 168, 480),
    Severity.minor: Promise(24, 48, 240, 720),
    Severity.none: Promise(48, 120, 720, 1080),
}
# Nobody harmed and nothing wrong with the product: there is no cause to be looked for in the laboratory.
SERVICE_ONLY = Promise(48, 120, 360, 720)


# What is offered when a promise was broken, a row per severity. A person approves it; nothing is paid by itself.
COMPENSATIONS: dict[Severity, str] = {
    Severity.critical: "visit_and_costs", Severity.major: "visit_and_costs", Severity.moderate: "refund_and_replace",
    Severity.minor: "replace", Severity.none: "apology_and_voucher"}


OFFERS = ("visit_and_costs", "refund_and_replace", "replace", "apology_and_voucher")


@dataclass(frozen=True, slots=True)
class Promises:
    """What the house promises of a case by severity, and offers where it was broken ("": nothing)."""

    hours: Mapping[Severity, Promise]
    service_only: Promise
    offers: Mapping[Severity, str]


DEFAULT_PROMISES = Promises(PROMISES, SERVICE_ONLY, COMPENSATIONS)
# The decision about a case comes within these hours, whatever a house sets: before the shortest legal clock that runs
# from awareness ends. Source: SAMR Order 1 (2018), 7 days for a death; MDR art. 87, 10 days.
_DECIDED_WITHIN = {Severity.critical: 7 * 24, Severity.major: 10 * 24}
_LONGEST_HOURS = 366 * 24


def refuse_promises(promises: Promises) -> None:
    """Nothing when a house can promise this. Raises InvalidInput; its place is `severity/step` or `offers/severity`."""
    for name, row in (*promises.hours.items(), ("service_only", promises.service_only)):
        for step, number, before in zip(Promise._fields, row, (0, *row), strict=False):
            if not before < number <= _LONGEST_HOURS:
                raise InvalidInput("Each step comes after the one before it, and within a year: whole hours.",
                                   code="bad-promise", place=f"{name}/{step}")
    _refuse_slow(promises)
    for severity, offer in promises.offers.items():
        if offer and offer not in OFFERS:
            raise InvalidInput("“%(value)s” is not one of: %(known)s.", code="unknown-value",
                               place=f"offers/{severity}", value=offer[:40], known=", ".join(OFFERS))


def _refuse_slow(promises: Promises) -> None:
    for severity, most in _DECIDED_WITHIN.items():
        if promises.hours[severity].decision > most:
            raise InvalidInput("The decision has to come before the legal clock ends: within %(hours)d hours.",
                               code="later-than-the-law", place=f"{severity}/decision", hours=most)
    for milder, worse in zip(_ORDER, _ORDER[1:], strict=False):
        for step, soon, late in zip(Promise._fields, promises.hours[worse], promises.hours[milder], strict=True):
            if soon > late:
                raise InvalidInput("What is graver cannot take longer than what is milder.", code="graver-is-slower",
                                   place=f"{worse}/{step}")


class DueTimes(NamedTuple):
    """When the first answer, the triage, the decision and the resolution are due."""

    first_answer: datetime
    triage: datetime
    decision: datetime
    resolution: datetime


def due_times(severity: Severity, started_at: datetime, *, is_service_only: bool = False,
              promises: Promises = DEFAULT_PROMISES) -> DueTimes:
    """When what we promise is due, counted from awareness, or from when the case was opened again."""
    hours = promises.service_only if is_service_only and severity is Severity.none else promises.hours[severity]
    return DueTimes(*(started_at + timedelta(hours=number) for number in hours))


def is_grave(severity: Severity) -> bool:
    """Whether it is `major` or worse: never held back, and a manager is told at once."""
    return severity in (Severity.major, Severity.critical)


def is_milder(severity: Severity, than: Severity) -> bool:
    """Whether `severity` is strictly milder than the other."""
    return _ORDER.index(severity) < _ORDER.index(than)


SOURCE_BURST = 5
"""Reports from one network within an hour that look like a burst."""
TEXT_BURST = 3
"""Earlier complaints with the very same words about the same lot within a day that look like a burst."""


@dataclass(frozen=True, slots=True)
class Circumstances:
    """How a report from the public came in: with a proof of work, and after how many others like it."""

    has_proof: bool
    earlier_from_source: int
    earlier_same_text: int


def is_suspicious(severity: Severity, circumstances: Circumstances) -> bool:
    """Whether a report waits for a person to look before it counts. A grave one always counts at once."""
    if is_grave(severity):
        return False
    return (not circumstances.has_proof or circumstances.earlier_from_source >= SOURCE_BURST
            or circumstances.earlier_same_text >= TEXT_BURST)


def cleaned_text(text: str, *, place: str, limit: int, required: bool = False) -> str:
    """The text in NFC without control characters (new lines stay) and without blanks at the ends.

    Raises InvalidInput when it is too long, or empty where it is required.
    """
    kept = text if text.isascii() else unicodedata.normalize("NFC", text)
    if not kept.isprintable():
        kept = "".join(sign for sign in kept.replace("\r\n", "\n")
                       if sign in "\n\t" or unicodedata.category(sign) not in ("Cc", "Cs"))
    kept = kept.strip()
    if len(kept) > limit:
        raise InvalidInput("This is longer than %(limit)s characters.", code="too-long", place=place, limit=limit)
    if required and not kept:
        raise InvalidInput("Please fill this in.", code="required", place=place)
    return kept


def checked_day(day: date | None, now: datetime, *, place: str) -> date | None:
    """A day on which something may have happened: not in the future anywhere on earth, not before 1990."""
    if day is None:
        return None
    if day > (now.astimezone(UTC) + timedelta(hours=14)).date():
        raise InvalidInput("This day is in the future.", code="in-the-future", place=place)
    if day.year < 1990:
        raise InvalidInput("This day is too long ago. Write the year with four digits.", code="too-long-ago",
                           place=place)
    return day


def checked_awareness(awareness_at: datetime | None, now: datetime, place: str = "awareness_at") -> datetime:
    """Day 0: the moment at which we learned of it; now, unless staff state an earlier one."""
    if awareness_at is None:
        return now
    if awareness_at.tzinfo is None:
        raise InvalidInput("The time needs its zone, as in 2026-03-09T14:30:00+08:00.", code="no-zone",
                           place=place)
    if awareness_at > now:
        raise InvalidInput("We cannot have learned of it in the future.", code="in-the-future", place=place)
    if awareness_at.year < 1990:
        raise InvalidInput("This day is too long ago. Write the year with four digits.", code="too-long-ago",
                           place=place)
    return awareness_at


def one_of(kind: type[_E], value: str, *, place: str) -> _E:
    """The member of an enum. Raises InvalidInput that lists what can be said."""
    try:
        return kind(value)
    except ValueError:
        raise InvalidInput("“%(value)s” is not one of: %(known)s.", code="unknown-value", place=place,
                           value=value[:40], known=", ".join(kind)) from None
