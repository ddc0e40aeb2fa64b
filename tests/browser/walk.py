"""The walk through the main job as the README tells it: its steps, what is bold in each, and how a person clicks it."""
from __future__ import annotations

import re
import threading
import time
import urllib.request
from dataclasses import dataclass, field

from playwright.sync_api import Locator, Page

from tests.browser.conftest import ROOT, People, Site

_SECTION = re.compile(r"^## Five minutes through the main job$(.*?)^## ", re.M | re.S)
_STEP = re.compile(r"^(\d+)\. (.*?)(?=^\d+\. |\Z)", re.M | re.S)
_BOLD = re.compile(r"\*\*(.+?)\*\*", re.S)


def steps() -> list[list[str]]:
    """What is bold in each step of the README, in order."""
    found = _SECTION.search((ROOT / "README.md").read_text(encoding="utf-8"))
    assert found is not None, "the README has no walk through the main job"
    numbered = _STEP.findall(found[1])
    assert [int(number) for number, _ in numbered] == list(range(1, len(numbered) + 1))
    return [[" ".join(bold.split()) for bold in _BOLD.findall(text)] for _, text in numbered]


def named(page: Page, label: str, role: str = "") -> Locator:
    """The link or button of this name."""
    if role:
        return page.get_by_role(role, name=label, exact=True).first  # type: ignore[arg-type]
    return page.get_by_role("link", name=label, exact=True).or_(page.get_by_role("button", name=label, exact=True)).first


def click(page: Page, label: str, role: str = "") -> None:
    """Click the link or button of this name and wait for the page that it leads to."""
    named(page, label, role).click()
    page.wait_for_load_state()


def tick(page: Page, label: str) -> None:
    """Choose the radio button or checkbox of this name."""
    page.get_by_label(label, exact=True).check()


@dataclass
class Walk:
    """Who walks, and what they know from each other."""

    people: People
    site: Site
    code: str = ""
    lot: str = ""
    signal: str = ""
    recall: str = ""
    reference: str = ""
    event: str = ""
    complaints: list[str] = field(default_factory=list)
    windows: dict[str, Page] = field(default_factory=dict)

    def window(self, name: str) -> Page:
        """The browser of a person on the staff, signed in since they were first needed."""
        if name not in self.windows:
            self.windows[name] = self.people.signed_in(name)
        return self.windows[name]

    def links(self) -> dict[str, str]:
        """The answer links by recipient, from the letters that a mail server was handed about this recall."""
        found: dict[str, str] = {}
        for letter in list(self.site.mailbox.letters):
            body = letter.get_body(("plain",))
            text = body.get_content() if body is not None else ""
            link = re.search(re.escape(self.site.url) + r"/r/\S+", text)
            if self.reference in text and link:
                found[str(letter["To"])] = link[0]
        return found


class Watch:
    """Somebody else's phone: asks for a page again and again and notes what it said, and when it was asked."""

    def __init__(self, url: str, words: str) -> None:
        self.url, self.words = url, words.encode()
        self.seen: list[tuple[float, bool]] = []
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._ask, daemon=True)

    def _ask(self) -> None:
        while not self._stop.is_set():
            asked = time.monotonic()
            with urllib.request.urlopen(self.url, timeout=20) as answer:
                self.seen.append((asked, self.words in answer.read()))
            self._stop.wait(0.02)

    def __enter__(self) -> Watch:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        self._thread.join(30)
