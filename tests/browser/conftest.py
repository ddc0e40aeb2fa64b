"""The whole service in its own processes, a real mail server, and a real browser.

Both end with this package's last test: while the browser's driver runs, no other test could run an event loop.
"""
from __future__ import annotations

import base64
import os
import shutil
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass, field
from email import message_from_bytes, policy
from email.message import EmailMessage
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from aiosmtpd.controller import Controller
from playwright.sync_api import Browser, BrowserContext, Page, sync_playwright

from tests.conftest import missing
from tests.demonstration import demonstration
from traceapp.config import read_settings
from traceapp.demo.people import SIGN_INS
from traceapp.world import World, build_world

ROOT = Path(__file__).resolve().parents[2]
SHOTS = ROOT / "build" / "screenshots"
PICTURES = os.environ.get("TRACEAPP_TEST_PICTURES") == "1"  # nothing is asked of them, and they take a fifth of the time
ARGUMENTS = ["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
             "--disable-component-update", "--disable-sync"]
SIZES = {"phone": (390, 844), "desktop": (1280, 900)}
LOCALES = {"zh": "zh-CN", "en": "en-GB"}
# Whom an administrator added and who has not chosen a password yet; made by the scenes.
NEWCOMER = "newcomer"
PASSWORDS = {one.name: one.password for one in SIGN_INS} | {NEWCOMER: "told by telephone"}
PATIENCE_SECONDS = 120  # a machine that is busy with other work starts slowly


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@dataclass
class Mailbox:
    """What the mail server of the tests was handed."""

    letters: list[EmailMessage] = field(default_factory=list)

    async def handle_DATA(self, _server: object, _session: object, envelope: object) -> str:  # noqa: N802
        content: bytes = envelope.content  # type: ignore[attr-defined]
        self.letters.append(message_from_bytes(content, policy=policy.default))  # type: ignore[arg-type]
        return "250 kept"


@dataclass
class Site:
    """The running service: where it answers, its letters, its folder; `codes` is what `demo load` printed: what a code
    shows (released, suspicious, recalled, …) and its address."""

    url: str
    mailbox: Mailbox
    var_dir: Path
    environment: dict[str, str]
    codes: dict[str, str] = field(default_factory=dict)

    def traceapp(self, *arguments: str) -> str:
        """Run a command of the product beside the running service; answers what it printed."""
        done = subprocess.run([sys.executable, "-m", "traceapp", *arguments], cwd=ROOT, env=self.environment,
                              capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stderr
        return done.stdout

    def world(self) -> World:
        """The service's own data, for what a test has to find or to prepare."""
        return build_world(read_settings(self.environment))


def _wait_until_ready(url: str, process: subprocess.Popen[bytes]) -> None:
    until = time.monotonic() + PATIENCE_SECONDS
    while time.monotonic() < until:
        assert process.poll() is None, "the server ended by itself"
        try:
            with urllib.request.urlopen(f"{url}/readyz", timeout=2) as answer:
                if answer.status == 200:
                    return
        except (urllib.error.URLError, OSError):
            time.sleep(0.1)
    raise AssertionError("the server did not answer")


@pytest.fixture(scope="package")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """Web server and scheduler on demonstration data of a small plant, as `dev.py run` starts them."""
    var_dir = tmp_path_factory.mktemp("site") / "var"
    box, mail_port, port = Mailbox(), free_port(), free_port()
    mail = Controller(box, hostname="127.0.0.1", port=mail_port)
    mail.start()
    environment = {**os.environ, "TRACEAPP_VAR_DIR": str(var_dir), "TRACEAPP_DEVELOPMENT": "1", "PORT": str(port),
                   "HOST": "127.0.0.1", "TRACEAPP_MAIL_URL": f"smtp://127.0.0.1:{mail_port}",
                   "TRACEAPP_MAIL_FROM": "recall@maker.example", "PYTHONPATH": str(ROOT)}
    for name in ("TRACEAPP_DATABASE_URL", "TRACEAPP_BASE_URL"):
        environment.pop(name, None)
    found = Site(f"http://127.0.0.1:{port}", box, var_dir, environment)
    made = demonstration(tmp_path_factory)
    made.copy_to(var_dir)
    for name, address in made.codes.items():
        found.codes[name] = found.url + urlsplit(address).path  # printed for the address of whoever made the data
    processes = [subprocess.Popen([sys.executable, "-m", "traceapp", command], cwd=ROOT, env=environment,
                                  stderr=(var_dir / f"{command}.log").open("wb")) for command in ("serve", "jobs")]
    try:
        _wait_until_ready(found.url, processes[0])
        yield found
    finally:
        for process in processes:
            process.terminate()
        for process in processes:
            process.wait(60)
        mail.stop()


@pytest.fixture(scope="package")
def browser() -> Iterator[Browser]:
    """Debian's headless Chromium."""
    path = shutil.which("chromium-headless-shell") or shutil.which("chromium")
    if path is None:
        missing("no Chromium here: apt-get install chromium-headless-shell")
    with sync_playwright() as playwright:
        opened = playwright.chromium.launch(executable_path=path, args=ARGUMENTS)
        yield opened
        opened.close()


class People:
    """Browsers of different people, each with cookies of its own."""

    def __init__(self, browser: Browser, site: Site) -> None:
        self.browser, self.site, self.contexts = browser, site, list[BrowserContext]()

    def somebody(self, language: str = "en", size: str = "desktop", script: bool = True) -> Page:
        """A new person with an empty browser of this language and size."""
        width, height = SIZES[size]
        context = self.browser.new_context(locale=LOCALES[language], viewport={"width": width, "height": height},
                                           base_url=self.site.url, java_script_enabled=script)
        context.set_default_timeout(20_000)
        self.contexts.append(context)
        return context.new_page()

    def signed_in(self, name: str, language: str = "en", size: str = "desktop") -> Page:
        """A person who is signed in."""
        page = self.somebody(language, size)
        page.goto(f"/sign-in?lang={language}")
        page.fill("#f-name", name)
        page.fill("#f-password", PASSWORDS[name])
        page.click("main button[type=submit]")
        page.wait_for_load_state()
        assert "/sign-in" not in page.url, page.inner_text("main")
        return page

    def leave(self) -> None:
        for context in self.contexts:
            context.close()


@pytest.fixture
def people(browser: Browser, site: Site) -> Iterator[People]:
    found = People(browser, site)
    yield found
    found.leave()


def shoot(page: Page, name: str) -> None:
    """Keep a picture of the whole page under build/screenshots where pictures are wanted, by the browser's own protocol:
    the driver's way takes twice as long, and there are hundreds of pages."""
    if not PICTURES:
        return
    SHOTS.mkdir(parents=True, exist_ok=True)
    browser = page.context.new_cdp_session(page)
    picture = browser.send("Page.captureScreenshot", {"captureBeyondViewport": True, "optimizeForSpeed": True})
    browser.detach()
    (SHOTS / f"{name}.png").write_bytes(base64.b64decode(picture["data"]))
