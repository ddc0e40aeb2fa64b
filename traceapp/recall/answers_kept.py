"""Each answer of a consignee as it was given, and those that come after the end of a recall."""
from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from traceapp.audit import record
from traceapp.core.actor import Actor
from traceapp.core.clock import Clock

from .book_model import NoticeAnswer
from .cases import notice_stream
from .late import begin_late
from .model import Notice, Recall


def answers_of(session: Session, notice: Notice) -> tuple[NoticeAnswer, ...]:
    """What this consignee answered, the latest hundred, the last one first."""
    return tuple(session.scalars(select(NoticeAnswer).where(
        NoticeAnswer.recall_id == notice.recall_id, NoticeAnswer.consignee_id == notice.consignee_id)
        .order_by(NoticeAnswer.position.desc()).limit(100)))


def keep_answer(session: Session, at: datetime, notice: Notice, answer: NoticeAnswer, *, is_late: bool = False) -> None:
    """Add an answer to those of a notice that the caller has locked."""
    answer.is_late = is_late
    keep_answers(session, [(at, notice, answer)])


def keep_answers(session: Session, answers: Sequence[tuple[datetime, Notice, NoticeAnswer]]) -> None:
    """Add one answer to those of each notice; all are of one recall and the caller has locked them."""
    if not answers:
        return
    recall_id = answers[0][1].recall_id
    last = {key: position for key, position in session.execute(
        select(NoticeAnswer.consignee_id, func.max(NoticeAnswer.position)).where(
            NoticeAnswer.recall_id == recall_id,
            NoticeAnswer.consignee_id.in_([notice.consignee_id for _at, notice, _answer in answers]))
        .group_by(NoticeAnswer.consignee_id))}
    for at, notice, answer in answers:
        answer.recall_id, answer.consignee_id, answer.answered_at = recall_id, notice.consignee_id, at
        answer.position = last.get(notice.consignee_id, 0) + 1
        session.add(answer)
    session.flush()


def take_late(session: Session, actor: Actor, clock: Clock, case: tuple[Recall, Notice],
              answer: NoticeAnswer) -> None:
    """Keep an answer that came after the end: the signed books stand, and somebody has to look at it. Sent twice it is
    kept once."""
    recall, notice = case
    before = answers_of(session, notice)
    if before and before[0].is_late and _told(before[0]) == _told(answer):
        return
    now = clock.now()
    keep_answer(session, now, notice, answer, is_late=True)
    record(session, actor, now, "notice.answered_late", notice_stream(notice.id), {
        "recall": recall.id, "lines": {key: {name: value for name, value in line.items() if name != "passed_to"}
                                       for key, line in answer.lines.items()}})
    begin_late(session, actor, clock, case, answer)


def _told(answer: NoticeAnswer) -> tuple[object, ...]:
    return answer.lines, answer.passed, answer.explanation, answer.answered_by
