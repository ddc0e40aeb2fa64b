"""Handling of complaints: the way from triage to the archive; the lot, the notes, the duplicates."""
from __future__ import annotations

from dataclasses import dataclass, field

from sqlalchemy import func, select, update
from sqlalchemy.orm import Session

from traceapp.audit import record
from traceapp.core.actor import Actor
from traceapp.core.clock import Clock
from traceapp.core.errors import Conflict, InvalidInput, NotFound
from traceapp.worklist.model import Task, TaskState
from traceapp.worklist.tasks import complete_tasks, drop_tasks, raise_task
from traceapp.worklist.work import add_work

from .case_parts import (
    CLUSTERED,
    LOT_BOUND,
    NOTE_LIMIT,
    about,
    add_note_row,
    calm,
    complaint_of,
    duty,
    lock_together,
    rescore,
)
from .clock_model import ClockKind
from .crisis import watch_cluster
from .matching import lot_of_key
from .model import UNKNOWN_LOT, Complaint, ComplaintNote, LotCapture
from .policy import cleaned_text, one_of
from .return_model import ComplaintReturn
from .service_clocks import begin_again, end_clocks, promised
from .states import ComplaintState, next_state
from .triage import Investigation


@dataclass(frozen=True, slots=True)
class ChangeComplaint:
    """`action`: one of the state table but triage. The note of a proposal or an answer shows to the reporter; that of
    a closing is the decision; a reopening needs its reason."""

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


@dataclass(frozen=True, slots=True)
class _Act:
    """What an action of the state table does besides: needs a note, shows it to the reporter, keeps it in a field of
    the case, ends clocks and duties."""

    past: str
    needs_note: bool = True
    is_public: bool = False
    keeps: str = ""
    ends: tuple[ClockKind, ...] = ()
    duties: tuple[str, ...] = ()


_FIRST, _DECISION, _RESOLUTION = ClockKind.first_answer, ClockKind.decision, ClockKind.resolution
_ANSWERED = ("complaint.answer", "complaint.read_message")
ACTS: dict[str, _Act] = {
    "investigate": _Act("investigated", needs_note=False),
    "find_cause": _Act("cause_found", keeps="cause"),
    "propose": _Act("solution_proposed", is_public=True, keeps="solution", ends=(_FIRST, _DECISION),
                    duties=(*_ANSWERED, "complaint.decide")),
    "agree": _Act("solution_agreed"),
    "carry_out": _Act("solution_carried_out", ends=(_DECISION, _RESOLUTION)),
    "answer": _Act("answered", is_public=True, ends=(_FIRST, _DECISION, _RESOLUTION),
                   duties=(*_ANSWERED, "complaint.decide")),
    "follow_up": _Act("followed_up"),
    "archive": _Act("archived", keeps="decision", ends=(_DECISION, _RESOLUTION)),
    "close": _Act("closed", keeps="decision", ends=(_DECISION, _RESOLUTION)),
    "improve": _Act("improved", keeps="improvement"),
    "reopen": _Act("reopened"),
}


def change_complaint(session: Session, actor: Actor, clock: Clock, command: ChangeComplaint) -> Complaint:
    """The complaint after an action of the state table.

    Raises NotFound, Stale, Conflict (wrong state; harm without a decision whether it is an adverse event; an
    investigation without its cause), InvalidInput without the note that the action needs.
    """
    if command.action not in ACTS:
        raise InvalidInput("“%(action)s” is not one of: %(known)s.", code="unknown-action", place="action",
                           action=command.action[:40], known=", ".join(ACTS))
    act, now = ACTS[command.action], clock.now()
    complaint = complaint_of(session, command.complaint_id, command.revision)
    state = next_state(complaint.state, command.action)
    note = cleaned_text(command.note, place="note", limit=NOTE_LIMIT, required=act.needs_note)
    if state == ComplaintState.archived:
        _may_end(session, complaint)
    if act.keeps:
        setattr(complaint, act.keeps, note)
    before, complaint.state = complaint.state, state
    if note:
        add_note_row(session, complaint, now, actor.id, (note, act.is_public))
    record(session, actor, now, f"complaint.{act.past}", about(complaint.id),
           {"before": str(before), "after": str(state)})
    end_clocks(session, complaint, act.ends, now)
    for kind in act.duties:
        complete_tasks(session, actor, clock, about(complaint.id), kind, act.past)
    _after(session, actor, clock, complaint, command.action)
    calm(session, actor, clock, complaint)
    return complaint


