"""Crises: a task force opens by a cluster of critical reports or by a decision, works, and ends with a reason."""
from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime, timedelta

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from traceapp.audit import record, stream_of
from traceapp.core.actor import SYSTEM, Actor
from traceapp.core.clock import Clock
from traceapp.core.errors import Conflict, InvalidInput, NotFound
from traceapp.core.ids import new_id, new_reference
from traceapp.db import expect_revision
from traceapp.db.insert import insert_if_new
from traceapp.identity.model import User
from traceapp.trace.holds import MANUAL, PlaceHold, place_hold
from traceapp.worklist.rostering import DUTY_ROLES
from traceapp.worklist.tasks import RaiseTask, complete_tasks, drop_tasks, raise_task

from .case_parts import NOTE_LIMIT
from .crisis_model import CrisisCause, EntryKind, TaskForce, TaskForceCase, TaskForceEntry, TaskForceMember
from .matching import lot_of_key
from .model import UNKNOWN_LOT, Complaint
from .policy import cleaned_text
from .states import Severity
from .triage import TriageResult

CLUSTER = 2
"""Critical reports on one batch that are a crisis."""
CLUSTER_DAYS = 30


@dataclass(frozen=True, slots=True)
class OpenTaskForce:
    reason: str = field(repr=False)
    lot_key: str | None = None
    complaint_id: str | None = None


@dataclass(frozen=True, slots=True)
class JoinTaskForce:
    task_force_id: str
    user_id: str
    duty: str = ""


def crisis_name(task_force_id: str) -> str:
    """The name of a task force in tasks and the trail."""
    return stream_of("task_force", task_force_id)


def task_force_of(session: Session, task_force_id: str, revision: int | None = None) -> TaskForce:
    """The open task force, locked. Raises NotFound, Stale, Conflict for one that ended."""
    found = session.scalars(select(TaskForce).where(TaskForce.id == task_force_id).with_for_update()).first()
    if found is None:
        raise NotFound("There is no such task force.", code="unknown-task-force")
    expect_revision(found, revision)
    if found.ended_at is not None:
        raise Conflict("This task force has ended. Open a new one if it goes on.", code="task-force-ended")
    return found


def _enter(session: Session, at: datetime, by: str, force: TaskForce,
           entry: tuple[EntryKind, dict[str, str], str]) -> None:
    kind, params, words = entry
    last = session.scalar(select(func.max(TaskForceEntry.position)).where(TaskForceEntry.task_force_id == force.id))
    session.add(TaskForceEntry(task_force_id=force.id, position=(last or 0) + 1, at=at, by=by, kind=kind, params=params,
                               text=words))
    session.flush()


def open_task_force(session: Session, actor: Actor, clock: Clock, command: OpenTaskForce) -> TaskForce:
    """A task force by somebody's decision, who is its first member.

    Raises InvalidInput without a reason, NotFound for batch or case, Conflict when one works on the batch already.
    """
    reason = cleaned_text(command.reason, place="reason", limit=NOTE_LIMIT, required=True)
    complaint = None
    if command.complaint_id is not None:
        complaint = session.scalars(select(Complaint).where(Complaint.id == command.complaint_id)).first()
        if complaint is None:
            raise NotFound("There is no such complaint.", code="unknown-complaint", place="complaint_id")
    lot_key = command.lot_key or (complaint.lot_key if complaint and complaint.lot_key != UNKNOWN_LOT else None)
    if lot_key is not None and lot_of_key(session, lot_key) is None:
        raise NotFound("There is no such lot.", code="unknown-lot", place="lot_key")
    if lot_key is not None and open_on(session, lot_key) is not None:
        raise Conflict("A task force works on this batch already.", code="task-force-open", place="lot_key")
    force = _open(session, actor, clock, (CrisisCause.decision, lot_key, reason))
    if session.get(User, actor.id) is not None:
        _join(session, actor, clock, force, (actor.id, ""))
    if complaint is not None:
        _add(session, actor, clock, force, complaint)
    return force


