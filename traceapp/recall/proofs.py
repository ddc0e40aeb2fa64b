"""Files that show that a consignee destroyed its units: photos and certificates."""
from __future__ import annotations

from sqlalchemy.orm import Session

from traceapp.attachment.model import Attachment
from traceapp.attachment.service import FileStore, NewFile, ReadyFile, add_file, attachments_of
from traceapp.attachment.store import hash_of
from traceapp.core.clock import Clock
from traceapp.core.errors import InvalidInput
from traceapp.identity.rate import hit

from .answer import consignee_actor, found_notice, proof_stream
from .model import Notice

MOST_FILES = 10


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
    name, ready = file
    kept = proofs_of(session, notice)
    for one in kept:
        if one.sha256 == hash_of(ready.data):
            return one
    if len(kept) >= MOST_FILES:
        raise InvalidInput("Ten files are enough; this one was not kept. Write in the reason what else there is.",
                           code="too-many", place="proof")
    return add_file(session, consignee_actor(notice), clock, NewFile(proof_stream(notice.id), name, ready),
                    store=store)
