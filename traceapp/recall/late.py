"""Answers after the end of a recall: the signed books stand; what becomes of each ends by a rule or by a decision."""
from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from decimal import Decimal
from typing import Any

from sqlalchemy import Select, exists, select
from sqlalchemy.orm import Session

from traceapp.audit import record
from traceapp.catalog.texts import required_text, short_text
from traceapp.core.actor import SYSTEM, Actor
from traceapp.core.clock import Clock
from traceapp.core.errors import Conflict
from traceapp.identity.policy import permit
from traceapp.worklist.tasks import RaiseTask, complete_tasks, raise_task

from .book_model import LateAnswer, LateState, NoticeAnswer
from .cases import is_running, notice_stream, recall_by_id
from .model import Notice, Recall, RecallLedger
from .notices import notice_for
from .policy import PLACES
from .states import RecallState

# Look at an answer that came after the end.
LATE_TASK = "recall.late_answer"
LOOKED_AT_WITHIN = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class NoteLate:
    """The books stand although a consignee said something else after the end; `reason`: why."""

    recall_id: str
    consignee_id: str
    reason: str


def begin_late(session: Session, actor: Actor, clock: Clock, case: tuple[Recall, Notice], answer: NoticeAnswer) -> None:
    """Say what becomes of an answer that came after the end; one of which nobody has to think ends at once."""
    recall, notice = case
    late = LateAnswer(recall_id=recall.id, consignee_id=notice.consignee_id, position=answer.position,
                      came_at=clock.now(), state=LateState.waiting, reason="")
    session.add(late)
    _judge(session, clock, case, late, answer)
    session.flush()
    _follow_task(session, actor, clock, case, str(late.state))


def judge_waiting(session: Session, clock: Clock, recall_id: str) -> int:
    """Say of each answer of one recall that waits what becomes of it, as if it came now; answers how many ended. Of a
    case that is open again an answer that was given since replaces what waits."""
    recall, ended = recall_by_id(session, recall_id), 0
    for consignee_id in session.scalars(select(LateAnswer.consignee_id).where(
            LateAnswer.recall_id == recall.id, LateAnswer.state == LateState.waiting).distinct().order_by(
            LateAnswer.consignee_id)).all():
        notice = notice_for(session, recall.id, consignee_id, lock=True)
        rows = _waiting(session, recall.id, consignee_id)
        for late, answer in rows:
            if not is_running(recall):
                _judge(session, clock, (recall, notice), late, answer)
            elif _is_answered_since(session, answer):
                _end(clock, late, LateState.replaced)
        session.flush()
        over = [late.state for late, _answer in rows if late.state != LateState.waiting]
        ended += len(over)
        _follow_task(session, SYSTEM, clock, (recall, notice), over[-1] if over else "")
    return ended


def note_late(session: Session, actor: Actor, clock: Clock, command: NoteLate) -> int:
    """Let the signed books stand, for a reason; answers how many answers that ended. Raises NotFound, InvalidInput
    without a reason, Conflict when none waits."""
    permit(actor, "recall.write")
    notice = notice_for(session, command.recall_id, command.consignee_id, lock=True)
    reason = short_text(required_text(command.reason, place="reason"), 2000, place="reason")
    rows = _waiting(session, command.recall_id, command.consignee_id)
    if not rows:
        raise Conflict("No answer that came after the end waits here.", code="not-open")
    for late, _answer in rows:
        _end(clock, late, LateState.noted, actor, reason)
    complete_tasks(session, actor, clock, notice_stream(notice.id), LATE_TASK, "noted")
    record(session, actor, clock.now(), "notice.late_noted", notice_stream(notice.id), {
        "recall": command.recall_id, "reason": reason})
    session.flush()
    return len(rows)


def late_of(session: Session, recall_id: str, consignee_id: str | None = None) -> Sequence[LateAnswer]:
    """What became of the answers that came after the end, the last first."""
    wanted = select(LateAnswer).where(LateAnswer.recall_id == recall_id)
    if consignee_id is not None:
        wanted = wanted.where(LateAnswer.consignee_id == consignee_id)
    return session.scalars(wanted.order_by(
        LateAnswer.came_at.desc(), LateAnswer.consignee_id, LateAnswer.position.desc()).limit(200)).all()


