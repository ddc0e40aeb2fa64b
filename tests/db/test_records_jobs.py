"""Files of records that are made in the background: begun anew after a kill, put back at a stop, forgotten after a week."""
from __future__ import annotations

import threading
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from tests.factories_trace import make_batch, make_hand
from tests.made_once import made_once
from traceapp.config import Settings
from traceapp.core.actor import Actor
from traceapp.core.clock import FixedClock
from traceapp.core.errors import Conflict, NotFound
from traceapp.db import Database
from traceapp.export.spreadsheet import Written
from traceapp.jobs import records_sweep
from traceapp.jobs.records_sweep import make_records
from traceapp.making.work import KEPT, LEASE, LostClaim
from traceapp.submission.model import RecordsJob
from traceapp.submission.records import AskedRecords
from traceapp.submission.records_jobs import (
    JOBS,
    OrderRecords,
    cancel_records,
    claim_records,
    note_progress,
    order_records,
)
from traceapp.world import World, build_world


@pytest.fixture
def world(database: Database, settings: Settings, clock: FixedClock, actor: Actor) -> World:
    made_once(database, clock, lambda session: make_batch(make_hand(session, actor, clock)))
    return build_world(settings, database=database, clock=clock)


@pytest.fixture
def job(world: World, actor: Actor) -> str:
    with world.database.write() as session:
        return order_records(session, actor, world.clock, OrderRecords(
            AskedRecords(until=world.clock.now()), "csv", {"until": "now"}, "zh", {"Quantity": "数量"})).id


def found(world: World, job_id: str) -> RecordsJob:
    with world.database.read() as session:
        return session.get_one(RecordsJob, job_id)


def test_a_file_is_made_in_the_language_in_which_it_was_ordered(world: World, job: str) -> None:
    assert make_records(world) == 1
    made = found(world, job)
    assert (made.state, made.rows, made.done == made.total, made.holder) == ("done", 5, True, None)
    content = world.records.path_of(job).read_text(encoding="utf-8-sig")
    assert "数量" in content.splitlines()[0] and "创可贴" in content
    assert len(content.splitlines()) == 6
    assert make_records(world) == 0


def test_a_worker_that_fell_silent_is_followed_by_another(world: World, clock: FixedClock, job: str) -> None:
    with world.database.write() as session:
        claim = claim_records(session, clock)
    assert claim is not None
    assert make_records(world) == 0
    clock.move_to(clock.now() + LEASE + timedelta(seconds=1))
    assert make_records(world) == 1
    assert found(world, job).state == "done"
    with pytest.raises(LostClaim), world.database.write() as session:
        note_progress(session, clock, claim, 1)


def test_a_stop_puts_the_file_back(world: World, job: str) -> None:
    stopping = threading.Event()
    write = records_sweep.write_records

    def stopped(*given: Any) -> Written:
        stopping.set()
        return write(*given)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(records_sweep, "write_records", stopped)
        make_records(world, stopping, seconds=-1)
    assert (found(world, job).state, found(world, job).holder) == ("queued", None)
    assert list(world.settings.records_dir.glob("*")) == []
    assert make_records(world) == 1


def test_a_file_that_cannot_be_made_says_why(world: World, job: str, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(records_sweep, "write_records", full)
    assert make_records(world) == 1
    failed = found(world, job)
    assert (failed.state, failed.trouble["params"]) == ("failed", {"why": "No space left on device"})
    assert list(world.settings.records_dir.glob("*")) == []


def test_a_cancelled_file_is_given_up_in_the_middle(world: World, actor: Actor, job: str) -> None:
    with world.database.write() as session:
        claim = claim_records(session, world.clock)
        assert claim is not None
    with world.database.write() as session:
        cancel_records(session, actor, world.clock, job)
    with pytest.raises(LostClaim), world.database.write() as session:
        note_progress(session, world.clock, claim, 1)
    with pytest.raises(Conflict), world.database.write() as session:
        cancel_records(session, actor, world.clock, job)
    with pytest.raises(NotFound), world.database.write() as session:
        cancel_records(session, Actor(id="u-other", role="quality"), world.clock, job)


def test_what_ended_a_week_ago_is_forgotten_with_its_file(world: World, clock: FixedClock, job: str) -> None:
    make_records(world)
    store = world.records
    path: Path = store.path_of(job)
    clock.move_to(clock.now() + KEPT - timedelta(hours=1))
    with world.database.write() as session:
        assert JOBS.forget_old(session, clock, store=store) == 0
    clock.move_to(clock.now() + timedelta(hours=2))
    with world.database.write() as session:
        assert JOBS.forget_old(session, clock, store=store) == 1
    assert not path.exists()
    with world.database.read() as session:
        assert (session.get(RecordsJob, job), JOBS.is_waiting(session, clock)) == (None, False)
