"""One leader, effects once, and no silence after the clock was set back."""
from __future__ import annotations

import threading
import time
from datetime import timedelta
from types import SimpleNamespace

import pytest
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from traceapp.core.clock import FixedClock
from traceapp.db import Database
from traceapp.jobs import scheduler as scheduler_module
from traceapp.jobs.leader import LEASE, Leadership
from traceapp.jobs.once import run_once
from traceapp.jobs.scheduler import Scheduler, Sweep
from traceapp.outbox.delivery import NewMessage, queue_message
from traceapp.outbox.model import OutboxMessage


def test_only_one_of_two_leads_and_the_other_follows_when_it_falls_silent(database: Database, clock: FixedClock) -> None:
    first, second = Leadership(database, clock), Leadership(database, clock)
    assert first.take_or_renew()
    assert not second.take_or_renew()
    clock.move_to(clock.now() + LEASE + timedelta(seconds=1))
    assert second.take_or_renew()
    assert not first.take_or_renew()


def test_a_clean_stop_hands_over_at_once(database: Database, clock: FixedClock) -> None:
    first, second = Leadership(database, clock), Leadership(database, clock)
    first.take_or_renew()
    first.give_up()
    assert second.take_or_renew()


def test_a_lease_left_in_the_future_by_a_clock_set_back_does_not_block_for_hours(database: Database,
                                                                               clock: FixedClock) -> None:
    first, second = Leadership(database, clock), Leadership(database, clock)
    first.take_or_renew()
    clock.move_to(clock.now() - timedelta(hours=1))
    assert second.take_or_renew()


def test_an_effect_happens_once_a_slot_also_when_two_fire_together(database: Database, clock: FixedClock) -> None:
    def effect(session: Session) -> None:
        queue_message(session, clock, NewMessage("x", "contact:1", "recall:1"))

    threads = [threading.Thread(target=run_once, args=(database, clock, "job", timedelta(hours=1), effect))
               for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    with database.read() as session:
        assert session.scalar(select(func.count()).select_from(OutboxMessage)) == 1
    clock.move_to(clock.now() + timedelta(hours=1))
    assert run_once(database, clock, "job", timedelta(hours=1), effect)


def test_a_failed_effect_leaves_no_slot_and_can_run_again(database: Database, clock: FixedClock) -> None:
    def broken(_: Session) -> None:
        raise ValueError("broken")

    with pytest.raises(ValueError, match="broken"):
        run_once(database, clock, "job", timedelta(hours=1), broken)
    assert run_once(database, clock, "job", timedelta(hours=1), lambda _: None)


def test_a_silent_scheduler_is_started_anew(sqlite: Database, clock: FixedClock, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(scheduler_module, "_SILENCE_SECONDS", 0.3)
    fired = threading.Event()
    world = SimpleNamespace(database=sqlite, clock=clock)
    running = Scheduler(world, [Sweep("s", 0.1, lambda _: fired.set())])  # type: ignore[arg-type]
    thread = threading.Thread(target=running.run, kwargs={"renew_seconds": 0.1})
    thread.start()
    try:
        assert fired.wait(30)
        running._running.pause()  # what a clock set back does: no timer fires any more
        time.sleep(0.3)
        fired.clear()
        assert fired.wait(30)
    finally:
        running.stop()
        thread.join(10)
    assert not thread.is_alive()
