"""Expected reports from units in use."""
from __future__ import annotations

from datetime import date, timedelta

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.integrate import quad
from scipy.stats import gamma

from traceapp.core.errors import InvalidInput
from traceapp.signals.delay import Delay
from traceapp.signals.exposure import expected_curve, expected_reports, in_use, planned_expected

DAY = date(2026, 3, 2)


@pytest.mark.parametrize(
    "delay",
    [Delay(), Delay(14, 1.5, 21), Delay(14, 2.0, 28), Delay(5, 0.7, 60), Delay(30, 6.0, 3), Delay(7.0, 1.0, 7.1),
     Delay(0.2, 2.5, 40), Delay(0.01, 0.6, 30)],
)
def test_the_delay_law_is_the_convolution_of_its_two_parts(delay: Delay) -> None:
    scale = delay.report_mean_days / delay.report_shape
    days = np.array([0.5, 1, 3, 7, 14, 30, 60, 200])
    for day, found in zip(days, delay.cdf(days), strict=True):
        oracle, _ = quad(
            lambda used, day=day: gamma.cdf(day - used, delay.report_shape, scale=scale)
            * np.exp(-used / delay.use_mean_days) / delay.use_mean_days,
            0, day, limit=200, epsabs=1e-12,
        )  # fmt: skip
        assert found == pytest.approx(oracle, abs=1e-9)


@settings(max_examples=40, deadline=None)
@given(use=st.floats(0, 400), shape=st.floats(0.2, 30), report=st.floats(0, 400))
def test_the_delay_law_rises_from_nothing_to_one(use: float, shape: float, report: float) -> None:
    chances = Delay(use, shape, report).cdf(np.append(np.arange(-3.0, 20_000.0, 7.0), 1e6))
    assert np.all(np.isfinite(chances))
    assert chances[0] == 0.0
    assert np.all(np.diff(chances) > -1e-12)
    assert chances[-1] == pytest.approx(1.0, abs=1e-9)


def test_the_default_law_gives_the_published_expected_counts() -> None:
    # 3,000 units spread evenly over 28 days, 0.2 % per unit; published as of days 10, 20, 30, 60.
    shipped = [(DAY + timedelta(days=day), 107) for day in range(28)] + [(DAY, 4)]
    curve = expected_curve(shipped, 0.002, Delay(), DAY, 61)
    for day, printed in ((10, 0.19), (20, 1.09), (30, 2.57), (60, 5.52)):
        # `day` days after the first delivery the day before it has ended.
        assert curve[day - 1] == pytest.approx(printed, abs=0.03)


def test_the_expected_count_is_the_sum_over_deliveries() -> None:
    shipped = [(DAY, 1000), (DAY + timedelta(days=4), 500), (DAY + timedelta(days=40), 900)]
    on = DAY + timedelta(days=10)
    by_hand = 0.01 * (1000 * quad(Delay().cdf, 10, 11)[0] + 500 * quad(Delay().cdf, 6, 7)[0])
    assert expected_reports(shipped, 0.01, Delay(), on) == pytest.approx(by_hand, rel=1e-4)


def test_the_curve_and_the_single_day_agree_wherever_the_window_starts() -> None:
    shipped = [(DAY, 300), (DAY + timedelta(days=9), 200), (DAY + timedelta(days=12), -100)]
    start = DAY + timedelta(days=5)
    curve = expected_curve(shipped, 0.01, Delay(), start, 20)
    for offset in range(20):
        single = expected_reports(shipped, 0.01, Delay(), start + timedelta(days=offset))
        assert curve[offset] == pytest.approx(single, rel=1e-12)


def test_nothing_is_expected_before_the_first_delivery() -> None:
    curve = expected_curve([(DAY, 1000)], 0.01, Delay(), DAY - timedelta(days=3), 5)
    assert curve[:3].tolist() == [0.0, 0.0, 0.0]
    assert 0 < curve[3] < curve[4] / 2


