"""The main job in a browser, step by step as the README tells it: people who scan and report, quality, a manager,
consignees and a regulator."""
from __future__ import annotations

import re
import time
from collections.abc import Callable
from io import BytesIO
from pathlib import Path

import pytest
from openpyxl import load_workbook
from playwright.sync_api import Page, expect

from tests.browser.conftest import PASSWORDS, PATIENCE_SECONDS, People, Site, shoot
from tests.browser.walk import Walk, Watch, click, named, steps, tick

pytestmark = pytest.mark.browser
NOT_RECALLED, RECALLED = "This batch is not recalled", "This batch has been recalled"
EVENT = re.compile(r"AE-\d{4}-\w+")
STORIES = (
    ("Red, itching skin under the plaster after an hour.", "A doctor had to treat it so that no lasting damage remains"),
    ("My arm is swollen and itches where the plaster was.", "A doctor had to treat it so that no lasting damage remains"),
    ("Blisters on the skin when we took it off.", "A doctor had to treat it so that no lasting damage remains"),
    ("A rash the shape of the plaster, since yesterday.", "Took or applied medicine against it"),
    ("It burns and the skin is red all around.", "Stopped using it, and that was enough"))


def step_1_scan(walk: Walk, labels: list[str]) -> None:
    (section,) = labels
    page = walk.windows["consumer"] = walk.people.somebody(size="phone")
    page.goto("/")
    link = page.get_by_role("region", name=section, exact=True).get_by_role("link").first
    walk.lot = link.inner_text().rsplit(" · ", 1)[1]
    link.click()
    page.wait_for_load_state()
    walk.code = page.url
    expect(page.get_by_role("heading", level=1)).to_have_text(NOT_RECALLED)
    expect(page.locator("dl").first).to_contain_text(walk.lot)


def step_2_report(walk: Walk, labels: list[str]) -> None:
    for story, harm in STORIES:
        _report(walk, labels, story, harm)
    shoot(walk.windows["consumer"], "walk-2-reported")
    assert len(set(walk.complaints)) == len(STORIES)


def _report(walk: Walk, labels: list[str], story: str, harm: str) -> None:
    begin, go_on, skip, send = labels
    page = walk.windows["consumer"]
    page.goto(walk.code)
    click(page, begin)
    page.get_by_role("textbox").first.fill(story)
    click(page, go_on)
    expect(page.get_by_role("heading", level=1)).to_have_text("Which of these fit?")
    click(page, go_on)
    tick(page, "Me")
    click(page, go_on)
    tick(page, harm)
    click(page, go_on)
    click(page, skip)
    expect(page.locator("main")).to_contain_text(story)
    expect(page.locator("#altcha")).not_to_have_value("", timeout=PATIENCE_SECONDS * 1000)  # solved while one reads
    click(page, send)
    found = re.search(r"CP-\d{4}-\w+", page.inner_text("main"))
    assert found is not None, page.inner_text("main")
    walk.complaints.append(found[0])


def step_3_signal(walk: Walk, labels: list[str]) -> None:
    listed, causes = labels
    page, until = walk.window("quality"), time.monotonic() + PATIENCE_SECONDS
    click(page, listed)
    page.get_by_role("table").locator("tbody tr").first.get_by_role("link").first.click()
    page.wait_for_load_state()
    tables = page.get_by_role("table", name="Alarms", exact=True, include_hidden=True)
    alarm = tables.get_by_role("row", include_hidden=True).filter(has_text=walk.lot)
    while not alarm.count() and time.monotonic() < until:
        page.reload()
    expect(alarm).not_to_have_count(0)
    walk.signal = page.url.partition("?")[0]
    expect(page.get_by_role("heading", name=causes, exact=True)).to_be_visible()
    expect(page.locator("main")).to_contain_text("The alarm line was crossed on")
    shoot(page, "walk-3-signal")


def step_4_assess(walk: Walk, labels: list[str]) -> None:
    start, open_it, begin, part, write, save, sign_it, sign = labels
    page = walk.window("quality")
    click(page, start)
    click(page, open_it)
    walk.recall = page.url.partition("?")[0]
    found = re.search(r"RC-\d{4}-\w+", page.inner_text("main"))
    assert found is not None, page.inner_text("main")
    walk.reference = found[0]
    expect(page.locator("main")).to_contain_text(walk.lot)
    click(page, begin, "link")
    click(page, begin, "button")
    click(page, part, "link")
    click(page, write, "link")
    for label, text in (("Harm so far", "Five people with blisters."), ("What leads to harm", "Worn for an hour."),
                        ("Who is at risk", "Children: the same, sooner."), ("What follows at once", "Red, swollen skin."),
                        ("Conclusion", "Passing harm; take it back.")):
        page.get_by_label(label, exact=True).fill(text)
    page.get_by_label("How grave at its worst").select_option(label="Passing harm that needs treatment")
    page.get_by_label("How likely for somebody who uses it").select_option(label="Probable")
    page.get_by_label("Proposed class").select_option(index=2)
    click(page, save, "button")
    _sign(page, sign_it, "I have evaluated the hazard for quality", sign, "quality")
    shoot(page, "walk-4-assessed")


