"""The journey and the cold chain of a lot, as staff see them and machines read them."""
from __future__ import annotations

from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from lxml import html
from sqlalchemy import insert, select

from tests.factories_api import Plant, make_plant
from tests.factories_trace import at
from tests.factories_web import Console
from tests.web.test_console_query_counts import counted
from traceapp.catalog.model import Product
from traceapp.core.actor import SYSTEM
from traceapp.trace.model import Lot, ShipmentLine
from traceapp.trace.sensing import NewReading, RecordReadings, record_readings
from traceapp.trace.sensor_model import SensorReading
from traceapp.trace.sensor_query import MOST_POINTS, conditions_of

MANY = 20_000


@pytest.fixture(scope="module")
def plant(console: Console) -> Plant:
    """The first batch was at 11.5 °C for half an hour; its product is kept at 2 to 8 °C."""
    found = make_plant(console)
    with console.database.write() as session:
        product = session.get_one(Product, session.get_one(Lot, found.house.first.lot_key).product_id)
        product.storage_min_c, product.storage_max_c = Decimal(2), Decimal(8)
    with console.database.write() as session:
        values = (5, 11.5, 5)
        record_readings(session, SYSTEM, console.clock, RecordReadings(tuple(
            NewReading(at(12) + timedelta(minutes=30 * number), "temperature", "CEL", Decimal(str(value)))
            for number, value in enumerate(values)), "Logger 7", (found.house.first.lot_key,)))
    return found


def page_of(plant: Plant, part: str, language: str = "en", role: str = "quality") -> str:
    answer = plant.console.browser(role, language).get(f"/console/lots/{plant.house.first.lot_key}?part={part}")
    assert answer.status_code == 200
    return answer.get_data(as_text=True)


def test_the_cold_chain_shows_the_limits_and_the_time_outside(plant: Plant) -> None:
    text = page_of(plant, "storage")
    for words in ("2 – 8 °C", "3 readings, 5 to 11.5 °C. Outside the limits once.", "at most 8 °C", "▼ above the limit",
                  "Temperature above the limit (11.5 °C)", "30 min", "the lot itself · Logger 7"):
        assert words in text, words
    assert "温度高于上限 (11.5 °C)" in page_of(plant, "storage", "zh")


def test_every_part_of_the_lot_says_that_it_was_outside(plant: Plant) -> None:
    for part in ("overview", "journey", "history"):
        assert "Outside the storage limits" in page_of(plant, part)
    other = plant.console.browser("quality").get(f"/console/lots/{plant.house.film.lot_key}").get_data(as_text=True)
    assert "Outside the storage limits" not in other


def test_its_shipments_are_marked(plant: Plant) -> None:
    tree = html.fromstring(page_of(plant, "shipments"))
    with plant.console.database.read() as session:
        sent = session.scalars(select(ShipmentLine.shipment_id).where(
            ShipmentLine.lot_key == plant.house.first.lot_key, ShipmentLine.units > 0)).all()
    assert len(tree.xpath("//td[contains(., 'was outside the storage limits')]")) == len(sent) > 0


def test_the_task_leads_to_the_cold_chain(plant: Plant) -> None:
    tree = html.fromstring(plant.console.browser("quality").get("/console/today").data)
    links = tree.xpath("//a[contains(., 'outside its storage limits')]/@href")
    assert f"/console/lots/{plant.house.first.lot_key}?part=storage" in links


def test_the_journey_says_where_the_lot_is_and_how_it_came_there(plant: Plant) -> None:
    tree = html.fromstring(page_of(plant, "journey"))
    said = [entry.xpath("string(div)").strip().splitlines() for entry in tree.xpath("//ol[@class='tl']/li")]
    assert said[0][1] == "Made · 1,000 pcsat Plant one"
    assert [lines[1] for lines in said if "Shipping" in lines[1]] == [
        "Shipping · 400 pcsat Plant one · to Clinic One", "Shipping · 200 pcsat Plant one · to Hospital Two"]
    assert [lines[1] for lines in said][-4:] == [
        "Releasedat Plant one", "Put on hold", "Hold lifted", "Recalled"]
    places = [" ".join(row.text_content().split()) for row in tree.xpath("//table[1]//tbody/tr")]
    assert any(row.startswith("Our stock: Plant one") for row in places)
    assert any("Sent to Clinic One; arrival not told" in row for row in places)
    assert "我方库存：一厂" in page_of(plant, "journey", "zh")


