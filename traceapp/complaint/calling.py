"""Calling whoever is on duty, the next one at each further step, and saying loudly when nobody is."""
from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from traceapp.core.actor import SYSTEM
from traceapp.core.clock import Clock
from traceapp.identity.model import User
from traceapp.outbox.delivery import NewMessage, queue_message
from traceapp.outbox.model import OutboxMessage
from traceapp.worklist.rostering import ABOUT as DUTY
from traceapp.worklist.rostering import duty_now
from traceapp.worklist.tasks import RaiseTask, assign_task, raise_task

from .case_parts import about, duty
from .model import Complaint
from .policy import is_grave
from .states import Severity

CALL, NOT_TOLD, NO_ADDRESS = "duty.call", "duty.not_told", "duty.no_address"


@dataclass(frozen=True, slots=True)
class Called:
    """The task that somebody is called to (its kind), the promise that it is about, and when that is due."""

    kind: str
    promise: str
    due_at: datetime


def call_duty(session: Session, clock: Clock, complaint: Complaint, called: Called,
              task_due_at: datetime) -> str | None:
    """Whoever is on duty gets this task, the first responder first if on duty too, and a mail; answers who.

    At each further call about the complaint the mail goes to the next one on duty, after the last of them to the
    managers. A gap in the roster is a task of the manager of its own, and so is the case; all managers get the mail.
    """
    present = duty_now(session, clock.now())
    role = "quality" if present else "quality_manager"
    task = raise_task(session, SYSTEM, clock, duty(complaint, called.kind, role, task_due_at))
    if not present:
        _say_gap(session, clock, complaint)
        _mail_managers(session, clock, complaint, called, "nobody")
        return None
    if complaint.responder_id in present:
        present.sort(key=lambda one: one != complaint.responder_id)
    if task.assignee_id is None:
        assign_task(session, SYSTEM, clock, task.id, present[0])
    step = _steps_before(session, complaint, clock.now())
    if step >= len(present):
        _mail_managers(session, clock, complaint, called, "next")
    elif not _mail(session, clock, complaint, called, (present[step], "next" if step else "duty")):
        raise_task(session, SYSTEM, clock, RaiseTask(NO_ADDRESS, DUTY, "quality_manager", clock.now(), None,
                                                     {"reference": complaint.reference}))
        _mail_managers(session, clock, complaint, called, "unreached")
    return present[0]


def _steps_before(session: Session, complaint: Complaint, at: datetime) -> int:
    """How often somebody was called about this complaint before: each moment once, whomever it went to."""
    return session.scalar(select(func.count(OutboxMessage.created_at.distinct())).where(
        OutboxMessage.kind == CALL, OutboxMessage.subject_key == about(complaint.id),
        OutboxMessage.created_at < at)) or 0


def _mail(session: Session, clock: Clock, complaint: Complaint, called: Called, whom: tuple[str, str]) -> bool:
    """Whether a mail to this person (and because of what) was queued; not to one without an address."""
    user_id, because = whom
    person = session.get(User, user_id)
    if person is None or not person.email:
        return False
    queue_message(session, clock, NewMessage(CALL, f"user:{user_id}", about(complaint.id), {
        "kind": called.kind, "promise": called.promise, "due_at": called.due_at.isoformat(), "because": because,
        "reference": complaint.reference, "severity": str(complaint.severity)}))
    return True


def _mail_managers(session: Session, clock: Clock, complaint: Complaint, called: Called, because: str) -> None:
    managers = list(session.scalars(select(User.id).where(
        User.role == "quality_manager", User.is_active.is_(True)).order_by(User.id)))
    reached = [_mail(session, clock, complaint, called, (one, because)) for one in managers]
    if not any(reached):
        raise_task(session, SYSTEM, clock, RaiseTask(NO_ADDRESS, DUTY, "quality_manager", clock.now(), None,
                                                     {"reference": complaint.reference}))


def _say_gap(session: Session, clock: Clock, complaint: Complaint) -> None:
    raise_task(session, SYSTEM, clock, RaiseTask("duty.gap", DUTY, "quality_manager", clock.now(), None,
                                                 {"reference": complaint.reference}))


def call_for_grave(session: Session, clock: Clock, complaint: Complaint, due_at: datetime) -> None:
    """Whoever is on duty is called at once for a grave report; the manager has a task of it anyway."""
    if not is_grave(Severity(complaint.severity)):
        return
    called = Called("complaint.called", "first_answer", due_at)
    if duty_now(session, clock.now()):
        call_duty(session, clock, complaint, called, due_at)
    else:
        _say_gap(session, clock, complaint)
        _mail_managers(session, clock, complaint, Called("complaint.serious", "first_answer", due_at), "nobody")
