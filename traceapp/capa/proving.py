"""Proofs of actions: files that show what was done."""
from __future__ import annotations

from dataclasses import dataclass
from typing import BinaryIO

from sqlalchemy.orm import Session

from traceapp.attachment.model import Attachment
from traceapp.attachment.service import FileStore, NewFile, ReadyFile, add_file
from traceapp.core.actor import Actor
from traceapp.core.clock import Clock
from traceapp.core.errors import Forbidden, NotFound
from traceapp.identity.policy import holds

from .cases import Act, action_stream, for_work, note
from .model import CapaAction


@dataclass(frozen=True, slots=True)
class ProveAction:
    """A picture or a PDF that shows that the action was done."""

    capa_id: str
    action_id: str
    name: str
    content: bytes | BinaryIO | ReadyFile
    revision: int | None = None


def prove_action(session: Session, actor: Actor, clock: Clock, command: ProveAction, *,
                 store: FileStore) -> Attachment:
    """Hang a proof on an action, by its owner or by quality. Raises NotFound, Forbidden for others, Conflict, TooLarge,
    and InvalidInput for what is neither a picture nor a PDF."""
    capa = for_work(session, actor, Act(command.capa_id, command.revision, "prove", "capa.act"))
    action = session.get(CapaAction, command.action_id)
    if action is None or action.capa_id != capa.id:
        raise NotFound("There is no such action.", code="unknown-action", place="action_id")
    if actor.id != action.owner_id and not holds(actor, "capa.write"):
        raise Forbidden("This action is somebody else's.", code="not-yours")
    attachment = add_file(session, actor, clock, NewFile(action_stream(action.id), command.name, command.content),
                          store=store)
    note(session, actor, clock, capa, ("action_proved", {"action": action.id, "sha256": attachment.sha256}))
    session.flush()
    return attachment
