"""The main job from end to end by the machine interface: from raw lot to the last unit accounted for."""
from __future__ import annotations

import re
import socket
import time
from collections.abc import Iterator
from datetime import timedelta
from email import message_from_bytes, policy

import pytest
from aiosmtpd.controller import Controller
from flask import Flask

from tests.factories import PASSWORD
from tests.http_clients import ApiClient, signed_in
from traceapp.audit.verify import verify
from traceapp.config import Settings
from traceapp.core.clock import FixedClock
from traceapp.db import Database
from traceapp.gs1 import check_digit
from traceapp.jobs.sweeps import deliver, rescore
from traceapp.world import World

BOX, CASE = (stem + check_digit(stem) for stem in ("0952123456701", "1952123456701"))


class Mailbox:
    def __init__(self) -> None:
        self.letters: list[bytes] = []

    async def handle_DATA(self, _server: object, _session: object, envelope: object) -> str:  # noqa: N802
        self.letters.append(envelope.content)  # type: ignore[attr-defined]
        return "250 kept"


@pytest.fixture
def mailbox() -> Iterator[tuple[Mailbox, int]]:
    box = Mailbox()
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = int(probe.getsockname()[1])
    controller = Controller(box, hostname="127.0.0.1", port=port)
    controller.start()
    yield box, port
    controller.stop()


@pytest.fixture
def settings(settings: Settings, mailbox: tuple[Mailbox, int]) -> Settings:
    from dataclasses import replace

    return replace(settings, mail_url=f"smtp://127.0.0.1:{mailbox[1]}", mail_from="recall@maker.example")


HAZARD = {"harm_so_far": "9 people with red skin", "conditions": "worn for a day", "populations": "everybody",
          "seriousness": "moderate", "likelihood": "occasional", "consequences": "red, itching skin",
          "conclusion": "take it back", "proposed_class": "II"}


def assess(staff: ApiClient, manager: ApiClient, recall_id: str) -> None:
    """From a draft to the decision: written, signed by two, decided."""
    path, sign = f"/recalls/{recall_id}", {"password": PASSWORD}

    def act(who: ApiClient, name: str, body: dict[str, str], status: int = 200) -> None:
        who.get(path)
        who.post(f"{path}/{name}", body, status, If_Match=who.etag)

    act(staff, "assessment", {})
    act(staff, "evaluation", HAZARD, 201)
    act(staff, "evaluation/signatures", sign | {"meaning": "evaluated_quality"})
    act(manager, "evaluation/signatures", sign | {"meaning": "evaluated_medical"})
    assert len(staff.get(f"{path}/evaluation")["versions"][0]["signatures"]) == 2
    act(manager, "decision", sign | {"recall_class": "II", "reason": "nine reactions"})
    staff.get(path)


def check_all(staff: ApiClient, recall_id: str) -> None:
    """Ask everybody who was drawn; level A draws all."""
    path = f"/recalls/{recall_id}"
    assert staff.get(path)["state"] == "executing"
    staff.post(f"{path}/checks", {"seed": 5}, 200, If_Match=staff.etag)
    for one in staff.get(f"{path}/checks")["checks"]:
        staff.put(f"{path}/checks/{one['consignee_id']}", {"way": "telephone", "received": True, "understood": True,
                                                          "acted": True})
    staff.get(path)
    staff.post(f"{path}/conclusion", {"note": "all followed it"}, 200, If_Match=staff.etag)


def keep_all(staff: ApiClient, recall_id: str) -> None:
    """What is in our hands stays stopped."""
    for lot in staff.get(f"/recalls/{recall_id}/balance")["lots"]:
        if lot["undecided"] != "0":
            staff.post(f"/recalls/{recall_id}/dispositions", {
                "lot_key": lot["lot_key"], "kind": "keep", "units": lot["undecided"], "reason": "proof",
                "password": PASSWORD})


