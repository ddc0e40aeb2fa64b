"""What is missing, as staff see it and close it, and long traces as machines read them."""
from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest
from lxml import html
from sqlalchemy import select, update

from tests.db.test_trace_capture import document, made
from tests.factories_api import Plant, make_plant
from tests.factories_web import Console
from traceapp.catalog.model import Party
from traceapp.core.actor import SYSTEM
from traceapp.trace.capture import capture_document
from traceapp.trace.gaps import GapFilter, gap_page
from traceapp.trace.genealogy import trace_lot
from traceapp.trace.model import Inspection, Lot, Production, Shipment, ShipmentLine


@pytest.fixture(scope="module")
def plant(console: Console) -> Plant:
    found = make_plant(console)
    with found.console.database.write() as session:
        connection, first = session.connection(), found.house.first.lot_key
        connection.execute(update(Inspection).where(Inspection.lot_key == first).values(lot_key="0" * 32))
        connection.execute(update(Lot).where(Lot.lot_key == found.house.film.lot_key).values(
            is_own=0, made=Decimal(0)))
        connection.execute(update(Production).where(Production.lot_key == first).values(
            work_order="WO-1", equipment="M-1"))
    return found


def links(answer: Any) -> set[str]:
    return set(html.fromstring(answer.data).xpath("//main//a/@href"))


def test_each_gap_leads_to_the_form_that_closes_it(plant: Plant) -> None:
    page = plant.console.browser("operator").get("/console/gaps")
    text = page.get_data(as_text=True)
    assert "Used or shipped without inspection" in text
    assert "Used, but of unknown origin" in text
    assert f"/console/lots/{plant.house.first.lot_key}/inspect" in links(page)
    film = plant.house.film
    (receive,) = [link for link in links(page) if link.startswith("/console/lots/receive?")]
    form = html.fromstring(plant.console.browser("operator").get(receive).data)
    assert form.xpath("//input[@name='number']/@value") == [film.number]


def test_who_may_not_record_sees_the_gap_without_the_form(plant: Plant) -> None:
    page = plant.console.browser("quality").get("/console/gaps?kind=no_inspection")
    assert plant.house.first.number in page.get_data(as_text=True)
    assert not any(link.startswith("/console/lots/receive") for link in links(page))


def test_the_page_speaks_chinese(plant: Plant) -> None:
    text = plant.console.browser("operator", "zh").get("/console/gaps").get_data(as_text=True)
    for words in ("缺失的记录", "未检验就使用或发出", "补记检验", "补记收货"):
        assert words in text


def test_a_lot_s_page_says_what_is_missing_about_it_and_leads_around_it(plant: Plant) -> None:
    browser, lot = plant.console.browser("operator"), plant.house.first
    page = browser.get(f"/console/lots/{lot.lot_key}")
    assert "What is missing in the records of this lot" in page.get_data(as_text=True)
    assert f"/console/lots/{lot.lot_key}/inspect" in links(page)
    (around,) = [link for link in links(page) if link.startswith("/console/gaps?lot=")]
    shown = browser.get(around).get_data(as_text=True)
    assert plant.house.film.number in shown and lot.number in shown
    with plant.console.database.read() as session:
        whole = next(one for one in (plant.house.bulk, plant.house.second, plant.house.other_glue, plant.house.other)
                     if not gap_page(session, GapFilter(lot_keys=(one.lot_key,))).rows)
    assert "What is missing in" not in browser.get(f"/console/lots/{whole.lot_key}").get_data(as_text=True)


def test_a_lot_that_is_not_known_is_said_on_the_page_of_gaps(plant: Plant) -> None:
    answer = plant.console.browser("operator").get("/console/gaps?lot=NOBODY")
    assert (answer.status_code, "There is no lot" in answer.get_data(as_text=True)) == (422, True)


def test_a_lot_of_a_product_that_we_do_not_have_is_left_to_its_sender(plant: Plant) -> None:
    with plant.console.database.write() as session:
        capture_document(session, SYSTEM, plant.console.clock, document(made({"urn:x:nowhere": 4}, {"urn:x:made": 10})))
    page = plant.console.browser("operator").get("/console/gaps?lot=urn:x:nowhere")
    assert "See the events, and ask their sender" in page.get_data(as_text=True)
    assert not any(link.startswith("/console/lots/receive") for link in links(page))


