"""Records for an authority: critical tracking events as a sortable table, a row an item in one role of one event. Pure.

The columns are described in docs/records.md; the same texts stand in the second sheet of the XLSX.
"""
from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta, timezone

from traceapp.trace.tracking_kinds import ELEMENTS, FROM, NOT_CRITICAL, PAPER, TO, Place, Tracking, TrackingLine

from .spreadsheet import Column, Record, Value
from .workbook import Notes

Translate = Callable[[str], str]
UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class RecordColumn:
    """One column: what it says, in which unit or form, and where that comes from."""

    key: str
    title: str
    meaning: str
    form: str
    source: str


_TEXT, _URI, _DATE, _CODE = "Text as recorded", "URI", "Date, ISO 8601", "Code word"
_EVENT, _LOT, _MASTER = "The event", "The record of the lot", "Master data"
_NAMED = "Master data; else what came with others’ documents"
COLUMNS = tuple(RecordColumn(*row) for row in (
    ("event_time", "Time of the event (UTC)", "When it happened", "Time, ISO 8601", _EVENT),
    ("time_zone", "Time zone", "Zone of the place", "Offset from UTC", _EVENT),
    ("event_date", "Date at the place", "The date there and then", _DATE, _EVENT),
    ("event", "Critical tracking event", "What happened; the kinds are listed below", _CODE,
     "Step, action and type of the event"),
    ("side", "Role of the item", "What the item was in the event; listed below", _CODE, _EVENT),
    ("lot", "Traceability lot code", "Lot number; of a single thing its serial number, of a container its number",
     _TEXT, _EVENT),
    ("supplier_lot", "Supplier’s lot number", "How the supplier calls a lot that we received", _TEXT, _LOT),
    ("item_kind", "Kind of item", "lot, instance (one serialised thing), container, class_only (no lot number given)",
     _CODE, "Identifier"),
    ("gtin", "GTIN", "GTIN of the product (its unit, where it is ours: quantities are in units); blank where it has "
     "none", "14 digits", "Identifier"),
    ("product_code", "Product code", "Our code; blank for products that are not ours", _TEXT, _MASTER),
    ("product", "Product", "Description of the product", _TEXT, _NAMED),
    ("quantity", "Quantity", "How much of the item: in a transformation used or made, else handled", "Decimal number",
     _EVENT),
    ("unit", "Unit", "Unit of the quantity; EA: pieces", "UN/ECE Recommendation 20", _EVENT),
    ("lot_source", "Source of the lot code", "Who gave the lot its code: our site, or the supplier of a lot that we "
     "received", _TEXT, _LOT),
    ("lot_source_id", "Identifier of the source", "The same as an identifier", _URI, _LOT),
    ("from_party", "Shipped from, party", "The immediate previous source", _TEXT, _NAMED),
    ("from_party_id", "Shipped from, identifier of the party", "The same as an identifier", _URI, _EVENT),
    ("from_location", "Shipped from, location", "Where it was shipped", _TEXT, _NAMED),
    ("from_location_id", "Shipped from, identifier of the location", "The same as an identifier", _URI, _EVENT),
    ("from_address", "Shipped from, address", "Address, city, region, country", _TEXT, _MASTER),
    ("to_party", "Shipped to, party", "The immediate next recipient", _TEXT, _NAMED),
    ("to_party_id", "Shipped to, identifier of the party", "The same as an identifier", _URI, _EVENT),
    ("to_location", "Shipped to, location", "Where it was shipped to; blank where the recipient has one address only",
     _TEXT, _NAMED),
    ("to_location_id", "Shipped to, identifier of the location", "The same as an identifier", _URI, _EVENT),
    ("to_address", "Shipped to, address", "Address, city, region, country", _TEXT, _MASTER),
    ("place", "Place of the event", "Where it happened: where received, made, packed, shipped", _TEXT, _NAMED),
    ("place_id", "Identifier of the place", "The same as an identifier", _URI, _EVENT),
    ("paper_type", "Type of reference document", "As in the Core Business Vocabulary: desadv is a delivery note, "
     "prodorder a production order, po an order, inv an invoice, rma a return, testres a test report", _CODE, _EVENT),
    ("paper_number", "Number of reference document", "In the order of the types", _TEXT, _EVENT),
    ("made_on", "Made on", "Date of production of the lot", _DATE, _LOT),
    ("expires_on", "Expires on", "Last day of use of the lot", _DATE, _LOT),
    ("step", "Business step", "As in the Core Business Vocabulary, or the sender’s own URI", _CODE, _EVENT),
    ("disposition", "Disposition", "As in the Core Business Vocabulary, or the sender’s own URI", _CODE, _EVENT),
    ("item_id", "Identifier of the item", "The whole identifier of lot, thing or container", _URI, _EVENT),
    ("event_type", "Type of event", "As in EPCIS 2.0", _CODE, _EVENT),
    ("event_id", "Identifier of the event", "Finds the event in the EPCIS form of the same records", _URI, _EVENT),
    ("recorded_at", "Recorded (UTC)", "When it came into this system", "Time, ISO 8601", "The system"),
    ("recorded_by", "Recorded by", "own: an act recorded here; captured: an EPCIS document of somebody", _CODE,
     "The system"),
))
KINDS: dict[Tracking, str] = {
    Tracking.receiving: "Taken in from the immediate previous source",
    Tracking.transformation: "Made out of other lots; its inputs and outputs have a row each",
    Tracking.creation: "Began to be, without a recorded input",
    Tracking.packing: "Put into a carton, on a pallet, or joined to something",
    Tracking.unpacking: "Taken out again",
    Tracking.shipping: "Sent to the immediate next recipient",
    Tracking.shipping_void: "A shipment that was declared void",
    Tracking.returning: "Came back from a recipient",
    Tracking.dispensing: "Handed to a patient or consumer",
    Tracking.disposal: "Destroyed, lost or ended",
    Tracking.other: "A step that this system does not know; see the business step",
    Tracking.inspection: "Inspected or sampled (only where asked for)",
    Tracking.decision: "Released or rejected (only where asked for)",
    Tracking.hold: "Put on hold or recalled (only where asked for)",
    Tracking.hold_lifted: "A hold or recall was lifted (only where asked for)",
    Tracking.observation: "Seen, counted, stored or moved within a place (only where asked for)",
}
SIDES = {
    "input": "Went in and was used", "output": "Came out", "child": "Is in the container", "parent": "The container",
    "object": "Was handled",
}
_HEADS = ("Column or code", "What it says", "Unit or form", "Where it comes from")
_BLANK = ("“unknown”: such an event has this element, but it was not recorded. Blank: such an event or item has no "
          "such element. What its sender declared wrong is left out. Order: time, then event, then lot.")


