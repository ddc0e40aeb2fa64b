"""The resolver as a process of its own: what goes over the wire, with a slash in a lot number."""
from __future__ import annotations

import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import closing
from http.client import HTTPConnection
from pathlib import Path

import pytest

from tests.factories_trace import UNIT_GTIN, make_batch, make_hand
from tests.resolver_suite import Reply, Suite
from tests.web.test_resolver_suite import validated
from traceapp.code.link_types import LINK_TYPES
from traceapp.core.actor import Actor
from traceapp.core.clock import FixedClock
from traceapp.db import Database

_CHECKOUT = Path(__file__).resolve().parents[2]
GTIN = f"/01/{UNIT_GTIN}"


@pytest.fixture
def port(sqlite: Database, actor: Actor, clock: FixedClock, tmp_path: Path) -> Iterator[int]:
    """The port of the server that `dev.py run` starts, over a database with the batch A/B."""
    with sqlite.write() as session:
        make_batch(make_hand(session, actor, clock), "A/B")
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        chosen = probe.getsockname()[1]
    environment = {**os.environ, "TRACEAPP_VAR_DIR": str(tmp_path / "var"), "TRACEAPP_DATABASE_URL": str(sqlite.url),
                   "TRACEAPP_DEVELOPMENT": "1", "TRACEAPP_PORT": str(chosen),
                   "TRACEAPP_BASE_URL": "https://trace.maker.example"}
    process = subprocess.Popen([sys.executable, "-m", "traceapp", "serve"], cwd=_CHECKOUT, env=environment,
                               stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        until = time.monotonic() + 60
        while time.monotonic() < until and process.poll() is None:
            try:
                asked(chosen, "/healthz", {})
                break
            except OSError:
                time.sleep(0.05)
        yield chosen
    finally:
        process.terminate()
        process.wait(20)


def asked(port: int, target: str, headers: Mapping[str, str]) -> Reply:
    """The answer over the wire; of headers that come twice the last."""
    with closing(HTTPConnection("127.0.0.1", port, timeout=20)) as connection:
        connection.request("GET", target, headers=dict(headers))
        answer = connection.getresponse()
        return Reply(answer.status, {name.lower(): value for name, value in answer.getheaders()}, answer.read())


def test_the_whole_suite_holds_over_the_wire_with_a_slash_in_the_lot_and_queries_go_unchanged(port: int) -> None:
    root = f"http://127.0.0.1:{port}"
    for path in (f"{GTIN}/10/A%2FB", f"{GTIN}/10/A%2FB/21/7%2F7"):
        suite = Suite(lambda url, headers: asked(port, url.removeprefix(root), headers), root + path, validated,
                      frozenset(LINK_TYPES))
        assert suite.run() == []
        assert "leads to gs1:epcis" in suite.seen
    page = asked(port, f"/s{GTIN}/10/A%2FB", {"Accept": "text/html", "Accept-Language": "en"})
    assert page.status == 200
    assert b"A/B" in page.body
    assert asked(port, f"{GTIN}/10/A/B", {}).status == 400
    for query in ("a;b;c=", "x=%2F&&y", "q=a+b%20c&flag"):
        answer = asked(port, f"{GTIN}/10/A%2FB?{query}", {"Host": "trace.maker.example"})
        assert (answer.status, answer.location) == (307, f"https://trace.maker.example/s{GTIN}/10/A%2FB?{query}")