def test_returned_units_stop_what_they_would_have_caused() -> None:
    back = DAY + timedelta(days=10)
    far = DAY + timedelta(days=2000)
    rest = expected_reports([(DAY, 1000), (back, -400)], 0.01, Delay(), far)
    assert rest == pytest.approx(6.0, rel=1e-6)
    the_day_before = back - timedelta(days=1)
    assert expected_reports([(DAY, 1000), (back, -400)], 0.01, Delay(), the_day_before) == pytest.approx(
        expected_reports([(DAY, 1000)], 0.01, Delay(), the_day_before)
    )


@settings(max_examples=40, deadline=None)
@given(st.lists(st.tuples(st.integers(0, 60), st.integers(-500, 1000)), max_size=8))
def test_the_curve_never_falls_and_is_never_negative(entries: list[tuple[int, int]]) -> None:
    shipped = [(DAY + timedelta(days=offset), units) for offset, units in entries]
    curve = expected_curve(shipped, 0.003, Delay(), DAY, 90)
    assert curve.shape == (90,)
    assert np.all(curve >= 0)
    assert np.all(np.diff(curve) >= 0)


def test_a_lot_that_never_left_expects_nothing() -> None:
    assert expected_reports([], 0.01, Delay(), DAY) == 0.0
    assert planned_expected([], 0.01) == 0.0


def test_the_plan_counts_every_unit_that_stays_out() -> None:
    assert planned_expected([(DAY, 3000), (DAY, -600)], 0.002) == pytest.approx(4.8)


@pytest.mark.parametrize("rate", [0.0, -0.1, float("nan")])
def test_a_baseline_that_is_no_rate_is_refused(rate: float) -> None:
    with pytest.raises(InvalidInput, match="baseline_per_unit"):
        expected_reports([(DAY, 10)], rate, Delay(), DAY)


def test_an_impossible_delay_is_refused() -> None:
    with pytest.raises(InvalidInput):
        Delay(use_mean_days=-1)
    with pytest.raises(InvalidInput):
        Delay(report_shape=0)


@pytest.mark.parametrize("delay", [Delay(), Delay(0.5, 1.0, 0.5), Delay(2.0, 3.0, 1.0)])
def test_on_average_the_curve_is_what_a_plant_reports_by_the_end_of_each_day(delay: Delay) -> None:
    # Three deliveries at random moments of their days; a report counts on the day on which its wait ends.
    rng = np.random.default_rng(11)
    many = 400_000
    delivered = rng.choice([0, 3, 9], size=many, p=[0.5, 0.3, 0.2])
    waits = rng.exponential(delay.use_mean_days, many) + rng.gamma(
        delay.report_shape, delay.report_mean_days / delay.report_shape, many)
    reported = np.floor(delivered + rng.random(many) + waits).astype(int)
    seen = np.array([(reported <= day).mean() for day in range(40)])
    shipped = [(DAY, 500), (DAY + timedelta(days=3), 300), (DAY + timedelta(days=9), 200)]
    curve = expected_curve(shipped, 0.001, delay, DAY, 40)
    # Four standard errors of a share, and a hair for the four moments at which a day is looked at.
    assert np.abs(curve - seen).max() < 4 * np.sqrt(0.25 / many) + 0.002


def simulated(shipped: list[tuple[int, int]], holds: list[tuple[int, int | None]], delay: Delay) -> np.ndarray:
    """Units of which a report has come by the end of each of 120 days, every unit followed by itself: its use stands
    still while the lot is held, and a return takes units that are not used yet."""
    rng, many = np.random.default_rng(12), 2000
    at = np.concatenate([day + rng.random(units * many) for day, units in shipped if units > 0])
    left = rng.exponential(delay.use_mean_days, at.size)
    for begin, end in holds:
        begins = begin + rng.random(at.size)
        ends = np.full(at.size, np.inf) if end is None else end + rng.random(at.size)
        stopped = (at < begins) & (at + left > begins)
        left = np.where(stopped, left - (begins - at), left)
        at = np.where(stopped | ((at >= begins) & (at < ends)), ends, at)
    used = at + left
    for day, units in shipped:
        if units < 0:
            used[rng.choice(np.flatnonzero(used > day + 0.5), -units * many, replace=False)] = np.inf
    reported = used + rng.gamma(delay.report_shape, delay.report_mean_days / delay.report_shape, at.size)
    return np.array([(reported < day + 1).sum() for day in range(120)]) / many


