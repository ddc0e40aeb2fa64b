"""The checker finds each fault at its place, agrees with the schema, and keeps what is only odd."""
from __future__ import annotations

import copy
import functools
import json
import re
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from traceapp.epcis import (
    EPCIS_CONTEXT,
    EpcisErrors,
    check_json,
    event_from,
    event_hash,
    load_json,
    read,
    write_json,
    write_xml,
)

SETS = Path(__file__).resolve().parents[3] / "shared" / "conformance" / "epcis"
TIME = {"eventTime": "2026-03-04T11:00:30+08:00", "eventTimeZoneOffset": "+08:00"}
LOT = {"epcClass": "https://id.gs1.org/01/09521141012345/10/A", "quantity": Decimal("1.5"), "uom": "KGM"}
OBJECT = {"@context": [EPCIS_CONTEXT, {"ext": "https://ns.example/"}], "type": "ObjectEvent", **TIME, "action": "ADD",
          "quantityList": [LOT]}
REPORT = {"type": "Temperature", "value": 4, "uom": "CEL", "time": "2026-03-04T11:00:30Z"}
AGGREGATION = {**OBJECT, "type": "AggregationEvent", "parentID": "urn:epc:id:sscc:4012345.0000000333",
               "childQuantityList": [LOT]}
del AGGREGATION["quantityList"]


def without(event: dict[str, Any], name: str) -> dict[str, Any]:
    return {key: value for key, value in event.items() if key != name}


