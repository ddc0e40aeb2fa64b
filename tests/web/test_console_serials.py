"""Giving out serial numbers and looking into scans, as staff do it on the pages and machines by API."""
from __future__ import annotations

import csv
import io
from dataclasses import dataclass, replace
from datetime import timedelta

import pytest
from lxml import html
from sqlalchemy import select
from werkzeug.test import TestResponse

from tests.applications import Applications
from tests.factories_trace import make_batch, make_hand
from tests.factories_web import Browser, Console
from tests.made_once import made_once
from traceapp.code.counting import StoredScan, count_scans
from traceapp.code.doubts import scan_tasks
from traceapp.code.model import SerialRange
from traceapp.code.policy import Doubt
from traceapp.config import Settings
from traceapp.core.actor import SYSTEM, Actor
from traceapp.core.clock import FixedClock
from traceapp.db import Database
from traceapp.identity.model import User
from traceapp.identity.policy import permissions_of
from traceapp.identity.service import NewToken, create_token
from traceapp.trace.holds import PlaceHold, place_hold
from traceapp.worklist.tasks import raise_task

KEY = "AQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQE="


@dataclass(slots=True)
class Plant:
    """The console over a released batch."""

    console: Console
    key: str

    @property
    def database(self) -> Database:
        return self.console.database

    @property
    def url(self) -> str:
        return f"/console/lots/{self.key}"

    def person(self, role: str = "operator", language: str = "en") -> Browser:
        return self.console.browser(role, language)

    def ranges(self) -> list[SerialRange]:
        with self.database.read() as session:
            return list(session.scalars(select(SerialRange).order_by(SerialRange.id)))

    def api(self, method: str, path: str, role: str = "operator", **options: object) -> TestResponse:
        self.console.browser(role)
        with self.database.write() as session:
            user = session.scalars(select(User).where(User.sign_in_name == role)).one()
            _, token = create_token(session, SYSTEM, self.console.clock, NewToken(
                "test", user.id, tuple(permissions_of(role))))
        return self.console.app.test_client().open(
            f"/api/v1/lots/{self.key}/{path}", method=method, headers={"Authorization": f"Bearer {token}"},
            **options)  # type: ignore[arg-type]


@pytest.fixture
def plant(settings: Settings, sqlite: Database, clock: FixedClock, actor: Actor, applications: Applications) -> Plant:
    lot = made_once(sqlite, clock, lambda session: make_batch(make_hand(session, actor, clock)))
    app = applications.open(replace(settings, code_keys=KEY), sqlite, clock)
    return Plant(Console(app, sqlite, clock), lot.lot_key)


def text_of(answer: TestResponse) -> str:
    return " ".join(html.fromstring(answer.data).text_content().split())


def test_an_operator_gives_out_serial_numbers_and_sees_them_with_the_label(plant: Plant) -> None:
    operator = plant.person()
    assert "No serial numbers yet" in text_of(operator.get(f"{plant.url}?part=label"))
    answer = operator.submit(f"{plant.url}/serials", {"count": "2500", "prefix": "K", "width": "6", "is_signed": "1",
                                                      "purpose": "order 7"}, follow_redirects=True)
    for words in ("The serial numbers K000001 to K002500 are given out", "signed", "order 7", "2,500", "Test operator"):
        assert words in text_of(answer), words
    (row,) = plant.ranges()
    assert (row.count, row.is_signed) == (2500, True)
    assert "Serial numbers: K000001 – K002500" in text_of(operator.get(f"{plant.url}?part=history"))


def test_sent_twice_gives_out_once(plant: Plant) -> None:
    operator = plant.person()
    form = {**operator.hidden(f"{plant.url}/serials"), "count": "10", "width": "8"}
    operator.post(f"{plant.url}/serials", form)
    operator.post(f"{plant.url}/serials", form)
    assert len(plant.ranges()) == 1


@pytest.mark.parametrize(("values", "words"), [
    ({"count": ""}, "This must be filled in"), ({"count": "ten"}, "whole number"), ({"count": "20000000"}, "From 1 to 10000000"),
    ({"count": "5", "prefix": "批"}, "character 1 is wrong"), ({"count": "5", "width": "19"}, "18 digits"),
    ({"count": "5", "width": "0"}, "at most 20 characters"), ({"count": "5", "first": "3", "width": "1", "prefix": "Z"}, "given out already"),
    ({"count": "50", "width": "1"}, "do not fit")])
def test_a_refused_form_comes_back_with_its_fault_and_what_was_typed(plant: Plant, values: dict[str, str],
                                                                     words: str) -> None:
    operator = plant.person()
    operator.submit(f"{plant.url}/serials", {"count": "9", "prefix": "Z", "width": "1", "first": "1"})
    answer = operator.submit(f"{plant.url}/serials", {"width": "8", **values, "purpose": "mine"})
    assert answer.status_code in (409, 422)
    assert words in text_of(answer)
    assert html.fromstring(answer.data).xpath("//input[@name='purpose']/@value") == ["mine"]
    assert len(plant.ranges()) == 1


def test_without_a_key_the_form_offers_no_signature(plant: Plant, settings: Settings, applications: Applications) -> None:
    plant.console.app = applications.open(replace(settings, code_keys=""), plant.console.database, plant.console.clock)
    page = plant.person().get(f"{plant.url}/serials")
    assert "Codes cannot be signed here" in text_of(page)
    assert not html.fromstring(page.data).xpath("//input[@name='is_signed']")
    answer = plant.person().submit(f"{plant.url}/serials", {"count": "5", "is_signed": "1"})
    assert answer.status_code == 409


