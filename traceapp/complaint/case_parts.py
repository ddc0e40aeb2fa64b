"""What every act on a complaint does: find and lock it, write a note, raise a duty, have its batch scored again."""
from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from traceapp.audit import stream_of
from traceapp.core.actor import Actor
from traceapp.core.clock import Clock
from traceapp.core.errors import NotFound
from traceapp.db import expect_revision
from traceapp.worklist.tasks import RaiseTask, complete_tasks
from traceapp.worklist.work import add_work

from .clock_model import ServiceClock
from .model import UNKNOWN_LOT, Complaint, ComplaintNote

RESCORE = "surveillance.rescore"
LOT_BOUND, CLUSTERED = "complaint.lot_bound", "complaint.clustered"
NOTE_LIMIT = 10_000


def about(complaint_id: str) -> str:
    """The name of a complaint in tasks, attachments and the trail."""
    return stream_of("complaint", complaint_id)


def complaint_of(session: Session, complaint_id: str, revision: int | None = None) -> Complaint:
    """The complaint, locked for a change. Raises NotFound, and Stale when `revision` is an older one."""
    complaint = session.scalars(select(Complaint).where(Complaint.id == complaint_id).with_for_update()).first()
    if complaint is None:
        raise NotFound("There is no such complaint.", code="unknown-complaint")
    expect_revision(complaint, revision)
    return complaint


def lock_together(session: Session, ids: Iterable[str]) -> None:
    """Lock these complaints in the one order in which everybody locks several: nobody waits for one who waits for
    them."""
    session.execute(select(Complaint.id).where(Complaint.id.in_(ids)).order_by(Complaint.id).with_for_update())


def add_note_row(session: Session, complaint: Complaint, at: datetime, by: str,
                 note: tuple[str, bool]) -> ComplaintNote:
    """The next note of a complaint; `note` is its text and whether the reporter may read it."""
    last = session.scalar(select(func.max(ComplaintNote.position)).where(
        ComplaintNote.lot_key == complaint.lot_key, ComplaintNote.complaint_id == complaint.id))
    row = ComplaintNote(lot_key=complaint.lot_key, complaint_id=complaint.id, position=(last or 0) + 1, at=at, by=by,
                        text=note[0], is_public=note[1])
    session.add(row)
    session.flush()
    return row


def rescore(session: Session, clock: Clock, complaint: Complaint) -> None:
    """Have the batch of this complaint looked at again, where one is known."""
    if complaint.lot_key != UNKNOWN_LOT:
        add_work(session, clock, RESCORE, complaint.lot_key, {"complaint": complaint.id})


def duty(complaint: Complaint, kind: str, role: str, due_at: datetime) -> RaiseTask:
    """A task about this complaint."""
    return RaiseTask(kind, about(complaint.id), role, due_at,
                     None if complaint.lot_key == UNKNOWN_LOT else complaint.lot_key,
                     {"reference": complaint.reference, "severity": str(complaint.severity)})


def calm(session: Session, actor: Actor, clock: Clock, complaint: Complaint) -> None:
    """Nobody is called about promises any more when none that runs is late."""
    late = session.scalar(select(func.count()).select_from(ServiceClock).where(
        ServiceClock.complaint_id == complaint.id, ServiceClock.ended_at.is_(None), ServiceClock.due_at < clock.now()))
    if not late:
        complete_tasks(session, actor, clock, about(complaint.id), "complaint.late", "kept up")
