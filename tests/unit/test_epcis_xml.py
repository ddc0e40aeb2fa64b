"""EPCIS in XML: the same facts, the same checker, the same hash, and nothing read from outside the text."""
from __future__ import annotations

import time
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from traceapp.epcis import (
    EPCIS_CONTEXT,
    ClassQuantity,
    EpcisErrors,
    check,
    event_hash,
    read,
    read_in_part,
    read_json,
    read_with_findings,
    read_xml,
    write_xml,
)
from traceapp.epcis.json_form import dumps

SETS = Path(__file__).resolve().parents[3] / "shared" / "conformance" / "epcis"
VALID = sorted((SETS / "capture" / "valid").glob("*.json")) + sorted((SETS / "trace").glob("*.jsonld"))
HASHED = sorted((SETS / "hash").glob("*.jsonld"))
HEAD = """<epcis:EPCISDocument xmlns:epcis="urn:epcglobal:epcis:xsd:2" xmlns:ext="https://ns.example/"
 xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" xmlns:xsd="http://www.w3.org/2001/XMLSchema"
 schemaVersion="2.0" creationDate="2026-03-05T00:00:00Z"><EPCISBody><EventList>"""
TAIL = "</EventList></EPCISBody></epcis:EPCISDocument>"
TIME = "<eventTime>2026-03-04T11:00:30+08:00</eventTime><eventTimeZoneOffset>+08:00</eventTimeZoneOffset>"
OBJECT = f"<ObjectEvent>{TIME}<epcList><epc>urn:epc:id:sscc:4012345.0000000333</epc></epcList><action>ADD</action>"


def document(rest: str = "", start: str = OBJECT, end: str = "</ObjectEvent>") -> str:
    return HEAD + start + rest + end + TAIL


@pytest.mark.parametrize("path", VALID + HASHED, ids=lambda path: path.stem)
def test_a_published_document_means_the_same_after_a_way_through_xml(path: Path) -> None:
    first = read_json(path.read_bytes())
    again = read_xml(write_xml(first))
    assert [event_hash(event) for event in again.events] == [event_hash(event) for event in first.events]
    assert again.master_data == first.master_data
    assert (again.kind, again.creation_date) == (first.kind, first.creation_date)
    assert read_xml(write_xml(again)).raw == again.raw


def test_the_published_files_are_here_or_named_as_missing() -> None:
    if not SETS.is_dir():
        pytest.skip("../shared/conformance is not here")
    assert VALID
    assert HASHED


NAMES = st.sampled_from(["ext:a", "ext:b", "ext:long-name_1", "plain", "cbvmda:lotNumber", "ext:ü"])
TEXTS = st.text(st.characters(codec="utf-8", exclude_categories=("Cc", "Cs", "Cn")), max_size=8).map(str.strip)
VALUES = st.recursive(
    st.booleans() | st.integers(-(10**20), 10**20) | TEXTS | st.decimals(-1000, 1000, places=3),
    lambda inner: st.dictionaries(NAMES, inner, min_size=1, max_size=3)
    | st.lists(inner.filter(lambda value: not isinstance(value, list)), min_size=2, max_size=3),
    max_leaves=10,
)


@settings(max_examples=80, deadline=None)
@given(st.dictionaries(NAMES.filter(lambda name: ":" in name), VALUES, max_size=3))
def test_extensions_of_any_shape_survive_xml_with_their_types(members: dict[str, Any]) -> None:
    event = {"@context": [EPCIS_CONTEXT, {"ext": "https://ns.example/"}, {"cbvmda": "urn:epcglobal:cbv:mda:"}],
             "type": "ObjectEvent", "eventTime": "2026-03-04T11:00:30Z", "eventTimeZoneOffset": "+00:00",
             "epcList": ["urn:a:b"], "action": "ADD", **members}
    first = read_json(dumps(event)).events[0]
    again = read_xml(write_xml([first], created_at=first.event_time)).events[0]
    assert {name: again.document[name] for name in members} == members
    assert event_hash(again) == event_hash(first)


