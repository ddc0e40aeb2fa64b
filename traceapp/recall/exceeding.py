"""Answers that say far more units than were shipped: work for quality until we say why, whatever they wrote."""
from __future__ import annotations

from collections.abc import Iterable

from sqlalchemy.orm import Session

from traceapp.core.actor import Actor
from traceapp.core.clock import Clock
from traceapp.worklist.tasks import complete_tasks

from .answer_said import counted_of
from .cases import notice_stream
from .model import Notice, Recall, RecallLedger
from .notices import raise_notice_task
from .policy import is_far_more

# Find out why a consignee says far more than was shipped: correct the answer with it, or settle the line.
EXCESS_TASK = "recall.excess"


def is_strange(row: RecallLedger) -> bool:
    """Whether far more is said of a line than was shipped, and nobody of ours said why."""
    counted = counted_of(row)
    return counted is not None and row.settled_at is None and is_far_more(row.shipped, counted.said)


def follow_excess(session: Session, actor: Actor, clock: Clock, case: tuple[Recall, Notice],
                  rows: Iterable[RecallLedger]) -> None:
    """Work for quality as long as there is such a line, and none once there is none."""
    recall, notice = case
    if any(map(is_strange, rows)):
        raise_notice_task(session, actor, clock, recall, notice, EXCESS_TASK)
    else:
        complete_tasks(session, actor, clock, notice_stream(notice.id), EXCESS_TASK, "explained")
