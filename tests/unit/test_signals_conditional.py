"""A rate learnt from few reports: the null law by simulation, the known rate as its limit, and safe rounding."""
from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from traceapp.core.errors import InvalidInput
from traceapp.signals.conditional import (
    conditional_alarm_counts,
    conditional_critical_value,
    conditional_llr,
    conditional_signal_probability,
    known_at_least,
    planned_conditional_value,
)
from traceapp.signals.errors import NoExposure
from traceapp.signals.maxsprt import critical_value, llr


@pytest.mark.parametrize(("upper", "least"), [(1.0, 1), (10.0, 1), (10.0, 3), (50.0, 1)])
def test_with_a_long_history_it_is_the_test_with_a_known_rate(upper: float, least: int) -> None:
    learnt = conditional_critical_value(0.05, upper, 1_000_000, minimum_events=least).value
    assert learnt == pytest.approx(critical_value(0.05, upper, minimum_events=least).value, abs=2e-5)
    assert conditional_llr(9, 3.5, 1_000_000) == pytest.approx(llr(9, 3.5), abs=1e-4)


def _alarms(history: int, upper: float, critical: float, rng: np.random.Generator) -> bool:
    """One watch: the true rate is unknown, known only is how long the history took to give its reports."""
    rate = rng.gamma(history) / history
    times = np.sort(rng.random(rng.poisson(rate * upper))) * upper
    return any(count >= 3 and conditional_llr(count, float(at), history) >= critical
               for count, at in enumerate(times, 1))


@pytest.mark.parametrize(("history", "upper"), [(5, 30.0), (20, 10.0), (60, 60.0)])
def test_its_size_is_that_of_simulated_watches_and_the_known_rate_would_overspend(history: int, upper: float) -> None:
    critical = conditional_critical_value(0.05, upper, history, minimum_events=3).value
    assert critical is not None
    rng = np.random.default_rng(history)
    runs = 3000
    share = sum(_alarms(history, upper, critical, rng) for _ in range(runs)) / runs
    assert share == pytest.approx(0.05, abs=3.5 * math.sqrt(0.05 * 0.95 / runs))
    assert conditional_signal_probability(critical, upper, history, minimum_events=3) <= 0.05


def test_power_rises_with_the_rate_and_with_the_history() -> None:
    def power(history: int, ratio: float) -> float:
        critical = conditional_critical_value(0.01, 10.0, history).value
        assert critical is not None
        return conditional_signal_probability(critical, 10.0, history, relative_risk=ratio)

    assert 0.009 < power(50, 1.0) <= 0.01 < power(50, 1.5) < power(50, 2.0) < power(50, 4.0)
    assert power(10, 2.0) < power(50, 2.0) < power(5000, 2.0)


@given(st.integers(1, 400), st.floats(0.01, 60.0), st.floats(0.5, 6.0), st.integers(1, 4))
def test_the_alarm_count_is_the_first_whose_ratio_reaches_the_critical_value(
    history: int, expected: float, critical: float, least: int
) -> None:
    (count,) = conditional_alarm_counts(np.array([expected]), critical, history, least).tolist()
    assert count >= least and conditional_llr(count, expected, history) >= critical - 1e-9
    assert count == least or conditional_llr(count - 1, expected, history) < critical + 1e-9


@settings(deadline=None, max_examples=25)
@given(st.integers(1, 100_000), st.floats(0.3, 40.0))
def test_rounding_for_sharing_never_spends_more(history: int, upper: float) -> None:
    shared = known_at_least(history)
    assert shared <= history < 1.25 * shared + 1
    found, used = planned_conditional_value(0.01, upper, history, minimum_events=3)
    assert used == shared
    if found.value is not None and history <= 2000:
        # The test as built for less knowledge, under the law of what is truly known.
        line = conditional_alarm_counts(np.linspace(0.01, upper, 50), found.value, used, 3)
        exact = conditional_critical_value(0.01, upper, history, minimum_events=3).value
        assert exact is not None
        assert np.all(line >= conditional_alarm_counts(np.linspace(0.01, upper, 50), exact, history, 3))


def test_a_plan_too_short_for_any_alarm_says_so() -> None:
    found = conditional_critical_value(0.01, 0.2, 40, minimum_events=3)
    assert found.value is None and found.reason and found.size < 0.01


def test_what_makes_no_sense_is_refused() -> None:
    with pytest.raises(NoExposure):
        conditional_llr(1, 0.0, 5)
    assert conditional_llr(2, 3.0, 5) == 0.0
    for wrong in (0, -1):
        with pytest.raises(InvalidInput):
            conditional_llr(1, 1.0, wrong)
    with pytest.raises(InvalidInput):
        conditional_signal_probability(3.0, 1e6, 10)
    with pytest.raises(InvalidInput):
        conditional_alarm_counts(np.array([-1.0]), 3.0, 5)
