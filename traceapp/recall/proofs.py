"""Files that show that units were destroyed, by a consignee or by us: photos and certificates."""
from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import select
from sqlalchemy.orm import Session

from traceapp.attachment.model import Attachment
from traceapp.attachment.service import FileStore, NewFile, ReadyFile, add_file, attachments_of
from traceapp.attachment.store import hash_of
from traceapp.audit import stream_of
from traceapp.core.actor import Actor
from traceapp.core.clock import Clock
from traceapp.core.errors import InvalidInput, NotFound
from traceapp.identity.policy import permit
from traceapp.identity.rate import hit

from .answer import consignee_actor, found_notice
from .book_model import RecallDisposition
from .model import Notice
from .notices import notice_for
from .proving import proof_stream, prove_all

MOST_FILES = 10


@dataclass(frozen=True, slots=True)
class ProveDestruction:
    """A checked file; `about_id`: the consignee, or what was decided."""

    recall_id: str
    about_id: str
    name: str
    ready: ReadyFile


def proofs_of(session: Session, notice: Notice) -> tuple[Attachment, ...]:
    """What shows that this consignee destroyed units, oldest first."""
    return attachments_of(session, proof_stream(notice.id))


def limit_files(session: Session, clock: Clock, source: str) -> None:
    """Count a file that was sent; drawing a picture anew is dear. Raises TooMany: 60 an hour for an address."""
    hit(session, clock, f"answer:file:{source}", 60, 3600)


def keep_proof(session: Session, clock: Clock, token: str, file: tuple[str, ReadyFile], *,
               store: FileStore) -> Attachment:
    """Keep (its name, a checked file) beside the answers behind this link; the same file sent twice is kept once.

    Raises NotFound for a link that is none of ours, InvalidInput for more than ten files.
    """
    notice, _recall = found_notice(session, token, lock=True)
    return _proved(session, consignee_actor(notice), clock, notice, file, store)


def prove_destruction(session: Session, actor: Actor, clock: Clock, command: ProveDestruction, *,
                      store: FileStore) -> Attachment:
    """Keep a file that a consignee sent another way. Raises NotFound, InvalidInput for more than ten files."""
    permit(actor, "recall.write")
    notice = notice_for(session, command.recall_id, command.about_id, lock=True)
    return _proved(session, actor, clock, notice, (command.name, command.ready), store)


def prove_disposition(session: Session, actor: Actor, clock: Clock, command: ProveDestruction, *,
                      store: FileStore) -> Attachment:
    """Keep a file with what was decided about units in our hands. Raises NotFound, InvalidInput for more than ten
    files."""
    permit(actor, "recall.write")
    row = session.scalar(select(RecallDisposition).where(
        RecallDisposition.recall_id == command.recall_id, RecallDisposition.id == command.about_id).with_for_update())
    if row is None:
        raise NotFound("There is no such decision.", code="unknown-disposition")
    return keep_file(session, actor, clock, (disposition_stream(row.id), command.name, command.ready), store)[0]


def disposition_stream(disposition_id: str) -> str:
    """What the files of a decision hang on."""
    return stream_of("disposition", disposition_id)


def _proved(session: Session, actor: Actor, clock: Clock, notice: Notice, file: tuple[str, ReadyFile],
            store: FileStore) -> Attachment:
    kept, is_new = keep_file(session, actor, clock, (proof_stream(notice.id), *file), store)
    if is_new:  # what shows ten destroyed units shows no more of them when it is sent again
        prove_all(session, actor, clock, notice)
    return kept


def keep_file(session: Session, actor: Actor, clock: Clock, file: tuple[str, str, ReadyFile],
          store: FileStore) -> tuple[Attachment, bool]:
    """The file, and whether it was not there before."""
    about, name, ready = file
    kept = attachments_of(session, about)
    for one in kept:
        if one.sha256 == hash_of(ready.data):
            return one, False
    if len(kept) >= MOST_FILES:
        raise InvalidInput("Ten files are enough; this one was not kept. Write in the reason what else there is.",
                           code="too-many", place="proof")
    return add_file(session, actor, clock, NewFile(about, name, ready), store=store), True
