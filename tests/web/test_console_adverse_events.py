"""Adverse events in the console: list, assessment, versions, acts."""
from __future__ import annotations

import csv
import io

import pytest
from sqlalchemy import event, select

from tests.factories_cases import assessed, promoted
from tests.factories_complaint import make_lots, make_product, scanned
from tests.factories_web import Browser, Console
from traceapp.adverse_event.model import AdverseEvent
from traceapp.submission.model import ExportRecord
from traceapp.trace.model import Lot
from traceapp.vault.service import PersonDetails


@pytest.fixture(scope="module")
def lot(console: Console) -> Lot:
    product = make_product(console.database, console.clock)
    return make_lots(console.database, console.clock, product, "20260901")[0]


@pytest.fixture
def quality(console: Console, lot: Lot) -> Browser:
    return console.browser("quality")


def path(case: AdverseEvent, act: str = "") -> str:
    return f"/console/adverse-events/{case.id}{act}"


def stored(console: Console, case: AdverseEvent) -> AdverseEvent:
    with console.database.read() as session:
        return session.scalars(select(AdverseEvent).where(AdverseEvent.id == case.id)).one()


ASSESSMENT = {"narrative": "Blisters for a week.", "terms": ["blister"], "onset_on": "2026-11-19",
              "onset_precision": "day", "age_band": "18-44", "sex": "female", "outcome": "recovering",
              "causality": "probable", "use_text": "on dry skin", "reason": "follow-up by telephone"}


def test_a_draft_leads_to_its_assessment_which_begins_as_it_was_reported(console: Console, quality: Browser, lot: Lot) -> None:
    case = promoted(console, lot=scanned(lot), narrative="red after an hour")
    page = quality.get(path(case)).get_data(as_text=True)
    assert path(case, "/assess") in page and "red after an hour" in page and "Due in" in page
    form = quality.get(path(case, "/assess")).get_data(as_text=True)
    assert "Save the assessment" in form and "red after an hour" in form


def test_an_assessment_that_contradicts_itself_is_refused_with_everything_still_there(console: Console,
                                                                                      quality: Browser,
                                                                                      lot: Lot) -> None:
    case = promoted(console, lot=scanned(lot))
    answer = quality.post(path(case, "/assess"), ASSESSMENT | {"outcome": "fatal", "revision": case.revision})
    page = answer.get_data(as_text=True)
    assert answer.status_code == 422 and "Blisters for a week." in page and "“death” must be among" in page
    assert stored(console, case).state == "draft"


def test_a_new_assessment_shows_field_by_field_what_it_changed(console: Console, quality: Browser, lot: Lot) -> None:
    case = promoted(console, lot=scanned(lot))
    assert quality.post(path(case, "/assess"), ASSESSMENT | {"revision": case.revision}).status_code == 303
    page = quality.get(path(case, "/history")).get_data(as_text=True)
    changes = page[page.index("Change 1"):]
    for text in ("follow-up by telephone", "Not known", "Recovering", "Probable", "Blisters for a week."):
        assert text in changes, text
    assert stored(console, case).causality == "probable"


def test_a_stale_assessment_is_told_so_and_loses_nothing(console: Console, quality: Browser, lot: Lot) -> None:
    case = promoted(console, lot=scanned(lot))
    answer = quality.post(path(case, "/assess"), ASSESSMENT | {"revision": case.revision + 5})
    assert answer.status_code == 412
    assert "Blisters for a week." in answer.get_data(as_text=True)


def test_nullifying_needs_a_reason_and_takes_it_out_of_the_listing(console: Console, quality: Browser,
                                                                  lot: Lot) -> None:
    case = assessed(console, lot=scanned(lot))
    form = {"action": "nullify", "reason": "", "revision": case.revision}
    said, manager = {"reason": "another maker's plaster"}, console.browser("quality_manager")
    refused = quality.post(path(case, "/change"), form | said)
    assert refused.status_code == 403 and "quality manager nullifies it" in refused.get_data(as_text=True)
    offer = f"{path(case)}?do=nullify"
    assert offer in manager.get(path(case)).get_data(as_text=True)
    assert offer not in quality.get(path(case)).get_data(as_text=True)
    assert manager.post(path(case, "/change"), form).status_code == 422
    assert manager.post(path(case, "/change"), form | said).status_code == 303
    assert case.reference not in quality.get("/console/adverse-events").get_data(as_text=True)
    assert "another maker&#39;s plaster" in quality.get(path(case, "/history")).get_data(as_text=True)


def test_the_listing_leaves_without_names_and_with_its_hash_recorded(console: Console, quality: Browser,
                                                                    lot: Lot) -> None:
    case = assessed(console, narrative="Told by 13900000003, ann@example.com", lot=scanned(lot),
                    contact=PersonDetails(name="Zhang San", phone="13900000003"))
    answer = quality.get("/console/adverse-events?format=csv&lot=20260901&serious=no")
    text = answer.get_data().decode("utf-8-sig")
    assert case.reference in {row["Reference"] for row in csv.DictReader(io.StringIO(text))}
    assert "13900000003" not in text and "ann@example.com" not in text and "Zhang San" not in text
    with console.database.read() as session:
        record = session.scalars(select(ExportRecord).where(ExportRecord.kind == "adverse_events")).one()
    assert record.sha256 == answer.headers["X-Content-SHA256"] and record.filters["lot"] == "20260901"


def test_the_list_asks_as_many_questions_for_many_as_for_few(console: Console, quality: Browser, lot: Lot) -> None:
    assessed(console, lot=scanned(lot))
    asked: list[str] = []
    event.listen(console.database.engine, "before_cursor_execute", lambda *a: asked.append(a[2]))
    quality.get("/console/adverse-events")
    few = len(asked)
    for _ in range(8):
        promoted(console, lot=scanned(lot))
    asked.clear()
    assert quality.get("/console/adverse-events").get_data(as_text=True).count("AE-") >= 9
    assert len(asked) == few


def test_a_regulator_is_not_let_into_the_console(console: Console, lot: Lot) -> None:
    case = assessed(console, lot=scanned(lot))
    regulator = console.browser("regulator")
    assert regulator.get("/console/adverse-events").status_code == 403
    assert regulator.get(path(case)).status_code == 403


def test_the_pages_read_in_chinese(console: Console, quality: Browser, lot: Lot) -> None:
    case = assessed(console, lot=scanned(lot))
    quality.language = "zh"
    assert "不良事件" in quality.get("/console/adverse-events").get_data(as_text=True)
    page = quality.get(path(case)).get_data(as_text=True)
    assert "很可能" in page and "Causality" not in page
