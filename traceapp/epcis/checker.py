"""Finds what is wrong with an EPCIS document in JSON form, beyond what a JSON schema can see.

Source: EPCIS 2.0, chapter 7 and JSON schema; CBV 2.0, chapter 7.
"""
from __future__ import annotations

import re
from collections.abc import Callable
from decimal import Decimal
from functools import lru_cache
from typing import Any

from .identifiers import level_of, oddities, plain_level
from .json_form import EVENT_TYPES, event_list
from .model import Document, Finding, Json
from .namespaces import EPCIS_CONTEXT, as_list
from .shapes import (
    Check,
    Report,
    amount,
    boolean,
    context,
    hexadecimal,
    is_uri,
    list_of,
    number,
    object_of,
    offset,
    optional_uri,
    shown,
    text,
    time,
    uom,
    uri,
    word,
)  # fmt: skip
from .times import parse_time

_VERSION = re.compile(r"\d+(?:\.\d+)*", re.ASCII)
_CONTEXT_STARTS = ("https://ref.gs1.org/standards/epcis/", "https://gs1.github.io/EPCIS/")


@lru_cache(maxsize=16384)
def _is_sound(value: str) -> bool:
    """Whether there is nothing to say about the URI: places and parties stand in event after event."""
    report = Report()
    uri(value, "", report)
    return not report.findings and not oddities(value)


def identifier(value: Any, pointer: str, report: Report) -> None:
    """The URI of a thing; flagged, not refused, where it is a GS1 key with a fault."""
    if isinstance(value, str) and _is_sound(value):
        return
    uri(value, pointer, report)
    if isinstance(value, str):
        for code, reason in oddities(value.strip()):
            report.flag(pointer, code, f"“{shown(value)}” is kept as it is, but: {reason}.")


def _instance(value: Any, pointer: str, report: Report) -> None:
    """The URI of one thing; flagged where it is a product or a lot, of which there are many."""
    if isinstance(value, str) and plain_level(value) == "instance":
        return
    identifier(value, pointer, report)
    if isinstance(value, str) and level_of(value.strip()) == "class":
        report.flag(pointer, "class-among-instances", f"“{shown(value)}” is a product or a lot, not one thing; it "
                    "belongs into a list of quantities.")


def _class(value: Any, pointer: str, report: Report) -> None:
    """The URI of a product or a lot; flagged where it is one thing."""
    if isinstance(value, str) and plain_level(value) == "class":
        return
    identifier(value, pointer, report)
    if isinstance(value, str) and level_of(value.strip()) == "instance":
        report.flag(pointer, "instance-among-classes", f"“{shown(value)}” is one thing with a number of its own; it "
                    "belongs into a list of EPCs.")


def _sensor_report(value: Any, pointer: str, report: Report) -> None:
    _REPORT(value, pointer, report)
    if isinstance(value, dict) and not value.get("uom") and str(value.get("type")) not in _WITHOUT_UNIT:
        for name in _MEASURED:
            if name in value:
                report.flag(f"{pointer}/{name}", "value-without-uom",
                            "A measurement without a unit (uom) can mean anything.")
                break
    least, most = (value.get("minValue"), value.get("maxValue")) if isinstance(value, dict) else (None, None)
    if isinstance(least, (int, Decimal)) and isinstance(most, (int, Decimal)) and least > most:
        report.flag(pointer + "/minValue", "min-above-max", f"The least value {least} is above the greatest, {most}.")


def _place(value: Any, pointer: str, report: Report) -> None:
    _PLACE(value, pointer, report)
    if isinstance(value, dict) and value.get("id"):
        identifier(value["id"], pointer + "/id", report)


def _quantity_element(value: Any, pointer: str, report: Report) -> None:
    _QUANTITY(value, pointer, report)
    if isinstance(value, dict) and "uom" in value and value.get("quantity") is None:
        report.error(pointer + "/uom", "uom-without-quantity", "A unit without a quantity says nothing.")


def _persistent(value: Any, pointer: str, report: Report) -> None:
    _PERSISTENT(value, pointer, report)
    if isinstance(value, dict) and not ("set" in value or "unset" in value):
        report.error(pointer, "missing-member", "“set” or “unset” is needed.")
    elif isinstance(value, dict) and isinstance(value.get("set"), list) and isinstance(value.get("unset"), list):
        for index, item in enumerate(value["unset"]):
            if item in value["set"]:
                report.flag(f"{pointer}/unset/{index}", "set-and-unset", f"“{shown(item)}” is set and unset at once.")


def _certification(value: Any, pointer: str, report: Report) -> None:
    (_CERTIFICATES if isinstance(value, list) else uri)(value, pointer, report)