def test_lists_of_1_x_in_their_wrappers_are_read_as_if_they_stood_directly() -> None:
    event = read(document(
        "<bizStep>urn:epcglobal:cbv:bizstep:commissioning</bizStep><extension><quantityList><quantityElement>"
        "<epcClass>urn:x:y</epcClass><quantity>1.50</quantity><uom>KGM</uom></quantityElement></quantityList>"
        '<sourceList><source type="urn:epcglobal:cbv:sdt:location">urn:x:1</source></sourceList></extension>'
    )).events[0]
    assert event.quantities == (ClassQuantity("urn:x:y", Decimal("1.50"), "KGM"),)
    assert (event.biz_step, event.sources) == ("commissioning", (("location", "urn:x:1"),))


def test_attributes_and_types_of_extensions_are_kept() -> None:
    found = read(document(
        '<ext:mass unit="KGM">5</ext:mass><ext:n xsi:type="xsd:integer">7</ext:n><ext:none xsi:nil="true"/>'
        '<ext:yes xsi:type="xsd:boolean">1</ext:yes><ext:two>a</ext:two><ext:two>b</ext:two>'
    ))
    event = found.events[0].document
    assert event["ext:mass"] == {"@unit": "KGM", "#text": "5"}
    assert (event["ext:n"], event["ext:none"], event["ext:yes"], event["ext:two"]) == (7, None, True, ["a", "b"])
    assert read_xml(write_xml(found)).raw == found.raw


def test_one_prefix_for_two_namespaces_is_told_apart() -> None:
    event = read(document('<ext:a>1</ext:a><ext:a xmlns:ext="https://other.example/">2</ext:a>')).events[0]
    assert (event.document["ext:a"], event.document["ext2:a"]) == ("1", "2")
    assert {"ext2": "https://other.example/"} in event.context


ERRORS = [
    ("<bizStep>https://ref.gs1.org/cbv/BizStep-shipping</bizStep><disposition>lost</disposition>",
     "/ObjectEvent/disposition", "unknown-disposition"),
    ("<quantityList><quantityElement><epcClass>urn:x:y</epcClass><uom>KGM</uom></quantityElement></quantityList>",
     "/ObjectEvent/quantityList/quantityElement/uom", "uom-without-quantity"),
    ("<quantityList><quantityElement><epcClass>urn:x:y</epcClass><quantity>a few</quantity></quantityElement>"
     "</quantityList>", "/ObjectEvent/quantityList/quantityElement/quantity", "not-a-number"),
    ("<ilmd><lotNumber>A</lotNumber></ilmd>", "/ObjectEvent/ilmd/lotNumber", "no-namespace"),
    ("<weight>5</weight>", "/ObjectEvent/weight", "no-namespace"),
    ("<action>ADD</action>", "/ObjectEvent/action[1]", "bad-action"),
    ('<sourceList><source type="owner">urn:x:1</source></sourceList>', "/ObjectEvent/sourceList/source/@type",
     "unknown-party"),
    ('<sensorElementList><sensorElement><sensorReport type="gs1:Heat" value="4"/></sensorElement></sensorElementList>',
     "/ObjectEvent/sensorElementList/sensorElement/sensorReport/@type", "unknown-measurement"),
    ('<sensorElementList><sensorElement><sensorReport type="Heat"/></sensorElement></sensorElementList>',
     "/ObjectEvent/sensorElementList/sensorElement/sensorReport/@type", "unknown-measurement"),
]  # fmt: skip


@pytest.mark.parametrize(("rest", "path", "code"), ERRORS, ids=[path for _, path, _ in ERRORS])
def test_a_fault_in_xml_is_found_by_the_same_checker_at_its_xpath(rest: str, path: str, code: str) -> None:
    try:
        findings: Any = read_with_findings(document(rest))[1]
    except EpcisErrors as refusal:
        findings = refusal.findings
    assert ("/epcis:EPCISDocument/EPCISBody/EventList" + path, code) in [(item.pointer, item.code) for item in findings]


