"""What a closed CAPA teaches surveillance: the one place where it is told."""
from __future__ import annotations

from sqlalchemy import select
from sqlalchemy.orm import Session

from traceapp.core.actor import Actor
from traceapp.core.clock import Clock
from traceapp.surveillance.alarm import NodeKind

from .cases import note
from .model import Capa, CapaCause
from .states import Verdict


def confirmed_nodes(session: Session, capa_id: str) -> tuple[NodeKind, ...]:
    """The kinds of what is watched that were confirmed as causes, each once; other causes teach nothing there."""
    kinds = session.scalars(select(CapaCause.kind).where(
        CapaCause.capa_id == capa_id, CapaCause.verdict == Verdict.confirmed).distinct().order_by(CapaCause.kind))
    return tuple(NodeKind(kind) for kind in kinds if kind in set(NodeKind))


def note_confirmed_causes(session: Session, actor: Actor, clock: Clock, capa: Capa) -> None:
    """Put the confirmed causes of a CAPA that was just closed where later rankings are weighted by them."""
    found = confirmed_nodes(session, capa.id)
    if found:
        note(session, actor, clock, capa, ("causes_noted", {"kinds": [str(kind) for kind in found]}))
