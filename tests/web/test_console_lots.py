"""Lots in the console: list, page, exports."""
from __future__ import annotations

import json

import pytest

from tests.factories_trace import CASE_GTIN, make_batch, make_hand
from tests.factories_web import Browser, Console
from traceapp.core.actor import Actor
from traceapp.submission.service import ExportFilter, export_page

ACTOR = Actor(id="u-manager", role="quality_manager", name="Li Wen")


@pytest.fixture(scope="module")
def batch(console: Console) -> str:
    """The key of a released batch of which two cases were shipped."""
    with console.database.write() as session:
        hand = make_hand(session, ACTOR, console.clock)
        lot = make_batch(hand)
        hand.ship(lot, hand.maker.clinic, "2", CASE_GTIN)
    return lot.lot_key


@pytest.fixture
def quality(console: Console) -> Browser:
    return console.browser("quality")


def test_the_list_finds_a_lot_by_number_and_by_state(quality: Browser, batch: str) -> None:
    page = quality.get("/console/lots?text=b1&state=released").get_data(as_text=True)
    assert f"/console/lots/{batch}" in page
    assert f"/console/lots/{batch}" not in quality.get("/console/lots?state=on_hold").get_data(as_text=True)
    assert "No lot fits" in quality.last.get_data(as_text=True)  # type: ignore[union-attr]


@pytest.mark.parametrize("part", ["overview", "inspections", "shipments", "complaints", "label", "events", "history"])
@pytest.mark.parametrize("language", ["en", "zh"])
def test_every_part_of_a_lot_opens_in_both_languages(quality: Browser, batch: str, part: str, language: str) -> None:
    quality.language = language
    answer = quality.get(f"/console/lots/{batch}?part={part}")
    assert answer.status_code == 200, answer.get_data(as_text=True)[-2000:]
    assert "B1" in answer.get_data(as_text=True)


def test_the_page_of_a_lot_shows_what_went_where(quality: Browser, batch: str) -> None:
    page = quality.get(f"/console/lots/{batch}").get_data(as_text=True)
    assert "G-B1" in page and "F-B1" in page and "Clinic One" in page
    shipments = quality.get(f"/console/lots/{batch}?part=shipments").get_data(as_text=True)
    assert "400" in shipments and "Clinic One" in shipments


def test_a_list_that_leaves_the_house_is_recorded(quality: Browser, batch: str, console: Console) -> None:
    answer = quality.get("/console/lots/export?format=csv&text=B1")
    assert answer.status_code == 200
    assert answer.headers["Content-Disposition"].startswith("attachment")
    assert "B1" in answer.get_data(as_text=True)
    with console.database.read() as session:
        noted = export_page(session, ExportFilter()).rows
    assert [(row.kind, row.format, row.filters) for row in noted] == [("lots", "csv", {"text": "B1"})]


def test_the_trace_of_a_lot_is_a_file(quality: Browser, batch: str) -> None:
    rows = json.loads(quality.get(f"/console/lots/{batch}/trace?format=json").get_data())["rows"]
    assert {"B1", "G-B1", "F-B1"} <= {row["number"] for row in rows}
    assert [row["units"] for row in rows if row["side"] == "consignee" and row["consignee"] == "CLINIC"] == ["400"]
    (total,) = [row for row in rows if row["side"] == "consignee_total"]
    assert (total["consignee"], total["quantity"], total["at_least"], total["at_most"]) == ("CLINIC", "400", "400", "400")


def test_the_events_of_a_lot_are_an_epcis_document(quality: Browser, batch: str) -> None:
    document = json.loads(quality.get(f"/console/lots/{batch}/events.json").get_data())
    assert document["type"] == "EPCISDocument"
    assert len(document["epcisBody"]["eventList"]) >= 4


def test_an_unknown_lot_is_not_found(quality: Browser) -> None:
    assert quality.get("/console/lots/" + "0" * 32).status_code == 404