def _sensor_element(value: Any, pointer: str, report: Report) -> None:
    _SENSOR(value, pointer, report)
    if not isinstance(value, dict) or not isinstance(value.get("sensorMetadata"), dict):
        return
    metadata, reports = value["sensorMetadata"], value.get("sensorReport")
    for index, item in enumerate(reports if isinstance(reports, list) else []):
        for name in _REPEATABLE if isinstance(item, dict) else ():
            if name in item and name in metadata:
                report.flag(f"{pointer}/sensorReport/{index}/{name}", "repeated-metadata",
                            f"“{name}” already stands in sensorMetadata; the report's own value is taken.")
    start, end = metadata.get("startTime"), metadata.get("endTime")
    if isinstance(start, str) and isinstance(end, str) and "T" in start and start[:19] > end[:19]:
        _flag_backwards(start, end, pointer, report)


def _flag_backwards(start: str, end: str, pointer: str, report: Report) -> None:
    try:
        if parse_time(start) > parse_time(end):
            report.flag(pointer + "/sensorMetadata/endTime", "ends-before-start", f"{end} is before {start}.")
    except ValueError:
        return  # already reported as no time


_REPEATABLE = ("time", "deviceID", "deviceMetadata", "rawData", "dataProcessingMethod", "bizRules")
_PLACE = object_of({"id": optional_uri}, ["id"], "open")
_QUANTITY = object_of({"epcClass": _class, "quantity": amount, "uom": uom}, ["epcClass"], "closed")
_DISPOSITIONS = list_of(word("disposition"), least=1, unique=True)
_PERSISTENT = object_of({"set": _DISPOSITIONS, "unset": _DISPOSITIONS}, (), "closed")
_CERTIFICATES = list_of(uri)
_ERROR = object_of(
    {"declarationTime": time, "reason": word("reason"), "correctiveEventIDs": list_of(uri)}, ["declarationTime"]
)
_METADATA = object_of({
    "time": time, "startTime": time, "endTime": time, "deviceID": uri, "deviceMetadata": uri, "rawData": uri,
    "dataProcessingMethod": uri, "bizRules": uri,
})
_MEASURED = ("value", "minValue", "maxValue", "meanValue", "percValue")
_WITHOUT_UNIT = frozenset({"Count", "Dimensionless"})
_NUMBERS = ("value", "minValue", "maxValue", "meanValue", "sDev", "percRank", "percValue")
_URIS = ("deviceID", "deviceMetadata", "rawData", "dataProcessingMethod", "bizRules", "microorganism",
         "chemicalSubstance", "coordinateReferenceSystem", "uriValue")
_REPORT = object_of({
    "type": word("measurement"), "exception": word("alert"), "time": time, "component": word("component"),
    "stringValue": text, "booleanValue": boolean, "hexBinaryValue": hexadecimal, "uom": text,
    **dict.fromkeys(_NUMBERS, number), **dict.fromkeys(_URIS, uri),
}, ["type"])
_SENSOR = object_of({"sensorMetadata": _METADATA, "sensorReport": list_of(_sensor_report, least=1)}, ["sensorReport"])
_SOURCE = object_of({"type": word("party"), "source": identifier}, ["type", "source"], "closed")
_DESTINATION = object_of({"type": word("party"), "destination": identifier}, ["type", "destination"], "closed")
_TRANSACTION = object_of(
    {"type": word("bizTransaction"), "bizTransaction": identifier}, ["bizTransaction"], "closed"
)


def _action(value: Any, pointer: str, report: Report) -> None:
    if value not in ("OBSERVE", "ADD", "DELETE"):
        report.error(pointer, "bad-action", f"“{shown(value)}” is none of OBSERVE, ADD, DELETE.")


def _event_type(value: Any, pointer: str, report: Report) -> None:
    if not isinstance(value, str) or not (value in EVENT_TYPES or is_uri(value)):
        report.error(pointer, "bad-type", f"“{shown(value)}” is no event type; use {', '.join(EVENT_TYPES)} or a URI.")


