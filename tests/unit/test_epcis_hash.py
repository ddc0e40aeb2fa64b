"""The event hash says the same for everything that means the same, and something else otherwise."""
from __future__ import annotations

import json
import logging
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from traceapp.epcis import EPCIS_CONTEXT, check_json, event_from, event_hash, pre_hash, read_json, read_xml, write_xml
from traceapp.epcis.identifiers import normal_form, oddities
from traceapp.gs1.digital_link import parse_uri
from traceapp.gs1.errors import Gs1Error
from traceapp.gs1.foreign import loose_canonical

CONTEXT = [EPCIS_CONTEXT, {"ext": "https://ns.example.com/ext/"}]
EVENT: dict[str, Any] = {
    "@context": CONTEXT,
    "type": "ObjectEvent",
    "eventTime": "2026-03-04T11:00:30.5+08:00",
    "eventTimeZoneOffset": "+08:00",
    "action": "OBSERVE",
    "bizStep": "shipping",
    "epcList": ["urn:epc:id:sscc:4012345.0000000333", "urn:epc:id:sscc:4012345.0000000111"],
    "quantityList": [
        {"epcClass": "https://id.gs1.org/01/09521141012345/10/A", "quantity": 12.5, "uom": "KGM"},
        {"epcClass": "https://id.gs1.org/01/09521141012345/10/B", "quantity": 3},
    ],
    "sourceList": [{"type": "owning_party", "source": "urn:epc:id:pgln:4012345.00225"}],
    "destinationList": [
        {"type": "location", "destination": "urn:epc:id:sgln:0614141.00777.0"},
        {"type": "owning_party", "destination": "urn:epc:id:pgln:0614141.00777"},
    ],
    "ext:batchNotes": ["dry", {"ext:shift": "B", "ext:line": 4}],
}


def hash_of(event: dict[str, Any]) -> str:
    return event_hash(event_from(event))


def shuffled(value: Any, draw: Any) -> Any:
    """The same members and items in another order."""
    if isinstance(value, dict):
        keys = draw(st.permutations(list(value)))
        return {key: value[key] if key == "@context" else shuffled(value[key], draw) for key in keys}
    if isinstance(value, list):
        return [shuffled(item, draw) for item in draw(st.permutations(value))]
    return value


@settings(max_examples=60, deadline=None)
@given(st.data())
def test_order_of_members_and_lists_does_not_change_the_hash(data: st.DataObject) -> None:
    assert hash_of(shuffled(EVENT, data.draw)) == hash_of(EVENT)


@settings(max_examples=30, deadline=None)
@given(st.datetimes(datetime(2000, 1, 1), datetime(2040, 1, 1), timezones=st.just(UTC)), st.uuids())
def test_when_it_was_recorded_its_id_and_an_error_declaration_take_no_part(recorded: datetime, name: Any) -> None:
    told = EVENT | {
        "recordTime": recorded.isoformat(), "eventID": f"urn:uuid:{name}",
        "errorDeclaration": {"declarationTime": recorded.isoformat(), "reason": "incorrect_data"},
    }
    assert hash_of(told) == hash_of(EVENT)


CHANGES: list[dict[str, Any]] = [
    {"eventTime": "2026-03-04T11:00:30.501+08:00"}, {"eventTimeZoneOffset": "+07:00"}, {"action": "ADD"},
    {"bizStep": "receiving"}, {"disposition": "in_transit"}, {"epcList": EVENT["epcList"][:1]},
    {"quantityList": EVENT["quantityList"][:1]}, {"ext:batchNotes": ["dry"]}, {"sourceList": []},
    {"persistentDisposition": {"set": ["recalled"]}}, {"certificationInfo": "https://example.com/cert/1"},
    {"readPoint": {"id": "urn:epc:id:sgln:0614141.00777.0"}}, {"ext:more": ""},
]  # fmt: skip


@pytest.mark.parametrize("change", CHANGES, ids=lambda change: next(iter(change)))
def test_a_changed_fact_changes_the_hash(change: dict[str, Any]) -> None:
    assert hash_of(EVENT | change) != hash_of(EVENT)


SAME: list[dict[str, Any]] = [
    {"bizStep": "https://ref.gs1.org/cbv/BizStep-shipping"}, {"bizStep": "cbv:BizStep-shipping"},
    {"bizStep": "urn:epcglobal:cbv:bizstep:shipping"}, {"eventTime": "2026-03-04T03:00:30.500Z"},
    {"epcList": ["https://id.gs1.org/00/040123450000003338", "https://id.example.com/x/00/040123450000001112?a=b"]},
    {"sourceList": [{"type": "cbv:SDT-owning_party", "source": " https://id.gs1.org/417/4012345002256 "}]},
]  # fmt: skip


