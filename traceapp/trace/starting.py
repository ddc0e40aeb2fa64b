"""Which lots a trace begins from, when it begins from something else than one lot."""
from __future__ import annotations

from enum import StrEnum
from typing import Any

from sqlalchemy import Select, or_, select
from sqlalchemy.orm import Session

from traceapp.catalog.model import Party
from traceapp.core.errors import NotFound

from .finding import key_of_text
from .model import Lot, Production, Shipment, ShipmentLine


class StartKind(StrEnum):
    """`item`: a lot, a serial number, a carton, a pallet; parties by code, a shipment by its number or id."""

    item = "item"
    supplier = "supplier"
    consignee = "consignee"
    shipment = "shipment"
    equipment = "equipment"
    work_order = "work_order"


def start_lots(session: Session, kind: StartKind, name: str) -> tuple[str, ...]:
    """The keys of the lots that came from the supplier, went to the consignee or with the shipment, or were made by the
    equipment or work order. Raises NotFound when there are none."""
    if kind == StartKind.item:
        return (key_of_text(session, name),)
    keys = tuple(session.scalars(_statement(kind, name).distinct()))
    if not keys:
        raise NotFound("No lots belong to “%(name)s”.", code="no-start", place="name", name=name)
    return tuple(sorted(keys))


def _statement(kind: StartKind, name: str) -> Select[Any]:
    party = select(Party.id).where(or_(Party.code == name, Party.id == name))
    if kind == StartKind.supplier:
        return select(Lot.lot_key).where(Lot.supplier_id.in_(party))
    if kind == StartKind.consignee:
        return select(ShipmentLine.lot_key).where(ShipmentLine.consignee_id.in_(party))
    if kind == StartKind.shipment:
        found = select(Shipment.id).where(or_(Shipment.document_number == name, Shipment.id == name))
        return select(ShipmentLine.lot_key).where(ShipmentLine.shipment_id.in_(found))
    column = Production.equipment if kind == StartKind.equipment else Production.work_order
    return select(Production.lot_key).where(column == name, column != "")
