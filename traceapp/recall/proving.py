"""Units that a consignee says it destroyed: claimed until a photo or certificate is there, or staff take its word."""
from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import timedelta
from decimal import Decimal

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from traceapp.attachment.model import Attachment
from traceapp.audit import record, stream_of
from traceapp.catalog.texts import required_text, short_text
from traceapp.core.actor import Actor
from traceapp.core.clock import Clock
from traceapp.core.errors import Conflict, NotFound
from traceapp.identity.policy import permit
from traceapp.worklist.tasks import RaiseTask, drop_tasks, raise_task

from .cases import is_running, notice_stream, recall_by_id
from .model import Notice, Recall, RecallLedger
from .policy import answer_due
from .states import RecallState
from .telling_model import PassedLine, PassedNotice

# Get a photo or certificate of what a consignee destroyed, or take its word for a reason.
UNPROVED_TASK = "recall.unproved"
_WITH_THE_FORM = timedelta(minutes=10)
ZERO = Decimal(0)


@dataclass(frozen=True, slots=True)
class AcceptUnproved:
    """Take a consignee's word for what it destroyed of one lot; `reason`: why that is enough."""

    recall_id: str
    consignee_id: str
    lot_key: str
    reason: str


def proof_stream(notice_id: str) -> str:
    """What the proofs of destruction of one consignee hang on."""
    return stream_of("destruction", notice_id)


def claim_destroyed(recall: Recall, row: RecallLedger | PassedLine, destroyed: Decimal, *, is_shown: bool) -> None:
    """Count so many as destroyed: what a file or a reason covered before stays covered, the rest is claimed unless a
    file came with it. Where the strategy asks for no proof nothing is."""
    covered = row.destroyed - row.unproved
    row.unproved = max(ZERO, destroyed - covered) if recall.needs_proof and not is_shown else ZERO
    if row.unproved or not destroyed:
        row.accepted_at, row.accepted_by, row.accepted_reason = None, None, ""
    row.destroyed = destroyed


def has_fresh_file(session: Session, clock: Clock, notice: Notice | PassedNotice,
                   rows: Iterable[RecallLedger | PassedLine]) -> bool:
    """Whether a file belongs to what is said now: it came with the same form, or there was nothing before that it could
    have been about."""
    newest = session.scalar(select(func.max(Attachment.added_at)).where(
        Attachment.about == proof_stream(notice.id)))
    return newest is not None and (newest > clock.now() - _WITH_THE_FORM or not any(row.destroyed for row in rows))


def follow_proof(session: Session, actor: Actor, clock: Clock, case: tuple[Recall, Notice | PassedNotice],
                 rows: Iterable[RecallLedger | PassedLine]) -> None:
    """Work for quality as long as something is claimed, and none once nothing is."""
    recall, notice = case
    if not any(row.unproved for row in rows):
        drop_tasks(session, actor, clock, notice_stream(notice.id), UNPROVED_TASK)
    else:
        whose = {"passed_id": notice.id} if isinstance(notice, PassedNotice) else {}
        raise_task(session, actor, clock, RaiseTask(
            UNPROVED_TASK, notice_stream(notice.id), "quality", answer_due(recall.recall_class, clock.now()), params={
                "recall_id": recall.id, "reference": recall.reference, "consignee_id": notice.consignee_id, **whose}))


def prove_all(session: Session, actor: Actor, clock: Clock, notice: Notice) -> None:
    """A file came: all that this consignee claimed so far is proved, while the books are open."""
    recall = recall_by_id(session, notice.recall_id)
    if not is_running(recall):
        return
    rows = list(session.scalars(select(RecallLedger).where(
        RecallLedger.recall_id == notice.recall_id, RecallLedger.consignee_id == notice.consignee_id,
        RecallLedger.unproved > 0).with_for_update()))
    for row in rows:
        row.unproved = ZERO
    if rows:
        record(session, actor, clock.now(), "notice.proved", notice_stream(notice.id), {
            "recall": recall.id, "lots": [row.lot_key for row in rows]})
        follow_proof(session, actor, clock, (recall, notice), rows)
    session.flush()


def accept_unproved(session: Session, actor: Actor, clock: Clock, command: AcceptUnproved) -> RecallLedger:
    """Count a claimed destruction as proved, for a reason. Raises NotFound, InvalidInput without a reason, Conflict
    when nothing is claimed, or the recall is not running."""
    permit(actor, "recall.write")
    notice = session.get(Notice, (command.recall_id, command.consignee_id), with_for_update=True)
    recall = session.get(Recall, command.recall_id, with_for_update={"read": True})
    row = session.get(RecallLedger, (command.lot_key, command.recall_id, command.consignee_id), with_for_update=True)
    if notice is None or recall is None or row is None:
        raise NotFound("This lot did not go to this consignee.", code="unknown-line", place="lot_key")
    take_word(session, actor, clock, (recall, notice), row, command.reason)
    session.flush()
    rest = session.scalars(select(RecallLedger).where(
        RecallLedger.recall_id == recall.id, RecallLedger.consignee_id == notice.consignee_id)).all()
    follow_proof(session, actor, clock, (recall, notice), rest)
    return row


def take_word(session: Session, actor: Actor, clock: Clock, about: tuple[Recall, Notice | PassedNotice],
              row: RecallLedger | PassedLine, reason: str) -> None:
    """Count what is claimed on a line as proved, for a reason. Raises InvalidInput without one, Conflict when nothing
    is claimed, or the recall is not running."""
    recall, notice = about
    if not is_running(recall):
        raise Conflict("The ledger can be changed only while the recall is running; it is “%(state)s”.",
                       code="wrong-state", state=RecallState(recall.state))
    reason = short_text(required_text(reason, place="reason"), 2000, place="reason")
    if not row.unproved:
        raise Conflict("No destruction waits for a proof here.", code="not-open")
    units, row.unproved = row.unproved, ZERO
    row.accepted_at, row.accepted_by, row.accepted_reason = clock.now(), actor.id, reason
    record(session, actor, clock.now(), "notice.accepted_unproved", notice_stream(notice.id), {
        "recall": recall.id, "lot": row.lot_key, "units": units, "reason": reason})