_COMMON: dict[str, Check] = {
    "@context": context, "type": _event_type, "eventTime": time, "recordTime": time, "eventTimeZoneOffset": offset,
    "eventID": optional_uri, "certificationInfo": _certification, "errorDeclaration": _ERROR,
}
_SHARED: dict[str, Check] = {
    **_COMMON, "bizStep": word("bizStep"), "disposition": word("disposition"), "readPoint": _place,
    "bizLocation": _place, "bizTransactionList": list_of(_TRANSACTION), "sourceList": list_of(_SOURCE),
    "destinationList": list_of(_DESTINATION), "sensorElementList": list_of(_sensor_element),
}
_EPCS, _QUANTITIES = list_of(_instance, unique=True), list_of(_quantity_element)
_ILMD = object_of({})
_CHILDREN: dict[str, Check] = {
    **_SHARED, "action": _action, "parentID": identifier, "childEPCs": list_of(_instance),
    "childQuantityList": _QUANTITIES, "persistentDisposition": _persistent,
}
_MEMBERS: dict[str, dict[str, Check]] = {
    "ObjectEvent": {**_SHARED, "action": _action, "epcList": _EPCS, "quantityList": _QUANTITIES, "ilmd": _ILMD,
                    "persistentDisposition": _persistent},
    "AggregationEvent": _CHILDREN,
    "AssociationEvent": _CHILDREN,
    "TransactionEvent": {**_SHARED, "action": _action, "parentID": identifier, "epcList": list_of(_instance),
                         "quantityList": _QUANTITIES, "bizTransactionList": list_of(_TRANSACTION, least=1),
                         "persistentDisposition": _persistent},
    "TransformationEvent": {**_SHARED, "inputEPCList": _EPCS, "inputQuantityList": _QUANTITIES, "outputEPCList": _EPCS,
                            "outputQuantityList": _QUANTITIES, "transformationID": optional_uri, "ilmd": _ILMD,
                            "persistentDisposition": _persistent},
}
_REQUIRED: dict[str, list[str]] = {
    "ObjectEvent": ["action"], "AggregationEvent": ["action"], "AssociationEvent": ["action", "parentID"],
    "TransactionEvent": ["action", "bizTransactionList"], "TransformationEvent": [],
}
_ALWAYS = ["type", "eventTime", "eventTimeZoneOffset"]
_EVENT_CHECKS = {kind: object_of(members, _ALWAYS + _REQUIRED[kind]) for kind, members in _MEMBERS.items()}
# An event type of somebody's own: what the standard names means there what it always means, the rest is theirs.
_EVERY = {name: check for members in _MEMBERS.values() for name, check in members.items()}
_OTHER_EVENT = object_of(_EVERY, _ALWAYS)


def _check_object(event: Json, pointer: str, report: Report) -> None:
    has_sensors = bool(event.get("sensorElementList")) and "readPoint" in event
    if "epcList" not in event and not event.get("quantityList") and not has_sensors:
        report.error(pointer, "no-identifiers",
                     "An object event needs epcList or quantityList, or sensors with a readPoint.")
    elif not (event.get("epcList") or event.get("quantityList") or event.get("sensorElementList")):
        report.flag(pointer + "/epcList", "names-nothing", "The event names no object, no quantity and no sensor.")
    if "ilmd" in event and event.get("action") in ("OBSERVE", "DELETE"):
        report.error(pointer + "/ilmd", "ilmd-not-allowed", "Master data of a lot (ilmd) belongs to action ADD only.")


def _check_children(event: Json, pointer: str, report: Report) -> None:
    if event.get("action") in ("ADD", "OBSERVE") and not event.get("childEPCs") and not event.get("childQuantityList"):
        report.error(pointer, "no-identifiers", "childEPCs or childQuantityList is needed unless the action is DELETE.")
    parent, children = event.get("parentID"), event.get("childEPCs")
    if "parentID" not in event and event.get("type") == "AggregationEvent" and event.get("action") != "OBSERVE":
        report.error(pointer, "missing-member",
                     "“parentID” is missing: only an observation (OBSERVE) may leave out what holds the children.")
    if isinstance(children, list) and isinstance(parent, str) and parent in children:
        report.error(f"{pointer}/childEPCs/{children.index(parent)}", "holds-itself",
                     f"“{shown(parent)}” cannot be in itself.")
    if event.get("type") == "AggregationEvent" and event.get("childEPCs") and "*" in str(event.get("parentID")):
        report.flag(pointer + "/parentID", "parent-is-a-class", "The parent is a class, not one container.")


def _check_transaction(event: Json, pointer: str, report: Report) -> None:
    if event.get("action") in ("ADD", "OBSERVE") and "epcList" not in event and not event.get("quantityList"):
        report.error(pointer, "no-identifiers", "epcList or quantityList is needed unless the action is DELETE.")


def _check_transformation(event: Json, pointer: str, report: Report) -> None:
    has_input = bool(event.get("inputEPCList") or event.get("inputQuantityList"))
    has_output = bool(event.get("outputEPCList") or event.get("outputQuantityList"))
    if event.get("transformationID"):
        if not (has_input or has_output):
            report.error(pointer, "no-identifiers", "A transformation needs at least one input or output.")
    elif not (has_input and has_output):
        missing = "inputs" if has_output else "outputs" if has_input else "inputs and outputs"
        report.error(pointer, "no-identifiers", f"The {missing} are missing, and there is no transformationID to tie "
                     "this event to another that has them.")


_WHOLE: dict[str, Callable[[Json, str, Report], None]] = {
    "ObjectEvent": _check_object, "AggregationEvent": _check_children, "AssociationEvent": _check_children,
    "TransactionEvent": _check_transaction, "TransformationEvent": _check_transformation,
}


