"""Reads of lots for lists and for the page of a lot; never one statement a row."""
from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from zoneinfo import ZoneInfo

from sqlalchemy import Select, SQLColumnExpression, and_, func, or_, select
from sqlalchemy.orm import Session

from traceapp.attachment.model import Attachment
from traceapp.attachment.service import attachments_of_all
from traceapp.catalog.lookup import parties_by_id, products_by_id
from traceapp.catalog.model import Party, Product, ProductKind
from traceapp.catalog.queries import contains
from traceapp.db.page import Order, Page, page_of

from . import policy
from .files import about_inspection
from .model import (
    Event,
    EventItem,
    Hold,
    Inspection,
    Lot,
    LotPosition,
    Production,
    ReleaseState,
    Shipment,
    ShipmentLine,
    TestResult,
)
from .policy import Verdict

ORDERS = {"newest": (Lot.started_at, True), "oldest": (Lot.started_at, False), "number": (Lot.number, False)}


@dataclass(frozen=True, slots=True)
class LotFilter:
    """`text` looks into our number, the supplier's number, URI, product code and names; `verdict` is one of Verdict;
    `is_material` picks raw materials (True) or products (False); `since` and `until` are about the day in
    `zone` on which a lot was received or made, both included. None: all."""

    text: str = ""
    product_id: str | None = None
    supplier_id: str | None = None
    consignee_id: str | None = None
    verdict: str | None = None
    is_material: bool | None = None
    is_own: bool | None = None
    since: date | None = None
    until: date | None = None
    zone: str = "Asia/Shanghai"
    order: str = "newest"
    after: str | None = None
    limit: int = 50


@dataclass(frozen=True, slots=True)
class LotRow:
    """A lot in a list; `product` None: not ours."""

    lot: Lot
    product: Product | None
    verdict: Verdict


def lot_page(session: Session, wanted: LotFilter, today: date) -> Page[LotRow]:
    """One page of lots with product and verdict of `today`."""
    column, descending = ORDERS.get(wanted.order, ORDERS["newest"])
    page = page_of(session, _filtered(wanted, today), Order(column, Lot.lot_key, descending), wanted.after,
                   wanted.limit)
    products = products_by_id(session, (lot.product_id for lot in page.rows))
    return Page(tuple(LotRow(lot, products.get(lot.product_id or ""), verdict_of(lot, today)) for lot in page.rows),
                page.total, page.next)


def verdict_of(lot: Lot, today: date) -> Verdict:
    """What the public sees of the lot on `today`, its scans left aside."""
    return policy.verdict(policy.VerdictFacts(lot.release_state, lot.is_recalled, lot.is_on_hold, lot.expires_on),
                          today)


def _filtered(wanted: LotFilter, today: date) -> Select[Lot]:
    found = select(Lot)
    text = wanted.text.strip()
    if text:
        found = found.where(_holds_text(text))
    if wanted.consignee_id:
        found = found.where(Lot.lot_key.in_(select(ShipmentLine.lot_key).where(
            ShipmentLine.consignee_id == wanted.consignee_id)))
    if wanted.is_material is not None:
        materials = select(Product.id).where(Product.kind == ProductKind.material)
        found = found.where(Lot.product_id.in_(materials) if wanted.is_material else Lot.product_id.not_in(materials))
    if wanted.is_own is not None:
        found = found.where(Lot.is_own == int(wanted.is_own))
    if wanted.since is not None:
        found = found.where(Lot.started_at >= _midnight(wanted.since, wanted.zone))
    if wanted.until is not None:
        found = found.where(Lot.started_at < _midnight(wanted.until + timedelta(days=1), wanted.zone))
    for column, value in ((Lot.product_id, wanted.product_id), (Lot.supplier_id, wanted.supplier_id)):
        if value:
            found = found.where(column == value)
    return found.where(_has_verdict(wanted.verdict, today)) if wanted.verdict else found


def _midnight(day: date, zone: str) -> datetime:
    return datetime.combine(day, time(), ZoneInfo(zone))


def _holds_text(text: str) -> SQLColumnExpression[bool]:
    pattern = contains(text)
    named = select(Product.id).where(or_(*(column.ilike(pattern, escape="\\") for column in (
        Product.code, Product.name_zh, Product.name_en))))
    columns = (Lot.number, Lot.supplier_lot_number, Lot.name, Lot.uri)
    return or_(*(column.ilike(pattern, escape="\\") for column in columns), Lot.product_id.in_(named))


