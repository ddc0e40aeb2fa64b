"""The clocks of periodic reports: begun by themselves, once, and what is asked where nobody knows; on both databases."""
from __future__ import annotations

import threading
from datetime import UTC, date, datetime, timedelta
from types import SimpleNamespace
from typing import Any, cast

import pytest
from sqlalchemy import func, select

from tests.factories_complaint import make_product
from traceapp.catalog.model import Product, Registration
from traceapp.catalog.registrations import ChangeRegistration, NewRegistration, change_registration, register_product
from traceapp.core.actor import SYSTEM, Actor
from traceapp.core.clock import FixedClock
from traceapp.db import Database
from traceapp.identity.policy import permissions_of
from traceapp.jobs.sweeps import begin_periodic_clocks, follow_product_markets
from traceapp.submission.periodic_clocks import begin_periods
from traceapp.submission.periodic_model import PeriodicClock
from traceapp.worklist.clock_model import LegalClock
from traceapp.worklist.legal_clocks import EndClock, end_clock
from traceapp.worklist.model import Task
from traceapp.world import World

MANAGER = Actor(id="u-boss", role="quality_manager", name="Boss", scopes=permissions_of("quality_manager"))


class House:
    """One product, its markets, and the scheduler."""

    def __init__(self, database: Database, clock: FixedClock) -> None:
        self.database, self.clock = database, clock
        self.world = cast(World, SimpleNamespace(database=database, clock=clock))
        self.product: Product = make_product(database, clock)

    def register(self, **values: Any) -> Registration:
        command = NewRegistration(**({"market": "CN", "number": "20240001", "risk_class": "II"} | values))
        with self.database.write() as session:
            return register_product(session, MANAGER, self.clock, self.product.id, command)

    def change(self, registration: Registration, **values: Any) -> None:
        command = NewRegistration(**({"market": registration.market, "number": registration.number,
                                      "risk_class": registration.risk_class,
                                      "first_registered_on": registration.first_registered_on} | values))
        with self.database.write() as session:
            change_registration(session, MANAGER, self.clock, ChangeRegistration(registration.id, command))
        follow_product_markets(self.world)

    def day(self, year: int, month: int, day: int) -> None:
        """The sweep of that day."""
        self.clock.move_to(datetime(year, month, day, 12, tzinfo=UTC))
        begin_periodic_clocks(self.world)

    def clocks(self) -> list[tuple[str, str, str]]:
        """(first day, last day, state) of each period, in order."""
        with self.database.read() as session:
            return [(one.first_on.isoformat(), one.last_on.isoformat(), str(legal.state)) for one, legal in session.execute(
                select(PeriodicClock, LegalClock).join(LegalClock, LegalClock.id == PeriodicClock.clock_id)
                .order_by(PeriodicClock.first_on, PeriodicClock.rule_id))]

    def legal(self) -> list[LegalClock]:
        with self.database.read() as session:
            return list(session.scalars(select(LegalClock).order_by(LegalClock.started_at)))

    def tasks(self, state: str = "open") -> dict[str, Task]:
        with self.database.read() as session:
            return {task.kind: task for task in session.scalars(select(Task).where(Task.state == state))}

    def end_task(self, kind: str) -> None:
        with self.database.write() as session:
            task = session.scalars(select(Task).where(Task.kind == kind, Task.state == "open")).one()
            task.state, task.outcome, task.done_at = "done", "looked up, not to be found", self.clock.now()


@pytest.fixture
def house(database: Database, clock: FixedClock) -> House:
    return House(database, clock)


def test_a_full_year_begins_one_clock_with_its_task_and_no_second_run_begins_another(house: House) -> None:
    house.register(first_registered_on=date(2025, 12, 10))
    house.day(2026, 12, 9)
    assert house.clocks() == []
    house.day(2026, 12, 10)
    house.day(2026, 12, 11)
    assert house.clocks() == [("2025-12-10", "2026-12-09", "running")]
    (one,) = house.legal()
    assert (one.reference, one.rule_id, one.ground, one.why) == ("P1", "CN-MD-10", "home", ["periodic_report"])
    assert one.due_at == datetime(2027, 2, 8, 15, 59, 59, tzinfo=UTC)
    assert house.tasks()["clock.report"].due_at == one.due_at and house.tasks()["clock.report"].about == one.about


def test_periods_that_were_missed_while_nothing_ran_are_caught_up(house: House) -> None:
    house.register(first_registered_on=date(2025, 12, 10))
    house.day(2029, 1, 15)
    assert [first for first, _, _ in house.clocks()] == ["2025-12-10", "2026-12-10", "2027-12-10"]


def test_a_report_that_was_due_before_the_market_was_entered_is_asked_about_and_not_begun(house: House) -> None:
    house.register(first_registered_on=date(2023, 10, 20))
    house.day(2026, 11, 30)
    assert house.clocks() == [("2025-10-20", "2026-10-19", "running")]
    assert house.tasks()["periodic.earlier"].about.startswith("registration:")
    house.end_task("periodic.earlier")
    house.day(2027, 12, 1)
    assert "periodic.earlier" not in house.tasks()


