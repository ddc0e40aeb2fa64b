"""Reads about lots that lists and single pages share. The list of lots: `lot_list`; the page of one: `overview`."""
from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal

from sqlalchemy import and_, func, select
from sqlalchemy.orm import Session

from traceapp.catalog.lookup import parties_by_id
from traceapp.catalog.model import Party

from .lot_list import has_verdict
from .model import Lot, Shipment, ShipmentLine
from .policy import Verdict


@dataclass(frozen=True, slots=True)
class LotCounts:
    """How many of our lots stand how; `expiring` ones are released, in stock, and within the days asked for."""

    pending: int
    on_hold: int
    recalled: int
    expiring: int


def lot_counts(session: Session, today: date, days: int = 60) -> LotCounts:
    """The numbers for the page of today."""
    in_stock = Lot.made + Lot.returned - Lot.consumed - Lot.shipped - Lot.sampled - Lot.lost > 0
    pending, on_hold, recalled, expiring = session.execute(select(
        func.count().filter(has_verdict(Verdict.not_released, today)),
        func.count().filter(has_verdict(Verdict.on_hold, today)), func.count().filter(Lot.is_recalled),
        func.count().filter(and_(has_verdict(Verdict.released, today), in_stock,
                                 Lot.expires_on <= today + timedelta(days=days)))).where(Lot.is_own == 1)).one()
    return LotCounts(pending, on_hold, recalled, expiring)


@dataclass(frozen=True, slots=True)
class DeliveredRow:
    """A line of a despatch to one consignee, with its lot; units below zero came back."""

    line: ShipmentLine
    shipment: Shipment
    lot: Lot


def shipments_to(session: Session, consignee_id: str, limit: int = 1000) -> tuple[DeliveredRow, ...]:
    """What a consignee was sent and sent back, newest first."""
    found = session.execute(
        select(ShipmentLine, Shipment, Lot).join(Shipment, Shipment.id == ShipmentLine.shipment_id)
        .join(Lot, Lot.lot_key == ShipmentLine.lot_key).where(ShipmentLine.consignee_id == consignee_id)
        .order_by(ShipmentLine.shipped_at.desc(), ShipmentLine.shipment_id, ShipmentLine.position).limit(limit))
    return tuple(DeliveredRow(line, shipment, lot) for line, shipment, lot in found)


@dataclass(frozen=True, slots=True)
class ConsigneeTotal:
    """Units of a lot at one consignee; `units` is what was sent less what came back."""

    consignee: Party
    sent: Decimal
    returned: Decimal
    units: Decimal
    first_at: datetime
    last_at: datetime


def consignees_of(session: Session, lot_key: str) -> tuple[ConsigneeTotal, ...]:
    """Who got units of a lot, by code."""
    units = ShipmentLine.units
    rows = session.execute(select(
        ShipmentLine.consignee_id, func.sum(units).filter(units > 0), func.sum(units).filter(units < 0),
        func.sum(units), func.min(ShipmentLine.shipped_at), func.max(ShipmentLine.shipped_at)).where(
        ShipmentLine.lot_key == lot_key).group_by(ShipmentLine.consignee_id)).all()
    parties = parties_by_id(session, (row[0] for row in rows))
    totals = (ConsigneeTotal(parties[row[0]], row[1] or Decimal(0), -(row[2] or Decimal(0)), row[3], row[4], row[5])
              for row in rows if row[0] in parties)
    return tuple(sorted(totals, key=lambda total: total.consignee.code))

