"""Keeping files once by their content, and hanging them on things."""
from __future__ import annotations

import hashlib
import os
import re
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from sqlalchemy import select
from sqlalchemy.orm import Session

from traceapp.audit import record
from traceapp.core.actor import Actor
from traceapp.core.clock import Clock
from traceapp.core.errors import NotFound, TooLarge
from traceapp.core.ids import new_id
from traceapp.db.insert import insert_if_new

from .content import MOST_BYTES, check_file
from .model import Attachment, StoredFile

_DIGEST = re.compile(r"[0-9a-f]{64}")


class FileStore:
    """Files in a folder, each under its SHA-256; written beside first and renamed, so that none is ever half there."""

    def __init__(self, directory: Path) -> None:
        self.directory = directory

    def path(self, sha256: str) -> Path:
        """Where a file stands. Raises NotFound for what is no digest."""
        if not _DIGEST.fullmatch(sha256):
            raise NotFound("There is no such file.")
        return self.directory / sha256[:2] / sha256

    def put(self, content: bytes) -> str:
        """Keep the bytes; answers their digest."""
        sha256 = hashlib.sha256(content).hexdigest()
        target = self.path(sha256)
        if not target.exists():
            target.parent.mkdir(parents=True, exist_ok=True)
            descriptor, unfinished = tempfile.mkstemp(dir=target.parent)
            with os.fdopen(descriptor, "wb") as file:
                file.write(content)
                file.flush()
                os.fsync(file.fileno())
            Path(unfinished).replace(target)
        return sha256

    def open(self, sha256: str) -> BinaryIO:
        """The bytes. Raises NotFound when they are gone."""
        try:
            return self.path(sha256).open("rb")
        except FileNotFoundError:
            raise NotFound("There is no such file.") from None

    def is_whole(self, sha256: str) -> bool:
        """Whether the file is there with the content that its name promises."""
        path = self.path(sha256)
        if not path.is_file():
            return False
        with path.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest() == sha256


@dataclass(frozen=True, slots=True)
class NewFile:
    """`about` is what it hangs on (`inspection:…`); public ones may be fetched from the consumer's page."""

    about: str
    name: str
    content: bytes | BinaryIO
    is_public: bool = False


def add_file(session: Session, actor: Actor, clock: Clock, command: NewFile, *, store: FileStore) -> Attachment:
    """Check a file by its content, keep it, and hang it on its thing.

    The bytes are on disk before the row is committed; a rolled-back act leaves at most a file that nothing names.
    """
    name = _plain_name(command.name)
    checked = check_file(name, _all(command.content, name))
    sha256 = store.put(checked.content)
    now = clock.now()
    insert_if_new(session, StoredFile, {"sha256": sha256, "media_type": checked.media_type,
                                        "size_bytes": len(checked.content), "stored_at": now})
    attachment = Attachment(id=new_id(now), about=command.about, sha256=sha256, name=name, is_public=command.is_public,
                            added_at=now, added_by=actor.id)
    session.add(attachment)
    record(session, actor, now, "attachment.added", command.about, {"sha256": sha256, "type": checked.media_type})
    return attachment


def _all(content: bytes | BinaryIO, name: str) -> bytes:
    if isinstance(content, bytes):
        return content
    data = content.read(MOST_BYTES + 1)
    if len(data) > MOST_BYTES:
        raise TooLarge("The file “%(name)s” is larger than %(limit)s MB. Nothing was saved. Send a smaller one.",
                       name=name, limit=MOST_BYTES // 1_000_000)
    return data


def _plain_name(name: str) -> str:
    bare = re.split(r"[\\/]", name)[-1]
    return re.sub(r"[\x00-\x1f\x7f\"<>]", "", bare)[:120] or "file"


def attachments_of(session: Session, about: str) -> list[tuple[Attachment, StoredFile]]:
    """The files on a thing, in the order in which they came."""
    rows = session.execute(select(Attachment, StoredFile).join(StoredFile, StoredFile.sha256 == Attachment.sha256)
                           .where(Attachment.about == about).order_by(Attachment.id))
    return [(attachment, stored) for attachment, stored in rows]


def attachment_by_id(session: Session, attachment_id: str) -> tuple[Attachment, StoredFile]:
    """One attachment with its file. Raises NotFound."""
    row = session.execute(select(Attachment, StoredFile).join(StoredFile, StoredFile.sha256 == Attachment.sha256)
                          .where(Attachment.id == attachment_id)).first()
    if row is None:
        raise NotFound("There is no such file.")
    return row[0], row[1]
