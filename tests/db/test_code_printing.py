"""Print jobs: whole or not at all, also when the worker is killed, and never of a lot that is stopped."""
from __future__ import annotations

import threading
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import select, text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import Session

from tests.factories_trace import UNIT_GTIN, make_batch, make_hand
from tests.made_once import made_once
from traceapp.code import print_content
from traceapp.code.allocating import AllocateSerials, allocate_serials
from traceapp.code.model import SerialRange
from traceapp.code.print_choice import PrintChoice
from traceapp.code.print_model import PrintJob, PrintLog
from traceapp.code.print_work import claim_print
from traceapp.code.printing import (
    JOBS,
    MOST_OPEN_JOBS,
    OrderPrint,
    cancel_print,
    job_by_id,
    order_print,
    printable,
    printed_before,
)
from traceapp.code.serials import Run
from traceapp.config import Settings
from traceapp.core.actor import Actor
from traceapp.core.clock import FixedClock
from traceapp.core.errors import Conflict, Forbidden, InvalidInput
from traceapp.core.ids import new_id
from traceapp.db import Database
from traceapp.identity.policy import permissions_of
from traceapp.jobs.print_sweep import print_labels
from traceapp.making import files
from traceapp.making.work import KEPT, LEASE
from traceapp.trace.holds import PlaceHold, place_hold
from traceapp.world import World, build_world

KEY = "AQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQE="


class Plant:
    """A maker with a batch that has signed serial numbers, and the acts under test on it."""

    def __init__(self, world: World, actor: Actor, clock: FixedClock) -> None:
        self.world, self.actor, self.clock = world, actor, clock
        self.key, self.given = made_once(world.database, clock, self._numbered)

    def _numbered(self, session: Session) -> tuple[str, SerialRange]:
        key = make_batch(make_hand(session, self.actor, self.clock)).lot_key
        return key, allocate_serials(session, self.actor, self.clock, AllocateSerials(
            key, 50, "K", 4, is_signed=True), keys=self.world.code_keys)

    def order(self, first: str = "", last: str = "", reason: str = "", **chosen: object) -> PrintJob:
        choice = PrintChoice(**{"format": "zpl", "range_id": self.given.id, "first": first, "last": last,  # type: ignore[arg-type]
                                **chosen})
        with self.world.database.write() as session:
            wanted = printable(session, self.key, choice, self.world.settings.base_url, self.world.code_keys)
            return order_print(session, self.actor, self.clock, OrderPrint(
                self.key, new_id(self.clock.now()), choice, wanted.total, wanted.run, reason))

    def job(self, job_id: str) -> PrintJob:
        with self.world.database.read() as session:
            return job_by_id(session, self.key, job_id)

    def log(self) -> list[PrintLog]:
        with self.world.database.read() as session:
            return list(session.scalars(select(PrintLog)))

    def recall(self) -> None:
        with self.world.database.write() as session:
            place_hold(session, self.actor, self.clock, PlaceHold((self.key,), "recall", "recall:r", "x"))

    def later(self, span: timedelta) -> None:
        self.clock.move_to(self.clock.now() + span)

    @property
    def files(self) -> list[str]:
        return sorted(path.name for path in self.world.prints.directory.glob("*"))


@pytest.fixture
def plant(settings: Settings, database: Database, actor: Actor, clock: FixedClock) -> Plant:
    return Plant(build_world(replace(settings, code_keys=KEY), database=database, clock=clock), actor, clock)


def interrupted(monkeypatch: pytest.MonkeyPatch, plant: Plant, at: int, act: object) -> None:
    """Have `act()` happen right before the label number `at` is made."""
    real = print_content._watched

    def watched(specs: Iterator[object], copies: int, tick: object) -> Iterator[object]:
        for number, spec in enumerate(real(specs, copies, tick)):  # type: ignore[arg-type]
            if number == at:
                act()  # type: ignore[operator]
            yield spec

    monkeypatch.setattr(print_content, "_watched", watched)


