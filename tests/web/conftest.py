"""The application of a test, and a client of it."""
from __future__ import annotations

import base64
import shutil
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
from flask import Flask
from flask.testing import FlaskClient

from tests.factories_web import Console, make_console
from traceapp.app import create_app
from traceapp.config import Settings
from traceapp.core.clock import FixedClock
from traceapp.db import Database


@pytest.fixture
def app(settings: Settings, sqlite: Database, clock: FixedClock) -> Iterator[Flask]:
    """The whole application on an empty SQLite database, with a clock that stands still."""
    application = create_app(settings, database=sqlite, clock=clock)
    application.testing = True
    # In tests an error of ours is an answer 500, as people would get it.
    application.config["PROPAGATE_EXCEPTIONS"] = False
    yield application
    scans = getattr(application.extensions.get("traceapp.consumer"), "scans", None)
    if scans is not None:
        scans.close()


@pytest.fixture
def client(app: Flask) -> FlaskClient:
    return app.test_client()


@pytest.fixture(scope="module")
def console(tmp_path_factory: pytest.TempPathFactory, sqlite_template: Path) -> Iterator[Console]:
    """The application with an empty SQLite database that the tests of one module share."""
    folder = tmp_path_factory.mktemp("console")
    shutil.copy(sqlite_template, folder / "test.db")
    database = Database(f"sqlite:///{folder / 'test.db'}")
    settings = Settings(var_dir=folder / "var", database_url=str(database.url), base_url="http://127.0.0.1:8000",
                        secret_key="a secret key of the tests", development=True,
                        vault_key=base64.urlsafe_b64encode(b"v" * 32).decode())
    made = make_console(settings, database, FixedClock(datetime(2026, 11, 22, 8, 0, tzinfo=UTC)))
    yield made
    scans = getattr(made.app.extensions.get("traceapp.consumer"), "scans", None)
    if scans is not None:
        scans.close()
    database.close()
