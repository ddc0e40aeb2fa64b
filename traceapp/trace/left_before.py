"""Goods that had left before their lot was stopped, and are booked after it: what is true has to be in the books, or
nobody is told who has them."""
from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from traceapp.catalog.texts import required_text, short_text
from traceapp.core.actor import Actor
from traceapp.core.clock import Clock
from traceapp.core.errors import Conflict, InvalidInput
from traceapp.identity.policy import permit

from . import guards
from .model import Hold, Lot, Shipment
from .shipping import ShipLots, Terms, record_despatch, refuse_stopped

# Who stops a lot, and frees it, says what had left before; not whoever sends goods out.
PERMISSION = "trace.release"


@dataclass(frozen=True, slots=True)
class ShipBeforeStop:
    """A despatch that had left before a lot of it was stopped; `reason`: why it is booked only now, and how one knows
    when it left."""

    despatch: ShipLots
    reason: str


def ship_before_stop(session: Session, actor: Actor, clock: Clock, command: ShipBeforeStop) -> Shipment:
    """Book what had left before: the lot stays stopped, the despatch is marked. Lots of it that nothing stops are
    judged as in any despatch.

    Raises Forbidden, NotFound; InvalidInput without a reason or for a time to come; Conflict when no lot of it is
    stopped (code `not-stopped`), when a stop stood at that time already (`not-before-stop`), for a time before the lot
    came into being (`before-made`) and for more than the stock.
    """
    permit(actor, PERMISSION, "Only quality staff can book what had left before a lot was stopped.")
    reason = short_text(required_text(command.reason, place="reason"), 2000, place="reason")
    at = guards.checked_time(clock, command.despatch.shipped_at, place="shipped_at")
    if at > clock.now():
        raise InvalidInput("The time %(at)s has not come yet.", code="in-the-future", place="shipped_at",
                           at=at.isoformat(timespec="minutes"))
    lots = guards.lots_by_key(session, (line.lot_key for line in command.despatch.lines), place="lines")
    stops = _stops(session, lots)
    stopped = {key for key, holds in stops.items() if any(hold.lifted_at is None for hold in holds)}
    if lots and not stopped:
        raise Conflict("No lot of this despatch is stopped. Record it as an ordinary one.", code="not-stopped",
                       place="lines")

    def refuse(lot: Lot, today: date, place: str) -> None:
        if lot.lot_key not in stopped:
            refuse_stopped(lot, today, place)
            return
        guards.refuse_foreign(lot, place=place)
        _refuse_time(lot, stops[lot.lot_key], at)

    return record_despatch(session, actor, clock, command.despatch, Terms(refuse, reason))


def _stops(session: Session, keys: Iterable[str]) -> dict[str, list[Hold]]:
    found: dict[str, list[Hold]] = defaultdict(list)
    for hold in session.scalars(select(Hold).where(Hold.lot_key.in_(sorted(keys))).order_by(Hold.placed_at, Hold.id)):
        found[hold.lot_key].append(hold)
    return found


def _refuse_time(lot: Lot, holds: Iterable[Hold], at: datetime) -> None:
    """Nothing when no hold stood at that time and the lot was there. Raises Conflict."""
    for hold in holds:
        if hold.placed_at <= at and (hold.lifted_at is None or hold.lifted_at > at):
            raise Conflict("Lot %(lot)s was stopped already at that time, since %(since)s. Only what had left before "
                           "can be booked.", code="not-before-stop", place="shipped_at", lot=lot.number,
                           since=hold.placed_at.isoformat(timespec="minutes"))
    if at < lot.started_at:
        raise Conflict("Lot %(lot)s came into being later than that, at %(since)s.", code="before-made",
                       place="shipped_at", lot=lot.number, since=lot.started_at.isoformat(timespec="minutes"))
