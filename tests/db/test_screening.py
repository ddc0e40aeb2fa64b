"""The nightly screen of a product: what is counted, what stands out, and that each pair is told of once."""
from __future__ import annotations

import threading
from datetime import timedelta
from types import SimpleNamespace
from typing import cast

import numpy as np
import pytest
from sqlalchemy import func, select

from tests.factories_surveillance import add_complaint, add_lot, add_product
from traceapp.core.actor import SYSTEM
from traceapp.core.clock import FixedClock
from traceapp.core.ids import new_id
from traceapp.db import Database
from traceapp.jobs.screen_sweep import SCREEN, screen_products
from traceapp.signals.disproportionality import information_component
from traceapp.signals.screen import count_codes, screen, shrink
from traceapp.signals.shrinkage import STARTS
from traceapp.surveillance import screening
from traceapp.surveillance.screen_model import ScreenCell, ScreenRun
from traceapp.surveillance.screening import TASK, Screening, keep_screening, screen_product
from traceapp.trace.model import Lot
from traceapp.worklist.model import Task, WorkRow
from traceapp.worklist.tasks import complete_task
from traceapp.world import World


class Floor:
    """A product with lots and complaints, each some minutes after the last."""

    def __init__(self, database: Database, clock: FixedClock, lots: int = 15) -> None:
        self.database, self.clock, self.minutes = database, clock, 0
        with database.write() as session:
            self.product = add_product(session, clock.now())
            self.lots = [add_lot(session, self.product, f"L{number}", 500, clock.now()) for number in range(lots)]

    def complain(self, lot: Lot, *terms: str, times: int = 1, **changes: object) -> list[str]:
        made = []
        with self.database.write() as session:
            for _ in range(times):
                self.minutes += 1
                at = self.clock.now() - timedelta(days=90) + timedelta(minutes=self.minutes)
                made.append(add_complaint(session, lot, at, terms=list(terms), triage_result="complaint", **changes).id)
        return made

    def background(self) -> None:
        for lot in self.lots:
            for term in ("itch", "redness", "edge lifts"):
                self.complain(lot, term, times=2)

    def screened(self) -> Screening:
        with self.database.read() as session:
            return screen_product(session, self.product.id, self.clock.now().date())

    def kept(self) -> list[str]:
        """The terms that are new to be looked at."""
        with self.database.write() as session:
            found = screen_product(session, self.product.id, self.clock.now().date())
            return [cell.term for cell in keep_screening(session, self.clock, found)]


@pytest.fixture
def floor(database: Database, clock: FixedClock) -> Floor:
    return Floor(database, clock)


def test_each_report_counts_once_and_duplicates_and_what_was_set_aside_not_at_all(floor: Floor) -> None:
    lot, other = floor.lots[:2]
    floor.complain(lot, "itch", "itch", "redness", times=2)
    first, *_ = floor.complain(other, "itch")
    floor.complain(lot, "itch", master_id=first)
    floor.complain(lot, "itch", is_quarantined=True)
    floor.complain(other)
    with floor.database.write() as session:
        add_complaint(session, lot, floor.clock.now(), terms=["itch"], triage_result="not_ours")
        add_complaint(session, lot, floor.clock.now(), terms=["itch"], triage_result="complaint", lot_key="unknown")
    found = floor.screened()
    assert (found.reports, found.lots, found.terms) == (5, 2, 2)
    itch = next(cell for cell in found.cells if cell.term == "itch")
    assert (itch.lot_key, itch.reports, itch.lot_reports, itch.term_reports) == (lot.lot_key, 2, 2, 4)
    assert itch.expected == pytest.approx(2 * 4 / 5)
    assert itch.ic025 == pytest.approx(float(information_component(2, 1.6).low))
    assert {cell.lot_key for cell in found.cells} == {lot.lot_key}


def test_reports_are_the_same_however_many_are_read_at_once(floor: Floor, monkeypatch: pytest.MonkeyPatch) -> None:
    floor.background()
    with floor.database.write() as session:
        for _ in range(7):
            add_complaint(session, floor.lots[0], floor.clock.now(), terms=["itch"], id=new_id(floor.clock.now()))
    whole = floor.screened()
    monkeypatch.setattr(screening, "_AT_ONCE", 5)
    assert floor.screened() == whole and whole.reports == 97


