"""Cases that have happened and are not reported yet."""
from __future__ import annotations

from datetime import date, timedelta

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from traceapp.core.errors import InvalidInput
from traceapp.signals.delay import Delay
from traceapp.signals.history import FittedDelay, fit_delay
from traceapp.signals.nowcast import chances_seen, nowcast

TODAY = date(2026, 11, 20)


@settings(deadline=None)
@given(st.lists(st.integers(0, 500), max_size=20))
def test_where_every_report_is_in_nothing_is_added(counts: list[int]) -> None:
    for slot, count in zip(nowcast(counts, [1.0] * len(counts)), counts, strict=True):
        assert (slot.estimated, slot.low, slot.high) == (count, count, count)


def test_half_known_is_doubled_and_the_interval_holds_the_estimate() -> None:
    (slot,) = nowcast([10], [0.5])
    assert slot.estimated == 20
    assert slot.low is not None and slot.high is not None
    assert 10 < slot.low < 20 < slot.high


def test_no_report_yet_is_not_no_case() -> None:
    (slot,) = nowcast([0], [0.3])
    assert (slot.estimated, slot.low) == (0, 0)
    assert slot.high is not None and slot.high > 0


def test_too_early_is_said_and_not_divided_by_next_to_nothing() -> None:
    (slot,) = nowcast([1], [0.01])
    assert (slot.estimated, slot.low, slot.high) == (None, None, None)


def test_the_chance_of_a_week_is_the_mean_of_its_days_that_have_come() -> None:
    law = FittedDelay((0.2, 0.6, 1.0))
    starts = [TODAY - timedelta(days=8), TODAY - timedelta(days=1), TODAY + timedelta(days=1)]
    assert chances_seen(law, starts, 7, TODAY) == pytest.approx((1.0, 0.4, 0.0))


@pytest.mark.parametrize(("counts", "chances"), [([1], []), ([-1], [0.5]), ([1], [1.5]), ([1], [-0.1])])
def test_counts_and_chances_out_of_range_are_refused(counts: list[int], chances: list[float]) -> None:
    with pytest.raises(InvalidInput):
        nowcast(counts, chances)


def test_over_many_outbreaks_the_estimate_is_unbiased_and_the_interval_holds_the_truth_as_often_as_it_says() -> None:
    rng = np.random.default_rng(20)
    law = Delay(0.0, 1.5, 7.0)
    starts = [TODAY - timedelta(days=7 * back + 6) for back in range(1, 5)]
    chances = chances_seen(law, starts, 7, TODAY)
    rounds, held, ratio = 400, 0, np.zeros(len(starts))
    mean = 12.0
    for _ in range(rounds):
        began = rng.poisson(mean, len(starts))
        seen = []
        for start, count in zip(starts, began, strict=True):
            ages = (TODAY - start).days - rng.integers(0, 7, count)
            seen.append(int((np.round(rng.gamma(1.5, 7 / 1.5, count)) <= ages).sum()))
        for place, slot in enumerate(nowcast(seen, chances)):
            assert slot.estimated is not None and slot.low is not None and slot.high is not None
            ratio[place] += slot.estimated / mean / rounds
            held += slot.low <= began[place] <= slot.high
    assert ratio == pytest.approx(np.ones(len(starts)), abs=0.06)
    assert 0.90 <= held / rounds / len(starts) <= 0.97


def test_a_law_that_was_fitted_while_reports_were_missing_does_as_well() -> None:
    rng = np.random.default_rng(4)
    ages = rng.integers(0, 90, 4000)
    waits = np.floor(rng.gamma(1.5, 7 / 1.5, 4000)).astype(int)
    known = waits <= ages
    law = fit_delay(waits[known].tolist(), ages[known].tolist())
    assert law is not None
    first = TODAY - timedelta(days=13)
    (chance,) = chances_seen(law, [first], 7, TODAY)
    recent = (ages >= 7) & (ages <= 13)
    (slot,) = nowcast([int((recent & known).sum())], [chance])
    assert slot.estimated == pytest.approx(int(recent.sum()), rel=0.1)
