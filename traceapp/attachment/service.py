"""Use cases of attachments: files that hang on things."""
from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import BinaryIO

from sqlalchemy import select
from sqlalchemy.orm import Session

from traceapp.audit import record
from traceapp.core.actor import Actor
from traceapp.core.clock import Clock
from traceapp.core.errors import NotFound
from traceapp.core.ids import new_id
from traceapp.db.insert import insert_if_new

from .inspect import safe_form
from .model import Attachment, StoredFile
from .store import FileStore, StagedFile, hash_of, open_file

_ENDINGS = {"application/pdf": ".pdf", "image/png": ".png", "image/jpeg": ".jpg", "image/webp": ".webp"}
_LONGEST_NAME = 200


@dataclass(frozen=True, slots=True)
class ReadyFile:
    """A file in the form in which it is safe to keep."""

    data: bytes
    media_type: str


@dataclass(frozen=True, slots=True)
class NewFile:
    """`about` names the thing that the file hangs on, as a stream of the trail does: `complaint:…`. The public may
    read what is `is_public`."""

    about: str
    name: str
    content: bytes | BinaryIO | ReadyFile
    is_public: bool = False


def ready_file(content: bytes | BinaryIO, *, store: FileStore) -> ReadyFile:
    """What was sent, checked and in the form that is kept. Drawing a picture anew takes seconds: call this before the
    unit of work, which makes every other writer wait. Raises as `add_file`."""
    return ReadyFile(*safe_form(store.read_all(content)))


def add_file(session: Session, actor: Actor, clock: Clock, command: NewFile, *, store: FileStore) -> Attachment:
    """Keep a file and hang it on a thing. Raises TooLarge, and InvalidInput for what is neither a sound picture nor
    a sound PDF.

    The bytes are on disk before the row is; a unit of work that fails leaves at most a file that nothing names.
    """
    content = command.content
    ready = content if isinstance(content, ReadyFile) else ready_file(content, store=store)
    sha256, media_type = hash_of(ready.data), ready.media_type
    now = clock.now()
    # Shared until the end, so that nobody forgets the file while it is hung up here.
    while session.get(StoredFile, sha256, with_for_update={"read": True}) is None:
        insert_if_new(session, StoredFile, {"sha256": sha256, "media_type": media_type,
                                            "size_bytes": len(ready.data), "stored_at": now})
    store.put(ready.data)
    attachment = Attachment(id=new_id(now), about=command.about, sha256=sha256, is_public=command.is_public,
                            name=shown_name(command.name, media_type), added_at=now, added_by=actor.id)
    session.add(attachment)
    # The name is what the sender wrote and may name a person: the trail keeps the hash.
    record(session, actor, now, "file.added", command.about,
           {"attachment": attachment.id, "sha256": sha256, "media_type": media_type, "public": command.is_public})
    session.flush()
    return attachment


def keep_file(session: Session, actor: Actor, clock: Clock, about: str, made: tuple[str, bytes | StagedFile], *,
              store: FileStore) -> Attachment:
    """Keep (name, content) byte for byte, as proof: a file that we made, or one that an authority sent. It is handed
    out as a download only, so it may be of any kind."""
    name, content = made
    sha256, size, now = *((content.sha256, content.size_bytes) if isinstance(content, StagedFile) else
                          (hash_of(content), len(content))), clock.now()
    while session.get(StoredFile, sha256, with_for_update={"read": True}) is None:
        insert_if_new(session, StoredFile, {"sha256": sha256, "media_type": "application/octet-stream",
                                            "size_bytes": size, "stored_at": now})
    if isinstance(content, StagedFile):
        store.take_in(content)
    else:
        store.put(content)
    attachment = Attachment(id=new_id(now), about=about, sha256=sha256, name=name[:_LONGEST_NAME], added_at=now,
                            added_by=actor.id)
    session.add(attachment)
    record(session, actor, now, "file.added", about, {"attachment": attachment.id, "sha256": sha256})
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


def forget_files(session: Session, actor: Actor, clock: Clock, rows: Iterable[Attachment], *,
                 store: FileStore) -> int:
    """Take files off what they hang on; bytes that hang nowhere else are deleted. Answers how many were taken off."""
    gone = list(rows)
    for row in gone:
        session.delete(row)
        record(session, actor, clock.now(), "file.forgotten", row.about, {"attachment": row.id, "sha256": row.sha256})
    session.flush()
    for sha256 in sorted({row.sha256 for row in gone}):
        stored = session.get(StoredFile, sha256, with_for_update=True)
        if stored is not None and session.scalar(
                select(Attachment.id).where(Attachment.sha256 == sha256).limit(1)) is None:
            store.remove(sha256)  # before the row is free for somebody who sends the same bytes again
            session.delete(stored)
    session.flush()
    return len(gone)


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


__all__ = ["FileStore", "NewFile", "ReadyFile", "add_file", "attachment", "attachments_of", "attachments_of_all",
           "forget_files", "hang_elsewhere", "keep_file", "open_file", "ready_file", "shown_name"]
