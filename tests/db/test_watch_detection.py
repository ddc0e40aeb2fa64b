"""A node that stands out raises an alarm, before any of its lots could."""
from __future__ import annotations

import random
from datetime import UTC, date, datetime, timedelta

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from tests.factories_surveillance import add_complaint, add_lot, add_product, add_shipment
from tests.factories_watch import WatchedHouse, a_watched_house, watch
from traceapp.config import Settings
from traceapp.core.clock import FixedClock
from traceapp.db import Database
from traceapp.jobs.watch_sweep import watch_all
from traceapp.signals.delay import Delay
from traceapp.signals.exposure import delay_chances
from traceapp.signals.maxsprt import llr
from traceapp.surveillance import rescoring
from traceapp.surveillance.alarm import Alarm
from traceapp.surveillance.alarming import alarm_of
from traceapp.surveillance.basis import DEFAULT_RATE
from traceapp.surveillance.judging import Judgement, Standing, WatchedTest, judge
from traceapp.surveillance.model import Signal
from traceapp.surveillance.rescoring import rescore_lot
from traceapp.surveillance.watch_model import AlarmLine, WatchNode
from traceapp.worklist.model import Task, WorkRow
from traceapp.world import build_world


def reports_of(house: WatchedHouse, ratio: float, seed: int, units: int) -> list[tuple[datetime, int]]:
    """(when, lot number) of every report at `ratio` times the usual rate, in order of time."""
    import numpy as np

    dice = random.Random(seed)
    chances = delay_chances(Delay(), np.arange(200.0))
    found = []
    for number, lot in enumerate(house.lots):
        for _ in range(units):
            if dice.random() < DEFAULT_RATE * ratio:
                wait = int(np.searchsorted(chances, dice.random()))
                found.append((lot.started_at + timedelta(days=wait, hours=12), number))
    return sorted(found)