@pytest.mark.parametrize("form", SAME, ids=[str(form)[:50] for form in SAME])
def test_other_ways_of_writing_the_same_have_the_same_hash(form: dict[str, Any]) -> None:
    assert pre_hash(event_from(EVENT | form)) == pre_hash(event_from(EVENT))


@pytest.mark.parametrize(("written", "hashed"), [
    ("2026-03-04T10:00:30.9996Z", "2026-03-04T10:00:31.000Z"),
    ("2026-12-31T23:59:59.9995Z", "2027-01-01T00:00:00.000Z"),
    ("2026-03-04T10:00:30.99949999Z", "2026-03-04T10:00:30.999Z"),
    ("2026-03-04T10:00:30.0005Z", "2026-03-04T10:00:30.001Z"),
    ("2026-03-04T10:00:30Z", "2026-03-04T10:00:30.000Z"),
])  # fmt: skip
def test_times_round_half_up_to_milliseconds_and_carry(written: str, hashed: str) -> None:
    assert f"eventTime={hashed}eventTimeZoneOffset" in pre_hash(event_from(EVENT | {"eventTime": written}))


@settings(max_examples=60, deadline=None)
@given(st.datetimes(datetime(1990, 1, 1), datetime(2090, 1, 1)), st.integers(0, 10**9 - 1))
def test_rounding_agrees_with_whole_number_arithmetic(at: datetime, nanoseconds: int) -> None:
    at = at.replace(microsecond=0)
    expected = at + timedelta(milliseconds=(nanoseconds + 500_000) // 1_000_000)
    event = EVENT | {"eventTime": f"{at.isoformat()}.{nanoseconds:09d}Z"}
    assert f"eventTime={expected.isoformat(timespec='milliseconds')}Z" in pre_hash(event_from(event))


def test_numbers_are_hashed_exactly_however_long() -> None:
    text = json.dumps(EVENT | {"ext:weight": 0}).replace('"ext:weight": 0', '"ext:weight": 12345678901234567890.1200')
    assert "{https://ns.example.com/ext/}weight=12345678901234567890.12" in pre_hash(read_json(text).events[0])


def test_members_that_the_document_lists_are_left_out() -> None:
    document: dict[str, Any] = {
        "@context": [EPCIS_CONTEXT, {"ext": "https://ns.example.com/ext/"}, {"same": "https://ns.example.com/ext/"}],
        "type": "EPCISDocument", "schemaVersion": "2.0", "creationDate": "2026-01-01T00:00:00Z",
        "ext:ignoreFields": ["same:batchNotes"], "epcisBody": {"eventList": [EVENT]},
    }
    rest = {key: value for key, value in EVENT.items() if key != "ext:batchNotes"}
    assert event_hash(read_json(json.dumps(document)).events[0]) == hash_of(rest)


@settings(max_examples=30, deadline=None)
@given(st.data())
def test_the_xml_of_an_event_has_the_hash_of_its_json(data: st.DataObject) -> None:
    event = read_json(json.dumps(shuffled(EVENT, data.draw))).events[0]
    written = write_xml([event], created_at=event.event_time)
    assert event_hash(read_xml(written).events[0]) == hash_of(EVENT)


def test_a_context_inside_an_extension_holds_there_and_only_there() -> None:
    inner = {"@context": {"deep": "https://deep.example/", "ext": "https://other.example/"}, "deep:a": "1", "ext:b": "2"}
    event = EVENT | {"ilmd": inner, "action": "ADD", "ext:c": inner, "ext:d": "3"}
    assert not [finding for finding in check_json(event) if finding.code == "undeclared-prefix"]
    text = pre_hash(event_from(event))
    assert "ilmd{https://deep.example/}a=1{https://other.example/}b=2" in text
    assert "{https://ns.example.com/ext/}c{https://deep.example/}a=1{https://other.example/}b=2" in text
    assert "{https://ns.example.com/ext/}d=3" in text
    parsed = read_json(json.dumps(event)).events[0]
    assert event_hash(read_xml(write_xml([parsed], created_at=parsed.event_time)).events[0]) == hash_of(event)


NUMBERED = st.sampled_from([
    "urn:epc:id:sgtin:4012345.012345.", "urn:epc:id:sgtin:401234.5012345.", "urn:epc:class:lgtin:4012345.012345.",
    "urn:epc:id:sgtin:4012345.01234.", "urn:epc:class:sgtin:4012345.012345.", "https://id.gs1.org/01/09521141012345/21/",
    "https://id.gs1.org/01/09521141012346/10/", "https://id.gs1.org/01/9521141012345/10/",
    "https://id.example.com/01/09521141012345/21/", "https://id.gs1.org/00/", "urn:epc:id:sscc:4012345.",
    "https://id.gs1.org/01/09521141012345/10/A/21/",
])  # fmt: skip


@settings(max_examples=300, deadline=None)
@given(NUMBERED, st.text("Az09_-.%/*", min_size=1, max_size=21) | st.from_regex(r"[0-9]{10,18}", fullmatch=True))
def test_a_number_has_the_canonical_form_that_reading_the_whole_identifier_gives(start: str, number: str) -> None:
    uri = start + number
    canonical, flags = loose_canonical(uri)
    try:
        whole = parse_uri(canonical, legacy=True, flags=[]).constrained
    except Gs1Error:
        whole = canonical
    assert normal_form(uri) == whole
    assert [code for code, _message in oddities(uri)] == [error.code for error in flags]


IGNORING = [["ext:batchNotes", "ext:other"], "ext:batchNotes", {"ext:batchNotes": "", "ext:other": {}},
            [{"ext:batchNotes": None}, 5, None, ["ext:list"]]]


@pytest.mark.parametrize("names", IGNORING)
def test_the_members_that_a_document_leaves_out_are_named_by_texts_or_elements(names: Any) -> None:
    event = {name: value for name, value in EVENT.items() if name != "@context"}
    raw = {"@context": [*CONTEXT, {"own": "https://own.example/"}], "type": "EPCISDocument", "schemaVersion": "2.0",
           "creationDate": "2026-03-05T00:00:00Z", "own:ignoreFields": names, "epcisBody": {"eventList": [event]}}
    without = {name: value for name, value in EVENT.items() if name != "ext:batchNotes"}
    assert event_hash(read_json(json.dumps(raw)).events[0]) == hash_of(without)


def test_an_xml_document_names_them_by_empty_elements_before_or_behind_its_body() -> None:
    start = ('<e:EPCISDocument xmlns:e="urn:epcglobal:epcis:xsd:2" xmlns:own="https://own.example/" schemaVersion="2.0" '
             'xmlns:ext="https://ns.example.com/ext/" creationDate="2026-03-05T00:00:00Z">')
    names = "<own:ignoreFields><ext:a/><ext:b/></own:ignoreFields>"
    body = ("<EPCISBody><EventList><ObjectEvent><eventTime>2026-03-04T11:00:30Z</eventTime><eventTimeZoneOffset>+00:00"
            "</eventTimeZoneOffset><epcList><epc>urn:x:1</epc></epcList><action>ADD</action>%s</ObjectEvent></EventList>"
            "</EPCISBody>")
    hashes = {event_hash(read_xml(start + parts + "</e:EPCISDocument>").events[0]) for parts in (
        names + body % "<ext:a>1</ext:a>", body % "<ext:b>2</ext:b>" + names, body % "")}
    assert len(hashes) == 1


@pytest.mark.filterwarnings("ignore:open_text is deprecated")  # the reference package's own
@settings(max_examples=40, deadline=None)
@given(st.integers(0, 10**6))
def test_the_reference_package_gives_the_same_hashes(number: int) -> None:
    logging.disable(logging.CRITICAL)
    module = pytest.importorskip("epcis_event_hash_generator.json_to_py")
    generator = pytest.importorskip("epcis_event_hash_generator.hash_generator")
    quantity = {"epcClass": f"urn:epc:class:lgtin:4012345.012345.L{number}", "quantity": number / 8, "uom": "KGM"}
    event = {
        "type": "TransformationEvent", "eventTime": f"2026-03-04T11:00:{number % 60:02}.{number % 1000:03}+08:00",
        "eventTimeZoneOffset": "+08:00", "bizStep": "commissioning", "disposition": "active",
        "inputQuantityList": [quantity, {"epcClass": "urn:epc:class:lgtin:4012345.012345.B"}],
        "outputEPCList": [f"urn:epc:id:sgtin:4012345.012345.{number}", "https://id.gs1.org/01/09521141012345/21/A"],
        "readPoint": {"id": "urn:epc:id:sgln:4012345.00001.0"},
        "persistentDisposition": {"set": ["conformant"], "unset": ["non_conformant", "recalled"]},
        "certificationInfo": f"https://cert.example.org/{number}", "ext:shift": {"ext:crew": number, "ext:line": "07"},
        "bizTransactionList": [{"type": "po", "bizTransaction": f"urn:x-own:po:{number}"}],
    }  # fmt: skip
    text = json.dumps({"@context": CONTEXT, "type": "EPCISDocument", "schemaVersion": "2.0",
                       "creationDate": "2026-03-05T00:00:00Z", "epcisBody": {"eventList": [event]}})
    theirs = generator.epcis_hashes_from_events(module.event_list_from_epcis_document_str(text))
    logging.disable(logging.NOTSET)
    assert [event_hash(found) for found in read_json(text).events] == theirs
