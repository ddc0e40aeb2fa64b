"""Every read of the machine interface on a house with something in it, and requests that are out of bounds."""
from __future__ import annotations

import base64
import json
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import timedelta

import pytest

from tests.factories_cases import promoted
from tests.factories_complaint import scanned
from tests.factories_recall import TEXTS, House, make_house, opened, running
from tests.factories_surveillance import add_reactions
from tests.factories_web import Console
from tests.http_clients import ApiClient
from traceapp.code.model import SerialRange
from traceapp.core.actor import SYSTEM
from traceapp.surveillance.service import rescore_lot
from traceapp.worklist.tasks import RaiseTask, raise_task, task_by_id


@dataclass(frozen=True, slots=True)
class Plant:
    console: Console
    api: ApiClient
    house: House
    ids: dict[str, str]


@pytest.fixture(scope="module")
def plant(console: Console) -> Iterator[Plant]:
    database, clock = console.database, console.clock
    house = make_house(database, clock)
    event = promoted(console, lot=scanned(house.first), narrative="Red skin, call 13812345678")
    with database.write() as session:
        add_reactions(session, house.second, clock.now() - timedelta(days=9), 12)
        session.add(SerialRange(lot_key=house.first.lot_key, id="r1", width=8, first=1, count=9, purpose="",
                                created_at=clock.now(), created_by="u"))
    with database.write() as session:
        signal = rescore_lot(session, clock, house.second.lot_key)
    assert signal is not None
    recall = running(database, clock, house)
    yield Plant(console, ApiClient(console.app, database, clock, "quality_manager"), house, {
        "lot_key": house.first.lot_key, "product_id": house.maker.plaster.id, "party_id": house.maker.clinic.id,
        "complaint_id": event.complaint_id or "", "adverse_event_id": event.id, "signal_id": signal.id,
        "recall_id": recall.id, "range_id": "r1"})


def test_every_read_of_the_interface_answers_with_what_is_there(plant: Plant) -> None:
    query = {"api_recalls.propose": f"?lot_key={plant.house.glue.lot_key}"}
    seen = []
    for rule in plant.console.app.url_map.iter_rules():
        if rule.rule.startswith("/api/v1/") and "GET" in (rule.methods or ()):
            with plant.console.app.test_request_context("/"):
                built = rule.build({name: plant.ids[name] for name in rule.arguments})
            assert built is not None
            answer = plant.api.get(built[1].removeprefix("/api/v1") + query.get(rule.endpoint, ""))
            assert answer, rule.rule
            seen.append(rule.endpoint)
    assert len(seen) >= 20


def test_the_list_of_products_tells_their_recipes(plant: Plant) -> None:
    rows = {row["id"]: row for row in plant.api.get("/products")["rows"]}
    assert rows[plant.house.maker.plaster.id]["recipe"] == plant.api.get(
        f"/products/{plant.house.maker.plaster.id}")["recipe"] != []


def test_a_task_is_ended_by_those_whose_duty_it_is_and_by_nobody_else(plant: Plant) -> None:
    database, clock = plant.console.database, plant.console.clock
    with database.write() as session:
        task_id = raise_task(session, SYSTEM, clock, RaiseTask("recall.approve", "recall:x", "quality_manager",
                                                               clock.now())).id
    for role in ("operator", "quality", "administrator"):
        other = ApiClient(plant.console.app, database, clock, role)
        assert task_id not in {task["id"] for task in other.get("/tasks")}
        assert other.post(f"/tasks/{task_id}/completion", {"outcome": "done"}, 403)["code"] == "forbidden"
    with database.read() as session:
        task = task_by_id(session, task_id)
        assert task is not None and task.state == "open"
    assert task_id in {task["id"] for task in plant.api.get("/tasks")}
    assert plant.api.post(f"/tasks/{task_id}/completion", {"outcome": "done"}, 200)["state"] == "done"
    assert plant.api.post("/tasks/unknown/completion", {"outcome": "done"}, 404)["code"] == "unknown-task"


