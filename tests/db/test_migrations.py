"""The migrations lead to exactly the tables that the models describe, on both databases."""
from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from sqlalchemy import text

from tests.migrated import migrate_to
from traceapp import models
from traceapp.db import Database
from traceapp.db.migrate import differences, heads, integrity, upgrade


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=pytest.mark.postgres)])
def empty(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Database]:
    """A database without a single table."""
    if request.param == "sqlite":
        database = Database(f"sqlite:///{tmp_path / 'empty.db'}")
        yield database
        database.close()
        return
    yield request.getfixturevalue("empty_postgresql")


def test_migrations_from_empty_equal_the_models(empty: Database) -> None:
    before, wanted = upgrade(empty)
    assert before is None
    assert heads(empty) == (wanted, wanted)
    assert differences(empty) == []
    assert integrity(empty) == []


def test_a_second_upgrade_changes_nothing(empty: Database) -> None:
    migrate_to(empty, "head")
    assert upgrade(empty)[0] == heads(empty)[1]


def test_a_missing_trigger_is_noticed(empty: Database) -> None:
    migrate_to(empty, "head")
    with empty.engine.begin() as connection:
        if empty.is_sqlite:
            connection.execute(text("DROP TRIGGER audit_entry_no_update"))
        else:
            connection.execute(text("DROP TRIGGER audit_entry_append_only ON audit_entry"))
    assert any("audit_entry" in difference for difference in differences(empty))


def test_a_missing_column_is_noticed(empty: Database) -> None:
    migrate_to(empty, "head")
    with empty.engine.begin() as connection:
        connection.execute(text("ALTER TABLE complaint DROP COLUMN use_text"))
    assert any("use_text" in difference for difference in differences(empty))


@pytest.mark.postgres
@pytest.mark.parametrize("make", [upgrade, lambda database: models.metadata.create_all(database.engine)])
def test_the_key_of_the_lines_holds_what_a_walk_reads(
        empty_postgresql: Database, make: Callable[[Database], object]) -> None:
    make(empty_postgresql)
    with empty_postgresql.engine.connect() as connection:
        connection.execute(text("SET enable_seqscan = off; SET enable_bitmapscan = off"))
        plan = "\n".join(row[0] for row in connection.execute(text(
            "EXPLAIN SELECT other_key, at, until, kind FROM lot_edge WHERE lot_key = 'a' AND direction = 'up'")))
    assert "Index Only Scan using pk_lot_edge" in plan


@pytest.mark.postgres
@pytest.mark.parametrize("make", [upgrade, lambda database: models.metadata.create_all(database.engine)])
def test_what_every_complaint_counts_anew_has_room_on_its_page(
        empty_postgresql: Database, make: Callable[[Database], object]) -> None:
    make(empty_postgresql)
    with empty_postgresql.engine.connect() as connection:
        found = connection.execute(text("SELECT relname FROM pg_class WHERE 'fillfactor=80' = ANY (reloptions)"))
        assert set(found.scalars()) == {"watch_node", "watch_member", "watch_lot"}
