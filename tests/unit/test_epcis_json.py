"""Reading and writing JSON: nothing lost, nothing bent, nothing that harms."""
from __future__ import annotations

import json
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from traceapp.epcis import (
    EPCIS_CONTEXT,
    ClassQuantity,
    EpcisErrors,
    dumps,
    load_json,
    read,
    read_in_part,
    read_json,
    write_json,
)

EVENT: dict[str, Any] = {
    "type": "ObjectEvent", "eventTime": "2026-03-04T11:00:30.1234567+08:00", "eventTimeZoneOffset": "+08:00",
    "action": "OBSERVE", "epcList": ["urn:epc:id:sscc:4012345.0000000333"],
}  # fmt: skip


def document(*events: dict[str, Any], **more: Any) -> dict[str, Any]:
    return {
        "@context": [EPCIS_CONTEXT], "type": "EPCISDocument", "schemaVersion": "2.0",
        "creationDate": "2026-03-05T00:00:00Z", "epcisBody": {"eventList": list(events)}, **more,
    }  # fmt: skip


TEXTS = st.text(st.characters(codec="utf-8", exclude_characters="\0"), max_size=8)  # NUL is refused, see HARMFUL
JSON_VALUES = st.recursive(
    st.none() | st.booleans() | st.integers(-(10**30), 10**30) | TEXTS
    | st.decimals(allow_nan=False, allow_infinity=False, places=6),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text("ab:~/\"\\é", max_size=4), inner, max_size=3),
    max_leaves=12,
)


@settings(max_examples=100, deadline=None)
@given(JSON_VALUES)
def test_what_is_written_is_read_back_the_same(value: Any) -> None:
    assert load_json(dumps({"v": value})) == {"v": value}


@settings(max_examples=60, deadline=None)
@given(JSON_VALUES)
def test_an_extension_of_any_shape_survives_the_round_trip(value: Any) -> None:
    sent = document(EVENT | {"ext:any": value}, **{"@context": [EPCIS_CONTEXT, {"ext": "https://ns.example/"}]})
    kept = read_json(write_json(read_json(dumps(sent))))
    assert kept.raw == sent
    assert kept.events[0].document["ext:any"] == value


def test_digits_of_a_quantity_are_kept_as_they_came() -> None:
    text = json.dumps(document(EVENT | {"quantityList": [{"epcClass": "urn:x:y", "quantity": 0}]}))
    text = text.replace('"quantity": 0', '"quantity": 10000.10000000000000000001')
    read_back = read_json(text)
    assert read_back.events[0].quantities == (ClassQuantity("urn:x:y", Decimal("10000.10000000000000000001")),)
    assert "10000.10000000000000000001" in write_json(read_back)


def test_a_time_is_read_to_the_microsecond_with_its_zone() -> None:
    event = read_json(json.dumps(document(EVENT))).events[0]
    assert event.event_time == datetime(2026, 3, 4, 3, 0, 30, 123457, tzinfo=UTC)
    assert event.offset == "+08:00"


def test_standard_words_are_read_bare_however_they_are_written() -> None:
    event = read_json(json.dumps(document(EVENT | {
        "bizStep": "urn:epcglobal:cbv:bizstep:shipping", "disposition": "https://ns.gs1.org/voc/Disp-in_transit",
        "sourceList": [{"type": "cbv:SDT-location", "source": "urn:x:1"}],
    }))).events[0]
    assert (event.biz_step, event.disposition, event.sources) == ("shipping", "in_transit", (("location", "urn:x:1"),))
    assert event.document["bizStep"] == "urn:epcglobal:cbv:bizstep:shipping"


def test_empty_texts_are_read_as_absent_and_kept() -> None:
    event = read_json(json.dumps(document({
        "type": "TransformationEvent", "eventTime": EVENT["eventTime"], "eventTimeZoneOffset": "+08:00",
        "inputEPCList": ["urn:x:1"], "outputEPCList": ["urn:x:2"], "transformationID": "", "readPoint": {"id": ""},
    }))).events[0]
    assert (event.transformation_id, event.read_point) == (None, None)
    assert event.document["transformationID"] == ""


