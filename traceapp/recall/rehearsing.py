"""Where a drill differs from a recall: nothing leaves the house, nothing is stopped; what would have been is noted."""
from __future__ import annotations

from collections.abc import Iterable

from sqlalchemy import select
from sqlalchemy.orm import Session

from traceapp.audit import record
from traceapp.core.actor import Actor
from traceapp.core.clock import Clock
from traceapp.identity.model import User
from traceapp.identity.policy import permissions_of
from traceapp.identity.service import check_signature
from traceapp.trace.holds import LiftHold, PlaceHold, lift_hold, place_hold
from traceapp.trace.model import HoldKind

from .cases import hold_source, plan_source, recall_stream
from .model import Recall

# What stands before the title of a drill, wherever it is read.
MARKS = {"title_zh": "【演练】", "title_en": "DRILL: "}
SOURCE = "drill"
_PLAYERS = {"quality": ("quality", "Drill: quality"), "medical": ("quality_manager", "Drill: medicine"),
            "manager": ("quality_manager", "Drill: manager")}


def player(part: str) -> Actor:
    """Who plays `quality`, `medical` or `manager` in a drill that runs without people. Nobody can sign in as one."""
    role, name = _PLAYERS[part]
    return Actor(id=f"{SOURCE}:{part}", role=role, name=name, scopes=permissions_of(role), source=SOURCE)


def signer_of(session: Session, actor: Actor, recall: Recall, password: str) -> User:
    """Who signs: a person who was asked for the password again; in a drill also a player, who has none. Raises
    Forbidden."""
    if recall.is_drill and actor.source == SOURCE:
        return User(id=actor.id, name=actor.name)
    return check_signature(session, actor, password)


def stop_lots(session: Session, actor: Actor, clock: Clock, recall: Recall, lot_keys: Iterable[str],
              kind: HoldKind = HoldKind.manual) -> None:
    """Put lots on hold in the name of a recall: by its decision, then (kind `recall`) for good."""
    keys = tuple(lot_keys)
    if recall.is_drill:
        record(session, actor, clock.now(), "recall.hold_rehearsed", recall_stream(recall),
               {"kind": str(kind), "lots": len(keys)})
        return
    source = hold_source(recall.id) if kind == HoldKind.recall else plan_source(recall.id)
    place_hold(session, actor, clock, PlaceHold(
        keys, kind, source, f"{recall.reference}: {recall.title_zh} / {recall.title_en}"))


def free_planned(session: Session, actor: Actor, clock: Clock, recall: Recall, reason: str) -> None:
    """End the holds of the decision."""
    lift_hold(session, actor, clock, LiftHold(reason, source=plan_source(recall.id)))


def is_rehearsed(session: Session, recall_id: object) -> bool:
    """Whether this is the id of a drill."""
    return isinstance(recall_id, str) and session.scalar(
        select(Recall.id).where(Recall.id == recall_id, Recall.is_drill.is_(True))) is not None