def _open(session: Session, actor: Actor, clock: Clock, what: tuple[CrisisCause, str | None, str]) -> TaskForce:
    cause, lot_key, reason = what
    now = clock.now()
    force_id = new_id(now)
    if not insert_if_new(session, TaskForce, {
            "id": force_id, "reference": new_reference("TF", now), "cause": cause, "lot_key": lot_key,
            "reason": reason, "opened_at": now, "opened_by": actor.id, "end_reason": "", "revision": 1}):
        other = open_on(session, lot_key or "")  # two reports at the same moment make one task force
        assert other is not None
        return other
    force = session.get_one(TaskForce, force_id)
    _enter(session, now, actor.id, force, (EntryKind.opened, {}, reason))
    record(session, actor, now, "crisis.opened", crisis_name(force.id),
           {"reference": force.reference, "cause": cause, "lot": lot_key})
    params = {"reference": force.reference}
    raise_task(session, actor, clock, RaiseTask("crisis.lead", crisis_name(force.id), "quality_manager",
                                                now + timedelta(hours=1), lot_key, params))
    if lot_key is not None:
        _enter(session, now, actor.id, force, (EntryKind.hold_proposed, {"lot": lot_key}, ""))
        raise_task(session, actor, clock, RaiseTask("crisis.hold", crisis_name(force.id), "quality_manager",
                                                    now + timedelta(hours=1), lot_key, params))
    return force


def open_on(session: Session, lot_key: str) -> TaskForce | None:
    """The task force that works on this batch, locked."""
    return session.scalars(select(TaskForce).where(TaskForce.lot_key == lot_key, TaskForce.ended_at.is_(None))
                           .with_for_update()).first()


def watch_cluster(session: Session, clock: Clock, complaint: Complaint) -> TaskForce | None:
    """The task force that this report belongs to: the one on its batch, or a new one when it makes the cluster."""
    if not _counts(complaint):
        return None
    session.flush()
    force = open_on(session, complaint.lot_key)
    if force is None:
        alike = session.scalar(select(func.count()).select_from(Complaint).where(
            Complaint.lot_key == complaint.lot_key, Complaint.severity == Severity.critical,
            Complaint.master_id.is_(None), Complaint.is_quarantined.is_(False),
            Complaint.triage_result.in_((TriageResult.untriaged, TriageResult.complaint)),
            Complaint.awareness_at > complaint.awareness_at - timedelta(days=CLUSTER_DAYS)))
        if (alike or 0) < CLUSTER:
            return None
        force = _open(session, SYSTEM, clock, (CrisisCause.cluster, complaint.lot_key, ""))
        for one in session.scalars(select(Complaint).where(
                Complaint.lot_key == complaint.lot_key, Complaint.severity == Severity.critical,
                Complaint.master_id.is_(None), Complaint.id != complaint.id)
                .order_by(Complaint.received_at).limit(50)):
            _add(session, SYSTEM, clock, force, one)
    _add(session, SYSTEM, clock, force, complaint)
    return force


def _counts(complaint: Complaint) -> bool:
    return (complaint.severity == Severity.critical and complaint.lot_key != UNKNOWN_LOT
            and complaint.master_id is None and not complaint.is_quarantined
            and complaint.triage_result in (TriageResult.untriaged, TriageResult.complaint))


def _add(session: Session, actor: Actor, clock: Clock, force: TaskForce, complaint: Complaint) -> None:
    if insert_if_new(session, TaskForceCase, {"task_force_id": force.id, "complaint_id": complaint.id}):
        _enter(session, clock.now(), actor.id, force, (EntryKind.case_added, {"complaint": complaint.reference}, ""))
        record(session, actor, clock.now(), "crisis.case_added", crisis_name(force.id), {"complaint": complaint.id})


