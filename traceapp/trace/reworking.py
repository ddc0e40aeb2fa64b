"""What may be done with units that may not be used: made into a batch with a number of its own, or given back."""
from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any

from sqlalchemy.orm import Session

from traceapp.audit import record, stream_of
from traceapp.catalog.texts import required_text, short_text
from traceapp.core.actor import Actor
from traceapp.core.clock import Clock
from traceapp.core.ids import name_key
from traceapp.core.quantity import Quantity
from traceapp.epcis import ClassQuantity, More, What, Why, object_event, transformation_event

from . import acts, guards
from .facts import record_act
from .identity import checked_lot_number, lot_uri, party_uri
from .model import Lot
from .receiving import refuse_known_lot


@dataclass(frozen=True, slots=True)
class ReworkUnits:
    """Units of a stopped lot that become lot `number` of the same product."""

    lot_key: str
    units: Decimal
    number: str
    reworked_at: datetime
    reason: str


@dataclass(frozen=True, slots=True)
class GiveBack:
    """Units that go back to whom they came from."""

    lot_key: str
    units: Decimal
    partner_id: str
    sent_at: datetime
    reason: str


def rework_units(session: Session, actor: Actor, clock: Clock, command: ReworkUnits) -> Lot:
    """Make a lot out of units that are stopped: it keeps their dates, and waits for its own inspection and release.
    Raises Conflict for more than the stock or a number that is taken, InvalidInput."""
    old, units = _checked(session, command.lot_key, command.units)
    place, product = guards.place_of(session, old.site_id), guards.known_product(session, old.product_id or "")
    at = guards.checked_time(clock, command.reworked_at, place="reworked_at")
    reason = short_text(required_text(command.reason, place="reason"), 2000, place="reason")
    number = checked_lot_number(product.identity_uri, command.number)
    uri = lot_uri(product.identity_uri, number)
    refuse_known_lot(session, uri, number)
    data: dict[str, Any] = {
        "product": product.id, "class": product.identity_uri, "number": number, "site": place.site_id,
        "madeOn": old.made_on, "expiresOn": old.expires_on, "place": {}, "reason": reason}
    ilmd = {"cbvmda:lotNumber": number, "cbvmda:itemExpirationDate": old.expires_on}
    event = transformation_event(
        place.when(at), What(quantities=(ClassQuantity(old.uri, units, old.unit),)),
        What(quantities=(ClassQuantity(uri, units, old.unit),)), where=place.where,
        why=Why("repackaging", "in_progress"),
        more=More(ilmd={name: value for name, value in ilmd.items() if value},
                  extensions=acts.written("produce", data)))
    key = name_key(uri)
    lot = record_act(session, actor, clock, key, event).lots[key]
    record(session, actor, clock.now(), "lot.reworked", stream_of("lot", key), {
        "number": number, "from": old.number, "quantity": units, "unit": old.unit, "reason": reason})
    return lot


def give_back(session: Session, actor: Actor, clock: Clock, command: GiveBack) -> Lot:
    """Send units back to a partner, also of a lot that is stopped. Raises NotFound, InvalidInput, and Conflict for more
    than the stock."""
    lot, units = _checked(session, command.lot_key, command.units)
    partner = guards.known_party(session, command.partner_id, place="partner_id")
    place = guards.place_of(session, lot.site_id)
    at = guards.checked_time(clock, command.sent_at, place="sent_at")
    reason = short_text(required_text(command.reason, place="reason"), 2000, place="reason")
    event = object_event(
        "OBSERVE", place.when(at), What(quantities=(ClassQuantity(lot.uri, units, lot.unit),)), where=place.where,
        why=Why("shipping", "returned",
                destinations=(("owning_party", party_uri(partner.gln, partner.code)),)),
        more=More(extensions=acts.written("dispose", {"reason": reason, "partner": partner.id})))
    record_act(session, actor, clock, lot.lot_key, event)
    record(session, actor, clock.now(), "lot.given_back", stream_of("lot", lot.lot_key), {
        "quantity": units, "unit": lot.unit, "partner": partner.code, "reason": reason})
    return lot


def _checked(session: Session, lot_key: str, units: Decimal) -> tuple[Lot, Decimal]:
    lot = guards.own_lot(session, lot_key)
    amount = guards.amount_in(Quantity(units, lot.unit or "EA"), lot.unit or "EA", place="units")
    guards.refuse_more_than_stock(lot, amount, place="units")
    return lot, amount
