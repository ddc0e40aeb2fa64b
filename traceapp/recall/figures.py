"""The key figures of a recall, each with what it is made of; what cannot be said yet says why. Pure.

Sources: 21 CFR 7.42(b)(3), 7.49 and 7.53, CFDA Order 29 (2017) art. 17, FDA Regulatory Procedures Manual chapter 7.
"""
from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from enum import StrEnum

from .policy import ANSWER_DAYS, ENOUGH_ANSWERS
from .states import CheckLevel, RecallClass

_ZERO = Decimal(0)
_HOUR = timedelta(hours=1)
# A class I recall is decided within a day of the first awareness. Source: our own target, no law gives one.
DECISION_HOURS = 24
ACCOUNTED_SHARE = 0.99


class FigureKind(StrEnum):
    """In the order of a report; those of the house last."""

    decision_time = "decision_time"
    notice_time = "notice_time"
    notice_completeness = "notice_completeness"
    response_rate = "response_rate"
    response_in_time = "response_in_time"
    zero_stock = "zero_stock"
    recovery_rate = "recovery_rate"
    accounted_rate = "accounted_rate"
    effectiveness = "effectiveness"
    reporting_on_time = "reporting_on_time"
    time_to_close = "time_to_close"
    mass_balance = "mass_balance"
    trace_time = "trace_time"
    scope_precision = "scope_precision"
    scope_recall = "scope_recall"
    drill_cadence = "drill_cadence"


class Unsaid(StrEnum):
    """Why a figure cannot be said yet, or not at all."""

    not_decided = "not_decided"
    no_awareness = "no_awareness"
    not_all_told = "not_all_told"
    nobody_to_tell = "nobody_to_tell"
    nobody_told = "nobody_told"
    not_due = "not_due"
    nobody_answered = "nobody_answered"
    nothing_shipped = "nothing_shipped"
    not_drawn = "not_drawn"
    nobody_is_asked = "nobody_is_asked"
    no_report_due = "no_report_due"
    still_open = "still_open"
    nothing_made = "nothing_made"
    not_all_accounted = "not_all_accounted"
    no_drill = "no_drill"


@dataclass(frozen=True, slots=True)
class UnitFacts:
    """Units of the ledger in one unit. `unaccounted` adds up what is missing and what is too much, and what nobody
    answered for; `recovered` came back, was destroyed or put right."""

    unit: str | None
    shipped: Decimal
    recovered: Decimal
    unaccounted: Decimal


@dataclass(frozen=True, slots=True)
class RegionFacts:
    """The consignees of one country and region. `open`: those with a line that is not accounted for."""

    country: str
    region: str
    consignees: int
    told: int
    answered: int
    returned: int
    open: int

    @property
    def accounted(self) -> int:
        """Consignees with nothing left to account for."""
        return self.consignees - self.open


@dataclass(frozen=True, slots=True)
class RecallCourse:
    """What happened when, of one recall. `is_over`: it has ended. `grown_at`: when a scope that grew, and that people
    are told of, was submitted."""

    recall_class: str
    awareness_at: datetime | None
    decided_at: datetime | None
    answer_by: datetime | None
    closed_at: datetime | None
    check_level: str | None
    is_over: bool
    now: datetime
    grown_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class RecallCounts:
    """Consignees: `told` by a letter that a server took, a person who was reached, or an answer; `answered` for every
    lot, `in_time` until the day that its own letter names, `zero_stock` with nothing left, `returned` with units sent
    back, `accounted` with nothing open. `drawn` and `verified` of the sample; `reports_due` and `on_time` of legal
    clocks."""

    consignees: int = 0
    told: int = 0
    first_told_at: datetime | None = None
    last_told_at: datetime | None = None
    answered: int = 0
    in_time: int = 0
    zero_stock: int = 0
    returned: int = 0
    accounted: int = 0
    drawn: int = 0
    asked: int = 0
    verified: int = 0
    reports_due: int = 0
    reports_on_time: int = 0


@dataclass(frozen=True, slots=True)
class Figure:
    """One figure. Of a share `part` and `whole` are what was divided; of a time `hours` is what passed. `target` in the
    same terms; None: there is none. `unsaid`: why there is no value; of a time that runs, `so_far` is the hours until
    now. `unit` where units are counted."""

    kind: FigureKind
    part: Decimal | None = None
    whole: Decimal | None = None
    hours: float | None = None
    target: float | None = None
    unsaid: Unsaid | None = None
    so_far: float | None = None
    unit: str | None = None

    @property
    def share(self) -> float | None:
        """`part` of `whole`."""
        return float(self.part / self.whole) if self.part is not None and self.whole else None

    @property
    def is_met(self) -> bool | None:
        """Whether the target is met; None without a target or a value, unless it is missed whatever comes."""
        if self.target is None or self.unsaid is not None:
            return False if self.target is not None and (self.so_far or 0) > self.target else None
        if self.hours is not None:
            return self.hours <= self.target
        return self.share is not None and self.share >= self.target