def _sign(page: Page, act: str, meaning: str, sign: str, who: str) -> None:
    click(page, act, "link")
    tick(page, meaning)
    page.get_by_label("Your password").fill(PASSWORDS[who])
    click(page, sign, "button")


def step_5_decide(walk: Walk, labels: list[str]) -> None:
    listed, sign_it, sign, decide, sign_decision = labels
    page = walk.window("manager")
    click(page, listed)
    click(page, walk.reference)
    _sign(page, sign_it, "I have evaluated the hazard for medicine", sign, "manager")
    click(page, decide, "link")
    page.get_by_label("Class", exact=True).select_option(index=1)
    page.get_by_label("Why", exact=True).fill("Blisters on five people in one hour.")
    page.get_by_label("Your password, to sign").fill(PASSWORDS["manager"])
    click(page, sign_decision, "button")
    expect(page.get_by_role("status").first).to_contain_text("can go nowhere from now on")


def step_6_submit(walk: Walk, labels: list[str]) -> None:
    submit, sign = labels
    page = walk.window("quality")
    page.goto(walk.recall)
    click(page, submit)
    page.get_by_label("Your password").fill(PASSWORDS["quality"])
    click(page, sign)
    expect(page.get_by_role("list", name="Course of the recall").locator("[aria-current]")).to_contain_text("approved")


def step_7_approve(walk: Walk, labels: list[str]) -> None:
    approve, sign = labels
    page = walk.window("manager")
    page.goto(walk.recall)
    click(page, approve)
    page.get_by_label("Your password").fill(PASSWORDS["manager"])
    with Watch(walk.code, RECALLED) as watch:
        with page.expect_response(lambda answer: answer.request.method == "POST") as posted:
            named(page, sign).click()
        approved = time.monotonic()
        assert posted.value.status == 303
        page.wait_for_load_state()
        while not any(asked > approved + 1 for asked, _ in watch.seen):
            time.sleep(0.05)
    assert not watch.seen[0][1], "it said so before anybody approved it"
    late = [round(asked - approved, 2) for asked, is_recalled in watch.seen if asked > approved + 1 and not is_recalled]
    assert not late, f"still not recalled so many seconds after the approval: {late}"
    shoot(page, "walk-7-approved")


def step_8_answer(walk: Walk, labels: list[str]) -> None:
    tap, send, by_staff = labels
    told = _letters_delivered(walk)
    links = list(walk.links().values())
    assert len(links) == told > 2
    one, two = walk.people.somebody(size="phone"), walk.people.somebody("en")
    one.goto(links[0] + "?lang=en")
    expect(one.locator("main")).to_contain_text(walk.reference)
    shoot(one, "walk-8-letter")
    click(one, tap)
    expect(one.get_by_role("heading", level=1)).to_have_text("Your answer is recorded")
    two.goto(links[1] + "?lang=en")
    _fill_answer(two)
    click(two, send)
    expect(two.get_by_role("heading", level=1)).to_have_text("Your answer is recorded")
    for link in links[2:]:
        answer = two.request.post(link, form={"none": "all", "seen": "0"})
        assert answer.ok, answer.text()
    _answer_by_telephone(walk, by_staff)


def _letters_delivered(walk: Walk) -> int:
    """How many consignees a letter reached, once none is on its way any more."""
    page, until = walk.window("manager"), time.monotonic() + PATIENCE_SECONDS
    while True:
        page.goto(f"{walk.recall}?part=consignees")
        told = page.get_by_role("table").locator("tbody tr")
        if not told.filter(has_text="On its way").count():
            return told.filter(has_text="Delivered to the mail server").count()
        assert time.monotonic() < until, "letters are still on their way"


