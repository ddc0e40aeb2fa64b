"""The form of an assessment: it asks for what the product's kind needs, keeps what was typed, and ticks nothing itself."""
from __future__ import annotations

import re

import pytest
from sqlalchemy import select

from tests.factories_cases import assessed, promoted
from tests.factories_complaint import make_lots, make_product, scanned
from tests.factories_web import Browser, Console
from tests.web.test_console_adverse_events import ASSESSMENT, path, stored
from traceapp.adverse_event.details import fields
from traceapp.trace.model import Lot
from traceapp.vault.model import PersonAccess
from traceapp.vault.service import PersonDetails

FILLED = {"details-age": "62", "details-age_unit": "a", "details-history": "diabetes", "details-died_on": "2026-11",
          "details-is_available": "no", "details-remedial_actions": ["recall", "notification"],
          "details-codes_a": "A0401 A0402", "details-device_item_1": "yes", "details-device_item_2": "yes",
          "details-device_item_3": "no"}


WITHOUT_MEDDRA = {name for name, field in fields().items() if field.type not in ("meddra", "release")}


@pytest.fixture(scope="module")
def lots(console: Console) -> dict[str, Lot]:
    return {kind: make_lots(console.database, console.clock, make_product(
        console.database, console.clock, f"P-{kind}", kind), f"LOT-{kind}")[0] for kind in ("device", "drug")}


@pytest.fixture
def quality(console: Console) -> Browser:
    return console.browser("quality")


def asked_for(page: str) -> set[str]:
    """The details that a form asks for; a field that takes codes has a box to search them, one of rows a button."""
    found = re.findall(r'name="(?:details|find)-(\w+)"|name="more" value="(\w+)"', page)
    return {one or other for one, other in found}


def test_the_form_asks_for_what_the_kind_of_product_needs(
        console: Console, quality: Browser, lots: dict[str, Lot]) -> None:
    for kind, lot in lots.items():
        page = quality.get(path(promoted(console, lot=scanned(lot)), "/assess")).get_data(as_text=True)
        assert asked_for(page) == {name for name in WITHOUT_MEDDRA if fields()[name].is_asked_for(kind)}
        assert ("import the release that you hold a licence for" in page) == (kind == "drug")
    unknown = quality.get(path(promoted(console), "/assess")).get_data(as_text=True)
    assert asked_for(unknown) == WITHOUT_MEDDRA


def test_what_was_filled_in_is_kept_and_stands_in_the_form_again(
        console: Console, quality: Browser, lots: dict[str, Lot]) -> None:
    case = promoted(console, lot=scanned(lots["device"]))
    assert quality.post(path(case, "/assess"), ASSESSMENT | FILLED | {
        "revision": case.revision, "expectedness": "expected", "onset_on": "2026-11"}).status_code == 303
    now = stored(console, case)
    assert now.details == {
        "age": "62", "age_unit": "a", "history": "diabetes", "died_on": "2026-11", "is_available": False,
        "remedial_actions": ["recall", "notification"], "codes_a": ["A0401", "A0402"], "device_item_1": "yes",
        "device_item_2": "yes", "device_item_3": "no"}
    assert (now.expectedness, now.onset_precision) == ("expected", "month")
    again = quality.get(path(case, "/assess")).get_data(as_text=True)
    assert 'value="2026-11"' in again and "3 fields filled in" in again
    assert re.findall(r'value="([^"]+)" checked', again) == [
        "blister", "probable", "expected", "A0401", "A0402", "recall", "notification"]
    page = quality.get(path(case)).get_data(as_text=True)
    assert "Chinese scheme, three questions" in page and "diabetes" in page and "Recall, Notice to users" in page


def test_a_refused_form_keeps_everything_and_opens_the_part_with_the_fault(
        console: Console, quality: Browser, lots: dict[str, Lot]) -> None:
    case = promoted(console, lot=scanned(lots["device"]))
    answer = quality.post(path(case, "/assess"), ASSESSMENT | FILLED | {
        "revision": case.revision, "details-first_handling": "washed", "details-use_ended_on": "31 Nov"})
    page = answer.get_data(as_text=True)
    assert answer.status_code == 422 and "Used until: “31 Nov” is not a date" in page
    assert "diabetes" in page and "washed" in page and "Blisters for a week." in page and 'value="31 Nov"' in page
    assert re.search(r'<details class="part" open><summary><h2 id="g-use">', page)
    assert stored(console, case).state == "draft"


@pytest.mark.parametrize("onset", ["soon", "2026-13", "2026-11-31"])
def test_a_beginning_that_is_no_date_is_refused_at_its_field(
        console: Console, quality: Browser, lots: dict[str, Lot], onset: str) -> None:
    case = promoted(console, lot=scanned(lots["device"]))
    answer = quality.post(path(case, "/assess"), ASSESSMENT | {"revision": case.revision, "onset_on": onset})
    assert answer.status_code == 422 and 'href="#f-onset_on"' in answer.get_data(as_text=True)


