"""A report to an authority from the first look to the ended clock, by two people who see only their screens."""
from __future__ import annotations

from playwright.sync_api import expect

from tests.browser.conftest import PASSWORDS, People, shoot
from tests.browser.walk import click, tick


def test_a_report_is_checked_approved_by_a_second_person_sent_and_its_answer_ends_the_clock(people: People) -> None:
    staff, boss = people.signed_in("quality"), people.signed_in("manager", size="phone")
    staff.goto("/console/reports?state=prepared&authority=CN")
    staff.locator("main td a").filter(has_text="First report").first.click()
    expect(staff.get_by_text("Nothing was found", exact=True)).to_be_visible()
    click(staff, "Check")
    click(staff, "I have read it; hand it on for approval")
    expect(staff.locator("main header")).to_contain_text("Waits for approval")
    boss.goto(staff.url.partition("?")[0])
    click(boss, "Approve it")
    tick(boss, "I have read the report and approve that it is sent")
    boss.locator("input[type=password]").fill(PASSWORDS["manager"])
    click(boss, "Sign and approve")
    expect(boss.locator("main header")).to_contain_text("Approved")
    staff.reload()
    click(staff, "Record the sending")
    staff.locator("#f-channel").fill("web portal")
    staff.locator("#f-sent_at").fill(staff.evaluate("new Date(Date.now() + 8 * 36e5).toISOString().slice(0, 16)"))
    click(staff, "Record it")
    click(staff, "Record the answer")
    tick(staff, "Taken")
    staff.locator("#f-number").fill("330100-2026-000119")
    click(staff, "Record it")
    expect(staff.locator("main header")).to_contain_text("Confirmed by the authority")
    expect(staff.locator("aside")).to_contain_text("Reported and confirmed")
    shoot(staff, "report-answered")
