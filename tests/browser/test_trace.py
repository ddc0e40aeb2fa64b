"""The picture of a trace in a real browser: chosen and opened in place with script, by links without, made smaller."""
from __future__ import annotations

from collections.abc import Callable

import pytest
from playwright.sync_api import Page
from sqlalchemy import func, select

from tests.browser.conftest import PASSWORDS, People, Site
from traceapp.surveillance.model import Signal
from traceapp.trace.model import LotEdge

pytestmark = pytest.mark.browser


def widest(site: Site) -> str:
    """The raw lot that went into most batches."""
    world = site.world()
    with world.database.read() as session:
        found = session.scalars(select(LotEdge.lot_key).where(LotEdge.direction == "down").group_by(LotEdge.lot_key)
                                .order_by(func.count().desc(), LotEdge.lot_key)).first()
    world.database.close()
    assert found is not None
    return found


@pytest.fixture
def opened(people: People, site: Site) -> Callable[[bool], Page]:
    def page(script: bool) -> Page:
        somebody = people.somebody(script=script)
        somebody.goto("/sign-in?lang=en")
        somebody.fill("#f-name", "quality")
        somebody.fill("#f-password", PASSWORDS["quality"])
        somebody.click("main button[type=submit]")
        somebody.wait_for_load_state()
        somebody.goto(f"/console/trace?kind=item&name={widest(site)}")
        return somebody
    return page


def width(page: Page) -> float:
    return float(page.locator("#picture svg.graph").get_attribute("width") or 0)


def test_a_node_is_chosen_and_a_fold_opened_in_place(opened: Callable[[bool], Page]) -> None:
    page = opened(True)
    page.evaluate("window.isStillHere = true")
    page.click("[data-zoom=out]")
    small, drawn = width(page), page.locator("#picture svg a").count()
    page.locator("#picture svg a.more").first.click()
    page.wait_for_url("**open=**")
    page.wait_for_function(f"document.querySelectorAll('#picture svg a').length > {drawn}")
    assert width(page) == pytest.approx(small, rel=0.3)
    page.locator("#picture svg a:not(.more):not(.focus)").last.click()
    page.wait_for_selector("#picture .gpanel")
    assert page.locator("#picture svg a#at").count() == 1
    assert page.evaluate("document.activeElement.id") == "at"
    page.go_back()
    page.wait_for_selector("#picture .gpanel", state="detached")
    assert page.evaluate("window.isStillHere")


def test_without_script_every_node_is_a_link_and_nothing_pretends_to_zoom(opened: Callable[[bool], Page]) -> None:
    page = opened(False)
    assert not page.locator("[data-zoom=out]").is_visible()
    page.locator("#picture svg a.more").first.click()
    assert "open=" in page.url
    page.fill("#q-find", "clinic")
    page.click(".gfind button")
    assert page.locator("#picture svg a.found").count() > 1


def test_the_keyboard_reaches_a_node_and_chooses_it(opened: Callable[[bool], Page]) -> None:
    page = opened(True)
    assert page.locator("#picture .gpanel").count() == 0
    page.locator("#picture svg a:not(.focus)").first.focus()
    page.keyboard.press("Enter")
    page.wait_for_selector("#picture .gpanel")
    assert page.evaluate("document.activeElement.id") == "at"


def test_on_a_phone_the_picture_of_a_signal_begins_at_the_likeliest_cause(opened: Callable[[bool], Page],
                                                                          site: Site) -> None:
    world = site.world()
    with world.database.read() as session:
        signal = session.scalars(select(Signal.id).order_by(Signal.opened_at)).first()
    world.database.close()
    page = opened(True)
    page.set_viewport_size({"width": 390, "height": 844})
    page.goto(f"/console/signals/{signal}")
    view, likeliest = page.locator(".gview").first.bounding_box(), page.locator(".gview .p4, .gview .p3").first
    box = likeliest.bounding_box()
    assert view and box and view["x"] <= box["x"] and box["x"] + box["width"] <= view["x"] + view["width"] + 1
