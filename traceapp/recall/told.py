"""Whether every direct consignee was told, and what follows from it."""
from __future__ import annotations

from datetime import datetime, timedelta

from sqlalchemy import ColumnElement, Select, and_, exists, func, literal, select
from sqlalchemy.orm import Session

from traceapp.core.actor import SYSTEM
from traceapp.core.clock import Clock
from traceapp.outbox.model import OutboxMessage

from .cases import move
from .model import Notice, NoticeAttempt, Recall, RecallLedger
from .states import NoticeState, RecallState

# The least time between two tellings: what is made for the later one sorts behind what was made for the earlier.
NEXT = timedelta(milliseconds=1)
_UNTOLD = (NoticeState.queued, NoticeState.not_sent, NoticeState.uncertain)


def advance_if_told(session: Session, clock: Clock, recall: Recall) -> bool:
    """Whether the recall went on because every direct consignee was told: by a letter that a server took, by an
    answer, or by a person who was reached."""
    if recall.state != RecallState.notifying or is_anybody_untold(session, recall.id):
        return False
    # Answers share the recall: who cannot have it alone at once leaves it to the sweep, so that two never wait for
    # each other.
    alone = session.scalar(select(Recall).where(Recall.id == recall.id, Recall.state == RecallState.notifying)
                           .with_for_update(skip_locked=True).execution_options(populate_existing=True))
    if alone is None:
        return False
    move(session, SYSTEM, clock, alone, "execute")
    session.flush()
    return True


def advance_told(session: Session, clock: Clock, limit: int = 50) -> int:
    """How many recalls went on: what two at once could not see of each other is seen here."""
    waiting = session.scalars(select(Recall).where(Recall.state == RecallState.notifying)
                              .order_by(Recall.id).limit(limit)).all()
    return sum(advance_if_told(session, clock, recall) for recall in waiting)


def after_telling(notice: Notice, clock: Clock) -> datetime:
    """The present moment; not before the consignee was to be told, should the clock have been set back since."""
    return max(clock.now(), notice.queued_at)


def telling_anew_at(session: Session, clock: Clock, recall_id: str) -> datetime:
    """The present moment; behind everything that was said to and by consignees of this recall, should the clock have
    been set back since: what was said before says nothing of what they have to know now."""
    of_recall = (
        select(func.max(Notice.queued_at)).where(Notice.recall_id == recall_id),
        select(func.max(NoticeAttempt.at)).where(NoticeAttempt.recall_id == recall_id),
        select(func.max(RecallLedger.answered_at)).where(RecallLedger.recall_id == recall_id),
        select(func.max(OutboxMessage.created_at)).join(
            Notice, OutboxMessage.subject_key == literal("notice:") + Notice.id).where(Notice.recall_id == recall_id))
    last = [at for at in map(session.scalar, of_recall) if at is not None]
    return max(clock.now(), *(at + NEXT for at in last))


def untold(session: Session, recall_id: str, most: int = 50) -> list[str]:
    """Consignees that nothing proves to have been told since they were last to be told."""
    return list(session.scalars(_untold(recall_id).order_by(Notice.consignee_id).limit(most)))


def is_anybody_untold(session: Session, recall_id: str) -> bool:
    """Whether there is one; the first that is found is enough, so each of many letters asks cheaply."""
    return session.scalars(_untold(recall_id).limit(1)).first() is not None


def is_untold() -> ColumnElement[bool]:
    """The notices whose consignee nothing proves to have been told since it was last to be told."""
    reached = exists(select(NoticeAttempt.position).where(
        NoticeAttempt.recall_id == Notice.recall_id, NoticeAttempt.consignee_id == Notice.consignee_id,
        NoticeAttempt.reached.is_(True), NoticeAttempt.at >= Notice.queued_at))
    answered = exists(select(RecallLedger.lot_key).where(
        RecallLedger.recall_id == Notice.recall_id, RecallLedger.consignee_id == Notice.consignee_id,
        RecallLedger.answered_at >= Notice.queued_at))
    return and_(Notice.state.in_(_UNTOLD), ~reached, ~answered)


def _untold(recall_id: str) -> Select[str]:
    return select(Notice.consignee_id).where(Notice.recall_id == recall_id, is_untold())
