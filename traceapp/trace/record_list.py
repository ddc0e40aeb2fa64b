"""Pages of what was recorded about one lot: inspections, holds, despatches and returns; the newest first."""
from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass

from sqlalchemy import select
from sqlalchemy.orm import Session

from traceapp.db.page import Order, Page, page_of

from .model import Hold, Inspection, Shipment, ShipmentLine, TestResult
from .overview import Inspected


@dataclass(frozen=True, slots=True)
class RecordFilter:
    """Of which lot, and which page."""

    lot_key: str
    after: str | None = None
    limit: int = 50


@dataclass(frozen=True, slots=True)
class ShippedLines:
    """A despatch, or a return with negative numbers, and its lines of the lot."""

    shipment: Shipment
    lines: tuple[ShipmentLine, ...]


def inspection_page(session: Session, wanted: RecordFilter) -> Page[Inspected]:
    """Inspections with their results."""
    found = page_of(session, select(Inspection).where(Inspection.lot_key == wanted.lot_key),
                    Order(Inspection.inspected_at, Inspection.id, descending=True), wanted.after, wanted.limit)
    results: dict[str, list[TestResult]] = defaultdict(list)
    for result in session.scalars(
            select(TestResult).where(TestResult.lot_key == wanted.lot_key,
                                     TestResult.inspection_id.in_([row.id for row in found.rows]))
            .order_by(TestResult.inspection_id, TestResult.position)):
        results[result.inspection_id].append(result)
    return Page(tuple(Inspected(row, tuple(results[row.id])) for row in found.rows), found.total, found.next)


def hold_page(session: Session, wanted: RecordFilter) -> Page[Hold]:
    """Holds, lifted ones too."""
    return page_of(session, select(Hold).where(Hold.lot_key == wanted.lot_key),
                   Order(Hold.placed_at, Hold.id, descending=True), wanted.after, wanted.limit)


def shipment_page(session: Session, wanted: RecordFilter) -> Page[ShippedLines]:
    """Despatches and returns with their lines of the lot."""
    of_lot = select(ShipmentLine.shipment_id).where(ShipmentLine.lot_key == wanted.lot_key)
    found = page_of(session, select(Shipment).where(Shipment.id.in_(of_lot)),
                    Order(Shipment.shipped_at, Shipment.id, descending=True), wanted.after, wanted.limit)
    lines: dict[str, list[ShipmentLine]] = defaultdict(list)
    for line in session.scalars(
            select(ShipmentLine).where(ShipmentLine.lot_key == wanted.lot_key,
                                       ShipmentLine.shipment_id.in_([row.id for row in found.rows]))
            .order_by(ShipmentLine.shipment_id, ShipmentLine.position)):
        lines[line.shipment_id].append(line)
    return Page(tuple(ShippedLines(row, tuple(lines[row.id])) for row in found.rows), found.total, found.next)
