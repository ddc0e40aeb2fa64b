"""The whole table of lots × terms from codes: the same answers as the measures of single tables, at any size."""
from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from traceapp.core.errors import InvalidInput
from traceapp.signals import screen as whole
from traceapp.signals.disproportionality import (
    information_component,
    proportional_reporting_ratio,
    reporting_odds_ratio,
    tables,
)
from traceapp.signals.pairs import count_rows
from traceapp.signals.screen import count_codes, points_of, screen, shrink
from traceapp.signals.shrinkage import Prior, fit, minus_log_likelihood, points, scores

Code = NDArray[np.int64]


def drawn(rows: int, lots: int, terms: int, seed: int = 3) -> tuple[Code, Code]:
    """Rows in which small codes are frequent."""
    rng = np.random.default_rng(seed)
    return (lots * rng.random(rows) ** 2).astype(np.int64), (terms * rng.random(rows) ** 3).astype(np.int64)


def test_rows_without_reports_are_counted_each_as_a_report_of_its_own() -> None:
    counts = count_codes(np.array([2, 0, 2, 2, 0]), np.array([1, 1, 0, 1, 1]), (3, 2))
    assert list(zip(counts.lots.tolist(), counts.terms.tolist(), counts.a.tolist(), strict=True)) == [
        (0, 1, 2), (2, 0, 1), (2, 1, 2)]
    assert (counts.by_lot.tolist(), counts.by_term.tolist(), counts.total) == ([2, 0, 3], [1, 4], 5)


def test_a_report_of_many_rows_counts_once_as_in_the_convention_of_reports() -> None:
    lots, terms = drawn(4000, 30, 12)
    reports = np.random.default_rng(5).integers(0, 900, 4000)
    names = [[f"{code:05}" for code in column] for column in (reports, lots, terms)]
    expected = count_rows(*names)
    counts = count_codes(lots, terms, (30, 12), reports=reports)
    assert counts.a.tolist() == expected.a.tolist() and counts.total == expected.total
    assert counts.by_lot[counts.lots].tolist() == expected.n_i.tolist()
    assert counts.by_term[counts.terms].tolist() == expected.m_j.tolist()
    assert [f"{lot:05}" for lot in counts.lots] == list(expected.products)


def test_codes_wider_than_32_bits_together_are_counted_as_well() -> None:
    counts = count_codes(np.array([70_000, 5, 70_000]), np.array([90_000, 1, 90_000]), (100_000, 100_000))
    assert (counts.lots.tolist(), counts.terms.tolist(), counts.a.tolist()) == ([5, 70_000], [1, 90_000], [1, 2])


def test_every_measure_is_that_of_its_own_table(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(whole, "_BLOCK", 64)
    lots, terms = drawn(20_000, 300, 40)
    counts = count_codes(lots, terms, (300, 40))
    found = screen(counts)
    table = tables(counts.a, counts.by_lot[counts.lots], counts.by_term[counts.terms], counts.total)
    ic = information_component(counts.a, table.expected)
    for ours, theirs in ((found.expected, table.expected), (found.ic, ic.value), (found.ic025, ic.low),
                         (found.prr, proportional_reporting_ratio(table).value),
                         (found.ror, reporting_odds_ratio(table).value)):
        np.testing.assert_allclose(ours, np.ma.getdata(theirs), rtol=1e-9, atol=1e-12)


def test_a_term_of_one_lot_alone_has_an_infinite_ratio_and_one_lot_alone_has_none() -> None:
    found = screen(count_codes(np.array([0, 0, 1]), np.array([0, 1, 1]), (2, 2)))
    assert found.prr.tolist() == [np.inf, 0.5, 2.0] and np.isinf(found.ror[0])
    alone = screen(count_codes(np.array([0, 0]), np.array([0, 1]), (1, 2)))
    assert np.isnan(alone.prr).all() and alone.ic.tolist() == [0.0, 0.0]


def test_shrunken_rates_are_those_of_the_fitted_prior_and_limits_stand_where_they_matter() -> None:
    lots, terms = drawn(30_000, 400, 60)
    planted = np.full(40, 7)
    counts = count_codes(np.append(lots, planted), np.append(terms, np.full(40, 55)), (400, 60))
    found = screen(counts)
    shrunk = shrink(found)
    same = scores(shrunk.prior, counts.a, found.expected)
    np.testing.assert_allclose(shrunk.ebgm, same.ebgm, rtol=1e-9)
    matter = (counts.a >= 3) & (same.ebgm >= 1)
    np.testing.assert_allclose(shrunk.eb05[matter], same.eb05[matter], rtol=1e-9)
    assert np.isnan(shrunk.eb05[~matter]).all()
    best = int(np.nanargmax(shrunk.eb05))
    assert (counts.lots[best], counts.terms[best]) == (7, 55) and shrunk.eb05[best] > 2


def test_points_averaged_for_fitting_lose_no_cell_and_hardly_any_likelihood() -> None:
    rng = np.random.default_rng(11)
    truth = Prior(6.0, 1.0, 2.0, 2.2, 0.1)
    size = 40_000
    expected = rng.gamma(0.7, 2.0, size) + 0.01
    rates = np.where(rng.random(size) < truth.p, rng.gamma(truth.a1, 1 / truth.b1, size),
                     rng.gamma(truth.a2, 1 / truth.b2, size))
    a = rng.poisson(rates * expected)
    a, expected = a[a > 0].astype(np.uint32), expected[a > 0]
    few = points_of(a, expected, most=300)
    assert few.counts.size < a.size / 4 and few.weights.sum() == a.size
    np.testing.assert_allclose(few.weights @ few.expected, expected.sum())
    everything = points(a, expected)
    score = minus_log_likelihood(fit(few).prior, everything)
    assert score - minus_log_likelihood(truth, everything) < 1.0


@pytest.mark.parametrize(("lots", "terms", "shape"), [
    ([], [], (1, 1)), ([0, 1], [0], (2, 1)), ([0, 2], [0, 0], (2, 1)), ([-1], [0], (2, 1)), ([0], [3], (1, 3))])
def test_codes_outside_their_list_or_columns_of_different_length_are_refused(
    lots: list[int], terms: list[int], shape: tuple[int, int]
) -> None:
    with pytest.raises(InvalidInput):
        count_codes(np.array(lots, dtype=np.int64), np.array(terms, dtype=np.int64), shape)
