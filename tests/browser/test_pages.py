"""Every page of the four audiences, as a phone and a desktop show it, in Chinese and English: nothing wider than the
screen, nothing refused by the browser, nothing that shuts a reader out. With TRACEAPP_TEST_PICTURES=1 pictures go to
build/screenshots."""
from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime
from decimal import Decimal

import pytest
from axe_playwright_python.base import AXE_FILE_PATH
from playwright.sync_api import ConsoleMessage, Page

from tests.browser.conftest import NEWCOMER, PICTURES, SIZES, People, Site, shoot
from tests.browser.scenes import Scenes, make_scenes
from traceapp.demo.consignees import gln
from traceapp.recall.letter_html import html_of
from traceapp.recall.letters import LetterFacts, LetterLot

pytestmark = pytest.mark.browser
AXE = AXE_FILE_PATH.read_text(encoding="utf-8")
RULES = {"runOnly": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"], "resultTypes": ["violations"],
         "elementRef": False, "preload": False}
# Colours are the same in both sizes and languages, and looking at them is most of the work: once a page.
WITHOUT_COLOURS = RULES | {"rules": {"color-contrast": {"enabled": False}}}
LOOKED_AT: dict[tuple[str, str], dict[str, object]] = {
    ("en", "desktop"): RULES, ("en", "phone"): WITHOUT_COLOURS, ("zh", "phone"): WITHOUT_COLOURS}
RUN_AXE = """options => axe.run(document, options).then(found => found.violations.map(
    rule => rule.id + ": " + rule.nodes.map(node => node.target.join(" ") + " " + node.html.slice(0, 120)).join(" | ")))"""
# What a phone folds away is looked at too.
UNFOLD = "() => document.querySelectorAll('details.fold, details.tuck').forEach(part => { part.open = true; })"
# Rows after the sixth are like those before them.
CUT = "() => document.querySelectorAll('tbody tr:nth-child(n+7)').forEach(row => row.remove())"
TOO_WIDE = """() => { const root = document.documentElement, wide = root.clientWidth;
    if (root.scrollWidth <= wide) return [];
    return [...document.querySelectorAll("body *")].filter(e => e.getBoundingClientRect().right > wide + 1)
        .slice(0, 5).map(e => e.tagName + "." + e.className + " " + Math.round(e.getBoundingClientRect().right)); }"""


@dataclass(frozen=True, slots=True)
class Entry:
    """A page: what its pictures are called, where it is, who opens it (nobody: not signed in), what it answers."""

    name: str
    path: str | Callable[[Site, Scenes], str]
    who: str = ""
    status: int = 200


def code(name: str) -> Callable[[Site, Scenes], str]:
    """The path of a code that the demonstration printed."""
    return lambda site, _scenes: site.codes[name].removeprefix(site.url)


def nearly(site: Site, _scenes: Scenes) -> str:
    """A number that is one digit away from a batch."""
    number = site.codes["released"].rsplit("/", 1)[1]
    return f"/?code={number[:-2]}{'2' if number[-2] == '1' else '1'}{number[-1]}"


def at(template: str) -> Callable[[Site, Scenes], str]:
    """A path with names of scenes in braces."""
    return lambda _site, scenes: template.format(scenes=scenes)


