"""The application of a test, and a client of it."""
from __future__ import annotations

import base64
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
from flask import Flask
from flask.testing import FlaskClient

from tests.applications import Applications
from tests.conftest import filled
from tests.factories_web import Console
from tests.quick_passwords import quick_passwords
from traceapp.config import Settings
from traceapp.core.clock import FixedClock
from traceapp.db import Database

__all__ = ["quick_passwords"]


@pytest.fixture
def applications() -> Iterator[Applications]:
    """Applications that end with the test; asked for last, so that their logs are stored before the database closes."""
    opened = Applications()
    yield opened
    opened.close()


@pytest.fixture
def app(settings: Settings, sqlite: Database, clock: FixedClock, applications: Applications) -> Flask:
    """The whole application on an empty SQLite database, with a clock that stands still."""
    return applications.open(settings, sqlite, clock)


@pytest.fixture
def client(app: Flask) -> FlaskClient:
    return app.test_client()


@pytest.fixture(scope="session")
def console_file(tmp_path_factory: pytest.TempPathFactory) -> Database:
    """The database of one module's console after the other (see `sqlite_file`)."""
    return Database(f"sqlite:///{tmp_path_factory.mktemp('console') / 'test.db'}", is_durable=False)


@pytest.fixture(scope="module")
def console(tmp_path_factory: pytest.TempPathFactory, sqlite_template: Path, console_file: Database) -> Iterator[Console]:
    """The application with an empty SQLite database that the tests of one module share."""
    folder, database = tmp_path_factory.mktemp("console"), console_file
    filled(database, sqlite_template)
    settings = Settings(var_dir=folder / "var", database_url=str(database.url), base_url="http://127.0.0.1:8000",
                        secret_key="a secret key of the tests", development=True,
                        vault_key=base64.urlsafe_b64encode(b"v" * 32).decode())
    applications, clock = Applications(), FixedClock(datetime(2026, 11, 22, 8, 0, tzinfo=UTC))
    yield Console(applications.open(settings, database, clock), database, clock)
    applications.close()
    database.close()
