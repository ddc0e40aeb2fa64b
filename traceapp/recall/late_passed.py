"""Answers after the end from those whom units were passed on to: kept beside what stood then, as for consignees."""
from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from traceapp.audit import record
from traceapp.catalog.texts import required_text, short_text
from traceapp.core.actor import SYSTEM, Actor
from traceapp.core.clock import Clock
from traceapp.core.errors import Conflict, NotFound
from traceapp.identity.policy import permit
from traceapp.worklist.tasks import complete_tasks

from .book_model import LatePassedAnswer, LateState
from .cases import notice_stream
from .late import LATE_TASK, lots_of
from .model import Recall
from .passing_on import raise_passed_task
from .states import RecallState
from .telling_model import PassedLine, PassedNotice


@dataclass(frozen=True, slots=True)
class NoteLatePassed:
    """What stood at the end stands, although one of them said something else afterwards; `reason`: why."""

    recall_id: str
    passed_id: str
    reason: str


def take_late_passed(session: Session, actor: Actor, clock: Clock, case: tuple[Recall, PassedNotice],
                     said: LatePassedAnswer) -> None:
    """Keep such an answer, and say what becomes of it; sent twice it is kept once."""
    recall, passed = case
    before = late_passed_of(session, passed.id)
    if before and _told(before[0]) == _told(said):
        return
    now = clock.now()
    last = session.scalar(select(func.max(LatePassedAnswer.position)).where(LatePassedAnswer.passed_id == passed.id))
    said.passed_id, said.recall_id, said.position = passed.id, recall.id, (last or 0) + 1
    said.came_at, said.state, said.reason = now, LateState.waiting, ""
    record(session, actor, now, "notice.answered_late", notice_stream(passed.id), {
        "recall": recall.id, "lines": said.lines})
    _judge(session, clock, recall, said, [one for one in before if one.state == LateState.waiting])
    session.add(said)
    session.flush()
    if waiting_passed(session, passed.id):
        raise_passed_task(session, actor, clock, recall, passed, LATE_TASK)
    else:
        complete_tasks(session, SYSTEM, clock, notice_stream(passed.id), LATE_TASK, str(said.state))


def note_late_passed(session: Session, actor: Actor, clock: Clock, command: NoteLatePassed) -> int:
    """Let stand what stood at the end, for a reason; answers how many answers that ended. Raises NotFound, InvalidInput
    without a reason, Conflict when none waits."""
    permit(actor, "recall.write")
    passed = session.get(PassedNotice, command.passed_id, with_for_update=True)
    if passed is None or passed.recall_id != command.recall_id:
        raise NotFound("There is no such notice.", code="unknown-notice")
    reason = short_text(required_text(command.reason, place="reason"), 2000, place="reason")
    rows = waiting_passed(session, passed.id)
    if not rows:
        raise Conflict("No answer that came after the end waits here.", code="not-open")
    for row in rows:
        end_late_passed(clock, row, LateState.noted, actor, reason)
    complete_tasks(session, actor, clock, notice_stream(passed.id), LATE_TASK, "noted")
    record(session, actor, clock.now(), "notice.late_noted", notice_stream(passed.id), {
        "recall": command.recall_id, "reason": reason})
    session.flush()
    return len(rows)


def late_passed_of(session: Session, passed_id: str) -> Sequence[LatePassedAnswer]:
    """What one of them said after the end, the last first."""
    return session.scalars(select(LatePassedAnswer).where(LatePassedAnswer.passed_id == passed_id)
                           .order_by(LatePassedAnswer.position.desc()).limit(100)).all()


def waiting_passed(session: Session, passed_id: str) -> Sequence[LatePassedAnswer]:
    """Those of them that wait, the first first."""
    return session.scalars(select(LatePassedAnswer).where(
        LatePassedAnswer.passed_id == passed_id, LatePassedAnswer.state == LateState.waiting)
        .order_by(LatePassedAnswer.position)).all()


def waiting_among(session: Session, recall_id: str) -> set[str]:
    """Who of a recall said something that waits, by notice."""
    return set(session.scalars(select(LatePassedAnswer.passed_id).where(
        LatePassedAnswer.recall_id == recall_id, LatePassedAnswer.state == LateState.waiting)))


def end_late_passed(clock: Clock, row: LatePassedAnswer, state: LateState, actor: Actor = SYSTEM,
                    reason: str = "") -> None:
    """It waits no longer."""
    row.state, row.ended_at, row.ended_by, row.reason = state, clock.now(), actor.id, reason


def _judge(session: Session, clock: Clock, recall: Recall, said: LatePassedAnswer,
           waiting: Sequence[LatePassedAnswer]) -> None:
    for earlier in waiting:
        if lots_of(earlier) <= lots_of(said):
            end_late_passed(clock, earlier, LateState.replaced)
    if recall.state == RecallState.cancelled:
        end_late_passed(clock, said, LateState.withdrawn)
        return
    rows = {row.lot_key: row for row in session.scalars(select(PassedLine).where(
        PassedLine.notice_id == said.passed_id))}
    if not said.passed and all(_is_same(rows[key], numbers) for key, numbers in said.lines.items()):
        end_late_passed(clock, said, LateState.same)


def _is_same(row: PassedLine, numbers: Mapping[str, str]) -> bool:
    return all(getattr(row, name) == Decimal(value) for name, value in numbers.items())


def _told(said: LatePassedAnswer) -> tuple[object, ...]:
    return said.lines, said.passed, said.explanation, said.answered_by
