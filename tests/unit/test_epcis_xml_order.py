"""The XML schema of EPCIS 2.0 says in which order elements stand, and which elements and attributes there are."""
from __future__ import annotations

from typing import Any

import pytest

from traceapp.epcis import EpcisErrors, event_hash, read, read_in_part, read_json, write_json, write_xml

LIST = "/epcis:EPCISDocument/EPCISBody/EventList"
HEAD = """<epcis:EPCISDocument xmlns:epcis="urn:epcglobal:epcis:xsd:2" xmlns:ext="https://ns.example/"
 xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" schemaVersion="2.0" creationDate="2026-03-05T00:00:00Z">
 <EPCISBody><EventList>"""
TAIL = "</EventList></EPCISBody></epcis:EPCISDocument>"
QUANTITY = "<quantityElement><epcClass>urn:x:y</epcClass><quantity>1</quantity><uom>KGM</uom></quantityElement>"
REPORT = '<sensorReport type="Mass" value="1" uom="KGM"/>'
PARTS = {
    "eventTime": "2026-03-04T11:00:30+08:00", "recordTime": "2026-03-04T12:00:30+08:00", "eventTimeZoneOffset": "+08:00",
    "eventID": "urn:x:1", "errorDeclaration": "<declarationTime>2026-03-04T11:00:30Z</declarationTime>",
    "certificationInfo": "urn:x:2", "baseExtension": "<ext:early>1</ext:early>", "parentID": "urn:x:3", "epcList": "<epc>urn:x:4</epc>",
    "childEPCs": "<epc>urn:x:4</epc>", "inputEPCList": "<epc>urn:x:4</epc>", "outputEPCList": "<epc>urn:x:5</epc>",
    "quantityList": QUANTITY, "childQuantityList": QUANTITY, "inputQuantityList": QUANTITY,
    "outputQuantityList": QUANTITY, "transformationID": "urn:x:6", "action": "ADD", "readPoint": "<id>urn:x:7</id>",
    "bizStep": "https://ref.gs1.org/cbv/BizStep-packing", "disposition": "https://ref.gs1.org/cbv/Disp-active",
    "bizLocation": "<id>urn:x:8</id>", "bizTransactionList": "<bizTransaction>urn:x:9</bizTransaction>",
    "sourceList": '<source type="location">urn:x:7</source>', "ilmd": "<ext:lot>A</ext:lot>",
    "destinationList": '<destination type="location">urn:x:8</destination>',
    "sensorElementList": f"<sensorElement>{REPORT}</sensorElement>", "extension": "<ext:wrapped>1</ext:wrapped>",
    "persistentDisposition": "<unset>https://ref.gs1.org/cbv/Disp-active</unset>"
                             "<set>https://ref.gs1.org/cbv/Disp-damaged</set>",
    "ext:last": "1",
}  # fmt: skip
START = "eventTime recordTime eventTimeZoneOffset eventID errorDeclaration certificationInfo baseExtension"
WHY = "bizStep disposition readPoint bizLocation"
END = "sourceList destinationList sensorElementList persistentDisposition"
# Source: EPCIS 2.0, XML schema.
SEQUENCES = {
    "ObjectEvent": f"{START} epcList action {WHY} bizTransactionList quantityList {END} ilmd extension ext:last",
    "AggregationEvent": f"{START} parentID childEPCs action {WHY} bizTransactionList childQuantityList {END} extension "
                        "ext:last",
    "TransactionEvent": f"{START} bizTransactionList parentID epcList action {WHY} quantityList {END} extension "
                        "ext:last",
    "TransformationEvent": f"{START} inputEPCList inputQuantityList outputEPCList outputQuantityList transformationID "
                           f"{WHY} bizTransactionList {END} ilmd extension ext:last",
    "AssociationEvent": f"{START} parentID childEPCs childQuantityList action {WHY} bizTransactionList {END} extension "
                        "ext:last",
}  # fmt: skip
SWAPS = [(kind, index) for kind, names in SEQUENCES.items() for index in range(len(names.split()) - 1)]


