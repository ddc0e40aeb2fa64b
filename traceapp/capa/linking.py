"""Taking back what a CAPA was said to be about by mistake, and which CAPA stands for a recall then."""
from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import select
from sqlalchemy.orm import Session

from traceapp.catalog.texts import required_text, short_text
from traceapp.core.actor import Actor
from traceapp.core.clock import Clock
from traceapp.core.errors import Conflict, NotFound
from traceapp.recall.cases import note_other_capa, recall_by_id
from traceapp.recall.states import ENDED

from .cases import Act, for_work, note
from .model import Capa, CapaLink
from .states import CapaState, LinkKind

_LONGEST_REASON = 2000


@dataclass(frozen=True, slots=True)
class UnlinkCapa:
    """Which thing the CAPA is not about after all, and why."""

    capa_id: str
    kind: str
    target_id: str
    reason: str
    revision: int | None = None


def unlink_capa(session: Session, actor: Actor, clock: Clock, command: UnlinkCapa) -> Capa:
    """Take a link back; the trail keeps it with the reason. Raises InvalidInput without a reason, NotFound, Conflict
    for what the CAPA was opened from and for a recall that ended with it, Stale."""
    capa = for_work(session, actor, Act(command.capa_id, command.revision, "link"))
    reason = short_text(required_text(command.reason, place="reason"), _LONGEST_REASON, place="reason")
    link = session.get(CapaLink, (capa.id, command.kind, command.target_id))
    if link is None:
        raise NotFound("The CAPA is not linked to this.", code="unknown-link", place="target_id")
    if capa.origin == f"{link.kind}:{link.target_id}":
        raise Conflict("This CAPA was opened from it. Cancel the CAPA instead.", code="opened-from-it")
    if link.kind == LinkKind.recall:
        recall = recall_by_id(session, link.target_id, lock=True)
        if recall.state in ENDED and recall.capa_id == capa.id:
            raise Conflict("This recall ended with this CAPA.", code="recall-ended")
    session.delete(link)
    session.flush()
    if link.kind == LinkKind.recall:
        leave_recall(session, capa, link.target_id)
    note(session, actor, clock, capa, ("unlinked", {
        "kind": link.kind, "target": link.target_id, "name": link.name, "reason": reason}))
    session.flush()
    return capa


def leave_recall(session: Session, capa: Capa, recall_id: str) -> None:
    """A recall cannot end with this CAPA any more: another that is linked to it, or none, stands for it."""
    note_other_capa(session, recall_id, capa.id, session.scalars(
        select(CapaLink.capa_id).join(Capa, Capa.id == CapaLink.capa_id)
        .where(CapaLink.kind == LinkKind.recall, CapaLink.target_id == recall_id, Capa.id != capa.id,
               Capa.state != CapaState.cancelled).order_by(CapaLink.added_at, Capa.id).limit(1)).first())
