"""Shipments in packs, returns in units, disposal."""
from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from traceapp.audit import record, stream_of
from traceapp.catalog.model import PackagingLevel, Party
from traceapp.catalog.texts import required_text, short_text
from traceapp.core.actor import Actor
from traceapp.core.clock import Clock
from traceapp.core.errors import Conflict, InvalidInput
from traceapp.core.quantity import Quantity, plain
from traceapp.epcis import ClassQuantity, More, What, Why, object_event

from . import acts, guards
from .facts import record_act
from .holds import MANUAL
from .identity import party_uri
from .model import Hold, Lot, Shipment, ShipmentLine
from .policy import Verdict, verdict
from .receiving import document_uri

# Who may not be shipped because something stopped it, and what can be done about goods that had left before.
_STOPPED = {
    Verdict.recalled: "Lot %(lot)s has been recalled and cannot be shipped. What had left before it was recalled can "
                      "still be booked: by quality staff, as a despatch that had left before, with the reason.",
    Verdict.on_hold: "Lot %(lot)s is on hold and cannot be shipped. What had left before the hold can still be booked: "
                     "by quality staff, as a despatch that had left before, with the reason.",
}


@dataclass(frozen=True, slots=True)
class ShipLine:
    """`packs` of the pack `gtin`; without a GTIN, that many units."""

    lot_key: str
    gtin: str | None
    packs: Decimal


@dataclass(frozen=True, slots=True)
class ShipLots:
    """A despatch to one consignee; `lane` names the route or the transport condition."""

    consignee_id: str
    document_number: str
    shipped_at: datetime
    from_site_id: str | None
    lane: str
    lines: tuple[ShipLine, ...]
    carrier_id: str | None = None


@dataclass(frozen=True, slots=True)
class ReturnUnits:
    """Units of a lot that a consignee sent back; `sscc`: in which pallet or carton, where that is known."""

    lot_key: str
    consignee_id: str
    units: Decimal
    returned_at: datetime
    document_number: str = ""
    sscc: str = ""


@dataclass(frozen=True, slots=True)
class DisposeUnits:
    """Units that were destroyed or lost; `quantity` in any unit that converts to the lot's."""

    lot_key: str
    quantity: Quantity
    disposed_at: datetime
    reason: str


@dataclass(frozen=True, slots=True)
class Terms:
    """What a despatch is recorded by: `refuse` raises Conflict for a lot that may not go, on a day, at a place of the
    form. `late_reason`: why it is booked so late, of goods that had left before their lot was stopped."""

    refuse: Callable[[Lot, date, str], None]
    late_reason: str = ""


def ship_lots(session: Session, actor: Actor, clock: Clock, command: ShipLots) -> Shipment:
    """Send packs to a consignee. Raises NotFound, InvalidInput, and Conflict naming the lot that may not be shipped
    or has too little; of a lot that is stopped it says how goods that had left before are booked."""
    return record_despatch(session, actor, clock, command, Terms(refuse_stopped))


def refuse_stopped(lot: Lot, today: date, place: str) -> None:
    """Nothing when the lot may be shipped. Raises Conflict."""
    guards.refuse_foreign(lot, place=place)
    found = verdict(guards.policy_facts(lot), today)
    if found in _STOPPED:
        raise Conflict(_STOPPED[found], code=f"lot-{found.replace('_', '-')}", place=place, lot=lot.number)
    guards.refuse_unusable(lot, today, place=place)


