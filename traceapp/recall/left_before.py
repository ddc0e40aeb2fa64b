"""Goods that had left before their lot was stopped, and what a recall makes of them: whoever has them comes into it."""
from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal

from sqlalchemy import Select, func, select
from sqlalchemy.orm import Session

from traceapp.core.actor import Actor
from traceapp.core.clock import Clock
from traceapp.identity.policy import permit
from traceapp.trace.left_before import PERMISSION, ShipBeforeStop, ship_before_stop
from traceapp.trace.model import Shipment, ShipmentLine

from .cases import TOLD
from .model import Recall, RecallLot
from .states import RecallState
from .told_despatches import compare_again
from .untold import begin_untold
from .untold_model import UntoldDespatch, UntoldSource


def book_left_before(session: Session, actor: Actor, clock: Clock, command: ShipBeforeStop) -> Shipment:
    """Book it as `ship_before_stop`. Where people were told of a recall of a lot of it, that the consignee was not told
    becomes work by its name, in the same commit; before, it is in the books as any despatch. Raises as
    `ship_before_stop`."""
    permit(actor, PERMISSION, "Only quality staff can book what had left before a lot was stopped.")
    keys = sorted({line.lot_key for line in command.despatch.lines})
    # Recall before lots, as approving does, so that two never wait for each other.
    session.scalars(select(Recall).where(Recall.id.in_(_told_of(keys))).order_by(Recall.id)
                    .with_for_update(read=True)).all()
    shipment = ship_before_stop(session, actor, clock, command)
    units = _units(session, shipment.id)
    for recall in session.scalars(select(Recall).where(Recall.id.in_(_told_of(keys))).order_by(Recall.id)).all():
        for key in session.scalars(select(RecallLot.lot_key).where(
                RecallLot.recall_id == recall.id, RecallLot.lot_key.in_(keys)).order_by(RecallLot.lot_key)).all():
            begin_untold(session, actor, clock, recall, UntoldDespatch(
                lot_key=key, event_id=shipment.id, source=UntoldSource.booked, consignee_id=shipment.consignee_id,
                units=units[key], left_at=shipment.shipped_at, reason=shipment.late_reason))
    session.flush()
    compare_again(session, clock, keys)
    session.flush()
    return shipment


def _told_of(keys: Sequence[str]) -> Select[str]:
    """The recalls that have one of these lots in their scope and of which people were told."""
    return select(RecallLot.recall_id).join(Recall, Recall.id == RecallLot.recall_id).where(
        RecallLot.lot_key.in_(keys), TOLD, Recall.state != RecallState.cancelled)


def _units(session: Session, shipment_id: str) -> dict[str, Decimal]:
    session.flush()
    return {key: units for key, units in session.execute(
        select(ShipmentLine.lot_key, func.sum(ShipmentLine.units, type_=ShipmentLine.units.type))
        .where(ShipmentLine.shipment_id == shipment_id).group_by(ShipmentLine.lot_key))}