REFUSED = {
    "a number without end": ("<quantityList><quantityElement><epcClass>urn:x:y</epcClass><quantity>" + "9" * 5000
                             + "</quantity></quantityElement></quantityList>",
                             "/ObjectEvent/quantityList/quantityElement/quantity", "not-a-number"),
    "text behind an element": ("<ext:a>x<ext:b/>lost</ext:a>", "/ObjectEvent/ext:a", "loose-text"),
    "text where elements belong": ("<sourceList>x<source type='location'>urn:x:1</source></sourceList>",
                                   "/ObjectEvent/sourceList", "loose-text"),
    "deeper than JSON may be": ("<ext:a>" * 58 + "</ext:a>" * 58,
                                "/ObjectEvent" + "/ext:a" * 57, "too-deep"),
    "the second of two": ('<sensorElementList><sensorElement><sensorReport type="Mass"/><sensorReport type="Heat"/>'
                          "</sensorElement></sensorElementList>",
                          "/ObjectEvent/sensorElementList/sensorElement/sensorReport[2]/@type", "unknown-measurement"),
    "a word of nobody": ("<persistentDisposition><set>urn:epcglobal:cbv:disp:lost</set></persistentDisposition>",
                         "/ObjectEvent/persistentDisposition/set", "unknown-disposition"),
    "a corrective id": ("<errorDeclaration><declarationTime>2026-03-04T11:00:30Z</declarationTime><correctiveEventIDs>"
                        "<correctiveEventID>7</correctiveEventID></correctiveEventIDs></errorDeclaration>",
                        "/ObjectEvent/errorDeclaration/correctiveEventIDs/correctiveEventID", "not-a-uri"),
}  # fmt: skip


@pytest.mark.parametrize(("rest", "path", "code"), REFUSED.values(), ids=REFUSED)
def test_what_json_could_not_keep_or_the_standard_forbids_is_refused_at_its_xpath(rest: str, path: str,
                                                                                  code: str) -> None:
    with pytest.raises(EpcisErrors) as refusal:
        read(document(rest))
    found = [(item.pointer.removeprefix("/epcis:EPCISDocument/EPCISBody/EventList"), item.code)
             for item in refusal.value.findings]
    assert (path, code) in found


def test_a_second_event_list_is_refused_and_not_read_instead_of_the_first() -> None:
    with pytest.raises(EpcisErrors) as refusal:
        read(document().replace("</EventList>", "</EventList><EventList/>"))
    assert refusal.value.place == "/epcis:EPCISDocument/EPCISBody/EventList[2]"


def test_a_number_that_json_cannot_hold_stays_text_in_an_extension() -> None:
    event = read(document('<ext:a xsi:type="xsd:double">1e999</ext:a><ext:b xsi:type="xsd:double">20</ext:b>')).events[0]
    assert (event.document["ext:a"], event.document["ext:b"]) == ("1e999", Decimal(20))


def test_an_extension_that_is_called_extension_is_kept() -> None:
    event = read(document("<ext:a><extension><b>1</b></extension></ext:a>")).events[0]
    assert event.document["ext:a"] == {"extension": {"b": "1"}}


def test_comments_and_character_data_leave_the_text_whole() -> None:
    event = read(document("<ext:a>x<!-- c -->y<![CDATA[<z>]]></ext:a>")).events[0]
    assert event.document["ext:a"] == "xy<z>"


