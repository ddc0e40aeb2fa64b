"""Holds: stops on lots, placed by hand or by a recall, that stand until they are lifted."""
from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from traceapp.audit import record, stream_of
from traceapp.catalog.texts import required_text, short_text
from traceapp.core.actor import Actor
from traceapp.core.clock import Clock
from traceapp.core.errors import Conflict, InvalidInput, NotFound
from traceapp.epcis import ClassQuantity, More, What, Why, object_event
from traceapp.gs1.escapes import escape

from . import acts, guards
from .derive import Derived
from .facts import record_act
from .model import Hold, HoldKind, Lot

MANUAL = "manual"
# The source of holds of a recall that is decided and of which nobody was told yet: `plan:<id>`.
PLAN = "plan:"


@dataclass(frozen=True, slots=True)
class PlaceHold:
    """`source` is `manual`, `plan:<id>` or `recall:<id>`; of kind `recall` are the last ones only."""

    lot_keys: tuple[str, ...]
    kind: str
    source: str
    reason: str


@dataclass(frozen=True, slots=True)
class LiftHold:
    """Either every open hold of `source`, or the one hold `hold_id` on `lot_key`."""

    reason: str
    source: str | None = None
    lot_key: str | None = None
    hold_id: str | None = None


def place_hold(session: Session, actor: Actor, clock: Clock, command: PlaceHold) -> tuple[Hold, ...]:
    """Stop lots, in one event; a lot that this source holds already is left as it is. Answers the new holds.

    Raises NotFound for an unknown lot, InvalidInput without a reason.
    """
    by_hand = command.source == MANUAL or command.source.startswith(PLAN)
    if command.kind not in set(HoldKind) or (command.kind == HoldKind.manual) != by_hand:
        raise InvalidInput("A hold is placed by hand (source “manual”) or by a recall.", code="bad-hold",
                           place="kind")
    reason = short_text(required_text(command.reason, place="reason"), 2000, place="reason")
    if not command.lot_keys:
        raise InvalidInput("Choose at least one lot.", code="no-lots", place="lot_keys")
    lots = guards.lots_by_key(session, command.lot_keys, place="lot_keys")
    held = _held(session, command.source, reason, tuple(lots))
    fresh = [lots[key] for key in dict.fromkeys(command.lot_keys) if key not in held]
    if not fresh:
        return ()
    is_recall = command.kind == HoldKind.recall
    why = Why("holding", "recalled" if is_recall else "unavailable",
              persistent_set=("recalled",) if is_recall else (), transactions=_transactions(command.source))
    # How many holds the first lot has seen keeps two holds of one moment apart.
    before = session.scalar(select(func.count()).select_from(Hold).where(Hold.lot_key == fresh[0].lot_key))
    data = {"kind": command.kind, "source": command.source, "reason": reason, "before": before}
    derived = _record(session, actor, clock, fresh, (why, acts.written("place-hold", data)))
    for lot in fresh:
        record(session, actor, clock.now(), "lot.held", stream_of("lot", lot.lot_key), data)
    return tuple(derived.holds)


def lift_hold(session: Session, actor: Actor, clock: Clock, command: LiftHold) -> tuple[Lot, ...]:
    """End holds, in one event for all lots that are free then, one for those that something else still stops, one for
    those that another recall has; answers the lots. Raises NotFound for a hold that does not stand, Conflict for
    lifting by hand what a recall placed."""
    reason = short_text(required_text(command.reason, place="reason"), 2000, place="reason")
    holds = _standing(session, command)
    if not holds:
        return ()
    source = holds[0].source
    lots = list(guards.lots_by_key(session, (hold.lot_key for hold in holds)).values())
    standing = _standing_beside(session, holds)
    for disposition in ("available", "unavailable", "recalled"):
        group = [lot for lot in lots if standing.get(lot.lot_key, "available") == disposition]
        if not group:
            continue
        is_recalled_no_more = source.startswith("recall:") and disposition != "recalled"
        why = Why("holding", disposition, persistent_unset=("recalled",) if is_recalled_no_more else (),
                  transactions=_transactions(source))
        keys = {lot.lot_key for lot in group}
        data = {"source": source, "reason": reason, "holds": sorted({one.id for one in holds if one.lot_key in keys})}
        _record(session, actor, clock, group, (why, acts.written("lift-hold", data)))
        for lot in group:
            record(session, actor, clock.now(), "lot.freed", stream_of("lot", lot.lot_key), data)
    return tuple(lots)


def _standing_beside(session: Session, holds: Sequence[Hold]) -> dict[str, str]:
    """{lot: the disposition that it keeps} of those lots that another hold than these still stops."""
    lifted, keys = {(hold.lot_key, hold.id) for hold in holds}, sorted({hold.lot_key for hold in holds})
    found: dict[str, str] = {}
    for start in range(0, len(keys), 500):
        for lot_key, hold_id, kind in session.execute(select(Hold.lot_key, Hold.id, Hold.kind).where(
                Hold.lot_key.in_(keys[start:start + 500]), Hold.lifted_at.is_(None))):
            if (lot_key, hold_id) not in lifted and found.get(lot_key) != "recalled":
                found[lot_key] = "recalled" if kind == HoldKind.recall else "unavailable"
    return found


def _held(session: Session, source: str, reason: str, keys: tuple[str, ...]) -> set[str]:
    """Which of the lots this source holds already; by hand, only for the same reason."""
    held: set[str] = set()
    for start in range(0, len(keys), 500):
        found = select(Hold.lot_key).where(Hold.lot_key.in_(keys[start:start + 500]), Hold.source == source,
                                           Hold.lifted_at.is_(None))
        held.update(session.scalars(found if source != MANUAL else found.where(Hold.reason == reason)))
    return held


def _standing(session: Session, command: LiftHold) -> list[Hold]:
    """The holds to lift. Raises NotFound, and Conflict for one of a recall that is named by hand."""
    if command.source is not None:
        return list(session.scalars(select(Hold).where(Hold.source == command.source, Hold.lifted_at.is_(None))
                                    .order_by(Hold.lot_key, Hold.id)))
    hold = session.get(Hold, (command.lot_key or "", command.hold_id or ""))
    if hold is None or hold.lifted_at is not None:
        raise NotFound("This hold does not stand any more.", code="no-hold", place="hold_id")
    if hold.source != MANUAL:
        raise Conflict("This hold was placed by a recall and ends with the recall.", code="recall-hold",
                       place="hold_id")
    return [hold]


def _transactions(source: str) -> tuple[tuple[str, str], ...]:
    kind, _, key = source.partition(":")
    return (("upevt", f"urn:traceapp:{kind}:{escape(key)}"),) if key else ()


def _record(session: Session, actor: Actor, clock: Clock, lots: list[Lot],
            said: tuple[Why, dict[str, object]]) -> Derived:
    why, extensions = said
    place = guards.place_of(session, None)
    classes = tuple(ClassQuantity(lot.uri) for lot in lots if lot.item_kind in ("lot", "class_only"))
    others = tuple(lot.uri for lot in lots if lot.item_kind not in ("lot", "class_only"))
    event = object_event("OBSERVE", place.when(clock.now()), What(others, classes), why=why,
                         more=More(extensions=extensions))
    return record_act(session, actor, clock, lots[0].lot_key, event)
