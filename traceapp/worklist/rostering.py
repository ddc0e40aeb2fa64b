"""The duty roster: shifts entered and taken out, and whom to call now."""
from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from traceapp.audit import record
from traceapp.core.actor import Actor
from traceapp.core.clock import Clock
from traceapp.core.errors import InvalidInput, NotFound
from traceapp.core.ids import new_id
from traceapp.identity.model import User

from .roster import Shift, on_duty
from .roster_model import DutyShift

ABOUT = "service:duty"
DUTY_ROLES = ("quality", "quality_manager")


@dataclass(frozen=True, slots=True)
class AddShift:
    """`starts` and `ends` as 08:30; an end that is not after the beginning is on the next day."""

    user_id: str
    weekdays: tuple[int, ...]
    starts: str
    ends: str
    first_on: date
    last_on: date | None = None


def add_shift(session: Session, actor: Actor, clock: Clock, command: AddShift) -> DutyShift:
    """A new shift. Raises InvalidInput for a person who does not work complaints, no day, or times that are none."""
    person = session.get(User, command.user_id)
    if person is None or not person.is_active or person.role not in DUTY_ROLES:
        raise InvalidInput("Choose somebody of the quality department who may sign in.", code="not-on-duty",
                           place="user_id")
    days = sorted(set(command.weekdays))
    if not days or not set(days) <= set(range(7)):
        raise InvalidInput("Choose at least one day of the week.", code="no-days", place="weekdays")
    if command.last_on is not None and command.last_on < command.first_on:
        raise InvalidInput("The last day lies before the first.", code="ends-before", place="last_on")
    now = clock.now()
    shift = DutyShift(id=new_id(now), user_id=person.id, weekdays=days, starts_minute=_minute(command.starts, "starts"),
                      ends_minute=_minute(command.ends, "ends"), first_on=command.first_on, last_on=command.last_on,
                      created_at=now, created_by=actor.id)
    session.add(shift)
    record(session, actor, now, "duty.added", ABOUT, _told(shift))
    return shift


def remove_shift(session: Session, actor: Actor, clock: Clock, shift_id: str) -> None:
    """Take a shift out of the roster. Raises NotFound."""
    shift = session.get(DutyShift, shift_id)
    if shift is None:
        raise NotFound("There is no such shift.", code="unknown-shift", place="shift_id")
    record(session, actor, clock.now(), "duty.removed", ABOUT, _told(shift))
    session.delete(shift)


def _told(shift: DutyShift) -> dict[str, object]:
    return {"shift": shift.id, "user": shift.user_id, "weekdays": shift.weekdays, "starts_minute": shift.starts_minute,
            "ends_minute": shift.ends_minute, "first_on": shift.first_on.isoformat(),
            "last_on": shift.last_on.isoformat() if shift.last_on else None}


def _minute(text: str, place: str) -> int:
    hours, _, minutes = text.strip().partition(":")
    if not (hours.isdecimal() and minutes.isdecimal() and len(hours) < 3 and len(minutes) == 2
            and int(hours) < 24 and int(minutes) < 60):
        raise InvalidInput("Write the time as 08:30.", code="not-a-time", place=place)
    return int(hours) * 60 + int(minutes)


def roster(session: Session) -> list[DutyShift]:
    """Every shift of people who may still sign in, in the order of the week."""
    rows = session.scalars(select(DutyShift).join(User, User.id == DutyShift.user_id)
                           .where(User.is_active.is_(True)).order_by(DutyShift.first_on, DutyShift.id))
    return sorted(rows, key=lambda row: (min(row.weekdays), row.starts_minute, row.id))


def as_shifts(rows: list[DutyShift]) -> list[Shift]:
    """The rows as values."""
    return [Shift(row.user_id, frozenset(row.weekdays), row.starts_minute, row.ends_minute, row.first_on, row.last_on)
            for row in rows]


def duty_now(session: Session, at: datetime) -> list[str]:
    """Whom to call at this moment; empty when the roster has a gap."""
    return on_duty(as_shifts(roster(session)), at)


def people_for_duty(session: Session) -> list[User]:
    """Who can be put on duty, by name."""
    return list(session.scalars(select(User).where(User.is_active.is_(True), User.role.in_(DUTY_ROLES))
                                .order_by(User.name, User.id)))
