"""What shows that units were destroyed where they had been passed on to: a file, or its word for a reason."""
from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy.orm import Session

from traceapp.attachment.model import Attachment
from traceapp.attachment.service import FileStore, ReadyFile
from traceapp.audit import record
from traceapp.core.actor import Actor
from traceapp.core.clock import Clock
from traceapp.core.errors import NotFound
from traceapp.identity.policy import permit

from .cases import is_running, notice_stream
from .model import Recall
from .naming import lines_of
from .passed_answer import passed_actor, passed_by_id, passed_of_token
from .proofs import ProveDestruction, keep_file
from .proving import ZERO, follow_proof, proof_stream, take_word
from .telling_model import PassedLine, PassedNotice


@dataclass(frozen=True, slots=True)
class AcceptPassedUnproved:
    """Take the word of somebody who got units for what it destroyed of one lot; `reason`: why that is enough."""

    recall_id: str
    passed_id: str
    lot_key: str
    reason: str


def keep_passed_proof(session: Session, clock: Clock, token: str, file: tuple[str, ReadyFile], *,
                      store: FileStore) -> Attachment:
    """Keep (its name, a checked file) beside the answers behind this link; the same file sent twice is kept once.

    Raises NotFound for a link that is none of ours, InvalidInput for more than ten files.
    """
    notice = passed_of_token(session, token, lock=True)
    return _proved(session, passed_actor(notice), clock, notice, file, store)


def prove_passed(session: Session, actor: Actor, clock: Clock, command: ProveDestruction, *,
                 store: FileStore) -> Attachment:
    """Keep a file that came another way; `command.about_id`: whose. Raises NotFound, InvalidInput for more than ten
    files."""
    permit(actor, "recall.write")
    notice = _of_recall(session, command.recall_id, command.about_id)
    return _proved(session, actor, clock, notice, (command.name, command.ready), store)


def accept_passed_unproved(session: Session, actor: Actor, clock: Clock, command: AcceptPassedUnproved) -> PassedLine:
    """Count a claimed destruction as proved, for a reason. Raises NotFound, InvalidInput without a reason, Conflict
    when nothing is claimed, or the recall is not running."""
    permit(actor, "recall.write")
    notice = _of_recall(session, command.recall_id, command.passed_id)
    recall, rows = _case(session, notice)
    row = next((row for row in rows if row.lot_key == command.lot_key), None)
    if row is None:
        raise NotFound("This lot was not passed on to them.", code="unknown-line", place="lot_key")
    take_word(session, actor, clock, (recall, notice), row, command.reason)
    follow_proof(session, actor, clock, (recall, notice), rows)
    session.flush()
    return row


def _of_recall(session: Session, recall_id: str, passed_id: str) -> PassedNotice:
    notice = passed_by_id(session, passed_id, lock=True)
    if notice.recall_id != recall_id:
        raise NotFound("There is no such notice.", code="unknown-notice")
    return notice


def _case(session: Session, notice: PassedNotice) -> tuple[Recall, list[PassedLine]]:
    """The recall, shared: closing it waits; and the lines."""
    recall = session.get_one(Recall, notice.recall_id, with_for_update={"read": True})
    return recall, lines_of(session, [notice.id])[notice.id]


def _proved(session: Session, actor: Actor, clock: Clock, notice: PassedNotice, file: tuple[str, ReadyFile],
            store: FileStore) -> Attachment:
    kept, is_new = keep_file(session, actor, clock, (proof_stream(notice.id), *file), store)
    recall, rows = _case(session, notice)
    claimed = [row for row in rows if row.unproved]
    if is_new and claimed and is_running(recall):
        for row in claimed:
            row.unproved = ZERO
        record(session, actor, clock.now(), "notice.proved", notice_stream(notice.id), {
            "recall": recall.id, "lots": [row.lot_key for row in claimed]})
        follow_proof(session, actor, clock, (recall, notice), rows)
        session.flush()
    return kept