def test_the_list_of_lots_leads_there(plant: Plant) -> None:
    assert "/console/gaps" in links(plant.console.browser("operator").get("/console/lots"))


def test_machines_read_gaps_by_kind_and_by_lot(plant: Plant) -> None:
    (found,) = plant.api.get(f"/gaps?lot_key={plant.house.first.lot_key}&kind=no_inspection")["rows"]
    assert (found["number"], found["repair"], found["amount"]) == (plant.house.first.number, "inspect", None)
    plant.api.get("/gaps?after=nonsense", 422)


def test_machines_read_a_long_trace_page_by_page(plant: Plant) -> None:
    key, found, after = plant.house.glue.lot_key, [], ""
    while True:
        page = plant.api.get(f"/lots/{key}/reached?limit=1{after}")
        found += [(row["depth"], row["lot_key"]) for row in page["rows"]]
        if page["next"] is None:
            break
        after = f"&after={page['next']}"
    with plant.console.database.read() as session:
        whole = trace_lot(session, key, "downstream")
    assert found == sorted((node.depth, node.lot_key) for node in whole.nodes)
    assert len(found) > 2
    plant.api.get("/lots/unknown/reached", 404)


def test_a_trace_from_later_on_leaves_out_what_had_left(plant: Plant) -> None:
    key = plant.house.glue.lot_key
    rows = plant.api.get(f"/lots/{key}/reached?since=2100-01-01T00:00:00Z")["rows"]
    assert [row["lot_key"] for row in rows] == [key]


@pytest.mark.parametrize(("kind", "name"), [
    ("supplier", "SUP"), ("consignee", "CLINIC"), ("work_order", "WO-1"), ("equipment", "M-1"), ("shipment", "")])
def test_a_trace_begins_from_everything_that_belongs_to_a_name(plant: Plant, kind: str, name: str) -> None:
    with plant.console.database.read() as session:
        if kind == "shipment":
            name = session.scalars(select(Shipment.document_number)).first() or ""
        owned = {
            "supplier": select(Lot.lot_key).join(Party, Party.id == Lot.supplier_id).where(Party.code == name),
            "consignee": select(ShipmentLine.lot_key).join(Party, Party.id == ShipmentLine.consignee_id).where(
                Party.code == name),
            "work_order": select(Production.lot_key).where(Production.work_order == name),
            "equipment": select(Production.lot_key).where(Production.equipment == name),
            "shipment": select(ShipmentLine.lot_key).join(Shipment, Shipment.id == ShipmentLine.shipment_id).where(
                Shipment.document_number == name)}[kind]
        starts = set(session.scalars(owned))
        whole = {node.lot_key for key in starts for node in trace_lot(session, key, "upstream").nodes}
    rows = plant.api.get(f"/reached?kind={kind}&name={name}&direction=upstream&limit=200")["rows"]
    assert starts
    assert {row["lot_key"] for row in rows if row["depth"] == 0} == starts
    assert {row["lot_key"] for row in rows} == whole


def test_a_name_to_which_nothing_belongs_is_refused(plant: Plant) -> None:
    assert plant.api.get("/reached?kind=equipment&name=M-99", 404)["code"] == "no-start"


def test_machines_read_the_whole_trace_from_a_name(plant: Plant) -> None:
    whole = plant.api.get("/trace?name=SUP&direction=downstream")
    assert whole["start"] == {"kind": "supplier", "name": "SUP"}
    assert {node["lot_key"] for node in whole["roots"]} >= {plant.house.glue.lot_key}
    assert {one["unit"] for one in whole["totals"]["balances"]} >= {"KGM", "MTR"}
    batch = next(node for node in whole["nodes"] if node["lot_key"] == plant.house.first.lot_key)
    assert {one["unit"] for one in batch["amounts"]} == {"KGM", "MTR"}
    later = plant.api.get("/trace?name=SUP&direction=downstream&since=2100-01-01T00:00:00Z")
    assert later["totals"]["lots"] == 0
    assert plant.api.get("/trace?name=M-99", 404)["code"] == "unknown-lot"
    assert plant.api.get("/trace?name=SUP&kind=shipment", 404)["code"] == "no-start"


def test_a_machine_gets_the_trace_of_a_supplier_as_a_file(plant: Plant) -> None:
    rows = plant.api.get("/exports/trace?name=SUP&direction=downstream&format=json")["rows"]
    assert {row["number"] for row in rows if row["side"] == "root"} >= {plant.house.glue.number}
