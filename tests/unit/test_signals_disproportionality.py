"""Measures over 2x2 tables: published values, and what a table does not define."""
from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import fisher_exact

from traceapp.core.errors import InvalidInput
from traceapp.signals.disproportionality import (
    Tables,
    chi_square,
    fisher,
    information_component,
    information_component_approximate,
    information_component_bate,
    is_evans_signal,
    likelihood_ratio_test,
    log_likelihood_ratio,
    proportional_reporting_ratio,
    reporting_odds_ratio,
    reporting_rate_ratio,
    tables,
)
from traceapp.signals.errors import NoExposure


def of_cells(a: int, b: int, c: int, d: int) -> Tables:
    return tables(a, a + b, a + c, a + b + c + d)


@pytest.mark.parametrize(
    ("cells", "prr", "ror", "chi2", "yates", "llr"),
    [
        ((41, 14, 754, 591958), (585.994502, 494.328141, 694.659129), (2299.192687,), 22739.502256, 22187.274659,
         240.001518),
        ((25, 75, 100, 9800), (24.75, 16.732082, 36.610059), (32.666667, 19.939669, 53.516990), 461.577803, 442.347526,
         54.260560),
    ],
)  # fmt: skip
def test_the_measures_of_a_table_are_the_published_ones(
    cells: tuple[int, int, int, int], prr: tuple[float, ...], ror: tuple[float, ...],
    chi2: float, yates: float, llr: float,
) -> None:
    table = of_cells(*cells)
    ratio, odds = proportional_reporting_ratio(table), reporting_odds_ratio(table)
    assert [round(float(x), 6) for x in (ratio.value, ratio.low, ratio.high)] == list(prr)
    found = [float(x) for x in (odds.value, odds.low, odds.high)]
    assert found[: len(ror)] == pytest.approx(list(ror), abs=1e-6)
    assert round(float(chi_square(table, yates=False)), 6) == chi2
    assert round(float(chi_square(table)), 6) == yates
    assert round(float(log_likelihood_ratio(table.a, table.expected, table.n_i)), 6) == llr


def test_a_term_seen_with_one_lot_only_has_an_infinite_ratio_without_limits() -> None:
    table = of_cells(3, 7, 0, 990)
    for ratio in (proportional_reporting_ratio(table), reporting_odds_ratio(table)):
        assert float(ratio.value) == math.inf
        assert ratio.low is np.ma.masked or bool(np.ma.getmaskarray(ratio.low))
        assert bool(np.ma.getmaskarray(ratio.high))
    assert float(chi_square(table)) == pytest.approx(206.035616, abs=1e-6)
    assert float(fisher(table)) == pytest.approx(7.221651e-07, rel=1e-6)
    assert bool(is_evans_signal(table))


def test_the_one_lot_there_is_has_nothing_to_be_compared_with() -> None:
    table = of_cells(5, 7, 0, 0)
    assert bool(np.ma.getmaskarray(proportional_reporting_ratio(table).value))
    assert bool(np.ma.getmaskarray(chi_square(table)))
    assert not bool(is_evans_signal(table))


@settings(max_examples=60, deadline=None)
@given(*[st.integers(0, 30)] * 4)
def test_no_measure_emits_nan(a: int, b: int, c: int, d: int) -> None:
    if a + b + c + d == 0:
        return
    table = of_cells(a, b, c, d)
    figures = [reporting_rate_ratio(table), chi_square(table), chi_square(table, yates=False)]
    for ratio in (proportional_reporting_ratio(table), reporting_odds_ratio(table),
                  information_component(table.a, table.expected), information_component_bate(table)):
        figures += [ratio.value, ratio.low, ratio.high]
    for figure in figures:
        assert not np.isnan(np.ma.compressed(figure)).any()


