"""Who may read the metrics."""
from __future__ import annotations

from dataclasses import replace

import pytest
from flask import Flask

from tests.factories_web import Console
from traceapp.app import create_app
from traceapp.config import Settings, read_settings

TOKEN = "a token of the metrics"


def asked(app: Flask, peer: str, **headers: str) -> int:
    given = {name.replace("_", "-"): value for name, value in headers.items()}
    return app.test_client().get("/metrics", headers=given, environ_base={"REMOTE_ADDR": peer}).status_code


@pytest.fixture(scope="module", params=[0, 1], ids=["no proxy", "one trusted proxy"])
def guarded(request: pytest.FixtureRequest, console: Console) -> Flask:
    """The application with a token for the metrics, believing so many proxies; nobody changes anything in it."""
    settings = console.app.extensions["traceapp"].settings
    return create_app(replace(settings, metrics_token=TOKEN, trusted_proxies=request.param),
                      database=console.database, clock=console.clock)


@pytest.mark.parametrize("peer", ["127.0.0.1", "127.8.9.1", "::1", "::ffff:127.0.0.1"])
def test_a_program_on_this_machine_reads_the_metrics(guarded: Flask, peer: str) -> None:
    assert asked(guarded, peer) == 200


@pytest.mark.parametrize("headers", [
    {"X_Forwarded_For": "127.0.0.1"}, {"X_Forwarded_For": "203.0.113.7"}, {"Forwarded": "for=127.0.0.1"},
    {"X_Real_IP": "127.0.0.1"}, {"X_Forwarded_Proto": "https"}, {"Via": "1.1 proxy"}])
def test_what_a_proxy_on_this_machine_passes_on_needs_the_token(guarded: Flask, headers: dict[str, str]) -> None:
    assert asked(guarded, "127.0.0.1", **headers) == 401
    assert asked(guarded, "127.0.0.1", Authorization=f"Bearer {TOKEN}", **headers) == 200


@pytest.mark.parametrize(("sent", "status"), [
    (f"Bearer {TOKEN}", 200), (f"bearer {TOKEN}", 200), (TOKEN, 401), (f"Bearer {TOKEN}x", 401), ("Bearer ", 401),
    (f"Basic {TOKEN}", 401), ("Bearer é", 401)])
def test_others_read_the_metrics_with_the_token_alone(guarded: Flask, sent: str, status: int) -> None:
    assert asked(guarded, "203.0.113.7", Authorization=sent) == status


@pytest.mark.parametrize("sent", ["Bearer ", "Bearer x", ""])
def test_without_a_token_set_nobody_elsewhere_reads_the_metrics(app: Flask, sent: str) -> None:
    assert asked(app, "203.0.113.7", Authorization=sent) == 401
    assert asked(app, "unix:", Authorization=sent) == 401


def test_the_token_comes_from_the_environment_or_a_file_and_is_never_shown(settings: Settings) -> None:
    assert read_settings({"TRACEAPP_METRICS_TOKEN": TOKEN}).metrics_token == TOKEN
    settings.var_dir.mkdir()
    (settings.var_dir / "metrics_token").write_text(TOKEN + "\n")
    found = read_settings({"TRACEAPP_VAR_DIR": str(settings.var_dir)})
    assert found.metrics_token == TOKEN
    assert TOKEN not in repr(found)