def test_a_context_inside_sensors_and_an_error_declaration_is_kept_in_xml() -> None:
    inner = {"@context": {"deep": "https://deep.example/"}, "deep:a": "1"}
    event = {"@context": [EPCIS_CONTEXT], "type": "ObjectEvent", "eventTime": "2026-03-04T11:00:30Z",
             "eventTimeZoneOffset": "+00:00", "epcList": ["urn:a:b"], "action": "ADD",
             "errorDeclaration": {"declarationTime": "2026-03-04T11:00:30Z", **inner},
             "sensorElementList": [{"sensorReport": [{"type": "Mass", **inner}], "sensorMetadata": inner, **inner}]}
    first = read_json(dumps(event)).events[0]
    again = read_xml(write_xml([first], created_at=first.event_time)).events[0]
    assert again.document["errorDeclaration"]["deep:a"] == "1"
    assert again.document["sensorElementList"][0] == {
        "sensorMetadata": {"deep:a": "1"}, "sensorReport": [{"type": "Mass", "deep:a": "1"}], "deep:a": "1"}
    assert event_hash(again) == event_hash(first)


def test_sender_and_receiver_of_a_business_document_header_are_kept() -> None:
    header = ('<EPCISHeader><h:StandardBusinessDocumentHeader xmlns:h="http://www.unece.org/cefact/namespaces/Standard'
              'BusinessDocumentHeader"><h:HeaderVersion>1.0</h:HeaderVersion><h:Sender><h:Identifier Authority="GLN">'
              "0614141000005</h:Identifier></h:Sender></h:StandardBusinessDocumentHeader></EPCISHeader>")
    found = read(document().replace("<EPCISBody>", header + "<EPCISBody>"))
    sender = found.raw["epcisHeader"]["h:StandardBusinessDocumentHeader"]["h:Sender"]
    assert sender == {"h:Identifier": {"@Authority": "GLN", "#text": "0614141000005"}}
    assert read_xml(write_xml(found)).raw == found.raw


@pytest.mark.parametrize("made", [
    "".join(f'<ext:a xmlns:ext="u:{index}">1</ext:a>' for index in range(3000)), "<ext:a>1</ext:a>" * 20_000,
], ids=["namespaces", "repeated"])  # fmt: skip
def test_much_of_one_thing_takes_time_in_proportion(made: str) -> None:
    begun = time.process_time()
    read(document(made))
    assert time.process_time() - begun < 5


def test_many_faults_take_time_in_proportion() -> None:
    begun = time.process_time()
    with pytest.raises(EpcisErrors) as refusal:
        read(HEAD + f"<ObjectEvent>{TIME}<epcList/><action>?</action></ObjectEvent>" * 10_000 + TAIL)
    assert refusal.value.findings[-1].pointer.endswith("/ObjectEvent[10000]/action")
    assert time.process_time() - begun < 5


def test_a_time_without_zone_is_refused_in_xml_too() -> None:
    with pytest.raises(EpcisErrors) as refusal:
        read(document().replace("30+08:00</eventTime>", "30</eventTime>"))
    assert refusal.value.place == "/epcis:EPCISDocument/EPCISBody/EventList/ObjectEvent/eventTime"


def test_a_capture_in_part_works_for_xml() -> None:
    second = f"<ObjectEvent>{TIME}<epcList/><action>?</action>"
    kept, errors = read_in_part(document("</ObjectEvent>" + second))
    assert len(kept.events) == 1
    assert errors[0].pointer == "/epcis:EPCISDocument/EPCISBody/EventList/ObjectEvent[2]/action"


