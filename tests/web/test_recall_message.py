"""The open recall message: served to everybody by its published schema, delivered as EPCIS events, read by partners."""
from __future__ import annotations

import io
import json
from datetime import timedelta
from typing import Any
from urllib.parse import urlsplit

import jsonschema
import pytest
from sqlalchemy import select, update

from tests.conftest import SHARED
from tests.factories import PASSWORD
from tests.factories_recall import TEXTS, House, make_house, opened, running
from tests.factories_web import Console
from tests.http_clients import ApiClient
from traceapp.catalog.model import Party
from traceapp.code.model import SerialRange
from traceapp.core.errors import InvalidInput
from traceapp.recall.message import read_message
from traceapp.recall.model import Recall
from traceapp.recall.revising import CorrectNotice, WithdrawNotice, correct_notice, withdraw_notice
from traceapp.trace.model import Lot
from traceapp.worklist.model import Task

EPCIS = SHARED / "conformance" / "epcis" / "EPCIS-JSON-Schema.json"


class Desk:
    """A recall that runs, its message, and a machine that may read events."""

    def __init__(self, console: Console) -> None:
        self.console, self.database, self.clock = console, console.database, console.clock
        self.house: House = make_house(console.database, console.clock)
        with self.database.write() as session:
            session.execute(update(Party).where(Party.code == "OWN").values(gln="6901234500028"))
            session.execute(update(Party).where(Party.code == "SUP").values(gln="6901234500035"))
            session.add(SerialRange(lot_key=self.house.first.lot_key, id="r1", prefix="A", width=4, first=1, count=900,
                                    purpose="", created_at=self.clock.now(), created_by="u"))
        self.recall: Recall = running(self.database, self.clock, self.house)
        self.api = ApiClient(console.app, self.database, self.clock, "quality_manager")

    def public(self, path: str) -> Any:
        return self.console.app.test_client().get(path)

    def message(self) -> dict[str, Any]:
        found: dict[str, Any] = self.public(f"/recalls/{self.recall.reference}.json").get_json()
        return found


@pytest.fixture(scope="module")
def desk(console: Console) -> Desk:
    return Desk(console)


def test_the_message_keeps_the_schema_that_it_names(desk: Desk) -> None:
    message = desk.message()
    served = desk.public(urlsplit(message["$schema"]).path)
    schema = served.get_json(force=True)
    assert served.mimetype == "application/schema+json"
    jsonschema.Draft202012Validator.check_schema(schema)
    jsonschema.validate(message, schema, cls=jsonschema.Draft202012Validator)
    assert set(schema["properties"]) == set(message)
    for wrong in ({"revision": 0}, {"status": "perhaps"}, {"reason": "inside"}, {"products": []}):
        with pytest.raises(jsonschema.ValidationError):
            jsonschema.validate(message | wrong, schema, cls=jsonschema.Draft202012Validator)


def test_the_message_says_what_is_recalled_by_gs1_identifiers_and_nothing_that_is_not_public(desk: Desk) -> None:
    message = desk.message()
    (product,) = message["products"]
    assert product["gtin"] == "06901234500011"
    assert {one["lot"]: one["serials"] for one in product["lots"]} == {
        "P-1": [{"first": "A0001", "last": "A0900"}], "P-2": []}
    assert product["lots"][0]["epcClass"] == "https://id.gs1.org/01/06901234500011/10/P-1"
    assert (message["issuer"]["gln"], message["revision"], message["status"]) == ("6901234500028", 1, "active")
    text = json.dumps(message, ensure_ascii=False)
    assert TEXTS.reason not in text and "诊所" not in text and "A-1" not in text


def keeps_version_two(desk: Desk, message: dict[str, Any]) -> None:
    schema = desk.public(urlsplit(message["$schema"]).path).get_json(force=True)
    jsonschema.Draft202012Validator.check_schema(schema)
    jsonschema.validate(message, schema, cls=jsonschema.Draft202012Validator)
    assert set(schema["properties"]) == set(message)