def record_despatch(session: Session, actor: Actor, clock: Clock, command: ShipLots, terms: Terms) -> Shipment:
    """Record a despatch on these terms. Raises as `ship_lots`."""
    consignee = _consignee(session, command.consignee_id)
    place = guards.place_of(session, command.from_site_id)
    at = guards.checked_time(clock, command.shipped_at, place="shipped_at")
    if command.carrier_id is not None:
        guards.known_party(session, command.carrier_id, place="carrier_id")
    if not command.lines:
        raise InvalidInput("A shipment needs at least one line.", code="no-lines", place="lines")
    document = short_text(required_text(command.document_number, place="document_number"), 80,
                          place="document_number")
    lots = guards.lots_by_key(session, (line.lot_key for line in command.lines), place="lines")
    today = place.date_of(at)
    packs = _packs(session, command.lines)
    units: dict[str, Decimal] = {}
    lines: list[dict[str, Any]] = []
    for position, line in enumerate(command.lines):
        where, lot = f"lines/{position}", lots[line.lot_key]
        terms.refuse(lot, today, where)
        amount = _units(line, lot, packs, where)
        units[lot.lot_key] = units.get(lot.lot_key, Decimal(0)) + amount
        guards.refuse_more_than_stock(lot, units[lot.lot_key], place=where)
        lines.append({"lot": lot.uri, "gtin": line.gtin, "packs": line.packs, "units": amount})
    data = {"consignee": consignee.id, "document": document, "fromSite": place.site_id, "carrier": command.carrier_id,
            "lane": short_text(command.lane, 80, place="lane"), "lines": lines, "late": terms.late_reason}
    event = object_event(
        "OBSERVE", place.when(at), _what(lots, units), where=place.where,
        why=Why("shipping", "in_transit", transactions=(("desadv", document_uri("despatch", document)),),
                sources=(("location", place.uri),) if place.uri else (),
                destinations=(("owning_party", party_uri(consignee.gln, consignee.code)),)),
        more=More(extensions=acts.written("ship", data)))
    shipment = record_act(session, actor, clock, command.lines[0].lot_key, event).shipment
    assert shipment is not None
    for key, amount in units.items():
        record(session, actor, clock.now(), "lot.shipped", stream_of("lot", key), {
            "shipment": shipment.id, "consignee": consignee.code, "units": amount, "document": document}
            | ({"late": terms.late_reason} if terms.late_reason else {}))
    return shipment


def _what(lots: dict[str, Lot], units: dict[str, Decimal]) -> What:
    return What(quantities=tuple(ClassQuantity(lots[key].uri, amount, lots[key].unit)
                                 for key, amount in units.items()))


def _consignee(session: Session, party_id: str) -> Party:
    party = guards.known_party(session, party_id, place="consignee_id")
    if not party.is_active:
        raise Conflict("%(party)s is not in use any more.", code="inactive-party", place="consignee_id",
                       party=party.code)
    return party


def _packs(session: Session, lines: tuple[ShipLine, ...]) -> dict[str, PackagingLevel]:
    gtins = sorted({line.gtin for line in lines if line.gtin})
    if not gtins:
        return {}
    return {row.gtin: row for row in session.scalars(select(PackagingLevel).where(PackagingLevel.gtin.in_(gtins)))}


def _units(line: ShipLine, lot: Lot, packs: dict[str, PackagingLevel], place: str) -> Decimal:
    """The line in the product's own unit. Raises InvalidInput."""
    if line.gtin is None:
        return guards.amount_in(Quantity(line.packs, lot.unit or "EA"), lot.unit or "EA", place=place + "/packs")
    level = packs.get(line.gtin)
    if level is None or level.product_id != lot.product_id:
        raise InvalidInput("GTIN %(gtin)s is not a pack of the product of lot %(lot)s.", code="other-product",
                           place=place + "/gtin", gtin=line.gtin, lot=lot.number)
    if guards.checked_number(line.packs, place=place + "/packs") <= 0:
        raise InvalidInput("The quantity must be more than zero.", code="not-positive", place=place + "/packs")
    if line.packs != line.packs.to_integral_value():
        raise InvalidInput("Packs are whole: %(text)s is not.", code="not-whole", place=place + "/packs",
                           text=plain(line.packs))
    return guards.amount_in(Quantity(line.packs * level.units, lot.unit or "EA"), lot.unit or "EA",
                            place=place + "/packs")