ERRORS: list[tuple[dict[str, Any], str, str]] = [
    (OBJECT | {"bizStep": "transforming"}, "/bizStep", "unknown-bizStep"),
    (OBJECT | {"bizStep": "urn:epcglobal:cbv:bizstep:transforming"}, "/bizStep", "unknown-bizStep"),
    (OBJECT | {"disposition": "lost"}, "/disposition", "unknown-disposition"),
    (OBJECT | {"ilmd": {"lotNumber": "A"}}, "/ilmd/lotNumber", "no-namespace"),
    (OBJECT | {"action": "OBSERVE", "ilmd": {"ext:a": "A"}}, "/ilmd", "ilmd-not-allowed"),
    (OBJECT | {"quantityList": [without(LOT, "quantity")]}, "/quantityList/0/uom", "uom-without-quantity"),
    (OBJECT | {"quantityList": [LOT | {"quantity": "5"}]}, "/quantityList/0/quantity", "not-a-number"),
    (OBJECT | {"quantityList": [LOT | {"quantity": True}]}, "/quantityList/0/quantity", "not-a-number"),
    (OBJECT | {"quantityList": [LOT | {"quantity": -5}]}, "/quantityList/0/quantity", "negative-quantity"),
    (OBJECT | {"quantityList": [LOT | {"uom": "kg"}]}, "/quantityList/0/uom", "bad-uom"),
    (OBJECT | {"quantityList": []}, "", "no-identifiers"),
    (OBJECT | {"eventTime": "2026-03-04T11:00:30"}, "/eventTime", "not-a-time"),
    (OBJECT | {"eventTime": "2026-02-30T11:00:30Z"}, "/eventTime", "not-a-time"),
    (OBJECT | {"eventTime": "0001-01-01T00:00:00+14:00"}, "/eventTime", "not-a-time"),
    *((OBJECT | {"eventTime": text}, "/eventTime", "not-a-time") for text in (
        "2026-03-04 11:00:30Z", "2026-03-04T11:00:30,5Z", " 2026-03-04T11:00:30Z", "2026-03-04T24:00:00Z",
        "2026-03-04T11:00:30+24:00", "2026-03-04T11:00Z", "20260304T110030Z")),
    (OBJECT | {"epcList": [" urn:a:b "]}, "/epcList/0", "not-a-uri"),
    (OBJECT | {"sensorElementList": [{"sensorReport": [REPORT | {"type": "https://gs1.org/voc/Heat"}]}]},
     "/sensorElementList/0/sensorReport/0/type", "unknown-measurement"),
    (OBJECT | {"eventTimeZoneOffset": "+8"}, "/eventTimeZoneOffset", "bad-offset"),
    (OBJECT | {"action": "CREATE"}, "/action", "bad-action"),
    (OBJECT | {"batch": "A"}, "/batch", "no-namespace"),
    (OBJECT | {"epcList": ["4012345"]}, "/epcList/0", "not-a-uri"),
    (OBJECT | {"epcList": ["urn:a:b", "urn:a:b"]}, "/epcList/1", "repeated-item"),
    (OBJECT | {"type": "Event"}, "/type", "bad-type"),
    (OBJECT | {"persistentDisposition": {"set": []}}, "/persistentDisposition/set", "empty-list"),
    (OBJECT | {"persistentDisposition": {}}, "/persistentDisposition", "missing-member"),
    (OBJECT | {"sensorElementList": [{"sensorReport": []}]}, "/sensorElementList/0/sensorReport", "empty-list"),
    (OBJECT | {"sensorElementList": [{"sensorReport": [REPORT | {"type": "Heat"}]}]},
     "/sensorElementList/0/sensorReport/0/type", "unknown-measurement"),
    (OBJECT | {"sensorElementList": [{"sensorReport": [REPORT | {"value": "4"}]}]},
     "/sensorElementList/0/sensorReport/0/value", "not-a-number"),
    (OBJECT | {"errorDeclaration": {"reason": "typo"}}, "/errorDeclaration/reason", "unknown-reason"),
    (OBJECT | {"sourceList": [{"source": "urn:a:b"}]}, "/sourceList/0", "missing-member"),
    (OBJECT | {"readPoint": {}}, "/readPoint", "missing-member"),
    (OBJECT | {"certificationInfo": [{"a": 1}]}, "/certificationInfo/0", "not-a-uri"),
    (without(OBJECT, "@context"), "", "missing-member"),
    (AGGREGATION | {"childQuantityList": []}, "", "no-identifiers"),
    (without(AGGREGATION, "parentID") | {"type": "AssociationEvent"}, "", "missing-member"),
    (OBJECT | {"type": "TransactionEvent"}, "", "missing-member"),
    (OBJECT | {"type": "TransactionEvent", "bizTransactionList": []}, "/bizTransactionList", "empty-list"),
    (OBJECT | {"bizStep": "https://ref.gs1.org/cbv/BizStep-transforming"}, "/bizStep", "unknown-bizStep"),
    (OBJECT | {"disposition": "cbv:Disp-lost"}, "/disposition", "unknown-disposition"),
    (OBJECT | {"disposition": "https://ns.gs1.org/cbv/lost"}, "/disposition", "unknown-disposition"),
    (OBJECT | {"quantityList": [LOT | {"@context": {"a": "urn:b:"}}]}, "/quantityList/0/@context", "unknown-member"),
    (OBJECT | {"ilmd": {"@context": 5}}, "/ilmd/@context", "bad-context"),
    (OBJECT | {"type": "ext:Own", "quantityList": [{"epcClass": []}]}, "/quantityList/0/epcClass", "not-a-uri"),
    (without(AGGREGATION, "parentID"), "", "missing-member"),
    (AGGREGATION | {"childEPCs": ["urn:a:b", AGGREGATION["parentID"]]}, "/childEPCs/1", "holds-itself"),
    ({**without(without(OBJECT, "quantityList"), "action"), "type": "TransformationEvent",
      "inputQuantityList": [LOT]}, "", "no-identifiers"),
]  # fmt: skip


@pytest.mark.parametrize(("event", "pointer", "code"), ERRORS, ids=[f"{place}-{code}-{number}" for number, (_, place, code) in enumerate(ERRORS)])
def test_a_fault_is_an_error_at_its_place(event: dict[str, Any], pointer: str, code: str) -> None:
    assert (pointer, code) in [(found.pointer, found.code) for found in check_json(event) if found.is_error]


