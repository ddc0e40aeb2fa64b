"""Databases at any revision: each revision is walked to once in a run, and copied from then on."""
from __future__ import annotations

import atexit
import os
import shutil
import tempfile
from collections.abc import Iterable
from pathlib import Path

from alembic import command
from alembic.script import ScriptDirectory
from sqlalchemy import create_engine, text

from traceapp.db import Database
from traceapp.db.migrate import _config, heads

_copies: dict[tuple[str, str], str] = {}
_folder = Path(tempfile.mkdtemp(prefix="traceapp-revisions-"))
atexit.register(shutil.rmtree, _folder, ignore_errors=True)


def migrate_to(database: Database, revision: str) -> None:
    """Bring a database forward to a revision; an empty one gets what a walk from the first revision leads to."""
    if revision == "head":
        revision = str(heads(database)[1])
    kind = database.engine.dialect.name
    if heads(database)[0] is not None:
        _upgrade(database, revision)
        return
    if (kind, revision) not in _copies:
        earlier = next((one for one in _earlier(revision) if (kind, one) in _copies), None)
        if earlier is not None:
            _take(database, _copies[kind, earlier])
        _upgrade(database, revision)
        _copies[kind, revision] = _keep(database, revision)
        return
    _take(database, _copies[kind, revision])


def put_newest(path: Path) -> None:
    """An empty SQLite database at the newest revision as a new file here."""
    database = Database(f"sqlite:///{path}", is_durable=False)
    migrate_to(database, "head")
    database.close()


def in_order(revisions: Iterable[str]) -> list[str]:
    """These revisions as a walk comes by them."""
    walk = [one.revision for one in ScriptDirectory.from_config(_config()).walk_revisions()]
    return sorted(revisions, key=walk.index, reverse=True)


def _earlier(revision: str) -> list[str]:
    """The revisions before this one, the nearest first."""
    return [one.revision for one in ScriptDirectory.from_config(_config()).iterate_revisions(revision, "base")][1:]


def _upgrade(database: Database, revision: str) -> None:
    with database.exclusive(), database.engine.connect() as connection:
        command.upgrade(_config(connection), revision)
        connection.commit()


def _keep(database: Database, revision: str) -> str:
    if database.is_sqlite:
        kept = _folder / f"{revision}.db"
        with database.engine.connect() as connection:
            connection.exec_driver_sql("COMMIT")
            connection.exec_driver_sql("VACUUM INTO ?", (str(kept),))
        return str(kept)
    name = f"revision_{revision}_{os.getpid()}"
    _copied(database, source=str(database.url.database), target=name)
    return name


def _take(database: Database, kept: str) -> None:
    if database.is_sqlite:
        database.close()
        path = Path(str(database.url.database))
        for left in path.parent.glob(f"{path.name}*"):
            left.unlink()
        shutil.copy(kept, path)
        return
    _copied(database, source=kept, target=str(database.url.database))


def _copied(database: Database, *, source: str, target: str) -> None:
    """Make one database of the server what another one is."""
    database.close()
    admin = create_engine(database.url.set(database="postgres"), isolation_level="AUTOCOMMIT")
    with admin.connect() as connection:
        connection.execute(text(f"DROP DATABASE IF EXISTS {target} WITH (FORCE)"))
        connection.execute(text(f"CREATE DATABASE {target} TEMPLATE {source} STRATEGY FILE_COPY"))
    admin.dispose()
