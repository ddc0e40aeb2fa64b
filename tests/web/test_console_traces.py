"""The page of a trace: from whatever has a name, with what it comes to, its picture, its tables and its files."""
from __future__ import annotations

import json
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from lxml import html
from sqlalchemy import update

from tests.factories_api import Plant, make_plant
from tests.factories_web import Console
from traceapp.trace.model import ItemPosition, Lot, Production
from traceapp.web.console.layout import NAVIGATION, _is_at


@pytest.fixture(scope="module")
def plant(console: Console) -> Plant:
    found = make_plant(console)
    with found.console.database.write() as session:
        session.connection().execute(update(Production).where(
            Production.lot_key == found.house.first.lot_key).values(work_order="WO-1", equipment="M-1"))
    return found


def opened(plant: Plant, query: str, *, status: int = 200, language: str = "en") -> Any:
    answer = plant.console.browser("quality", language).get(f"/console/trace{query}")
    assert answer.status_code == status, answer.get_data(as_text=True)[:400]
    return html.fromstring(answer.data)


def drawn(page: Any) -> list[str]:
    return [text.text for text in page.xpath("//svg//text[@class='nm']")]


def texts(page: Any) -> str:
    return " ".join(page.xpath("//main")[0].text_content().split())


def tile(page: Any, label: str) -> str:
    (found,) = [one for one in page.xpath("//*[contains(@class, 'tile ') or @class='tile']") if label in one.text_content()]
    return " ".join(found.text_content().split())


def test_without_a_name_the_page_asks_for_one(plant: Plant) -> None:
    page = opened(plant, "")
    assert page.xpath("//form[@class='filter']//input[@name='name']/@required")
    assert "Nothing is traced yet" in texts(page)


@pytest.mark.parametrize(("query", "start"), [
    ("?name=SUP&direction=downstream", "Supplier · Glue Works"), ("?name=CLINIC", "Consignee · Clinic One"),
    ("?name=WO-1", "Work order · WO-1"), ("?name=M-1&kind=equipment", "Equipment · M-1")])
def test_a_trace_begins_from_whatever_has_the_name(plant: Plant, query: str, start: str) -> None:
    page = opened(plant, query)
    assert start in texts(page)
    assert plant.house.first.number in " ".join(drawn(page))


def test_a_lot_shows_what_went_in_left_and_who_has_it_right(plant: Plant) -> None:
    page = opened(plant, f"?name={plant.house.first.lot_key}&kind=item")
    at = {text.text: int(text.get("x")) for text in page.xpath("//svg//text[@class='nm']")}
    heads = [text.text for text in page.xpath("//svg//text[@class='head']")]
    assert heads == ["Suppliers", "Raw lots", "Intermediates", "Finished lots", "Consignees"]
    assert at["Glue Works"] < at[plant.house.glue.number] < at[plant.house.first.number] < at["Clinic One"]
    assert page.xpath("//form[@class='filter']//input[@name='name']/@value") == [plant.house.first.number]


def test_the_head_adds_up_what_is_affected(plant: Plant) -> None:
    whole = plant.api.get(f"/trace?name={plant.house.glue.lot_key}&direction=downstream")
    page = opened(plant, f"?name={plant.house.glue.lot_key}&kind=item&direction=downstream")
    assert str(whole["totals"]["lots"]) in tile(page, "Lots affected")
    assert str(len(whole["receivers"])) in tile(page, "Consignees")
    held = sum(float(units) for one in whole["receivers"] for _unit, units in one["units"])
    assert f"{held:,.0f} pcs" in tile(page, "At consignees")


def test_a_chosen_node_leads_on_and_what_is_not_on_its_ways_is_pale(plant: Plant) -> None:
    first, second = plant.house.first, plant.house.second
    page = opened(plant, f"?name={plant.house.glue.lot_key}&kind=item&at={second.lot_key}")
    (chosen,) = page.xpath("//svg//a[@id='at']")
    assert second.number in chosen.get("aria-label")
    (other,) = [one for one in page.xpath("//svg//a") if one.get("aria-label").startswith(f"{first.number},")]
    assert "pale" in other.get("class")
    (glue,) = [one for one in page.xpath("//svg//a") if one.get("aria-label").startswith(f"{plant.house.glue.number},")]
    assert "pale" not in glue.get("class")
    links = page.xpath("//div[contains(@class, 'gpanel')]//a/@href")
    assert f"/console/lots/{second.lot_key}" in links
    assert any(parse_qs(urlsplit(link).query).get("name") == [second.lot_key] for link in links)


