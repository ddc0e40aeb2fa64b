"""Markets of a product in the console and by the interface, and why an authority is asked."""
from __future__ import annotations

import io
from datetime import timedelta

import pytest

from tests.factories_cases import STAFF, promoted, world_of
from tests.factories_complaint import make_lots, make_product, scanned
from tests.factories_recall import make_house, running
from tests.factories_web import Browser, Console
from tests.http_clients import ApiClient
from traceapp.adverse_event.service import AssessAdverseEvent, assess_adverse_event
from traceapp.catalog.markets import registrations_of
from traceapp.catalog.model import Product
from traceapp.jobs.sweeps import follow_product_markets
from traceapp.recall.model import Recall
from traceapp.rules import Kind, Role, Situation, Trigger
from traceapp.trace.model import Lot
from traceapp.worklist.clock_model import LegalClock
from traceapp.worklist.legal_clocks import Subject, run_clocks


@pytest.fixture(scope="module")
def product(console: Console) -> Product:
    return make_product(console.database, console.clock)


@pytest.fixture(scope="module")
def lot(console: Console, product: Product) -> Lot:
    return make_lots(console.database, console.clock, product, "20260901")[0]


@pytest.fixture(scope="module")
def recall(console: Console) -> Recall:
    return running(console.database, console.clock, make_house(console.database, console.clock))


@pytest.fixture
def quality(console: Console) -> Browser:
    return console.browser("quality")


def test_a_market_is_entered_shown_and_changed(console: Console, quality: Browser, product: Product) -> None:
    new = f"/console/products/{product.id}/registrations/new"
    wrong = quality.submit(new, {"market": "USA", "fda_product_code": "K1"})
    assert wrong.status_code == 422 and 'id="e-market"' in wrong.text
    done = quality.submit(new, {"market": "us", "number": "D-1", "risk_class": "I", "fda_product_code": "kgx",
                                "marketed_from": "2025-03-01"})
    assert done.status_code == 303
    page = quality.get(done.headers["Location"]).text
    assert "United States" in page and "D-1" in page and "Market added" in page
    with console.database.read() as session:
        (kept,) = [one for one in registrations_of(session, product.id) if one.market == "US"]
    assert kept.fda_product_code == "KGX"
    change = f"/console/products/{product.id}/registrations/{kept.id}/change"
    assert 'value="2025-03-01"' in quality.get(change).text
    assert quality.submit(change, {"number": "D-2", "marketed_from": "2025-03-01"}).status_code == 303
    with console.database.read() as session:
        assert [one.number for one in registrations_of(session, product.id) if one.market == "US"] == ["D-2"]


def test_an_operator_cannot_enter_a_market(console: Console, product: Product) -> None:
    assert console.browser("operator").get(f"/console/products/{product.id}/registrations/new").status_code == 403


def test_a_case_says_that_an_authority_is_asked_because_the_product_is_sold_there(
        console: Console, quality: Browser, product: Product, lot: Lot) -> None:
    client = ApiClient(console.app, console.database, console.clock, "quality")
    client.post(f"/products/{product.id}/registrations", {"market": "AU", "risk_class": "I"})
    case = promoted(console, lot=scanned(lot))
    with console.database.write() as session:
        assess_adverse_event(session, STAFF, console.clock, AssessAdverseEvent(
            case.id, "letter of the hospital", seriousness=("hospitalised",), narrative="Blisters"))
    page = quality.get(f"/console/adverse-events/{case.id}").text
    assert "AU-MD-02" in page and "because sold there" in page and "we are at home there" in page
    assert "end the clock with the reason where it does not" in page
    grounds = {one["rule_id"]: one["ground"] for one in client.get(f"/adverse-events/{case.id}/clocks")}
    assert grounds["AU-MD-02"] == "sold" and grounds["CN-MD-02"] == "home"


def test_a_clock_without_a_day_by_law_gets_one_once(console: Console, quality: Browser, lot: Lot) -> None:
    case = promoted(console, lot=scanned(lot))
    planned = Situation("CN", frozenset({Kind.device}), frozenset({Role.registrant}), frozenset({Trigger.recall_planned}))
    with console.database.write() as session:
        (one,) = run_clocks(session, STAFF, console.clock, Subject(f"adverse_event:{case.id}", case.reference), planned,
                            console.clock.now())
    here = f"/console/adverse-events/{case.id}"
    assert "Set the day" in quality.get(f"{here}?do=day-{one.id}").text
    day = (console.clock.now() + timedelta(days=10)).date().isoformat()
    past = quality.post(f"{here}/clocks/{one.id}/day", {"revision": one.revision, "last_day": "2020-01-01", "reason": "x"})
    assert past.status_code == 422 and "This day is past." in past.text
    done = quality.post(f"{here}/clocks/{one.id}/day", {"revision": one.revision, "last_day": day, "reason": "the plan"})
    assert done.status_code == 303
    with console.database.read() as session:
        kept = session.get_one(LegalClock, one.id)
        assert kept.has_limit and kept.due_at.isoformat() == f"{day}T15:59:59+00:00"
    again = quality.post(f"{here}/clocks/{one.id}/day", {"revision": kept.revision, "last_day": day, "reason": "again"})
    assert again.status_code == 409