def _may_end(session: Session, complaint: Complaint) -> None:
    waits = session.scalar(select(func.count()).select_from(Task).where(
        Task.about == about(complaint.id), Task.kind == "complaint.promote", Task.state == TaskState.open))
    if waits:
        raise Conflict("First decide whether it is an adverse event: open one, or say why it is none.",
                       code="open-duty")
    if complaint.investigation in (Investigation.needed, Investigation.begun) and not complaint.cause:
        raise Conflict("It was to be investigated. First say what the cause is, or triage it again and say why no "
                       "investigation is needed.", code="open-investigation")


def _after(session: Session, actor: Actor, clock: Clock, complaint: Complaint, action: str) -> None:
    """What an action changes beyond its own row: the investigation begins, the case ends, or it begins anew."""
    name, now = about(complaint.id), clock.now()
    if action == "investigate":
        complaint.investigation = Investigation.begun
    elif complaint.state == ComplaintState.archived:
        for kind in ("complaint.decide", "complaint.resolve"):
            complete_tasks(session, actor, clock, name, kind, "closed")
        drop_tasks(session, actor, clock, name)
        # A case that was ended without a word to the reporter promised none any more.
        end_clocks(session, complaint, (ClockKind.first_answer,), now)
    elif action == "reopen":
        complaint.times_reopened += 1
        begin_again(session, complaint, now)
        due = promised(session, complaint, now)
        raise_task(session, actor, clock, duty(complaint, "complaint.decide", "quality", due.decision))
        raise_task(session, actor, clock, duty(complaint, "complaint.resolve", "quality", due.resolution))


def add_note(session: Session, actor: Actor, clock: Clock, command: AddNote) -> ComplaintNote:
    """A note in the case; a public one shows on the reporter's own page and is the first answer if none was given."""
    complaint = complaint_of(session, command.complaint_id)
    text = cleaned_text(command.text, place="text", limit=NOTE_LIMIT, required=True)
    note = add_note_row(session, complaint, clock.now(), actor.id, (text, command.is_public))
    record(session, actor, clock.now(), "complaint.noted", about(complaint.id),
           {"position": note.position, "is_public": note.is_public})
    if command.is_public:
        complete_tasks(session, actor, clock, about(complaint.id), "complaint.answer", "note")
        end_clocks(session, complaint, (ClockKind.first_answer,), clock.now())
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
    rescore(session, clock, complaint)
    complaint.lot_capture = capture if lot else LotCapture.none
    complaint.product_id = lot.product_id if lot and lot.product_id else complaint.product_id
    complaint.lot_key = new_key
    session.flush()
    session.execute(update(ComplaintNote).where(ComplaintNote.complaint_id == complaint.id,
                                                ComplaintNote.lot_key == old_key)
                    .values(lot_key=new_key).execution_options(synchronize_session=False))
    session.execute(update(ComplaintReturn).where(
        ComplaintReturn.complaint_id == complaint.id, ComplaintReturn.shipment_id.is_(None))
        .values(lot_key=new_key).execution_options(synchronize_session=False))
    add_note_row(session, complaint, clock.now(), actor.id, (reason, False))
    record(session, actor, clock.now(), "complaint.lot_bound", about(complaint.id),
           {"before": before, "after": {"lot": new_key, "lot_capture": complaint.lot_capture}})
    session.execute(update(Task).where(Task.about == about(complaint.id), Task.state == TaskState.open)
                    .values(lot_key=lot.lot_key if lot else None).execution_options(synchronize_session=False))
    if new_key != old_key:
        rescore(session, clock, complaint)
        add_work(session, clock, LOT_BOUND, complaint.id)
        watch_cluster(session, clock, complaint)
    return complaint


def link_duplicate(session: Session, actor: Actor, clock: Clock, command: LinkDuplicate) -> Complaint:
    """The complaint as a duplicate of its master (never deleted, no longer counted), or freed again.

    Raises NotFound, Stale, InvalidInput without a reason, Conflict where a chain of duplicates would arise.
    """
    lock_together(session, filter(None, (command.complaint_id, command.master_id)))
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
            rescore(session, clock, master)
    record(session, actor, clock.now(), "complaint.duplicate_linked", about(complaint.id),
           {"before": complaint.master_id, "after": command.master_id})
    complaint.master_id = command.master_id
    add_note_row(session, complaint, clock.now(), actor.id, (reason, False))
    rescore(session, clock, complaint)
    add_work(session, clock, CLUSTERED, complaint.id)
    return complaint