FLAGS: list[tuple[dict[str, Any], str, str]] = [
    (OBJECT | {"epcList": ["https://id.gs1.org/01/09521141012349/21/1"]}, "/epcList/0", "INCORRECT_CHECK_DIGIT"),
    (OBJECT | {"bizStep": "urn:epcglobal:cbv:bizstep:shipping"}, "/bizStep", "not-bare"),
    (OBJECT | {"epcList": ["urn:epc:class:lgtin:4012345.012345.A"]}, "/epcList/0", "class-among-instances"),
    (OBJECT | {"epcList": ["https://example.com/01/09521141012345/10/A?17=281104"]}, "/epcList/0",
     "class-among-instances"),
    (AGGREGATION | {"childEPCs": ["urn:epc:idpat:sgtin:4012345.012345.*"]}, "/childEPCs/0", "class-among-instances"),
    (OBJECT | {"quantityList": [{"epcClass": "https://id.gs1.org/01/09521141012345/10/A/21/1"}]},
     "/quantityList/0/epcClass", "instance-among-classes"),
    (OBJECT | {"quantityList": [{"epcClass": "urn:epc:id:sscc:4012345.0000000001"}]}, "/quantityList/0/epcClass",
     "instance-among-classes"),
    (OBJECT | {"sensorElementList": [{"sensorReport": [{"type": "Temperature", "meanValue": 4}]}]},
     "/sensorElementList/0/sensorReport/0/meanValue", "value-without-uom"),
    (OBJECT | {"sensorElementList": [{"sensorReport": [REPORT | {"minValue": 5, "maxValue": Decimal("4.9")}]}]},
     "/sensorElementList/0/sensorReport/0/minValue", "min-above-max"),
    (OBJECT | {"other:note": "A"}, "/other:note", "undeclared-prefix"),
    (OBJECT | {"readPoint": {"id": ""}}, "/readPoint/id", "empty-value"),
    (OBJECT | {"epcList": ["urn:x:药"]}, "/epcList/0", "loose-uri"),
    (OBJECT | {"sensorElementList": [{"sensorMetadata": {"time": "2026-03-04T11:00:30Z"}, "sensorReport": [REPORT]}]},
     "/sensorElementList/0/sensorReport/0/time", "repeated-metadata"),
    (OBJECT | {"sensorElementList": [{"sensorMetadata": {
        "startTime": "2026-03-04T11:00:30Z", "endTime": "2026-03-03T11:00:30Z"}, "sensorReport": [REPORT]}]},
     "/sensorElementList/0/sensorMetadata/endTime", "ends-before-start"),
    (without(OBJECT, "quantityList") | {"epcList": []}, "/epcList", "names-nothing"),
    (OBJECT | {"persistentDisposition": {"set": ["recalled"], "unset": ["damaged", "recalled"]}},
     "/persistentDisposition/unset/1", "set-and-unset"),
    (OBJECT | {"sourceList": [{"type": "cbv:my_own_party", "source": "urn:a:b"}]}, "/sourceList/0/type",
     "unknown-party"),
    (AGGREGATION | {"persistentDisposition": {"set": ["recalled"]}}, "/persistentDisposition", "unusual-member"),
    (OBJECT | {"@context": [{"ext": "https://ns.example/"}]}, "/@context", "no-standard-context"),
]  # fmt: skip


@pytest.mark.parametrize(("event", "pointer", "code"), FLAGS, ids=[code for *_, code in FLAGS])
def test_what_is_only_odd_is_flagged_and_kept(event: dict[str, Any], pointer: str, code: str) -> None:
    found = check_json(event)
    assert (pointer, code) in [(item.pointer, item.code) for item in found]
    assert not [item for item in found if item.is_error]


@pytest.mark.parametrize("identifier", ["urn:gdst:example.org:product:lot:class:feedmill.1", "https://example.com/x/1"])
def test_an_identifier_that_is_no_gs1_key_is_nothing_to_remark(identifier: str) -> None:
    assert check_json(OBJECT | {"epcList": [identifier]}) == []


@pytest.mark.parametrize("event", [
    OBJECT | {"epcList": ["urn:epc:id:sgtin:4012345.012345.1", "https://id.gs1.org/00/340123450000000017",
                          "https://id.gs1.org/01/09521141012345/21/1", "urn:epc:id:giai:4012345.1"]},
    OBJECT | {"quantityList": [{"epcClass": "https://id.gs1.org/01/09521141012345"},
                               {"epcClass": "urn:epc:idpat:sgtin:4012345.012345.*"},
                               {"epcClass": "https://id.gs1.org/01/09521141012345/10/A"}]},
    OBJECT | {"sensorElementList": [{"sensorReport": [{"type": "Count", "value": 4}]}]}])
def test_things_products_and_numbers_where_they_belong_are_nothing_to_remark(event: dict[str, Any]) -> None:
    assert check_json(event) == []


def test_an_event_type_of_somebodys_own_is_accepted() -> None:
    event = {"@context": OBJECT["@context"], "type": "ext:CleaningEvent", **TIME, "ext:room": "4", "equipment": "x"}
    assert check_json(event) == []
    assert event_from(event).type == "ext:CleaningEvent"


@functools.cache
def schema() -> Any:
    jsonschema = pytest.importorskip("jsonschema")
    path = SETS / "EPCIS-JSON-Schema.json"
    if not path.exists():
        pytest.skip("../shared/conformance is not here")
    return jsonschema.Draft7Validator(json.loads(path.read_text()))