class Plant:
    """A maker with one glue, one plaster and some hospitals, built over the API."""

    def __init__(self, staff: ApiClient, clock: FixedClock) -> None:
        self.staff, self.clock = staff, clock
        self.glue = staff.post("/products", {"code": "GLUE", "kind": "material", "name_zh": "压敏胶", "name_en": "Adhesive",
                                             "unit": "KGM"})
        self.plaster = staff.post("/products", {
            "code": "PLA", "kind": "device", "name_zh": "创可贴", "name_en": "Plaster", "unit": "EA", "shelf_life_days": 1000,
            "levels": [{"level": "unit", "gtin": BOX, "units": "1"}, {"level": "case", "gtin": CASE, "units": "100"}],
            "recipe": [{"material_id": self.glue["id"], "quantity": "2", "loss": "0.05"}], "recipe_output": "1000"})
        self.supplier = staff.post("/parties", {"code": "SUP", "name_zh": "胶厂", "name_en": "Glue works",
                                                "roles": ["supplier"]})
        self.hospitals = [staff.post("/parties", {
            "code": f"H{number}", "name_zh": f"第{number}医院", "name_en": f"Hospital {number}", "region": "浙江",
            "roles": ["user_facility"],
            "contacts": [{"name": "Ward", "email": f"ward{number}@hospital.example", "language": "zh"}]})
            for number in range(1, 4)]

    def at(self, days: int) -> str:
        return (self.clock.now() - timedelta(days=days)).isoformat()

    def passed(self, lot: dict[str, str]) -> dict[str, str]:
        """Inspect and release a lot; answers it as it then stands."""
        self.staff.post(f"/lots/{lot['lot_key']}/inspections", {
            "report_number": f"R-{lot['number']}", "inspected_at": self.at(40), "sample_size": "5", "results": [
                {"name_zh": "剥离强度", "name_en": "Peel", "unit": "N", "value": "2.4", "lower": "1.5", "upper": "4"}]})
        self.staff.get(f"/lots/{lot['lot_key']}")
        released: dict[str, str] = self.staff.post(f"/lots/{lot['lot_key']}/release", {"note": "within limits"}, 200,
                                                   If_Match=self.staff.etag)
        return released

    def receive(self, number: str) -> dict[str, str]:
        return self.passed(self.staff.post("/lots/receipts", {
            "product_id": self.glue["id"], "number": number, "supplier_id": self.supplier["id"],
            "supplier_lot_number": f"S-{number}", "quantity": "100", "unit": "KGM", "received_at": self.at(45)}))

    def make(self, number: str, glue: dict[str, str]) -> dict[str, str]:
        return self.passed(self.staff.post("/lots/batches", {
            "product_id": self.plaster["id"], "number": number, "quantity": "3000", "unit": "EA", "made_at": self.at(42),
            "inputs": [{"lot_key": glue["lot_key"], "quantity": "6.2", "unit": "KGM"}], "line": "L1"}))

    def ship(self, lot: dict[str, str], hospital: dict[str, str], cases: int) -> None:
        self.staff.post("/shipments", {
            "consignee_id": hospital["id"], "document_number": f"D-{lot['number']}-{hospital['code']}",
            "shipped_at": self.at(30), "lines": [{"lot_key": lot["lot_key"], "gtin": CASE, "packs": str(cases)}]})


def draft(lots: list[str], signal_id: str) -> dict[str, object]:
    return {"recall_class": "II", "title_zh": "召回：创可贴", "title_en": "Recall: plaster", "reason": "skin reactions",
            "risk_zh": "可能引起皮肤红肿、瘙痒。", "risk_en": "May cause red and itching skin.",
            "action_zh": "停止使用，封存待退。", "action_en": "Stop using it and keep it aside.",
            "contact": "400-000-0000", "signal_id": signal_id, "root_lot_keys": lots}


