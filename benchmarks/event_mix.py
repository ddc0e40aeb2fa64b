"""Documents as a plant and its partners send them: seeded, each with lots, serial numbers and pallets of its own."""
from __future__ import annotations

import json
import random
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

from traceapp.epcis import CBVMDA, EPCIS_CONTEXT
from traceapp.gs1 import check_digit

Json = dict[str, Any]
EVENTS_OF_A_CYCLE = 7
_FIRST_DAY = datetime(2026, 3, 4, tzinfo=UTC)
_PRODUCTS, _MATERIALS, _SITES, _PARTIES, _CARTONS = 12, 30, 5, 40, 8


def _gtin(number: int) -> str:
    stem = f"0952112{number:06}"
    return stem + check_digit(stem)


def cycle(number: int, seed: int) -> list[Json]:
    """A receipt, a production with master data of the lot, the commissioning of its cartons, a packing, a cold chain,
    a shipment and its receipt."""
    chance = random.Random(seed * 1_000_003 + number)
    begun = _FIRST_DAY + timedelta(seconds=11 * number)
    made, raw = _gtin(number % _PRODUCTS), _gtin(100 + chance.randrange(_MATERIALS))
    lot, bought = f"https://id.gs1.org/01/{made}/10/L{number}", f"https://id.gs1.org/01/{raw}/10/R{seed}-{number}"
    older = f"https://id.gs1.org/01/{raw}/10/R{seed}-{max(0, number - chance.randrange(1, 20))}"
    cartons = [f"https://id.gs1.org/01/{made}/21/{number}{index:03}" for index in range(_CARTONS)]
    stem = f"0952112{number:010}"
    pallet = f"https://id.gs1.org/00/{stem}{check_digit(stem)}"
    site, away = (_place(chance.randrange(_SITES)), _place(100 + chance.randrange(_PARTIES)))
    papers = {"bizTransactionList": [{"type": "po", "bizTransaction": f"urn:x-plant:po:{number}"}]}
    parties = {"sourceList": [{"type": "owning_party", "source": _party(chance.randrange(_PARTIES))}],
               "destinationList": [{"type": "location", "destination": away["readPoint"]["id"]}]}
    warmth = [{"sensorMetadata": {"time": _moment(begun, 14), "deviceID": f"urn:x-plant:logger:{number % 9}"},
               "sensorReport": [{"type": "Temperature", "value": round(chance.uniform(2, 8), 2), "uom": "CEL"},
                                {"type": "RelativeHumidity", "value": round(chance.uniform(20, 60), 1), "uom": "P1"}]}]
    dates = {"cbvmda:lotNumber": f"L{number}", "cbvmda:itemExpirationDate": "2028-03-04"}
    used = [{"epcClass": uri, "quantity": round(chance.uniform(1, 20), 3), "uom": "KGM"}
            for uri in dict.fromkeys((bought, older))]
    return [
        {"type": "ObjectEvent", **_when(begun, 0), "action": "OBSERVE", "bizStep": "receiving", **site,
         "disposition": "in_progress", "quantityList": [{"epcClass": bought, "quantity": 500.5, "uom": "KGM"}],
         **papers, **parties},
        {"type": "TransformationEvent", **_when(begun, 6), "bizStep": "commissioning", **site,
         "inputQuantityList": used, "outputQuantityList": [{"epcClass": lot, "quantity": 4000}],
         "bizTransactionList": [{"type": "prodorder", "bizTransaction": f"urn:x-plant:order:{number}"}],
         "ilmd": dates},
        {"type": "ObjectEvent", **_when(begun, 8), "action": "ADD", "bizStep": "commissioning", "disposition": "active",
         **site, "epcList": cartons, "ilmd": dates, "eventID": f"urn:uuid:{_uuid(chance)}"},
        {"type": "AggregationEvent", **_when(begun, 9), "action": "ADD", "bizStep": "packing", "parentID": pallet,
         **site, "childEPCs": cartons},
        {"type": "ObjectEvent", **_when(begun, 14), "action": "OBSERVE", "bizStep": "sensor_reporting", **site,
         "epcList": [pallet], "sensorElementList": warmth},
        {"type": "ObjectEvent", **_when(begun, 20), "action": "OBSERVE", "bizStep": "shipping",
         "disposition": "in_transit", **site, "epcList": [pallet], **papers, **parties,
         "plant:truck": f"T {number % 99}"},
        {"type": "ObjectEvent", **_when(begun, 60), "action": "OBSERVE", "bizStep": "receiving",
         "disposition": "in_progress", **away, "epcList": [pallet], "eventID": f"urn:uuid:{_uuid(chance)}"},
    ]  # fmt: skip


def documents(events: int, of_each: int, seed: int) -> Iterator[bytes]:
    """Documents of `of_each` events, `events` in all."""
    waiting: list[Json] = []
    number = made = 0
    while made < events:
        while len(waiting) < of_each:
            waiting += cycle(number, seed)
            number += 1
        size = min(of_each, events - made)
        yield document(waiting[:size])
        waiting = waiting[size:]
        made += size


def document(events: list[Json]) -> bytes:
    """One document around these events."""
    return json.dumps({
        "@context": [EPCIS_CONTEXT, {"cbvmda": CBVMDA}, {"plant": "https://ns.example.com/plant/"}],
        "type": "EPCISDocument", "schemaVersion": "2.0", "creationDate": "2026-03-05T00:00:00Z",
        "epcisBody": {"eventList": events}}, ensure_ascii=False, separators=(",", ":")).encode()


def _when(begun: datetime, hours: int) -> Json:
    return {"eventTime": _moment(begun, hours), "eventTimeZoneOffset": "+08:00"}


def _moment(begun: datetime, hours: int) -> str:
    return f"{begun + timedelta(hours=hours):%Y-%m-%dT%H:%M:%S}.{begun.second:03}+08:00"


def _place(number: int) -> Json:
    stem = f"09521{number:07}"
    return {"readPoint": {"id": f"https://id.gs1.org/414/{stem}{check_digit(stem)}"},
            "bizLocation": {"id": f"https://id.gs1.org/414/{stem}{check_digit(stem)}"}}


def _party(number: int) -> str:
    stem = f"09522{number:07}"
    return f"https://id.gs1.org/417/{stem}{check_digit(stem)}"


def _uuid(chance: random.Random) -> str:
    digits = f"{chance.getrandbits(128):032x}"
    return f"{digits[:8]}-{digits[8:12]}-4{digits[13:16]}-a{digits[17:20]}-{digits[20:]}"
