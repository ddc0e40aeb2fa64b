"""Whatever is asked, the answer is one of the client's or ours that was meant: never an error of ours."""
from __future__ import annotations

from collections import Counter
from random import Random
from typing import Any
from urllib.parse import unquote_to_bytes

import pytest
from flask import Flask
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from werkzeug.test import EnvironBuilder, run_wsgi_app

from benchmarks.soak.hostile import TARGETS, hostile_headers, hostile_targets, seeds
from tests.factories_links import linked
from tests.factories_trace import UNIT_GTIN, make_batch, make_hand
from traceapp.core.actor import Actor
from traceapp.core.clock import FixedClock
from traceapp.db import Database


@pytest.fixture
def house(app: Flask, sqlite: Database, actor: Actor, clock: FixedClock) -> Flask:
    with sqlite.write() as session:
        make_batch(make_hand(session, actor, clock), "L000001")
    for number in range(2):
        linked(sqlite, clock, f"(01){UNIT_GTIN}(10)L000001", href=f"https://maker.example/{number}")
    linked(sqlite, clock, "(8006)095060001343520102")
    return app


def asked(app: Flask, target: str, headers: dict[str, str]) -> tuple[int, dict[str, str], bytes]:
    """The answer to a request line as it is, past everything that would tidy it up."""
    path, _, query = target.partition("?")
    environ: dict[str, Any] = EnvironBuilder("/").get_environ()
    environ |= {"REQUEST_URI": target, "QUERY_STRING": query, "PATH_INFO": unquote_to_bytes(path.encode("latin-1")).decode("latin-1")}
    environ |= {f"HTTP_{name.upper().replace('-', '_')}": value for name, value in headers.items()}
    body, status, found = run_wsgi_app(app.wsgi_app, environ, buffered=True)
    return int(status.split()[0]), {name.lower(): value for name, value in found}, b"".join(body)


def checked(app: Flask, target: str, headers: dict[str, str]) -> int:
    status, found, body = asked(app, target, headers)
    assert 200 <= status < 500, target
    for name, value in found.items():
        assert value.isprintable(), (target, name)
        value.encode("latin-1")
    assert status != 200 or b"problem" not in found.get("content-type", "").encode(), "200 with an error"
    assert body or status in (304, 307, 308), target
    return status


def test_broken_codes_and_headers_are_never_errors_of_ours(house: Flask) -> None:
    random = Random(20261122)
    seen = Counter(checked(house, target.replace("09521234543213", UNIT_GTIN), hostile_headers(random))
                   for target in hostile_targets(random, 3000))
    assert min(seen[status] for status in (200, 307, 400, 404)) > 30


def test_the_public_vectors_are_among_what_is_broken(shared: object) -> None:
    assert len(seeds()) > 400


@settings(max_examples=300, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(TARGETS, st.sampled_from(["", "*/*", "text/html", "application/linkset+json"]),
       st.text(st.characters(max_codepoint=255), max_size=30))
def test_no_target_is_ever_an_error_of_ours(house: Flask, target: str, accept: str, language: str) -> None:
    target = target.replace("09521234543213", UNIT_GTIN)
    assert checked(house, target, {"Accept": accept, "Accept-Language": language}) in (200, 300, 307, 308, 400, 404)