def answered(plant: Plant, path: str) -> Any:
    return plant.as_role("quality").get(f"/lots/{plant.house.first.lot_key}/{path}")


def test_machines_read_positions_readings_and_excursions(plant: Plant) -> None:
    now = answered(plant, "positions")["rows"]
    assert now[0]["is_stock"] is True and now[0]["state"] == "at"
    assert answered(plant, "positions?at=2026-10-01T00:00:00Z")["rows"] == []
    history = answered(plant, "position-history?limit=1")
    assert history["total"] > 1 and history["next"]
    first = answered(plant, "readings?limit=2")
    rest = answered(plant, f"readings?limit=2&after={first['next']}")
    assert [row["high"] for row in (*first["rows"], *rest["rows"])] == ["5", "11.5", "5"]
    assert rest["next"] is None
    (excursion,) = answered(plant, "excursions")["rows"]
    assert (excursion["side"], excursion["highest"], excursion["upper"]) == ("above", "11.5", "8")
    assert excursion["shipments"]


@pytest.mark.parametrize("after", ["x", "W10", "WyIyMDI2LTAxLTAxIiwxLDIsMyw0LDVd", "WyJcdTAwMDAiXQ"])
def test_a_cursor_that_is_not_ours_is_refused(plant: Plant, after: str) -> None:
    answer = plant.as_role("quality").get(f"/lots/{plant.house.first.lot_key}/readings?after={after}", status=422)
    assert answer["code"] == "bad-cursor"


def test_machines_send_readings(plant: Plant) -> None:
    body = {"device": "API", "lot_keys": [plant.house.second.lot_key], "readings": [
        {"at": "2026-11-12T01:00:00+00:00", "kind": "temperature", "unit": "FAH", "value": "50"}]}
    client = plant.as_role("operator")
    event = client.post("/readings", body)
    rows = client.get(f"/lots/{plant.house.second.lot_key}/readings")["rows"]
    assert [(row["low"], row["device"], row["event_id"]) for row in rows] == [
        ("10", "urn:traceapp:device:API", event["event_id"])]
    plant.as_role("regulator").post("/readings", body, status=403)
    assert client.post("/readings", {**body, "lot_keys": []}, status=422)["code"] == "nothing-measured"


def test_very_many_readings_are_thinned_and_keep_their_extremes(plant: Plant) -> None:
    key = plant.house.film.lot_key
    row = {"source_key": key, "kind": "humidity", "device": "d", "event_id": "e" * 32, "position": 0, "until": None,
           "mean": None, "is_alarm": False}
    with plant.console.database.write() as session:
        session.connection().execute(insert(SensorReading), [
            row | {"at": at(1) + timedelta(seconds=number), "low": Decimal(97 if number == 777 else 50),
                   "high": Decimal(97 if number == 777 else 50)} for number in range(MANY)])
    with plant.console.database.read() as session:
        (drawn,) = conditions_of(session, key).drawn
        assert sum(point.count for point in drawn.points) == MANY
        assert len(drawn.points) == MOST_POINTS
        assert max(point.high for point in drawn.points) == 97
    browser = plant.console.browser("quality")
    for part in ("overview", "storage"):
        browser.get(f"/console/lots/{key}?part={part}")
        with counted(plant.console) as asked:
            text = browser.get(f"/console/lots/{key}?part={part}").get_data(as_text=True)
        assert len(asked) < 30
        assert len(text) < 200_000
        assert ("20,000 readings, 50 to 97 %" in text) == (part == "storage")


def test_all_times_outside_stand_on_one_page_and_lead_to_the_lot(plant: Plant) -> None:
    browser = plant.console.browser("quality")
    text = browser.get("/console/excursions").get_data(as_text=True)
    assert "Temperature 11.5 °C" in text
    assert f"/console/lots/{plant.house.first.lot_key}?part=storage" in text
    assert "No such time" in browser.get("/console/excursions?kind=humidity").get_data(as_text=True)
    rows = plant.api.get("/excursions?is_open=false&kind=temperature")["rows"]
    assert [(one["lot_key"], one["highest"]) for one in rows] == [(plant.house.first.lot_key, "11.5")]
    assert all(one["ended_at"] is None for one in plant.api.get("/excursions?is_open=true")["rows"])
