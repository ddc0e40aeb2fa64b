"""Codes are searched and chosen in the form of an assessment, with and without script; nothing is chosen by itself."""
from __future__ import annotations

import re
from datetime import date

import pytest

from tests.factories_cases import STAFF, promoted
from tests.factories_complaint import make_lots, make_product, scanned
from tests.factories_web import Browser, Console
from tests.http_clients import ApiClient
from tests.web.test_console_adverse_events import ASSESSMENT, path, stored
from traceapp.adverse_event.model import AdverseEvent
from traceapp.complaint.list_files import read_list
from traceapp.complaint.list_importing import ImportList, import_list
from traceapp.trace.model import Lot

IMDRF = """annex,code,term,path,selectable,zh
E,E17,Skin,E17,no,皮肤
E,E1708,Itching Sensation,E17|E1708,yes,瘙痒感
E,E1703,Blister,E17|E1703,yes,
A,A0401,Break,A0401,yes,
""".encode()
LLT = (b"10000001$Itching$10000009$$$$$$$Y$$\n10000002$Itching old$10000009$$$$$$$N$$\n"
       b"10000003$Scalp itching$10000009$$$$$$$Y$$\n")
PT, SOC = b"10000009$Itch of skin$$10000008\n", b"10000008$Skin disorders$\n"


@pytest.fixture(scope="module")
def lot(console: Console) -> Lot:
    return make_lots(console.database, console.clock, make_product(console.database, console.clock), "L-1")[0]


@pytest.fixture(scope="module")
def lists(console: Console) -> None:
    with console.database.write() as session:
        for name, content, version in (("imdrf.csv", IMDRF, "2026"), ("llt.asc", LLT, "29.1"), ("pt.asc", PT, "29.1"),
                                       ("soc.asc", SOC, "29.1")):
            import_list(session, STAFF, console.clock, ImportList(read_list(name, content), version, date(2026, 1, 1)))


@pytest.fixture
def case(console: Console, lot: Lot) -> AdverseEvent:
    return promoted(console, lot=scanned(lot), narrative="It is very itchy, no blisters.", terms=())


@pytest.fixture
def quality(console: Console) -> Browser:
    return console.browser("quality")


def part(page: str, name: str) -> str:
    """The part of a form that is about one field."""
    found = re.search(rf'id="pick-{name}".*?</fieldset>', page, re.DOTALL)
    assert found, name
    return found[0]


def boxes(page: str) -> list[str]:
    return re.findall(r'type="checkbox"[^>]*value="(\w+)"( checked)?', page)


def test_without_a_release_our_own_list_is_searched_and_a_code_may_be_typed(
        quality: Browser, case: AdverseEvent, console: Console) -> None:
    form = ASSESSMENT | {"revision": case.revision, "find": "codes_e", "find-codes_e": "瘙痒"}
    page = quality.post(path(case, "/assess"), form).get_data(as_text=True)
    assert ("E1708", "") in boxes(part(page, "codes_e")) and "pick-meddra_reactions" not in page
    nothing = quality.post(path(case, "/assess"), form | {"find-codes_e": "moonlight"}).get_data(as_text=True)
    assert "A code may be typed" in part(nothing, "codes_e")
    typed = {name: value for name, value in form.items() if name != "find"} | {"find-codes_e": "E0402, e1708"}
    assert quality.post(path(case, "/assess"), typed).status_code == 303
    assert stored(console, case).details["codes_e"] == ["E0402", "E1708"]


@pytest.mark.usefixtures("lists")
def test_a_search_shows_code_name_and_path_keeps_what_was_typed_and_saves_nothing(
        quality: Browser, case: AdverseEvent, console: Console) -> None:
    form = ASSESSMENT | {"revision": case.revision, "find": "codes_e", "find-codes_e": "itch", "details-harm": "typed",
                         "details-codes_e": "E1703", "narrative": "It is very itchy, no blisters."}
    answer = quality.post(path(case, "/assess"), form)
    page = answer.get_data(as_text=True)
    assert answer.status_code == 200 and stored(console, case).state == "draft" and "typed" in page
    field = part(page, "codes_e")
    assert boxes(field.partition('class="found"')[2]) == [("E1708", "")]
    assert "E1708 Itching Sensation" in field and "瘙痒感" in field and "Skin</span>" in field
    assert ("E1703", " checked") in boxes(field) and "There is a problem" not in page
    quality.language = "zh"
    chinese = part(quality.post(path(case, "/assess"), form | {"find-codes_e": "瘙痒"}).get_data(as_text=True), "codes_e")
    assert "E1708 瘙痒感" in chinese and "皮肤</span>" in chinese


@pytest.mark.usefixtures("lists")
def test_the_texts_suggest_terms_with_the_words_that_say_so_and_what_they_deny_cannot_be_ticked(
        quality: Browser, case: AdverseEvent) -> None:
    page = quality.get(path(case, "/assess")).get_data(as_text=True)
    for name, code in (("codes_e", "E1708"), ("meddra_reactions", "10000001")):
        told = part(page, name).partition('class="told"')[2].partition('class="acts"')[0]
        assert boxes(told) == [(code, "")] and "“itchy”" in told
    told = part(page, "codes_e")
    assert re.search("“blister.*?Denied.*?E1703 Blister", told, re.DOTALL)
    assert "checked" not in told


