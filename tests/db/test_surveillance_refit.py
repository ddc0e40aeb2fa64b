"""What is usual of a product is learnt from its past, without what is unusual in it."""
from __future__ import annotations

import json
import math
import threading
from collections.abc import Sequence
from datetime import datetime, timedelta
from types import SimpleNamespace
from typing import cast

import numpy as np
import pytest
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from tests.factories_surveillance import add_complaint, add_lot, add_product, add_shipment
from tests.made_once import made_once
from traceapp.audit.model import AuditEntry
from traceapp.catalog.model import Party, Product
from traceapp.cli import main
from traceapp.core.actor import SYSTEM, Actor
from traceapp.core.clock import FixedClock
from traceapp.core.errors import Conflict, InvalidInput, NotFound
from traceapp.core.ids import name_key, new_id
from traceapp.db import Database
from traceapp.jobs.refit_sweep import refit
from traceapp.signals.conditional import planned_conditional_value
from traceapp.signals.delay import Delay
from traceapp.surveillance.alarm import SeverityGroup
from traceapp.surveillance.basis import FollowHistory, SetBasis, Source, basis_of, follow_history, history_of, set_basis
from traceapp.surveillance.fit_model import DetectionFit, DetectionRate
from traceapp.surveillance.observe import expected_by_lot, lot_curve
from traceapp.surveillance.past import PUBLICITY_DAYS
from traceapp.surveillance.refit import MOST_LENT, keep_fit, learn, products_to_fit, refit_product
from traceapp.trace.model import Hold, Lot
from traceapp.worklist.model import WorkRow
from traceapp.world import World

HARM, SERIOUS = SeverityGroup.harm, SeverityGroup.serious
RATE, TRUTH = 0.004, Delay(7.0, 1.5, 4.0)


def add_party(session: Session, code: str, country: str, region: str = "") -> str:
    party = Party(id=name_key(code), code=code, name_zh=code, name_en=code, country=country, region=region,
                  created_at=datetime.fromisoformat("2026-01-01T00:00:00+00:00"))
    session.add(party)
    session.flush()
    return party.id


def add_history(session: Session, clock: FixedClock, product: Product, lots: int, *, rate: float = RATE,
                consignees: Sequence[tuple[str, float]] = (("c1", 1.0),), seed: int = 1) -> list[str]:
    """Lots of a year, 1,000 units each, delivered on four days, with the reports that a rate and a wait make of them;
    `consignees` with how often each reports. Answers the keys."""
    rng, today, keys = np.random.default_rng(seed), clock.now(), []
    for number in range(lots):
        begun = today - timedelta(days=int(rng.integers(30, 360)))
        lot = add_lot(session, product, f"{product.code}-{number}", 1000, begun)
        keys.append(lot.lot_key)
        for part in range(4):
            consignee, ratio = consignees[part % len(consignees)]
            sent = begun.replace(hour=0, minute=0) + timedelta(days=5 * part)
            add_shipment(session, lot, 250, sent + timedelta(hours=12), consignee)
            for _ in range(rng.poisson(250 * rate * ratio)):
                wait = rng.random() + rng.exponential(TRUTH.use_mean_days) + rng.gamma(1.5, 4 / 1.5)
                came = sent + timedelta(days=float(wait))
                if came < today:
                    add_complaint(session, lot, came, consignee_id=consignee if rng.random() < 0.5 else None,
                                  severity="major" if rng.random() < 0.25 else "moderate")
    return keys


def refitted(database: Database, clock: FixedClock, product_id: str) -> DetectionFit | None:
    return refit_product(database, SYSTEM, clock, product_id)


@pytest.fixture
def product_id(sqlite: Database, clock: FixedClock) -> str:
    def past(session: Session) -> str:
        product = add_product(session, clock.now())
        add_history(session, clock, product, 80)
        return product.id

    return made_once(sqlite, clock, past)


def test_the_rate_and_the_wait_are_those_of_the_past(database: Database, clock: FixedClock) -> None:
    with database.write() as session:
        product = add_product(session, clock.now())
        add_history(session, clock, product, 80)
        assert products_to_fit(session) == [product.id]
        assert basis_of(session, product.id).source is Source.default
    refitted(database, clock, product.id)
    with database.read() as session:
        basis = basis_of(session, product.id)
        reports = session.scalar(select(DetectionRate.reports).where(DetectionRate.severity_group == "harm"))
        assert session.scalar(select(AuditEntry.action)) == "detection_basis.fitted"
    assert reports is not None
    assert basis.source is Source.history
    assert basis.rate(HARM) == pytest.approx(RATE, abs=4 * RATE / math.sqrt(reports))
    assert basis.history(HARM) == reports
    days = np.array([3.0, 7.0, 14.0, 30.0])
    assert np.abs(basis.law.cdf(days) - TRUTH.cdf(days + 0.5)).max() < 0.1
    assert basis.use_mean_days == pytest.approx(TRUTH.use_mean_days, rel=0.3)