def event(kind: str, names: list[str], **instead: str) -> str:
    parts = PARTS | instead
    return f"<{kind}>" + "".join(f"<{name}>{parts[name]}</{name}>" for name in names) + f"</{kind}>"


def document(*events: str) -> str:
    return HEAD + "".join(events) + TAIL


def errors_of(text: str) -> list[tuple[str, str]]:
    with pytest.raises(EpcisErrors) as refusal:
        read(text)
    return [(item.pointer.removeprefix(LIST), item.code) for item in refusal.value.findings]


@pytest.mark.parametrize("kind", SEQUENCES)
def test_an_event_with_everything_in_the_order_of_the_schema_is_read_and_comes_back(kind: str) -> None:
    first = read(document(event(kind, SEQUENCES[kind].split())))
    again = read(write_xml(first))
    assert event_hash(again.events[0]) == event_hash(first.events[0])
    assert {"ext:early", "ext:wrapped", "ext:last"} <= set(first.events[0].document)


@pytest.mark.parametrize(("kind", "index"), SWAPS, ids=[f"{kind}-{index}" for kind, index in SWAPS])
def test_two_neighbours_that_changed_places_are_an_error_at_the_second(kind: str, index: int) -> None:
    names = SEQUENCES[kind].split()
    early, late = names[index:index + 2]
    names[index:index + 2] = [late, early]
    place = {"baseExtension": "baseExtension/ext:early", "extension": "extension/ext:wrapped"}.get(early, early)
    assert errors_of(document(event(kind, names))) == [(f"/{kind}/{place}", "wrong-order")]


def test_what_stands_behind_an_element_that_came_too_early_is_named() -> None:
    found = errors_of(document(event("ObjectEvent", ["action", "eventTime", "eventTimeZoneOffset", "epcList"])))
    assert found == [(f"/ObjectEvent/{name}", "wrong-order") for name in ("eventTime", "eventTimeZoneOffset", "epcList")]


SHORT = ["eventTime", "eventTimeZoneOffset", "epcList", "action"]
INSIDE: dict[str, tuple[str, str, str, str]] = {
    "a unit before its quantity": (
        "quantityList", "<quantityElement><epcClass>urn:x:y</epcClass><uom>KGM</uom><quantity>1</quantity>"
        "</quantityElement>", "/quantityList/quantityElement/quantity", "wrong-order"),
    "an extension before the place": (
        "readPoint", "<ext:a>1</ext:a><id>urn:x:1</id>", "/readPoint/id", "wrong-order"),
    "a report before what holds for all": (
        "sensorElementList", f'<sensorElement>{REPORT}<sensorMetadata time="2026-03-04T11:00:30Z"/></sensorElement>',
        "/sensorElementList/sensorElement/sensorMetadata", "wrong-order"),
    "an extension before a report": (
        "sensorElementList", f"<sensorElement><ext:a>1</ext:a>{REPORT}</sensorElement>",
        "/sensorElementList/sensorElement/sensorReport", "wrong-order"),
    "set before unset": (
        "persistentDisposition", "<set>https://ref.gs1.org/cbv/Disp-damaged</set>"
        "<unset>https://ref.gs1.org/cbv/Disp-active</unset>", "/persistentDisposition/unset", "wrong-order"),
    "another element in a list": (
        "epcList", "<epc>urn:x:1</epc><thing>urn:x:2</thing>", "/epcList/thing", "unknown-element"),
    "a foreign element in a list": (
        "epcList", "<epc>urn:x:1</epc><ext:epc>urn:x:2</ext:epc>", "/epcList/ext:epc", "unknown-element"),
    "another element among corrective events": (
        "errorDeclaration", PARTS["errorDeclaration"] + "<correctiveEventIDs><id>urn:x:1</id></correctiveEventIDs>",
        "/errorDeclaration/correctiveEventIDs/id", "unknown-element"),
}  # fmt: skip


@pytest.mark.parametrize(("name", "inner", "place", "code"), INSIDE.values(), ids=INSIDE)
def test_the_parts_of_an_event_have_their_order_and_names_too(name: str, inner: str, place: str, code: str) -> None:
    names = [one for one in SEQUENCES["ObjectEvent"].split() if one in (*SHORT, name)]
    assert errors_of(document(event("ObjectEvent", names, **{name: inner}))) == [("/ObjectEvent" + place, code)]


