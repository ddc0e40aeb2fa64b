"""Which clocks run, and until when. All rules that match run; no rule is “undetermined”, never “not reportable”."""
from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from .calendars import is_working_day
from .rows import Rule, Unit, rules
from .words import Kind, Role, Trigger

# The authority's own zone: days end there.
ZONES = {"CN": "Asia/Shanghai", "US": "America/New_York", "EU": "Europe/Brussels", "GB": "Europe/London",
         "JP": "Asia/Tokyo", "CA": "America/Toronto", "AU": "Australia/Sydney", "KR": "Asia/Seoul",
         "SG": "Asia/Singapore"}
_LAST = time(23, 59, 59)
_REVIEW_DAYS = 1  # within so many working days a qualified person decides what no rule decides


@dataclass(frozen=True, slots=True)
class Situation:
    """What happened where, to which kind of product, and what we are for it. No kinds, or a `device_class` of "": not
    known, so that rules for any match. `ground`: why this authority is asked, for readers. `is_further`: a later moment
    of a thing that was judged already, so that no rule for it means nothing more. `since`: a moment from which on the
    same is asked for once more, whatever was reported of what began before it."""

    jurisdiction: str
    kinds: frozenset[Kind]
    roles: frozenset[Role]
    triggers: frozenset[Trigger]
    device_class: str = ""
    ground: str = ""
    is_further: bool = False
    since: datetime | None = None


@dataclass(frozen=True, slots=True)
class Due:
    """The last moment that is in time, in the authority's zone; None where the law gives no number. `is_provisional`:
    counted over a year whose holidays are not known, Monday to Friday."""

    at: datetime | None
    is_provisional: bool = False


@dataclass(frozen=True, slots=True)
class Clock:
    """A rule that runs, and until when."""

    rule: Rule
    due: Due


@dataclass(frozen=True, slots=True)
class Judgement:
    """`clocks`: the earliest first, those without a day last. `undetermined_until` is set when no rule matches: the
    shortest limit of that authority, or where we have no rules at all of any, for reports from awareness; `review_by`:
    when a qualified person has to decide, also for clocks without a day of their own. `is_provisional`: so are these
    two."""

    clocks: tuple[Clock, ...]
    undetermined_until: datetime | None = None
    review_by: datetime | None = None
    is_provisional: bool = False


def judge(situation: Situation, started_at: datetime) -> Judgement:
    """The clocks that run from a moment (aware)."""
    zone = zone_of(situation.jurisdiction)
    on = started_at.astimezone(zone).date()
    here = [rule for rule in rules() if rule.jurisdiction == situation.jurisdiction and rule.is_in_force(on)]
    clocks = sorted((Clock(rule, due(rule, started_at)) for rule in here if matches(rule, situation)), key=_urgency)
    if clocks and clocks[-1].due.at is not None:
        return Judgement(tuple(clocks))
    review = review_day(situation.jurisdiction, started_at)
    if clocks:
        return Judgement(tuple(clocks), None, review.at, review.is_provisional)
    shortest = min((due(rule, started_at) for rule in _comparable(here or rules(), situation.kinds)),
                   key=lambda one: one.at or datetime.max.replace(tzinfo=UTC), default=review)
    return Judgement((), shortest.at, review.at, shortest.is_provisional or review.is_provisional)


def due(rule: Rule, started_at: datetime) -> Due:
    """When the limit of a rule ends that began to run at a moment.

    Day 0 is the day of the start in the authority's zone, and the last day counts to its end. Hours are hours, whatever
    clocks are put forward or back. Nothing is moved on because of a weekend. At once is the moment itself.
    """
    if started_at.tzinfo is None:
        raise ValueError("a clock starts at an aware moment")
    zone = zone_of(rule.jurisdiction)
    if rule.limit is None:
        return Due(None)
    here = started_at.astimezone(zone)
    if rule.limit == 0:
        return Due(here)
    if rule.unit is Unit.hour:
        return Due((started_at.astimezone(UTC) + timedelta(hours=rule.limit)).astimezone(zone))
    if rule.unit is Unit.calendar_day:
        return Due(datetime.combine(here.date() + timedelta(days=rule.limit), _LAST, zone))
    if rule.unit is Unit.month:
        return Due(datetime.combine(months_later(here.date(), rule.limit), _LAST, zone))
    return _days_later(rule.jurisdiction, here.date(), rule.limit, zone)


def review_day(jurisdiction: str, started_at: datetime) -> Due:
    """By when a person decides what no rule decides."""
    zone = zone_of(jurisdiction)
    return _days_later(jurisdiction, started_at.astimezone(zone).date(), _REVIEW_DAYS, zone)


def last_moment(jurisdiction: str, day: date) -> datetime:
    """The end of a day where the authority is."""
    return datetime.combine(day, _LAST, zone_of(jurisdiction))


def matches(rule: Rule, situation: Situation) -> bool:
    """Whether a rule asks for this, whatever its authority and days."""
    return (rule.kinds is None or not situation.kinds or not rule.kinds.isdisjoint(situation.kinds)) \
        and not rule.roles.isdisjoint(situation.roles) and not rule.triggers.isdisjoint(situation.triggers) \
        and (not rule.classes or not situation.device_class or situation.device_class in rule.classes)


def _comparable(here: Iterable[Rule], kinds: Iterable[Kind]) -> list[Rule]:
    """The rules with a number that run from awareness: for this kind of product if there are any, else for all."""
    reports = [rule for rule in here if rule.starts == "awareness" and rule.limit is not None]
    return [rule for rule in reports if rule.kinds is not None and not rule.kinds.isdisjoint(kinds)] or reports


def _urgency(clock: Clock) -> tuple[bool, datetime, str]:
    at = clock.due.at
    return at is None, at or datetime.max.replace(tzinfo=UTC), clock.rule.id


def _days_later(jurisdiction: str, day: date, days: int, zone: ZoneInfo) -> Due:
    is_provisional = False
    while days:
        day += timedelta(days=1)
        is_working, is_known = is_working_day(jurisdiction, day)
        is_provisional = is_provisional or not is_known
        days -= is_working
    return Due(datetime.combine(day, _LAST, zone), is_provisional)


def months_later(day: date, months: int) -> date:
    """The same day of a later month, or its last day where it has no such day."""
    years, month = divmod(day.month - 1 + months, 12)
    for last in (day.day, 30, 29, 28):
        try:
            return date(day.year + years, month + 1, min(day.day, last))
        except ValueError:
            continue
    raise AssertionError("every month has 28 days")


def zone_of(jurisdiction: str) -> ZoneInfo:
    """Where the authority is."""
    return ZoneInfo(ZONES.get(jurisdiction, "UTC"))