@pytest.mark.usefixtures("lists")
def test_meddra_terms_are_chosen_of_the_lowest_level_with_what_stands_above_them(
        quality: Browser, case: AdverseEvent, console: Console) -> None:
    form = ASSESSMENT | {"revision": case.revision, "find-meddra_reactions": "itching", "field": "meddra_reactions"}
    found = quality.post(path(case, "/terms"), form).get_data(as_text=True).partition('class="found"')[2]
    assert boxes(found) == [("10000001", ""), ("10000003", "")] and "<html" not in found
    assert "Skin disorders › Itch of skin" in found
    del form["find-meddra_reactions"]
    chosen = form | {"details-meddra_reactions": ["10000003", "10000001"], "narrative": "Itchy."}
    assert quality.post(path(case, "/assess"), chosen).status_code == 303
    assert stored(console, case).details == {"meddra_reactions": ["10000003", "10000001"], "meddra_version": "29.1"}
    for page in (path(case), path(case, "/history")):
        assert "10000003 Scalp itching" in quality.get(page).get_data(as_text=True)
    assert quality.post(path(case, "/terms"), form | {"field": "age"}).status_code == 404


@pytest.mark.usefixtures("lists")
@pytest.mark.parametrize(("pressed", "status"), [({"enter": "1"}, 200), ({}, 422)])
def test_words_that_stand_in_the_box_are_searched_and_never_saved_unseen(
        quality: Browser, case: AdverseEvent, console: Console, pressed: dict[str, str], status: int) -> None:
    answer = quality.post(path(case, "/assess"), ASSESSMENT | pressed | {
        "revision": case.revision, "find-codes_e": "itching"})
    page = answer.get_data(as_text=True)
    assert answer.status_code == status and ("E1708", "") in boxes(part(page, "codes_e"))
    assert ("Choose one of the terms that were found" in page) == (status == 422)
    assert stored(console, case).state == "draft"
    seen = {"find-codes_e": "itching", "seen-codes_e": "itching", "details-codes_e": "E1708"}
    assert quality.post(path(case, "/assess"), ASSESSMENT | pressed | seen | {"revision": case.revision}).status_code == 303
    assert stored(console, case).details["codes_e"] == ["E1708"]


def test_products_used_at_the_same_time_are_rows_of_the_form(
        quality: Browser, case: AdverseEvent, console: Console) -> None:
    place, form = path(case, "/assess"), ASSESSMENT | {"revision": case.revision}
    more = quality.post(place, form | {"more": "other_products"}).get_data(as_text=True)
    assert 'name="details-other_products-1-name"' in more and 'name="details-other_products-2-name"' not in more
    rows = {"details-other_products-1-name": "Aspirin", "details-other_products-1-dose": "100",
            "details-other_products-1-dose_unit": "mg", "details-other_products-1-began_on": "2026-03",
            "details-other_products-2-lot": "T-7", "details-other_products-2-name": ""}
    refused = quality.post(place, form | rows)
    assert refused.status_code == 422 and 'href="#f-details-other_products-2-name"' in refused.get_data(as_text=True)
    assert quality.post(place, form | rows | {"details-other_products-2-lot": ""}).status_code == 303
    assert stored(console, case).details["other_products"] == [
        {"name": "Aspirin", "dose": "100", "dose_unit": "mg", "began_on": "2026-03"}]
    again = quality.get(place).get_data(as_text=True)
    assert '<summary>Aspirin</summary>' in again and 'value="2026-03"' in again
    shown = quality.get(path(case)).get_data(as_text=True)
    assert "Aspirin (Dose: 100 mg, Used since: 2026-03)" in shown


@pytest.mark.usefixtures("lists")
def test_a_machine_searches_every_list_and_has_texts_read(console: Console) -> None:
    api = ApiClient(console.app, console.database, console.clock, "quality")
    found = api.get("/terms?text=itching")
    assert [(one["system"], one["version"], one["code"]) for one in found] == [
        ("own", "", "itching"), ("imdrf", "2026", "E1708"), ("meddra", "29.1", "10000001"), ("meddra", "29.1", "10000003")]
    assert [[above["name_en"] for above in one["path"]] for one in found] == [
        [], ["Skin"], ["Skin disorders", "Itch of skin"], ["Skin disorders", "Itch of skin"]]
    assert api.get("/terms?text=itching&list=imdrf&annex=A") == api.get("/terms") == []
    told = api.post("/term-suggestions", {"text": "Red skin, no blisters"}, 200)
    assert [(one["words"], one["start"], one["stance"], [term["code"] for term in one["terms"]]) for one in told] == [
        ("Red skin", 0, "stated", ["redness"]), ("blisters", 13, "denied", ["blister"])]