def test_a_recall_shows_its_clocks_and_ends_them(console: Console, recall: Recall) -> None:
    browser, here = console.browser("quality"), f"/console/recalls/{recall.id}"
    page = browser.get(here).text
    assert all(rule in page for rule in ("CN-MR-02", "CN-MR-04", "CN-MR-06")) and "Recall decided, class II" in page
    client = ApiClient(console.app, console.database, console.clock, "quality")
    one = next(row for row in client.get(f"/recalls/{recall.id}/clocks") if row["rule_id"] == "CN-MR-02")
    form = f"{here}/clocks/{one['id']}"
    assert browser.get(f"{here}?do=clock-{one['id']}").text.count(f'action="{form}"') == 1
    refused = browser.post(form, {"revision": "1", "decision": "reported", "reason": "told"})
    assert refused.status_code == 422 and "Choose the file that was sent" in refused.text
    done = browser.post(form, {"revision": "1", "decision": "reported", "reason": "told", "acknowledgement": "N-1",
                               "sent": (io.BytesIO(b"notice"), "notice.pdf")})
    assert done.status_code == 303 and done.headers["Location"] == f"{here}#clocks"
    assert "N-1" in browser.get(here).text


def test_a_running_recall_takes_further_batches_in_the_same_case(console: Console, recall: Recall) -> None:
    browser, here = console.browser("quality"), f"/console/recalls/{recall.id}"
    assert "nothing can be taken out" in browser.get(f"{here}?do=extend").text
    assert browser.post(f"{here}/extend", {"reason": ""}).status_code == 422
    assert browser.post(f"{here}/extend", {"reason": "P-9 shows the same"}).status_code == 303
    page = browser.get(f"{here}?part=scope").text
    assert "add_number" in page and "Submit for approval" in page


def test_a_manager_decides_that_cases_belong_together(console: Console, quality: Browser, lot: Lot) -> None:
    case = promoted(console, lot=scanned(lot))
    here = f"/console/adverse-events/{case.id}"
    assert "do=decide" not in quality.get(here).text
    manager = console.browser("quality_manager")
    assert "do=decide" in manager.get(here).text
    typed = {**manager.hidden(f"{here}?do=decide"), "kind": "group_event"}
    refused = manager.post(f"{here}/decide", {**typed, "reason": ""})
    assert refused.status_code == 422 and "Decide for the whole case" in refused.text
    done = manager.post(f"{here}/decide", {**typed, "form_token": "another", "reason": "three on one ward"})
    assert done.status_code == 303
    page = manager.get(here).text
    assert "CN-MD-05" in page and "three on one ward" in page and "Several persons at one place" in page
    client = ApiClient(console.app, console.database, console.clock, "quality_manager")
    (kept,) = client.get(f"/adverse-events/{case.id}/decisions")
    assert kept["kind"] == "group_event"


def test_a_market_entered_late_begins_its_clocks_for_open_cases_and_running_recalls(
        console: Console, product: Product, lot: Lot, recall: Recall) -> None:
    client = ApiClient(console.app, console.database, console.clock, "quality")
    case = promoted(console, lot=scanned(lot))
    recalled = {row["product_id"] for row in client.get(f"/recalls/{recall.id}/scope")}
    before = {one["jurisdiction"] for one in client.get(f"/recalls/{recall.id}/clocks")}
    for one in {product.id} | recalled:
        client.post(f"/products/{one}/registrations", {"market": "BR"})
    assert follow_product_markets(world_of(console)) >= 2 and follow_product_markets(world_of(console)) == 0
    begun = [one for one in client.get(f"/adverse-events/{case.id}/clocks") if one["jurisdiction"] == "BR"]
    assert [one["ground"] for one in begun] == ["sold"]
    assert {one["jurisdiction"] for one in client.get(f"/recalls/{recall.id}/clocks")} == before | {"BR"}
