"""Periodic reports in the console and by API: from the period that began by itself to the authority's confirmation."""
from __future__ import annotations

import io
from datetime import UTC, date, datetime

import pytest
from sqlalchemy import select

from tests.factories import PASSWORD
from tests.factories_cases import world_of
from tests.factories_complaint import make_product
from tests.factories_web import Browser, Console
from tests.http_clients import ApiClient
from traceapp.catalog.model import Product
from traceapp.catalog.registrations import NewRegistration, register_product
from traceapp.core.actor import Actor
from traceapp.identity.policy import permissions_of
from traceapp.jobs.sweeps import follow_product_markets
from traceapp.submission.periodic_reporting import period_rows
from traceapp.submission.report_model import Report
from traceapp.worklist.clock_model import LegalClock

BOSS = Actor(id="u-boss", role="quality_manager", name="Boss", scopes=permissions_of("quality_manager"))
PDF = b"%PDF-1.7 written on by people"


@pytest.fixture(scope="module")
def product(console: Console) -> Product:
    return make_product(console.database, console.clock, "PER")


@pytest.fixture
def clock(console: Console, product: Product) -> LegalClock:
    """A clock of a period that runs: a market of its own for each test."""
    with console.database.read() as session:
        number = len(period_rows(session, product.id))
    with console.database.write() as session:
        made = register_product(session, BOSS, console.clock, product.id, NewRegistration(
            "CN", f"R{number}", "II", first_registered_on=date(2025, 10, 20)))
    follow_product_markets(world_of(console))
    with console.database.read() as session:
        (found,) = [row for row in period_rows(session, product.id) if row.registration.id == made.id]
    return found.clock


def again(console: Console, one: LegalClock) -> LegalClock:
    with console.database.read() as session:
        return session.get_one(LegalClock, one.id)


def latest(console: Console, one: LegalClock) -> Report:
    with console.database.read() as session:
        return session.scalars(select(Report).where(Report.about == one.about).order_by(Report.version.desc())).first()  # type: ignore[return-value]


def prepare(browser: Browser, one: LegalClock, **values: object) -> int:
    return browser.post(f"/console/reports/periods/{one.id}", {"form_token": f"{one.id}{sorted(values)}"} | values
                        ).status_code


def act(browser: Browser, report: Report, name: str, **values: object) -> int:
    return browser.post(f"/console/reports/{report.id}/{name}", {
        "revision": report.revision, "form_token": f"{name}{report.id}{sorted(values)}", **values}).status_code


def sent(console: Console, one: LegalClock) -> Report:
    quality, manager = console.browser("quality"), console.browser("quality_manager")
    assert act(quality, latest(console, one), "check") == 303
    assert act(manager, latest(console, one), "approve", password=PASSWORD) == 303
    assert act(quality, latest(console, one), "send", channel="web portal", sent_at="2026-11-22T16:00") == 303
    return latest(console, one)


def test_the_clock_ends_when_the_authority_has_confirmed_the_report_and_runs_again_when_it_refuses(
        console: Console, product: Product, clock: LegalClock) -> None:
    quality = console.browser("quality")
    assert prepare(quality, clock, form="docx") == 303
    report = latest(console, clock)
    page = quality.get(f"/console/reports/{report.id}").text
    assert "Periodic safety report" in page and f"/console/reports/periods/{clock.id}" in page and "do=renew" not in page
    assert act(quality, report, "renew") == 409
    assert prepare(quality, clock, form="pdf") == 409
    report = sent(console, clock)
    assert (report.number, report.due_at) == ("PER-CN-20251020-20261019", clock.due_at)
    assert act(quality, report, "answer", verdict="accepted", number="A-1") == 303
    ended = again(console, clock)
    assert (ended.state, ended.acknowledgement, ended.report_sha256) == ("reported", "A-1", report.sha256)
    assert act(quality, latest(console, clock), "answer", verdict="rejected", text="table 3 is empty") == 303
    assert again(console, clock).state == "running"
    assert prepare(quality, clock, form="file", file=(io.BytesIO(PDF), "mended.pdf")) == 303
    again_sent = sent(console, clock)
    assert (again_sent.version, again_sent.earlier_id, again_sent.format) == (2, report.id, "pdf")
    assert act(quality, again_sent, "answer", verdict="accepted", number="A-2") == 303
    assert again(console, clock).state == "reported"


def test_the_period_stands_on_the_pages_of_product_reports_and_tasks(
        console: Console, product: Product, clock: LegalClock) -> None:
    quality = console.browser("quality")
    address = f"/console/reports/periods/{clock.id}"
    for path in (f"/console/products/{product.id}", "/console/reports", "/console/reports/periodic", "/console/today"):
        assert address in quality.get(path).text, path
    assert "PER · 20 Oct 2025 – 19 Oct 2026" in quality.get("/console/reports").text
    page = quality.get(address).text
    assert f"product={product.id}&amp;since=2025-10-20&amp;until=2026-10-19" in page and "CN-MD-10" in page
    assert console.browser("operator").get(address).status_code == 403
    assert "/console/reports/periods/" not in console.browser("operator").get(f"/console/products/{product.id}").text
    assert quality.get("/console/reports/periods/none").status_code == 404


def test_a_question_about_a_market_leads_to_its_product(console: Console, product: Product) -> None:
    with console.database.write() as session:
        register_product(session, BOSS, console.clock, product.id, NewRegistration("JP", "J1"))
    follow_product_markets(world_of(console))
    page = console.browser("quality").get("/console/today").text
    assert "No rule is known" in page and f"/console/products/{product.id}#markets" in page


def test_a_file_that_is_no_document_is_refused_at_its_field(console: Console, clock: LegalClock) -> None:
    quality = console.browser("quality")
    for content in (b"hello", b"PK\x03\x04 a table"):
        answer = quality.post(f"/console/reports/periods/{clock.id}", {
            "form": "file", "form_token": repr(content), "file": (io.BytesIO(content), "x.docx")})
        assert answer.status_code == 422 and "Choose a Word document or a PDF." in answer.text
    assert prepare(quality, clock, form="file") == 422


def test_a_person_ends_the_clock_of_a_report_that_went_another_way(console: Console, clock: LegalClock) -> None:
    quality = console.browser("quality")
    assert "The file that was sent" in quality.get(f"/console/reports/periods/{clock.id}?do=clock-{clock.id}").text
    assert quality.post(f"/console/reports/periods/{clock.id}/end", {
        "decision": "not_reportable", "reason": "first cycle is over", "revision": clock.revision,
        "form_token": clock.id}).status_code == 303
    assert again(console, clock).state == "not_reportable"
    assert prepare(quality, clock, form="docx") == 409


def test_the_interface_lists_periods_and_prepares_their_reports(
        console: Console, product: Product, clock: LegalClock) -> None:
    api = ApiClient(console.app, console.database, console.clock, "quality")
    rows = api.get(f"/periodic-clocks?product_id={product.id}&only_running=true")
    (row,) = [one for one in rows if one["clock"]["id"] == clock.id]
    assert (row["first_on"], row["last_on"], row["market"], row["report"]) == ("2025-10-20", "2026-10-19", "CN", None)
    made = api.upload(f"/periodic-clocks/{clock.id}/reports", {"file": (io.BytesIO(PDF), "a.pdf")})
    assert (made["form"], made["about"], made["adverse_event_id"]) == ("periodic", clock.about, None)
    assert api.upload(f"/periodic-clocks/{clock.id}/reports", {}, 409)["code"] == "report-open"
    assert datetime.fromisoformat(made["due_at"]) == clock.due_at > datetime(2026, 12, 1, tzinfo=UTC)
