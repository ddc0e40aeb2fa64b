"""A complaint goes its whole way, from the telephone to what was learned, and its reporter follows and judges it."""
from __future__ import annotations

import re

import pytest
from playwright.sync_api import Page, expect

from tests.browser.conftest import People, Site, shoot
from tests.browser.test_plain import begin_report, to_the_photo
from tests.browser.walk import click, tick

pytestmark = pytest.mark.browser


def reported(page: Page, site: Site) -> str:
    """A report by the code on a pack; answers its number. The page is the reporter's own then."""
    begin_report(page, site, "The seal of the pouch was open at one corner.")
    to_the_photo(page)
    click(page, "Skip to the end")
    click(page, "Send the report")
    found = re.search(r"CP-\d{4}-\w+", page.inner_text("main"))
    assert found is not None
    return found[0]


def do(page: Page, act: str, note: str, says: str) -> None:
    """One act of the case with its note."""
    click(page, act, "link")
    page.locator("#f-note").fill(note)
    click(page, "Save")
    expect(page.get_by_role("status").first).to_contain_text(says)


def test_the_whole_way_of_a_complaint(people: People, site: Site) -> None:
    reporter, staff = people.somebody(size="phone"), people.signed_in("quality")
    reference = reported(reporter, site)
    staff.goto(f"/console/complaints?text={reference}")
    click(staff, reference)
    expect(staff.get_by_role("group", name="Does it say that something is wrong?")).to_be_visible()
    tick(staff, "Yes")
    click(staff, "Go on")
    tick(staff, "Ours, and the batch is known")
    click(staff, "Go on")
    tick(staff, "Somebody could have been harmed")
    click(staff, "Go on")
    tick(staff, "Product quality")
    tick(staff, "False advertising")
    shoot(staff, "complaint-triage")
    click(staff, "Go on")
    click(staff, "Go on")
    tick(staff, "Yes, look for the cause")
    click(staff, "Go on")
    expect(staff.locator("main")).to_contain_text("Bring in whoever approves texts and advertising")
    shoot(staff, "complaint-triage-summary")
    click(staff, "Save the triage")
    do(staff, "Cause found", "A worn jaw of sealing machine 3.", "The cause is kept.")
    do(staff, "Propose a solution", "We send you a new box.", "The reporter can read it.")
    reporter.reload()
    expect(reporter.locator("main")).to_contain_text("We send you a new box.")
    do(staff, "Agreed", "By telephone, today.", "The agreement is kept.")
    do(staff, "Carried out", "Box sent by courier.", "Now tell the reporter.")
    do(staff, "Answer", "The box is on its way. The machine is repaired.", "The reporter can read it.")
    do(staff, "Follow up", "The box came; content.", "Kept.")
    click(staff, "It is none", "link")
    staff.get_by_label("Why, in your own words").fill("Seen before use; nobody was harmed.")
    click(staff, "Save")
    expect(staff.get_by_role("status").first).to_contain_text("Noted: this is no adverse event.")
    do(staff, "Archive", "Jaw replaced; no other complaint.", "Archived.")
    do(staff, "Improve", "Jaws are measured weekly.", "The improvement stands with the case.")
    shoot(staff, "complaint-archived")
    reporter.reload()
    expect(reporter.locator("main")).to_contain_text("changes how we work")
    tick(reporter, "Very satisfied")
    reporter.get_by_label("Would you recommend us to others?").select_option("10")
    shoot(reporter, "complaint-survey")
    click(reporter, "Send the answer")
    expect(reporter.locator("main")).to_contain_text("Thank you for your answer.")
