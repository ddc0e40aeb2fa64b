"""Use cases of attachments: files that hang on things."""
from __future__ import annotations

from dataclasses import dataclass
from typing import BinaryIO

from sqlalchemy import select
from sqlalchemy.orm import Session

from traceapp.audit import record
from traceapp.core.actor import Actor
from traceapp.core.clock import Clock
from traceapp.core.errors import NotFound
from traceapp.core.ids import new_id

from .inspect import safe_form
from .model import Attachment, StoredFile
from .store import FileStore, open_file

_ENDINGS = {"application/pdf": ".pdf", "image/png": ".png", "image/jpeg": ".jpg", "image/webp": ".webp"}
_LONGEST_NAME = 200


@dataclass(frozen=True, slots=True)
class NewFile:
    """`about` names the thing that the file hangs on, as a stream of the trail does: `complaint:…`. The public may
    read what is `is_public`."""

    about: str
    name: str
    content: bytes | BinaryIO
    is_public: bool = False


def add_file(session: Session, actor: Actor, clock: Clock, command: NewFile, *, store: FileStore) -> Attachment:
    """Keep a file and hang it on a thing. Raises TooLarge, and InvalidInput for what is neither a sound picture nor
    a sound PDF.

    The bytes are on disk before the row is; a unit of work that fails leaves at most a file that nothing names.
    """
    data, media_type = safe_form(store.read_all(command.content))
    sha256 = store.put(data)
    now = clock.now()
    if session.get(StoredFile, sha256) is None:
        session.add(StoredFile(sha256=sha256, media_type=media_type, size_bytes=len(data), stored_at=now))
    attachment = Attachment(id=new_id(now), about=command.about, sha256=sha256, is_public=command.is_public,
                            name=shown_name(command.name, media_type), added_at=now, added_by=actor.id)
    session.add(attachment)
    # The name is what the sender wrote and may name a person: the trail keeps the hash.
    record(session, actor, now, "file.added", command.about,
           {"attachment": attachment.id, "sha256": sha256, "media_type": media_type, "public": command.is_public})
    session.flush()
    return attachment


def hang_elsewhere(session: Session, actor: Actor, clock: Clock, about: str, new_about: str) -> int:
    """Hang all files of one thing on another, as when a draft becomes a case; answers how many."""
    rows = attachments_of(session, about)
    for row in rows:
        row.about = new_about
        record(session, actor, clock.now(), "file.moved", new_about, {"attachment": row.id, "sha256": row.sha256})
    session.flush()
    return len(rows)


def shown_name(name: str, media_type: str) -> str:
    """The name that the file is offered under: no folders, no control characters, the ending that it really has."""
    last = name.replace("\\", "/").rsplit("/", 1)[-1]
    clean = "".join(character for character in last if character.isprintable()).strip(" .")
    ending = _ENDINGS[media_type]
    stem = clean.rsplit(".", 1)[0] if "." in clean else clean
    return (stem or "file")[:_LONGEST_NAME - len(ending)] + ending


def attachments_of(session: Session, about: str) -> tuple[Attachment, ...]:
    """What hangs on a thing, oldest first."""
    return tuple(session.scalars(select(Attachment).where(Attachment.about == about).order_by(Attachment.id)))


def attachments_of_all(session: Session, abouts: list[str]) -> dict[str, list[Attachment]]:
    """What hangs on each of these things; a thing without a file is not in it."""
    found: dict[str, list[Attachment]] = {}
    for start in range(0, len(abouts), 500):
        for row in session.scalars(select(Attachment).where(Attachment.about.in_(abouts[start:start + 500]))
                                   .order_by(Attachment.id)):
            found.setdefault(row.about, []).append(row)
    return found


def attachment(session: Session, attachment_id: str) -> tuple[Attachment, StoredFile]:
    """An attachment with what is known of its file. Raises NotFound."""
    row = session.get(Attachment, attachment_id)
    stored = session.get(StoredFile, row.sha256) if row is not None else None
    if row is None or stored is None:
        raise NotFound("There is no such file.", code="no-file", place="attachment")
    return row, stored


__all__ = ["FileStore", "NewFile", "add_file", "attachment", "attachments_of", "attachments_of_all", "hang_elsewhere",
           "open_file", "shown_name"]
