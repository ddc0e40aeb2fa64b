"""The trail cannot be changed unnoticed, neither through the database nor around it."""
from __future__ import annotations

import threading

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import select, text
from sqlalchemy.exc import DBAPIError

from traceapp.audit import record, record_first
from traceapp.audit.model import AuditHead
from traceapp.audit.verify import sign_checkpoint, verify
from traceapp.core.actor import SYSTEM
from traceapp.core.clock import FixedClock
from traceapp.db import Database, Taken

KEY = "signing-key"


def write_three_streams(database: Database, clock: FixedClock) -> None:
    for number in range(6):
        with database.write() as session:
            record(session, SYSTEM, clock.now(), "lot.changed", f"lot:{number % 3}", {"n": number, "名": "批次"})
    with database.write() as session:
        sign_checkpoint(session, clock.now(), KEY)


def broken(database: Database) -> str | None:
    with database.snapshot() as session:
        return verify(session, KEY).broken


def around_the_triggers(database: Database, statement: str) -> None:
    """What somebody with the file or superuser rights could do."""
    with database.engine.begin() as connection:
        if database.is_sqlite:
            for name in connection.execute(text("SELECT name FROM sqlite_master WHERE type='trigger'")).scalars().all():
                connection.execute(text(f"DROP TRIGGER {name}"))
        else:
            connection.execute(text("SET LOCAL session_replication_role = replica"))
        connection.execute(text(statement))


def test_an_untouched_trail_verifies(database: Database, clock: FixedClock) -> None:
    write_three_streams(database, clock)
    with database.snapshot() as session:
        verdict = verify(session, KEY)
    assert (verdict.broken, verdict.streams, verdict.entries, verdict.checkpoints) == (None, 3, 6, 1)


@pytest.mark.parametrize("streams", [16, 17, 600])
def test_one_act_about_many_things_goes_on_with_the_chain_of_each(database: Database, clock: FixedClock,
                                                                  streams: int) -> None:
    for number in range(3):
        with database.write() as session:
            for stream in range(streams):
                record(session, SYSTEM, clock.now(), "lot.held", f"lot:{stream}", {"n": number})
    with database.read() as session:
        heads = session.execute(select(AuditHead.stream, AuditHead.seq)).all()
    assert sorted(heads) == sorted((f"lot:{stream}", 3) for stream in range(streams))
    assert broken(database) is None


def test_what_is_said_to_be_new_begins_a_chain_of_its_own_and_goes_on_like_any_other(
        database: Database, clock: FixedClock) -> None:
    write_three_streams(database, clock)
    with database.write() as session:
        record_first(session, SYSTEM, clock.now(), "lot.made", "lot:9")
        record(session, SYSTEM, clock.now(), "lot.changed", "lot:9")
        record(session, SYSTEM, clock.now(), "lot.changed", "lot:1")
    with database.write() as session:
        record(session, SYSTEM, clock.now(), "lot.changed", "lot:9")
    with database.snapshot() as session:
        verdict = verify(session, KEY)
    assert (verdict.broken, verdict.streams, verdict.entries) == (None, 4, 10)


def test_a_chain_that_stands_cannot_be_begun_again(database: Database, clock: FixedClock) -> None:
    write_three_streams(database, clock)
    with pytest.raises(Taken), database.write() as session:
        record_first(session, SYSTEM, clock.now(), "lot.made", "lot:1")
    assert broken(database) is None


@pytest.mark.parametrize("statement", [
    "UPDATE audit_entry SET action = 'x'", "DELETE FROM audit_entry", "UPDATE audit_checkpoint SET heads = '[]'",
    "DELETE FROM audit_checkpoint"])
def test_the_database_refuses_to_change_the_trail(database: Database, clock: FixedClock, statement: str) -> None:
    write_three_streams(database, clock)
    with pytest.raises(DBAPIError, match="append-only"), database.write() as session:
        session.execute(text(statement))
    assert broken(database) is None


@pytest.mark.parametrize("statement", [
    "UPDATE audit_entry SET data = '{}' WHERE stream = 'lot:1' AND seq = 1",
    "UPDATE audit_entry SET actor_id = 'someone' WHERE stream = 'lot:0' AND seq = 2",
    "UPDATE audit_entry SET at = '2020-01-01T00:00:00.000000+00:00' WHERE stream = 'lot:2' AND seq = 2",
    "DELETE FROM audit_entry WHERE stream = 'lot:1' AND seq = 1",
    "DELETE FROM audit_entry WHERE stream = 'lot:1' AND seq = 2",
    "DELETE FROM audit_entry WHERE stream = 'lot:1'",
    "DELETE FROM audit_head WHERE stream = 'lot:1'",
    "UPDATE audit_checkpoint SET heads = '[]'",
])
def test_a_change_around_the_database_is_found(database: Database, clock: FixedClock, statement: str) -> None:
    write_three_streams(database, clock)
    around_the_triggers(database, statement)
    assert broken(database) is not None


def test_a_whole_stream_taken_out_with_its_head_is_found_by_the_checkpoint(database: Database, clock: FixedClock) -> None:
    write_three_streams(database, clock)
    around_the_triggers(database, "DELETE FROM audit_entry WHERE stream = 'lot:1'")
    around_the_triggers(database, "DELETE FROM audit_head WHERE stream = 'lot:1'")
    assert broken(database) is not None


def test_a_checkpoint_signed_with_another_key_is_found(database: Database, clock: FixedClock) -> None:
    write_three_streams(database, clock)
    with database.snapshot() as session:
        assert verify(session, "another").broken == "checkpoint 1 signature"


def test_a_rolled_back_act_leaves_no_entry(database: Database, clock: FixedClock) -> None:
    with pytest.raises(RuntimeError), database.write() as session:
        record(session, SYSTEM, clock.now(), "lot.changed", "lot:1", {})
        raise RuntimeError
    with database.snapshot() as session:
        assert verify(session).entries == 0


def test_writers_at_the_same_time_keep_one_chain(database: Database, clock: FixedClock) -> None:
    def write() -> None:
        for _ in range(5):
            with database.write() as session:
                record(session, SYSTEM, clock.now(), "lot.changed", "lot:1", {})

    with database.write() as session:
        record(session, SYSTEM, clock.now(), "lot.created", "lot:1", {})
    threads = [threading.Thread(target=write) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    with database.snapshot() as session:
        verdict = verify(session)
    assert (verdict.broken, verdict.entries) == (None, 21)


@given(data=st.dictionaries(st.text(max_size=8), st.one_of(st.text(max_size=20), st.integers(), st.booleans(), st.none()),
                            max_size=5))
@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_whatever_is_recorded_can_be_verified(sqlite: Database, clock: FixedClock, data: dict[str, object]) -> None:
    with sqlite.write() as session:
        record(session, SYSTEM, clock.now(), "any", "lot:any", data)
    with sqlite.snapshot() as session:
        assert verify(session).broken is None
