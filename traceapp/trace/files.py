"""Files on lots and on their inspections: certificates, reports, photographs."""
from __future__ import annotations

from dataclasses import dataclass
from typing import BinaryIO

from sqlalchemy.orm import Session
from sqlalchemy.orm.attributes import flag_modified

from traceapp.attachment.model import Attachment
from traceapp.attachment.service import FileStore, NewFile, ReadyFile, add_file
from traceapp.audit import record, stream_of
from traceapp.core.actor import Actor
from traceapp.core.clock import Clock
from traceapp.core.errors import NotFound

from . import guards
from .model import Inspection


@dataclass(frozen=True, slots=True)
class AttachFile:
    """A file for the lot, or for one inspection of it; what is `is_public` the scan page offers."""

    lot_key: str
    name: str
    content: bytes | BinaryIO | ReadyFile
    inspection_id: str | None = None
    is_public: bool = False


def about_lot(lot_key: str) -> str:
    """What the files of a lot hang on."""
    return stream_of("lot", lot_key)


def about_inspection(inspection_id: str) -> str:
    """What the files of an inspection hang on."""
    return stream_of("inspection", inspection_id)


def attach_file(session: Session, actor: Actor, clock: Clock, command: AttachFile, *, store: FileStore) -> Attachment:
    """Hang a file on a lot or an inspection of it; cached pages of the lot are out of date from then on. Raises
    NotFound, TooLarge, and InvalidInput for what is neither a picture nor a PDF."""
    lot = guards.lots_by_key(session, (command.lot_key,))[command.lot_key]
    about = about_lot(lot.lot_key)
    if command.inspection_id is not None:
        if session.get(Inspection, (lot.lot_key, command.inspection_id)) is None:
            raise NotFound("There is no such inspection of this lot.", code="no-inspection", place="inspection_id")
        about = about_inspection(command.inspection_id)
    attachment = add_file(session, actor, clock, NewFile(about, command.name, command.content, command.is_public),
                          store=store)
    flag_modified(lot, "flags")
    record(session, actor, clock.now(), "lot.file_added", stream_of("lot", lot.lot_key),
           {"attachment": attachment.id, "about": about, "sha256": attachment.sha256})
    session.flush()
    return attachment
