"""A year of lots with nothing wrong through the service itself: are there no more false alarms than its dashboard
promises?

Nothing is simulated but the house: lots are made and sent out, complaints come in by day, and the service's own code
enrols, counts, judges, begins stages, spends, screens and looks for groups, in a database. Every test of every node
that alarms in its life counts, though many share lots, and so do the tasks that the screens raise. The promise is read
as the dashboard reads it. Half of the houses know rate and wait; the others learnt both from the year before by the
service's own fit.
"""
from __future__ import annotations

import math
import os
import sys
import tempfile
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor, as_completed
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from multiprocessing import get_context
from pathlib import Path
from typing import Any

import numpy as np
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from tests.factories_surveillance import add_complaint, add_edge, add_lot, add_product
from traceapp import models
from traceapp.adverse_event.group_model import GroupEvent
from traceapp.adverse_event.groups import find_groups, is_grouped
from traceapp.catalog.model import Product
from traceapp.core.actor import SYSTEM
from traceapp.core.clock import FixedClock
from traceapp.core.ids import name_key, new_id
from traceapp.core.process import compute_on_one_core
from traceapp.db import Database
from traceapp.surveillance.budget import budget_state
from traceapp.surveillance.model import DetectionBasis, Signal
from traceapp.surveillance.nightly import watch_all_in
from traceapp.surveillance.refit import refit_product
from traceapp.surveillance.rescoring import rescore_lot
from traceapp.surveillance.screening import JUMP_TASK, TASK, keep_screening, screen_product
from traceapp.surveillance.watch_model import WatchNode
from traceapp.trace.model import Lot, Production, Shipment, ShipmentLine
from traceapp.worklist.model import Task

from .options import Options

HOUSES = 20
LOTS = 100
"""Of a house in a year; the promise is made for a hundred at least."""
DAYS, AFTER = 365, 120
UNITS, LINES_OF_A_LOT, DAYS_BETWEEN_LINES = 3000, 6, 5
RATE, SERIOUS, NAMED, SECOND_TERM = 0.002, 0.1, 0.5, 0.3
# How many there are of each; a lot meets them by lot or in turn, lasting ones are watched by the quarter.
MATERIALS, LOTS_OF_A_RAW, SUPPLIERS, PRODUCTION_LINES, EQUIPMENT, OPERATORS, LOTS_OF_A_LOAD = 2, 4, 4, 4, 6, 10, 2
CONSIGNEES, LANES = 60, 6
TERMS = 12
# What is to be expected is worked out for two weeks ahead; a nightly run a week is enough for it and as fast again.
NIGHTLY_EVERY = 7
_FIRST = datetime(2025, 1, 1, 2, tzinfo=UTC)


@dataclass
class Plan:
    """What happens on which day: lots made, lines sent out, complaints that come in; days count from the first."""

    made: dict[int, list[int]] = field(default_factory=dict)
    sent: dict[int, list[tuple[int, int]]] = field(default_factory=dict)
    told: dict[int, list[tuple[int, int | None, bool, tuple[int, ...]]]] = field(default_factory=dict)


def plan_of(rng: np.random.Generator, lots: int, first: int) -> Plan:
    """Lots made evenly over a year from the day `first`, each sent to some consignees, and what comes of it."""
    plan = Plan()
    for lot in range(lots):
        day = first + lot * DAYS // lots
        plan.made.setdefault(day, []).append(lot)
        for number, consignee in enumerate(rng.choice(CONSIGNEES, LINES_OF_A_LOT, replace=False).tolist()):
            left = day + DAYS_BETWEEN_LINES * number
            plan.sent.setdefault(left, []).append((lot, consignee))
            for _ in range(rng.poisson(RATE * UNITS / LINES_OF_A_LOT)):
                wait = rng.random() + rng.exponential(14.0) + rng.gamma(1.5, 7.0 / 1.5)
                terms = tuple({int(term) for term in rng.zipf(1.6, 1 + (rng.random() < SECOND_TERM)) % TERMS})
                plan.told.setdefault(left + int(wait), []).append(
                    (lot, consignee if rng.random() < NAMED else None, rng.random() < SERIOUS, terms))
    return plan