def test_a_term_of_one_lot_stands_out_and_becomes_one_task_until_it_is_new_again(floor: Floor) -> None:
    floor.background()
    assert floor.kept() == []
    floor.complain(floor.lots[2], "blister", times=9)
    assert floor.kept() == ["blister"]
    with floor.database.read() as session:
        task = session.scalars(select(Task).where(Task.kind == TASK)).one()
        cell = session.get(ScreenCell, (floor.lots[2].lot_key, "blister", floor.product.id))
        run = session.get(ScreenRun, floor.product.id)
    assert (task.lot_key, task.params["terms"], task.params["reports"]) == (floor.lots[2].lot_key, ["blister"], 9)
    assert cell is not None and cell.is_flagged and cell.prr is None and cell.eb05 is not None and cell.eb05 >= 2
    assert run is not None and (run.reports, run.is_fitted) == (99, False)
    with floor.database.write() as session:
        complete_task(session, SYSTEM, floor.clock, task.id, "looked")
    floor.clock.move_to(floor.clock.now() + timedelta(days=1))
    floor.complain(floor.lots[2], "blister")
    assert floor.kept() == []
    with floor.database.read() as session:
        again = session.get(ScreenCell, (floor.lots[2].lot_key, "blister", floor.product.id))
        assert again is not None and again.reports == 10 and again.flagged_at == cell.flagged_at


def test_a_recalled_lot_raises_no_task(floor: Floor) -> None:
    floor.background()
    floor.complain(floor.lots[2], "blister", times=9)
    with floor.database.write() as session:
        session.get_one(Lot, floor.lots[2].lot_key).is_recalled = True
    assert floor.kept() == ["blister"]
    with floor.database.read() as session:
        assert session.scalar(select(func.count()).select_from(Task)) == 0


def test_a_product_without_reports_has_a_run_and_nothing_else(floor: Floor) -> None:
    assert floor.kept() == []
    with floor.database.read() as session:
        run = session.get(ScreenRun, floor.product.id)
        assert run is not None and (run.reports, run.pairs, run.kept) == (0, 0, 0)


def test_every_product_is_screened_once_a_night_whoever_fires(floor: Floor) -> None:
    floor.background()
    with floor.database.write() as session:
        add_product(session, floor.clock.now(), "P2")
        add_product(session, floor.clock.now(), "M1", "material")
    world = cast(World, SimpleNamespace(database=floor.database, clock=floor.clock))
    done: list[int] = []
    threads = [threading.Thread(target=lambda: done.append(screen_products(world))) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sum(done) == 2 and screen_products(world) == 0
    with floor.database.read() as session:
        assert session.scalar(select(func.count()).select_from(ScreenRun)) == 2
        assert session.scalar(select(func.count()).select_from(WorkRow).where(
            WorkRow.kind == SCREEN, WorkRow.done_at.is_not(None))) == 2
    floor.clock.move_to(floor.clock.now() + timedelta(days=1))
    assert screen_products(world) == 2


def test_reports_without_any_cause_flag_fewer_than_one_product_in_twenty() -> None:
    rng = np.random.default_rng(2026)
    flagged = 0
    for _ in range(200):
        lots, terms, size = int(rng.integers(5, 60)), 12, int(rng.integers(50, 1500))
        lot = rng.choice(lots, size, p=rng.dirichlet(np.ones(lots)))
        term = rng.choice(terms, size, p=rng.dirichlet(np.ones(terms)))
        found = screen(count_codes(lot, term, (lots, terms)))
        fits = found.counts.a.size >= screening.LEAST_PAIRS
        shrunk = shrink(found, prior=None if fits else STARTS[0], starts=STARTS[:2])
        flagged += bool(np.any((found.counts.a >= 3) & (found.ic025 > 0) & (shrunk.eb05 >= 2)))
    assert flagged / 200 < 0.05


def test_a_kind_of_complaint_that_jumped_yesterday_is_listed_and_becomes_one_task(floor: Floor) -> None:
    floor.background()
    yesterday = floor.clock.now() - timedelta(days=1)
    with floor.database.write() as session:
        for day in range(14):
            add_complaint(session, floor.lots[day], yesterday - timedelta(days=2 * day + 3), terms=["redness"])
        for lot in floor.lots[:9]:
            add_complaint(session, lot, yesterday, terms=["redness", "itch"])
    for _ in range(2):
        floor.kept()
    with floor.database.read() as session:
        run = session.get_one(ScreenRun, floor.product.id)
        tasks = session.scalars(select(Task).where(Task.kind == "screen.jump")).all()
    assert {jump["term"] for jump in run.jumps} == {"redness", "itch"}
    assert all(jump["reports"] == 9 and jump["is_task"] for jump in run.jumps)
    assert [(task.about, sorted(task.params["terms"])) for task in tasks] == [
        (f"jump:{floor.product.id}", ["itch", "redness"])]