def check_event(event: Any, pointer: str, report: Report) -> None:
    """Report what is wrong with one event in JSON form."""
    if not isinstance(event, dict):
        report.error(pointer, "not-an-object", "An event is a JSON object.")
        return
    kind = event.get("type")
    if isinstance(kind, str) and kind in _MEMBERS:
        _EVENT_CHECKS[kind](event, pointer, report)
        _WHOLE[kind](event, pointer, report)
        if "persistentDisposition" in event and kind in ("TransactionEvent", "AssociationEvent", "AggregationEvent"):
            report.flag(pointer + "/persistentDisposition", "unusual-member", f"The schema has none in {kind}.")
    else:
        if isinstance(kind, str) and is_uri(kind):
            _OTHER_EVENT({key: item for key, item in event.items() if key in _EVERY or ":" in key}, pointer, report)
        else:
            _OTHER_EVENT(event, pointer, report)


def _any(_value: Any, _pointer: str, _report: Report) -> None:
    """Whatever stands there is kept."""


def _attribute(value: Any, pointer: str, report: Report) -> None:
    if value is None or isinstance(value, (bool, list)):
        report.error(pointer, "bad-attribute", f"{shown(value)} must be a text, a number or an object.")


_ATTRIBUTE = object_of({"id": uri, "attribute": _attribute}, ["id"], "open")
_ELEMENT = object_of({"id": uri, "attributes": list_of(_ATTRIBUTE), "children": list_of(uri)}, ["id"], "open")
_VOCABULARY = object_of({"type": uri, "vocabularyElementList": list_of(_ELEMENT)}, ["type"], "open")
_MASTER_DATA = object_of({"vocabularyList": list_of(_VOCABULARY)}, (), "open")
_HEADER = object_of({"epcisMasterData": _MASTER_DATA})


def _version(value: Any, pointer: str, report: Report) -> None:
    if not isinstance(value, str) or not _VERSION.fullmatch(value):
        report.error(pointer, "bad-version", f"“{shown(value)}” is no version such as 2.0.")
    elif not value.startswith("2."):
        report.flag(pointer, "other-version", f"Version {value} is read by the rules of EPCIS 2.0.")


def _events(value: Any, pointer: str, report: Report) -> None:
    if not isinstance(value, list):
        report.error(pointer, "not-a-list", "eventList must be a list.")
        return
    for index, event in enumerate(value):
        check_event(event, f"{pointer}/{index}", report)


_HEAD: dict[str, Check] = {
    "@context": context, "id": uri, "type": _any, "schemaVersion": _version, "creationDate": time,
    "instanceIdentifier": text, "sender": text, "receiver": text, "epcisHeader": _HEADER,
}
_RESULTS_BODY = object_of({"eventList": _events, "vocabularyList": list_of(_VOCABULARY)}, ["eventList"])
_RESULTS = object_of({"queryName": text, "subscriptionID": text, "resultsBody": _RESULTS_BODY},
                     ["queryName", "resultsBody"])
_DOCUMENT = object_of(
    {**_HEAD, "epcisBody": object_of({"eventList": _events}, ["eventList"], "open")},
    ["@context", "type", "schemaVersion", "creationDate", "epcisBody"],
)
_QUERY = object_of({**_HEAD, "epcisBody": object_of({"queryResults": _RESULTS}, ["queryResults"])},
                   ["@context", "type", "epcisBody"])


def check_json(raw: Json) -> list[Finding]:
    """Everything to say about a document, query document or single event in JSON form, in the order of the text."""
    report = Report()
    kind = raw.get("type")
    if kind == "EPCISDocument":
        _DOCUMENT(raw, "", report)
    elif kind == "EPCISQueryDocument":
        _QUERY(raw, "", report)
    else:
        if "@context" not in raw:
            report.error("", "missing-member", "“@context” is missing.")
        check_event(raw, "", report)
    entries = as_list(raw.get("@context"))
    if entries and not any(isinstance(entry, str) and entry.startswith(_CONTEXT_STARTS) for entry in entries):
        report.flag("/@context", "no-standard-context", f"The context of the standard is missing: {EPCIS_CONTEXT}.")
    return report.findings


def check(document: Document) -> list[Finding]:
    """Everything to say about a document that was read; what is refused was refused when it was read."""
    return check_json(document.raw)


def refused_events(raw: Json, findings: list[Finding]) -> set[int]:
    """Which events (by place in the document) have an error of their own."""
    events, pointer = event_list(raw)
    starts = {f"{pointer}/{index}": index for index in range(len(events))}
    found = set()
    for finding in findings:
        place = finding.pointer
        while finding.is_error and place:
            if place in starts:
                found.add(starts[place])
                break
            place = place.rpartition("/")[0]
    return found
