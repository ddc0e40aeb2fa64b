"""Each answer of a consignee as it was given, and those that come after the end of a recall."""
from __future__ import annotations

from datetime import datetime, timedelta

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from traceapp.audit import record
from traceapp.core.actor import Actor
from traceapp.core.clock import Clock
from traceapp.worklist.tasks import RaiseTask, raise_task

from .book_model import NoticeAnswer
from .cases import notice_stream
from .model import Notice, Recall

LATE_TASK = "recall.late_answer"
_LOOKED_AT_WITHIN = timedelta(days=1)


def answers_of(session: Session, notice: Notice) -> tuple[NoticeAnswer, ...]:
    """What this consignee answered, the latest hundred, the last one first."""
    return tuple(session.scalars(select(NoticeAnswer).where(
        NoticeAnswer.recall_id == notice.recall_id, NoticeAnswer.consignee_id == notice.consignee_id)
        .order_by(NoticeAnswer.position.desc()).limit(100)))


def keep_answer(session: Session, at: datetime, notice: Notice, answer: NoticeAnswer, *, is_late: bool = False) -> None:
    """Add an answer to those of a notice that the caller has locked."""
    last = session.scalar(select(func.max(NoticeAnswer.position)).where(
        NoticeAnswer.recall_id == notice.recall_id, NoticeAnswer.consignee_id == notice.consignee_id))
    answer.recall_id, answer.consignee_id, answer.position = notice.recall_id, notice.consignee_id, (last or 0) + 1
    answer.answered_at, answer.is_late = at, is_late
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
    raise_task(session, actor, clock, RaiseTask(LATE_TASK, notice_stream(notice.id), "quality",
                                                now + _LOOKED_AT_WITHIN))


def _told(answer: NoticeAnswer) -> tuple[object, ...]:
    return answer.lines, answer.explanation, answer.answered_by
