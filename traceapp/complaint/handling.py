"""Handling of complaints: triage, answers, closing; the lot, the notes, the duplicates."""
from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from sqlalchemy import func, select, update
from sqlalchemy.orm import Session

from traceapp.audit import record
from traceapp.core.actor import Actor
from traceapp.core.clock import Clock
from traceapp.core.errors import Conflict, InvalidInput, NotFound
from traceapp.db import expect_revision
from traceapp.worklist.model import Task, TaskState
from traceapp.worklist.tasks import RaiseTask, complete_tasks, drop_tasks, raise_task
from traceapp.worklist.work import add_work

from .intake import LOT_BOUND, RESCORE, about
from .matching import lot_of_key
from .model import UNKNOWN_LOT, Complaint, ComplaintNote, LotCapture, TriageResult
from .policy import cleaned_text, due_times, is_grave, is_milder, one_of
from .seriousness import Harm, criteria_of, severity_of
from .states import ComplaintState, Severity, next_state

NOTE_LIMIT = 10_000


@dataclass(frozen=True, slots=True)
class TriageComplaint:
    """`result`: complaint, inquiry or not_ours; `severity` None: the one that the answers mean; a milder one than
    was thought before needs a `note`."""

    complaint_id: str
    result: str
    harm: str = "unknown"
    seriousness: tuple[str, ...] = ()
    severity: str | None = None
    note: str = field(default="", repr=False)
    revision: int | None = None


@dataclass(frozen=True, slots=True)
class ChangeComplaint:
    """`action`: investigate, answer, close or reopen. An answer's note shows to the reporter; the note of a closing
    is the decision; a reopening needs its reason."""

    complaint_id: str
    action: str
    note: str = field(default="", repr=False)
    revision: int | None = None


@dataclass(frozen=True, slots=True)
class AddNote:
    complaint_id: str
    text: str = field(repr=False)
    is_public: bool = False


@dataclass(frozen=True, slots=True)
class BindLot:
    """`lot_key` None: no lot can be said. `capture`: typed or inferred."""

    complaint_id: str
    lot_key: str | None
    reason: str = field(repr=False)
    capture: str = "inferred"
    revision: int | None = None


@dataclass(frozen=True, slots=True)
class LinkDuplicate:
    """`master_id` None: it is no duplicate after all."""

    complaint_id: str
    master_id: str | None
    reason: str = field(repr=False)
    revision: int | None = None


def complaint_of(session: Session, complaint_id: str, revision: int | None = None) -> Complaint:
    """The complaint, locked for a change. Raises NotFound, and Stale when `revision` is an older one."""
    complaint = session.scalars(select(Complaint).where(Complaint.id == complaint_id).with_for_update()).first()
    if complaint is None:
        raise NotFound("There is no such complaint.", code="unknown-complaint")
    expect_revision(complaint, revision)
    return complaint


def _note(session: Session, complaint: Complaint, at: datetime, by: str, note: tuple[str, bool]) -> ComplaintNote:
    last = session.scalar(select(func.max(ComplaintNote.position)).where(
        ComplaintNote.lot_key == complaint.lot_key, ComplaintNote.complaint_id == complaint.id))
    row = ComplaintNote(lot_key=complaint.lot_key, complaint_id=complaint.id, position=(last or 0) + 1, at=at, by=by,
                        text=note[0], is_public=note[1])
    session.add(row)
    session.flush()
    return row


def _rescore(session: Session, clock: Clock, complaint: Complaint) -> None:
    if complaint.lot_key != UNKNOWN_LOT:
        add_work(session, clock, RESCORE, complaint.lot_key, {"complaint": complaint.id})


def _duty(complaint: Complaint, kind: str, role: str, due_at: datetime) -> RaiseTask:
    return RaiseTask(kind, about(complaint.id), role, due_at,
                     None if complaint.lot_key == UNKNOWN_LOT else complaint.lot_key,
                     {"reference": complaint.reference, "severity": str(complaint.severity)})


def _judged_severity(complaint: Complaint, command: TriageComplaint) -> tuple[Severity, tuple[str, ...], Harm]:
    """The severity, criteria and harm of a triage that do not contradict each other."""
    harm = one_of(Harm, command.harm, place="harm")
    criteria = criteria_of(command.seriousness)
    meant = severity_of(criteria, harm)
    severity = meant if command.severity is None else one_of(Severity, command.severity, place="severity")
    if criteria and is_milder(severity, meant):
        raise InvalidInput("With these answers the severity is at least “%(severity)s”. Change the answers or the "
                           "severity.", code="inconsistent", place="severity", severity=str(meant))
    if harm is Harm.no and criteria:
        raise InvalidInput("Nobody was harmed, yet something serious happened: these answers contradict each other.",
                           code="inconsistent", place="harm")
    if is_milder(severity, Severity(complaint.severity)) and not command.note.strip():
        raise InvalidInput("Say why it is milder than what was thought before.", code="reason-needed", place="note")
    return severity, tuple(criteria), Harm.yes if criteria else harm