CONSUMER = (
    Entry("front", "/"),
    Entry("scan-released", code("released")),
    Entry("scan-suspicious", code("suspicious")),
    Entry("scan-recalled", code("recalled")),
    Entry("scan-on-hold", code("on hold")),
    Entry("scan-rejected", code("rejected")),
    Entry("scan-not-released", code("not released")),
    Entry("scan-expired", at("{scenes.expired}")),
    Entry("scan-please-verify", at("{scenes.copied}")),
    Entry("scan-unknown-pack", at("{scenes.unknown_pack}")),
    Entry("scan-far-apart", at("{scenes.far_pack}")),
    Entry("scan-unknown", "/01/09520426001012/10/CK26060799"),
    Entry("scan-wrong-code", "/s/01/09520426001013/10/CK26060701", status=400),
    Entry("scan-product", "/01/09520426001012"),
    Entry("scan-place", f"/414/{gln(11)}"),
    Entry("code-links", at("{scenes.code}?linkType=linkset")),
    Entry("code-choices", at("{scenes.code}?linkType=gs1:relatedVideo"), status=300),
    Entry("code-no-such-link", at("{scenes.code}?linkType=gs1:faqs"), status=404),
    Entry("code-unknown", "/01/09506000134352/10/X1", status=404),
    Entry("code-wrong", "/01/09520426001013/10/CK26060701", status=400),
    Entry("code-not-held", "/8004/9506000ABC", status=404),
    Entry("scan-no-gtin", at("/t/{scenes.raw}")),
    Entry("front-near-number", nearly),
    Entry("front-unknown-number", "/?code=ZZ-990011-0", status=404),
    Entry("recall-list", "/recalls"),
    Entry("recall-public", at("/recalls/{scenes.closed_reference}")),
    Entry("recall-mail", "/recalls/subscribe"),
    Entry("report-begin", at("/report?lot={scenes.lot}&via=scan")),
    *(Entry(f"report-{step}", at("/report/d/{scenes.form}/" + step))
      for step in ("signs", "whom", "bad", "use", "photo", "contact", "check")),
    Entry("report-sent", at("/report/{scenes.report}?sent=1")),
    Entry("report-follow-up", at("/report/{scenes.report}")),
    Entry("sign-in", "/sign-in"),
    Entry("nothing-here", "/nothing/here", status=404),
)
CONSIGNEE = (
    Entry("notice", at("/r/{scenes.asked}")),
    Entry("notice-answered", at("/r/{scenes.answered}")),
    Entry("notice-done", at("/r/{scenes.answered}/done")),
)
CONSOLE = tuple(Entry(f"console-{name}", at(f"/console{path}"), who) for name, path, who in (
    ("today", "/today", "quality"),
    ("lots", "/lots", "quality"),
    ("lot", "/lots/{scenes.lot}", "quality"),
    ("lot-journey", "/lots/{scenes.lot}?part=journey", "quality"),
    ("lot-storage", "/lots/{scenes.cold}?part=storage", "quality"),
    ("lot-inspections", "/lots/{scenes.lot}?part=inspections", "quality"),
    ("lot-shipments", "/lots/{scenes.lot}?part=shipments", "quality"),
    ("lot-complaints", "/lots/{scenes.lot}?part=complaints", "quality"),
    ("lot-scans", "/lots/{scenes.scanned}?part=scans", "quality"),
    ("lot-label", "/lots/{scenes.scanned}?part=label", "operator"),
    ("lot-serials", "/lots/{scenes.scanned}/serials", "operator"),
    ("lot-links", "/lots/{scenes.lot}?part=links", "quality"),
    ("lot-history", "/lots/{scenes.lot}?part=history", "quality"),
    ("lot-raw", "/lots/{scenes.raw}", "quality"),
    ("trace-begin", "/trace", "quality"),
    ("trace-raw", "/trace?kind=item&name={scenes.raw}", "quality"),
    ("trace-chosen", "/trace?kind=item&name={scenes.raw}&at={scenes.lot}&part=consignees", "quality"),
    ("trace-lot", "/trace?kind=item&name={scenes.lot}&part=balance&open=all&times=all", "quality"),
    ("lot-receive", "/lots/receive", "operator"),
    ("lot-produce", "/lots/produce", "operator"),
    ("lot-produce-product", "/lots/produce?product={scenes.product}", "operator"),
    ("lot-inspect", "/lots/{scenes.lot}/inspect", "quality"),
    ("lot-release", "/lots/{scenes.pending}/release", "manager"),
    ("lot-reject", "/lots/{scenes.pending}/reject", "manager"),
    ("lot-hold", "/lots/{scenes.lot}/hold", "quality"),
    ("lot-return", "/lots/{scenes.lot}/return", "operator"),
    ("lot-dispose", "/lots/{scenes.raw}/dispose", "operator"),
    ("lot-labels", "/lots/{scenes.scanned}/labels", "operator"),
    ("lot-labels-pallet", "/lots/{scenes.scanned}/labels?template=pallet&sscc=106901234500000010&cases=40&format=zpl&"
     "language=both&dpi=203&page=a4", "operator"),
    ("lot-labels-refused", "/lots/{scenes.scanned}/labels?template=unit&format=sheet&language=both&dpi=300&page=a4&"
     "module_mm=0.2&columns=9", "operator"),
    ("print-job", "/lots/{scenes.scanned}/prints/{scenes.print_job}?still=1", "operator"),
    ("search-unknown", "/search?q=(01)09520426001012(10)ZZ-1", "quality"),
    ("shipment-new", "/shipments/new?lot={scenes.lot}", "operator"),
    ("complaints", "/complaints", "quality"),
    ("complaint", "/complaints/{scenes.complaint}", "quality"),
    ("complaint-erase", "/complaints/{scenes.complaint}?do=erase", "manager"),
    ("complaint-new", "/complaints/new", "quality"),
    ("complaint-import", "/complaints/import", "quality"), ("complaint-email", "/complaints/email", "quality"),
    ("complaint-split", "/complaints/{scenes.doubled}?do=split", "quality"),
    ("complaint-return", "/complaints/{scenes.complaint}?do=return", "quality"),
    ("complaint-measures", "/complaints/measures", "quality"), ("duty", "/duty", "manager"),
    ("service-promises", "/promises", "manager"),
    ("task-forces", "/task-forces", "quality"),
    ("adverse-events", "/adverse-events", "quality"),
    ("adverse-event", "/adverse-events/{scenes.event}", "quality"),
    ("adverse-event-draft", "/adverse-events/{scenes.draft_event}", "quality"),
    ("adverse-event-assess-first", "/adverse-events/{scenes.draft_event}/assess", "quality"),
    ("adverse-event-assess", "/adverse-events/{scenes.event}/assess", "quality"),
    ("adverse-event-history", "/adverse-events/{scenes.event}/history", "quality"),
    ("adverse-event-patient", "/adverse-events/{scenes.event}?do=patient", "quality"),
    ("authority-reports", "/reports", "quality"),
    ("authority-report", "/reports/{scenes.sent_report}", "quality"),
    ("authority-report-answer", "/reports/{scenes.sent_report}?do=answer", "quality"),
    ("authority-report-approve", "/reports/{scenes.checked_report}?do=approve", "manager"),
    ("authority-report-new", "/adverse-events/{scenes.unreported}/reports/new", "quality"),
    ("authority-answer", "/reports/answers/{scenes.lost_answer}", "quality"),
    ("periodic-report", "/reports/periodic", "quality"),
    ("adverse-event-erase", "/adverse-events/{scenes.event}?do=erase", "manager"),
    ("signals", "/signals", "quality"),
    ("signal", "/signals/{scenes.signal}", "quality"),
    ("signal-decide", "/signals/{scenes.signal}?do=refute", "quality"),
    ("signal-merge", "/signals/{scenes.signal}?do=merge", "quality"),
    ("signal-silence", "/signals/{scenes.signal}?do=silence", "quality"),
    ("signal-workbench", "/signals/{scenes.signal}/workbench", "quality"),
    ("signals-silence", "/signals?do=silence", "quality"),
    ("signal-basis", "/signals/{scenes.signal}?do=basis", "manager"),
    ("recalls", "/recalls", "quality"),
    ("recall-new", "/recalls/new?root={scenes.raw}&signal={scenes.signal}", "quality"),
    ("recall-start", "/recalls/new", "quality"),
    ("recall-draft", "/recalls/{scenes.draft}", "quality"),
    ("recall-scope", "/recalls/{scenes.draft}?part=scope", "quality"),
    ("recall-workbench", "/recalls/{scenes.draft}/workbench", "quality"),
    ("recall-texts", "/recalls/{scenes.draft}/texts", "quality"),
    ("recall-submit", "/recalls/{scenes.draft}?do=submit", "quality"),
    ("recall-approve", "/recalls/{scenes.submitted}?do=approve", "manager"),
    ("recall-running", "/recalls/{scenes.running}", "manager"),
    ("recall-status", "/recalls/{scenes.running}/status", "manager"),
    ("recall-correct", "/recalls/{scenes.running}/notice?do=correct", "manager"),
    ("recall-consignees", "/recalls/{scenes.running}?part=consignees", "manager"),
    ("recall-ledger", "/recalls/{scenes.running}?part=ledger", "manager"),
    ("recall-consignee", "/recalls/{scenes.running}/consignees/{scenes.consignee}?do=answer", "manager"),
    ("recall-close", "/recalls/{scenes.running}?do=close", "manager"),
    ("recall-closed", "/recalls/{scenes.closed}", "manager"),
    ("products", "/products", "quality"),
    ("product", "/products/{scenes.product}", "quality"),
    ("product-change", "/products/{scenes.product}/change", "manager"),
    ("product-new", "/products/new", "manager"),
    ("partners", "/partners", "quality"),
    ("partner", "/partners/{scenes.partner}", "quality"),
    ("partner-new", "/partners/new", "manager"),
    ("partner-contact", "/partners/{scenes.partner}/contact", "manager"),
    ("gaps", "/gaps", "quality"),
    ("excursions", "/excursions", "quality"),
    ("records", "/records?chosen=1&since=2026-01-01", "quality"),
    ("exchange", "/exchange", "quality"),
    ("exchange-new", "/exchange/new", "quality"),
    ("subscriptions", "/exchange/subscriptions", "quality"),
    ("subscription-new", "/exchange/subscriptions/new", "quality"),
    ("imports", "/imports", "quality"),
    ("import-columns", "/imports/{scenes.import_draft}", "quality"),
    ("import-faults", "/imports/{scenes.import_faulty}", "quality"),
    ("import-stopped", "/imports/{scenes.import_stopped}", "quality"),
    ("import-running", "/imports/{scenes.import_running}?still=1", "quality"),
    ("labels", "/labels", "operator"),
    ("links", "/links?withdrawn=1", "quality"),
    ("links-of-a-code", "/links?code={scenes.gtin}", "quality"),
    ("link-new", "/links/new?anchor={scenes.gtin}", "quality"),
    ("link-change", "/links/{scenes.link}/change", "quality"),
    ("link-withdraw", "/links/{scenes.link}/withdraw", "quality"),
    ("search", "/search?q=CK26", "quality"),
    ("task", "/tasks/{scenes.task}", "quality"),
    ("accounts", "/accounts", "admin"),
    ("account", "/accounts/{scenes.account}", "admin"),
    ("account-password", "/accounts/{scenes.account}?do=password", "admin"),
    ("account-role", "/accounts/{scenes.account}?do=role", "admin"),
    ("account-new", "/accounts/new", "admin"),
    ("token-new", "/tokens/new", "admin"),
    ("own-account", "/account", "quality"),
    ("own-account-regulator", "/account", "regulator"),
    ("own-account-one-time", "/account", NEWCOMER),
    ("gallery", "/gallery", "quality"),
))
REGULATOR = tuple(Entry(f"regulator-{name}", at(f"/regulator{path}"), "regulator") for name, path in (
    ("home", "/"),
    ("reports", "/reports?since=2026-01-01"),
    ("records", "/records?chosen=1&since=2026-01-01"),
    ("cases", "/cases"),
    ("adverse-event", "/adverse-events/{scenes.event}"),
    ("lot", "/lots/{scenes.lot}"),
    ("recall", "/recalls/{scenes.closed}"),
    ("authority-report", "/authority-reports/{scenes.sent_report}"),
    ("chain-of-a-report", "/evidence/report/{scenes.sent_report}"),
    ("evidence", "/evidence"),
    ("chain", "/evidence/recall/{scenes.closed}"),
))
PAGES = CONSUMER + CONSIGNEE + CONSOLE + REGULATOR