def _fill_answer(page: Page) -> None:
    """Half is still there, the rest was used."""
    for group in page.locator("fieldset").filter(has=page.get_by_label("Units received")).all():
        received = int(group.get_by_label("Units received").input_value())
        group.get_by_label("Still here, set apart").fill(str(received // 2))
        group.get_by_label("Used or sold").fill(str(received - received // 2))
    page.get_by_label("Your name").fill("Ward sister")


def _answer_by_telephone(walk: Walk, by_staff: str) -> None:
    """Whoever has no address is telephoned."""
    page = walk.window("quality")
    while True:
        page.goto(f"{walk.recall}?part=ledger&state=unanswered")
        rows = page.get_by_role("table", name="Ledger").locator("tbody tr")
        if not rows.count():
            return
        rows.first.get_by_role("link").first.click()
        click(page, by_staff)
        page.get_by_label("How the answer came").select_option(label="Telephone")
        page.get_by_label("Who said it").fill("Head of the pharmacy")
        for group in page.get_by_role("group").filter(has=page.get_by_label("Received")).all():
            units = re.search(r"([\d,]+)(?: \w+)? shipped", group.inner_text())
            assert units is not None, group.inner_text()
            count = units[1].replace(",", "")
            for label, value in (("Received", count), ("On hand", "0"), ("Used", count), ("Sent back", "0")):
                group.get_by_label(label).fill(value)
        click(page, "Save the answer")


def step_9_end(walk: Walk, labels: list[str]) -> None:
    begin, draw, end_checks, books, decide, end = labels
    page = walk.window("quality")
    page.goto(walk.recall)
    click(page, begin, "link")
    click(page, draw, "button")
    page.goto(f"{walk.recall}?part=checks")
    while page.locator("details.panel").count():
        asked = page.locator("details.panel").first
        asked.locator("summary").click()
        for label, answer in (("How they were asked", "By telephone"), ("Did they get the notice?", "Yes"),
                              ("Did they understand it?", "Yes"), ("Did they do what it asks?", "Yes")):
            asked.get_by_label(label).select_option(label=answer)
        asked.get_by_role("button", name="Save").click()
        page.wait_for_load_state()
    click(page, end_checks, "link")
    page.get_by_label("What the checks came to").fill("All understood and followed the notice.")
    click(page, end_checks, "button")
    click(page, books, "link")
    while page.locator("main").get_by_role("link", name=decide, exact=True).count():
        click(page, decide, "link")
        page.get_by_label("What becomes of them").select_option(label="Keep stopped, as proof or sample")
        page.get_by_label("Why").fill("Kept until the authority has looked at them.")
        page.get_by_label("Your password, to sign").fill(PASSWORDS["quality"])
        click(page, "Sign", "button")
    manager = walk.window("manager")
    manager.goto(walk.recall)
    click(manager, end, "link")
    expect(manager.locator("main")).to_contain_text("Every line is accounted for or settled.")
    manager.get_by_label("What the recall came to").fill("Every unit is accounted for; the adhesive went back.")
    manager.get_by_label("Why it can end without this").fill("The CAPA stands at the signal; reports go by post.")
    manager.get_by_label("Your password, to sign").fill(PASSWORDS["manager"])
    click(manager, "Sign and end the recall", "button")
    expect(manager.locator("main")).to_contain_text("Ended. Its batches stay recalled.")
    shoot(manager, "walk-9-ended")
    consumer = walk.windows["consumer"]
    consumer.goto(walk.code)
    expect(consumer.locator("main")).to_contain_text(RECALLED)


def step_10_promote(walk: Walk, labels: list[str]) -> None:
    listed, triage, promote = labels
    page = walk.window("quality")
    click(page, listed)
    click(page, walk.complaints[0])
    click(page, triage)
    for answer in ("Yes", "Ours, and the batch is known", "Somebody was harmed", "Product quality"):
        tick(page, answer)
        click(page, "Go on")
    shoot(page, "walk-10-triage")
    click(page, "The rest as suggested")
    click(page, "Save the triage")
    click(page, promote)
    said = page.get_by_role("status").first
    expect(said).to_contain_text("is open. Assess it now.")
    walk.event = EVENT.findall(said.inner_text())[0]


def step_11_download(walk: Walk, labels: list[str]) -> None:
    section, *formats = labels
    page = walk.window("regulator")
    home = page.locator("section").filter(has=page.get_by_role("heading", name=section))
    home.get_by_label("Known from").fill("2020-01-01")
    home.get_by_role("button").click()
    page.wait_for_load_state()
    files = {}
    for label in formats:
        with page.expect_download() as download:
            named(page, label).click()
        files[label] = set(EVENT.findall(_text(label, Path(download.value.path()))))
    assert files["XLSX"] == files["CSV"] == files["JSON"]
    assert walk.event in files["CSV"]
    page.reload()
    expect(page.get_by_role("table", name="What you downloaded").locator("tbody tr")).to_have_count(3)
    shoot(page, "walk-11-downloaded")


def _text(label: str, path: Path) -> str:
    """A downloaded file as text; a sheet cell by cell."""
    if label != "XLSX":
        return path.read_text(encoding="utf-8-sig")
    book = load_workbook(BytesIO(path.read_bytes()), read_only=True)
    return "\n".join(str(cell) for sheet in book for row in sheet.iter_rows(values_only=True) for cell in row)


STEPS: tuple[Callable[[Walk, list[str]], None], ...] = (
    step_1_scan, step_2_report, step_3_signal, step_4_assess, step_5_decide, step_6_submit, step_7_approve, step_8_answer,
    step_9_end, step_10_promote, step_11_download)


def test_the_readme_tells_as_many_steps_as_are_walked() -> None:
    assert len(steps()) == len(STEPS)
    assert all(steps()), "a step of the README names nothing to click"


def test_the_main_job_goes_as_the_readme_tells_it(people: People, site: Site) -> None:
    walk = Walk(people, site)
    for step, labels in zip(STEPS, steps(), strict=True):
        step(walk, labels)
