"""What is watched and the budget of false alarms, in the console and by API."""
from __future__ import annotations

from datetime import timedelta

import pytest
from sqlalchemy import select

from tests.factories_surveillance import add_complaint
from tests.factories_watch import WatchedHouse, a_watched_house, watch
from tests.factories_web import Console
from tests.http_clients import ApiClient
from traceapp.audit.model import AuditEntry
from traceapp.signals.budget import DEFAULT_WEIGHTS
from traceapp.surveillance.budget import KINDS
from traceapp.surveillance.judging import Judgement, Standing
from traceapp.web.console.watching import standing_words


@pytest.fixture(scope="module")
def house(console: Console) -> WatchedHouse:
    """Four lots of one raw lot under watch, the second with two reports."""
    with console.database.write() as session:
        made = a_watched_house(session, console.clock.now() - timedelta(days=40), lots=4, raws=1)
        for _ in range(2):
            add_complaint(session, made.lots[1], console.clock.now() - timedelta(days=1), consignee_id="c1")
    watch(console.database, console.clock)
    return made


def test_the_list_shows_what_is_watched_the_nearest_to_its_line_first_and_narrows(
        console: Console, house: WatchedHouse) -> None:
    browser = console.browser("quality")
    page = browser.get("/console/watched?lang=en").text
    assert page.index("L01") < page.index("L00")
    narrowed = browser.get("/console/watched?kind=upstream").text
    assert "R0" in narrowed
    assert "L01" not in narrowed
    assert "R0" not in browser.get("/console/watched?near=0.8").text
    assert console.browser("operator").get("/console/watched").status_code == 403


@pytest.mark.parametrize(("observed", "nearness", "said"), [
    (1, 0.0, "As expected"), (5, 0.4, "Below its line"), (8, 0.96, "Near its line")])
def test_more_than_expected_is_not_called_as_expected(
    console: Console, observed: int, nearness: float, said: str
) -> None:
    with console.app.test_request_context("/?lang=en"):
        assert str(standing_words(Judgement(Standing.quiet, observed, 1.2, 1.0, nearness))[0]) == said


def test_the_page_of_a_node_shows_its_numbers_and_its_lots(console: Console, house: WatchedHouse) -> None:
    api = ApiClient(console.app, console.database, console.clock, "quality")
    rows = api.get("/watched-nodes?kind=upstream&group=harm")["rows"]
    assert [(row["name"], row["observed"], row["lots"]) for row in rows] == [("R0", 2, 4)]
    page = console.browser("quality").get(f"/console/watched/{rows[0]['node_key']}?lang=en").text
    assert "As of today: 2 reports where" in page and "As of today: 0 reports where" in page
    for text in ("R0", "L00", "L03", "Alarm line", "nothing: it is taken as known"):
        assert text in page
    assert console.browser("quality").get("/console/watched/none").status_code == 404


def test_the_interface_pages_through_every_test_once(console: Console, house: WatchedHouse) -> None:
    api = ApiClient(console.app, console.database, console.clock, "quality")
    total, seen, after = api.get("/watched-nodes")["total"], [], ""
    while True:
        page = api.get(f"/watched-nodes?limit=3{after}")
        seen += [(row["node_key"], row["group"]) for row in page["rows"]]
        if not page["next"]:
            break
        after = f"&after={page['next']}"
    assert len(seen) == len(set(seen)) == total
    assert api.get("/watched-nodes?least_observed=2&kind=lot&group=harm")["total"] == 1


def test_the_interface_reads_a_node_with_its_curves(console: Console, house: WatchedHouse) -> None:
    api = ApiClient(console.app, console.database, console.clock, "quality")
    node = api.get(f"/watched-nodes/{house.lots[1].lot_key}")
    test = node["tests"]["harm"]
    assert (test["observed"], test["curve"]["observed"][-1]) == (2, 2)
    assert test["curve"]["expected"][-1] == pytest.approx(test["expected"], rel=1e-4)
    assert node["lots"][0]["number"] == "L01"


def test_quality_sets_the_budget_and_what_runs_keeps_its_part(console: Console, house: WatchedHouse) -> None:
    browser = console.browser("quality")
    page = browser.get("/console/false-alarms?lang=en").text
    assert "stated default" in page
    fields = {f"weight-{kind}": f"{DEFAULT_WEIGHTS[kind]:g}" for kind in KINDS}
    form = fields | {"per_hundred_lots": "2", "reason": "we look at all of them", "revision": "0", "form_token": "a"}
    assert browser.post("/console/false-alarms", form | {"weight-lot": "90"}).status_code == 422
    assert browser.post("/console/false-alarms", form).status_code == 303
    assert browser.post("/console/false-alarms", form | {"reason": "again", "form_token": "b"}).status_code == 412
    api = ApiClient(console.app, console.database, console.clock, "quality")
    state = api.get("/false-alarm-budget")
    assert (state["promise"]["version"], state["promise"]["per_hundred_lots"], state["promised"]) == (1, 2.0, 2.0)
    before = state["spent"]
    assert 0 < before < 1
    watch(console.database, console.clock)
    assert api.get("/false-alarm-budget")["spent"] == before
    with console.database.read() as session:
        assert session.scalars(select(AuditEntry.action)).all().count("false_alarm_budget.set") == 1


def test_the_interface_sets_the_budget_against_the_version_that_was_seen(console: Console) -> None:
    api = ApiClient(console.app, console.database, console.clock, "quality_manager")
    seen = api.get("/false-alarm-budget")["promise"]["version"]
    body = {"per_hundred_lots": 0.5, "weights": dict(DEFAULT_WEIGHTS), "reason": "fewer", "seen_version": seen}
    assert api.post("/false-alarm-budget", body)["version"] == seen + 1
    api.call("POST", "/false-alarm-budget", body | {"reason": "fewer still"}, status=412)