def test_the_main_job_from_raw_lot_to_the_last_unit(app: Flask, sqlite: Database, clock: FixedClock,
                                                   mailbox: tuple[Mailbox, int]) -> None:
    world: World = app.extensions["traceapp"]
    staff = ApiClient(app, sqlite, clock, "quality")
    manager = ApiClient(app, sqlite, clock, "quality_manager")
    plant = Plant(staff, clock)
    bad, good = plant.receive("G-1"), plant.receive("G-2")
    first, second, third = plant.make("P-1", bad), plant.make("P-2", bad), plant.make("P-3", good)
    for number, lot in enumerate((first, second, third)):
        plant.ship(lot, plant.hospitals[number], 20)
    plant.ship(first, plant.hospitals[1], 5)

    # The public sees a batch that is not recalled; reactions come in; the lot stands out by itself.
    public = app.test_client()
    address = f"/01/{BOX}/10/P-1?lang=en"
    assert "not recalled" in public.get(address, follow_redirects=True).get_data(as_text=True)
    for number in range(9):
        staff.post("/complaints", {"narrative": f"Red, itching skin under the plaster, case {number}.", "harm": "yes",
                                   "lot_key": first["lot_key"], "affected": "me"})
        rescore(world)
    signals = staff.get("/signals")["rows"]
    assert [(one["lot_key"], one["state"]) for one in signals] == [(first["lot_key"], "open")]
    around = staff.get(f"/signals/{signals[0]['id']}/causes")
    assert around["nodes"][bad["lot_key"]]["kind"] == "upstream"

    # The scope from the glue: both plasters of it, and nobody else's.
    scope = staff.get(f"/recall-scope?lot_key={bad['lot_key']}")
    assert {lot["number"] for lot in scope["lots"]} >= {"P-1", "P-2"}
    assert "P-3" not in {lot["number"] for lot in scope["lots"]}
    recall = staff.post("/recalls", draft([bad["lot_key"]], signals[0]["id"]))
    assess(staff, manager, recall["id"])
    staff.post(f"/recalls/{recall['id']}/submission", {"password": PASSWORD}, 200, If_Match=staff.etag)
    staff.post(f"/recalls/{recall['id']}/approval", {"password": PASSWORD}, 403, If_Match=staff.etag)
    manager.get(f"/recalls/{recall['id']}")
    manager.post(f"/recalls/{recall['id']}/approval", {"password": PASSWORD}, 200, If_Match=manager.etag)
    time.sleep(1)  # a kept copy may be one second old, and no older
    for lot, words in (("P-1", "has been recalled"), ("P-2", "has been recalled"), ("P-3", "not recalled")):
        answer = public.get(f"/01/{BOX}/10/{lot}?lang=en&fresh={lot}", follow_redirects=True)
        assert words in answer.get_data(as_text=True)

    # Letters reach both hospitals through a real mail server; each answers by its own link.
    deliver(world)
    letters = [message_from_bytes(raw, policy=policy.default) for raw in mailbox[0].letters]
    assert sorted(letter["To"] for letter in letters) == ["ward1@hospital.example", "ward2@hospital.example"]
    ledger = manager.get(f"/recalls/{recall['id']}/ledger")["rows"]
    assert {(row["number"], row["shipped"]) for row in ledger} == {("P-1", "2000"), ("P-1", "500"), ("P-2", "2000")}
    manager.get(f"/recalls/{recall['id']}")
    manager.post(f"/recalls/{recall['id']}/termination", {"note": "done", "password": PASSWORD}, 409,
                 If_Match=manager.etag)
    for letter in letters:
        text = letter.get_body(("plain",))
        link = re.search(r"http://127\.0\.0\.1:8000(/r/\S+)", text.get_content() if text else "")
        assert link, "no answer link in the letter"
        answer_nothing_left(public, link.group(1))
    totals = manager.get(f"/recalls/{recall['id']}/notices")["totals"]
    assert (totals["answered"], totals["open_lines"]) == (2, 0)
    check_all(staff, recall["id"])
    keep_all(staff, recall["id"])
    manager.get(f"/recalls/{recall['id']}")
    closed = manager.post(f"/recalls/{recall['id']}/termination", {
        "note": "all used or returned", "password": PASSWORD, "without": "reported by telephone"}, 200,
                          If_Match=manager.etag)
    assert closed["state"] == "terminated"

    # One complaint becomes an adverse event, which the regulator downloads.
    complaint = staff.get("/complaints?limit=1")["rows"][0]
    staff.get(f"/complaints/{complaint['id']}")
    staff.post(f"/complaints/{complaint['id']}/triage", {"result": "complaint", "harm": "yes"}, 200, If_Match=staff.etag)
    event = staff.post("/adverse-events", {"complaint_id": complaint["id"]})
    regulator = signed_in(app, sqlite, clock, "regulator")
    export = regulator.get("/regulator/reports/file?format=csv")
    assert event["reference"] in export.get_data(as_text=True)
    with sqlite.snapshot() as session:
        assert verify(session).broken is None


