"""Records for an authority, as staff, regulators and machines take them."""
from __future__ import annotations

import csv
import hashlib
import io
import json
from urllib.parse import quote

import openpyxl
import pytest
from lxml import html

from tests.factories_api import Plant, make_plant
from tests.factories_cases import world_of
from tests.factories_web import Console
from traceapp.jobs.records_sweep import make_records
from traceapp.submission.records_jobs import MOST_OPEN
from traceapp.submission.service import exports_of_hash
from traceapp.web import records


@pytest.fixture(scope="module")
def plant(console: Console) -> Plant:
    return make_plant(console)


def fetched(plant: Plant, path: str) -> bytes:
    return plant.api.client.get(f"/api/v1{path}", headers={"Authorization": f"Bearer {plant.api.token}"}).data


def table(content: bytes) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(content.decode("utf-8-sig"), newline="")))


def test_the_page_of_a_lot_leads_to_its_records_and_their_files(plant: Plant) -> None:
    browser, lot = plant.console.browser("quality"), plant.house.first
    links = html.fromstring(browser.get(f"/console/lots/{lot.lot_key}").data).xpath("//main//a/@href")
    (link,) = [link for link in links if link.startswith("/console/records?")]
    page = html.fromstring(browser.get(link).data)
    assert page.xpath("//input[@name='lot']/@value") == [lot.uri]
    files = page.xpath("//a[contains(@href, '/console/records/file')]/@href")
    assert [file.rpartition("format=")[2] for file in files] == ["xlsx", "csv", "epcis"]
    answer = browser.get(files[0])
    book = openpyxl.load_workbook(io.BytesIO(answer.data))
    assert book.sheetnames == ["Records", "About the columns"]
    with plant.console.database.read() as session:
        (taken,) = exports_of_hash(session, hashlib.sha256(answer.data).hexdigest())
    assert (taken.kind, taken.rows + 1, taken.filters["lot"]) == (
        "tracking_records", book["Records"].max_row, lot.uri)
    assert taken.sha256[:16] in browser.get("/console/records").get_data(as_text=True)


def test_the_file_speaks_the_reader_s_language(plant: Plant) -> None:
    lot = quote(plant.house.first.uri, safe="")
    answer = plant.console.browser("quality", "zh").get(f"/console/records/file?lot={lot}&format=xlsx")
    book = openpyxl.load_workbook(io.BytesIO(answer.data))
    assert book.sheetnames == ["追溯记录", "各列说明"]
    heads = [cell.value for cell in book["追溯记录"][1]]
    assert heads[:4] == ["事件时间（UTC）", "时区", "当地日期", "关键追溯事件"]


@pytest.mark.parametrize(("query", "said"), [
    ("", "Choose a batch or a period"), ("&lot=NOBODY", "There is no lot"), ("&since=yesterday", "is not a day"),
    ("&since=2026-05-02&until=2026-05-01", "ends before it begins"), ("&since=2026-05-02&product=x", "no such product")])
def test_a_choice_that_cannot_be_made_is_said_on_the_page(plant: Plant, query: str, said: str) -> None:
    answer = plant.console.browser("quality").get(f"/console/records?chosen=1{query}")
    assert (answer.status_code, said in answer.get_data(as_text=True)) == (422, True)


def test_a_choice_of_nothing_says_so(plant: Plant) -> None:
    text = plant.console.browser("quality").get("/console/records?chosen=1&since=1999-01-01&until=1999-01-02").get_data(
        as_text=True)
    assert "No event fits" in text
    assert "format=xlsx" not in text


def test_a_regulator_takes_the_same_rows(plant: Plant) -> None:
    regulator = plant.console.browser("regulator")
    home = html.fromstring(regulator.get("/regulator/").data)
    assert "/regulator/records" in home.xpath("//a/@href")
    assert regulator.get("/regulator/records?chosen=1&since=2020-01-01").status_code == 200
    theirs = regulator.get("/regulator/records/file?since=2020-01-01&format=csv")
    ours = plant.console.browser("quality").get("/console/records/file?since=2020-01-01&format=csv")
    assert theirs.data == ours.data
    assert len(table(theirs.data)) > 5
    assert regulator.get("/regulator/records/file?since=2020-01-01&format=pdf").status_code == 404


