"""What the nightly screen found, as quality reads it: in the console, as a file, and by the interface."""
from __future__ import annotations

import re
from datetime import timedelta

import pytest

from tests.factories_surveillance import add_complaint, add_lot, add_product
from tests.factories_web import Browser, Console
from tests.http_clients import ApiClient
from traceapp.surveillance.screening import keep_screening, screen_product
from traceapp.trace.model import Lot


@pytest.fixture(scope="module")
def blistering(console: Console) -> Lot:
    """One of fifteen lots with nine blisters, and two kinds of complaint spread over all; six of the blisters came
    yesterday. Screened."""
    with console.database.write() as session:
        product = add_product(session, console.clock.now(), "SC")
        lots = [add_lot(session, product, f"SC-{number}", 500, console.clock.now()) for number in range(15)]
        at = console.clock.now() - timedelta(days=60)
        for lot in lots:
            for term in ("itching", "redness", "itching", "redness"):
                at += timedelta(minutes=1)
                add_complaint(session, lot, at, terms=[term])
        for number in range(9):
            at += timedelta(minutes=1)
            add_complaint(session, lots[4], at if number < 3 else console.clock.now() - timedelta(days=1),
                          terms=["blister"])
    with console.database.read() as session:
        found = screen_product(session, product.id, console.clock.now().date())
    with console.database.write() as session:
        keep_screening(session, console.clock, found)
    return lots[4]


@pytest.fixture
def quality(console: Console, blistering: Lot) -> Browser:
    return console.browser("quality")


def test_only_what_stands_out_is_listed_unless_all_is_asked_for(quality: Browser) -> None:
    page = quality.get("/console/signals/screen").get_data(as_text=True)
    assert "SC-4" in page and "SC-3" not in page and "from 69 complaints" in page
    everything = quality.get("/console/signals/screen?show=all&sort=expected").get_data(as_text=True)
    assert "SC-4" in everything and "SC-3" in everything


def test_what_jumped_yesterday_stands_below_with_its_day(quality: Browser, console: Console) -> None:
    below = quality.get("/console/signals/screen").get_data(as_text=True).partition('id="jumps"')[2]
    yesterday = console.clock.now() - timedelta(days=1)
    assert f"{yesterday.day} {yesterday:%b %Y}" in below and "Blister" in below and "Nothing jumped" not in below


def test_a_list_goes_on_over_pages_sorted_by_a_figure(quality: Browser, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("traceapp.web.console.signal_screen.PAGE_ROWS", 20)
    first = quality.get("/console/signals/screen?show=all")
    following = re.findall('href="([^"]+)" rel="next"', first.get_data(as_text=True))[0].replace("&amp;", "&")
    second = quality.get(following).get_data(as_text=True).partition('id="jumps"')[0]
    assert "SC-4" in first.get_data(as_text=True) and second.count('role="row"') == 1 + 31 - 20


def test_the_file_holds_every_measure_and_the_interface_says_the_same(quality: Browser, console: Console,
                                                                    blistering: Lot) -> None:
    text = quality.get("/console/signals/screen?format=csv").get_data(as_text=True)
    assert text.splitlines()[1].count("SC-4") == 1 and len(text.splitlines()) == 2
    machine = ApiClient(console.app, console.database, console.clock, "quality")
    found = machine.get("/screen?only_flagged=true")["rows"]
    assert [(one["lot_key"], one["term"], one["reports"], one["prr"]) for one in found] == [
        (blistering.lot_key, "blister", 9, None)]
    runs = machine.get("/screen/runs")["runs"]
    assert [(run["reports"], run["is_fitted"]) for run in runs] == [(69, False)]


def test_a_task_leads_to_the_rows_of_its_batch(quality: Browser, blistering: Lot) -> None:
    page = quality.get("/console/today").get_data(as_text=True)
    assert f"/console/signals/screen?lot={blistering.lot_key}" in page
    assert "SC-4" in quality.get(f"/console/signals/screen?lot={blistering.lot_key}").get_data(as_text=True)
