"""Lots, despatches and complaints as bare rows, for tests of detection."""
from __future__ import annotations

from datetime import datetime, timedelta
from decimal import Decimal

from sqlalchemy.orm import Session

from traceapp.catalog.model import Product
from traceapp.complaint.model import Complaint
from traceapp.core.ids import name_key, new_id
from traceapp.surveillance.alarm import NodeKind
from traceapp.surveillance.ranking import Likeliest
from traceapp.trace.model import Lot, LotEdge, ShipmentLine


def add_product(session: Session, at: datetime, code: str = "P1", kind: str = "device") -> Product:
    product = Product(id=name_key(code), code=code, kind=kind, name_zh=f"产品{code}", name_en=f"Product {code}",
                      identity_uri=f"urn:traceapp:class:{code}", unit="EA", created_at=at)
    session.add(product)
    session.flush()
    return product


def add_lot(session: Session, product: Product, number: str, made: int, at: datetime) -> Lot:
    uri = f"{product.identity_uri}:{number}"
    lot = Lot(lot_key=name_key(uri), uri=uri, product_id=product.id, number=number, unit="EA", made=Decimal(made),
              started_at=at, made_on=at.date(), created_at=at, release_state="released")
    session.add(lot)
    session.flush()
    return lot


def add_shipment(session: Session, lot: Lot, units: int, at: datetime, consignee: str = "c1") -> None:
    lot.shipped += Decimal(units)
    session.add(ShipmentLine(lot_key=lot.lot_key, shipment_id=new_id(at), position=1, consignee_id=consignee,
                             shipped_at=at, packs=Decimal(units), units=Decimal(units), event_id=new_id(at)))
    session.flush()


def add_complaint(session: Session, lot: Lot, at: datetime, **changes: object) -> Complaint:
    values: dict[str, object] = {
        "lot_key": lot.lot_key, "id": new_id(at), "reference": new_id(at)[-12:], "channel": "consumer",
        "lot_capture": "scan", "product_id": lot.product_id, "received_at": at, "awareness_at": at,
        "narrative": "red skin", "severity": "moderate", "state": "received", "is_harm": True}
    complaint = Complaint(**(values | changes))
    session.add(complaint)
    session.flush()
    return complaint


def add_edge(session: Session, parent: Lot, child: Lot, quantity: int, at: datetime) -> None:
    event_id = new_id(at)
    for lot, direction, other in ((parent, "down", child), (child, "up", parent)):
        session.add(LotEdge(lot_key=lot.lot_key, direction=direction, other_key=other.lot_key, event_id=event_id,
                            kind="production", quantity=Decimal(quantity), unit="EA", at=at))
    session.flush()


def add_reactions(session: Session, lot: Lot, first: datetime, count: int) -> None:
    """`count` complaints, one every twelve hours from `first`."""
    for number in range(count):
        add_complaint(session, lot, first + timedelta(hours=12 * number))


def likeliest_material(found: Likeliest) -> str:
    """The likeliest lot that others were made from."""
    assert found.ranking is not None
    chances = found.ranking.chances
    return max((node for node in chances if found.lineage.kind_of(node) == NodeKind.upstream), key=chances.__getitem__)
