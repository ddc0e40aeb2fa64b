"""Promises that ran over: who is called, what is offered, and who decides about the offer."""
from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Select, select
from sqlalchemy.orm import Session

from traceapp.audit import record
from traceapp.core.actor import SYSTEM, Actor
from traceapp.core.clock import Clock
from traceapp.core.errors import Conflict, NotFound
from traceapp.core.ids import new_id
from traceapp.db.insert import insert_if_new
from traceapp.worklist.tasks import complete_tasks, raise_task

from .calling import Called, call_duty
from .case_parts import NOTE_LIMIT, about, add_note_row, complaint_of, duty
from .clock_model import ServiceClock
from .compensation_model import Compensation, CompensationState
from .model import Complaint
from .policy import cleaned_text
from .promising import promises_at
from .states import ENDED, Severity
from .triage import TriageResult


def _late(now: datetime, limit: int) -> Select[ServiceClock]:
    """Promises that ran over and were not called for; those of a report that is held back wait for its end."""
    held_back = select(Complaint.id).where(Complaint.id == ServiceClock.complaint_id,
                                           Complaint.is_quarantined.is_(True))
    return (select(ServiceClock).where(ServiceClock.ended_at.is_(None), ServiceClock.due_at < now,
                                       ServiceClock.escalated_at.is_(None), ~held_back.exists())
            .order_by(ServiceClock.due_at, ServiceClock.complaint_id, ServiceClock.kind).limit(limit))


def is_any_late(session: Session, now: datetime) -> bool:
    """Whether a promise ran over for which nobody was called yet."""
    return session.scalars(_late(now, 1)).first() is not None


def escalate_late(session: Session, clock: Clock, limit: int = 100) -> int:
    """Call somebody for each promise that ran over, and propose what the rule offers; answers how many. Complaints are
    locked before their promises, as by whoever handles one; one in somebody's hands is looked at the next time."""
    now = clock.now()
    ids = set(session.scalars(_late(now, limit).with_only_columns(ServiceClock.complaint_id)))
    free = {one.id: one for one in session.scalars(
        select(Complaint).where(Complaint.id.in_(ids)).with_for_update(skip_locked=True))}
    found = list(session.scalars(_late(now, limit).where(ServiceClock.complaint_id.in_(free)).with_for_update()))
    for one in found:
        one.escalated_at = now
        complaint = free[one.complaint_id]
        if complaint.state in ENDED or one.due_at <= complaint.received_at:
            continue  # ended, or of a past that was imported
        called = call_duty(session, clock, complaint, Called("complaint.late", one.kind, one.due_at), now)
        record(session, SYSTEM, now, "complaint.escalated", about(complaint.id),
               {"clock": one.kind, "round": one.round, "due_at": one.due_at, "called": called})
        if complaint.triage_result in (TriageResult.untriaged, TriageResult.complaint):
            _propose(session, clock, complaint, one)
    return len(found)


def _propose(session: Session, clock: Clock, complaint: Complaint, late: ServiceClock) -> None:
    """Offer what the house promised when the complaint was received, once for each promise."""
    offer = promises_at(session, complaint.received_at).offers[Severity(complaint.severity)]
    now = clock.now()
    if not offer or not insert_if_new(session, Compensation, {
            "id": new_id(now), "complaint_id": complaint.id, "kind": late.kind, "round": late.round,
            "severity": complaint.severity, "offer": offer, "state": CompensationState.proposed, "proposed_at": now,
            "reason": ""}):
        return
    record(session, SYSTEM, now, "complaint.compensation_proposed", about(complaint.id),
           {"clock": late.kind, "round": late.round, "offer": offer})
    raise_task(session, SYSTEM, clock, duty(complaint, "complaint.compensation", "quality_manager", late.due_at))


@dataclass(frozen=True, slots=True)
class DecideCompensation:
    complaint_id: str
    compensation_id: str
    is_approved: bool
    reason: str


def decide_compensation(session: Session, actor: Actor, clock: Clock, command: DecideCompensation) -> Compensation:
    """The offer, approved or declined with a reason. Nothing is paid by it.

    Raises NotFound, Conflict when it was decided before, InvalidInput without a reason.
    """
    complaint = complaint_of(session, command.complaint_id)
    found = session.get(Compensation, command.compensation_id, with_for_update=True)
    if found is None or found.complaint_id != complaint.id:
        raise NotFound("There is no such offer.", code="unknown-compensation", place="compensation_id")
    if found.state != CompensationState.proposed:
        raise Conflict("This offer was decided before. Reload the page to see how.", code="compensation-decided")
    reason = cleaned_text(command.reason, place="reason", limit=NOTE_LIMIT, required=True)
    now = clock.now()
    found.state = CompensationState.approved if command.is_approved else CompensationState.declined
    found.decided_at, found.decided_by, found.reason = now, actor.id, reason
    add_note_row(session, complaint, now, actor.id, (reason, False))
    record(session, actor, now, f"complaint.compensation_{found.state}", about(complaint.id),
           {"offer": found.offer, "clock": found.kind, "round": found.round})
    session.flush()
    if not any(one.state == CompensationState.proposed for one in compensations_of(session, complaint.id)):
        complete_tasks(session, actor, clock, about(complaint.id), "complaint.compensation", found.state)
    return found


def compensations_of(session: Session, complaint_id: str) -> list[Compensation]:
    """What was offered in a case, the oldest first."""
    return list(session.scalars(select(Compensation).where(Compensation.complaint_id == complaint_id)
                                .order_by(Compensation.proposed_at, Compensation.id)))
