"""Legal clocks in the console: the rules, the clocks of a case, and how they end."""
from __future__ import annotations

import hashlib
import io

import pytest
from sqlalchemy import select

from tests.factories_cases import STAFF, promoted, world_of
from tests.factories_complaint import make_lots, make_product, scanned
from tests.factories_web import Browser, Console
from traceapp.adverse_event.model import AdverseEvent
from traceapp.adverse_event.service import AssessAdverseEvent, assess_adverse_event
from traceapp.jobs.sweeps import begin_clocks
from traceapp.rules import rules
from traceapp.trace.model import Lot
from traceapp.worklist.clock_model import LegalClock


@pytest.fixture(scope="module")
def lot(console: Console) -> Lot:
    product = make_product(console.database, console.clock)
    return make_lots(console.database, console.clock, product, "20260901")[0]


@pytest.fixture
def quality(console: Console, lot: Lot) -> Browser:
    return console.browser("quality")


def the_clock(console: Console, case: AdverseEvent) -> LegalClock:
    with console.database.read() as session:
        return session.scalars(select(LegalClock).where(LegalClock.about == f"adverse_event:{case.id}")).one()


def end(quality: Browser, case: AdverseEvent, one: LegalClock, **form: object) -> object:
    return quality.post(f"/console/adverse-events/{case.id}/clocks/{one.id}", {"revision": one.revision, **form})


def test_every_rule_stands_on_the_page_with_its_article_and_how_sure_it_is(quality: Browser) -> None:
    page = quality.get("/console/legal-clocks").text
    assert all(rule.id in page for rule in rules())
    assert "SAMR Order 1 (2018) art.25*" in page and "Not verified" in page


def test_rules_are_filtered_by_the_address(quality: Browser) -> None:
    page = quality.get("/console/legal-clocks?authority=AU&kind=device&role=importer").text
    assert "AU-MD-01" in page and "48 hours" in page
    assert "CN-MD-01" not in page
    assert "No such rule" in quality.get("/console/legal-clocks?authority=AU&kind=cosmetic").text


def test_a_case_shows_its_clock_with_reason_and_rule(console: Console, quality: Browser, lot: Lot) -> None:
    case = promoted(console, lot=scanned(lot))
    with console.database.write() as session:
        assess_adverse_event(session, STAFF, console.clock, AssessAdverseEvent(
            case.id, "letter of the hospital", seriousness=("hospitalised",), narrative="Blisters"))
    page = quality.get(f"/console/adverse-events/{case.id}").text
    assert "CN-MD-02" in page and "Serious injury" in page and "20 days" in page
    assert "?do=clock-" in page


def test_a_report_is_ended_with_the_file_and_the_confirmation(console: Console, quality: Browser, lot: Lot) -> None:
    case = promoted(console, lot=scanned(lot))
    one = the_clock(console, case)
    refused = end(quality, case, one, decision="reported", reason="sent", acknowledgement="NMPA-77")
    assert refused.status_code == 422 and "Choose the file that was sent" in refused.text
    sent = b"<report/>"
    done = end(quality, case, one, decision="reported", reason="sent", acknowledgement="NMPA-77",
               sent=(io.BytesIO(sent), "report.xml"))
    assert done.status_code == 303
    kept = the_clock(console, case)
    assert (kept.state, kept.acknowledgement, kept.report_sha256) == (
        "reported", "NMPA-77", hashlib.sha256(sent).hexdigest())
    assert "Reported and confirmed" in quality.get(f"/console/adverse-events/{case.id}").text


def test_no_report_due_needs_a_reason(console: Console, quality: Browser, lot: Lot) -> None:
    case = promoted(console, lot=scanned(lot))
    one = the_clock(console, case)
    assert end(quality, case, one, decision="not_reportable", reason="").status_code == 422
    assert end(quality, case, one, decision="not_reportable", reason="a known mild redness").status_code == 303
    assert the_clock(console, case).reason == "a known mild redness"


def test_operators_see_no_clocks(console: Console, lot: Lot) -> None:
    assert console.browser("operator").get("/console/legal-clocks").status_code == 403


def test_the_sweep_begins_the_clocks_of_older_cases_once(console: Console, lot: Lot) -> None:
    case = promoted(console, lot=scanned(lot))
    with console.database.write() as session:
        session.delete(session.scalars(select(LegalClock).where(
            LegalClock.about == f"adverse_event:{case.id}")).one())
    assert begin_clocks(world_of(console)) >= 1
    assert begin_clocks(world_of(console)) == 0
    assert the_clock(console, case).rule_id == "CN-MD-11"
