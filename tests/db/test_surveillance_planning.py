"""Plans of detection: played the same every time, monotone where they must be, and begun from a product's records."""
from __future__ import annotations

import json
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal

import pytest

from tests.factories_surveillance import add_complaint, add_edge, add_lot, add_product, add_shipment
from traceapp.core.clock import FixedClock
from traceapp.core.errors import InvalidInput
from traceapp.db import Database
from traceapp.surveillance import planning
from traceapp.surveillance.planning import RUNS, Course, Plan, answer_of, play, runs_of
from traceapp.surveillance.planning_facts import plan_facts

PLAN = Plan(cause="lot", rate_ratio=10)


@pytest.fixture(autouse=True)
def fewer_runs(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(planning, "RUNS", 24)


def test_shipping_records_are_worth_days_and_are_shown_as_such_whether_or_not_they_are_there() -> None:
    with_them, without = play(PLAN), play(replace(PLAN, shipping_known=False))
    change, other = with_them.changes[0], without.changes[0]
    assert (change.key, change.is_in_place, other.is_in_place) == ("shipping", True, False)
    assert (change.worse, change.better) == (other.worse, other.better)
    assert change.better == with_them.now and other.worse == without.now
    assert change.saved is not None and change.saved > 0


def test_more_reports_that_come_in_are_assumed_to_be_half_of_what_is_missing() -> None:
    answer = play(PLAN)
    assert answer.more_counted == 0.75
    assert answer.changes[1].key == "counted"
    assert answer.changes[1].better.bound is not None and answer.now.bound is not None
    assert answer.changes[1].better.bound < answer.now.bound
    assert len(play(replace(PLAN, counted=1.0)).changes) == 1


def test_a_bad_raw_lot_is_found_sooner_or_more_often_where_raw_lots_are_watched() -> None:
    plan = Plan(cause="raw", rate_ratio=2, lots_a_raw=4, baseline=0.001)
    change = next(one for one in play(plan).changes if one.key == "nodes")
    assert change.is_in_place
    assert change.better.detected > change.worse.detected
    assert "nodes" not in [one.key for one in play(PLAN).changes]


def test_an_answer_is_kept_whole_and_tells_every_run() -> None:
    told: list[int] = []
    plan = replace(PLAN, counted=1.0)
    answer = play(plan, told.append)
    assert answer_of(json.loads(json.dumps(answer.plain()), parse_float=Decimal)) == answer
    assert told == list(range(1, runs_of(plan) + 1)) == list(range(1, 49))


def test_days_by_which_a_share_of_all_runs_had_its_alarm() -> None:
    course = Course((3, 5, 8, 13), 6, 0.0, None, None)
    assert [course.day(share) for share in (0.01, 0.5, 0.66, 0.67, 0.9)] == [3, 8, 13, None, None]
    assert course.detected == pytest.approx(4 / 6)


@pytest.mark.parametrize(("changes", "place"), [
    ({"units": 0}, "units"), ({"counted": 1.5}, "counted"), ({"cause": "raw", "raws": 0}, "cause"),
    ({"cause": "line", "lines": 1}, "cause"), ({"cause": "moon"}, "cause"), ({"units": 10_000_000}, "baseline"),
    ({"rate_ratio": float("nan")}, "rate_ratio")])
def test_a_plan_without_sense_or_without_end_is_refused_at_its_field(changes: dict[str, object], place: str) -> None:
    with pytest.raises(InvalidInput) as refused:
        replace(PLAN, **changes)
    assert refused.value.place == place


def test_a_product_fills_in_what_its_records_say(sqlite: Database, clock: FixedClock) -> None:
    at = clock.now() - timedelta(days=100)
    with sqlite.write() as session:
        product, glue = add_product(session, at), add_product(session, at, "GLUE", "material")
        raw = add_lot(session, glue, "G1", 100, at)
        for number in range(3):
            lot = add_lot(session, product, f"L{number}", 2000, at)
            add_edge(session, raw, lot, 1, at)
            for day in (0, 9):
                add_shipment(session, lot, 500, at + timedelta(days=day))
            add_complaint(session, lot, clock.now())
        add_complaint(session, lot, clock.now(), lot_key="unknown")
        add_lot(session, product, "OLD", 9, clock.now() - timedelta(days=800))
        facts = plan_facts(session, product.id, clock.now().date())
    assert facts == {"lots_a_year": 4, "units": 2000, "shipping_days": 10, "counted": 0.38, "use_days": 14.0,
                     "report_days": 7.0, "baseline": 0.0005, "raws": 1, "lots_a_raw": 3}
    assert Plan(**facts).lots_a_year == 4


def test_the_number_of_runs_that_people_see_is_the_number_played() -> None:
    assert RUNS == 40 and play(PLAN).now.runs == 24
