"""When the house works, so that one of two planned drills comes outside of it: a setting in versions, and moments.

Public holidays and the days that make up for them are those of the calendars by which legal clocks count.
"""
from __future__ import annotations

import random
import re
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo, available_timezones

from sqlalchemy import select
from sqlalchemy.orm import Session

from traceapp.audit import record
from traceapp.catalog.model import Party, Site
from traceapp.catalog.texts import required_text, short_text
from traceapp.core.actor import Actor
from traceapp.core.clock import Clock
from traceapp.core.errors import InvalidInput, Stale
from traceapp.identity.policy import permit
from traceapp.rules import CALENDARS, DayKind, kind_of_day

from .drill_model import WorkingHours

ABOUT = "service:working-hours"
# What holds until somebody sets anything else: Monday to Friday, from nine to six.
_WEEK, _OPENS, _CLOSES = (0, 1, 2, 3, 4), 9 * 60, 18 * 60
_USUAL_ZONE = "Asia/Shanghai"
_DAY = 24 * 60
# A house that works one day a week may find a holiday on that day some weeks in a row.
_MOST_AHEAD = 60
_TIME = re.compile(r"([01]?\d|2[0-3]):([0-5]\d)", re.ASCII)


@dataclass(frozen=True, slots=True)
class Hours:
    """When the house works; `version` 0 is the stated default, in the time zone of its own first site. `calendar`: the
    country whose public holidays it keeps, one of `rules.CALENDARS`; empty: none that is known."""

    zone: str
    weekdays: tuple[int, ...] = _WEEK
    opens: int = _OPENS
    closes: int = _CLOSES
    version: int = 0
    calendar: str = ""

    @property
    def times(self) -> tuple[str, str]:
        """From and to, as 09:00."""
        return clock_text(self.opens), clock_text(self.closes)


@dataclass(frozen=True, slots=True)
class SetHours:
    """`opens` and `closes` as 08:30; `version`: the latest that was seen; `calendar` None: as it is."""

    zone: str
    weekdays: tuple[int, ...]
    opens: str
    closes: str
    reason: str
    version: int | None = None
    calendar: str | None = None


@dataclass(frozen=True, slots=True)
class Moment:
    """`is_provisional`: the holidays of that year are not known, so that the day of the week alone decided."""

    at: datetime
    is_provisional: bool


def clock_text(minute: int) -> str:
    """A minute of the day as 09:00."""
    return f"{minute // 60:02d}:{minute % 60:02d}"


def hours_now(session: Session) -> Hours:
    """What holds now."""
    row = session.scalars(select(WorkingHours).order_by(WorkingHours.version.desc()).limit(1)).first()
    zone, country = session.execute(select(Site.time_zone, Party.country).join(Party, Party.id == Site.party_id).where(
        Site.is_own.is_(True)).order_by(Site.id).limit(1)).first() or (_USUAL_ZONE, "")
    calendar = country if country in CALENDARS else ""
    if row is None:
        return Hours(zone, calendar=calendar)
    return Hours(row.zone, tuple(row.weekdays), row.opens_minute, row.closes_minute, row.version,
                 calendar if row.calendar is None else row.calendar)


def hours_versions(session: Session) -> list[WorkingHours]:
    """Every version, the latest first."""
    return list(session.scalars(select(WorkingHours).order_by(WorkingHours.version.desc())))


def set_hours(session: Session, actor: Actor, clock: Clock, command: SetHours) -> WorkingHours:
    """A new version; drills that were asked for before keep their moment. Raises Forbidden, InvalidInput, Stale."""
    permit(actor, "recall.write")
    before = hours_now(session)
    if command.version is not None and command.version != before.version:
        raise Stale("This was changed by somebody else in the meantime. Reload the page, look at the change, and try "
                    "again. Nothing was saved.")
    if command.zone not in available_timezones():
        raise InvalidInput("“%(zone)s” is no time zone; write it as Asia/Shanghai.", code="bad-zone", place="zone",
                           zone=command.zone[:60])
    days = sorted(set(command.weekdays))
    if not days or not set(days) <= set(range(7)):
        raise InvalidInput("Choose at least one day of the week.", code="no-days", place="weekdays")
    calendar = before.calendar if command.calendar is None else command.calendar
    if calendar and calendar not in CALENDARS:
        raise InvalidInput("“%(calendar)s” is none of the countries whose public holidays are known: %(known)s.",
                           code="unknown-calendar", place="calendar", calendar=calendar[:20],
                           known=", ".join(CALENDARS))
    opens, closes = _minute(command.opens, "opens"), _minute(command.closes, "closes")
    if opens >= closes:
        raise InvalidInput("The end has to be after the beginning, on the same day.", code="ends-before",
                           place="closes")
    now = clock.now()
    row = WorkingHours(version=before.version + 1, zone=command.zone, weekdays=days, opens_minute=opens,
                       closes_minute=closes, calendar=calendar, set_at=now, set_by=actor.id,
                       reason=short_text(required_text(command.reason, place="reason"), 2000, place="reason"))
    session.add(row)
    record(session, actor, now, "working_hours.set", ABOUT, {
        "version": row.version, "zone": row.zone, "weekdays": days, "opens": clock_text(opens),
        "closes": clock_text(closes), "calendar": calendar, "reason": row.reason})
    session.flush()
    return row


def moment_of(now: datetime, hours: Hours, dice: random.Random, *, out_of_hours: bool) -> Moment:
    """A moment soon after now: in the next hours in which the house works, or does not work."""
    zone = ZoneInfo(hours.zone)
    today = now.astimezone(zone).date()
    for ahead in range(1, _MOST_AHEAD):
        day = today + timedelta(days=ahead)
        is_working, is_known = works_on(day, hours)
        free = [minute for minute in range(_DAY) if not (is_working and hours.opens <= minute < hours.closes)]
        minutes = free if out_of_hours else list(range(hours.opens, hours.closes)) if is_working else []
        if minutes:
            return Moment(datetime.combine(day, time(), zone) + timedelta(minutes=dice.choice(minutes)), not is_known)
    raise AssertionError("there are working hours and others")


def works_on(day: date, hours: Hours) -> tuple[bool, bool]:
    """Whether the house works on a day, and whether the holidays of its year are known."""
    kind, is_known = kind_of_day(hours.calendar, day)
    return kind == DayKind.made_up or kind == DayKind.usual and day.weekday() in hours.weekdays, is_known


def _minute(text: str, place: str) -> int:
    found = _TIME.fullmatch(text.strip())
    if found is None:
        raise InvalidInput("Write the time as 08:30.", code="not-a-time", place=place)
    return int(found[1]) * 60 + int(found[2])
