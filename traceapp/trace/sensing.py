"""Recording what a device read, as one event of our own."""
from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any

from sqlalchemy.orm import Session

from traceapp.audit import record, stream_of
from traceapp.catalog.texts import short_text
from traceapp.core.actor import Actor
from traceapp.core.clock import Clock
from traceapp.core.errors import InvalidInput
from traceapp.core.ids import name_key
from traceapp.epcis import ClassQuantity, More, What, Where, Why, object_event
from traceapp.epcis.build import exact_number
from traceapp.gs1.escapes import escape

from . import acts, guards
from .event_row import EventRow
from .facts import record_act
from .model import ItemKind, Lot
from .receiving import document_uri
from .sensor_values import LONGEST_DEVICE, UNITS, ReadingKind, in_standard

MOST_READINGS = 5000
_MOST_THINGS = 500
_TYPES = {ReadingKind.temperature: "Temperature", ReadingKind.humidity: "RelativeHumidity"}
_DEVICE = "urn:traceapp:device:"


@dataclass(frozen=True, slots=True)
class NewReading:
    """What was read at a moment: `value`; or from `at` to `until`: `low` and `high`, and `value` as the mean."""

    at: datetime
    kind: str
    unit: str
    value: Decimal | None = None
    low: Decimal | None = None
    high: Decimal | None = None
    until: datetime | None = None
    is_alarm: bool = False


@dataclass(frozen=True, slots=True)
class RecordReadings:
    """Readings of one device about things (lots, containers), else about everything at a place. `document`: the number
    of the despatch that they belong to. At most MOST_READINGS at a time, in any order."""

    readings: tuple[NewReading, ...]
    device: str = ""
    lot_keys: tuple[str, ...] = ()
    site_id: str | None = None
    document: str = ""


def record_readings(session: Session, actor: Actor, clock: Clock, command: RecordReadings) -> EventRow:
    """Store the readings as one event; excursions and their tasks follow from it. Raises InvalidInput naming the
    reading, NotFound for an unknown lot or site, Conflict for the very same readings."""
    if not 0 < len(command.readings) <= MOST_READINGS:
        raise InvalidInput("Between 1 and %(most)d readings can be recorded at a time.", code="how-many-readings",
                           place="readings", most=MOST_READINGS)
    if not command.lot_keys and command.site_id is None:
        raise InvalidInput("Say what was measured: lots, containers, or a place.", code="nothing-measured",
                           place="lot_keys")
    if len(command.lot_keys) > _MOST_THINGS:
        raise InvalidInput("Readings are about at most %(most)d lots and containers at a time.",
                           code="too-many-things", place="lot_keys", most=_MOST_THINGS)
    checked = [_checked(clock, reading, f"readings/{position}") for position, reading in enumerate(command.readings)]
    place = guards.place_of(session, command.site_id)
    where = place.where if command.site_id is not None else Where()
    lots = guards.lots_by_key(session, command.lot_keys, place="lot_keys") if command.lot_keys else {}
    device = short_text(command.device, LONGEST_DEVICE - len(_DEVICE), place="device")
    document = short_text(command.document, 80, place="document")
    last = max(reading.until or reading.at for reading in command.readings)
    event = object_event(
        "OBSERVE", place.when(last), _what(lots), where=where,
        why=Why("sensor_reporting", transactions=(("desadv", document_uri("despatch", document)),) if document else ()),
        more=More(sensors=tuple(_element(reading, device) for reading in checked),
                  extensions=acts.written("measure", {"device": device})))
    subject = next(iter(command.lot_keys), None) or name_key(f"place:{place.uri or ''}")
    derived = record_act(session, actor, clock, subject, event)
    for stream in [stream_of("lot", key) for key in lots] or [stream_of("site", place.site_id or "")]:
        record(session, actor, clock.now(), "readings.recorded", stream, {
            "event": derived.row.id, "device": device, "readings": len(checked), "document": document})
    return derived.row


def _what(lots: dict[str, Lot]) -> What:
    named = [lot for _key, lot in sorted(lots.items())]
    return What(tuple(lot.uri for lot in named if lot.item_kind in (ItemKind.container, ItemKind.instance)),
                tuple(ClassQuantity(lot.uri) for lot in named
                      if lot.item_kind not in (ItemKind.container, ItemKind.instance)))


def _checked(clock: Clock, reading: NewReading, place: str) -> NewReading:
    guards.checked_time(clock, reading.at, place=f"{place}/at")
    if reading.until is not None:
        guards.checked_time(clock, reading.until, place=f"{place}/until")
        if reading.until <= reading.at:
            raise InvalidInput("The end of a reading is after its beginning.", code="ends-before-begin",
                               place=f"{place}/until")
    if reading.kind not in _TYPES:
        raise InvalidInput("“%(kind)s” is no kind of reading; known are temperature and humidity.",
                           code="unknown-kind", place=f"{place}/kind", kind=reading.kind)
    kind = ReadingKind(reading.kind)
    if reading.unit not in UNITS[kind]:
        raise InvalidInput("The unit “%(unit)s” is not known. Known units: %(known)s.", code="unknown-unit",
                           place=f"{place}/unit", unit=reading.unit, known=", ".join(UNITS[kind]))
    numbers = [number for number in (reading.value, reading.low, reading.high) if number is not None]
    if not numbers and not reading.is_alarm:
        raise InvalidInput("A reading needs a value, or its lowest and highest.", code="no-value",
                           place=f"{place}/value")
    for number in numbers:
        if in_standard(kind, number, reading.unit) is None:
            raise InvalidInput("The number %(text)s is out of range.", code="out-of-range", place=f"{place}/value",
                               text=str(number))
    if reading.low is not None and reading.high is not None and reading.low > reading.high:
        raise InvalidInput("The lowest value is above the highest.", code="limits-crossed", place=f"{place}/low")
    return reading


def _element(reading: NewReading, device: str) -> dict[str, Any]:
    when = ({"time": reading.at.isoformat()} if reading.until is None
            else {"startTime": reading.at.isoformat(), "endTime": reading.until.isoformat()})
    is_span = reading.low is not None or reading.high is not None
    numbers = {"minValue": reading.low, "maxValue": reading.high,
               "meanValue" if is_span else "value": reading.value}
    report: dict[str, Any] = {"type": _TYPES[ReadingKind(reading.kind)]}
    report |= {name: exact_number(number) for name, number in numbers.items() if number is not None}
    report |= {"uom": reading.unit} if len(report) > 1 else {}
    report |= {"exception": "ALARM_CONDITION"} if reading.is_alarm else {}
    return {"sensorMetadata": when | ({"deviceID": device_uri(device)} if device else {}), "sensorReport": [report]}


def device_uri(device: str) -> str:
    """A device by its URI, else by a private one that follows from its name."""
    return device if ":" in device else _DEVICE + escape(device)