ATTRIBUTES = {
    "a place": ("<readPoint>", '<readPoint id="urn:x:1">', "/readPoint/@id"),
    "a list": ("<epcList>", '<epcList count="1">', "/epcList/@count"),
    "a foreign one on a list": ("<epcList>", '<epcList ext:count="1">', "/epcList/@ext:count"),
    "a quantity": ("<quantityElement>", '<quantityElement unit="KGM">', "/quantityList/quantityElement/@unit"),
    "sensors": ("<sensorElement>", '<sensorElement time="now">', "/sensorElementList/sensorElement/@time"),
    "a declaration": ("<errorDeclaration>", '<errorDeclaration reason="did_not_occur">', "/errorDeclaration/@reason"),
    "a state that lasts": ("<set>", '<set until="x">', "/persistentDisposition/set/@until"),
}


@pytest.mark.parametrize(("plain", "spoilt", "place"), ATTRIBUTES.values(), ids=ATTRIBUTES)
def test_an_attribute_that_would_be_lost_or_taken_for_an_element_is_refused(plain: str, spoilt: str, place: str) -> None:
    whole = document(event("ObjectEvent", SEQUENCES["ObjectEvent"].split()))
    assert errors_of(whole.replace(plain, spoilt, 1)) == [("/ObjectEvent" + place, "unknown-attribute")]


def test_a_foreign_attribute_of_an_error_declaration_is_kept() -> None:
    whole = document(event("ObjectEvent", SEQUENCES["ObjectEvent"].split()))
    found = read(whole.replace("<errorDeclaration>", '<errorDeclaration ext:by="QA">')).events[0]
    assert found.document["errorDeclaration"]["ext:by"] == "QA"


def test_elements_of_a_document_and_of_master_data_have_their_order_too() -> None:
    header = "<EPCISHeader/>"
    late = document(event("ObjectEvent", SHORT)).replace("</EPCISBody>", "</EPCISBody>" + header)
    assert errors_of(late) == [("/epcis:EPCISDocument/EPCISHeader", "wrong-order")]
    data = ('<EPCISHeader><extension><EPCISMasterData><VocabularyList><Vocabulary type="urn:x:t"><VocabularyElementList>'
            '<VocabularyElement id="urn:x:1"><children><id>urn:x:2</id></children><attribute id="urn:x:a">1</attribute>'
            "</VocabularyElement></VocabularyElementList></Vocabulary></VocabularyList></EPCISMasterData></extension>"
            "</EPCISHeader>")
    found = errors_of(document(event("ObjectEvent", SHORT)).replace("<EPCISBody>", data + "<EPCISBody>"))
    assert [(place.rpartition("/")[2], code) for place, code in found] == [("attribute", "wrong-order")]


def test_an_event_in_wrong_order_is_left_out_of_a_capture_that_proceeds() -> None:
    wrong = event("ObjectEvent", ["action", *SHORT[:3]])
    kept, errors = read_in_part(document(event("ObjectEvent", SHORT), wrong))
    assert len(kept.events) == 1
    assert {item.pointer for item in errors} == {f"{LIST}/ObjectEvent[2]/{name}" for name in SHORT[:3]}


@pytest.mark.parametrize("start", [
    '<ObjectEvent xmlns:ext="https://ns.example/">', '<ObjectEvent xmlns:ext="https://ns.example/" schemaVersion="2.0">',
    '<epcis:ObjectEvent xmlns:epcis="urn:epcglobal:epcis:xsd:2" xmlns:ext="https://ns.example/" '
    'creationDate="2013-06-04T14:59:02.099+02:00">'])  # fmt: skip
def test_a_single_event_is_read_without_a_document_around_it(start: str) -> None:
    whole = event("ObjectEvent", [*SHORT, "ext:last"])
    end = "</" + start[1:].partition(" ")[0] + ">"
    found = read(start + whole.removeprefix("<ObjectEvent>").removesuffix("</ObjectEvent>") + end)
    (in_document,) = read(document(whole)).events
    assert (found.kind, found.events[0].epcs) == ("ObjectEvent", ("urn:x:4",))
    assert event_hash(found.events[0]) == event_hash(in_document)
    assert event_hash(read_json(write_json(found)).events[0]) == event_hash(in_document)


