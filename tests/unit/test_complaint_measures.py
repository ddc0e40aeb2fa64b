"""Shares with their intervals, percentiles, net promotion, and the elements of a record."""
from __future__ import annotations

from dataclasses import fields, replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from traceapp.complaint.elements import ELEMENTS, RecordFacts, missing_elements
from traceapp.complaint.measures import Promotion, Share, percentile, promotion_of, satisfaction_of, wilson


@pytest.mark.parametrize(("part", "whole", "interval"), [
    (8, 10, (0.4902, 0.9433)), (0, 10, (0.0, 0.2775)), (10, 10, (0.7225, 1.0)), (1, 1, (0.2065, 1.0))])
def test_intervals_of_wilson_as_published(part: int, whole: int, interval: tuple[float, float]) -> None:
    assert wilson(part, whole) == pytest.approx(interval, abs=1e-4)


@given(st.integers(1, 400).flatmap(lambda whole: st.tuples(st.integers(0, whole), st.just(whole))))
def test_without_anybody_between_the_net_score_is_the_share_of_promoters_stretched(counts: tuple[int, int]) -> None:
    promoters, whole = counts
    net, (low, high) = Promotion(promoters, whole - promoters, whole), wilson(promoters, whole)
    assert net.interval == pytest.approx((200 * low - 100, 200 * high - 100), abs=1e-6)


@given(st.lists(st.integers(0, 10), min_size=1, max_size=60))
def test_the_interval_holds_the_score_and_turns_round_with_it(answers: list[int]) -> None:
    net = promotion_of(answers)
    assert net.interval is not None and net.score is not None
    assert -100 <= net.interval[0] <= net.score + 1e-9 and net.score - 1e-9 <= net.interval[1] <= 100
    turned = Promotion(net.detractors, net.promoters, net.whole).interval
    assert turned == pytest.approx((-net.interval[1], -net.interval[0]), abs=1e-9)


def test_scores_count_as_they_are_defined_and_show_from_five_on() -> None:
    assert promotion_of([10, 9, 8, 7, 6, 0]) == Promotion(2, 2, 6)
    assert satisfaction_of([5, 4, 3, 1]) == Share(2, 4)
    assert not satisfaction_of([5, 4, 3, 1]).is_shown and satisfaction_of([5] * 5).is_shown
    assert (Share(0, 0).value, Share(0, 0).interval, promotion_of([]).score) == (None, None, None)


@given(st.lists(st.floats(0, 1000), min_size=1, max_size=50), st.sampled_from([0.5, 0.95]))
def test_a_percentile_is_a_value_that_enough_lie_at_or_below(values: list[float], share: float) -> None:
    found = percentile(values, share)
    assert found in values
    assert sum(one <= found for one in values) >= share * len(values)
    assert sum(one < found for one in values) < share * len(values) + 1e-9
    assert percentile([], share) is None


def test_each_missing_fact_is_one_missing_element() -> None:
    whole = RecordFacts(True, True, True, True, True, True)
    assert missing_elements(whole) == ()
    lacking = {missing_elements(replace(whole, **{one.name: False})) for one in fields(RecordFacts)}
    assert lacking == {(name,) for name in ELEMENTS if name != "received"}
