"""Fixtures that many tests share: databases, clock, world, application."""
from __future__ import annotations

import gc
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from itertools import count
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import create_engine, text
from sqlalchemy.engine import make_url

from tests import postgres
from tests.made_once import FILLED
from tests.spread import Spread, in_order
from traceapp.config import Settings
from traceapp.core.actor import Actor
from traceapp.core.clock import FixedClock
from traceapp.core.process import take_habits
from traceapp.db import Database
from traceapp.identity.policy import permissions_of
from traceapp.logs import configure
from traceapp.models import metadata

SHARED = Path(__file__).resolve().parent.parent.parent / "shared"
_numbers = count(1)
configure()
take_habits()


def missing(reason: str) -> None:
    """Skip, saying how to get what is missing; in CI nothing is skipped."""
    if os.environ.get("CI") == "true":
        pytest.fail(reason)
    pytest.skip(reason)


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> Spread | None:
    """Our own way to spread files over processes, where files are to be spread."""
    return Spread(config, log) if config.getvalue("dist") == "loadfile" else None


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    items.sort(key=in_order)


def pytest_collection_finish() -> None:
    """What was loaded and collected stays to the end: cycles are not looked for in it again and again."""
    gc.collect()
    gc.freeze()


@pytest.fixture(scope="session")
def shared() -> Path:
    """The folder of public vectors beside the project."""
    if not SHARED.is_dir():
        pytest.skip("../shared is not here: the public vectors cannot be run")
    return SHARED


@pytest.fixture
def clock() -> FixedClock:
    return FixedClock(datetime(2026, 11, 22, 8, 0, tzinfo=UTC))


@pytest.fixture
def actor() -> Actor:
    return Actor(id="u-manager", role="quality_manager", name="Li Wen",
                 scopes=permissions_of("quality_manager"))


@pytest.fixture(scope="session")
def sqlite_template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("template") / "empty.db"
    database = Database(f"sqlite:///{path}")
    metadata.create_all(database.engine)
    with database.engine.connect() as connection:
        connection.exec_driver_sql("COMMIT")
        connection.exec_driver_sql("PRAGMA wal_checkpoint(TRUNCATE)")
    database.close()
    return path


@pytest.fixture(scope="session")
def sqlite_file(tmp_path_factory: pytest.TempPathFactory) -> Database:
    """The database of one test after the other: statements are compiled once for a database, not once for a test."""
    return Database(f"sqlite:///{tmp_path_factory.mktemp('sqlite') / 'test.db'}", is_durable=False)


def filled(database: Database, template: Path) -> None:
    """Make an SQLite database, closed before, what the template is; nothing of another test stays."""
    path = Path(str(database.url.database))
    for left in path.parent.glob(f"{path.name}*"):
        left.unlink()
    shutil.copy(template, path)


@pytest.fixture
def sqlite(sqlite_template: Path, sqlite_file: Database) -> Iterator[Database]:
    """An empty SQLite database."""
    filled(sqlite_file, sqlite_template)
    yield sqlite_file
    sqlite_file.close()


@pytest.fixture(scope="session")
def pg_server() -> Iterator[str]:
    try:
        with postgres.server() as url:
            yield url
    except LookupError as error:
        missing(str(error))


@pytest.fixture(scope="session")
def pg_database(pg_server: str) -> Iterator[Database]:
    """A database with every table for all tests of this process, one after the other."""
    name = f"test_{os.getpid()}"
    admin = create_engine(pg_server, isolation_level="AUTOCOMMIT")
    with admin.connect() as connection:
        connection.execute(text(f"CREATE DATABASE {name}"))
    database = Database(make_url(pg_server).set(database=name).render_as_string(hide_password=False))
    metadata.create_all(database.engine)
    yield database
    database.close()
    with admin.connect() as connection:
        connection.execute(text(f"DROP DATABASE {name} WITH (FORCE)"))
    admin.dispose()


@pytest.fixture
def postgresql(pg_database: Database) -> Iterator[Database]:
    """An empty PostgreSQL database; what a test leaves behind is removed after it."""
    yield pg_database
    with pg_database.engine.begin() as connection:
        filled = list(connection.scalars(FILLED))
        connection.execute(text("SET LOCAL session_replication_role = replica"))  # triggers and keys would refuse
        for name in filled:
            connection.execute(text(f"DELETE FROM {name}"))


@contextmanager
def new_postgresql(server: str) -> Iterator[Database]:
    """A PostgreSQL database of its own, without a single table."""
    name = f"empty_{os.getpid()}_{next(_numbers)}"
    admin = create_engine(server, isolation_level="AUTOCOMMIT")
    with admin.connect() as connection:
        connection.execute(text(f"CREATE DATABASE {name}"))
    database = Database(make_url(server).set(database=name).render_as_string(hide_password=False))
    yield database
    database.close()
    with admin.connect() as connection:
        connection.execute(text(f"DROP DATABASE {name} WITH (FORCE)"))
    admin.dispose()


@pytest.fixture
def empty_postgresql(pg_server: str) -> Iterator[Database]:
    """A PostgreSQL database without a single table."""
    with new_postgresql(pg_server) as database:
        yield database


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=pytest.mark.postgres)])
def database(request: pytest.FixtureRequest) -> Database:
    """The same test on SQLite and on PostgreSQL."""
    return request.getfixturevalue(request.param)


@pytest.fixture
def settings(tmp_path: Path, sqlite: Database) -> Settings:
    return Settings(var_dir=tmp_path / "var", database_url=str(sqlite.url), base_url="http://127.0.0.1:8000",
                    secret_key="test-secret-key-of-the-suite", vault_key="YS12YXVsdC1rZXktb2YtdGhlLXRlc3Qtc3VpdGUhISE=",
                    development=True)