class Window:
    """One person's browser in one language, kept for all pages, with everything the browser complained of."""

    def __init__(self, page: Page) -> None:
        self.page, self.said = page, list[str]()
        page.add_init_script(AXE)
        page.on("console", self._note)
        page.on("pageerror", lambda error: self.said.append(str(error)))

    def _note(self, message: ConsoleMessage) -> None:
        if message.type in ("error", "warning"):
            self.said.append(message.text)


@pytest.fixture(scope="module")
def scenes(site: Site) -> Scenes:
    return make_scenes(site)


@pytest.fixture(scope="module")
def windows(browser: object, site: Site) -> Iterator[Callable[[str, str], Window]]:
    """The window of a person in a language."""
    everybody = People(browser, site)  # type: ignore[arg-type]
    opened: dict[tuple[str, str], Window] = {}

    def window(who: str, language: str) -> Window:
        if (who, language) not in opened:
            page = everybody.signed_in(who, language) if who else everybody.somebody(language)
            opened[who, language] = Window(page)
        return opened[who, language]

    yield window
    everybody.leave()


def fit(page: Page, size: str) -> None:
    """Give the page the screen of this size, unless it has it."""
    width, height = SIZES[size]
    if page.viewport_size != {"width": width, "height": height}:
        page.set_viewport_size({"width": width, "height": height})


