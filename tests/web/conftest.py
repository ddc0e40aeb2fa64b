"""The application of a test, and a client of it."""
from __future__ import annotations

from collections.abc import Iterator

import pytest
from flask import Flask
from flask.testing import FlaskClient

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