def test_who_may_not_export_sees_neither_link_nor_page(plant: Plant) -> None:
    operator = plant.console.browser("operator")
    assert "/console/records" not in operator.get(f"/console/lots/{plant.house.first.lot_key}").get_data(as_text=True)
    assert operator.get("/console/records").status_code == 403
    assert operator.get("/console/records/file?since=2020-01-01&format=csv").status_code == 403


def test_a_large_file_is_made_in_the_background_and_taken_by_whoever_ordered_it(
        plant: Plant, monkeypatch: pytest.MonkeyPatch) -> None:
    browser, world = plant.console.browser("quality", "zh"), world_of(plant.console)
    whole = browser.get("/console/records/file?since=2020-01-01&format=csv").data
    monkeypatch.setattr(records, "MOST_AT_ONCE", 3)
    refused = browser.get("/console/records/file?since=2020-01-01&format=csv")
    assert (refused.status_code, "后台" in refused.get_data(as_text=True)) == (413, True)
    page = html.fromstring(browser.get("/console/records?chosen=1&since=2020-01-01").data)
    assert not page.xpath("//a[contains(@href, '/console/records/file')]")
    assert len(page.xpath("//form[@action='/console/records/order']")) == 3
    ordered = browser.post("/console/records/order", {"since": "2020-01-01", "form": "csv"})
    path = ordered.headers["Location"]
    waiting = browser.get(path)
    assert (waiting.headers["Refresh"], browser.get(f"{path}/file").status_code) == ("3", 404)
    assert make_records(world, seconds=0) == 1
    assert path in browser.get("/console/records").get_data(as_text=True)
    taken = browser.get(f"{path}/file")
    assert taken.data == whole
    with plant.console.database.read() as session:
        assert {row.actor_role for row in exports_of_hash(session, hashlib.sha256(taken.data).hexdigest())} == {"quality"}
    plant.api.get(f"/exports/records/jobs/{path.rpartition('/')[2]}", 404)
    assert plant.console.browser("regulator").get("/regulator/records?chosen=1&since=2020-01-01").status_code == 200


def test_a_file_that_waits_is_cancelled_and_one_that_is_cancelled_is_not_made(plant: Plant) -> None:
    file = plant.api.post("/exports/records/jobs", {"since": "2026-01-01T00:00:00Z", "format": "xlsx"})
    assert (file["state"], file["total"] > 3) == ("queued", True)
    assert plant.api.post(f"/exports/records/jobs/{file['id']}/cancel", None, 200)["state"] == "cancelled"
    assert make_records(world_of(plant.console)) == 0
    plant.api.post(f"/exports/records/jobs/{file['id']}/cancel", None, 409)
    plant.api.get(f"/exports/records/jobs/{file['id']}/file", 404)
    plant.api.post("/exports/records/jobs", {"format": "csv"}, 422)


def test_nobody_has_more_than_a_few_files_made_at_a_time(plant: Plant) -> None:
    browser = plant.console.browser("quality")
    answers = [browser.post("/console/records/order", {"since": f"2020-01-0{day}", "form": "csv"}).status_code
               for day in range(1, MOST_OPEN + 2)]
    assert answers == [303] * MOST_OPEN + [409]
    assert make_records(world_of(plant.console)) == MOST_OPEN


def test_machines_take_the_records_of_a_lot_with_its_genealogy(plant: Plant) -> None:
    lot = quote(plant.house.first.uri, safe="")
    alone, whole = (table(fetched(plant, f"/exports/records?lot={lot}{more}"))
                    for more in ("", "&direction=both"))
    assert len(alone) < len(whole)
    assert [row for row in whole if row in alone] == alone
    document = json.loads(fetched(plant, f"/exports/records?lot={lot}&format=epcis"))
    key = next(name for name, value in alone[0].items() if value.startswith("ni:"))
    assert list(dict.fromkeys(row[key] for row in alone)) == [
        event["eventID"] for event in document["epcisBody"]["eventList"]]
    plant.api.get("/exports/records", 422)
    plant.api.get("/exports/records?lot=NOBODY", 404)
    plant.api.get("/exports/records?since=2026-01-01T00:00:00Z&site=x", 404)


def test_another_version_of_a_file_than_is_there_is_refused_as_a_problem(plant: Plant) -> None:
    file = plant.api.post("/exports/records/jobs", {"lot": plant.house.first.uri, "format": "csv"})
    make_records(world_of(plant.console))
    told = plant.api.call("GET", f"/exports/records/jobs/{file['id']}/file", status=412, If_Match='"1"')
    assert told["status"] == 412 and told["code"] == "stale"
