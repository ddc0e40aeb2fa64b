"""What is published about EPCIS 2.0, read where it lies."""
from __future__ import annotations

import json
from decimal import Decimal
from pathlib import Path

import pytest

from traceapp.epcis import EpcisErrors, check, event_hash, read_json, read_xml, write_json, write_xml

SETS = Path(__file__).resolve().parents[3] / "shared" / "conformance" / "epcis"


def files(folder: str, pattern: str) -> list[Path]:
    return sorted((SETS / folder).glob(pattern))


def by_name(path: Path) -> str:
    return path.stem


def needs_sets(found: list[Path]) -> list[object]:
    """The files, or one parameter that skips by name where they are not here."""
    return list(found) or [pytest.param(Path(), marks=pytest.mark.skip("../shared/conformance is not here"))]


@pytest.mark.parametrize("path", needs_sets(files("hash", "*.jsonld")), ids=by_name)
def test_every_published_event_hash_is_ours(path: Path) -> None:
    expected = path.with_suffix(".hashes").read_text().split()
    assert [event_hash(event) for event in read_json(path.read_bytes()).events] == expected


@pytest.mark.parametrize("path", needs_sets(files("capture/valid", "*.json")), ids=by_name)
def test_a_valid_document_is_accepted_and_written_back_with_the_same_meaning(path: Path) -> None:
    document = read_json(path.read_bytes())
    assert not [finding for finding in check(document) if finding.is_error]
    assert json.loads(write_json(document), parse_float=Decimal) == json.loads(path.read_bytes(), parse_float=Decimal)


@pytest.mark.parametrize("path", needs_sets(files("capture/valid", "*.json")), ids=by_name)
def test_events_keep_their_hash_when_put_into_a_new_document(path: Path) -> None:
    document = read_json(path.read_bytes())
    again = read_json(write_json(document.events, created_at=document.events[0].event_time))
    assert [event_hash(event) for event in again.events] == [event_hash(event) for event in document.events]


FAULTS = {
    "Combination_of_events_with_missing_mandatory_fields": [
        ("/epcisBody/eventList/0", "missing-member"), ("/epcisBody/eventList/1", "missing-member"),
        ("/epcisBody/eventList/1", "missing-member"),
    ],
    "EPCISDocument_without_context": [("", "missing-member")],
    "ObjectEvent_with_invalid_certificationInfo": [
        ("/epcisBody/eventList/0/certificationInfo/0", "not-a-uri"),
        ("/epcisBody/eventList/0/certificationInfo/1", "not-a-uri"),
    ],
    "ObjectEvent_with_non_standard_bizStep_in_second_event": [("/epcisBody/eventList/1/bizStep", "unknown-bizStep")],
    "ObjectEvent_with_unknown_field_in_quantityList": [
        ("/epcisBody/eventList/0/quantityList/0/weight", "unknown-member"),
    ],
}


@pytest.mark.parametrize("path", needs_sets(files("capture/invalid", "*.json")), ids=by_name)
def test_an_invalid_document_is_refused_with_the_place_of_its_fault(path: Path) -> None:
    with pytest.raises(EpcisErrors) as refusal:
        read_json(path.read_bytes())
    found = [(finding.pointer, finding.code) for finding in refusal.value.findings]
    # A file that this table does not know must still be refused, and at a place.
    assert found == FAULTS.get(path.stem, found)
    assert refusal.value.place == found[0][0]


@pytest.mark.parametrize(("name", "events", "items"), [("beef-leather-events", 8, 6), ("wholechain-events", 31, 11)])
def test_other_peoples_supply_chains_are_read_whole(name: str, events: int, items: int) -> None:
    path = SETS / "trace" / f"{name}.jsonld"
    if not path.exists():
        pytest.skip("../shared/conformance is not here")
    document = read_json(path.read_bytes())
    assert (len(document.events), len(document.master_data)) == (events, items)
    assert not [finding for finding in check(document) if finding.is_error]
    assert json.loads(write_json(document)) == json.loads(path.read_bytes())


def test_a_wrong_check_digit_of_others_is_flagged_and_kept() -> None:
    path = SETS / "trace" / "beef-leather-events.jsonld"
    if not path.exists():
        pytest.skip("../shared/conformance is not here")
    document = read_json(path.read_bytes())
    flagged = {finding.pointer for finding in check(document) if finding.code == "INCORRECT_CHECK_DIGIT"}
    assert "/epcisBody/eventList/0/bizLocation/id" in flagged
    assert document.events[0].biz_location == "https://id.gs1.org/414/1234567089451"


def test_a_query_document_of_others_keeps_what_our_vocabulary_lacks() -> None:
    path = SETS / "trace" / "wholechain-events.jsonld"
    if not path.exists():
        pytest.skip("../shared/conformance is not here")
    document = read_json(path.read_bytes())
    assert document.is_query
    fishing = next(event for event in document.events if event.biz_step == "urn:gdst:bizStep:fishingEvent")
    vessels = fishing.ilmd["cbvmda:vesselCatchInformationList"]["cbvmda:vesselCatchInformation"]
    assert vessels[0]["gdst:gpsAvailability"] is True
    assert {"gdst": "https://traceability-dialogue.org/epcis"} in fishing.context
    assert {event.transformation_id for event in document.events if event.type == "TransformationEvent"} == {None}


def examples(value: object) -> list[dict[str, object]]:
    """Every whole document and single event that stands in the published interface as an example."""
    if isinstance(value, list):
        return [found for item in value for found in examples(item)]
    if not isinstance(value, dict):
        return []
    if "@context" in value and str(value.get("type")).endswith(("Event", "Document")):
        return [value]
    return [found for item in value.values() for found in examples(item)]


def test_the_examples_of_the_published_interface_are_sound_and_come_back_from_xml() -> None:
    path = SETS / "openapi.json"
    if not path.exists():
        pytest.skip("../shared/conformance is not here")
    found = [read_json(json.dumps(example)) for example in examples(json.loads(path.read_bytes()))]
    assert [(document.kind, len(document.events)) for document in found] == [
        ("EPCISDocument", 2), ("ObjectEvent", 1), ("EPCISQueryDocument", 2), ("EPCISQueryDocument", 2)]
    assert {finding.code for document in found for finding in check(document)} == set()
    for document in found:
        again = read_xml(write_xml(document, created_at=document.events[0].event_time))
        assert [event_hash(event) for event in again.events] == [event_hash(event) for event in document.events]