ENTITY = '<!DOCTYPE a [<!ENTITY x "boom">]>'
HARMFUL = {
    "entity": ENTITY + document("<ext:a>&x;</ext:a>"),
    "file": '<!DOCTYPE a [<!ENTITY x SYSTEM "file:///etc/hostname">]>' + document("<ext:a>&x;</ext:a>"),
    "address": '<!DOCTYPE a SYSTEM "http://127.0.0.1:9/a.dtd">' + document(),
    "laughs": '<!DOCTYPE a [<!ENTITY a "ha"><!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;">]>' + document("<ext:a>&b;</ext:a>"),
    "after a comment": "<?xml version='1.0'?><!-- x --><?pi y?>" + ENTITY + document(),
    "after a bare type": "<!DOCTYPE a>" + ENTITY + document(),
    "undeclared entity": document("<ext:a>&x;</ext:a>"),
    "cut": document()[:-10], "other root": "<a/>", "no root": "<?xml version='1.0'?>", "deep": document("<a>" * 300),
    "deep and closed": document("<ext:a>" * 100 + "</ext:a>" * 100),
    "broad": document("<ext:a " + " ".join(f'b{number}=""' for number in range(20_000)) + "/>"),
}  # fmt: skip


@pytest.mark.parametrize("encoding", ["utf-8", "utf-16", "utf-8-sig", "utf-16-le"])
@pytest.mark.parametrize("text", HARMFUL.values(), ids=HARMFUL)
def test_harmful_xml_is_refused(text: str, encoding: str) -> None:
    with pytest.raises(EpcisErrors):
        read_xml(text.encode(encoding))


def test_another_encoding_cannot_hide_a_document_type() -> None:
    hidden = '<?xml version="1.0" encoding="UTF-7"?>+ADwAIQ-DOCTYPE a [+ADwAIQ-ENTITY x "boom"+AD4AXQA+' + document()
    with pytest.raises(EpcisErrors) as refusal:
        read_xml(hidden.encode("ascii"))
    assert refusal.value.findings[0].code == "document-type"


@pytest.mark.parametrize("encoding", ["utf-8", "utf-16", "utf-8-sig"])
def test_a_sound_document_is_read_in_each_encoding_and_with_a_bare_type(encoding: str) -> None:
    text = "<!DOCTYPE project>\n" + document("<ext:a>中文</ext:a>")
    assert read(text.encode(encoding)).events[0].document["ext:a"] == "中文"


def test_text_that_declares_an_encoding_is_read_as_text() -> None:
    text = '<?xml version="1.0" encoding="GB18030"?>' + document("<ext:a>中文</ext:a>")
    assert read(text).events[0].document["ext:a"] == "中文"
    assert read(text.encode("gb18030")).events[0].document["ext:a"] == "中文"


@settings(max_examples=100, deadline=None)
@given(st.text(st.sampled_from(list("<>/&;!?[]\"'= aé:x-")), max_size=40), st.integers(0, len(document())))
def test_nothing_but_a_refusal_comes_of_broken_xml(noise: str, at: int) -> None:
    text = document()
    try:
        found = read_xml(text[:at] + noise + text[at:])
    except EpcisErrors as refusal:
        assert refusal.findings
    else:
        assert not [finding for finding in check(found) if finding.is_error]


UNWRITABLE: list[tuple[dict[str, Any], str]] = [
    ({"ext:a": ["w", ["x", "y"]]}, "/epcisBody/eventList/0/ext:a/1"), ({"ext:1a": "x"}, "/epcisBody/eventList/0/ext:1a"),
    ({"other:a": "x"}, "/epcisBody/eventList/0/other:a"), ({"ext:a": "\x01"}, "/epcisBody/eventList/0/ext:a"),
]  # fmt: skip


@pytest.mark.parametrize(("members", "pointer"), UNWRITABLE, ids=[next(iter(item)) for item, _ in UNWRITABLE])
def test_what_xml_cannot_say_is_refused_and_not_dropped(members: dict[str, Any], pointer: str) -> None:
    event = {"@context": [EPCIS_CONTEXT, {"ext": "https://ns.example/"}], "type": "ObjectEvent",
             "eventTime": "2026-03-04T11:00:30Z", "eventTimeZoneOffset": "+00:00", "epcList": [], "action": "ADD"}
    read_back = read_json(dumps(event | members)).events
    with pytest.raises(EpcisErrors) as refusal:
        write_xml(read_back, created_at=read_back[0].event_time)
    assert refusal.value.place == pointer
