"""Bringing a database to this version's tables, and saying whether it is there."""
from __future__ import annotations

import re
from functools import cache
from pathlib import Path
from typing import Any

from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, inspect, text
from sqlalchemy.schema import CheckConstraint

from .append_only import append_only_sql
from .base import Base
from .database import Database

FOLDER = Path(__file__).resolve().parents[2] / "migrations"


def _config(connection: Connection | None = None) -> Config:
    config = Config()
    config.set_main_option("script_location", str(FOLDER))
    if connection is not None:
        config.attributes["connection"] = connection
    return config


@cache
def _newest() -> str | None:
    """The revision that this version needs; finding it reads every migration."""
    return ScriptDirectory.from_config(_config()).get_current_head()


def heads(database: Database) -> tuple[str | None, str | None]:
    """(revision of the database, revision that this version needs)."""
    with database.engine.connect() as connection:
        present = MigrationContext.configure(connection).get_current_revision()
        connection.rollback()
    return present, _newest()


def upgrade(database: Database) -> tuple[str | None, str | None]:
    """Run what is missing, all or nothing, one process at a time; answers (revision before, revision after)."""
    before, wanted = heads(database)
    if before != wanted:
        with database.exclusive(may_last=True), database.engine.connect() as connection:
            if not database.is_sqlite:
                connection.execute(text("SELECT pg_advisory_xact_lock(7243891)"))
            command.upgrade(_config(connection), "head")
            connection.commit()
    return before, wanted


def differences(database: Database) -> list[str]:
    """Where the tables are not as the models say: columns, keys, checks, indexes, triggers."""
    with database.engine.connect() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True})
        found = [str(difference) for difference in compare_metadata(context, Base.metadata)]
        found += _missing_checks(connection) + _missing_triggers(connection)
        connection.rollback()
    return found


def _missing_checks(connection: Connection) -> list[str]:
    inspector = inspect(connection)
    found = []
    tables = set(inspector.get_table_names())
    for table in (table for table in Base.metadata.sorted_tables if table.name in tables):
        present = {check["name"]: _squeezed(check["sqltext"]) for check in inspector.get_check_constraints(table.name)}
        for constraint in table.constraints:
            if isinstance(constraint, CheckConstraint):
                name = connection.dialect.identifier_preparer.format_constraint(constraint) or ""
                if name not in present:
                    found.append(f"check {name} is missing on {table.name}")
                elif connection.dialect.name == "sqlite" and present[name] != _squeezed(str(constraint.sqltext)):
                    found.append(f"check {name} on {table.name} differs")
    return found


def _squeezed(sql: str) -> str:
    return re.sub(r"[\s()]+", "", sql).lower()


def _missing_triggers(connection: Connection) -> list[str]:
    dialect = connection.dialect.name
    query = ("SELECT tgname FROM pg_trigger WHERE NOT tgisinternal" if dialect == "postgresql"
             else "SELECT name FROM sqlite_master WHERE type = 'trigger'")
    present = set(connection.scalars(text(query)))
    wanted = set()
    for table in Base.metadata.sorted_tables:
        if table.info.get("append_only"):
            for statement in append_only_sql(table.name, dialect):
                match = re.search(r"CREATE TRIGGER (\w+)", statement)
                wanted |= {match.group(1)} if match else set()
    return [f"trigger {name} is missing" for name in sorted(wanted - present)] + [
        f"trigger {name} is not ours" for name in sorted(present - wanted)]


def integrity(database: Database) -> list[str]:
    """What the database engine itself finds wrong with its file; nothing on PostgreSQL."""
    if not database.is_sqlite:
        return []
    found: list[str] = []
    with database.reading() as connection:
        answers: list[Any] = list(connection.exec_driver_sql("PRAGMA integrity_check").scalars())
        found += [str(answer) for answer in answers if answer != "ok"]
        found += [f"row of {row[0]} points to a missing row of {row[2]}"
                  for row in connection.exec_driver_sql("PRAGMA foreign_key_check")]
    return found
