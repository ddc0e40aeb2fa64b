"""A jump against the last week: the three statistics by hand, and what they refuse."""
from __future__ import annotations

import math
import statistics

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from traceapp.core.errors import InvalidInput
from traceapp.signals.ears import ears

WEEK = [2, 3, 1, 2, 4, 2, 3]


def test_a_day_is_compared_with_the_week_before_it() -> None:
    found = ears([*WEEK, 9])
    assert found.c1.mask.tolist() == [True] * 7 + [False]
    assert found.c1[7] == pytest.approx((9 - statistics.mean(WEEK)) / statistics.stdev(WEEK))
    assert found.c2.mask.all()
    assert found.alarms()[:, 7].tolist() == [True, False, False]


def test_two_days_between_keep_a_rise_out_of_its_own_baseline() -> None:
    found = ears([*WEEK, 5, 6, 7])
    assert found.c2[9] == pytest.approx((7 - statistics.mean(WEEK)) / statistics.stdev(WEEK))
    assert found.c2[9] > found.c1[9]


def test_three_days_excesses_add_up() -> None:
    rise = [*WEEK, *WEEK, 4, 5, 6]
    found = ears(rise)
    expected = math.fsum(max(0.0, float(found.c2[day]) - 1) for day in (14, 15, 16))
    assert found.c3[16] == pytest.approx(expected)
    assert found.c3.mask.tolist()[:12] == [True] * 11 + [False]


def test_a_week_without_reports_needs_more_than_one_to_alarm() -> None:
    assert ears([0] * 7 + [1]).alarms()[0, 7].tolist() is False
    assert ears([0] * 7 + [2]).alarms()[0, 7].tolist() is True


@given(st.lists(st.integers(0, 50), min_size=0, max_size=60))
def test_every_day_equals_the_definition(counts: list[int]) -> None:
    found = ears(counts)
    for day in range(len(counts)):
        for values, lag in ((found.c1, 0), (found.c2, 2)):
            if day < 7 + lag:
                assert np.ma.is_masked(values[day])
                continue
            week = counts[day - lag - 7:day - lag]
            assert values[day] == pytest.approx((counts[day] - statistics.mean(week)) / max(statistics.stdev(week), 0.5))


@pytest.mark.parametrize("counts", [[1.5], [-1], [math.nan], [[1, 2], [3, 4]]])
def test_what_is_no_row_of_counts_is_refused(counts: object) -> None:
    with pytest.raises(InvalidInput, match="whole numbers"):
        ears(counts)  # type: ignore[arg-type]
