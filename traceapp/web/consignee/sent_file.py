"""A photo or certificate that comes with an answer."""
from __future__ import annotations

from typing import BinaryIO, Protocol, cast

from flask import request
from sqlalchemy.orm import Session

from traceapp.attachment.model import Attachment
from traceapp.attachment.service import FileStore, ReadyFile, ready_file
from traceapp.core.clock import Clock
from traceapp.core.errors import TooLarge
from traceapp.recall.proofs import limit_files
from traceapp.web.context import source_network, world


class Keep(Protocol):
    """The use case that keeps it with the answers behind a link."""

    def __call__(self, session: Session, clock: Clock, token: str, file: tuple[str, ReadyFile], *,
                 store: FileStore) -> Attachment: ...


def keep_sent_file(token: str, keep: Keep) -> None:
    """Keep the photo that was sent, whatever is wrong with the numbers beside it. Raises InvalidInput, TooLarge,
    TooMany."""
    sent = request.files.get("proof")
    if sent is None or not sent.filename:
        return
    here = world()
    with here.database.write() as db:
        limit_files(db, here.clock, source_network())
    ready = ready_file(cast(BinaryIO, sent.stream), store=here.files)
    with here.database.write() as db:
        keep(db, here.clock, token, (sent.filename, ready), store=here.files)


def too_large() -> TooLarge:
    """Why a form is not taken whose file is larger than is read at all."""
    return TooLarge("The file is larger than %(limit)d MB, so nothing was taken. Send a smaller picture.",
                    place="proof", limit=world().settings.upload_limit_bytes // 1_000_000)