@functools.cache
def documents() -> list[dict[str, Any]]:
    return [json.loads(path.read_bytes()) for path in sorted((SETS / "capture" / "valid").glob("*.json"))]


def places(value: Any) -> list[tuple[Any, Any]]:
    """Every (container, key) in a document."""
    found: list[tuple[Any, Any]] = []
    for key, inner in value.items() if isinstance(value, dict) else enumerate(value):
        found.append((value, key))
        if isinstance(inner, (dict, list)):
            found += places(inner)
    return found


CHANGES = [None, True, 7, -1.5, "", "word", "urn:a:b", [], {}, [{}], [None], ["urn:a:b", "urn:a:b"], {"@context": 5}]


def changed(data: st.DataObject) -> dict[str, Any]:
    """A valid document with one thing in it taken away or put in the place of another."""
    if not documents():
        pytest.skip("../shared/conformance is not here")
    document = copy.deepcopy(data.draw(st.sampled_from(documents())))
    container, key = data.draw(st.sampled_from(places(document)))
    change = data.draw(st.sampled_from([..., *CHANGES]))
    if change is ...:
        del container[key]
    else:
        container[key] = change
    return document


@settings(max_examples=150, deadline=None)
@given(st.data())
def test_a_changed_document_is_refused_or_read_whole(data: st.DataObject) -> None:
    document = changed(data)
    try:
        found = read(json.dumps(document))
    except EpcisErrors as refusal:
        assert refusal.findings[0].message
        return
    assert json.loads(write_json(found)) == document
    hashes = [event_hash(event) for event in found.events]
    try:
        written = write_xml(found)
    except EpcisErrors as refusal:
        assert refusal.findings[0].code == "not-in-xml"
    else:
        assert [event_hash(event) for event in read(written).events] == hashes


@settings(max_examples=120, deadline=None)
@given(st.data())
def test_what_the_official_schema_refuses_we_refuse(data: st.DataObject) -> None:
    validator = schema()
    document = changed(data)
    assume(not validator.is_valid(document))
    assert [finding for finding in check_json(load_json(json.dumps(document))) if finding.is_error]


@functools.cache
def strict_schema() -> Any:
    """The official schema with its formats looked at, by regular expressions of this test's own."""
    jsonschema = pytest.importorskip("jsonschema")
    formats = jsonschema.FormatChecker(formats=())
    formats.checks("uri")(lambda value: not isinstance(value, str) or re.fullmatch(r"[A-Za-z][\w+.-]*:\S+", value))
    formats.checks("date-time")(lambda value: not isinstance(value, str) or re.match(
        r"\d{4}-[01]\d-[0-3]\dT[0-2]\d:[0-5]\d:\d\d(\.\d+)?(Z|[+-][0-2]\d:[0-5]\d)$", value))
    return jsonschema.Draft7Validator(schema().schema, format_checker=formats)


# What no schema of this kind can see.
UNSEEN = {"uom-without-quantity", "negative-quantity", "ilmd-not-allowed", "holds-itself", "not-a-time", "missing-member"}


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.filter_too_much])
@given(st.data())
def test_what_the_official_schema_accepts_we_refuse_only_for_what_it_cannot_see(data: st.DataObject) -> None:
    document = changed(data)
    assume(strict_schema().is_valid(document))
    found = {item.code for item in check_json(load_json(json.dumps(document))) if item.is_error}
    assert {code for code in found - UNSEEN if not code.startswith("unknown-")} == set()


def test_master_data_values_are_texts_numbers_or_objects() -> None:
    element = {"id": "urn:a:b", "attributes": [{"id": "urn:a:c", "attribute": [1]}]}
    vocabulary = {"type": "urn:a:d", "vocabularyElementList": [element]}
    raw = {"@context": EPCIS_CONTEXT, "type": "EPCISDocument", "schemaVersion": "2.0",
           "creationDate": "2026-03-04T11:00:30Z", "epcisBody": {"eventList": []},
           "epcisHeader": {"epcisMasterData": {"vocabularyList": [vocabulary]}}}
    place = "/epcisHeader/epcisMasterData/vocabularyList/0/vocabularyElementList/0/attributes/0/attribute"
    assert [(item.pointer, item.code) for item in check_json(raw)] == [(place, "bad-attribute")]
