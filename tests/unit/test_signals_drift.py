"""Test results that creep towards a limit: the share of tolerance used, the trend, and its chance."""
from __future__ import annotations

from itertools import permutations

import numpy as np
import pytest
from scipy.stats import kendalltau, theilslopes

from traceapp.core.errors import InvalidInput
from traceapp.signals.drift import ALPHA, drift
from traceapp.signals.limits import share_used


@pytest.mark.parametrize(("value", "lower", "upper", "share"), [
    (5.0, 4.0, 6.0, 0.0), (6.0, 4.0, 6.0, 1.0), (3.5, 4.0, 6.0, 1.5), (0.096, None, 0.1, 0.96), (50.0, 40.0, None, 0.8),
    (0.0, 0.0, 10.0, 0.0), (9.2, 0.0, 10.0, 0.92), (5.0, None, None, None), (5.0, 5.0, 5.0, None), (0.0, 1.0, None, None), (1.0, None, 0.0, None)])
def test_a_share_is_one_on_a_limit_and_nothing_without_a_scale(
    value: float, lower: float | None, upper: float | None, share: float | None
) -> None:
    assert share_used(value, lower, upper) == (None if share is None else pytest.approx(share))


def test_what_is_counted_in_per_cent_uses_of_the_room_up_to_a_hundred() -> None:
    assert share_used(97.0, 95.0, None, most=100.0) == pytest.approx(0.6)
    assert share_used(94.0, 95.0, None, most=100.0) == pytest.approx(1.2)
    assert share_used(97.0, 95.0, None) == pytest.approx(95 / 97)


def test_slope_and_chance_are_those_of_the_published_tests() -> None:
    seen = [0.52, 0.61, 0.58, 0.66, 0.71, 0.69, 0.82]
    found = drift(seen)
    assert found.slope == pytest.approx(theilslopes(seen).slope)
    assert found.p == pytest.approx(kendalltau(range(7), seen, alternative="greater", method="exact").pvalue)
    assert found.is_rising and not found.is_near and found.lots == 7


def test_the_chance_with_ties_is_that_of_all_orders() -> None:
    seen = (0.5, 0.5, 0.6, 0.6, 0.7)
    rises = sum(np.sign(b - a) for i, a in enumerate(seen) for b in seen[i + 1:])
    orders = [sum(np.sign(b - a) for i, a in enumerate(one) for b in one[i + 1:]) for one in permutations(seen)]
    assert drift(seen).p == pytest.approx(np.mean(np.array(orders) >= rises), abs=0.01)


def test_five_lots_in_order_are_a_trend_and_four_cannot_be_one() -> None:
    assert drift([0.5, 0.6, 0.7, 0.8, 0.96]).p == pytest.approx(1 / 120)
    assert drift([0.5, 0.6, 0.7, 0.8, 0.96]).is_rising and drift([0.5, 0.6, 0.7, 0.8, 0.96]).is_near
    assert drift([0.5, 0.6, 0.7, 0.96]).p is None and not drift([0.5, 0.6, 0.7, 0.96]).is_rising
    assert not drift([0.9, 0.8, 0.7, 0.6, 0.5]).is_rising


def test_only_the_last_twelve_lots_are_looked_at() -> None:
    rng = np.random.default_rng(1)
    late = rng.random(12).tolist()
    assert drift([5.0, 6.0, 7.0, *late]) == drift(late)


def test_results_without_a_trend_are_called_rising_no_more_often_than_stated() -> None:
    rng = np.random.default_rng(8)
    rising = sum(drift(rng.random(int(rng.integers(5, 13))).tolist()).is_rising for _ in range(4000))
    assert 0.4 * ALPHA < rising / 4000 < ALPHA + 3 * np.sqrt(ALPHA / 4000)


def test_no_result_and_what_is_no_number_are_refused() -> None:
    for shares in ([], [0.1, float("nan")]):
        with pytest.raises(InvalidInput):
            drift(shares)


def test_the_lots_after_a_step_are_the_higher_ones_and_nothing_that_does_not_rise_has_any() -> None:
    before, after = [0.5, 0.48, 0.52, 0.49, 0.51, 0.5], [0.7, 0.71, 0.73, 0.72]
    assert drift(before + after).since == len(after)
    assert (drift(after + before).is_rising, drift(after + before).since) == (False, 0)