def record_columns(translate: Translate = str) -> list[Column]:
    """The columns in their order, which does not change; titles in the reader's language."""
    return [Column(column.key, translate(column.title)) for column in COLUMNS]


def record_notes(translate: Translate = str) -> Notes:
    """The sheet that describes every column and code."""
    rows: list[list[str]] = [[translate(head) for head in _HEADS]]
    rows += [[translate(text) for text in (column.title, column.meaning, column.form, column.source)]
             for column in COLUMNS]
    rows += [[code, translate(meaning)] for code, meaning in (*KINDS.items(), *SIDES.items())]
    rows.append([UNKNOWN, translate(_BLANK)])
    return Notes(translate("About the columns"), rows, (32, 70, 24, 36))


def record_texts() -> tuple[str, ...]:
    """Every text that is translated, for who checks the translations."""
    of_columns = (text for column in COLUMNS for text in (column.title, column.meaning, column.form, column.source))
    return tuple(dict.fromkeys((*of_columns, *KINDS.values(), *SIDES.values(), *_HEADS, _BLANK, "About the columns")))


def record_rows(lines: Iterable[TrackingLine], language: str = "en") -> Iterator[Record]:
    """The lines as rows; names in the reader's language, codes as they are."""
    choose = 0 if language.startswith("zh") else 1
    for line in lines:
        is_lot, has_product = line.item_kind == "lot", line.item_kind != "container"
        has, has_amount = ELEMENTS.get(line.kind, frozenset()), is_lot and line.kind not in NOT_CRITICAL
        yield {
            "event_time": line.at, "time_zone": line.zone_offset, "event_date": _day(line.at, line.zone_offset),
            "event": str(line.kind), "side": line.side, "lot": line.number,
            "supplier_lot": _told(line.supplier_lot, line.has_supplier), "item_kind": line.item_kind,
            "gtin": line.gtin, "product_code": line.product_code,
            "product": _told(line.product[choose] if line.product else None, has_product),
            "quantity": _told(line.quantity, has_amount), "unit": _told(line.unit, has_amount),
            **_place("lot_source", line.source, (is_lot, choose)), **_place("place", line.place, (True, choose)),
            **_end("from", line.sent_from, (FROM in has, choose)), **_end("to", line.sent_to, (TO in has, choose)),
            "paper_type": _told([type_ or UNKNOWN for type_, _number in line.papers], PAPER in has),
            "paper_number": _told([number for _type, number in line.papers], PAPER in has),
            "made_on": _told(line.made_on, is_lot), "expires_on": _told(line.expires_on, is_lot),
            "step": _told(line.step, True), "disposition": line.disposition, "item_id": line.item_uri,
            "event_type": line.event_type, "event_id": line.event_id, "recorded_at": line.recorded_at,
            "recorded_by": "own" if line.is_own_record else "captured"}


def _told(value: Value, is_due: bool) -> Value:
    """The value; `unknown` where there should be one; nothing where there is none to tell."""
    return (UNKNOWN if is_due else None) if value is None or value in ("", []) else value


def _place(key: str, place: Place | None, due: tuple[bool, int]) -> dict[str, Value]:
    """Name and identifier of a party or place; `due`: whether there should be one, and the language."""
    if place is None:
        return {key: _told(None, due[0]), f"{key}_id": _told(None, due[0])}
    return {key: _told(place.name[due[1]] if place.name else None, True), f"{key}_id": place.uri}


def _end(key: str, end: tuple[Place | None, Place | None], due: tuple[bool, int]) -> dict[str, Value]:
    """One end of a way: party and location. Either of them says where it was; unknown is what has neither."""
    party, location = end
    address = (party.address if party else None) or (location.address if location else None)
    return (_place(f"{key}_party", party, due) | _place(f"{key}_location", location, (due[0] and party is None, due[1]))
            | {f"{key}_address": _told(address, due[0] or party is not None or location is not None)})


def _day(at: datetime, offset: str) -> Value:
    """The date at the place."""
    sign = -1 if offset.startswith("-") else 1
    hours, _, minutes = offset[1:].partition(":")
    return at.astimezone(timezone(sign * timedelta(hours=int(hours), minutes=int(minutes)))).date()