def test_nodes_are_links_to_the_same_page_with_the_node_chosen(plant: Plant) -> None:
    page = opened(plant, "?name=SUP&direction=downstream&times=all")
    for link in page.xpath("//svg//a/@href"):
        asked = parse_qs(urlsplit(link).query)
        assert (asked["name"], asked["direction"], asked["times"]) == (["SUP"], ["downstream"], ["all"])
        assert "at" in asked
        assert urlsplit(link).fragment == "picture"


def test_what_is_looked_for_is_marked_and_one_hit_is_chosen(plant: Plant) -> None:
    page = opened(plant, f"?name={plant.house.glue.lot_key}&kind=item&find={plant.house.second.number.lower()}")
    assert page.xpath("//svg//a[@id='at']/@aria-label")[0].startswith(plant.house.second.number)
    assert "1 thing is called so" in texts(page)
    many = opened(plant, f"?name={plant.house.glue.lot_key}&kind=item&find=plaster")
    assert len(many.xpath("//svg//a[contains(@class, 'found')]")) > 1
    assert "called “nobody”" in texts(opened(plant, f"?name={plant.house.glue.lot_key}&kind=item&find=nobody"))


def test_a_bad_input_since_later_affects_nothing(plant: Plant) -> None:
    page = opened(plant, f"?name={plant.house.glue.lot_key}&kind=item&direction=downstream&since=2100-01-01")
    assert tile(page, "Lots affected").startswith("Lots affected 0")


def test_tables_sort_and_tell_share_and_bounds(plant: Plant) -> None:
    query = f"?name={plant.house.glue.lot_key}&kind=item&direction=downstream"
    for sort, turned in (("number", False), ("-number", True)):
        page = opened(plant, f"{query}&sort={sort}")
        numbers = [row.xpath("string(td[1])").strip() for row in page.xpath("//div[@id='table']//tbody/tr")]
        assert numbers == sorted(numbers, reverse=turned)
        assert len(numbers) > 2
    assert "in proportion to the recorded quantities" in texts(page)
    held = opened(plant, f"{query}&part=consignees")
    assert "Clinic One" in texts(held)
    assert "At least – at most" in texts(held)
    balance = texts(opened(plant, f"{query}&part=balance"))
    assert "In = out" in balance
    assert "Unaccounted" in balance


@pytest.mark.parametrize("form", ["xlsx", "csv", "json", "epcis", "dot"])
def test_files_carry_the_filters_of_the_page(plant: Plant, form: str) -> None:
    page = opened(plant, "?name=SUP&direction=downstream&times=all&since=2026-01-01")
    (link,) = [link for link in page.xpath("//form[@class='filter']//a/@href") if link.endswith(f"format={form}")]
    asked = parse_qs(urlsplit(link).query)
    assert (asked["name"], asked["direction"], asked["times"]) == (["SUP"], ["downstream"], ["all"])
    answer = plant.console.browser("quality").get(link)
    assert answer.status_code == 200
    assert f".{'json' if form == 'epcis' else form}" in answer.headers["Content-Disposition"]
    number = plant.house.first.number
    if form == "epcis":
        assert json.loads(answer.data)["type"] == "EPCISDocument"
    if form != "xlsx":
        assert number in answer.get_data(as_text=True)


def test_lots_of_others_show_where_they_are(plant: Plant) -> None:
    film = plant.house.film.lot_key
    assert "Places" not in texts(opened(plant, f"?name={film}&kind=item&direction=upstream"))
    with plant.console.database.write() as session:
        session.get_one(Lot, film).is_own = 0
        session.execute(update(ItemPosition).where(ItemPosition.lot_key == film).values(
            place="https://id.gs1.org/414/9506000134369"))
    page = opened(plant, f"?name={film}&kind=item&direction=upstream&part=places")
    assert "https://id.gs1.org/414/9506000134369" in texts(page)
    assert "Not ours" in texts(opened(plant, f"?name={film}&kind=item&direction=upstream"))


