"""Exact sequential test: published values, and a simulation that knows nothing of the dynamic programme."""
from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from traceapp.core.errors import InvalidInput
from traceapp.signals.errors import NoExposure
from traceapp.signals.maxsprt import (
    alarm_counts,
    boundary,
    critical_value,
    find_signal,
    llr,
    planned_critical_value,
    planned_upper,
    power,
    signal_probability,
    smallest_upper,
)


@pytest.mark.parametrize(
    ("alpha", "upper", "minimum", "printed"),
    [
        (0.05, 1, 1, 2.853937),
        (0.05, 2, 1, 3.046977),
        (0.05, 5, 1, 3.297183),
        (0.05, 10, 1, 3.467952),
        (0.05, 50, 1, 3.819903),
        (0.05, 10, 3, 3.064248),
        (0.05, 10, 4, 2.921561),
        (0.01, 6, 3, 4.704774),
        (0.01, 10, 1, 5.260513),
    ],
)
def test_critical_values_are_those_of_the_published_tables(
    alpha: float, upper: float, minimum: int, printed: float
) -> None:
    found = critical_value(alpha, upper, minimum_events=minimum)
    assert found.value is not None
    assert round(found.value, 6) == printed
    assert alpha - 1e-9 < found.size <= alpha


@pytest.mark.parametrize(
    ("ratio", "reached", "time", "sample"),
    [
        (1.5, 0.27981758, 4.0203558, 8.3267904),
        (2.0, 0.6850633, 4.1309858, 5.9793538),
        (5.0, 0.99999983, 0.87196374, None),
    ],
)
def test_power_and_times_are_those_of_the_published_example(
    ratio: float, reached: float, time: float, sample: float | None
) -> None:
    found = power(3.467952, 10, ratio)
    assert found.power == pytest.approx(reached, abs=5e-8)
    assert found.time_to_signal == pytest.approx(time, abs=5e-7)
    if sample is not None:
        assert found.sample == pytest.approx(sample, abs=5e-7)


def simulated_alarm(critical: float, upper: float, ratio: float, minimum: int, delay: float, seed: int) -> list[float]:
    """Times of alarm of 40,000 lots, infinite where there is none: arrivals drawn one by one, each one judged."""
    rng = np.random.default_rng(seed)
    alarms = np.full(40_000, np.inf)
    arrivals = np.zeros(40_000)
    for count in range(1, int(ratio * upper + 12 * math.sqrt(ratio * upper)) + 20):
        arrivals += rng.exponential(1 / ratio, 40_000)
        if count < minimum:
            continue
        # The count stands from this arrival on, so with a late first look it is judged at the look.
        looks = np.maximum(arrivals, delay)
        ratios = np.where(count > looks, looks - count + count * np.log(count / looks), 0.0)
        alarms = np.where((ratios >= critical) & (looks <= upper), np.minimum(alarms, looks), alarms)
    return alarms.tolist()


@pytest.mark.parametrize(("minimum", "delay", "ratio"), [(1, 0.0, 1.0), (3, 0.0, 1.0), (2, 1.5, 1.0), (3, 0.5, 2.0)])
def test_the_exact_probability_agrees_with_simulated_lots(minimum: int, delay: float, ratio: float) -> None:
    critical, upper = 2.4, 8.0
    alarms = np.array(simulated_alarm(critical, upper, ratio, minimum, delay, seed=20_261_109))
    exact = signal_probability(critical, upper, relative_risk=ratio, minimum_events=minimum, delay=delay)
    error = math.sqrt(exact * (1 - exact) / alarms.size)
    assert abs(np.isfinite(alarms).mean() - exact) < 4 * error
    figures = power(critical, upper, ratio, minimum_events=minimum, delay=delay)
    times = alarms[np.isfinite(alarms)]
    assert figures.power == pytest.approx(exact, abs=1e-12)
    assert abs(times.mean() - figures.time_to_signal) < 4 * times.std() / math.sqrt(times.size)


@pytest.mark.parametrize("delay", [0.5, 1.0, 3.0])
def test_a_late_first_look_keeps_the_size_and_no_smaller_value_would(delay: float) -> None:
    found = critical_value(0.05, 10, delay=delay)
    assert found.value is not None
    assert found.size <= 0.05
    assert signal_probability(found.value - 1e-7, 10, delay=delay) > 0.05


def test_three_events_too_rare_for_alpha_have_no_critical_value_and_a_reason() -> None:
    found = critical_value(0.01, 0.43, minimum_events=3)
    assert found.value is None
    assert found.reason is not None and "node" in found.reason
    exact = 1 - math.exp(-0.43) * (1 + 0.43 + 0.43**2 / 2)
    assert found.size == pytest.approx(exact, abs=1e-12)


