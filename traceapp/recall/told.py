"""Whether every direct consignee was told, and what follows from it."""
from __future__ import annotations

from sqlalchemy import select
from sqlalchemy.orm import Session

from traceapp.core.actor import SYSTEM
from traceapp.core.clock import Clock

from .cases import move
from .model import Notice, NoticeAttempt, Recall
from .states import NoticeState, RecallState

_TOLD = (NoticeState.sent, NoticeState.answered)


def advance_if_told(session: Session, clock: Clock, recall: Recall) -> bool:
    """Whether the recall went on because every direct consignee was told: by a letter that a server took, by an
    answer, or by a person who was reached."""
    if recall.state != RecallState.notifying or untold(session, recall.id, 1):
        return False
    session.refresh(recall, with_for_update=True)
    if recall.state != RecallState.notifying:
        return False
    move(session, SYSTEM, clock, recall, "execute")
    session.flush()
    return True


def untold(session: Session, recall_id: str, most: int = 50) -> list[str]:
    """Consignees that nothing proves to have been told."""
    reached = select(NoticeAttempt.consignee_id).where(NoticeAttempt.recall_id == recall_id,
                                                       NoticeAttempt.reached.is_(True))
    return list(session.scalars(select(Notice.consignee_id).where(
        Notice.recall_id == recall_id, Notice.state.not_in(_TOLD), Notice.answers == 0,
        Notice.consignee_id.not_in(reached)).order_by(Notice.consignee_id).limit(most)))
