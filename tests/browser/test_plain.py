"""A plain browser is enough: no script, no cookies, a slow hand, two tabs, a photo that is far too large."""
from __future__ import annotations

import re
from pathlib import Path

import pytest
from playwright.sync_api import Page, Request, Response, Route, expect
from sqlalchemy import select

from tests.browser.conftest import People, Site
from tests.browser.walk import click, named, tick
from traceapp.complaint.model import Complaint

pytestmark = pytest.mark.browser
FIRST_VIEW_BYTES = 10_000
REFERENCE = re.compile(r"CP-\d{4}-\w+")


def begin_report(page: Page, site: Site, story: str) -> None:
    """From the page of a code to the third question."""
    page.goto(site.codes["released"])
    click(page, "Report a problem with this batch")
    page.get_by_role("textbox").first.fill(story)
    click(page, "Continue")
    click(page, "Continue")
    expect(page.get_by_role("heading", level=1)).to_have_text("Who was affected?")


def to_the_photo(page: Page) -> None:
    """From the third question to the page that asks for a photo."""
    tick(page, "Me")
    click(page, "Continue")
    tick(page, "None of these")
    click(page, "Continue")
    click(page, "Continue")
    expect(page.get_by_role("heading", level=1)).to_have_text("Do you have a photo?")


def reference_on(page: Page) -> str:
    found = REFERENCE.search(page.inner_text("main"))
    assert found is not None, page.inner_text("main")
    return found[0]


def complaints_of(site: Site, story: str) -> list[str]:
    """The references of the complaints that tell this story."""
    world = site.world()
    with world.database.read() as session:
        found = list(session.scalars(select(Complaint.reference).where(Complaint.narrative == story)))
    world.database.close()
    return found


def test_a_report_needs_no_script(people: People, site: Site) -> None:
    page, story = people.somebody(size="phone", script=False), "Without script: the pad came off."
    begin_report(page, site, story)
    to_the_photo(page)
    click(page, "Skip to the end")
    expect(page.locator("main")).to_contain_text(story)
    click(page, "Send the report")
    assert complaints_of(site, story) == [reference_on(page)]


def test_going_back_shows_what_was_answered(people: People, site: Site) -> None:
    page, story = people.somebody(size="phone"), "Going back: the skin is red."
    begin_report(page, site, story)
    tick(page, "My child")
    click(page, "Continue")
    page.go_back()
    expect(page.get_by_label("My child", exact=True)).to_be_checked()
    click(page, "Back")
    click(page, "Back")
    expect(page.get_by_role("textbox").first).to_have_value(story)
    click(page, "Continue")
    click(page, "Continue")
    expect(page.get_by_label("My child", exact=True)).to_be_checked()


def test_a_photo_of_fifty_megabytes_is_refused_in_words_and_the_answers_stay(people: People, site: Site,
                                                                             tmp_path: Path) -> None:
    page, story = people.somebody(size="phone"), "Large photo: the pack was open."
    begin_report(page, site, story)
    to_the_photo(page)
    photo = tmp_path / "pack.jpg"
    with photo.open("wb") as file:
        file.write(b"\xff\xd8\xff\xe0")
        file.truncate(50_000_000)
    page.get_by_label("Photo").set_input_files(photo)
    click(page, "Continue")
    expect(page.get_by_role("alert")).to_contain_text("The photo is larger than 10 MB, so it was not taken.")
    click(page, "Skip to the end")
    expect(page.locator("main")).to_contain_text(story)
    click(page, "Send the report")
    assert complaints_of(site, story) == [reference_on(page)]


@pytest.mark.parametrize("script", [True, False], ids=["with script", "without script"])
def test_a_double_click_sends_one_report(script: bool, people: People, site: Site) -> None:
    page, story = people.somebody(size="phone", script=script), f"Double click, script {script}: the pad came off."
    begin_report(page, site, story)
    to_the_photo(page)
    click(page, "Skip to the end")
    named(page, "Send the report").dblclick(no_wait_after=True)  # the second click may break the first one's answer off
    expect(page.locator("main")).to_contain_text("Thank you. Your report has arrived.")
    assert complaints_of(site, story) == [reference_on(page)]


def test_a_stale_form_says_so_and_keeps_what_was_typed(people: People, site: Site) -> None:
    first = people.signed_in("quality")
    first.goto("/console/complaints?state=received")
    first.get_by_role("table").locator("tbody tr").first.get_by_role("link").first.click()
    first.wait_for_load_state()
    case = first.url
    second = first.context.new_page()
    for tab, note in ((first, "First tab"), (second, "Second tab")):
        tab.goto(f"{case}?do=triage#do")
        tick(tab, "No: a question, praise, a wish")
        click(tab, "The rest as suggested")
        tab.get_by_label("Why it is milder than was thought before").fill(note)
    click(first, "Save the triage")
    expect(first.locator("main")).to_contain_text("Triaged.")
    with second.expect_response(lambda answer: answer.request.method == "POST") as refused:
        click(second, "Save the triage")
    assert refused.value.status == 412
    expect(second.get_by_role("alert", name="Please check these answers")).to_contain_text("changed")
    expect(second.get_by_label("Note")).to_have_value("Second tab")
    expect(second.locator("main")).to_contain_text("No: a question, praise, a wish")
    first.reload()
    expect(first.locator("main")).to_contain_text("First tab")
    expect(first.locator("main")).not_to_contain_text("Second tab")


@pytest.mark.parametrize("language", ["zh", "en"])
def test_the_first_view_of_a_code_is_one_small_page_after_one_redirect_and_without_script(language: str, people: People,
                                                                     site: Site) -> None:
    page = people.somebody(language, size="phone")
    requests, answers = list[Request](), list[Response]()
    page.on("request", lambda request: requests.append(request))
    page.on("response", lambda answer: answers.append(answer))
    for name, code in site.codes.items():
        requests.clear()
        answers.clear()
        page.goto(code, wait_until="networkidle")
        page_of_code = code.replace("/01/", "/s/01/", 1)
        assert [request.url for request in requests if not request.url.startswith("data:")] == [code, page_of_code], name
        weight = sum(size for answer in answers if not answer.url.startswith("data:") for name, size in
                     answer.request.sizes().items() if name in ("responseHeadersSize", "responseBodySize"))
        assert weight <= FIRST_VIEW_BYTES, f"{name}: {weight} bytes"
        assert page.locator("script").count() == 0, name
        assert not page.evaluate("[...document.querySelectorAll('*')].filter(one => [...one.attributes].some("
                                 "a => a.name.startsWith('on'))).length"), name
    assert page.context.cookies() == []


def test_scanning_and_reporting_need_no_cookie(people: People, site: Site) -> None:
    page, story = people.somebody(size="phone"), "Without cookies: the pad came off."
    handed_out = list[str]()

    def without_cookies(route: Route) -> None:
        route.continue_(headers={name: value for name, value in route.request.headers.items() if name != "cookie"})

    page.route("**/*", without_cookies)
    page.on("response", lambda answer: handed_out.extend(
        answer.url for name in answer.headers if name.lower() == "set-cookie"))
    begin_report(page, site, story)
    to_the_photo(page)
    click(page, "Skip to the end")
    click(page, "Send the report")
    assert complaints_of(site, story) == [reference_on(page)]
    assert handed_out == []