def return_units(session: Session, actor: Actor, clock: Clock, command: ReturnUnits) -> Shipment:
    """Take back units, of a recalled or expired lot too. Raises Conflict for more than the consignee still has."""
    consignee = guards.known_party(session, command.consignee_id, place="consignee_id")
    lot = guards.own_lot(session, command.lot_key)
    place = guards.place_of(session, lot.site_id)
    at = guards.checked_time(clock, command.returned_at, place="returned_at")
    units = guards.amount_in(Quantity(command.units, lot.unit or "EA"), lot.unit or "EA", place="units")
    there = session.scalar(select(func.sum(ShipmentLine.units)).where(
        ShipmentLine.lot_key == lot.lot_key, ShipmentLine.consignee_id == consignee.id)) or Decimal(0)
    if units > there:
        raise Conflict("%(party)s has %(there)s %(unit)s of lot %(lot)s by our records; %(wanted)s cannot come back.",
                       code="more-than-shipped", place="units", party=consignee.code, there=plain(there),
                       unit=lot.unit, lot=lot.number, wanted=plain(units))
    document = short_text(command.document_number, 80, place="document_number")
    data = {"consignee": consignee.id, "document": document, "sscc": command.sscc,
            "lines": [{"lot": lot.uri, "packs": units, "units": units}]}
    event = object_event(
        "OBSERVE", place.when(at), _what({lot.lot_key: lot}, {lot.lot_key: units}), where=place.where,
        why=Why("receiving", "returned", sources=(("owning_party", party_uri(consignee.gln, consignee.code)),),
                transactions=(("rma", document_uri("return", document)),) if document else ()),
        more=More(extensions=acts.written("return", data)))
    shipment = record_act(session, actor, clock, lot.lot_key, event).shipment
    assert shipment is not None
    record(session, actor, clock.now(), "lot.returned", stream_of("lot", lot.lot_key), {
        "shipment": shipment.id, "consignee": consignee.code, "units": units, "document": document})
    return shipment


def dispose_units(session: Session, actor: Actor, clock: Clock, command: DisposeUnits) -> Lot:
    """Write off units that were destroyed or lost. Raises Conflict for more than the stock, and for a lot that a recall
    stops (code `in-recall`)."""
    lot = guards.own_lot(session, command.lot_key)
    if session.scalar(select(Hold.id).where(Hold.lot_key == lot.lot_key, Hold.source != MANUAL,
                                            Hold.lifted_at.is_(None)).limit(1)) is not None:
        raise Conflict("A recall stops lot %(lot)s: what becomes of its units is decided there, and two people sign "
                       "that they are destroyed.", code="in-recall", place="lot_key", lot=lot.number)
    return write_off(session, actor, clock, command)


def write_off(session: Session, actor: Actor, clock: Clock, command: DisposeUnits) -> Lot:
    """The same of any lot, once it was decided. Raises Conflict for more than the stock."""
    lot = guards.own_lot(session, command.lot_key)
    place = guards.place_of(session, lot.site_id)
    at = guards.checked_time(clock, command.disposed_at, place="disposed_at")
    reason = short_text(required_text(command.reason, place="reason"), 2000, place="reason")
    amount = guards.amount_in(command.quantity, lot.unit or "EA", place="quantity")
    guards.refuse_more_than_stock(lot, amount, place="quantity")
    event = object_event(
        "DELETE", place.when(at), _what({lot.lot_key: lot}, {lot.lot_key: amount}), where=place.where,
        why=Why("destroying", "destroyed"), more=More(extensions=acts.written("dispose", {"reason": reason})))
    record_act(session, actor, clock, lot.lot_key, event)
    record(session, actor, clock.now(), "lot.disposed", stream_of("lot", lot.lot_key),
           {"quantity": amount, "unit": lot.unit, "reason": reason})
    return lot
