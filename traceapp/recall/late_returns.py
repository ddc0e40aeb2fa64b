"""Goods of an ended recall that came back: counted as always, and work until it is noted why the end stands."""
from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import literal, select
from sqlalchemy.orm import Session

from traceapp.audit import record
from traceapp.catalog.texts import required_text, short_text
from traceapp.core.actor import SYSTEM, Actor
from traceapp.core.clock import Clock
from traceapp.core.errors import Conflict
from traceapp.identity.policy import permit
from traceapp.worklist.model import Task, TaskState
from traceapp.worklist.tasks import RaiseTask, complete_tasks, raise_task

from .book_model import LateReturn, LateReturnState, RecallReturn
from .cases import notice_stream
from .late import LOOKED_AT_WITHIN
from .model import Notice, Recall, RecallLedger
from .notices import notice_for
from .states import RecallState

# Goods of an ended recall came back: note why the end stands, or open the case again.
LATE_RETURN_TASK = "recall.late_return"


@dataclass(frozen=True, slots=True)
class NoteLateReturns:
    """The recall stays ended although goods came back from a consignee; `reason`: why."""

    recall_id: str
    consignee_id: str
    reason: str


def begin_late_return(session: Session, actor: Actor, clock: Clock, case: tuple[Recall, Notice],
                      counted: RecallReturn) -> None:
    """Work about goods that came back after the end; of a withdrawn notice nobody counts any more."""
    recall, notice = case
    if recall.state == RecallState.cancelled:
        return
    session.add(LateReturn(lot_key=counted.lot_key, return_id=counted.id, recall_id=recall.id, came_at=clock.now(),
                           consignee_id=notice.consignee_id, units=counted.units, state=LateReturnState.waiting,
                           reason=""))
    raise_task(session, actor, clock, RaiseTask(
        LATE_RETURN_TASK, notice_stream(notice.id), "quality", clock.now() + LOOKED_AT_WITHIN, params={
            "recall_id": recall.id, "reference": recall.reference, "consignee_id": notice.consignee_id}))


def note_late_returns(session: Session, actor: Actor, clock: Clock, command: NoteLateReturns) -> int:
    """Let the end stand, for a reason; answers how many returns that is about. Raises NotFound, InvalidInput without a
    reason, Conflict when none waits."""
    permit(actor, "recall.write")
    notice = notice_for(session, command.recall_id, command.consignee_id, lock=True)
    reason = short_text(required_text(command.reason, place="reason"), 2000, place="reason")
    rows = _waiting(session, command.recall_id, command.consignee_id)
    if not rows:
        raise Conflict("No goods that came back after the end wait here.", code="not-open")
    for row in rows:
        row.state, row.ended_at, row.ended_by, row.reason = LateReturnState.noted, clock.now(), actor.id, reason
    complete_tasks(session, actor, clock, notice_stream(notice.id), LATE_RETURN_TASK, "noted")
    record(session, actor, clock.now(), "notice.late_return_noted", notice_stream(notice.id), {
        "recall": command.recall_id, "lots": sorted({row.lot_key for row in rows}), "reason": reason})
    session.flush()
    return len(rows)


def take_up_returns(session: Session, actor: Actor, clock: Clock, recall: Recall) -> int:
    """The case is open again: what came back is part of its books, and a reason that closed a line was given for other
    numbers; answers how many returns."""
    rows = _waiting(session, recall.id)
    for row in rows:
        row.state, row.ended_at, row.ended_by = LateReturnState.taken, clock.now(), actor.id
        line = session.get(RecallLedger, (row.lot_key, recall.id, row.consignee_id), with_for_update=True)
        if line is not None:
            line.settled_at, line.settled_by, line.settled_reason = None, None, ""
        notice = notice_for(session, recall.id, row.consignee_id, lock=True)
        complete_tasks(session, actor, clock, notice_stream(notice.id), LATE_RETURN_TASK, "taken")
    session.flush()
    return len(rows)


def end_idle_duties(session: Session, clock: Clock, recall_id: str) -> None:
    """End duties about goods of which none wait: those of a case that was opened again before goods had a state."""
    about = literal("notice:") + Notice.id
    for consignee_id, stream in session.execute(
            select(Notice.consignee_id, about).join(Task, Task.about == about).where(
                Notice.recall_id == recall_id, Task.kind == LATE_RETURN_TASK, Task.state == TaskState.open)).all():
        if not _waiting(session, recall_id, consignee_id):
            complete_tasks(session, SYSTEM, clock, stream, LATE_RETURN_TASK, "taken")


def late_returns_of(session: Session, recall_id: str, consignee_id: str) -> Sequence[LateReturn]:
    """What became of the goods that came back from a consignee after the end, the last first."""
    return session.scalars(select(LateReturn).where(
        LateReturn.recall_id == recall_id, LateReturn.consignee_id == consignee_id)
        .order_by(LateReturn.came_at.desc(), LateReturn.return_id.desc()).limit(200)).all()


def _waiting(session: Session, recall_id: str, consignee_id: str | None = None) -> Sequence[LateReturn]:
    wanted = select(LateReturn).where(LateReturn.recall_id == recall_id, LateReturn.state == LateReturnState.waiting)
    if consignee_id is not None:
        wanted = wanted.where(LateReturn.consignee_id == consignee_id)
    return session.scalars(wanted.order_by(LateReturn.consignee_id, LateReturn.return_id).with_for_update()).all()