def waiting_of(session: Session, recall_id: str, consignee_id: str) -> tuple[NoticeAnswer, ...]:
    """The answers of a consignee that wait, the first first."""
    return tuple(answer for _late, answer in session.execute(_waits(recall_id, consignee_id)))


def lots_of(answer: Any) -> set[str]:
    """The lots that an answer is about; of a consignee, or of somebody further down."""
    return set(answer.lines) | {key for one in answer.passed for key in one["units"]}


def _waits(recall_id: str, consignee_id: str) -> Select[LateAnswer, NoticeAnswer]:
    return select(LateAnswer, NoticeAnswer).join(NoticeAnswer, (
        NoticeAnswer.recall_id == LateAnswer.recall_id) & (NoticeAnswer.consignee_id == LateAnswer.consignee_id) & (
        NoticeAnswer.position == LateAnswer.position)).where(
        LateAnswer.recall_id == recall_id, LateAnswer.consignee_id == consignee_id,
        LateAnswer.state == LateState.waiting).order_by(LateAnswer.position)


def _waiting(session: Session, recall_id: str, consignee_id: str) -> list[tuple[LateAnswer, NoticeAnswer]]:
    return [(late, answer) for late, answer in session.execute(
        _waits(recall_id, consignee_id).with_for_update(of=LateAnswer))]


def _judge(session: Session, clock: Clock, case: tuple[Recall, Notice], late: LateAnswer,
           answer: NoticeAnswer) -> None:
    """End it where nobody has to think; what waits from before about no other lots is replaced."""
    recall, notice = case
    for earlier, said in _waiting(session, recall.id, notice.consignee_id):
        if earlier.position < late.position and lots_of(said) <= lots_of(answer):
            _end(clock, earlier, LateState.replaced)
    if recall.state == RecallState.cancelled:
        _end(clock, late, LateState.withdrawn)
    elif _says_the_same(session, notice, answer):
        _end(clock, late, LateState.same)


def _end(clock: Clock, late: LateAnswer, state: LateState, actor: Actor = SYSTEM, reason: str = "") -> None:
    late.state, late.ended_at, late.ended_by, late.reason = state, clock.now(), actor.id, reason


def _follow_task(session: Session, actor: Actor, clock: Clock, case: tuple[Recall, Notice], outcome: str) -> None:
    recall, notice = case
    if not _waiting(session, recall.id, notice.consignee_id):
        complete_tasks(session, SYSTEM, clock, notice_stream(notice.id), LATE_TASK, outcome)
        return
    raise_task(session, actor, clock, RaiseTask(
        LATE_TASK, notice_stream(notice.id), "quality", clock.now() + LOOKED_AT_WITHIN, params={
            "recall_id": recall.id, "reference": recall.reference, "consignee_id": notice.consignee_id}))


def _says_the_same(session: Session, notice: Notice, answer: NoticeAnswer) -> bool:
    """Whether every number is what the books say, every line that it is about adds up there, and it names nobody."""
    rows = lines_of_consignee(session, notice.recall_id, notice.consignee_id)
    return not answer.passed and all(_is_same(rows.get(key), said) for key, said in answer.lines.items())


def _is_same(row: RecallLedger | None, said: Mapping[str, str]) -> bool:
    return row is not None and row.on_hand is not None and not row.unproved and all(
        getattr(row, name) == Decimal(said.get(name, "0")) for name in ("received", *PLACES))


def lines_of_consignee(session: Session, recall_id: str, consignee_id: str) -> dict[str, RecallLedger]:
    """The lines of the ledger of one consignee by lot, locked."""
    return {row.lot_key: row for row in session.scalars(select(RecallLedger).where(
        RecallLedger.recall_id == recall_id, RecallLedger.consignee_id == consignee_id)
        .order_by(RecallLedger.lot_key).with_for_update())}


def _is_answered_since(session: Session, answer: NoticeAnswer) -> bool:
    """Whether the same consignee answered after this one while the books were open."""
    return session.scalar(select(exists().where(
        NoticeAnswer.recall_id == answer.recall_id, NoticeAnswer.consignee_id == answer.consignee_id,
        NoticeAnswer.position > answer.position, NoticeAnswer.is_late.is_(False)))) or False
