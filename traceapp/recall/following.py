"""Holds follow the scope: what its rules reach later, made or received after the decision, stops too."""
from __future__ import annotations

from collections.abc import Collection
from datetime import datetime, timedelta

from sqlalchemy import ColumnElement, exists, select
from sqlalchemy.orm import Session

from traceapp.audit import record
from traceapp.core.actor import SYSTEM
from traceapp.core.clock import Clock
from traceapp.trace.holds import PlaceHold, place_hold
from traceapp.trace.model import Event, Hold, HoldKind
from traceapp.trace.touched import lots_touched
from traceapp.worklist.tasks import RaiseTask, raise_task

from .cases import hold_source, plan_source, recall_stream
from .drafting import left_out_of
from .follow_model import ScopeFollow
from .growing import can_grow_by_events, grown
from .model import Recall
from .policy import approval_due
from .proposing import proposed
from .scope import Scope
from .scope_rule import rules_of
from .states import ENDED

GREW_TASK = "recall.grew"
# An event may be recorded by a transaction that ends later than one that follows the scope.
_OVERLAP = timedelta(minutes=5)
# What is changed without an event, in master data, is found when the whole is looked at.
_WHOLE_EVERY = timedelta(days=1)
_DECIDED: ColumnElement[bool] = (
    Recall.decided_at.is_not(None) & Recall.is_drill.is_(False) & Recall.state.not_in(ENDED))


def _is_due() -> ColumnElement[bool]:
    """A decided case that was not followed yet, or since whose last look events were recorded."""
    last = select(ScopeFollow.looked_at).where(ScopeFollow.recall_id == Recall.id).scalar_subquery()
    return ~exists().where(ScopeFollow.recall_id == Recall.id) | exists().where(Event.recorded_at > last)


def is_any_to_follow(session: Session) -> bool:
    """Whether the scope of a decided case may have grown."""
    return session.scalar(select(Recall.id).where(_DECIDED, _is_due()).limit(1)) is not None


def follow_scopes(session: Session, clock: Clock, limit: int = 20) -> int:
    """Stop what the rules of decided cases reach and no hold of the case stops yet; answers how many lots. A lot that
    was left out for a reason stays free. People are told of nothing: somebody is asked to let the scope grow."""
    cases = session.scalars(select(Recall).where(_DECIDED, _is_due()).order_by(Recall.id).limit(limit)
                            .with_for_update(skip_locked=True)).all()
    return sum(_follow(session, clock, recall) for recall in cases)


def _come_since(session: Session, recall: Recall, since: datetime, held: Collection[str]) -> Scope | None:
    """What the rules of a case find anew by what happened since; None where the whole has to be looked at."""
    rules = rules_of(recall.scope_rule)
    if not can_grow_by_events(rules):
        return None
    touched = lots_touched(session, since)
    return None if touched is None else grown(session, rules, touched, held, recall.id)


def _follow(session: Session, clock: Clock, recall: Recall) -> int:
    now = clock.now()
    last = session.get(ScopeFollow, recall.id)
    since = last.looked_at if last and last.whole_at and last.whole_at > now - _WHOLE_EVERY else None
    held = set(session.scalars(select(Hold.lot_key).where(
        Hold.source.in_((plan_source(recall.id), hold_source(recall.id))), Hold.lifted_at.is_(None))))
    left_out = left_out_of(recall)
    scope = _come_since(session, recall, since, held) if since else None
    session.merge(ScopeFollow(recall_id=recall.id, looked_at=now - _OVERLAP,
                              whole_at=last.whole_at if last and scope is not None else now))
    fresh = {lot.lot_key: lot.number for lot in (scope or proposed(session, recall).scope).lots
             if lot.lot_key not in held and lot.lot_key not in left_out}
    if not fresh:
        session.flush()
        return 0
    place_hold(session, SYSTEM, clock, PlaceHold(
        tuple(sorted(fresh)), HoldKind.manual, plan_source(recall.id),
        f"{recall.reference}: {recall.title_zh} / {recall.title_en}"))
    record(session, SYSTEM, now, "recall.scope_followed", recall_stream(recall), {"lots": sorted(fresh)})
    raise_task(session, SYSTEM, clock, RaiseTask(
        GREW_TASK, recall_stream(recall), "quality", approval_due(recall.recall_class, now),
        params={"recall_id": recall.id, "reference": recall.reference, "count": len(fresh)}))
    session.flush()
    return len(fresh)
