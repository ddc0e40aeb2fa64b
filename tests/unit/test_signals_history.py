"""Delay and baseline from a product's own past."""
from __future__ import annotations

from datetime import date

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from traceapp.core.errors import InvalidInput
from traceapp.signals.delay import Delay
from traceapp.signals.errors import NoExposure
from traceapp.signals.exposure import expected_reports
from traceapp.signals.history import fit_baseline, fit_delay, shrunken_rate


@settings(max_examples=40, deadline=None)
@given(st.lists(st.integers(0, 30), min_size=1, max_size=40))
def test_once_all_reports_are_in_the_law_is_the_share_of_waits(waits: list[int]) -> None:
    found = fit_delay(waits, [1000] * len(waits), enough=1)
    assert found is not None
    for day in range(-1, 33):
        share = sum(wait <= day for wait in waits) / len(waits)
        assert float(found.cdf(np.array([day]))[0]) == pytest.approx(share)


@settings(max_examples=40, deadline=None)
@given(st.lists(st.tuples(st.integers(0, 12), st.integers(0, 12)), min_size=1, max_size=25))
def test_the_law_is_the_product_of_the_definition(pairs: list[tuple[int, int]]) -> None:
    reports = [(wait, wait + more) for wait, more in pairs]
    found = fit_delay([wait for wait, _ in reports], [limit for _, limit in reports], enough=1)
    assert found is not None
    for day in range(13):
        chance = 1.0
        for later in range(day + 1, 13):
            equal = sum(wait == later for wait, _ in reports)
            at_risk = sum(wait <= later <= limit for wait, limit in reports)
            chance *= 1 - (equal / at_risk if at_risk else 0)
        assert float(found.cdf(np.array([day]))[0]) == pytest.approx(chance)


def test_reports_still_to_come_do_not_shorten_the_wait() -> None:
    rng = np.random.default_rng(6)
    truth = Delay(14, 1.5, 7)
    waits = np.floor(rng.exponential(14, 6000) + rng.gamma(1.5, 7 / 1.5, 6000)).astype(int)
    watched = rng.integers(0, 150, 6000)
    came = waits <= watched
    found = fit_delay(waits[came].tolist(), watched[came].tolist())
    assert found is not None
    days = np.array([7.0, 14.0, 30.0, 60.0])
    exact = truth.cdf(days + 1)
    assert found.cdf(days) == pytest.approx(exact, abs=0.03)
    naive = np.array([(waits[came] <= day).mean() for day in days])
    assert naive[2] > exact[2] + 0.03


def test_too_few_reports_leave_the_default_in_force() -> None:
    assert fit_delay([3] * 49, [99] * 49) is None


def test_a_fitted_law_serves_as_a_delay() -> None:
    found = fit_delay([2, 4], [50, 50], enough=2)
    assert found is not None
    start = date(2026, 3, 2)
    expected = [expected_reports([(start, 1000)], 0.01, found, date(2026, 3, day)) for day in (3, 4, 6)]
    assert expected == pytest.approx([0.0, 5.0, 10.0])


def test_a_wait_longer_than_the_time_watched_is_refused() -> None:
    with pytest.raises(InvalidInput):
        fit_delay([5], [4], enough=1)


def test_small_groups_lean_on_the_family_and_large_ones_on_themselves() -> None:
    rng = np.random.default_rng(3)
    rates = rng.gamma(3, 0.002 / 3, 200)
    units = np.full(200, 20_000.0)
    counts = rng.poisson(rates * units)
    found = fit_baseline([*counts, 0, 900], [*units, 50.0, 90_000.0])
    assert found.mean == pytest.approx(0.002, rel=0.15)
    assert found.shape == pytest.approx(3, rel=0.35)
    assert found.rates[-2] == pytest.approx(found.mean, rel=0.2)
    assert found.rates[-1] == pytest.approx(0.01, rel=0.02)
    near_truth = np.abs(found.rates[:200] - rates).mean()
    assert near_truth < np.abs(counts / units - rates).mean()


def test_groups_that_differ_by_chance_alone_share_one_rate() -> None:
    found = fit_baseline([10, 10, 11, 9], [1000, 1000, 1000, 1000])
    assert found.shape == float("inf")
    assert found.rates.tolist() == pytest.approx([0.01] * 4)


def test_reports_without_exposure_are_refused() -> None:
    with pytest.raises(NoExposure, match="Group 1"):
        fit_baseline([3, 1], [100, 0])
    with pytest.raises(InvalidInput, match="stated default"):
        fit_baseline([0, 0], [100, 100])


def test_the_interval_of_a_rate_holds_the_truth_as_often_as_it_says() -> None:
    rng, held, history = np.random.default_rng(9), [], []
    for _ in range(40):
        rates = rng.gamma(4, 0.002 / 4, 60)
        units = rng.uniform(500, 20_000, 60)
        counts = rng.poisson(rates * units)
        found = fit_baseline(counts, units)
        history += [found.history(int(count)) for count in counts]
        spans = [found.interval(int(count), float(unit)) for count, unit in zip(counts, units, strict=True)]
        held += [low <= rate <= high for rate, (low, high) in zip(rates, spans, strict=True)]
        assert all(low < rate < high for rate, (low, high) in zip(found.rates, spans, strict=True))
    assert np.mean(held) == pytest.approx(0.95, abs=0.015)
    # What the others lend is worth about as many reports as the law of rates has shape.
    assert min(history) in (2, 3, 4, 5)


def test_groups_that_share_one_rate_know_it_from_all_their_reports() -> None:
    found = fit_baseline([10, 10, 11, 9], [1000, 1000, 1000, 1000])
    assert found.history(9) == 40
    low, high = found.interval(9, 1000)
    # 40 reports: the exact limits of a Poisson count are 28.6 and 54.5; the gamma law lies inside them.
    assert pytest.approx(low, abs=2e-4) == 0.00715
    assert pytest.approx(high, abs=2e-4) == 0.01329


def test_a_rate_lies_between_its_own_and_that_of_its_kin() -> None:
    kin = fit_baseline([100, 110, 95], [50_000, 50_000, 50_000])
    found = shrunken_rate(10, 20_000, kin, 25)
    assert 10 / 20_000 < found.rate < kin.mean
    assert found.rate == pytest.approx(35 / (20_000 + 25 / kin.mean))
    assert found.history == 35
    assert found.low < found.rate < found.high
    alone = shrunken_rate(10, 20_000, None, 25)
    assert (alone.rate, alone.history) == (10 / 20_000, 10)
    assert alone.high - alone.low > 0.8 * (found.high - found.low)


def test_kin_never_lend_more_reports_than_they_have() -> None:
    assert shrunken_rate(3, 1000, fit_baseline([2, 2], [1000, 1000]), 25).history == 7
    with pytest.raises(InvalidInput, match="single report"):
        shrunken_rate(0, 1000, None, 25)


def test_the_interval_of_a_rate_that_leans_holds_the_truth_as_often_as_it_says() -> None:
    rng, held = np.random.default_rng(10), []
    for _ in range(400):
        rates = rng.gamma(8, 0.002 / 8, 30)
        units = rng.uniform(2000, 20_000, 30)
        counts = rng.poisson(rates * units)
        found = shrunken_rate(int(counts[0]), float(units[0]), fit_baseline(counts[1:], units[1:]), 25)
        held.append(found.low <= rates[0] <= found.high)
    assert np.mean(held) == pytest.approx(0.95, abs=0.035)