def test_a_raw_lot_that_triples_the_rate_of_four_lots_is_seen_before_any_of_the_lots(
        sqlite: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    clock = FixedClock(datetime(2026, 1, 5, 8, tzinfo=UTC))
    with sqlite.write() as session:
        house = a_watched_house(session, clock.now(), lots=4, raws=1, units=3000)
    first: dict[str, datetime] = {}

    def note(_session: Session, at: FixedClock, test: WatchNode, _seen: Judgement) -> None:
        first.setdefault(test.kind, at.now())

    monkeypatch.setattr(rescoring, "raise_alarm", note)
    for at, number in reports_of(house, 3.0, 2, 3000):
        clock.move_to(at)
        watch(sqlite, clock)
        with sqlite.write() as session:
            add_complaint(session, house.lots[number], clock.now())
            rescore_lot(session, clock, house.lots[number].lot_key)
    assert "upstream" in first
    assert first["upstream"] < first.get("lot", clock.now() + timedelta(days=1))


def test_an_alarm_of_an_upstream_lot_names_it_with_its_lots_and_every_number(sqlite: Database, clock: FixedClock) -> None:
    with sqlite.write() as session:
        house = a_watched_house(session, clock.now() - timedelta(days=40), lots=4, raws=1)
        for number in range(16):
            add_complaint(session, house.lots[number % 4], clock.now() - timedelta(days=1))
    watch(sqlite, clock)
    on = clock.now().date()
    with sqlite.write() as session:
        test = session.scalars(select(WatchNode).where(
            WatchNode.kind == "upstream", WatchNode.severity_group == "harm")).one()
        test.alarmed = 15
        seen = judge(test, test.observed, on)
        assert seen.standing is Standing.alarm
        alarm = alarm_of(session, test, seen, on)
    assert isinstance(alarm, Alarm)
    assert (alarm.node_key, alarm.name, alarm.observed) == (house.raws[0].lot_key, "R0", 16)
    assert alarm.lot_keys == tuple(sorted(lot.lot_key for lot in house.lots))
    assert alarm.evidence["curve"]["observed"][-1] == 16
    assert alarm.evidence["curve"]["expected"][-1] == pytest.approx(seen.expected, rel=1e-4)
    assert alarm.evidence["curve"]["crossed_on"] == (on - timedelta(days=1)).isoformat()
    assert alarm.llr >= alarm.critical == alarm.evidence["critical"]


def test_a_lot_too_small_for_a_line_has_none_and_its_nodes_have_one(sqlite: Database, clock: FixedClock) -> None:
    with sqlite.write() as session:
        a_watched_house(session, clock.now() - timedelta(days=20), lots=4, raws=1, units=120)
    watch(sqlite, clock)
    with sqlite.read() as session:
        tests = session.scalars(select(WatchNode).where(WatchNode.severity_group == "harm")).all()
        on = clock.now().date()
        standings = {test.kind: judge(test, test.observed, on).standing for test in tests}
    assert standings["lot"] is Standing.too_small
    assert standings["upstream"] is Standing.quiet


def test_a_node_that_grows_beyond_its_plan_goes_on_with_the_next_stage_at_a_smaller_level(
        sqlite: Database, clock: FixedClock) -> None:
    with sqlite.write() as session:
        house = a_watched_house(session, clock.now() - timedelta(days=90), lots=4, raws=1, units=3000)
    at = clock.now()
    clock.move_to(at - timedelta(days=80))
    watch(sqlite, clock)
    with sqlite.read() as session:
        early = session.scalars(select(WatchNode).where(WatchNode.kind == "upstream",
                                                        WatchNode.severity_group == "harm")).one()
    clock.move_to(at)
    watch(sqlite, clock)
    with sqlite.read() as session:
        late = session.get_one(WatchNode, (early.node_key, "harm"))
    assert (early.stage, early.planned) == (0, 4.0)
    assert float(late.expected[1]) > 4
    assert (late.stage, late.planned, late.alpha) == (1, 8.0, early.alpha)
    assert late.critical is not None
    assert early.critical is not None
    assert late.critical > early.critical
    assert house.raws[0].lot_key == late.subject


def test_a_lot_made_and_sent_between_two_runs_is_watched_from_its_first_report_on(
        database: Database, clock: FixedClock) -> None:
    with database.write() as session:
        house = a_watched_house(session, clock.now() - timedelta(days=60), lots=2, raws=1)
    watch(database, clock)
    with database.write() as session:
        product = add_product(session, clock.now(), "P2")
        lot = add_lot(session, product, "N1", 3000, clock.now() - timedelta(days=30))
        add_shipment(session, lot, 3000, clock.now() - timedelta(days=30))
        for _ in range(9):
            add_complaint(session, lot, clock.now())
        signal = rescore_lot(session, clock, lot.lot_key)
        assert signal is not None
        assert signal.observed == 9
        consignee = session.scalars(select(WatchNode).where(
            WatchNode.kind == "consignee", WatchNode.subject == "c1", WatchNode.severity_group == "harm",
            WatchNode.begun_on > (clock.now() - timedelta(days=40)).date())).all()
    assert [node.lots for node in consignee] == [1] or any(node.lots > 1 for node in consignee)
    run = watch(database, clock)
    assert (run.drifted, run.recounted) == (0, 0)
    assert house.lots


def test_the_nightly_run_opens_what_no_complaint_rescored_and_opens_it_once(database: Database, clock: FixedClock) -> None:
    with database.write() as session:
        house = a_watched_house(session, clock.now() - timedelta(days=40), lots=1)
        for _ in range(12):
            add_complaint(session, house.lots[0], clock.now())
    assert watch(database, clock).alarms >= 1
    watch(database, clock)
    with database.read() as session:
        signals = session.scalars(select(Signal).where(Signal.lot_key == house.lots[0].lot_key)).all()
        assert len(signals) == 1
        assert session.scalars(select(Task.kind)).all().count("signal.review") == 1


def test_the_run_of_a_day_is_done_once_also_after_it_was_killed_in_the_middle(
        database: Database, clock: FixedClock, settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    with database.write() as session:
        house = a_watched_house(session, clock.now() - timedelta(days=60))
        for number in range(6):
            add_complaint(session, house.lots[number % 4], clock.now(), consignee_id="c1")
    world = build_world(settings, database=database, clock=clock)

    class _Killed(BaseException):
        pass

    def killed(*_: object) -> None:
        raise _Killed

    with monkeypatch.context() as patched:
        patched.setattr("traceapp.surveillance.nightly.NightlyRun._write", killed)
        with pytest.raises(_Killed):
            watch_all(world)
    assert watch_all(world) is None  # the lease of the one that was killed still stands
    clock.move_to(clock.now() + timedelta(minutes=5))
    run = watch_all(world)
    assert run is not None
    assert (run.lots, run.drifted) == (4, 0)
    assert watch_all(world) is None
    with database.read() as session:
        assert session.scalars(select(WorkRow).where(WorkRow.done_at.is_(None))).all() == []
        lot = session.scalars(select(WatchNode).where(WatchNode.kind == "lot", WatchNode.severity_group == "harm",
                                                      WatchNode.observed == 2)).first()
        assert lot is not None
        assert lot.projected_on == clock.now().date()


def test_lines_are_worked_out_once_and_kept(sqlite: Database, clock: FixedClock, monkeypatch: pytest.MonkeyPatch) -> None:
    with sqlite.write() as session:
        a_watched_house(session, clock.now() - timedelta(days=60))
    watch(sqlite, clock)
    with sqlite.write() as session:
        assert session.scalars(select(AlarmLine)).all()
        for test in session.scalars(select(WatchNode)):
            test.planned = None

    def never(_plan: object) -> AlarmLine:
        raise AssertionError("worked out again")

    monkeypatch.setattr("traceapp.surveillance.nightly.worked_out", never)
    watch(sqlite, clock)
    with sqlite.read() as session:
        assert all(test.planned is not None for test in session.scalars(select(WatchNode)))


@pytest.mark.parametrize(("critical", "nearness", "standing"), [
    (1.0, 0.99, Standing.quiet), (0.998, 1.0, Standing.alarm), (0.5, 1.99, Standing.alarm)])
def test_what_is_not_at_its_line_is_not_told_as_if_it_were(critical: float, nearness: float, standing: Standing) -> None:
    on, observed = date(2026, 5, 4), 10
    expected = next(value / 10_000 for value in range(1, 100_000) if llr(observed, value / 10_000) < 0.9985)
    test = WatchedTest("n", "harm", "upstream", "n", observed, 0.01, 3, 20.0, critical, None, 1.0, f"[{expected}]", on, 0.0)
    seen = judge(test, observed, on)
    assert (seen.standing, seen.nearness) == (standing, nearness)