def answer_nothing_left(client: object, path: str) -> None:
    """What a ward does on its phone: says for each lot that all was used."""
    page = client.get(path).get_data(as_text=True)  # type: ignore[attr-defined]
    fields = {name: value for name, value in re.findall(r'<input[^>]*name="([^"]+)"[^>]*value="([^"]*)"', page)}
    shipped = {name: value for name, value in fields.items() if name.startswith("received:")}
    assert shipped, sorted(fields)
    for name, value in shipped.items():
        lot = name.removeprefix("received:")
        fields |= {f"on_hand:{lot}": "0", f"used:{lot}": value, f"returned:{lot}": "0"}
    fields["answered_by"] = "Ward 3"
    answer = client.post(path, data=fields)  # type: ignore[attr-defined]
    assert answer.status_code in (200, 303), answer.get_data(as_text=True)


def test_a_change_needs_the_version_that_it_changes(app: Flask, sqlite: Database, clock: FixedClock) -> None:
    staff = ApiClient(app, sqlite, clock, "quality")
    complaint = staff.post("/complaints", {"narrative": "Itching", "lot_text": "P-1"})
    path, body = f"/complaints/{complaint['id']}/triage", {"result": "complaint", "harm": "yes"}
    assert staff.post(path, body, 428)["code"] == "precondition-required"
    assert staff.post(path, body, 412, If_Match='"99"')["code"] == "stale"
    assert staff.post(path, body, 200, If_Match='"1"')["state"] == "verified"


@pytest.mark.parametrize(("body", "place"), [
    ({"narrative": "x", "surprise": 1}, "surprise"), ({"narrative": 7}, "narrative"),
    ({"narrative": "x", "happened_on": "yesterday"}, "happened_on"), ({}, "narrative")])
def test_bad_input_names_its_place(app: Flask, sqlite: Database, clock: FixedClock, body: dict[str, object],
                                   place: str) -> None:
    staff = ApiClient(app, sqlite, clock, "quality")
    refused = staff.post("/complaints", body, 422)
    assert any(place in found for found in refused["errors"])
    assert refused["status"] == 422


def test_a_method_that_an_address_does_not_know_is_answered_with_those_that_it_does(app: Flask, sqlite: Database,
                                                                                    clock: FixedClock) -> None:
    answer = app.test_client().delete("/api/v1/complaints")
    assert answer.status_code == 405
    assert {"GET", "POST"} <= {method.strip() for method in answer.headers["Allow"].split(",")}
    assert answer.mimetype == "application/problem+json"


def test_a_token_never_does_more_than_its_scopes(app: Flask, sqlite: Database, clock: FixedClock) -> None:
    operator = ApiClient(app, sqlite, clock, "operator")
    assert operator.get("/complaints", 403)["code"] == "forbidden"
    operator.token = operator.token[:-2] + ("yy" if operator.token.endswith("xx") else "xx")
    assert operator.get("/lots", 401)["code"] == "not-signed-in"


def test_the_document_describes_every_route_and_is_whole(app: Flask) -> None:
    document = app.test_client().get("/api/openapi.json").get_json()
    assert document["openapi"] == "3.1.0"
    routes = {re.sub(r"<(?:\w+:)?(\w+)>", r"{\1}", rule.rule) for rule in app.url_map.iter_rules()
              if rule.rule.startswith("/api/v1/")}
    assert set(document["paths"]) == routes
    references = set(re.findall(r"#/components/schemas/([\w-]+)", str(document)))
    assert references <= set(document["components"]["schemas"])