def test_a_job_becomes_a_file_and_a_line_of_the_log(plant: Plant) -> None:
    ordered = plant.order()
    assert (ordered.state, plant.log(), plant.files) == ("queued", [], [])
    assert print_labels(plant.world) == 1
    job = plant.job(ordered.id)
    assert (job.state, job.done, job.total) == ("done", 50, 50)
    data = (plant.world.prints.directory / job.id).read_bytes()
    assert (data.count(b"^XA"), len(data)) == (50, job.size_bytes)
    (line,) = plant.log()
    assert (line.first_serial, line.last_serial, line.printed_by, line.job_id) == ("K0001", "K0050", plant.actor.id, job.id)


def test_labels_of_a_signed_range_bear_its_signatures(plant: Plant) -> None:
    plant.order("K0007", "K0007")
    print_labels(plant.world)
    (name,) = plant.files
    path = f"01/{UNIT_GTIN}/10/B1/21/K0007"
    signature = plant.world.code_keys.signature(plant.given.key_id or "", path)
    assert f"{path}?s={signature}" in (plant.world.prints.directory / name).read_text()


class Killed(BaseException):
    """Ends a worker as a kill does: nothing is tidied up in the database."""


def test_a_killed_worker_leaves_no_file_and_another_one_begins_anew_when_its_lease_has_run_out(
        plant: Plant, monkeypatch: pytest.MonkeyPatch) -> None:
    ordered = plant.order()

    def kill() -> None:
        raise Killed

    with monkeypatch.context() as patched:
        interrupted(patched, plant, 20, kill)
        patched.setattr(Path, "unlink", lambda *_, **__: None)  # a kill removes nothing either
        with pytest.raises(Killed):
            print_labels(plant.world, seconds=0)
    assert plant.job(ordered.id).state == "running"
    assert plant.job(ordered.id).done > 0
    (left,) = plant.files
    assert left.endswith(".part")
    assert print_labels(plant.world) == 0  # its lease still stands
    plant.later(LEASE)
    assert print_labels(plant.world) == 1
    assert plant.job(ordered.id).state == "done"
    assert plant.files == [ordered.id]
    assert len(plant.log()) == 1


def test_a_worker_that_lost_its_job_keeps_nothing(plant: Plant, monkeypatch: pytest.MonkeyPatch) -> None:
    ordered = plant.order()

    def overtaken() -> None:
        plant.later(LEASE)
        with plant.world.database.write() as session:
            assert claim_print(session, plant.clock) is not None

    interrupted(monkeypatch, plant, 20, overtaken)
    print_labels(plant.world, seconds=0)
    assert (plant.job(ordered.id).state, plant.log(), plant.files) == ("running", [], [])


@pytest.mark.parametrize("seconds", [0, 3600], ids=["while it prints", "at the end"])
def test_a_lot_that_is_recalled_meanwhile_stops_the_job_which_says_so(plant: Plant, monkeypatch: pytest.MonkeyPatch,
                                                                      seconds: float) -> None:
    ordered = plant.order()
    interrupted(monkeypatch, plant, 20, plant.recall)
    print_labels(plant.world, seconds=seconds)
    job = plant.job(ordered.id)
    assert (job.state, job.trouble["code"], plant.log(), plant.files) == ("failed", "lot-recalled", [], [])
    assert job.done < job.total


def test_a_cancelled_job_stops(plant: Plant, monkeypatch: pytest.MonkeyPatch) -> None:
    ordered = plant.order()

    def cancel() -> None:
        with plant.world.database.write() as session:
            cancel_print(session, plant.actor, plant.clock, job_by_id(session, plant.key, ordered.id))

    interrupted(monkeypatch, plant, 20, cancel)
    print_labels(plant.world, seconds=0)
    assert (plant.job(ordered.id).state, plant.log(), plant.files) == ("cancelled", [], [])


def test_a_service_that_stops_puts_its_job_back(plant: Plant, monkeypatch: pytest.MonkeyPatch) -> None:
    ordered, stopping = plant.order(), threading.Event()
    with monkeypatch.context() as patched:
        interrupted(patched, plant, 20, stopping.set)
        print_labels(plant.world, stopping, seconds=0)
    assert (plant.job(ordered.id).state, plant.files) == ("queued", [])
    assert print_labels(plant.world) == 1
    assert plant.job(ordered.id).state == "done"