def _has_verdict(verdict: str, today: date) -> SQLColumnExpression[bool]:
    """The precedence of the verdict as conditions: a lot is listed under the one that it shows."""
    standing = and_(~Lot.is_recalled, Lot.release_state != ReleaseState.rejected, ~Lot.is_on_hold)
    expired = and_(Lot.expires_on.is_not(None), Lot.expires_on < today)
    released = and_(standing, Lot.release_state == ReleaseState.released)
    conditions = {
        Verdict.recalled: Lot.is_recalled,
        Verdict.rejected: and_(~Lot.is_recalled, Lot.release_state == ReleaseState.rejected),
        Verdict.on_hold: and_(~Lot.is_recalled, Lot.release_state != ReleaseState.rejected, Lot.is_on_hold),
        Verdict.not_released: and_(standing, Lot.release_state == ReleaseState.pending),
        Verdict.expired: and_(released, expired),
        Verdict.released: and_(released, or_(Lot.expires_on.is_(None), Lot.expires_on >= today)),
    }
    return conditions.get(Verdict(verdict), Lot.lot_key.is_(None)) if verdict in set(Verdict) else Lot.lot_key.is_(None)


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
        func.count().filter(_has_verdict("not_released", today)), func.count().filter(_has_verdict("on_hold", today)),
        func.count().filter(Lot.is_recalled),
        func.count().filter(and_(_has_verdict("released", today), in_stock,
                                 Lot.expires_on <= today + timedelta(days=days)))).where(Lot.is_own == 1)).one()
    return LotCounts(pending, on_hold, recalled, expiring)


def usable_lots(session: Session, product_ids: list[str], today: date, limit: int = 200) -> tuple[Lot, ...]:
    """Our lots of these products that may be consumed or shipped and of which something is left, the first to
    expire first."""
    in_stock = Lot.made + Lot.returned - Lot.consumed - Lot.shipped - Lot.sampled - Lot.lost > 0
    return tuple(session.scalars(
        select(Lot).where(Lot.product_id.in_(product_ids), Lot.is_own == 1, in_stock, _has_verdict("released", today))
        .order_by(Lot.expires_on.is_(None), Lot.expires_on, Lot.started_at, Lot.lot_key).limit(limit)))


@dataclass(frozen=True, slots=True)
class InspectionView:
    """An inspection with its results and files."""

    inspection: Inspection
    results: tuple[TestResult, ...]
    files: tuple[Attachment, ...]


def inspections_of(session: Session, lot_key: str) -> tuple[InspectionView, ...]:
    """The inspections of a lot, newest first."""
    rows = session.scalars(select(Inspection).where(Inspection.lot_key == lot_key)
                           .order_by(Inspection.inspected_at.desc(), Inspection.id.desc())).all()
    results: dict[str, list[TestResult]] = defaultdict(list)
    for result in session.scalars(select(TestResult).where(TestResult.lot_key == lot_key)
                                  .order_by(TestResult.inspection_id, TestResult.position)):
        results[result.inspection_id].append(result)
    files = attachments_of_all(session, [about_inspection(row.id) for row in rows])
    return tuple(InspectionView(row, tuple(results[row.id]), tuple(files.get(about_inspection(row.id), ())))
                 for row in rows)


def holds_of(session: Session, lot_key: str) -> tuple[Hold, ...]:
    """The holds of a lot, standing ones first, newest first."""
    return tuple(session.scalars(select(Hold).where(Hold.lot_key == lot_key).order_by(
        Hold.lifted_at.is_not(None), Hold.placed_at.desc(), Hold.id.desc())))


def productions_of(session: Session, lot_key: str) -> tuple[Production, ...]:
    """How a lot was made, in the order of time."""
    return tuple(session.scalars(select(Production).where(Production.lot_key == lot_key)
                                 .order_by(Production.made_at, Production.id)))


@dataclass(frozen=True, slots=True)
class ShipmentRow:
    """A line of a despatch; units below zero came back."""

    line: ShipmentLine
    shipment: Shipment
    consignee: Party


def shipments_of(session: Session, lot_key: str, limit: int = 1000) -> tuple[ShipmentRow, ...]:
    """Where units of a lot went and came back from, newest first."""
    found = session.execute(
        select(ShipmentLine, Shipment, Party).join(Shipment, Shipment.id == ShipmentLine.shipment_id)
        .join(Party, Party.id == ShipmentLine.consignee_id).where(ShipmentLine.lot_key == lot_key)
        .order_by(ShipmentLine.shipped_at.desc(), ShipmentLine.shipment_id, ShipmentLine.position).limit(limit))
    return tuple(ShipmentRow(line, shipment, party) for line, shipment, party in found)


@dataclass(frozen=True, slots=True)
class DeliveredRow:
    """A line of a despatch to one consignee, with its lot."""

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


@dataclass(frozen=True, slots=True)
class EventView:
    """An event as it touched one lot."""

    event: Event
    role: str
    quantity: Decimal | None
    unit: str | None


def events_of(session: Session, lot_key: str, limit: int = 500) -> tuple[EventView, ...]:
    """What happened to a lot, newest first."""
    found = session.execute(
        select(Event, EventItem.role, EventItem.quantity, EventItem.unit)
        .join(EventItem, and_(EventItem.subject_key == Event.subject_key, EventItem.event_id == Event.id))
        .where(EventItem.lot_key == lot_key).order_by(Event.event_time.desc(), Event.id.desc()).limit(limit))
    return tuple(EventView(event, role, quantity, unit) for event, role, quantity, unit in found)


def positions_of(session: Session, lot_key: str) -> tuple[LotPosition, ...]:
    """Where a lot is and how much of it, places that hold nothing any more left out."""
    return tuple(session.scalars(select(LotPosition).where(
        LotPosition.lot_key == lot_key, or_(LotPosition.quantity.is_(None), LotPosition.quantity > 0))
        .order_by(LotPosition.since.desc(), LotPosition.holder)))
