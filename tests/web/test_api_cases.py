"""Complaints, their import, detection and recalls by the machine interface: what is beyond the main job."""
from __future__ import annotations

import io
from typing import Any

import pytest
from sqlalchemy import func, select

from tests.factories import PASSWORD
from tests.factories_api import Plant, make_plant
from tests.factories_recall import TEXTS, decide
from tests.factories_web import Console
from tests.http_clients import ApiClient
from traceapp.complaint.model import Complaint
from traceapp.identity.model import IdempotencyKey
from traceapp.recall.model import Recall
from traceapp.vault.model import PersonAccess

HEAD = "批号,接收日期,问题描述,性别,年龄,电话,严重程度"
GOOD = "P-1,2026-11-01,贴后皮肤发红,女,34,13900001234,"
BAD = "P-1,soon,贴后皮肤发红,女,34,,"


@pytest.fixture(scope="module")
def plant(console: Console) -> Plant:
    return make_plant(console)


def table(*rows: str) -> dict[str, Any]:
    return {"file": (io.BytesIO("\r\n".join((HEAD, *rows, "")).encode()), "complaints.csv")}


def counted(plant: Plant) -> int:
    with plant.console.database.read() as session:
        return session.scalar(select(func.count()).select_from(Complaint)) or 0


def reported(plant: Plant, narrative: str = "Itching", **changes: Any) -> dict[str, Any]:
    found: dict[str, Any] = plant.api.post("/complaints", {"narrative": narrative, "lot_text": "P-1"} | changes)
    return found


def test_a_file_is_looked_at_before_it_is_taken_in_once(plant: Plant) -> None:
    before = counted(plant)
    look = plant.api.upload("/complaint-imports/preview", table(GOOD, BAD), 200)
    assert (look["rows"], look["good_rows"], look["bad_rows"], look["lots_bound"]) == (2, 1, 1, 1)
    assert (look["errors"][0]["row"], look["errors"][0]["column"]) == (3, "接收日期")
    assert look["fields_read"]["lot"] == "批号" and not look["is_imported"]
    refused = plant.api.upload("/complaint-imports", table(GOOD, BAD), 422)
    assert refused["code"] == "bad-rows" and counted(plant) == before
    taken, again = (plant.api.upload("/complaint-imports", table(GOOD, BAD) | {"mode": "good_rows"},
                                     Idempotency_Key="import-1") for _ in range(2))
    assert (taken["rows_taken"], taken["rows_refused"]) == (1, 1) and again == taken
    assert plant.api.upload("/complaint-imports", table(GOOD, BAD) | {"mode": "good_rows"}, 409)["code"] == "already-imported"
    assert counted(plant) == before + 1


@pytest.mark.parametrize(("parts", "place"), [
    ({}, "file"), (table(GOOD) | {"mode": "some"}, "mode"), (table(GOOD) | {"zone": "Mars"}, "zone"),
    ({"file": (io.BytesIO(b"\x89PNG no table"), "x.csv")}, "file")])
def test_a_file_that_cannot_be_taken_in_says_why(plant: Plant, parts: dict[str, Any], place: str) -> None:
    before = counted(plant)
    assert place in plant.api.upload("/complaint-imports", parts, 422)["place"]
    assert counted(plant) == before


def test_a_second_report_of_the_same_event_is_linked_and_freed(plant: Plant) -> None:
    first, second = reported(plant), reported(plant, "The same again")
    path = f"/complaints/{second['id']}"
    plant.api.get(path)
    linked = plant.api.put(f"{path}/master", {"master_id": first["id"], "reason": "same ward"}, If_Match=plant.api.etag)
    assert linked["master_id"] == first["id"]
    assert [row["id"] for row in plant.api.get(f"/complaints/{first['id']}/duplicates")] == [second["id"]]
    assert "same ward" in [note["text"] for note in plant.api.get(f"{path}/notes")]
    assert plant.api.put(f"{path}/master", {"master_id": first["id"], "reason": "x"}, 412, If_Match='"1"')["code"] == "stale"
    plant.api.get(path)
    freed = plant.api.put(f"{path}/master", {"master_id": None, "reason": "another ward"}, If_Match=plant.api.etag)
    assert freed["master_id"] is None


def test_harm_that_is_no_adverse_event_is_declined_with_a_reason(plant: Plant) -> None:
    path = f"/complaints/{reported(plant)['id']}"
    assert plant.api.post(f"{path}/declination", {"reason": "x"}, 409)["code"] == "no-open-duty"
    plant.api.get(path)
    plant.api.post(f"{path}/triage", {"result": "complaint", "harm": "yes"}, 200, If_Match=plant.api.etag)
    plant.api.post(f"{path}/declination", {"reason": "an old scar"}, 200)
    assert "an old scar" in [note["text"] for note in plant.api.get(f"{path}/notes")]


def test_every_look_at_a_person_is_recorded_and_no_answer_of_it_is_kept(plant: Plant) -> None:
    complaint = reported(plant, contact={"name": "Wang Fang", "phone": "13900005678"})
    path = f"/complaints/{complaint['id']}/person"
    with plant.console.database.read() as session:
        before = session.scalar(select(func.count()).select_from(PersonAccess)) or 0
    for _ in range(2):
        answer = plant.api.post(path, {"reason": "to call back"}, 200, Idempotency_Key="look-1")
        assert (answer["name"], answer["phone"]) == ("Wang Fang", "13900005678")
    with plant.console.database.read() as session:
        assert session.scalar(select(func.count()).select_from(PersonAccess)) == before + 2
        assert session.scalars(select(IdempotencyKey).where(IdempotencyKey.key == "look-1")).all() == []
    assert "reason" in plant.api.post(path, {}, 422)["place"]
    assert plant.api.post(f"/complaints/{reported(plant)['id']}/person", {"reason": "x"}, 404)["code"] == "unknown-person"