def test_serious_harm_has_a_rate_of_its_own_once_enough_of_it_came(sqlite: Database, clock: FixedClock,
                                                                  product_id: str) -> None:
    refitted(sqlite, clock, product_id)
    with sqlite.read() as session:
        basis = basis_of(session, product_id)
        rows = {row.severity_group: row for row in session.scalars(select(DetectionRate))}
    assert basis.rate(SERIOUS) == pytest.approx(RATE / 4, rel=0.35)
    assert rows["serious"].low < basis.rate(SERIOUS) < rows["serious"].high
    assert basis.history(SERIOUS) == rows["serious"].reports


def test_a_lot_under_signal_and_a_recalled_one_are_left_out(sqlite: Database, clock: FixedClock,
                                                            product_id: str) -> None:
    from tests.factories_surveillance import add_reactions
    from traceapp.surveillance.model import Signal, SignalLot

    with sqlite.write() as session:
        bad, recalled, refuted = session.scalars(select(Lot).order_by(Lot.started_at)).all()[:3]
        for lot, state in ((bad, "open"), (refuted, "refuted")):
            case_id = new_id(clock.now())
            session.add(SignalLot(lot_key=lot.lot_key, signal_id=case_id))
            session.add(Signal(
                lot_key=lot.lot_key, id=case_id, reference=f"SG-{lot.number}", product_id=product_id,
                kind="lot", node_key=lot.lot_key, name=lot.number, severity_group="harm",
                method="maxsprt", opened_at=clock.now(), since=clock.now().date(), observed=200, expected=4.0, llr=9.0,
                critical=4.0, state=state))
        add_reactions(session, bad, bad.started_at + timedelta(days=3), 200)
        add_reactions(session, recalled, recalled.started_at + timedelta(days=3), 200)
        recalled.is_recalled = True
        numbers = {bad.number: "signal", recalled.number: "recalled"}
    fit = refitted(sqlite, clock, product_id)
    assert fit is not None
    assert {number: why for _, number, why in fit.left_out} == numbers
    with sqlite.read() as session:
        assert basis_of(session, product_id).rate(HARM) == pytest.approx(RATE, rel=0.25)


def test_reports_after_a_recall_of_the_product_do_not_count_for_some_time(sqlite: Database, clock: FixedClock,
                                                                        product_id: str) -> None:
    before = refitted(sqlite, clock, product_id)
    assert before is not None
    with sqlite.write() as session:
        lots = session.scalars(select(Lot).order_by(Lot.started_at)).all()
        placed = clock.now() - timedelta(days=60)
        session.add(Hold(lot_key=lots[0].lot_key, id=new_id(placed), kind="recall", source="recall:r1", reason="r",
                         placed_at=placed, placed_by="q"))
        for lot in lots[-30:]:
            for hours in range(10):
                add_complaint(session, lot, clock.now() - timedelta(days=20, hours=hours))
    fit = refitted(sqlite, clock, product_id)
    assert fit is not None
    assert fit.number == 2
    first, last = (placed.date(), placed.date() + timedelta(days=PUBLICITY_DAYS - 1))
    assert fit.publicity == [[first.isoformat(), last.isoformat()]]
    assert fit.delay_reports < before.delay_reports
    with sqlite.read() as session:
        assert basis_of(session, product_id).rate(HARM) == pytest.approx(RATE, rel=0.25)


