"""The wait until a report, where the day of delivery is one of many."""
from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from traceapp.core.errors import InvalidInput
from traceapp.signals.delay import Delay
from traceapp.signals.exposure import day_chances
from traceapp.signals.history import fit_delay
from traceapp.signals.spread import Supply, chances_seen, fit_spread_delay

TRUTH = Delay(14, 1.5, 7)
DAYS = np.array([3.0, 7.0, 14.0, 21.0, 30.0, 45.0, 60.0])


def plant(rng: np.random.Generator, lots: int, reports_a_lot: float, *, spread: int = 28, today: int = 400,
          consignees: int = 1) -> list[Supply]:
    """Lots one a day or so, each delivered on six random days, watched until `today`; every report has its lot, and
    its consignee where there are several."""
    found = []
    for _ in range(lots):
        begun = int(rng.integers(0, today - spread))
        days = begun + rng.choice(spread, 6, replace=False)
        units = rng.integers(1, 10, 6).astype(float)
        for part in range(consignees):
            own, weights = days[part::consignees], units[part::consignees]
            count = rng.poisson(reports_a_lot / consignees)
            delivered = rng.choice(own, count, p=weights / weights.sum())
            waits = rng.exponential(TRUTH.use_mean_days, count) + rng.gamma(1.5, 7 / 1.5, count)
            came = np.floor(delivered + rng.random(count) + waits).astype(int)
            found.append(Supply(tuple(zip(own.tolist(), weights.tolist(), strict=True)), ((0, today),),
                                tuple(came[came <= today].tolist())))
    return found


@settings(max_examples=30, deadline=None)
@given(st.lists(st.tuples(st.integers(0, 12), st.integers(0, 12)), min_size=1, max_size=25))
def test_with_one_day_of_delivery_it_is_the_product_limit(pairs: list[tuple[int, int]]) -> None:
    # Enough is watched to the end that no wait is beyond what could be known.
    reports = [(wait, wait + more) for wait, more in pairs] + [(wait, 40) for wait in range(13)]
    supplies = [Supply(((0, 1.0),), ((0, limit),), (wait,)) for wait, limit in reports]
    found = fit_spread_delay(supplies, enough=1)
    exact = fit_delay([wait for wait, _ in reports], [limit for _, limit in reports], enough=1)
    assert found is not None
    assert exact is not None
    assert found.cdf(np.arange(14.0)) == pytest.approx(exact.cdf(np.arange(14.0)), abs=0.002)


@pytest.mark.parametrize("consignees", [1, 3])
def test_the_law_is_found_though_no_delivery_day_is_known(consignees: int) -> None:
    exact = day_chances(TRUTH, 128)[DAYS.astype(int)]
    fits = []
    for seed in range(12):
        found = fit_spread_delay(plant(np.random.default_rng(seed), 60, 5, consignees=consignees), longest=120)
        assert found is not None
        fits.append(found.cdf(DAYS))
    errors = np.array(fits) - exact
    assert np.all(np.abs(errors.mean(axis=0)) < 4 * errors.std(axis=0, ddof=1) / np.sqrt(12))
    assert np.abs(errors.mean(axis=0)).max() < 0.03


def test_taking_the_first_delivery_for_the_day_would_not_do() -> None:
    supplies = plant(np.random.default_rng(1), 300, 8)
    first = [(day - min(delivered for delivered, _ in supply.deliveries)) for supply in supplies
             for day in supply.reports]
    exact = day_chances(TRUTH, 32)[21]
    found = fit_spread_delay(supplies, longest=120)
    assert found is not None
    assert abs(np.mean(np.array(first) <= 21) - exact) > 0.2
    assert abs(float(found.cdf(np.array([21.0]))[0]) - exact) < 0.04


def test_reports_still_to_come_do_not_shorten_the_wait() -> None:
    # Everything was delivered in the last eight weeks: half of the reports have not come yet.
    supplies = plant(np.random.default_rng(2), 400, 8, today=56)
    seen = fit_spread_delay(supplies, stated=Delay(30, 1.5, 14), weight=5, longest=200)
    blind = fit_spread_delay([Supply(one.deliveries, ((0, 10_000),), one.reports) for one in supplies], longest=200)
    assert seen is not None
    assert blind is not None
    # Of waits up to 45 days: how many are longer than anybody could have seen, no report can tell.
    table = day_chances(TRUTH, 64)
    exact = table[14] / table[45]
    short, longer = seen.cdf(np.array([14.0, 45.0]))
    assert abs(short / longer - exact) < 0.04
    short, longer = blind.cdf(np.array([14.0, 45.0]))
    assert short / longer > exact + 0.1


def test_a_small_history_leans_on_what_is_stated() -> None:
    exact, far = day_chances(TRUTH, 128)[DAYS.astype(int)], Delay(20, 1.5, 10)
    alone: list[float] = []
    leaning: list[float] = []
    for seed in range(20):
        supplies = plant(np.random.default_rng(100 + seed), 60, 1)
        for errors, weight in ((alone, 0.0), (leaning, 10.0)):
            found = fit_spread_delay(supplies, stated=far, weight=weight, longest=120, enough=20)
            assert found is not None
            errors.append(np.abs(found.cdf(DAYS) - exact).mean())
    stated_alone = np.abs(day_chances(far, 128)[DAYS.astype(int)] - exact).mean()
    assert np.mean(leaning) < np.mean(alone)
    assert np.mean(leaning) < stated_alone


def test_a_million_reports_cost_no_more_than_their_days() -> None:
    few = [Supply(((0, 5.0), (9, 5.0)), ((0, 60),), tuple(range(60)))]
    many = [Supply(((0, 5.0), (9, 5.0)), ((0, 60),), tuple(range(60)) * 20_000)]
    of_few, of_many = fit_spread_delay(few), fit_spread_delay(many)
    assert of_few is not None
    assert of_many is not None
    assert of_many.cdf(DAYS) == pytest.approx(of_few.cdf(DAYS), abs=1e-6)


def test_too_few_reports_leave_the_default_in_force() -> None:
    assert fit_spread_delay([Supply(((0, 5.0),), ((0, 99),), (3,) * 49)]) is None


def test_reports_before_any_delivery_do_not_count_as_waits() -> None:
    supplies = [Supply(((10, 5.0),), ((0, 99),), (3, 12))]
    assert fit_spread_delay(supplies, enough=2) is None
    found = fit_spread_delay(supplies, enough=1)
    assert found is not None
    assert found.cdf(np.array([1.0, 2.0])).tolist() == pytest.approx([0.0, 1.0])


def test_exposure_is_the_units_times_the_chance_that_their_report_was_seen() -> None:
    supply = Supply(((0, 100.0), (10, 50.0)), ((5, 20), (30, 40)))
    table = np.concatenate(([0.0], day_chances(TRUTH, 64)))
    by_hand = 100 * (table[21] - table[5] + table[41] - table[30]) + 50 * (table[11] + table[31] - table[20])
    assert chances_seen(supply, TRUTH) == pytest.approx(by_hand)
    assert chances_seen(Supply(((50, 100.0),), ((5, 20),)), TRUTH) == 0.0
    assert chances_seen(Supply((), ((5, 20),)), TRUTH) == 0.0


def test_what_makes_no_sense_is_refused() -> None:
    with pytest.raises(InvalidInput):
        Supply(((0, -5.0),), ((0, 9),))
    with pytest.raises(InvalidInput):
        Supply(((0, 5.0),), ((0, 9),), (10,))