def triage_complaint(session: Session, actor: Actor, clock: Clock, command: TriageComplaint) -> Complaint:
    """The complaint as judged: ours or not, harm, severity. A look by a person ends its quarantine.

    Raises NotFound, Stale, Conflict by the state table, InvalidInput for answers that contradict each other.
    """
    complaint = complaint_of(session, command.complaint_id, command.revision)
    state = next_state(complaint.state, "triage")
    result = one_of(TriageResult, command.result, place="result")
    if result is TriageResult.untriaged:
        raise InvalidInput("Say what it is: a complaint, an inquiry, or not ours.", code="required", place="result")
    severity, criteria, harm = _judged_severity(complaint, command)
    note = cleaned_text(command.note, place="note", limit=NOTE_LIMIT)
    before = _judgement(complaint)
    complaint.state, complaint.triage_result, complaint.severity = state, result, severity
    complaint.seriousness, complaint.is_quarantined = list(criteria), False
    complaint.is_harm = None if harm is Harm.unknown else harm is Harm.yes
    if note:
        _note(session, complaint, clock.now(), actor.id, (note, False))
    record(session, actor, clock.now(), "complaint.triaged", about(complaint.id),
           {"before": before, "after": _judgement(complaint)})
    _duties_after_triage(session, actor, clock, complaint)
    _rescore(session, clock, complaint)
    return complaint


def _judgement(complaint: Complaint) -> dict[str, Any]:
    return {"result": complaint.triage_result, "severity": complaint.severity, "is_harm": complaint.is_harm,
            "seriousness": list(complaint.seriousness), "is_quarantined": complaint.is_quarantined}


def _duties_after_triage(session: Session, actor: Actor, clock: Clock, complaint: Complaint) -> None:
    name = about(complaint.id)
    complete_tasks(session, actor, clock, name, "complaint.triage", complaint.triage_result)
    severity = Severity(complaint.severity)
    if is_grave(severity) and actor.role != "quality_manager":
        raise_task(session, actor, clock, _duty(complaint, "complaint.serious", "quality_manager",
                                                due_times(severity, complaint.awareness_at)[0]))
    else:
        complete_tasks(session, actor, clock, name, "complaint.serious", "triaged")
    decision_due = due_times(severity, complaint.awareness_at)[2]
    raise_task(session, actor, clock, _duty(complaint, "complaint.decide", "quality", decision_due))
    if complaint.is_harm and complaint.triage_result == TriageResult.complaint:
        raise_task(session, actor, clock, _duty(complaint, "complaint.promote", "quality", decision_due))
    else:
        drop_tasks(session, actor, clock, name, "complaint.promote")


def decline_promotion(session: Session, actor: Actor, clock: Clock, complaint_id: str, reason: str) -> Complaint:
    """The harm in this complaint is no adverse event, and why; the reason stays with the complaint.

    Raises NotFound, Conflict when nobody asked, InvalidInput without a reason.
    """
    complaint = complaint_of(session, complaint_id)
    why = cleaned_text(reason, place="reason", limit=NOTE_LIMIT, required=True)
    if not complete_tasks(session, actor, clock, about(complaint.id), "complaint.promote", "declined"):
        raise Conflict("This complaint does not wait for the decision whether it is an adverse event.",
                       code="no-open-duty")
    _note(session, complaint, clock.now(), actor.id, (why, False))
    record(session, actor, clock.now(), "complaint.promotion_declined", about(complaint.id), {})
    return complaint


def change_complaint(session: Session, actor: Actor, clock: Clock, command: ChangeComplaint) -> Complaint:
    """The complaint after an action of the state table.

    Raises NotFound, Stale, Conflict (wrong state; harm without a decision whether it is an adverse event),
    InvalidInput without the note that the action needs.
    """
    if command.action not in _NOTE_NEEDED:
        raise InvalidInput("“%(action)s” is not one of: %(known)s.", code="unknown-action", place="action",
                           action=command.action[:40], known=", ".join(_NOTE_NEEDED))
    complaint = complaint_of(session, command.complaint_id, command.revision)
    state = next_state(complaint.state, command.action)
    note = cleaned_text(command.note, place="note", limit=NOTE_LIMIT, required=_NOTE_NEEDED[command.action])
    if command.action == "close":
        _may_close(session, complaint)
        complaint.decision = note
    before, complaint.state = complaint.state, state
    if note:
        _note(session, complaint, clock.now(), actor.id, (note, command.action == "answer"))
    record(session, actor, clock.now(), f"complaint.{_PAST[command.action]}", about(complaint.id),
           {"before": str(before), "after": str(state)})
    _duties_after_change(session, actor, clock, complaint, command.action)
    return complaint


_NOTE_NEEDED = {"investigate": False, "answer": True, "close": True, "reopen": True}
_PAST = {"investigate": "investigated", "answer": "answered", "close": "closed", "reopen": "reopened"}


def _may_close(session: Session, complaint: Complaint) -> None:
    waits = session.scalar(select(func.count()).select_from(Task).where(
        Task.about == about(complaint.id), Task.kind == "complaint.promote", Task.state == TaskState.open))
    if waits:
        raise Conflict("First decide whether this harm is an adverse event: open one, or say why it is none.",
                       code="open-duty")