def figures(course: RecallCourse, counts: RecallCounts, units: Sequence[UnitFacts]) -> tuple[Figure, ...]:
    """Every figure in the order of a report; those in units once for each unit."""
    nobody = None if counts.consignees else Unsaid.nobody_to_tell
    return (_decision_time(course), _notice_time(course, counts),
            _share(FigureKind.notice_completeness, (counts.told, counts.consignees), 1.0, Unsaid.nobody_to_tell),
            _share(FigureKind.response_rate, (counts.answered, counts.told), ENOUGH_ANSWERS,
                   nobody or Unsaid.nobody_told),
            _in_time(course, counts),
            _share(FigureKind.zero_stock, (counts.zero_stock, counts.answered), None,
                   nobody or Unsaid.nobody_answered),
            *_in_units(course, units), _effectiveness(course, counts),
            _share(FigureKind.reporting_on_time, (counts.reports_on_time, counts.reports_due), 1.0,
                   Unsaid.no_report_due),
            _time_to_close(course))


def _share(kind: FigureKind, counted: tuple[int, int], target: float | None, unsaid: Unsaid) -> Figure:
    part, whole = Decimal(counted[0]), Decimal(counted[1])
    return Figure(kind, part, whole, target=target) if whole else Figure(kind, target=target, unsaid=unsaid)


def _hours(first: datetime, last: datetime) -> float:
    return (last - first) / _HOUR


def _so_far(course: RecallCourse, since: datetime | None) -> float | None:
    return None if since is None or course.is_over else _hours(since, course.now)


def _decision_time(course: RecallCourse) -> Figure:
    target = float(DECISION_HOURS) if course.recall_class == RecallClass.one else None
    if course.decided_at is None or course.awareness_at is None:
        unsaid = Unsaid.not_decided if course.decided_at is None else Unsaid.no_awareness
        return Figure(FigureKind.decision_time, target=target, unsaid=unsaid,
                      so_far=None if course.decided_at else _so_far(course, course.awareness_at))
    return Figure(FigureKind.decision_time, hours=_hours(course.awareness_at, course.decided_at), target=target)


def _notice_time(course: RecallCourse, counts: RecallCounts) -> Figure:
    """The target is the time that Order 29 gives to tell users, by class; it begins anew for what a scope that grew
    has to tell."""
    kind, target = FigureKind.notice_time, timedelta(days=ANSWER_DAYS[course.recall_class]) / _HOUR
    if course.decided_at is None:
        return Figure(kind, target=target, unsaid=Unsaid.not_decided)
    if not counts.consignees:
        return Figure(kind, target=target, unsaid=Unsaid.nobody_to_tell)
    if counts.told < counts.consignees or counts.last_told_at is None:
        return Figure(kind, Decimal(counts.told), Decimal(counts.consignees), target=target,
                      unsaid=Unsaid.not_all_told, so_far=_so_far(course, course.grown_at or course.decided_at))
    is_grown = course.grown_at is not None and counts.last_told_at >= course.grown_at
    since = course.grown_at if is_grown and course.grown_at else course.decided_at
    return Figure(kind, hours=_hours(since, counts.last_told_at), target=target)


def _in_time(course: RecallCourse, counts: RecallCounts) -> Figure:
    """Before the day has come, those who have not answered may still be in time."""
    if counts.told and not course.is_over and (course.answer_by is None or course.now < course.answer_by):
        return Figure(FigureKind.response_in_time, Decimal(counts.in_time), Decimal(counts.told),
                      target=ENOUGH_ANSWERS, unsaid=Unsaid.not_due)
    return _share(FigureKind.response_in_time, (counts.in_time, counts.told), ENOUGH_ANSWERS,
                  Unsaid.nobody_told if counts.consignees else Unsaid.nobody_to_tell)


def _in_units(course: RecallCourse, units: Sequence[UnitFacts]) -> list[Figure]:
    target = ACCOUNTED_SHARE if course.recall_class == RecallClass.one else None
    shipped = [one for one in units if one.shipped > 0]
    if not shipped:
        return [Figure(FigureKind.recovery_rate, unsaid=Unsaid.nothing_shipped),
                Figure(FigureKind.accounted_rate, target=target, unsaid=Unsaid.nothing_shipped)]
    return [*(Figure(FigureKind.recovery_rate, one.recovered, one.shipped, unit=one.unit) for one in shipped),
            *(Figure(FigureKind.accounted_rate, max(_ZERO, one.shipped - one.unaccounted), one.shipped, target=target,
                     unit=one.unit) for one in shipped)]


def _effectiveness(course: RecallCourse, counts: RecallCounts) -> Figure:
    if course.check_level == CheckLevel.e:
        return Figure(FigureKind.effectiveness, unsaid=Unsaid.nobody_is_asked)
    return _share(FigureKind.effectiveness, (counts.verified, counts.drawn), 1.0,
                  Unsaid.not_drawn if counts.consignees else Unsaid.nobody_to_tell)


def _time_to_close(course: RecallCourse) -> Figure:
    if course.decided_at is None or course.closed_at is None:
        return Figure(FigureKind.time_to_close, unsaid=Unsaid.still_open if course.decided_at else Unsaid.not_decided)
    return Figure(FigureKind.time_to_close, hours=_hours(course.decided_at, course.closed_at))