class House:
    """A house in a database of its own, lived day by day."""

    def __init__(self, database: Database, lots: int, seed: tuple[int, int], *, is_learnt: bool) -> None:
        self.database, self.clock = database, FixedClock(_FIRST)
        rng = np.random.default_rng(seed)
        self.past = plan_of(rng, lots, -DAYS) if is_learnt else None
        self.plan, self.lots = plan_of(rng, lots, 0), lots
        models.metadata.create_all(database.engine)
        self.keys: dict[tuple[bool, int], str] = {}
        with database.write() as session:
            early = _FIRST - timedelta(days=2 * DAYS)
            self.product = add_product(session, early).id
            for material in range(MATERIALS):
                add_product(session, early, f"RAW{material}", "material")
            session.add(DetectionBasis(
                product_id=self.product, rate_per_unit=RATE, use_mean_days=14.0, report_shape=1.5,
                report_mean_days=7.0, alpha=0.01, minimum_events=3, note="", set_by="soak", set_at=early,
                follows_history=is_learnt))

    def live(self) -> None:
        """All days from the first lot made to the last report."""
        if self.past is not None:
            self._be_told_of_the_past(self.past)
        for day in range(DAYS + AFTER):
            self.clock.move_to(_FIRST + timedelta(days=day))
            with self.database.write() as session:
                if day % NIGHTLY_EVERY == 0:
                    watch_all_in(session, self.clock)
                keep_screening(session, self.clock, screen_product(session, self.product, self.clock.now().date()))
            self.clock.move_to(_FIRST + timedelta(days=day, hours=10))
            with self.database.write() as session:
                touched = self._happen(session, self.plan, day, is_past=False)
                for key in touched:
                    rescore_lot(session, self.clock, key)
                    if is_grouped(session, self.clock, key):
                        find_groups(session, self.clock, key)

    def _be_told_of_the_past(self, past: Plan) -> None:
        """The year before is in the records when the house begins to watch: what it learns from."""
        with self.database.write() as session:
            for day in range(-DAYS, 0):
                self._happen(session, past, day, is_past=True)
        self.clock.move_to(_FIRST)
        assert refit_product(self.database, SYSTEM, self.clock, self.product) is not None

    def _happen(self, session: Session, plan: Plan, day: int, *, is_past: bool) -> list[str]:
        """Write a day down; answers the lots that were complained about."""
        at = _FIRST + timedelta(days=day, hours=9)
        for number in plan.made.get(day, ()):
            self.keys[is_past, number] = _make(session, self.product, (is_past, number), at).lot_key
        for number, consignee in plan.sent.get(day, ()):
            _send(session, session.get_one(Lot, self.keys[is_past, number]), consignee, at)
        touched = []
        for number, named, is_serious, terms in plan.told.get(day, ()):
            lot = session.get_one(Lot, self.keys[is_past, number])
            add_complaint(session, lot, at, consignee_id=None if named is None else f"c{named}",
                          severity="major" if is_serious else "moderate", terms=[f"t{term}" for term in terms])
            touched.append(lot.lot_key)
        return touched


def _make(session: Session, product_id: str, which: tuple[bool, int], at: datetime) -> Lot:
    is_past, number = which
    prefix = "P" if is_past else "L"
    product = session.get_one(Product, product_id)
    lot = add_lot(session, product, f"{prefix}{number:04}", UNITS, at)
    for material in range(MATERIALS):
        raw = session.get_one(Product, name_key(f"RAW{material}"))
        batch = (number + 2 * material) // LOTS_OF_A_RAW
        uri = f"{raw.identity_uri}:{prefix}{batch}"
        made_from = session.get(Lot, name_key(uri)) or add_lot(session, raw, f"{prefix}{batch}", 9000, at)
        made_from.supplier_id = f"supplier-{material}-{batch % (SUPPLIERS // MATERIALS)}"
        add_edge(session, made_from, lot, 100, at)
    session.add(Production(
        lot_key=lot.lot_key, id=new_id(at), line=f"line {number % PRODUCTION_LINES}", shift="day",
        equipment=f"machine {number % EQUIPMENT}", operator=f"operator {number * 7 % OPERATORS}",
        sterilisation_load=f"{prefix}S{number // LOTS_OF_A_LOAD}", quantity=Decimal(UNITS), made_at=at,
        event_id=new_id(at)))
    return lot


