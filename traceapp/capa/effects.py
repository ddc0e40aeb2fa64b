"""What a closed CAPA teaches surveillance: the one place where it is told, and taken back."""
from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy.orm import Session

from traceapp.core.actor import Actor
from traceapp.core.clock import Clock
from traceapp.surveillance.alarm import NodeKind
from traceapp.surveillance.priors import forget_cause, note_cause

from .cases import capa_stream
from .model import Capa, CapaCause
from .queries import causes_of
from .states import Verdict


def nearest_node(causes: Sequence[CapaCause]) -> NodeKind | None:
    """What of the things that are watched was confirmed nearest to the problem; deeper causes say why it was so, and
    other kinds teach nothing there. Of several as near the first."""
    depth: dict[str | None, int] = {None: 0}
    found: list[tuple[int, int, NodeKind]] = []
    for cause in causes:
        depth[cause.id] = depth[cause.parent_id] + 1
        if cause.verdict == Verdict.confirmed and cause.kind in set(NodeKind):
            found.append((depth[cause.id], cause.position, NodeKind(cause.kind)))
    return min(found)[2] if found else None


def teach(session: Session, actor: Actor, clock: Clock, capa: Capa) -> None:
    """Put the cause of a CAPA that was just closed where later rankings are weighed by it."""
    kind = nearest_node(causes_of(session, capa.id))
    if kind is not None:
        note_cause(session, clock, actor, kind, capa_stream(capa.id))


def take_back(session: Session, actor: Actor, clock: Clock, capa: Capa) -> None:
    """What a CAPA that was reopened taught no longer counts."""
    forget_cause(session, clock, actor, capa_stream(capa.id))