def test_version_two_says_what_to_do_and_has_all_that_version_one_has(desk: Desk) -> None:
    answer = desk.public(f"/recalls/{desk.recall.reference}.json")
    assert f'/recalls/{desk.recall.reference}.json?version=2>; rel="successor-version"' in answer.headers["Link"]
    newer = desk.public(f"/recalls/{desk.recall.reference}.json?version=2").get_json()
    keeps_version_two(desk, newer)
    older = desk.message()
    assert {name: newer[name] for name in older if name not in ("$schema", "epcis")} == {
        name: older[name] for name in older if name not in ("$schema", "epcis")}
    assert newer["epcis"].items() >= older["epcis"].items()
    assert (newer["instruction"], newer["epcis"]["persistentDisposition"]) == ("stop", {"set": ["recalled"]})
    assert read_message(newer) == read_message(older)
    for path in (f"/recalls/{desk.recall.reference}.json?version=3", "/schemas/recall-message-3.json"):
        assert desk.public(path).status_code == 404


def test_a_draft_or_an_unknown_number_has_no_message(desk: Desk) -> None:
    draft = opened(desk.database, desk.clock, desk.house)
    for reference in (draft.reference, "RC-0000-NONE"):
        assert desk.public(f"/recalls/{reference}.json").status_code == 404


def events(desk: Desk, query: str) -> dict[str, Any]:
    """What a partner's system gets for a query of events."""
    found: dict[str, Any] = desk.api.client.get(
        f"/epcis/events?{query}", headers={"Authorization": f"Bearer {desk.api.token}"}).get_json()
    return found


def keep_the_schema_of_epcis(document: dict[str, Any]) -> None:
    """Nothing where a document keeps it, or the schema is not here."""
    if EPCIS.is_file():
        jsonschema.validate(document, json.loads(EPCIS.read_text(encoding="utf-8")))


def test_partners_get_the_recall_as_epcis_events_of_the_same_lots(desk: Desk) -> None:
    found, message = events(desk, "EQ_disposition=recalled"), desk.message()
    (event,) = found["epcisBody"]["queryResults"]["resultsBody"]["eventList"]
    assert (event["bizStep"], event["disposition"], event["persistentDisposition"]) == (
        message["epcis"]["bizStep"], message["epcis"]["disposition"], {"set": ["recalled"]})
    assert event["bizTransactionList"][0]["bizTransaction"] == message["epcis"]["bizTransaction"]
    named = {one["epcClass"] for product in message["products"] for one in product["lots"]}
    assert named <= {one["epcClass"] for one in event["quantityList"]}
    keep_the_schema_of_epcis(found)


def test_a_partner_learns_which_of_its_lots_are_meant_and_a_task_waits(desk: Desk) -> None:
    found = desk.api.post("/partner-recalls", {"message": desk.message()}, 200)
    assert [(one["number"], one["by"], one["stock"]) for one in found] == [
        ("P-1", "identifier", "450"), ("P-2", "identifier", "1000")]
    with desk.database.read() as session:
        task = session.scalars(select(Task).where(Task.kind == "recall.partner")).one()
    assert task.due_at - desk.clock.now() == timedelta(days=1)


def test_a_lot_that_we_call_otherwise_is_found_by_the_number_of_its_supplier_and_held_when_asked(desk: Desk) -> None:
    message = desk.message()
    message["issuer"]["gln"] = "6901234500035"
    message["class"] = "I"
    message["id"] = "https://glue.example/recalls/7"
    message["products"] = [{"gtin": None, "name": {"en": "Adhesive"}, "lots": [
        message["products"][0]["lots"][0] | {"lot": number, "epcClass": f"urn:glue:{number}"}
        for number in ("S-A-9", "S-A-77")]}]
    (found,) = desk.api.post("/partner-recalls", {"message": message, "is_held": True}, 200)
    assert (found["number"], found["by"], found["named"]) == ("A-9", "supplier_number", "S-A-9")
    with desk.database.read() as session:
        assert session.get_one(Lot, desk.house.other_glue.lot_key).is_on_hold
    message["issuer"]["gln"] = "6901234500998"  # not a partner of ours: its numbers say nothing
    assert desk.api.post("/partner-recalls", {"message": message}, 200) == []