def test_a_fault_in_a_single_event_has_its_xpath() -> None:
    assert errors_of(event("ObjectEvent", SHORT[:3])) == [("/ObjectEvent", "missing-member")]
    assert errors_of(event("ObjectEvent", SHORT, action="SEE")) == [("/ObjectEvent/action", "bad-action")]


def test_a_quantity_that_is_nil_is_not_known() -> None:
    inner = '<quantityElement><epcClass>urn:x:y</epcClass><quantity xsi:nil="true"/></quantityElement>'
    found: Any = read(document(event("ObjectEvent", [*SHORT, "quantityList"], quantityList=inner)))
    assert found.events[0].quantities[0].quantity is None
    assert read(write_xml(found)).raw == found.raw


def test_white_space_around_an_attribute_means_nothing_but_in_a_text() -> None:
    inner = ('<sensorElement><sensorMetadata time=" 2026-03-04T11:00:30Z "/><sensorReport type=" gs1:Mass " value=" 1 "'
             ' deviceID=" urn:x:1 " stringValue=" a "/></sensorElement>')
    found = read(document(event("ObjectEvent", [*SHORT, "sensorElementList"], sensorElementList=inner))).events[0].sensors
    assert found == [{"sensorMetadata": {"time": "2026-03-04T11:00:30Z"}, "sensorReport": [
        {"type": "Mass", "value": 1, "deviceID": "urn:x:1", "stringValue": " a "}]}]


@pytest.mark.parametrize("number", ["1e300", "-1e300", "1e-300", "1" + "0" * 300, "0." + "0" * 299 + "1"])
def test_the_largest_and_smallest_numbers_come_back_through_xml(number: str) -> None:
    whole = event("ObjectEvent", [*SHORT, "sensorElementList"])
    first = read_json(write_json(read(document(whole))).replace('"value":1', f'"value":{number}'))
    again = read(write_xml(first))
    assert event_hash(again.events[0]) == event_hash(first.events[0])
    assert event_hash(read_json(write_json(again)).events[0]) == event_hash(first.events[0])


@pytest.mark.parametrize("number", ["1e301", "1" + "0" * 301, "1e-301"])
def test_a_number_beyond_them_is_refused_in_both_forms(number: str) -> None:
    written = write_json(read(document(event("ObjectEvent", [*SHORT, "sensorElementList"])))).replace(
        '"value":1', f'"value":{number}')
    with pytest.raises(EpcisErrors, match="out of range"):
        read_json(written)
    inner = PARTS["sensorElementList"].replace('"1"', f'"{number}"')
    report = "/ObjectEvent/sensorElementList/sensorElement/sensorReport/@value"
    assert errors_of(document(event("ObjectEvent", [*SHORT, "sensorElementList"], sensorElementList=inner))) == [
        (report, "not-a-number")]


def test_what_json_has_in_any_order_is_written_in_the_order_of_xml() -> None:
    found = read_json("""{"@context": ["https://ref.gs1.org/standards/epcis/2.0.0/epcis-context.jsonld",
        {"ext": "https://ns.example/"}], "ext:a": "1", "bizLocation": {"ext:b": "2", "id": "urn:x:8"}, "action": "ADD",
        "quantityList": [{"uom": "KGM", "quantity": 1, "epcClass": "urn:x:y"}], "eventTimeZoneOffset": "+00:00",
        "sensorElementList": [{"ext:c": "3", "sensorReport": [{"type": "Mass"}], "sensorMetadata": {"ext:d": "4"}}],
        "persistentDisposition": {"set": ["active"], "unset": ["damaged"]}, "type": "ObjectEvent",
        "eventTime": "2026-03-04T11:00:30Z"}""")
    again = read(write_xml(found.events, created_at=found.events[0].event_time)).events[0]
    assert event_hash(again) == event_hash(found.events[0])