def _duties_after_change(session: Session, actor: Actor, clock: Clock, complaint: Complaint, action: str) -> None:
    name = about(complaint.id)
    if action == "answer":
        complete_tasks(session, actor, clock, name, "complaint.answer", "answered")
        complete_tasks(session, actor, clock, name, "complaint.read_message", "answered")
    elif action == "close":
        complete_tasks(session, actor, clock, name, "complaint.decide", "closed")
        drop_tasks(session, actor, clock, name)
    elif action == "reopen":
        due = due_times(Severity(complaint.severity), clock.now())[2]
        raise_task(session, actor, clock, _duty(complaint, "complaint.decide", "quality", due))


def add_note(session: Session, actor: Actor, clock: Clock, command: AddNote) -> ComplaintNote:
    """A note in the case; a public one shows on the reporter's own page and is the first answer if none was given."""
    complaint = complaint_of(session, command.complaint_id)
    text = cleaned_text(command.text, place="text", limit=NOTE_LIMIT, required=True)
    note = _note(session, complaint, clock.now(), actor.id, (text, command.is_public))
    record(session, actor, clock.now(), "complaint.noted", about(complaint.id),
           {"position": note.position, "is_public": note.is_public})
    if command.is_public:
        complete_tasks(session, actor, clock, about(complaint.id), "complaint.answer", "note")
    complete_tasks(session, actor, clock, about(complaint.id), "complaint.read_message", "note")
    return note


def bind_lot(session: Session, actor: Actor, clock: Clock, command: BindLot) -> Complaint:
    """The complaint under another lot (or none), with its notes; both lots are scored again.

    Raises NotFound for complaint or lot, Stale, InvalidInput without a reason.
    """
    complaint = complaint_of(session, command.complaint_id, command.revision)
    reason = cleaned_text(command.reason, place="reason", limit=NOTE_LIMIT, required=True)
    capture = one_of(LotCapture, command.capture, place="capture")
    lot = None if command.lot_key is None else lot_of_key(session, command.lot_key)
    if command.lot_key is not None and lot is None:
        raise NotFound("There is no such lot.", code="unknown-lot", place="lot_key")
    if capture not in (LotCapture.typed, LotCapture.inferred):
        raise InvalidInput("A lot that staff bind is typed or inferred.", code="unknown-value", place="capture")
    before = {"lot": complaint.lot_key, "lot_capture": complaint.lot_capture}
    old_key, new_key = complaint.lot_key, lot.lot_key if lot else UNKNOWN_LOT
    _rescore(session, clock, complaint)
    complaint.lot_capture = capture if lot else LotCapture.none
    complaint.product_id = lot.product_id if lot and lot.product_id else complaint.product_id
    complaint.lot_key = new_key
    session.flush()
    session.execute(update(ComplaintNote).where(ComplaintNote.complaint_id == complaint.id,
                                                ComplaintNote.lot_key == old_key)
                    .values(lot_key=new_key).execution_options(synchronize_session=False))
    _note(session, complaint, clock.now(), actor.id, (reason, False))
    record(session, actor, clock.now(), "complaint.lot_bound", about(complaint.id),
           {"before": before, "after": {"lot": new_key, "lot_capture": complaint.lot_capture}})
    session.execute(update(Task).where(Task.about == about(complaint.id), Task.state == TaskState.open)
                    .values(lot_key=lot.lot_key if lot else None).execution_options(synchronize_session=False))
    if new_key != old_key:
        _rescore(session, clock, complaint)
        add_work(session, clock, LOT_BOUND, complaint.id)
    return complaint


def link_duplicate(session: Session, actor: Actor, clock: Clock, command: LinkDuplicate) -> Complaint:
    """The complaint as a duplicate of its master (never deleted, no longer counted), or freed again.

    Raises NotFound, Stale, InvalidInput without a reason, Conflict where a chain of duplicates would arise.
    """
    complaint = complaint_of(session, command.complaint_id, command.revision)
    reason = cleaned_text(command.reason, place="reason", limit=NOTE_LIMIT, required=True)
    if command.master_id is not None:
        master = complaint_of(session, command.master_id)
        if master.id == complaint.id or master.master_id is not None:
            raise Conflict("Link to the first report itself, which is no duplicate of another.", code="not-a-master",
                           place="master_id")
        if session.scalar(select(func.count()).select_from(Complaint).where(Complaint.master_id == complaint.id)):
            raise Conflict("Other reports are linked to this one; link those first.", code="is-a-master",
                           place="master_id")
        if master.lot_key != complaint.lot_key:
            _rescore(session, clock, master)
    record(session, actor, clock.now(), "complaint.duplicate_linked", about(complaint.id),
           {"before": complaint.master_id, "after": command.master_id})
    complaint.master_id = command.master_id
    _note(session, complaint, clock.now(), actor.id, (reason, False))
    _rescore(session, clock, complaint)
    return complaint


__all__ = ["AddNote", "BindLot", "ChangeComplaint", "ComplaintState", "LinkDuplicate", "TriageComplaint", "add_note",
           "bind_lot", "change_complaint", "complaint_of", "decline_promotion", "link_duplicate", "triage_complaint"]