def test_four_schedulers_at_once_begin_each_period_once(house: House) -> None:
    house.register(first_registered_on=date(2025, 12, 10))
    house.clock.move_to(datetime(2029, 1, 15, tzinfo=UTC))
    begun, barrier = [], threading.Barrier(4)

    def run() -> None:
        barrier.wait()
        with house.database.write() as session:
            begun.append(begin_periods(session, SYSTEM, house.clock, house.product.id))

    threads = [threading.Thread(target=run) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sum(begun) == 3 and len(begun) == 4
    with house.database.read() as session:
        assert session.scalar(select(func.count()).select_from(LegalClock)) == 3


def test_without_a_day_of_registration_a_person_is_asked_and_the_answer_begins_the_clock(house: House) -> None:
    made = house.register()
    house.day(2026, 12, 20)
    task = house.tasks()["periodic.unknown_start"]
    assert task.due_at == house.clock.now() + timedelta(days=14) and "P1" in task.params["reference"]
    house.change(made, first_registered_on=date(2025, 12, 10))
    assert house.clocks() == [("2025-12-10", "2026-12-09", "running")]
    assert "periodic.unknown_start" not in house.tasks()


def test_unknown_is_an_answer_for_a_year(house: House) -> None:
    house.register()
    house.day(2026, 12, 20)
    house.end_task("periodic.unknown_start")
    house.day(2027, 12, 19)
    assert "periodic.unknown_start" not in house.tasks()
    house.day(2027, 12, 21)
    assert "periodic.unknown_start" in house.tasks()


def test_a_product_without_a_registration_at_home_is_asked_about(house: House) -> None:
    house.day(2026, 12, 1)
    assert house.tasks()["periodic.unknown_start"].about == f"product:{house.product.id}"


@pytest.mark.parametrize("market", ["JP", "BR"])
def test_where_no_rule_is_known_a_person_decides_once(house: House, market: str) -> None:
    house.register(market=market, first_registered_on=date(2024, 1, 1))
    house.day(2026, 12, 1)
    assert house.clocks() == []
    assert house.tasks()["periodic.no_rule"].params["reference"] == f"P1 · {market}"
    house.end_task("periodic.no_rule")
    house.day(2028, 12, 1)
    assert "periodic.no_rule" not in house.tasks()


def test_a_report_without_a_number_of_days_waits_for_a_person_to_set_one(house: House) -> None:
    house.register(first_registered_on=date(2021, 12, 10), risk_class="I")
    house.day(2026, 12, 11)
    one = house.legal()[-1]
    assert not one.has_limit and one.rule["limit_text"].startswith("class I")
    assert house.tasks()["clock.decide"].role == "quality_manager"


def test_a_corrected_day_moves_the_clock_that_runs_and_asks_for_no_reported_period_twice(house: House) -> None:
    made = house.register(first_registered_on=date(2025, 12, 10))
    house.day(2027, 12, 15)
    with house.database.write() as session:
        first = session.scalars(select(LegalClock).order_by(LegalClock.started_at)).first()
        assert first is not None
        end_clock(session, SYSTEM, house.clock, EndClock(first.id, "reported", "sent", "ACK-1", "ab" * 32))
    house.change(made, first_registered_on=date(2025, 12, 2))
    assert house.clocks() == [("2025-12-10", "2026-12-09", "reported"), ("2026-12-02", "2027-12-01", "running"),
                              ("2026-12-10", "2027-12-09", "superseded")]
    running = [one for one in house.legal() if one.state == "running"]
    assert house.tasks()["clock.report"].about == running[0].about


def test_after_the_sale_has_ended_no_further_period_begins_and_a_person_is_asked(house: House) -> None:
    made = house.register(first_registered_on=date(2025, 12, 10))
    house.day(2026, 12, 15)
    house.change(made, marketed_to=date(2027, 3, 1))
    house.day(2029, 12, 15)
    assert [first for first, _, _ in house.clocks()] == ["2025-12-10", "2026-12-10"]
    assert "periodic.no_longer_sold" in house.tasks()


def test_a_class_without_a_rule_leaves_what_runs_and_asks(house: House) -> None:
    made = house.register(market="EU", risk_class="IIb", first_registered_on=date(2026, 6, 1))
    house.day(2026, 12, 15)
    assert house.clocks() == [("2026-06-01", "2027-05-31", "running")]
    house.change(made, risk_class="I")
    assert house.clocks() == [("2026-06-01", "2027-05-31", "running")] and "periodic.no_rule" in house.tasks()
    house.change(made, risk_class="IIb")
    assert "periodic.no_rule" not in house.tasks()


def test_the_end_of_one_period_begins_no_clock_before_the_next_is_over(house: House) -> None:
    house.register(market="EU", risk_class="IIb", first_registered_on=date(2026, 6, 1))
    house.day(2026, 12, 15)
    with house.database.write() as session:
        one = session.scalars(select(LegalClock)).one()
        end_clock(session, SYSTEM, house.clock, EndClock(one.id, "reported", "sent early", "ACK-1", "ab" * 32))
    assert [state for _, _, state in house.clocks()] == ["reported"]
    house.day(2027, 6, 1)
    assert [state for _, _, state in house.clocks()] == ["reported", "running"]


