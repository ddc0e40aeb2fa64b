"""Answers after the end of a recall: the signed books stand; what becomes of each ends by a rule or by a decision."""
from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import timedelta
from decimal import Decimal

from sqlalchemy import select
from sqlalchemy.orm import Session

from traceapp.audit import record
from traceapp.catalog.texts import required_text, short_text
from traceapp.core.actor import SYSTEM, Actor
from traceapp.core.clock import Clock
from traceapp.core.errors import Conflict
from traceapp.identity.policy import permit
from traceapp.worklist.tasks import RaiseTask, complete_tasks, raise_task

from .book_model import LateAnswer, LateState, NoticeAnswer
from .cases import notice_stream
from .model import Notice, Recall, RecallLedger
from .notices import notice_for
from .policy import PLACES
from .proving import follow_proof
from .states import RecallState

# Look at an answer that came after the end.
LATE_TASK = "recall.late_answer"
_LOOKED_AT_WITHIN = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class NoteLate:
    """The books stand although a consignee said something else after the end; `reason`: why."""

    recall_id: str
    consignee_id: str
    reason: str


def begin_late(session: Session, actor: Actor, clock: Clock, case: tuple[Recall, Notice], answer: NoticeAnswer) -> None:
    """Say what becomes of an answer that came after the end; one of which nobody has to think ends at once."""
    recall, notice = case
    now = clock.now()
    _end(session, actor, clock, notice, LateState.replaced, "")
    state = LateState.withdrawn if recall.state == RecallState.cancelled else (
        LateState.same if _says_the_same(session, notice, answer) else LateState.waiting)
    is_over = state != LateState.waiting
    session.add(LateAnswer(recall_id=recall.id, consignee_id=notice.consignee_id, position=answer.position, state=state,
                           came_at=now, ended_at=now if is_over else None, ended_by=SYSTEM.id if is_over else None,
                           reason=""))
    session.flush()
    if is_over:
        complete_tasks(session, SYSTEM, clock, notice_stream(notice.id), LATE_TASK, str(state))
    else:
        raise_task(session, actor, clock, RaiseTask(
            LATE_TASK, notice_stream(notice.id), "quality", now + _LOOKED_AT_WITHIN, params={
                "recall_id": recall.id, "reference": recall.reference, "consignee_id": notice.consignee_id}))


def note_late(session: Session, actor: Actor, clock: Clock, command: NoteLate) -> int:
    """Let the signed books stand, for a reason; answers how many answers that ended. Raises NotFound, InvalidInput
    without a reason, Conflict when none waits."""
    permit(actor, "recall.write")
    notice = notice_for(session, command.recall_id, command.consignee_id, lock=True)
    reason = short_text(required_text(command.reason, place="reason"), 2000, place="reason")
    count = _end(session, actor, clock, notice, LateState.noted, reason)
    if not count:
        raise Conflict("No answer that came after the end waits here.", code="not-open")
    complete_tasks(session, actor, clock, notice_stream(notice.id), LATE_TASK, "noted")
    record(session, actor, clock.now(), "notice.late_noted", notice_stream(notice.id), {
        "recall": command.recall_id, "reason": reason})
    session.flush()
    return count


def take_up_late(session: Session, actor: Actor, clock: Clock, recall: Recall) -> int:
    """The case is open again: the last answer of each consignee that waited counts now, in the ledger as it was given;
    answers how many."""
    waiting = session.execute(
        select(LateAnswer, NoticeAnswer).join(NoticeAnswer, (
            NoticeAnswer.recall_id == LateAnswer.recall_id) & (NoticeAnswer.consignee_id == LateAnswer.consignee_id) & (
            NoticeAnswer.position == LateAnswer.position))
        .where(LateAnswer.recall_id == recall.id, LateAnswer.state == LateState.waiting)
        .order_by(LateAnswer.consignee_id)).all()
    for late, answer in waiting:
        notice = notice_for(session, recall.id, late.consignee_id, lock=True)
        rows = _into_ledger(session, recall, answer)
        follow_proof(session, actor, clock, (recall, notice), rows)
        late.state, late.ended_at, late.ended_by = LateState.taken, clock.now(), actor.id
        complete_tasks(session, actor, clock, notice_stream(notice.id), LATE_TASK, "taken")
        record(session, actor, clock.now(), "notice.late_taken", notice_stream(notice.id), {
            "recall": recall.id, "lots": sorted(answer.lines)})
    session.flush()
    return len(waiting)


def late_of(session: Session, recall_id: str, consignee_id: str | None = None) -> Sequence[LateAnswer]:
    """What became of the answers that came after the end, the last first."""
    wanted = select(LateAnswer).where(LateAnswer.recall_id == recall_id)
    if consignee_id is not None:
        wanted = wanted.where(LateAnswer.consignee_id == consignee_id)
    return session.scalars(wanted.order_by(LateAnswer.came_at.desc(), LateAnswer.consignee_id).limit(200)).all()


def _end(session: Session, actor: Actor, clock: Clock, notice: Notice, state: LateState, reason: str) -> int:
    waiting = session.scalars(select(LateAnswer).where(
        LateAnswer.recall_id == notice.recall_id, LateAnswer.consignee_id == notice.consignee_id,
        LateAnswer.state == LateState.waiting).with_for_update()).all()
    for one in waiting:
        one.state, one.ended_at, one.ended_by, one.reason = state, clock.now(), actor.id, reason
    return len(waiting)


def _says_the_same(session: Session, notice: Notice, answer: NoticeAnswer) -> bool:
    """Whether every number is what the books say, and every line that it is about adds up there."""
    rows = _rows(session, notice.recall_id, notice.consignee_id)
    return all(key in rows and rows[key].on_hand is not None and not rows[key].unproved and all(
        getattr(rows[key], name) == Decimal(said.get(name, "0")) for name in ("received", *PLACES))
        for key, said in answer.lines.items())


def _into_ledger(session: Session, recall: Recall, answer: NoticeAnswer) -> Iterable[RecallLedger]:
    rows = _rows(session, recall.id, answer.consignee_id)
    for key, said in answer.lines.items():
        row = rows.get(key)
        if row is None:
            continue
        was_shown = row.destroyed - row.unproved
        for name in ("received", *(place for place in PLACES if place != "passed_on")):
            setattr(row, name, Decimal(said.get(name, "0")))
        row.unproved = max(Decimal(0), row.destroyed - was_shown) if recall.needs_proof else Decimal(0)
        row.answered_at, row.answered_by = answer.answered_at, answer.answered_by
        row.explanation, row.passed_to = answer.explanation, said.get("passed_to", row.passed_to)
        row.settled_at, row.settled_by, row.settled_reason = None, None, ""
    return rows.values()


def _rows(session: Session, recall_id: str, consignee_id: str) -> dict[str, RecallLedger]:
    return {row.lot_key: row for row in session.scalars(select(RecallLedger).where(
        RecallLedger.recall_id == recall_id, RecallLedger.consignee_id == consignee_id).with_for_update())}
