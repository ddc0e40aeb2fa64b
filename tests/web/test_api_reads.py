"""Every read of the machine interface on a house with something in it, and requests that are out of bounds."""
from __future__ import annotations

import base64
import json
import re
from collections.abc import Iterator
from dataclasses import replace
from fnmatch import fnmatch
from typing import Any

import pytest
from jsonschema import Draft202012Validator, FormatChecker

from tests.factories_api import Plant, make_plant
from tests.factories_recall import TEXTS, opened
from tests.factories_web import Console
from tests.http_clients import ApiClient
from traceapp.core.actor import SYSTEM
from traceapp.worklist.tasks import RaiseTask, raise_task, task_by_id


@pytest.fixture(scope="module")
def plant(console: Console) -> Plant:
    return make_plant(console)


def reads(plant: Plant) -> Iterator[tuple[str, str]]:
    """(path template of the description, address) of every read, with what the house holds for its parameters."""
    query = {"api_complaint_service.measures": "?since=2026-01-01T00:00:00Z&until=2027-01-01T00:00:00Z", **dict.fromkeys(("api_genealogy.list_reached_from", "api_genealogy.read_trace_from",
                              "api_exports.trace_from"), f"?kind=item&name={plant.house.glue.number}"),
             "api_recalls.propose": f"?lot_key={plant.house.glue.lot_key}", "api_records.records": f"?lot={plant.house.glue.lot_key}",
             "api_files.read_label": "?template=sample", "api_code_lists.list_terms": "?annex=A",
             "api_periodic.periodic": f"?product_id={plant.house.maker.plaster.id}&since=2026-01-01&until=2026-11-30", "api_history.read_history": f"?kind=lot&id={plant.house.first.lot_key}"}
    for rule in sorted(plant.console.app.url_map.iter_rules(), key=str):
        if rule.rule.startswith("/api/v1/") and "GET" in (rule.methods or ()):
            with plant.console.app.test_request_context("/"):
                ids = plant.ids | {"lot_key": plant.house.other.lot_key} if "inspection_id" in rule.arguments else plant.ids
                built = rule.build({name: ids[name] for name in rule.arguments})
            assert built is not None
            yield re.sub(r"<(\w+)>", r"{\1}", rule.rule), built[1] + query.get(rule.endpoint, "")


def described_parts(document: dict[str, Any]) -> dict[str, Any]:
    """The parts of the description as they hold for answers, in which what is only written is missing."""
    for schema in document["components"]["schemas"].values():
        written = {name for name, value in schema.get("properties", {}).items() if value.get("writeOnly")}
        schema["required"] = [name for name in schema.get("required", []) if name not in written]
    return {"components": document["components"]}


def test_every_read_of_the_interface_answers_as_it_is_described(plant: Plant) -> None:
    document = plant.console.app.test_client().get("/api/openapi.json").get_json()
    parts = described_parts(document)
    managers = {"/api/v1/users": "administrator", "/api/v1/tokens": "administrator", "/api/v1/exports/adverse": "regulator"}
    seen, wrong = 0, []
    for template, address in reads(plant):
        role = next((role for path, role in managers.items() if address.startswith(path)), "quality_manager")
        answer = plant.as_role(role).client.get(address, headers={"Authorization": f"Bearer {plant.as_role(role).token}"})
        assert answer.status_code == 200, f"{address}: {answer.get_data(as_text=True)}"
        content = document["paths"][template]["get"]["responses"]["200"]["content"]
        kinds = [kind for kind in content if fnmatch(answer.mimetype, kind)]
        assert kinds, f"{address} answers {answer.mimetype}, described are {list(content)}"
        schema = content[kinds[0]]["schema"]
        if schema.get("format") != "binary" and answer.mimetype == "application/json":
            described = Draft202012Validator(schema | parts, format_checker=FormatChecker())
            wrong += [f"{address}: {error.json_path}: {error.message}" for error in described.iter_errors(answer.get_json())]
        seen += 1
    assert not wrong, "\n".join(wrong)
    assert seen >= 50


def test_every_example_is_what_its_description_asks_for(plant: Plant) -> None:
    document = plant.console.app.test_client().get("/api/openapi.json").get_json()
    seen = 0
    for path, item in document["paths"].items():
        for operation in (value for value in item.values() if isinstance(value, dict)):
            for content in operation.get("requestBody", {}).get("content", {}).values():
                if "example" in content:
                    described = Draft202012Validator(content["schema"] | {"components": document["components"]})
                    assert [error.message for error in described.iter_errors(content["example"])] == [], path
                    seen += 1
    assert seen >= 15


@pytest.mark.parametrize(("language", "word"), [("en", "Machine interface"), ("zh", "机器接口")])
def test_people_read_the_interface_on_a_page(plant: Plant, language: str, word: str) -> None:
    page = plant.console.app.test_client().get(f"/api/docs?lang={language}").get_data(as_text=True)
    assert word in page
    assert "/api/v1/complaint-imports/preview" in page and "Idempotency-Key" in page and "If-Match" in page


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
        assert task_id not in {task["id"] for task in other.get("/tasks")["rows"]}
        assert other.post(f"/tasks/{task_id}/completion", {"outcome": "done"}, 403)["code"] == "forbidden"
    with database.read() as session:
        task = task_by_id(session, task_id)
        assert task is not None and task.state == "open"
    assert task_id in {task["id"] for task in plant.api.get("/tasks")["rows"]}
    assert plant.api.post(f"/tasks/{task_id}/completion", {"outcome": "done"}, 200)["state"] == "done"
    assert plant.api.post("/tasks/unknown/completion", {"outcome": "done"}, 404)["code"] == "unknown-task"


def test_a_manager_sees_the_duties_of_quality_too(plant: Plant) -> None:
    assert {"quality"} <= {task["role"] for task in plant.api.get("/tasks")["rows"]}


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
