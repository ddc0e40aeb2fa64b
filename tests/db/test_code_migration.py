"""A database of the version before gets the tables of serial numbers and keeps its scans."""
from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, date, datetime
from pathlib import Path

import pytest
from alembic.script import ScriptDirectory
from sqlalchemy import bindparam, select, text

from tests.migrated import migrate_to
from traceapp.code.model import Scan, ScanDay, SerialRange
from traceapp.core.clock import FixedClock
from traceapp.db import Database, UtcTime
from traceapp.db.migrate import _config, differences, upgrade

_SCAN = text("INSERT INTO scan (lot_key, id, serial, scanned_at, network, language) VALUES ('lot-1', :id, 'K1', :at, "
             "'203.0.113.0/24', 'zh')").bindparams(bindparam("at", type_=UtcTime))


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=pytest.mark.postgres)])
def before(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Database]:
    """A database with the tables as they were before, and scans in them."""
    if request.param == "sqlite":
        database = Database(f"sqlite:///{tmp_path / 'before.db'}")
    else:
        database = request.getfixturevalue("empty_postgresql")
    wanted = ScriptDirectory.from_config(_config()).get_revision("0003").down_revision
    migrate_to(database, str(wanted))
    with database.engine.begin() as connection:
        for number, at in enumerate((datetime(2026, 11, 1, 15, 30, tzinfo=UTC), datetime(2026, 11, 1, 16, 30, tzinfo=UTC),
                                     datetime(2026, 11, 1, 17, 30, tzinfo=UTC))):
            connection.execute(_SCAN, {"id": str(number), "at": at})
    yield database
    if request.param == "sqlite":
        database.close()


def test_scans_keep_what_they_hold_and_are_counted_by_day(before: Database, clock: FixedClock) -> None:
    upgrade(before)
    assert differences(before) == []
    with before.write() as session:
        scans = list(session.scalars(select(Scan).order_by(Scan.id)))
        assert [(scan.serial, scan.network, scan.region, scan.doubt) for scan in scans] == [
            ("K1", "203.0.113.0/24", "", "")] * 3
        days = {row.day: row.scans for row in session.scalars(select(ScanDay))}
        assert days == {date(2026, 11, 1): 1, date(2026, 11, 2): 2}
        session.add(SerialRange(lot_key="lot-1", id="1", prefix="K", width=2, first=0, count=9, purpose="",
                                created_at=clock.now(), created_by="u"))
    with pytest.raises(Exception, match="append-only"), before.write() as session:
        session.execute(text("DELETE FROM serial_range"))