def test_reports_of_a_lot_that_never_left_are_said_and_not_divided_by(sqlite: Database, clock: FixedClock) -> None:
    with sqlite.write() as session:
        product = add_product(session, clock.now())
        lot = add_lot(session, product, "L", 1000, clock.now() - timedelta(days=40))
        add_shipment(session, lot, 500, clock.now() - timedelta(days=10))
        for day in (20, 15, 5):
            add_complaint(session, lot, clock.now() - timedelta(days=day))
        session.add(Party(id="x", code="x", name_zh="x", name_en="x", country="CN", created_at=clock.now()))
        empty = add_product(session, clock.now(), "P2")
        never = add_lot(session, empty, "N", 1000, clock.now() - timedelta(days=40))
        add_complaint(session, never, clock.now() - timedelta(days=3))
        key, other = product.id, empty.id
    fit = refitted(sqlite, clock, key)
    assert fit is not None
    assert (fit.unexposed, fit.delay_reports, fit.in_force_from) == (2, 1, None)
    assert refitted(sqlite, clock, other) is None
    with sqlite.read() as session:
        assert basis_of(session, key).source is Source.default


def test_nothing_new_makes_no_new_fit_until_a_week_has_passed(sqlite: Database, clock: FixedClock,
                                                             product_id: str) -> None:
    assert refitted(sqlite, clock, product_id) is not None
    assert refitted(sqlite, clock, product_id) is None
    clock.move_to(clock.now() + timedelta(days=7))
    again = refitted(sqlite, clock, product_id)
    assert again is not None
    assert again.number == 2
    with pytest.raises(NotFound):
        refitted(sqlite, clock, "no-such-product")


def test_what_quality_set_stays_until_it_chooses_history(sqlite: Database, clock: FixedClock, actor: Actor,
                                                        product_id: str) -> None:
    command = FollowHistory(product_id, "two years are enough")
    with sqlite.write() as session, pytest.raises(Conflict):
        follow_history(session, actor, clock, command)
    with sqlite.write() as session:
        set_basis(session, actor, clock, SetBasis(product_id, 0.01, Delay(5, 2, 3), 0.02, 4))
    with sqlite.write() as session, pytest.raises(Conflict, match="too short"):
        follow_history(session, actor, clock, command)
    refitted(sqlite, clock, product_id)
    with sqlite.read() as session:
        basis = basis_of(session, product_id)
        assert (basis.source, basis.rate(HARM), basis.history(HARM)) == (Source.stated, 0.01, None)
    with sqlite.write() as session, pytest.raises(InvalidInput):
        follow_history(session, actor, clock, FollowHistory(product_id, " "))
    with sqlite.write() as session:
        follow_history(session, actor, clock, command)
    with sqlite.read() as session:
        basis = basis_of(session, product_id)
        assert (basis.source, basis.alpha, basis.minimum_events) == (Source.history, 0.02, 4)
        assert basis.rate(HARM) == pytest.approx(RATE, rel=0.2)
        assert session.scalar(select(func.count()).where(AuditEntry.action == "detection_basis.follow")) == 1
    with sqlite.write() as session:
        set_basis(session, actor, clock, SetBasis(product_id, 0.02, Delay()))
        assert basis_of(session, product_id).source is Source.stated


def test_a_rate_that_was_learnt_is_tested_as_one(sqlite: Database, clock: FixedClock, product_id: str) -> None:
    refitted(sqlite, clock, product_id)
    with sqlite.write() as session:
        lot = add_lot(session, session.get_one(Product, product_id), "NEW", 3000, clock.now() - timedelta(days=20))
        add_shipment(session, lot, 3000, clock.now() - timedelta(days=20))
    with sqlite.read() as session:
        seen, history = lot_curve(session, lot, clock.now().date()), history_of(session, product_id)
        rate = basis_of(session, product_id).rate(HARM)
    assert history is not None
    value, shared = planned_conditional_value(0.01, 3000 * rate, history, minimum_events=3)
    assert (seen.critical, seen.history) == (value, shared)
    assert seen.critical is not None
    assert seen.critical.size <= 0.01


def test_regions_that_report_more_often_are_expected_to(sqlite: Database, clock: FixedClock) -> None:
    with sqlite.write() as session:
        product = add_product(session, clock.now())
        often, seldom = add_party(session, "A", "CN", "广东省"), add_party(session, "B", "DE")
        add_history(session, clock, product, 80, consignees=((often, 1.6), (seldom, 0.4)))
    refitted(sqlite, clock, product.id)
    with sqlite.write() as session:
        product, lots = session.get_one(Product, product.id), []
        for number, consignee in (("G", often), ("D", seldom)):
            lot = add_lot(session, product, number, 1000, clock.now() - timedelta(days=60))
            add_shipment(session, lot, 1000, clock.now() - timedelta(days=60), consignee)
            lots.append(lot.lot_key)
    with sqlite.read() as session:
        found = expected_by_lot(session, lots, clock.now().date(), 1)
        rows = {row.region: row for row in session.scalars(select(DetectionRate).where(
            DetectionRate.severity_group == "harm"))}
        whole = basis_of(session, product.id).rate(HARM)
    assert set(rows) == {"", "CN/广东", "DE"}
    assert rows["CN/广东"].rate / rows["DE"].rate == pytest.approx(4, rel=0.35)
    assert float(found[lots[0]][0] / found[lots[1]][0]) == pytest.approx(rows["CN/广东"].rate / rows["DE"].rate)
    # Together the regions expect what the product does.
    together = sum(row.rate * row.exposure for name, row in rows.items() if name)
    assert together == pytest.approx(whole * rows[""].exposure, rel=1e-6)


