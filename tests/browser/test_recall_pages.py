"""Long pages of recalls, drills and CAPAs on a phone, and what management and authorities print of it."""
from __future__ import annotations

import pypdfium2
import pytest
from playwright.sync_api import Page
from sqlalchemy import select

from tests.browser.conftest import SIZES, People, Site
from traceapp.capa.model import Capa
from traceapp.recall.drill_model import Drill
from traceapp.recall.model import Recall

pytestmark = pytest.mark.browser
DESKTOP = dict(zip(("width", "height"), SIZES["desktop"], strict=True))
PAPER = {"width": 703, "height": 1000}  # A4 less 12 mm on either side
UNFOLD = "() => document.querySelectorAll('details.fold, details.tuck').forEach(part => { part.open = true; })"
CUT_OFF = """() => [...document.querySelectorAll('main *')].filter(one => { const box = one.getBoundingClientRect();
  return box.width > 0 && box.right > innerWidth + 1 && !one.closest('svg'); }).map(one => one.outerHTML.slice(0, 80))"""


@pytest.fixture(scope="module")
def recalls(site: Site) -> dict[str, str]:
    """The ids of the demonstration's drill, over 36 consignees, of its recall that runs, and of its CAPA."""
    world = site.world()
    with world.database.read() as session:
        found = {"drill": session.scalars(select(Recall.id).where(Recall.is_drill.is_(True))).first(),
                 "running": session.scalars(select(Recall.id).where(Recall.state == "executing")).first(),
                 "played": session.scalars(select(Drill.id)).first(),
                 "capa": session.scalars(select(Capa.id).where(Capa.state == "acting")).first()}
    world.database.close()
    return {name: key for name, key in found.items() if key is not None}


def shown(page: Page, selector: str) -> list[bool]:
    return [one.is_visible() for one in page.locator(selector).all()]


@pytest.mark.parametrize("language", ["zh", "en"])
@pytest.mark.parametrize(("path", "height"), [
    ("{drill}?part=ledger", 1500), ("{drill}?part=checks", 1500), ("{drill}/workbench", 2500),
    ("{drill}?part=consignees", 1500), ("{drill}/books", 1500), ("{running}?part=ledger", 2000), ("{running}/workbench", 2500)])
def test_long_lists_of_a_recall_are_short_on_a_phone_and_nothing_is_lost_with_room(
        path: str, height: int, language: str, people: People, recalls: dict[str, str]) -> None:
    page = people.signed_in("quality", language, "phone")
    page.goto(f"/console/recalls/{path.format(**recalls)}")
    assert page.evaluate("document.documentElement.scrollHeight") <= height
    low = [one.inner_text() for one in page.locator("main summary").all()
           if one.is_visible() and one.bounding_box()["height"] < 44]  # type: ignore[index]
    assert low == [], "what is tapped is 44 px high"
    page.evaluate(UNFOLD)
    lists = page.locator("main .brief").all()
    assert lists and all(one.evaluate("e => e.scrollWidth <= e.clientWidth") for one in lists)
    left_out = ".brief :is([data-zero], [data-nil])"
    assert not any(shown(page, left_out))
    page.set_viewport_size(DESKTOP)
    page.reload()
    assert all(shown(page, left_out)) and all(shown(page, "main .brief td")) and not any(shown(page, "main .zeros"))


@pytest.mark.parametrize("language", ["zh", "en"])
@pytest.mark.parametrize(("path", "height"), [
    ("today", 5000), ("capa/problems", 3000), ("capa/{capa}", 3000), ("capa/{capa}?do=action", 3500), ("drills", 3000),
    ("drills/{played}", 3000), ("recalls/figures", 3000), ("recalls/{running}/authority-files", 3000),
    ("recalls/{running}/authority-files?do=write-eu_fsca", 3500),
    ("recalls/{running}/preview", 3000), ("recalls/{drill}/status", 3500), ("recalls/{drill}?part=scope", 3500)])
def test_pages_begin_on_a_phone_with_what_to_do_and_fold_the_rest(
        path: str, height: int, language: str, people: People, recalls: dict[str, str]) -> None:
    page = people.signed_in("quality", language, "phone")
    page.goto(f"/console/{path.format(**recalls)}")
    assert page.evaluate("document.documentElement.scrollHeight") <= height
    assert page.evaluate("document.documentElement.scrollWidth") <= 390


def test_what_an_address_leads_to_is_not_folded_away(people: People, recalls: dict[str, str]) -> None:
    page = people.signed_in("quality", "en", "phone")
    page.goto(f"/console/capa/{recalls['capa']}")
    assert shown(page, "#check") == [False] and shown(page, "#actions") == [True]
    page.goto(f"/console/capa/{recalls['capa']}#check")
    assert shown(page, "#check") == [True]


@pytest.mark.parametrize("language", ["zh", "en"])
@pytest.mark.parametrize("path", ["figures", "{drill}/status", "{running}/status", "{drill}?part=ledger"])
def test_nothing_of_a_recall_is_cut_off_on_paper(path: str, language: str, people: People,
                                                 recalls: dict[str, str]) -> None:
    page = people.signed_in("quality", language)
    page.goto(f"/console/recalls/{path.format(**recalls)}")
    if path.endswith("status"):
        assert len(pypdfium2.PdfDocument(page.pdf(prefer_css_page_size=True))) == 1, "one page"
    page.set_viewport_size(PAPER)
    page.emulate_media(media="print")
    assert page.evaluate(CUT_OFF) == []