def test_every_name_of_a_page_is_its_own() -> None:
    assert len({entry.name for entry in PAGES}) == len(PAGES)


@pytest.mark.parametrize("language", ["zh", "en"])
@pytest.mark.parametrize("entry", PAGES, ids=[entry.name for entry in PAGES])
def test_a_page_fits_its_screen_and_shuts_nobody_out(entry: Entry, language: str, site: Site, scenes: Scenes,
                                                     windows: Callable[[str, str], Window]) -> None:
    window = windows(entry.who, language)
    page, path = window.page, entry.path if isinstance(entry.path, str) else entry.path(site, scenes)
    window.said.clear()
    answer = page.goto(path.format(language=language))
    assert answer is not None and answer.status == entry.status, page.inner_text("body")[:500]
    assert page.get_attribute("html", "lang") == {"zh": "zh-CN", "en": "en"}[language]
    wrong = list[str]()
    for size in SIZES:
        fit(page, size)
        page.evaluate(UNFOLD)
        wrong += [f"{size}: wider than the screen: {part}" for part in page.evaluate(TOO_WIDE)]
    page.evaluate(CUT)
    for size in reversed(SIZES):  # it has the last one now, and the next page begins with the first
        rules = LOOKED_AT.get((language, size))
        if rules or PICTURES:
            fit(page, size)
        if rules:
            wrong += [f"{size}: {rule}" for rule in page.evaluate(RUN_AXE, rules)]
        shoot(page, f"{entry.name}-{language}-{size}")
    # A refused page is itself reported by the browser as a resource that failed.
    wrong += [said for said in window.said if entry.status == 200 or "Failed to load resource" not in said]
    assert not wrong, "\n".join(wrong)


