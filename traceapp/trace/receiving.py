"""Receiving a lot from a supplier."""
from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, timedelta

from sqlalchemy.orm import Session

from traceapp.audit import record, stream_of
from traceapp.catalog.model import Product
from traceapp.catalog.texts import short_text
from traceapp.core.actor import Actor
from traceapp.core.clock import Clock
from traceapp.core.errors import Conflict, InvalidInput
from traceapp.core.ids import name_key
from traceapp.core.quantity import Quantity
from traceapp.epcis import ClassQuantity, More, What, Why, object_event
from traceapp.gs1.escapes import escape

from . import acts, guards
from .facts import record_act
from .identity import checked_lot_number, lot_uri, party_uri
from .model import Lot


@dataclass(frozen=True, slots=True)
class ReceiveLot:
    """`number` is our own number of the lot, `supplier_lot_number` the supplier's; `expires_on` is the last day of
    use (by default the shelf life after `made_on`); `document` is the delivery note."""

    product_id: str
    number: str
    supplier_id: str
    supplier_lot_number: str
    quantity: Quantity
    received_at: datetime
    site_id: str | None = None
    origin: str = ""
    made_on: date | None = None
    expires_on: date | None = None
    document: str = ""


def refuse_known_lot(session: Session, uri: str, number: str) -> None:
    """Nothing when no lot of ours has this name. Raises Conflict."""
    lot = session.get(Lot, name_key(uri))
    if lot is not None and lot.is_own:
        raise Conflict("Lot %(lot)s of this product exists already. Give the new lot a number of its own.",
                       code="lot-exists", place="number", lot=number)


def last_day_of_use(product: Product, made_on: date | None, expires_on: date | None) -> date | None:
    """The stated last day, else made + shelf life. Raises InvalidInput for an expiry before the making."""
    if expires_on is None and made_on is not None and product.shelf_life_days:
        return made_on + timedelta(days=product.shelf_life_days)
    if expires_on is not None and made_on is not None and expires_on < made_on:
        raise InvalidInput("The expiry date %(expires)s is before the production date %(made)s.", place="expires_on",
                           code="expires-before-made", expires=expires_on, made=made_on)
    return expires_on


def document_uri(kind: str, number: str) -> str:
    """The URI of a paper of ours: a delivery note, a test report, a work order."""
    return f"urn:traceapp:{kind}:{escape(number)}"


def receive_lot(session: Session, actor: Actor, clock: Clock, command: ReceiveLot) -> Lot:
    """Take in a lot; it waits for inspection and release. Raises NotFound, InvalidInput, and Conflict for a number
    that exists."""
    product = guards.known_product(session, command.product_id)
    supplier = guards.known_party(session, command.supplier_id, place="supplier_id")
    place = guards.place_of(session, command.site_id)
    at = guards.checked_time(clock, command.received_at, place="received_at")
    number = checked_lot_number(product.identity_uri, command.number)
    uri = lot_uri(product.identity_uri, number)
    refuse_known_lot(session, uri, number)
    amount = guards.amount_in(command.quantity, product.unit, place="quantity")
    expires_on = last_day_of_use(product, command.made_on, command.expires_on)
    note = short_text(command.document, 80, place="document")
    data = {
        "product": product.id, "class": product.identity_uri, "number": number, "supplier": supplier.id,
        "supplierLotNumber": short_text(command.supplier_lot_number, 80, place="supplier_lot_number"),
        "site": place.site_id, "origin": short_text(command.origin, 120, place="origin"), "madeOn": command.made_on,
        "expiresOn": expires_on}
    why = Why("receiving", "in_progress", sources=(("owning_party", party_uri(supplier.gln, supplier.code)),),
              transactions=(("desadv", document_uri("delivery", note)),) if note else ())
    event = object_event("OBSERVE", place.when(at), What(quantities=(ClassQuantity(uri, amount, product.unit),)),
                         why=why, where=place.where, more=More(extensions=acts.written("receive", data)))
    key = name_key(uri)
    lot = record_act(session, actor, clock, key, event).lots[key]
    record(session, actor, clock.now(), "lot.received", stream_of("lot", key), {
        "number": number, "product": product.code, "quantity": amount, "unit": product.unit,
        "supplier": supplier.code, "supplier_lot": data["supplierLotNumber"], "document": note})
    return lot