def test_personal_details_are_erased_once_by_who_may(plant: Plant) -> None:
    complaint = reported(plant, contact={"name": "Zhao Min", "phone": "13900007777"})
    path = f"/complaints/{complaint['id']}/person"
    plant.as_role("quality").post(f"{path}/erasure", {"reason": "asked for it"}, 403)
    plant.api.post(f"{path}/erasure", {"reason": "asked for it"}, 204)
    assert plant.api.post(f"{path}/erasure", {"reason": "asked again"}, 409)["code"] == "person-erased"
    assert plant.api.post(path, {"reason": "to call back"}, 409)["code"] == "person-erased"
    event = plant.ids["adverse_event_id"]
    assert plant.api.post(f"/adverse-events/{event}/person/erasure", {"reason": "asked for it"}, 404)["code"] == "unknown-person"


def test_what_is_expected_of_a_product_is_set_by_its_version(plant: Plant) -> None:
    path = f"/products/{plant.house.maker.bulk.id}/detection"
    body = {"rate_per_unit": 0.001, "use_mean_days": 10, "report_shape": 1.0, "report_mean_days": 5}
    assert plant.api.get(path)["is_default"] is True
    first = plant.api.etag
    assert plant.api.put(path, body, 428)["code"] == "precondition-required"
    assert plant.api.put(path, body, If_Match=first)["is_default"] is False
    second = plant.api.etag
    assert second != first
    assert plant.api.put(path, body, 412, If_Match=first)["code"] == "stale"
    assert plant.api.put(path, body | {"alpha": 0.02}, If_Match=second)["alpha"] == 0.02
    plant.api.get("/products/unknown/detection", 404)


def draft(plant: Plant) -> dict[str, Any]:
    texts = {name: getattr(TEXTS, name) for name in (
        "recall_class", "title_zh", "title_en", "reason", "risk_zh", "risk_en", "action_zh", "action_en", "contact")}
    found: dict[str, Any] = plant.api.post("/recalls", texts | {"root_lot_keys": [plant.house.other_glue.lot_key]})
    return texts | {"id": found["id"]}


def test_the_texts_of_a_draft_are_changed_until_it_is_submitted(plant: Plant) -> None:
    texts = draft(plant)
    path = f"/recalls/{texts.pop('id')}"
    said = {"title_en": "Plaster makes skin red", "trigger_kind": "authority", "trigger_text": "letter 12",
            "awareness_at": "2026-11-01T08:00:00+00:00"}
    assert plant.api.change(path, texts | said).items() >= said.items()
    assert plant.api.change(path, texts)["trigger_text"] == "letter 12", "what is not said stays"
    assert plant.api.change(path, texts | {"risk_en": "A voluntary precaution."}, 422)["place"] == "risk_en"
    assert plant.api.change(path, texts | {"root_lot_keys": []}, 422)["place"].endswith("root_lot_keys")
    with plant.console.database.write() as session:
        decide(session, plant.console.clock, plant.house, session.get_one(Recall, path.rpartition("/")[2]))
    plant.api.get(path)
    plant.api.post(f"{path}/submission", {"password": PASSWORD}, 200, If_Match=plant.api.etag)
    assert plant.api.change(path, texts, 409)["code"] == "wrong-state"


def test_letters_are_sent_again_only_where_no_server_took_them(plant: Plant) -> None:
    path = f"/recalls/{plant.ids['recall_id']}/consignees/{plant.house.maker.hospital.id}"
    before = plant.api.get(path)
    assert before["letters"][0]["state"] == "pending" and before["answers"] == 0
    assert plant.api.post(f"{path}/letters", None, 200)["letters"] == 0, "it still waits to be sent"
    line = before["lines"][0]
    body: dict[str, Any] = {"answered_by": "Ward 3", "way": "letter", "seen": 0, "lines": [
        {"lot_key": line["lot_key"], "on_hand": line["shipped"], "used": "0", "returned": "0"}]}
    plant.api.post(f"{path}/answer", body, 200)
    assert plant.api.get(path)["answers"] == 1
    other = body | {"lines": [body["lines"][0] | {"on_hand": "0", "used": line["shipped"]}]}
    assert plant.api.post(f"{path}/answer", other, 412)["code"] == "answered-meanwhile"
    plant.api.get(f"/recalls/{plant.ids['recall_id']}/consignees/nobody", 404)


def test_an_authority_takes_the_line_listing_and_staff_the_ledger(plant: Plant) -> None:
    authority = ApiClient(plant.console.app, plant.console.database, plant.console.clock, "regulator")
    headers = {"Authorization": f"Bearer {authority.token}"}
    listing = authority.client.get("/api/v1/exports/adverse-events?format=csv", headers=headers)
    assert listing.status_code == 200 and "13812345678" not in listing.get_data(as_text=True)
    ledger = plant.api.client.get(f"/api/v1/exports/recalls/{plant.ids['recall_id']}/ledger?text=P-1&format=json",
                                  headers={"Authorization": f"Bearer {plant.api.token}"}).get_json()
    assert {row["lot"] for row in ledger["rows"]} == {"P-1"}
    hidden = draft(plant)["id"]
    authority.get(f"/exports/recalls/{hidden}/ledger", 404)
    assert authority.client.get("/api/v1/exports/recalls?state=draft&format=json", headers=headers).get_json()["rows"] == []