def _send(session: Session, lot: Lot, consignee: int, at: datetime) -> None:
    units = Decimal(UNITS // LINES_OF_A_LOT)
    shipment = name_key(f"{lot.lot_key} {consignee} {at}")
    lot.shipped += units
    session.add(Shipment(id=shipment, document_number=shipment[:8], consignee_id=f"c{consignee}",
                         lane=f"lane {consignee % LANES}", from_site_id="plant", shipped_at=at))
    session.add(ShipmentLine(lot_key=lot.lot_key, shipment_id=shipment, position=1, consignee_id=f"c{consignee}",
                             shipped_at=at, packs=units, units=units, event_id=new_id(at)))


@dataclass(frozen=True, slots=True)
class Year:
    """What a house was promised for its year, what its tests might spend, and what alarmed: tests by kind and group,
    cases opened, tasks of the screens and group events by kind."""

    promised: float
    spent: float
    tests: Counter[str]
    cases: int
    others: Counter[str]


def told_of(session: Session, on: datetime) -> Year:
    """The year until a day."""
    state = budget_state(session, on.date())
    tests = Counter({f"{kind}, {group}": number for kind, group, number in session.execute(
        select(WatchNode.kind, WatchNode.severity_group, func.count()).where(WatchNode.alarmed > 0)
        .group_by(WatchNode.kind, WatchNode.severity_group))})
    others = Counter({kind: number for kind, number in session.execute(
        select(Task.kind, func.count()).where(Task.kind.in_((TASK, JUMP_TASK))).group_by(Task.kind))})
    others["group event"] = session.scalar(select(func.count()).select_from(GroupEvent)) or 0
    return Year(state.promised, state.spent, tests,
                session.scalar(select(func.count()).select_from(Signal)) or 0, others)


def year_of(lots: int, seed: tuple[int, int], *, is_learnt: bool) -> Year:
    """One house, lived through."""
    with _database() as database:
        house = House(database, lots, seed, is_learnt=is_learnt)
        house.live()
        with database.read() as session:
            return told_of(session, _FIRST + timedelta(days=DAYS - 1))


@contextmanager
def _database() -> Iterator[Database]:
    with tempfile.TemporaryDirectory(prefix="traceapp-soak-") as folder:
        database = Database(f"sqlite:///{Path(folder, 'house.sqlite')}", is_durable=False)
        try:
            yield database
        finally:
            database.close()


def detector_years(options: Options) -> dict[str, Any]:
    """False alarms of a year beside what was promised, with a 95 % interval; `ok` where none is surely above."""
    houses = options.rounds or HOUSES
    lived = _lived(options.seed, houses)
    found = {name: summary([lived[number] for number in range(is_learnt, houses, 2)], LOTS)
             for name, is_learnt in (("known", False), ("learnt from the year before", True))}
    return {"ok": all(one["interval"][0] <= one["promised_per_100_lots"] for one in found.values()),
            "houses": houses, "detectors": found}


def _lived(seed: int, houses: int) -> dict[int, Year]:
    """The year of each house by its number, lived side by side on the machine's processors; odd ones learn."""
    years = {}
    compute_on_one_core()  # as the service does; the processes begin with it
    with ProcessPoolExecutor(max_workers=os.cpu_count(), mp_context=get_context("spawn")) as pool:
        living = {pool.submit(year_of, LOTS, (seed, number), is_learnt=bool(number % 2)): number
                  for number in range(houses)}
        for done in as_completed(living):
            number = living[done]
            years[number] = done.result()
            print(f"soak: house {number}: {sum(years[number].tests.values())} alarms, "
                  f"promised {years[number].promised:.2f}; {len(years)} of {houses} done", file=sys.stderr, flush=True)
    return years


def summary(years: list[Year], lots: int) -> dict[str, Any]:
    """Figures in a hundred lots. The error of a mean of counts is at least that of as many independent ones."""
    hundred = 100 / lots / max(1, len(years))
    alarms = [sum(year.tests.values()) for year in years]
    tests, others = sum((year.tests for year in years), Counter()), sum((year.others for year in years), Counter())
    mean = hundred * sum(alarms)
    spread = float(np.std(alarms, ddof=1)) * 100 / lots / math.sqrt(len(years)) if len(years) > 1 else 0.0
    error = max(hundred * math.sqrt(max(sum(alarms), 1)), spread)
    return {
        "lots": lots * len(years), "promised_per_100_lots": round(hundred * sum(year.promised for year in years), 3),
        "could_spend": round(hundred * sum(year.spent for year in years), 3), "per_100_lots": round(mean, 3),
        "interval": [round(max(0.0, mean - 1.96 * error), 3), round(mean + 1.96 * error, 3)],
        "cases_per_100_lots": round(hundred * sum(year.cases for year in years), 3),
        "by_kind": dict(sorted(tests.items())), "tasks_and_groups": dict(sorted(others.items()))}