@settings(max_examples=40, deadline=None)
@given(*[st.integers(1, 40)] * 4)
def test_fisher_agrees_with_the_library_test(a: int, b: int, c: int, d: int) -> None:
    oracle = fisher_exact([[a, b], [c, d]], alternative="greater").pvalue
    assert float(fisher(of_cells(a, b, c, d))) == pytest.approx(oracle, rel=1e-8)
    assert float(fisher(of_cells(a, b, c, d), mid=True)) < oracle


def test_fisher_is_the_published_value() -> None:
    assert float(fisher(of_cells(25, 75, 100, 9800))) == pytest.approx(2.432729e-26, rel=1e-6)


@pytest.mark.parametrize(
    ("a", "expected", "printed"),
    [(3, 0.1, (2.5443, 0.4750, 0.4939)), (10, 1, (2.8074, 1.7302, 1.7772)), (1, 1, (0.0, -3.7831, -3.7972))],
)
def test_the_information_component_is_the_published_one(
    a: int, expected: float, printed: tuple[float, float, float]
) -> None:
    exact, approximate = information_component(a, expected), information_component_approximate(a, expected)
    found = (float(exact.value), float(approximate.low), float(exact.low))
    assert tuple(round(x, 4) for x in found) == printed
    assert float(exact.high) == pytest.approx(float(approximate.high), abs=0.1)


def test_the_older_component_has_the_moments_of_its_three_beta_laws() -> None:
    a, lot, term, total = 4, 30, 25, 400
    found = information_component_bate(tables(a, lot, term, total))
    rng = np.random.default_rng(12)
    both = rng.beta(1 + a, total - a - 1 + (2 + total) ** 2 / ((1 + term) * (1 + lot)), 200_000)
    apart = rng.beta(1 + lot, 1 + total - lot, 200_000) * rng.beta(1 + term, 1 + total - term, 200_000)
    drawn = np.log2(both / apart)
    assert float(found.value) == pytest.approx(drawn.mean(), abs=0.01)
    assert float(found.high - found.low) == pytest.approx(2 * 1.959964 * drawn.std(), rel=0.01)


def test_a_small_stratified_example_has_the_published_ratios() -> None:
    # Lots of 9, 7 and 1 reports, terms of 9 and 8: five pairs that occur.
    table = tables([5, 4, 3, 4, 1], [9, 9, 7, 7, 1], [9, 8, 9, 8, 9], 17)
    assert np.round(table.expected, 7).tolist() == [4.7647059, 4.2352941, 3.7058824, 3.2941176, 0.5294118]
    assert np.round(reporting_rate_ratio(table), 2).tolist() == [1.05, 0.94, 0.81, 1.21, 1.89]
    assert np.round(proportional_reporting_ratio(table).value, 2).tolist() == [1.11, 0.89, 0.71, 1.43, 2.0]


@pytest.mark.parametrize("margins", [(5, 4, 9, 20), (3, 10, 10, 12), (-1, 2, 2, 9), (0, 0, 0, 0)])
def test_margins_that_make_no_table_are_refused(margins: tuple[int, int, int, int]) -> None:
    with pytest.raises(InvalidInput):
        tables(*margins)


def test_the_likelihood_ratio_test_allows_for_the_number_of_cells() -> None:
    one = likelihood_ratio_test([9, 30], [4, 35], replications=4999, seed=3)
    among_many = likelihood_ratio_test([9, *[2] * 15], [4, *[35 / 15] * 15], replications=4999, seed=3)
    assert one.findings[0].node == among_many.findings[0].node == "0"
    assert one.findings[0].llr == pytest.approx(
        float(log_likelihood_ratio(9, 4, 39)), abs=1e-9)
    assert one.findings[0].p < among_many.findings[0].p


def test_a_count_where_nothing_is_expected_is_refused() -> None:
    with pytest.raises(NoExposure):
        likelihood_ratio_test([1, 4], [0, 5])
    with pytest.raises(InvalidInput):
        log_likelihood_ratio(1, 0, 5)
