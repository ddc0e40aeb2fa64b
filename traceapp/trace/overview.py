"""Reads for the page of one lot and for the forms about lots. A fixed number of statements, whatever the lot holds."""
from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from sqlalchemy import or_, select
from sqlalchemy.orm import Session

from traceapp.catalog.model import PackagingLevel, Party, Product

from .lookup import lots_by_key
from .model import Event, EventItem, Hold, Inspection, Lot, Production, Shipment, ShipmentLine, TestResult
from .policy import ReleaseState

_MOST_INSPECTIONS = 100


@dataclass(frozen=True, slots=True)
class LotHead:
    """A lot with what it is named after; `product` is None for a lot of somebody else."""

    lot: Lot
    product: Product | None
    supplier: Party | None


@dataclass(frozen=True, slots=True)
class LotWithPacks:
    """A lot with its product and the packs that it is shipped in, the largest first."""

    lot: Lot
    product: Product | None
    levels: tuple[PackagingLevel, ...]


@dataclass(frozen=True, slots=True)
class Inspected:
    """One report with its results in their order."""

    inspection: Inspection
    results: tuple[TestResult, ...]


@dataclass(frozen=True, slots=True)
class Shipped:
    """One line of a despatch; `units` below zero came back. `late_reason`: why it was booked after its lot was
    stopped."""

    shipment_id: str
    document_number: str
    consignee_id: str
    consignee_code: str
    consignee_zh: str
    consignee_en: str
    shipped_at: datetime
    gtin: str | None
    packs: Decimal
    units: Decimal
    lane: str
    late_reason: str


def lot_head(session: Session, lot_key: str) -> LotHead | None:
    """The lot with its product (packaging levels load on first use) and supplier; None for an unknown key."""
    row = session.execute(
        select(Lot, Product, Party).outerjoin(Product, Product.id == Lot.product_id)
        .outerjoin(Party, Party.id == Lot.supplier_id).where(Lot.lot_key == lot_key)).first()
    return LotHead(*row) if row is not None else None


def lots_with_packs(session: Session, lot_keys: list[str]) -> list[LotWithPacks]:
    """These lots in this order, in three statements; unknown keys are left out."""
    lots = lots_by_key(session, lot_keys)
    ids = {lot.product_id for lot in lots.values() if lot.product_id}
    products = {one.id: one for one in session.scalars(select(Product).where(Product.id.in_(ids)))}
    levels: dict[str, list[PackagingLevel]] = defaultdict(list)
    for level in session.scalars(select(PackagingLevel).where(PackagingLevel.product_id.in_(ids))
                                 .order_by(PackagingLevel.units.desc(), PackagingLevel.gtin)):
        levels[level.product_id].append(level)
    return [LotWithPacks(lots[key], products.get(lots[key].product_id or ""),
                         tuple(levels[lots[key].product_id or ""])) for key in lot_keys if key in lots]


def inspections_of(session: Session, lot_key: str) -> tuple[Inspected, ...]:
    """The reports of a lot, newest first."""
    found = session.scalars(select(Inspection).where(Inspection.lot_key == lot_key).order_by(
        Inspection.inspected_at.desc(), Inspection.id.desc()).limit(_MOST_INSPECTIONS)).all()
    results: dict[str, list[TestResult]] = defaultdict(list)
    for result in session.scalars(select(TestResult).where(TestResult.lot_key == lot_key)
                                  .order_by(TestResult.inspection_id, TestResult.position)):
        results[result.inspection_id].append(result)
    return tuple(Inspected(one, tuple(results[one.id])) for one in found)


def shipments_of(session: Session, lot_key: str, limit: int = 200) -> tuple[Shipped, ...]:
    """The despatches and returns of a lot, newest first."""
    rows = session.execute(
        select(Shipment.id, Shipment.document_number, Party.id, Party.code, Party.name_zh, Party.name_en,
               ShipmentLine.shipped_at, ShipmentLine.gtin, ShipmentLine.packs, ShipmentLine.units, Shipment.lane,
               Shipment.late_reason)
        .join(Shipment, Shipment.id == ShipmentLine.shipment_id).join(Party, Party.id == ShipmentLine.consignee_id)
        .where(ShipmentLine.lot_key == lot_key)
        .order_by(ShipmentLine.shipped_at.desc(), ShipmentLine.shipment_id.desc(), ShipmentLine.position).limit(limit))
    return tuple(Shipped(*list[Any](row)) for row in rows)


def holds_of(session: Session, lot_key: str) -> tuple[Hold, ...]:
    """Every hold of a lot, standing ones first, then the newest."""
    return tuple(session.scalars(select(Hold).where(Hold.lot_key == lot_key)
                                 .order_by(Hold.lifted_at.is_not(None), Hold.placed_at.desc(), Hold.id)))


def productions_of(session: Session, lot_key: str) -> tuple[Production, ...]:
    """How a batch was made."""
    return tuple(session.scalars(select(Production).where(Production.lot_key == lot_key).order_by(Production.id)))


def events_of(session: Session, lot_key: str, limit: int = 200) -> tuple[Event, ...]:
    """The events that touched a lot, newest first, each once."""
    keys = (select(EventItem.subject_key, EventItem.event_id).where(EventItem.lot_key == lot_key, EventItem.stands)
            .distinct().subquery())
    return tuple(session.scalars(
        select(Event).join(keys, (keys.c.subject_key == Event.subject_key) & (keys.c.event_id == Event.id))
        .order_by(Event.event_time.desc(), Event.id.desc()).limit(limit)))


def usable_lots(session: Session, product_ids: Iterable[str], today: date, each: int = 20) -> dict[str, list[Lot]]:
    """Per product the own lots that may be consumed or shipped on `today` and have stock, what expires first in
    front; at most `each` of a product."""
    stock = Lot.made + Lot.returned - Lot.consumed - Lot.shipped - Lot.sampled - Lot.lost
    found: dict[str, list[Lot]] = defaultdict(list)
    wanted = sorted(set(product_ids))
    for product_id in wanted:
        found[product_id] = list(session.scalars(
            select(Lot).where(
                Lot.product_id == product_id, Lot.is_own == 1, Lot.release_state == ReleaseState.released,
                Lot.is_on_hold.is_(False), Lot.is_recalled.is_(False), stock > 0,
                or_(Lot.expires_on.is_(None), Lot.expires_on >= today))
            .order_by(Lot.expires_on.is_(None), Lot.expires_on, Lot.started_at, Lot.lot_key).limit(each)))
    return found


def usual_characteristics(session: Session, product_id: str) -> tuple[TestResult, ...]:
    """The results of the latest report on any lot of the product: what is tested, and within which limits."""
    last = session.execute(
        select(Inspection.lot_key, Inspection.id).join(Lot, Lot.lot_key == Inspection.lot_key)
        .where(Lot.product_id == product_id).order_by(Inspection.inspected_at.desc(), Inspection.id.desc())
        .limit(1)).first()
    if last is None:
        return ()
    return tuple(session.scalars(select(TestResult).where(
        TestResult.lot_key == last[0], TestResult.inspection_id == last[1]).order_by(TestResult.position)))


def lots_called(session: Session, text: str, limit: int = 20) -> list[Lot]:
    """Lots whose own or supplier's number is exactly this text, ours first."""
    return list(session.scalars(
        select(Lot).where(or_(Lot.number == text, Lot.supplier_lot_number == text))
        .order_by(Lot.is_own.desc(), Lot.started_at.desc(), Lot.lot_key).limit(limit)))
