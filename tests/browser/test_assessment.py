"""The form of an assessment in a real browser: what stands beside it follows what is typed, and ticks what one asks for."""
from __future__ import annotations

import pytest
from playwright.sync_api import Page, expect
from sqlalchemy import select

from tests.browser.conftest import PASSWORDS, People, Site
from traceapp.adverse_event.model import AdverseEvent

pytestmark = pytest.mark.browser


def form_of_a_draft(people: People, site: Site, *, script: bool, size: str = "desktop") -> Page:
    """The assessment of a case that nobody has assessed yet."""
    world = site.world()
    with world.database.read() as session:
        case = session.scalars(select(AdverseEvent.id).where(AdverseEvent.state == "draft")
                               .order_by(AdverseEvent.id)).first()
    world.database.close()
    page = people.somebody(size=size, script=script)
    page.goto("/sign-in?lang=en")
    page.fill("#f-name", "quality")
    page.fill("#f-password", PASSWORDS["quality"])
    page.click("main button[type=submit]")
    page.wait_for_load_state()
    page.goto(f"/console/adverse-events/{case}/assess")
    return page


def points(page: Page) -> int:
    return int(page.locator("#beside progress").get_attribute("value") or 0)


@pytest.mark.parametrize("size", ["desktop", "phone"])
def test_the_score_and_the_mentions_follow_what_is_typed(people: People, site: Site, size: str) -> None:
    page = form_of_a_draft(people, site, script=True, size=size)
    before = points(page)
    page.locator("#beside summary", has_text="All that is missing").click()
    page.locator("#beside").get_by_role("link", name="Analysis of the cause").click()
    page.fill("#f-details-cause", "Too much glue was taken.")
    expect(page.locator(".scoreline")).to_have_text(f"{before + 4} of 92 points")
    expect(page.locator(".scoreline")).to_be_in_viewport()
    page.fill("#f-details-harm", "The wound bled, no fever.")
    fever = page.locator("#beside li", has_text="fever")
    expect(fever).to_contain_text("Denied")
    box = page.get_by_label("Bleeding", exact=True)
    expect(box).not_to_be_checked()
    page.locator("#beside label", has_text="Bleeding").click()
    expect(box).to_be_checked()


def test_without_script_every_part_of_the_form_can_be_opened_and_saved(people: People, site: Site) -> None:
    page = form_of_a_draft(people, site, script=False)
    before = points(page)
    page.locator("summary", has_text="Cause and measures").click()
    page.fill("#f-details-cause", "Too much glue was taken.")
    page.get_by_role("button", name="Save the assessment").click()
    expect(page.locator(".errors")).to_contain_text("Reason")
    assert points(page) == before + 4
    expect(page.locator("#f-details-cause")).to_have_value("Too much glue was taken.")


def test_a_code_is_found_while_one_types_and_chosen_by_keyboard_alone(people: People, site: Site) -> None:
    page = form_of_a_draft(people, site, script=True, size="phone")
    field = page.locator("#pick-codes_e")
    page.focus("#f-details-codes_e")
    page.keyboard.type("blister")
    expect(field.locator(".found input[type=checkbox]")).to_have_count(1)
    page.keyboard.press("Enter")
    for _ in range(10):  # what was found is drawn anew when a later answer comes in, also under the focus
        field.locator(".found input[type=checkbox]").focus()
        page.keyboard.press("Space")
        page.wait_for_timeout(300)
        if field.locator(".chosen input:checked").count():
            break
    expect(field.locator(".chosen input:checked")).to_have_value("E1703")
    expect(page.locator("#f-details-codes_e")).to_be_focused()
    expect(page.locator("#f-details-codes_e")).to_have_value("")
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")


def test_without_script_a_search_shows_the_form_again_with_what_was_found_and_typed(people: People, site: Site) -> None:
    page = form_of_a_draft(people, site, script=False)
    page.fill("#f-narrative", "Typed and kept.")
    page.fill("#f-details-codes_e", "blister")
    page.press("#f-details-codes_e", "Enter")
    field = page.locator("#pick-codes_e")
    field.locator(".found").get_by_label("E1703").check()
    field.get_by_role("button", name="Search").click()
    expect(page.locator("#f-narrative")).to_have_value("Typed and kept.")
    expect(page.locator("#pick-codes_e .chosen input:checked")).to_have_value("E1703")