def test_a_disk_that_is_full_fails_the_job_and_not_the_next_one(plant: Plant, monkeypatch: pytest.MonkeyPatch) -> None:
    first, second = plant.order(last="K0010"), plant.order("K0011")
    calls: list[int] = []

    def full() -> None:
        calls.append(1)
        if len(calls) == 1:
            raise OSError(28, "No space left on device")

    interrupted(monkeypatch, plant, 5, full)
    assert print_labels(plant.world) == 2
    states = {job_id: plant.job(job_id).state for job_id in (first.id, second.id)}
    assert sorted(states.values()) == ["done", "failed"]
    (failed,) = (job_id for job_id, state in states.items() if state == "failed")
    assert plant.job(failed).trouble["params"] == {"why": "No space left on device"}


def test_a_print_stops_before_it_fills_the_disk(plant: Plant, monkeypatch: pytest.MonkeyPatch) -> None:
    ordered = plant.order()
    monkeypatch.setattr(files, "SPARED_BYTES", 1 << 60)
    print_labels(plant.world, seconds=0)
    assert (plant.job(ordered.id).state, plant.job(ordered.id).trouble["code"]) == ("failed", "disk-full")
    assert plant.files == []


def test_numbers_in_an_open_job_count_as_printed_and_those_of_a_cancelled_one_do_not(plant: Plant) -> None:
    run = Run("K", 4, 5, 10)
    ordered = plant.order("K0010", "K0012")
    with plant.world.database.write() as session:
        assert printed_before(session, plant.key, run) == Run("K", 4, 10, 3)
        assert printed_before(session, plant.key, Run("K", 4, 13, 5)) is None
        assert printed_before(session, plant.key, Run("K", 5, 10, 3)) is None
        cancel_print(session, plant.actor, plant.clock, job_by_id(session, plant.key, ordered.id))
        session.flush()
        assert printed_before(session, plant.key, run) is None


def test_a_reprint_without_a_reason_orders_nothing(plant: Plant) -> None:
    plant.order("K0001", "K0002")
    with pytest.raises(InvalidInput) as refused:
        plant.order("K0002", "K0003")
    assert (refused.value.code, refused.value.place) == ("reprint", "why")
    assert plant.order("K0002", "K0003", "torn").reason == "torn"


def test_jobs_cannot_pile_up(plant: Plant) -> None:
    for number in range(1, MOST_OPEN_JOBS + 1):
        plant.order(f"K{number:04}", f"K{number:04}")
    with pytest.raises(Conflict, match="open already"):
        plant.order("K0040", "K0040")


def test_who_may_not_print_orders_nothing(plant: Plant) -> None:
    plant.actor = Actor(id="r", role="regulator", scopes=permissions_of("regulator"))
    with pytest.raises(Forbidden):
        plant.order()


def test_jobs_and_files_are_forgotten_after_a_week_and_the_log_stays(plant: Plant) -> None:
    ordered = plant.order()
    print_labels(plant.world)
    for span, left in ((KEPT - timedelta(seconds=1), [ordered.id]), (timedelta(seconds=2), [])):
        plant.later(span)
        with plant.world.database.write() as session:
            JOBS.forget_old(session, plant.clock, store=plant.world.prints)
        assert plant.files == left
    with plant.world.database.read() as session:
        assert list(session.scalars(select(PrintJob))) == []
    assert len(plant.log()) == 1


@pytest.mark.parametrize("statement", ["UPDATE print_log SET labels = 1", "DELETE FROM print_log"])
def test_the_log_cannot_be_changed(plant: Plant, statement: str) -> None:
    plant.order()
    print_labels(plant.world)
    with pytest.raises(DBAPIError, match="append-only"), plant.world.database.write() as session:
        session.execute(text(statement))


def test_a_job_of_a_version_with_more_choices_is_still_read() -> None:
    choice = PrintChoice("carton", "sheet", facts=(("quantity", "240"),), columns=2)
    assert PrintChoice.of({**choice.as_json(), "colour": "red"}) == choice
