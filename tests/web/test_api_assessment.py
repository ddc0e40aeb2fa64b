"""The assessment of an adverse event by API: every field, its refusals, and the history field by field."""
from __future__ import annotations

from typing import Any

import pytest

from tests.factories_api import ApiClient, Plant, make_plant
from tests.factories_web import Console
from traceapp.adverse_event.details import fields

ASSESSED: dict[str, Any] = {"reason": "seen", "narrative": "Blisters", "terms": ["blister"], "outcome": "recovering"}
DETAILS: dict[str, Any] = {"age": "62", "age_unit": "a", "history": "call 13812345678", "died_on": "2026-11",
                           "is_available": False, "codes_a": ["A0401"], "remedial_actions": ["recall"],
                           "patients_affected": 2, "device_item_1": "yes",
                           "body_sites": ["arm", "see 13812345678"]}


@pytest.fixture(scope="module")
def plant(console: Console) -> Plant:
    return make_plant(console)


def assess(plant: Plant, status: int = 200, **changes: Any) -> Any:
    path = f"/adverse-events/{plant.ids['adverse_event_id']}"
    plant.api.get(path)
    return plant.api.put(path, ASSESSED | changes, status, If_Match=plant.api.etag)


def test_every_field_is_taken_and_answered_and_an_authority_reads_it_without_telephone_numbers(plant: Plant) -> None:
    told = assess(plant, details=DETAILS, expectedness="unexpected", kind="followup",
                  learned_at=plant.console.clock.now().isoformat())
    assert told["details"] == DETAILS and told["expectedness"] == "unexpected" and told["latest_awareness_at"]
    authority = ApiClient(plant.console.app, plant.console.database, plant.console.clock, "regulator")
    read = authority.get(f"/adverse-events/{plant.ids['adverse_event_id']}")["details"]
    assert read == DETAILS | {"history": "call […]", "body_sites": ["arm", "see […]"]}


def test_the_history_tells_field_by_field_who_changed_what_and_why(plant: Plant) -> None:
    assess(plant, details={"age": "61", "age_unit": "a"})
    assess(plant, details={"age": "62", "age_unit": "a"}, kind="amendment", reason="Read again")
    changes = plant.api.get(f"/adverse-events/{plant.ids['adverse_event_id']}/changes")
    assert [(one["name"], one["before"], one["after"], one["kind"], one["reason"]) for one in changes][:1] == [
        ("details.age", "61", "62", "amendment", "Read again")]


@pytest.mark.parametrize(("details", "place"), [
    ({"shoe_size": "42"}, "shoe_size"), ({"age": "old", "age_unit": "a"}, "age"), ({"age": "30"}, "age_unit"),
    ({"died_on": "soon"}, "died_on"), ({"codes_a": ["E04"]}, "codes_a"),
    ({"qualification": "king"}, "qualification"), ({"is_available": "perhaps"}, "is_available")])
def test_a_detail_that_cannot_be_is_refused_at_its_place(plant: Plant, details: dict[str, Any], place: str) -> None:
    assert place in assess(plant, 422, details=details)["place"]


def test_the_description_of_the_interface_tells_every_field(plant: Plant) -> None:
    document = plant.console.app.test_client().get("/api/openapi.json").get_json()
    told = document["components"]["schemas"]["Details"]["properties"]
    assert set(told) == set(fields())
    assert told["age_unit"]["enum"] == ["a", "mo", "wk", "d", "h", "{decade}", None]
    assert told["died_on"]["description"] == "Died on Only after a death."


def test_the_patient_goes_into_the_vault_and_is_seen_with_a_reason_alone(plant: Plant) -> None:
    path = f"/adverse-events/{plant.ids['adverse_event_id']}"
    plant.api.post(f"{path}/patient", {"patient_name": "Planted Patient", "born_on": "1980-03"}, 204)
    assert "born_on" in plant.api.post(f"{path}/patient", {"born_on": "in spring"}, 422)["place"]
    assert "Planted" not in str(plant.api.get(path)) + str(plant.api.get(f"{path}/changes"))
    assert "reason" in plant.api.post(f"{path}/person", {}, 422)["place"]
    plant.as_role("operator").post(f"{path}/person", {"reason": "report"}, 403)
    seen = plant.api.post(f"{path}/person", {"reason": "report"}, 200)
    assert (seen["patient_name"], seen["born_on"], seen["name"]) == ("Planted Patient", "1980-03", "")


def test_the_score_is_asked_for_without_keeping_anything(plant: Plant) -> None:
    path = f"/adverse-events/{plant.ids['adverse_event_id']}"
    before = plant.api.get(path)
    bare = plant.api.post(f"{path}/score", {}, 200)
    told = plant.api.post(f"{path}/score", {"details": {"cause": "too much glue"}, "use_text": "worn"}, 200)
    assert told["of"] == 92 and told["points"] > bare["points"] and "cause" in bare["gains"]
    assert "cause" not in told["gains"] and {item["key"] for item in told["items"]} > {"process", "cause"}
    assert plant.api.get(path) == before