def test_a_product_with_little_history_leans_on_its_kind(sqlite: Database, clock: FixedClock) -> None:
    for number in range(5):
        with sqlite.write() as session:
            product = add_product(session, clock.now(), f"K{number}")
            add_history(session, clock, product, 30, seed=10 + number)
        refitted(sqlite, clock, product.id)
    with sqlite.write() as session:
        small = add_product(session, clock.now(), "SMALL")
        add_history(session, clock, small, 20, rate=0.002, seed=3)
        stranger = add_product(session, clock.now(), "DRUG", kind="drug")
        add_history(session, clock, stranger, 20, rate=0.002, seed=4)
    for key in (small.id, stranger.id):
        refitted(sqlite, clock, key)
    with sqlite.read() as session:
        leaning, alone = basis_of(session, small.id), basis_of(session, stranger.id)
        own = session.get_one(DetectionRate, (small.id, 1, "harm", ""))
        assert session.get_one(DetectionFit, (small.id, 1)).waits == []
    assert leaning.source is Source.history
    assert own.family_mean is not None
    assert own.reports / own.exposure < leaning.rate(HARM) < own.family_mean
    assert own.family_mean == pytest.approx(RATE, rel=0.2)
    assert leaning.history(HARM) == own.reports + MOST_LENT >= 50
    assert leaning.law == Delay()
    assert alone.source is Source.default


def test_of_two_who_learn_at_once_one_fit_is_kept(database: Database, clock: FixedClock) -> None:
    with database.write() as session:
        product = add_product(session, clock.now())
        add_history(session, clock, product, 20)
    learnt = []
    for _ in range(2):
        with database.read() as session:
            learnt.append(learn(session, product.id, clock.now().date()))
    kept = []
    for one in learnt:
        assert one is not None
        with database.write() as session:
            kept.append(keep_fit(session, SYSTEM, clock, one))
    assert kept[0] is not None
    assert kept[1] is None
    with database.read() as session:
        assert session.scalar(select(func.count()).select_from(DetectionFit)) == 1


def test_every_night_each_product_is_fitted_once_whoever_runs_the_jobs(sqlite: Database, clock: FixedClock,
                                                                       product_id: str) -> None:
    world = cast(World, SimpleNamespace(database=sqlite, clock=clock))
    clock.move_to(clock.now() + timedelta(days=(1 - clock.now().weekday()) % 7))  # A Tuesday: no new week tomorrow.
    both = [threading.Thread(target=refit, args=(world,)) for _ in range(2)]
    for thread in both:
        thread.start()
    for thread in both:
        thread.join()
    assert refit(world) == 0
    clock.move_to(clock.now() + timedelta(days=1))
    assert refit(world) == 1
    with sqlite.read() as session:
        rows = session.execute(select(WorkRow.done_at.is_not(None), WorkRow.error)).all()
        assert rows == [(True, None), (True, None)]
        assert session.scalar(select(func.count()).select_from(DetectionFit)) == 1


def test_the_command_fits_what_is_asked_and_says_what_it_found(sqlite: Database, clock: FixedClock, product_id: str,
                                                               monkeypatch: pytest.MonkeyPatch,
                                                               capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setattr("traceapp.cli.settings.database", lambda: sqlite)
    monkeypatch.setattr("traceapp.core.clock.SystemClock", lambda: clock)
    assert main(["detection", "refit", "--product", "P1"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert (told["product"], told["state"], told["fit"], told["is_enough"]) == ("P1", "fitted", 1, True)
    assert main(["detection", "refit"]) == 0
    assert json.loads(capsys.readouterr().out) == {"product": "P1", "state": "unchanged"}
    assert main(["detection", "refit", "--product", "nothing"]) == 1
