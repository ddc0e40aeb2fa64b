"""What closed corrective actions teach about the next cause: how often each kind of thing was the cause before."""
from __future__ import annotations

from collections.abc import Mapping

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from traceapp.audit import record
from traceapp.core.actor import Actor
from traceapp.core.clock import Clock

from .alarm import NodeKind
from .cause_model import ConfirmedCause

# As if some causes were known already, a fifth of them single lots and the rest spread evenly over the other kinds: a
# stated default, which closed actions soon outweigh.
BEFORE_ANY = {kind: 1.0 for kind in NodeKind} | {NodeKind.lot: 0.25 * (len(NodeKind) - 1)}


def note_cause(session: Session, clock: Clock, actor: Actor, kind: NodeKind, about: str) -> None:
    """A closed corrective action (`about`: `capa:<id>`) confirmed a cause of this kind. Said again, the last counts."""
    row = session.get(ConfirmedCause, about)
    before = None if row is None else row.kind
    if before == kind:
        return
    if row is None:
        row = ConfirmedCause(about=about)
        session.add(row)
    row.kind, row.at, row.by = NodeKind(kind).value, clock.now(), actor.name or actor.id
    session.flush()
    record(session, actor, clock.now(), "cause.noted", about, {"before": before, "after": row.kind})


def forget_cause(session: Session, clock: Clock, actor: Actor, about: str) -> None:
    """The action was opened again: what it taught no longer counts."""
    row = session.get(ConfirmedCause, about)
    if row is None:
        return
    before = row.kind
    session.delete(row)
    session.flush()
    record(session, actor, clock.now(), "cause.withdrawn", about, {"before": before, "after": None})


def confirmed_causes(session: Session) -> dict[NodeKind, int]:
    """How many closed actions confirmed each kind; every kind is there."""
    rows = session.execute(select(ConfirmedCause.kind, func.count()).group_by(ConfirmedCause.kind))
    found = {kind: count for kind, count in rows}
    return {kind: found.get(kind.value, 0) for kind in NodeKind}


def kind_shares(confirmed: Mapping[NodeKind, int]) -> dict[NodeKind, float]:
    """How the causes known so far are spread over the kinds, summing to 1: the mean of a Dirichlet distribution that
    starts from `BEFORE_ANY`."""
    counts = {kind: confirmed.get(kind, 0) + before for kind, before in BEFORE_ANY.items()}
    whole = sum(counts.values())
    return {kind: count / whole for kind, count in counts.items()}