@pytest.mark.parametrize("name", ["scan-released", "scan-recalled", "scan-on-hold", "report-check", "notice",
                                  "console-today", "console-signal", "console-lot", "console-gallery"])
def test_a_dark_screen_keeps_the_contrast(name: str, site: Site, scenes: Scenes,
                                          windows: Callable[[str, str], Window]) -> None:
    entry = next(entry for entry in PAGES if entry.name == name)
    page = windows(entry.who, "en").page
    fit(page, "desktop")
    page.emulate_media(color_scheme="dark")
    try:
        page.goto((entry.path if isinstance(entry.path, str) else entry.path(site, scenes)).format(language="en"))
        assert page.evaluate(RUN_AXE, RULES | {"runOnly": {"type": "rule", "values": ["color-contrast"]}}) == []
        shoot(page, f"{name}-en-dark")
    finally:
        page.emulate_media(color_scheme="light")


@pytest.mark.parametrize("language", ["zh", "en"])
def test_a_running_recall_begins_on_a_phone_with_what_to_do_and_folds_the_rest(
        language: str, people: People, site: Site, scenes: Scenes) -> None:
    page = people.signed_in("manager", language, "phone")
    page.goto(f"/console/recalls/{scenes.running}")
    assert page.evaluate("document.documentElement.scrollHeight") <= 3000
    acts = page.locator("main .acts .btn")
    assert acts.first.is_visible() and acts.first.bounding_box()["y"] < 844  # type: ignore[index]
    folds = page.locator("details.fold")
    assert folds.count() >= 6 and page.locator("details.fold[open]").count() == 0
    assert not page.locator("#clocks table").is_visible()
    folds.first.locator("summary").focus()
    page.keyboard.press("Enter")
    assert folds.first.locator("table").is_visible()
    page.goto(f"/console/recalls/{scenes.running}#clocks")
    assert page.locator("#clocks").is_visible(), "an address that leads into a fold opens it"
    page.emulate_media(media="print")
    assert all(one.is_visible() for one in folds.locator("> div").all()), "on paper all of it stands"


@pytest.mark.parametrize("language", ["zh", "en"])
def test_a_letter_fits_a_narrow_phone_in_a_mail_client(language: str, people: People) -> None:
    lot = LetterLot("HA2609-0601-LONG-NUMBER", {"zh": "透明质酸钠原料 10 g（护肤用）", "en": "Sodium hyaluronate raw material 10 g"},
                    Decimal(1400), "EA", date(2028, 9, 5), "09520426001043")
    both = {"zh": "停止使用并退回。", "en": "Stop using it and send it back."}
    letter = LetterFacts("RC-2611-JCC3NA", "II", both, both, both, both, "0512-0000 0000", both, (lot, lot),
                         f"http://127.0.0.1:8000/r/{'x' * 64}", datetime(2026, 12, 1, tzinfo=UTC))
    page = people.somebody(language, script=False)
    page.set_viewport_size({"width": 360, "height": 740})
    page.set_content(html_of(letter, language))
    assert page.evaluate(TOO_WIDE) == []
    shoot(page, f"letter-{language}")


def test_with_room_a_recall_is_unfolded_and_without_script_too(people: People, site: Site, scenes: Scenes) -> None:
    page = people.signed_in("manager")
    page.goto(f"/console/recalls/{scenes.running}")
    assert page.locator("details.fold:not([open])").count() == 0
    assert page.locator("details.tuck > summary").first.is_hidden() and page.locator(".steps").is_visible()
    plain = people.somebody(script=False)
    plain.context.add_cookies(page.context.cookies())
    plain.goto(f"/console/recalls/{scenes.running}")
    assert all(one.is_visible() for one in plain.locator("details.fold > div").all())
    assert plain.locator(".steps").is_visible()