def add_case(session: Session, actor: Actor, clock: Clock, task_force_id: str, complaint_id: str) -> TaskForce:
    """The task force with this case. Raises NotFound, Conflict for one that ended."""
    force = task_force_of(session, task_force_id)
    complaint = session.scalars(select(Complaint).where(Complaint.id == complaint_id)).first()
    if complaint is None:
        raise NotFound("There is no such complaint.", code="unknown-complaint", place="complaint_id")
    _add(session, actor, clock, force, complaint)
    return force


def join_task_force(session: Session, actor: Actor, clock: Clock, command: JoinTaskForce) -> TaskForce:
    """The task force with one more member. Raises NotFound, Conflict, InvalidInput for who does not work complaints."""
    force = task_force_of(session, command.task_force_id)
    person = session.get(User, command.user_id)
    if person is None or not person.is_active or person.role not in DUTY_ROLES:
        raise InvalidInput("Choose somebody of the quality department who may sign in.", code="not-on-duty",
                           place="user_id")
    _join(session, actor, clock, force, (person.id, cleaned_text(command.duty, place="duty", limit=120)))
    return force


def _join(session: Session, actor: Actor, clock: Clock, force: TaskForce, who: tuple[str, str]) -> None:
    user_id, duty = who
    if not insert_if_new(session, TaskForceMember, {"task_force_id": force.id, "user_id": user_id, "duty": duty}):
        raise Conflict("This person is a member already.", code="member-already", place="user_id")
    _enter(session, clock.now(), actor.id, force, (EntryKind.joined, {"user": user_id}, duty))
    record(session, actor, clock.now(), "crisis.joined", crisis_name(force.id), {"user": user_id})
    if actor.id != SYSTEM.id:
        complete_tasks(session, actor, clock, crisis_name(force.id), "crisis.lead", "joined")


def write_entry(session: Session, actor: Actor, clock: Clock, task_force_id: str, text: str) -> TaskForce:
    """What happened, on the line of time. Raises NotFound, Conflict, InvalidInput for an empty text."""
    force = task_force_of(session, task_force_id)
    words = cleaned_text(text, place="text", limit=NOTE_LIMIT, required=True)
    _enter(session, clock.now(), actor.id, force, (EntryKind.note, {}, words))
    record(session, actor, clock.now(), "crisis.noted", crisis_name(force.id), {})
    return force


def hold_lot(session: Session, actor: Actor, clock: Clock, task_force_id: str, reason: str) -> TaskForce:
    """The batch of the task force is stopped, by a hold of its own.

    Raises NotFound, InvalidInput without a reason or without a batch, Conflict when it was done before.
    """
    force = task_force_of(session, task_force_id)
    if force.lot_key is None:
        raise InvalidInput("This task force works on no batch that could be stopped.", code="no-lot")
    if force.held_at is not None:
        raise Conflict("The batch was stopped before.", code="held-already")
    place_hold(session, actor, clock, PlaceHold((force.lot_key,), MANUAL, MANUAL, reason))
    force.held_at = clock.now()
    _enter(session, clock.now(), actor.id, force, (EntryKind.held, {"lot": force.lot_key}, reason.strip()))
    record(session, actor, clock.now(), "crisis.held", crisis_name(force.id), {"lot": force.lot_key})
    complete_tasks(session, actor, clock, crisis_name(force.id), "crisis.hold", "held")
    return force


def end_task_force(session: Session, actor: Actor, clock: Clock, task_force_id: str, reason: str, *,
                   revision: int | None = None) -> TaskForce:
    """The task force, ended. A hold stays until somebody lifts it. Raises NotFound, Stale, Conflict, InvalidInput."""
    force = task_force_of(session, task_force_id, revision)
    words = cleaned_text(reason, place="reason", limit=NOTE_LIMIT, required=True)
    now = clock.now()
    force.ended_at, force.ended_by, force.end_reason = now, actor.id, words
    _enter(session, now, actor.id, force, (EntryKind.ended, {}, words))
    record(session, actor, now, "crisis.ended", crisis_name(force.id), {})
    drop_tasks(session, actor, clock, crisis_name(force.id))
    return force