def test_duplicate_master_data_is_kept_as_it_came() -> None:
    item = {"id": "https://id.gs1.org/01/10000082345676",
            "attributes": [{"id": "urn:a", "attribute": "x"}, {"id": "urn:a", "attribute": {"ext:b": [1]}}]}
    vocabulary = {"type": "urn:epcglobal:epcis:vtype:epcclass", "vocabularyElementList": [item, item]}
    found = read_json(json.dumps(document(
        EVENT, epcisHeader={"epcisMasterData": {"vocabularyList": [vocabulary]}}))).master_data
    assert [entry.id for entry in found] == [item["id"]] * 2
    assert found[0].attributes == (("urn:a", "x"), ("urn:a", {"ext:b": [1]}))


def test_a_single_event_keeps_its_own_context() -> None:
    single = read_json(json.dumps({"@context": [EPCIS_CONTEXT, {"ext": "https://ns.example/"}], **EVENT}))
    assert single.kind == "ObjectEvent"
    assert {"ext": "https://ns.example/"} in single.events[0].context


def test_events_of_two_documents_keep_their_own_meaning_of_a_prefix() -> None:
    events = [
        read_json(json.dumps({"@context": [EPCIS_CONTEXT, {"ext": uri}], **EVENT, "ext:a": "1"})).events[0]
        for uri in ("https://one.example/", "https://two.example/")
    ]
    both = read_json(write_json(events, created_at=events[0].event_time))
    assert [event.context[-1] for event in both.events] == [
        {"ext": "https://one.example/"}, {"ext": "https://two.example/"}]


HARMFUL = {
    "nothing": b"", "no json": b"{", "a list": b"[]", "a number that fills the memory": b'{"type":1e999999999}',
    "NaN": b'{"type":NaN}', "half a character": b'{"type":"\\ud800"}', "NUL": b'{"a":["\\u0000"]}',
    "a member twice": b'{"type":"a","type":"b"}', "not UTF-8": b'{"type":"\xff"}',
    "deeper than deep": b'{"a":' + b"[" * 100_000, "deep": b'{"a":' + b"[" * 90 + b"]" * 90 + b"}",
    "digits without end": b'{"type":' + b"9" * 5000 + b"}",
}  # fmt: skip


@pytest.mark.parametrize("content", HARMFUL.values(), ids=HARMFUL)
def test_harmful_text_is_refused_with_a_message(content: bytes) -> None:
    with pytest.raises(EpcisErrors) as refusal:
        read(content)
    assert refusal.value.findings[0].message


@settings(max_examples=150, deadline=None)
@given(JSON_VALUES.map(lambda value: dumps({"type": "EPCISDocument", "epcisBody": value, "@context": value}))
       | st.text(max_size=60) | st.binary(max_size=60))
def test_nothing_but_a_refusal_comes_of_nonsense(content: str | bytes) -> None:
    with pytest.raises(EpcisErrors):
        read(content)


def test_a_capture_in_part_keeps_the_sound_events() -> None:
    sent = document(EVENT, EVENT | {"bizStep": "transforming"}, EVENT | {"action": "ADD"})
    kept, errors = read_in_part(json.dumps(sent))
    assert [event.action for event in kept.events] == ["OBSERVE", "ADD"]
    assert [error.pointer for error in errors] == ["/epcisBody/eventList/1/bizStep"]


def test_a_capture_in_part_is_refused_for_a_fault_outside_the_events() -> None:
    with pytest.raises(EpcisErrors) as refusal:
        read_in_part(json.dumps(document(EVENT, EVENT | {"action": "?"}, creationDate="yesterday")))
    assert [finding.pointer for finding in refusal.value.findings] == ["/creationDate"]