def test_what_the_texts_mention_is_shown_with_its_words_and_nothing_is_ticked(
        console: Console, quality: Browser, lots: dict[str, Lot]) -> None:
    case = promoted(console, lot=scanned(lots["device"]), terms=("rash",),
                    narrative="皮肤红肿，没有水泡。 Was it an infection? I fear bleeding.")
    page = quality.get(path(case, "/assess")).get_data(as_text=True)
    beside = page[page.index("The texts mention"):]
    assert "“皮肤红”" in beside and "“肿”" in beside and re.search(r'<label class="lk" for="f-terms(-\d+)?">Tick', beside)
    assert re.search("水泡.*Denied", beside) and "Only asked or feared" in beside
    assert re.findall(r'name="terms" value="(\w+)" checked', page) == ["rash"]
    target = re.search(r'Redness <label class="lk" for="(f-terms[-\d]*)">', beside)
    assert target and f'id="{target[1]}" name="terms" value="redness"' in page


def test_news_and_corrections_are_told_apart_and_shown_in_the_history(
        console: Console, quality: Browser, lots: dict[str, Lot]) -> None:
    case = assessed(console, lot=scanned(lots["device"]))
    form = ASSESSMENT | {"revision": case.revision, "kind": "followup", "learned_at": "2031-01-01T10:00"}
    refused = quality.post(path(case, "/assess"), form)
    assert refused.status_code == 422 and 'href="#f-learned_at"' in refused.get_data(as_text=True)
    assert quality.post(path(case, "/assess"), form | {"learned_at": ""}).status_code == 303
    page = quality.get(path(case, "/history")).get_data(as_text=True)
    unsaid = quality.post(path(case, "/assess"), ASSESSMENT | {"revision": case.revision + 1, "is_again": "1"})
    assert unsaid.status_code == 422 and 'href="#f-kind"' in unsaid.get_data(as_text=True)
    assert "Change 2 · News" in page and "we learned of it" in page and "follow-up by telephone" in page


def test_a_closed_case_has_no_form(console: Console, quality: Browser, lots: dict[str, Lot]) -> None:
    case = assessed(console, lot=scanned(lots["device"]))
    console.browser("quality_manager").post(path(case, "/change"), {"action": "nullify", "reason": "not ours", "revision": case.revision})
    assert quality.get(path(case, "/assess")).status_code == 409


def test_who_the_patient_is_goes_into_the_vault_and_is_seen_with_a_reason(
        console: Console, quality: Browser, lots: dict[str, Lot]) -> None:
    case = promoted(console, lot=scanned(lots["device"]), contact=PersonDetails("Reporter Zhou", "13900001111"))
    assert quality.post(path(case, "/patient"), {"born_on": "spring"}).status_code == 422
    assert quality.post(path(case, "/patient"), {"patient_name": "Patient Wu", "born_on": "1980-03"}).status_code == 303
    manager = console.browser("quality_manager")
    assert "Patient Wu" not in manager.get(path(case)).get_data(as_text=True)
    assert manager.post(path(case, "/person"), {"reason": ""}).status_code == 422
    shown = manager.post(path(case, "/person"), {"reason": "call of the hospital"}).get_data(as_text=True)
    assert "Patient Wu" in shown and "1980-03" in shown and "Reporter Zhou" in shown
    with console.database.read() as session:
        reasons = session.scalars(select(PersonAccess.reason).where(PersonAccess.person_id == case.person_id)).all()
    assert reasons == ["call of the hospital"]


def test_the_form_reads_in_chinese(console: Console, quality: Browser, lots: dict[str, Lot]) -> None:
    quality.language = "zh"
    page = quality.get(path(promoted(console, lot=scanned(lots["drug"])), "/assess")).get_data(as_text=True)
    assert "给药途径" in page and "Naranjo 10：是否有客观证据证实？" in page and "How often" not in page


def points(page: str) -> int:
    """The points that stand beside a form."""
    found = re.search(r"(\d+) of 92 points", page)
    assert found, page[-2000:]
    return int(found[1])


def test_the_score_follows_what_is_typed_and_keeps_nothing(
        console: Console, quality: Browser, lots: dict[str, Lot]) -> None:
    case = promoted(console, lot=scanned(lots["device"]), narrative="red", happened_on=None, use_text="", terms=())
    before = points(quality.get(path(case, "/assess")).get_data(as_text=True))
    typed = ASSESSMENT | {"details-cause": "too much glue", "details-died_on": "2026-", "details-place_kind": "home"}
    beside = quality.post(path(case, "/score"), typed).get_data(as_text=True)
    assert "<html" not in beside and points(beside) >= before + 6
    assert 'href="#f-use_text"' in beside and "not in this form" in beside
    assert points(quality.get(path(case, "/assess")).get_data(as_text=True)) == before
    assert stored(console, case).details == {}


def test_a_refused_form_is_scored_as_it_was_typed(console: Console, quality: Browser, lots: dict[str, Lot]) -> None:
    case = promoted(console, lot=scanned(lots["device"]))
    without = points(quality.post(path(case, "/score"), ASSESSMENT).get_data(as_text=True))
    answer = quality.post(path(case, "/assess"), ASSESSMENT | {
        "revision": case.revision, "reason": "", "details-cause": "too much glue"})
    assert answer.status_code == 422 and points(answer.get_data(as_text=True)) == without + 4


def test_only_reports_about_devices_are_scored(console: Console, quality: Browser, lots: dict[str, Lot]) -> None:
    drug = promoted(console, lot=scanned(lots["drug"]))
    assert "of 92 points" not in quality.get(path(drug, "/assess")).get_data(as_text=True)
    answers = {f"details-naranjo_{number}": "yes" for number in (1, 2)}
    assert "3 points: possible" in quality.post(path(drug, "/score"), ASSESSMENT | answers).get_data(as_text=True)
