"""Counting pairs, in either convention, against counting with sets."""
from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from traceapp.core.errors import InvalidInput
from traceapp.signals.pairs import count_rows, count_totals

ROWS = st.lists(st.tuples(st.sampled_from("12345678"), st.sampled_from("ABC"), st.sampled_from("xyz")), min_size=1,
                max_size=40)  # fmt: skip


@settings(max_examples=60, deadline=None)
@given(ROWS)
def test_reports_are_counted_once_for_lot_term_and_in_all(rows: list[tuple[str, str, str]]) -> None:
    found = count_rows(*zip(*rows, strict=True))
    total = len({row[0] for row in rows})
    assert found.total == total
    assert set(zip(found.products, found.events, strict=True)) == {row[1:] for row in rows}
    for position, (lot, term) in enumerate(zip(found.products, found.events, strict=True)):
        with_lot = {report for report, product, _ in rows if product == lot}
        with_term = {report for report, _, event in rows if event == term}
        both = {report for report, product, event in rows if (product, event) == (lot, term)}
        assert (found.a[position], found.n_i[position], found.m_j[position]) == (
            len(both), len(with_lot), len(with_term))
        assert found.expected[position] == pytest.approx(len(with_lot) * len(with_term) / total)


@settings(max_examples=60, deadline=None)
@given(ROWS)
def test_rows_and_their_totals_agree_in_the_pair_convention(rows: list[tuple[str, str, str]]) -> None:
    by_row = count_rows(*zip(*rows, strict=True), convention="pair")
    distinct = sorted(set(rows))
    by_total = count_totals([row[1] for row in distinct], [row[2] for row in distinct], [1] * len(distinct))
    assert by_row.total == by_total.total == len(distinct)
    for name in ("a", "n_i", "m_j", "expected"):
        assert getattr(by_row, name).tolist() == getattr(by_total, name).tolist()


@settings(max_examples=40, deadline=None)
@given(ROWS)
def test_stratified_expected_counts_are_the_sum_over_strata(rows: list[tuple[str, str, str]]) -> None:
    strata = ["odd" if int(report) % 2 else "even" for report, _, _ in rows]
    found = count_rows(*zip(*rows, strict=True), strata=strata)
    by_hand = np.zeros(len(found.products))
    for layer in set(strata):
        part = count_rows(*zip(*(row for row, own in zip(rows, strata, strict=True) if own == layer), strict=True))
        lots = dict(zip(part.products, part.n_i.tolist(), strict=True))
        terms = dict(zip(part.events, part.m_j.tolist(), strict=True))
        by_hand += [lots.get(lot, 0) * terms.get(term, 0) / part.total
                    for lot, term in zip(found.products, found.events, strict=True)]
    assert found.expected == pytest.approx(by_hand)


def test_the_conventions_differ_where_a_report_has_several_terms() -> None:
    rows = (["1", "1", "2"], ["A", "A", "B"], ["x", "y", "x"])
    by_report, by_pair = count_rows(*rows), count_rows(*rows, convention="pair")
    assert by_report.expected.tolist() == [1.0, 0.5, 1.0]
    assert by_pair.expected.tolist() == pytest.approx([4 / 3, 2 / 3, 2 / 3])


def test_what_cannot_be_counted_is_refused_with_its_row() -> None:
    with pytest.raises(InvalidInput, match="Row 2 has no event"):
        count_rows(["1", "2"], ["A", "A"], ["x", ""])
    with pytest.raises(InvalidInput, match="Report 1 is in two strata"):
        count_rows(["1", "1"], ["A", "B"], ["x", "x"], strata=["m", "f"])
    with pytest.raises(InvalidInput):
        count_totals(["A"], ["x"], [0.5])
    with pytest.raises(InvalidInput):
        count_rows([], [], [])