def test_the_smallest_plan_divides_those_with_a_critical_value_from_those_without() -> None:
    least = smallest_upper(0.01, 3)
    assert least == pytest.approx(0.436, abs=5e-4)
    assert critical_value(0.01, least - 1e-6, minimum_events=3).value is None
    assert critical_value(0.01, least + 1e-6, minimum_events=3).value is not None


@settings(max_examples=25, deadline=None)
@given(upper=st.floats(0.5, 40), minimum=st.integers(1, 5), alpha=st.sampled_from([0.05, 0.01, 0.001]))
def test_a_planned_value_never_spends_more_than_alpha(upper: float, minimum: int, alpha: float) -> None:
    planned = planned_critical_value(alpha, upper, minimum_events=minimum)
    assert upper * (1 - 1e-9) <= planned_upper(upper) < upper * 1.0906
    if planned.value is not None:
        assert signal_probability(planned.value, upper, minimum_events=minimum) <= alpha + 1e-9


def test_a_planned_value_is_computed_once_for_all_plans_that_share_it() -> None:
    planned_critical_value(0.02, 2.19, minimum_events=2)
    before = critical_value.cache_info()
    for upper in (2.2, 2.3, 2.37):
        planned_critical_value(0.02, upper, minimum_events=2)
    after = critical_value.cache_info()
    assert (after.misses, after.hits) == (before.misses, before.hits + 3)


@settings(max_examples=60, deadline=None)
@given(count=st.integers(1, 400), critical=st.floats(0.01, 30))
def test_the_boundary_is_where_the_ratio_reaches_the_critical_value(count: int, critical: float) -> None:
    at = boundary(count, critical)
    assert 0 < at < count
    assert llr(count, at) == pytest.approx(critical, rel=1e-6, abs=1e-7)
    assert boundary(count + 1, critical) > at


@settings(max_examples=60, deadline=None)
@given(expected=st.floats(0.001, 200), critical=st.floats(0.5, 12), minimum=st.integers(1, 5))
def test_the_alarm_count_is_the_first_count_that_alarms(expected: float, critical: float, minimum: int) -> None:
    count = int(alarm_counts(np.array([expected]), critical, minimum)[0])
    assert count >= minimum
    assert count > expected and llr(count, expected) >= critical - 1e-7
    if count > minimum:
        assert llr(count - 1, expected) < critical + 1e-7


def test_a_ratio_is_zero_where_no_more_than_expected_was_seen() -> None:
    assert llr(0, 0.0) == llr(0, 3.0) == llr(2, 2.0) == llr(1, 5.0) == 0.0


def test_complaints_without_exposure_are_refused_not_infinite() -> None:
    with pytest.raises(NoExposure, match="2 complaints where no exposure"):
        llr(2, 0.0)


@pytest.mark.parametrize("bad", [(-1, 1.0), (1.5, 1.0), (1, -1.0), (1, math.nan), (1, math.inf)])
def test_impossible_numbers_are_refused(bad: tuple[int, float]) -> None:
    with pytest.raises(InvalidInput):
        llr(*bad)


@pytest.mark.parametrize(
    ("alpha", "upper", "delay"), [(0.0, 1, 0), (1.0, 1, 0), (0.05, 0, 0), (0.05, math.inf, 0), (0.05, 2, 2)]
)
def test_an_impossible_plan_is_refused(alpha: float, upper: float, delay: float) -> None:
    with pytest.raises(InvalidInput):
        critical_value(alpha, upper, delay=delay)


def test_the_first_look_beyond_the_boundary_is_the_signal() -> None:
    looks = [(0, 0.1), (2, 0.2), (3, 0.9), (5, 1.0), (9, 1.1)]
    found = find_signal(looks, 3.0, 3)
    assert found is not None
    assert (found.index, found.count, found.expected) == (3, 5, 1.0)
    assert found.llr == pytest.approx(5 * math.log(5) - 4)
    assert find_signal(looks[:3], 3.0, 3) is None
    assert find_signal(looks, 3.0, 3, upper=0.95) is None


def test_the_minimum_number_of_events_holds_an_early_alarm_back() -> None:
    looks = [(1, 0.001), (2, 0.002)]
    first = find_signal(looks, 3.0, 1)
    assert first is not None and first.index == 0
    assert find_signal(looks, 3.0, 3) is None


def test_a_cumulative_series_that_falls_is_refused() -> None:
    with pytest.raises(InvalidInput, match="cannot fall"):
        find_signal([(2, 1.0), (1, 1.5)], 3.0)