@pytest.mark.parametrize(("shipped", "holds"), [
    ([(0, 60), (5, 40)], [(8, 30)]),
    ([(0, 60), (5, 40)], [(8, 30), (20, 41), (60, None)]),
    ([(0, 100), (12, -20)], [(10, 40)]),
    ([(0, 80), (6, -25)], [(15, None)]),
    ([(0, 80), (20, 20)], [(9, 15)]),
])
def test_held_units_cause_nothing_until_the_hold_is_lifted(shipped: list[tuple[int, int]],
                                                         holds: list[tuple[int, int | None]]) -> None:
    delay = Delay(14, 1.5, 7)
    seen = simulated(shipped, holds, delay)

    def on(day: int | None) -> date | None:
        return None if day is None else DAY + timedelta(days=day)

    entries = in_use([(DAY + timedelta(days=day), units) for day, units in shipped],
                     [(DAY + timedelta(days=begin), on(end)) for begin, end in holds], 14)
    curve = expected_curve(entries, 0.01, delay, DAY, 120) / 0.01
    # Of 100 units: four standard errors, and what the four moments at which a day is looked at leave out.
    assert np.abs(curve - seen).max() < 4 * np.sqrt(100 * 0.25 / 2000) + 0.1


def test_a_hold_that_was_lifted_on_its_day_changes_nothing() -> None:
    assert in_use([(DAY, 100)], [(DAY + timedelta(days=3), DAY + timedelta(days=3))], 14) == [(DAY, 100.0)]


def test_overlapping_holds_stop_use_once() -> None:
    day = [DAY + timedelta(days=offset) for offset in range(12)]
    apart = in_use([(DAY, 100)], [(day[2], day[9])], 14)
    assert in_use([(DAY, 100)], [(day[2], day[5]), (day[4], day[9]), (day[3], day[4])], 14) == apart
    assert apart == [(DAY, 100.0), (day[2], pytest.approx(-100 * np.exp(-2 / 14))),
                     (day[9], pytest.approx(100 * np.exp(-2 / 14)))]


def test_what_comes_back_during_a_hold_does_not_return_to_use_after_it() -> None:
    day = [DAY + timedelta(days=offset) for offset in range(12)]
    changes = dict(in_use([(DAY, 100), (day[4], -30)], [(day[2], day[9])], 14))
    assert day[4] not in changes
    assert changes[day[9]] == pytest.approx(-changes[day[2]] - 30)


@settings(max_examples=60, deadline=None)
@given(sent=st.lists(st.tuples(st.integers(0, 40), st.integers(1, 500)), min_size=1, max_size=6),
       holds=st.lists(st.tuples(st.integers(0, 40), st.integers(0, 30)), max_size=4), use=st.floats(0.5, 60))
def test_a_hold_that_was_lifted_takes_nothing_away_for_good(sent: list[tuple[int, int]],
                                                           holds: list[tuple[int, int]], use: float) -> None:
    shipped = [(DAY + timedelta(days=day), units) for day, units in sent]
    spans = [(DAY + timedelta(days=day), DAY + timedelta(days=day + length)) for day, length in holds]
    entries = sorted(in_use(shipped, spans, use))
    assert sum(units for _, units in entries) == pytest.approx(sum(units for _, units in sent))
    running, total = 0.0, sum(units for _, units in sent)
    for _, units in entries:
        running += units
        assert -1e-6 <= running <= total + 1e-6