def test_a_manager_sees_the_duties_of_quality_too(plant: Plant) -> None:
    assert {"quality"} <= {task["role"] for task in plant.api.get("/tasks")}


def cursor(*parts: object) -> str:
    return base64.urlsafe_b64encode(json.dumps(parts).encode()).decode().rstrip("=")


@pytest.mark.parametrize("value", ["2020-01-01", "0001-01-01T00:00:00+14:00", 5, 10**30, [1], {}, None, "\ud800", "a\0"])
@pytest.mark.parametrize("path", ["/api/v1/lots", "/api/v1/products", "/api/v1/recalls", "/recalls.json"])
def test_a_cursor_that_is_not_ours_is_refused_and_no_fault_of_ours(plant: Plant, path: str, value: object) -> None:
    answer = plant.api.client.get(f"{path}?after={cursor(value, 'x')}",
                                  headers={"Authorization": f"Bearer {plant.api.token}"})
    if path == "/api/v1/products" and isinstance(value, str) and value.isascii() and "\0" not in value:
        assert answer.status_code == 200, "any text can be the code of a product"
    else:
        assert (answer.status_code, answer.get_json()["code"]) == (422, "bad-cursor")


def receipt(plant: Plant, **changes: str) -> dict[str, str]:
    return {"product_id": plant.house.maker.glue.id, "number": "G-7", "supplier_id": plant.house.maker.supplier.id,
            "supplier_lot_number": "S", "quantity": "1", "unit": "KGM", "received_at": "2026-11-20T00:00:00Z"} | changes


@pytest.mark.parametrize("changes", [
    {"quantity": "999999999999", "unit": "TNE"}, {"quantity": "0.1", "unit": "MGM"}, {"quantity": "1,5"},
    {"quantity": "1e999"}, {"received_at": "0001-01-01T00:00:00+14:00"}, {"document": "a\0b"},
    {"document": "\ud800"}])
def test_what_cannot_be_kept_is_refused_with_its_place(plant: Plant, changes: dict[str, str]) -> None:
    answer = plant.api.client.post("/api/v1/lots/receipts", data=json.dumps(receipt(plant, **changes)),
                                   headers={"Authorization": f"Bearer {plant.api.token}"},
                                   content_type="application/json")
    assert answer.status_code == 422, answer.get_data(as_text=True)
    assert answer.get_json()["place"].rpartition(".")[2] in {"quantity", *changes}


def test_a_body_that_is_nested_too_deeply_is_refused(plant: Plant) -> None:
    answer = plant.api.client.post("/api/v1/lots/receipts", data="[" * 100_000 + "]" * 100_000,
                                   headers={"Authorization": f"Bearer {plant.api.token}"},
                                   content_type="application/json")
    assert (answer.status_code, answer.get_json()["code"]) == (422, "too-deep")


def test_an_authority_learns_of_a_recall_when_consignees_do(plant: Plant) -> None:
    database, clock = plant.console.database, plant.console.clock
    draft = opened(database, clock, plant.house, replace(TEXTS, root_lot_keys=(plant.house.other_glue.lot_key,)))
    authority = ApiClient(plant.console.app, database, clock, "regulator")
    assert {row["id"] for row in authority.get("/recalls")["rows"]} == {plant.ids["recall_id"]}
    assert authority.get("/recalls?state=draft")["total"] == 0
    for path in ("", "/scope", "/notices", "/ledger"):
        authority.get(f"/recalls/{draft.id}{path}", 404)
        plant.api.get(f"/recalls/{draft.id}{path}")
        authority.get(f"/recalls/{plant.ids['recall_id']}{path}")


def test_an_authority_reads_no_telephone_number_in_a_narrative(plant: Plant) -> None:
    authority = ApiClient(plant.console.app, plant.console.database, plant.console.clock, "regulator")
    path = f"/adverse-events/{plant.ids['adverse_event_id']}"
    assert "13812345678" in plant.api.get(path)["narrative"]
    for told in (authority.get(path), authority.get("/adverse-events")["rows"][0]):
        assert told["narrative"] == "Red skin, call […]"