def test_an_upstream_file_holds_nothing_downstream(plant: Plant) -> None:
    rows = json.loads(plant.console.browser("quality").get(
        f"/console/trace/export?name={plant.house.first.lot_key}&direction=upstream&format=json").data)["rows"]
    assert {row["side"] for row in rows} == {"root", "up"}


def test_a_name_of_nothing_says_so_and_a_number_of_several_lots_asks(plant: Plant) -> None:
    assert "Nothing to trace from" in texts(opened(plant, "?name=ZZ-1", status=404))
    assert opened(plant, "?name=SUP&kind=shipment", status=404) is not None
    with plant.console.database.write() as session:
        film = session.get_one(Lot, plant.house.film.lot_key)
        number, film.number = film.number, plant.house.glue.number
    try:
        links = opened(plant, f"?name={plant.house.glue.number}").xpath("//main//td//a/@href")
        assert {parse_qs(urlsplit(link).query)["name"][0] for link in links} == {
            plant.house.film.lot_key, plant.house.glue.lot_key}
    finally:
        with plant.console.database.write() as session:
            session.get_one(Lot, plant.house.film.lot_key).number = number


def test_the_page_speaks_chinese(plant: Plant) -> None:
    text = texts(opened(plant, f"?name={plant.house.first.number}", language="zh"))
    for words in ("受影响批次", "原料批次", "按时间追溯", "不计入", "至少–至多", "起点"):
        assert words in text


def test_the_address_of_the_trace_of_a_lot_leads_there(plant: Plant) -> None:
    answer = plant.console.browser("quality").get(f"/console/lots/{plant.house.first.lot_key}/trace")
    assert answer.status_code == 303
    assert parse_qs(urlsplit(answer.location).query)["name"] == [plant.house.first.lot_key]


@pytest.mark.parametrize("query", [
    "?name=%00", "?name=SUP&page=999999&sort=-nothing&part=x&direction=sideways&times=x&since=x&kind=x&open=,,x&at=x",
    "?name=SUP&page=0&sort=units&part=consignees", "?name=" + "9" * 400, "?name=SUP&find=%3Cscript%3E&page=-1"])
def test_odd_addresses_show_a_page(plant: Plant, query: str) -> None:
    answer = plant.console.browser("quality").get(f"/console/trace{query}")
    assert answer.status_code in (200, 404)
    assert "<script>" not in answer.get_data(as_text=True).replace("<script src", "")


@pytest.mark.parametrize(("page", "kind", "name"), [
    ("/console/partners/{supplier}", "supplier", "SUP"), ("/console/partners/{clinic}", "consignee", "CLINIC"),
    ("/console/lots/{lot}", "work_order", "WO-1"), ("/console/lots/{lot}", "equipment", "M-1"),
    ("/console/lots/{lot}?part=shipments", "shipment", None)])
def test_pages_of_things_lead_to_their_traces(plant: Plant, page: str, kind: str, name: str | None) -> None:
    house = plant.house
    path = page.format(supplier=house.maker.supplier.id, clinic=house.maker.clinic.id, lot=house.first.lot_key)
    found = html.fromstring(plant.console.browser("quality").get(path).data).xpath("//main//a/@href")
    traces = [parse_qs(urlsplit(link).query) for link in found if link.startswith("/console/trace?")]
    named = [one["name"][0] for one in traces if one["kind"] == [kind]]
    assert named and (name is None or name in named)
    assert plant.console.browser("quality").get(f"/console/trace?kind={kind}&name={named[0]}").status_code == 200


# Where nothing of the navigation is meant.
ALONE = {"console.search", "console.own_account", "console.gallery", "console.home", "console.file"}


def test_every_page_of_the_console_stands_under_an_entry_of_the_navigation(console: Console) -> None:
    pages = {rule.endpoint for rule in console.app.url_map.iter_rules()
             if rule.rule.startswith("/console") and "GET" in (rule.methods or ())
             and not rule.rule.endswith(("/export", "/file"))} - ALONE
    for endpoint in pages:
        assert sum(_is_at(endpoint, target) for target, _label, _permission in NAVIGATION) == 1, endpoint
