"""Calling whoever is on duty, and saying loudly when nobody is."""
from __future__ import annotations

from datetime import datetime

from sqlalchemy.orm import Session

from traceapp.core.actor import SYSTEM
from traceapp.core.clock import Clock
from traceapp.worklist.rostering import ABOUT as DUTY
from traceapp.worklist.rostering import duty_now
from traceapp.worklist.tasks import RaiseTask, assign_task, raise_task

from .case_parts import duty
from .model import Complaint
from .policy import is_grave
from .states import Severity


def call_duty(session: Session, clock: Clock, complaint: Complaint, kind: str, due_at: datetime) -> str | None:
    """Whoever is on duty gets this task, the first responder first if on duty too; answers who.

    A gap in the roster is a task of the manager of its own, and so is the case.
    """
    present = duty_now(session, clock.now())
    role = "quality" if present else "quality_manager"
    task = raise_task(session, SYSTEM, clock, duty(complaint, kind, role, due_at))
    if not present:
        _say_gap(session, clock, complaint)
        return None
    called = complaint.responder_id if complaint.responder_id in present else present[0]
    if task.assignee_id is None:
        assign_task(session, SYSTEM, clock, task.id, called)
    return called


def _say_gap(session: Session, clock: Clock, complaint: Complaint) -> None:
    raise_task(session, SYSTEM, clock, RaiseTask("duty.gap", DUTY, "quality_manager", clock.now(), None,
                                                 {"reference": complaint.reference}))


def call_for_grave(session: Session, clock: Clock, complaint: Complaint, due_at: datetime) -> None:
    """Whoever is on duty is called at once for a grave report; the manager has a task of it anyway."""
    if not is_grave(Severity(complaint.severity)):
        return
    if duty_now(session, clock.now()):
        call_duty(session, clock, complaint, "complaint.called", due_at)
    else:
        _say_gap(session, clock, complaint)
