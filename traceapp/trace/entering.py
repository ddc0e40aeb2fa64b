"""Entering a batch of ours that was made before our records begin: nobody told out of what."""
from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date, datetime

from sqlalchemy.orm import Session

from traceapp.audit import record, stream_of
from traceapp.core.actor import Actor
from traceapp.core.clock import Clock
from traceapp.core.ids import name_key
from traceapp.core.quantity import Quantity
from traceapp.epcis import ClassQuantity, More, What, Why, object_event

from . import acts, guards
from .facts import record_act
from .identity import checked_lot_number, lot_uri
from .model import Lot
from .production import MadeAt, place_data
from .receiving import last_day_of_use, refuse_known_lot


@dataclass(frozen=True, slots=True)
class EnterLot:
    """`quantity` is all that was made; `made_on` by default the date of `made_at` at the site; `expires_on` is the
    last day of use, by default the shelf life after it."""

    product_id: str
    number: str
    quantity: Quantity
    made_at: datetime
    place: MadeAt = field(default_factory=MadeAt)
    made_on: date | None = None
    expires_on: date | None = None


def enter_lot(session: Session, actor: Actor, clock: Clock, command: EnterLot) -> Lot:
    """A batch without its materials; it waits for inspection and release. Raises NotFound, InvalidInput, and Conflict
    for a number that exists."""
    product = guards.known_product(session, command.product_id)
    place = guards.place_of(session, command.place.site_id)
    at = guards.checked_time(clock, command.made_at, place="made_at")
    number = checked_lot_number(product.identity_uri, command.number)
    uri = lot_uri(product.identity_uri, number)
    refuse_known_lot(session, uri, number)
    made = guards.amount_in(command.quantity, product.unit, place="quantity")
    made_on = command.made_on or place.date_of(at)
    expires_on = last_day_of_use(product, made_on, command.expires_on)
    data = {"product": product.id, "class": product.identity_uri, "number": number, "site": place.site_id,
            "madeOn": made_on, "expiresOn": expires_on, "place": place_data(command.place)}
    ilmd = {"cbvmda:lotNumber": number, "cbvmda:itemExpirationDate": expires_on}
    event = object_event(
        "ADD", place.when(at), What(quantities=(ClassQuantity(uri, made, product.unit),)), where=place.where,
        why=Why("commissioning", "in_progress"),
        more=More(ilmd={name: value for name, value in ilmd.items() if value}, extensions=acts.written("enter", data)))
    key = name_key(uri)
    lot = record_act(session, actor, clock, key, event).lots[key]
    record(session, actor, clock.now(), "lot.entered", stream_of("lot", key), {
        "number": number, "product": product.code, "quantity": made, "unit": product.unit})
    return lot