def test_a_recalled_lot_shows_no_way_to_give_out_more(plant: Plant, actor: Actor, clock: FixedClock) -> None:
    assert f"{plant.url}/serials" in plant.person().get(f"{plant.url}?part=label").get_data(as_text=True)
    with plant.database.write() as session:
        place_hold(session, actor, clock, PlaceHold((plant.key,), "recall", "recall:r", "x"))
    assert f"{plant.url}/serials" not in plant.person().get(f"{plant.url}?part=label").get_data(as_text=True)


def doubted(plant: Plant, serial: str = "K000001") -> None:
    now = plant.console.clock.now()
    with plant.database.write() as session:
        count_scans(session, [
            StoredScan(plant.key, now - timedelta(days=2), "K000001", "203.0.113.0/24", "CN-BJ", None, True),
            StoredScan(plant.key, now, "K000001", "198.51.100.0/24", "CN-GD", Doubt.far_apart, True),
            StoredScan(plant.key, now, serial, "203.0.113.0/24", "", Doubt.unknown_serial, False)])


def raised(plant: Plant) -> None:
    with plant.database.write() as session:
        for command in scan_tasks(session, plant.console.clock):
            raise_task(session, SYSTEM, plant.console.clock, command)


def test_a_task_leads_to_the_scans_of_the_lot_and_from_there_to_what_is_done_next(plant: Plant) -> None:
    doubted(plant, "X77")
    raised(plant)
    quality = plant.person("quality")
    today = quality.get("/console/today")
    assert "Look into packs that were scanned in places far apart" in text_of(today)
    assert html.fromstring(today.data).xpath(f"//a[@href='{plant.url}?part=scans']")
    page = quality.get(f"{plant.url}?part=scans")
    for words in ("Scanned 3 times so far, first on", "K000001", "In places far apart", "Beijing, Guangdong", "X77",
                  "Never given out", "Look into scans of serial numbers that were never given out"):
        assert words in text_of(page), words
    links = set(html.fromstring(page.data).xpath("//main//a/@href"))
    for link in (f"{plant.url}?part=shipments", f"{plant.url}?part=complaints", f"{plant.url}/hold",
                 f"/console/recalls/new?root={plant.key}"):
        assert link in links, link
    assert "203.0.113" not in page.get_data(as_text=True)


def test_the_page_speaks_chinese_too(plant: Plant) -> None:
    doubted(plant)
    text = text_of(plant.person("quality", "zh").get(f"{plant.url}?part=scans"))
    for words in ("异常扫描", "从未发放", "两地相距很远", "每日扫描次数", "北京、广东"):
        assert words in text


def test_a_lot_that_was_not_scanned_says_what_will_stand_here(plant: Plant) -> None:
    assert "Not scanned yet" in text_of(plant.person("quality").get(f"{plant.url}?part=scans"))


def test_what_stands_out_leaves_as_a_file_without_a_formula_in_it(plant: Plant) -> None:
    doubted(plant, "=1+1")
    answer = plant.person("quality").get(f"{plant.url}/scans/export?format=csv")
    rows = list(csv.DictReader(io.StringIO(answer.get_data(as_text=True).removeprefix("\ufeff"))))
    assert {row["Serial number"].lstrip("'") for row in rows} == {"K000001", "=1+1"}
    assert not any(row["Serial number"].startswith("=") for row in rows)
    assert {row["Regions"] for row in rows} == {"Beijing, Guangdong", ""}
    assert plant.person("quality").get(f"{plant.url}/scans/export?format=xlsx").status_code == 200


def test_machines_give_out_serial_numbers_and_list_them(plant: Plant) -> None:
    answer = plant.api("POST", "serial-ranges", json={"count": 100, "prefix": "M", "is_signed": True})
    assert answer.status_code == 201
    body = answer.json
    assert body is not None
    assert (body["first_serial"], body["last_serial"], body["count"], body["is_signed"]) == ("M00000001", "M00000100", 100, True)
    assert answer.headers["Location"].endswith(f"/serial-ranges/{body['id']}")
    listed = plant.api("GET", "serial-ranges").json
    assert listed == {"rows": [body], "total": 1, "next": None}
    assert plant.api("GET", f"serial-ranges/{body['id']}").json == body


@pytest.mark.parametrize(("body", "status"), [
    ({}, 422), ({"count": 0}, 422), ({"count": 10**7 + 1}, 422), ({"count": 5, "width": 19}, 422), ({"count": 5, "what": 1}, 422),
    ({"count": "5"}, 422), ({"count": 5, "prefix": "A" * 19}, 422), ({"count": 5, "first": 10**18}, 422)])
def test_what_machines_send_is_bounded(plant: Plant, body: dict[str, object], status: int) -> None:
    answer = plant.api("POST", "serial-ranges", json=body)
    assert answer.status_code == status
    assert answer.headers["Content-Type"].startswith("application/problem+json")
    assert plant.ranges() == []


def test_machines_read_what_stands_out(plant: Plant) -> None:
    doubted(plant, "X77")
    rows = plant.api("GET", "scan-doubts", "quality").json["rows"]  # type: ignore[index]
    assert {(row["serial"], row["reason"], row["scans"], tuple(row["regions"])) for row in rows} == {
        ("K000001", "far_apart", 1, ("CN-BJ", "CN-GD")), ("X77", "unknown_serial", 1, ())}
    plant.key = "0" * 32
    assert plant.api("GET", "scan-doubts", "quality").status_code == 404
    assert plant.api("GET", "serial-ranges", "quality").status_code == 404


def test_who_may_not_print_labels_gives_out_nothing_by_api(plant: Plant) -> None:
    assert plant.api("POST", "serial-ranges", "administrator", json={"count": 1}).status_code == 403
    assert plant.api("GET", "serial-ranges", "administrator").status_code == 200