def test_staff_see_what_a_message_means_before_they_take_it_in(desk: Desk) -> None:
    browser = desk.console.browser("quality")
    here, message = "/console/recalls/partner-message", json.dumps(desk.message())
    page = browser.post(here, {"message": (io.BytesIO(message.encode()), "m.json")}).text
    assert "P-2" in page and "the same identifier" in page
    assert browser.post(here, {"text": message, "step": "take"}).status_code == 303
    assert "2 of our batches are meant" in browser.get("/console/today").text
    answer = browser.post(here, {"message": (io.BytesIO(b"{}"), "m.json")})
    assert answer.status_code == 422 and "$schema" in answer.text
    assert browser.post(here, {"message": (io.BytesIO(b"\xff"), "m.json")}).status_code == 422


@pytest.mark.parametrize(("change", "place"), [
    ({"$schema": "https://x.example/other.json"}, "$schema"), ({"products": {}}, "products"),
    ({"products": [{"name": {"en": "x"}, "lots": [{"lot": 7}]}]}, "products/0/lots/0/lot"), ({"revision": True}, "revision"),
    ({"issuer": None}, "issuer"), ({"status": "maybe"}, "status"), ({"products": []}, "products")])
def test_what_is_no_message_is_refused_with_its_place(desk: Desk, change: dict[str, Any], place: str) -> None:
    with pytest.raises(InvalidInput) as refused:
        read_message(desk.message() | change)
    assert refused.value.place == place


def test_a_drill_has_no_message(desk: Desk) -> None:
    with desk.database.write() as session:
        session.execute(update(Recall).where(Recall.id == desk.recall.id).values(is_drill=True))
    assert desk.public(f"/recalls/{desk.recall.reference}.json").status_code == 404
    with desk.database.write() as session:
        session.execute(update(Recall).where(Recall.id == desk.recall.id).values(is_drill=False))


def test_a_correction_and_a_withdrawal_are_new_revisions_and_the_last_says_why(desk: Desk) -> None:
    with desk.database.write() as session:
        correct_notice(session, desk.house.manager, desk.clock, CorrectNotice(
            desk.recall.id, {"contact": "400 111 2222"}, "电话改了。", "Another number.", "a digit", PASSWORD))
    second = desk.message()
    assert (second["revision"], second["supersedes"], second["contact"]) == (2, [1], "400 111 2222")
    with desk.database.write() as session:
        withdraw_notice(session, desk.house.manager, desk.clock, WithdrawNotice(
            desk.recall.id, "样品弄混了。", "Samples were mixed up.", "retest", PASSWORD))
    third = desk.message()
    assert (third["revision"], third["status"], third["withdraws"]) == (3, "withdrawn", third["id"])
    assert third["withdrawal"] == {"zh": "样品弄混了。", "en": "Samples were mixed up."}
    served = desk.public(urlsplit(third["$schema"]).path).get_json(force=True)
    jsonschema.validate(third, served, cls=jsonschema.Draft202012Validator)
    assert "no longer applies" in third["action"]["en"] and "单独存放" in third["action"]["zh"]
    assert (third["remedy"], third["epcis"]["disposition"]) == (None, "recalled")
    newer = desk.public(f"/recalls/{desk.recall.reference}.json?version=2").get_json()
    assert (newer["instruction"], newer["epcis"]["disposition"], newer["epcis"]["persistentDisposition"]) == (
        "keep_apart", None, {"unset": ["recalled"]})
    keeps_version_two(desk, newer)
    freed = events(desk, "EQ_persistentDisposition_unset=recalled")
    assert {one["epcClass"] for event in freed["epcisBody"]["queryResults"]["resultsBody"]["eventList"]
            for one in event["quantityList"]} >= {lot["epcClass"] for lot in third["products"][0]["lots"]}
    keep_the_schema_of_epcis(freed)
