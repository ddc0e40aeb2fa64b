"""The event hash beside the reference package, on the same documents in the same run, in turn.

The reference reads JSON-LD by expanding it, so that words and prefixes are spelt out before it hashes; ours spells them
out while hashing. Only the whole way is therefore judged. The logging of the reference is off here.
"""
from __future__ import annotations

import json
import logging
import statistics
import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

from epcis_event_hash_generator import hash_generator, json_to_py

from traceapp.epcis import CBVMDA, EPCIS_CONTEXT, event_hash, identifiers, json_form, read, times, write_xml

from .registry import Row, benchmark, median_of_ratios

DOCUMENTS = 24
TURNS = 7
AIM = 10.0
NAME = "epcis-event-hash-generator"
Json = dict[str, Any]


def events(number: int) -> list[Json]:
    """A receipt, a production, a commissioning with a cold chain, a packing and a shipment of one of twelve products.

    Products and places stay, as in a plant; every lot, serial number, pallet, order and moment is new.
    """
    product = f"4012345.0{number % 12:05}"
    lot, glue = f"urn:epc:class:lgtin:{product}.L{number}", f"https://id.gs1.org/01/09521141012345/10/G{number}"
    serials = [f"urn:epc:id:sgtin:{product}.{number}{index:03}" for index in range(8)]
    pallet = f"https://id.gs1.org/00/04012345{number:09}0"
    place = {"readPoint": {"id": f"urn:epc:id:sgln:4012345.{number % 5:05}.0"}}
    when = {"eventTime": f"2026-03-04T11:{number % 60:02}:30.{number:03}+08:00", "eventTimeZoneOffset": "+08:00"}
    parties = {"sourceList": [{"type": "owning_party", "source": f"urn:epc:id:pgln:4012345.{number % 40:05}"}],
               "bizTransactionList": [{"type": "po", "bizTransaction": f"urn:x-own:po:{number}"}]}
    sensors = [{"sensorMetadata": {"time": "2026-03-04T11:00:30Z", "deviceID": f"urn:x-own:device:{number}"},
                "sensorReport": [{"type": "Temperature", "value": 4 + number / 10, "uom": "CEL"}]}]
    return [
        {"type": "ObjectEvent", **when, "action": "OBSERVE", "bizStep": "receiving", "disposition": "in_progress",
         **place,         "quantityList": [{"epcClass": glue, "quantity": 12.5, "uom": "KGM"}], **parties},
        {"type": "TransformationEvent", **when, "bizStep": "commissioning", **place,
         "inputQuantityList": [{"epcClass": glue, "quantity": 2.25, "uom": "KGM"}],
         "outputQuantityList": [{"epcClass": lot, "quantity": 400}], "transformationID": f"urn:x-own:order:{number}",
         "ilmd": {"cbvmda:lotNumber": f"L{number}", "cbvmda:itemExpirationDate": "2028-03-04"}},
        {"type": "ObjectEvent", **when, "action": "ADD", "bizStep": "commissioning", "disposition": "active", **place,
         "epcList": serials, "sensorElementList": sensors},
        {"type": "AggregationEvent", **when, "action": "ADD", "bizStep": "packing", "parentID": pallet, **place,
         "childEPCs": serials},
        {"type": "ObjectEvent", **when, "action": "OBSERVE", "bizStep": "shipping", "disposition": "in_transit",
         **place, "epcList": [pallet], **parties, "ext:truck": f"T {number}"},
    ]  # fmt: skip


def documents(turn: int) -> list[str]:
    """What both read in one turn: documents of twenty events, with lots, serial numbers and pallets of its own."""
    head = {"@context": [EPCIS_CONTEXT, {"cbvmda": CBVMDA}, {"ext": "https://ns.example.com/"}],
            "type": "EPCISDocument", "schemaVersion": "2.0", "creationDate": "2026-03-05T00:00:00Z"}
    start = 4 * DOCUMENTS * turn
    numbers = [range(first, first + 4) for first in range(start, start + 4 * DOCUMENTS, 4)]
    lists = [[event for number in four for event in events(number)] for four in numbers]
    return [json.dumps(head | {"epcisBody": {"eventList": listed}}) for listed in lists]


def _ours(text: str | bytes) -> list[str]:
    return [event_hash(event) for event in read(text).events]


def _theirs(text: str) -> list[str]:
    return list(hash_generator.epcis_hashes_from_events(json_to_py.event_list_from_epcis_document_str(text)))


def _rate(act: Callable[[Any], list[str]], items: Sequence[Any]) -> float:
    """Events a second of processor time."""
    begun = time.process_time()
    count = sum(len(act(item)) for item in items)
    return count / (time.process_time() - begun)


@dataclass
class _Rates:
    """What was measured of one way, a value a turn."""

    name: str
    aim: float | None
    ours: list[float] = field(default_factory=list)
    theirs: list[float] = field(default_factory=list)

    def row(self) -> Row:
        note = f"{DOCUMENTS} new documents of 20 events a turn, {TURNS} turns"
        return Row(f"event hash, {self.name}", statistics.median(self.ours), "events/s", NAME,
                   statistics.median(self.theirs), median_of_ratios(self.ours, self.theirs), self.aim, note)


@benchmark("epcis_hash")
def epcis_hash() -> Iterable[Row]:
    """From text to hashes, and from events that are read already; ours checks what it reads, the reference does not."""
    whole, bare = _Rates("from JSON, read and checked", AIM), _Rates("events that are read", None)
    in_xml = _Rates("from XML, read and checked (reference from JSON)", None)
    logging.disable(logging.CRITICAL)
    try:
        for turn in range(TURNS):
            _measure(turn, whole, bare, in_xml)
    finally:
        logging.disable(logging.NOTSET)
    return [item.row() for item in (whole, bare, in_xml)]


def _measure(turn: int, whole: _Rates, bare: _Rates, in_xml: _Rates) -> None:
    texts = documents(turn)
    written = [write_xml(json_form.document_from(json_form.load_json(text))) for text in texts]
    _forget()
    whole.ours.append(_rate(_ours, texts))
    whole.theirs.append(_rate(_theirs, texts))
    if [_ours(text) for text in texts] != [_theirs(text) for text in texts]:
        raise SystemExit("the hashes of the two differ: nothing is measured")
    _forget()
    in_xml.ours.append(_rate(_ours, written))
    in_xml.theirs.append(whole.theirs[-1])
    documents_read, parsed = [read(text) for text in texts], [
        json_to_py.event_list_from_epcis_document_str(text) for text in texts]
    _forget()
    bare.ours.append(_rate(lambda document: [event_hash(event) for event in document.events], documents_read))
    bare.theirs.append(_rate(hash_generator.epcis_hashes_from_events, parsed))


def _forget() -> None:
    """Empty our memory of identifiers and times, so that nothing is known from before."""
    identifiers.forget()
    times.forget()
