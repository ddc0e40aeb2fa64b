"""The picture of a lot, and the day on which it alarms."""
from __future__ import annotations

from datetime import date, timedelta

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from traceapp.core.errors import InvalidInput
from traceapp.signals.curve import Test, cumulative, expected_band
from traceapp.signals.delay import Delay
from traceapp.signals.errors import NoExposure
from traceapp.signals.exposure import expected_curve
from traceapp.signals.maxsprt import find_signal

DAY = date(2026, 3, 2)


def after(*offsets: int) -> list[date]:
    return [DAY + timedelta(days=offset) for offset in offsets]


def test_a_lot_alarms_on_the_day_that_its_complaints_reach_the_line() -> None:
    expected = np.linspace(0.1, 2.0, 20)
    curve = cumulative(after(3, 5, 5, 6, 7, 9), expected, DAY, Test(3.0, 3))
    assert curve.crossed_on is not None
    position = curve.days.index(curve.crossed_on)
    assert curve.alarm is not None
    assert curve.observed[position] >= curve.alarm[position]
    assert np.all(curve.observed[:position] < curve.alarm[:position])
    assert curve.observed[-1] == 6


@settings(max_examples=40, deadline=None)
@given(offsets=st.lists(st.integers(0, 59), max_size=30), critical=st.floats(1, 6), minimum=st.integers(1, 4))
def test_the_curve_and_the_sequential_test_alarm_on_the_same_day(
    offsets: list[int], critical: float, minimum: int
) -> None:
    expected = expected_curve([(DAY - timedelta(days=1), 2000)], 0.003, Delay(), DAY, 60)
    curve = cumulative(after(*offsets), expected, DAY, Test(critical, minimum))
    found = find_signal(list(zip(curve.observed.tolist(), expected.tolist(), strict=True)), critical, minimum)
    assert curve.crossed_on == (None if found is None else curve.days[found.index])


def test_reports_outside_the_window_are_counted_before_it_and_left_out_after_it() -> None:
    curve = cumulative(after(-4, 0, 2, 99), np.array([0.5, 0.6, 0.7]), DAY, Test(5.0))
    assert curve.observed.tolist() == [2, 2, 3]


def test_reports_on_the_day_of_delivery_wait_for_exposure_and_are_said() -> None:
    curve = cumulative(after(0, 0, 0), np.array([0.0, 0.01]), DAY, Test(3.0, 3))
    assert curve.unexposed == 3
    assert curve.crossed_on == DAY + timedelta(days=1)


def test_complaints_about_a_lot_that_never_left_are_an_error() -> None:
    with pytest.raises(NoExposure, match="2 complaints"):
        cumulative(after(1, 2), np.zeros(5), DAY, Test(3.0))


def test_a_lot_without_complaints_or_exposure_is_a_flat_line() -> None:
    curve = cumulative([], np.zeros(3), DAY, Test(3.0))
    assert curve.observed.tolist() == [0, 0, 0]
    assert curve.crossed_on is None


def test_without_a_critical_value_there_is_no_line_and_no_alarm() -> None:
    curve = cumulative(after(0, 0, 0, 0), np.array([0.2, 0.3]), DAY, Test(None, 3))
    assert curve.alarm is None
    assert curve.crossed_on is None


def test_days_beyond_the_planned_end_do_not_alarm() -> None:
    expected = np.array([0.5, 1.5])
    assert cumulative(after(1, 1, 1, 1, 1, 1, 1), expected, DAY, Test(3.0, 3)).crossed_on is not None
    assert cumulative(after(1, 1, 1, 1, 1, 1, 1), expected, DAY, Test(3.0, 3, upper=1.0)).crossed_on is None


@pytest.mark.parametrize("bad", [[], [1.0, 0.5], [-1.0, 0.0], [0.1, float("nan")]])
def test_expected_counts_that_cannot_be_are_refused(bad: list[float]) -> None:
    with pytest.raises(InvalidInput):
        cumulative([], np.array(bad), DAY, Test(3.0))


def test_a_rate_learnt_from_few_reports_leaves_a_wide_band_and_one_from_many_a_narrow_one() -> None:
    expected = np.array([0.0, 1.0, 4.0])
    wide, narrow = expected_band(expected, 5), expected_band(expected, 2000)
    assert wide[0][0] == wide[1][0] == 0
    assert wide[0][2] < narrow[0][2] < 4 < narrow[1][2] < wide[1][2]


def test_the_band_holds_the_true_expected_count_nine_times_in_ten() -> None:
    seen = np.random.default_rng(3).poisson(20, 4000)
    bands = [expected_band(np.array([count / 20]), int(count)) for count in seen]
    held = np.mean([low[0] <= 1 <= high[0] for low, high in bands])
    assert 0.88 <= held <= 0.92
