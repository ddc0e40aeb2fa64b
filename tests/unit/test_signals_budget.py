"""The false-alarm budget: what is promised is never overspent, and every stage of a test is paid for."""
from __future__ import annotations

from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from traceapp.signals.budget import (
    DEFAULT_WEIGHTS,
    GROUP_SHARES,
    LEAST_NODES,
    MOST_ALPHA,
    SCREENS,
    YEAR,
    Split,
    Year,
    allot,
    levels,
    rounded_down,
    stage_alpha,
    stage_end,
    stage_for,
)
from traceapp.surveillance.alarm import NodeKind, SeverityGroup

FIRST = date(2024, 1, 1)


@given(days=st.lists(st.integers(0, 1500), max_size=80), cuts=st.integers(1, 30), part=st.floats(0.001, 5.0))
def test_no_year_of_365_days_ever_spends_more_than_its_part(days: list[int], cuts: int, part: float) -> None:
    begun = sorted(FIRST + timedelta(days=day) for day in days)
    known: list[tuple[date, float]] = []
    for start in range(0, len(begun), cuts):
        now = begun[start:start + cuts]
        known += zip(now, allot(part, [day for day, _ in known] + now, now, known), strict=True)
    for end in begun:
        assert sum(level for day, level in known if end - YEAR < day <= end) <= part * (1 + 1e-9)
    assert all(0 <= level <= MOST_ALPHA for _, level in known)


def test_nodes_that_begin_evenly_get_even_parts() -> None:
    begun = [FIRST + timedelta(days=7 * week) for week in range(52)]
    levels = allot(0.5, begun, begun, [])
    assert set(levels[:-2]) == {rounded_down(0.5 / 52)}


def test_every_kind_that_the_service_watches_has_its_part_and_its_least_number() -> None:
    assert set(DEFAULT_WEIGHTS) == {*map(str, NodeKind), SCREENS}
    assert set(LEAST_NODES) == set(map(str, NodeKind)) and set(GROUP_SHARES) == set(map(str, SeverityGroup))


def test_lots_spend_their_part_whatever_their_number_and_other_kinds_what_is_left_of_theirs() -> None:
    split = Split(2.0, {"lot": 50.0, "load": 20.0}, {"harm": 0.5, "serious": 0.5})
    assert levels(split, ("lot", "harm"), [FIRST] * 3, Year([], 3)) == [rounded_down(0.005)] * 3
    # A house of 30 lots is promised what 100 lots are; 100 loads at least share it.
    assert levels(split, ("load", "serious"), [FIRST], Year([(FIRST, None)], 30)) == [rounded_down(0.2 / 100)]
    taken = Year([(FIRST, 0.195), (FIRST, None)], 30)
    assert levels(split, ("load", "harm"), [FIRST], taken) == [rounded_down(0.005 / 4)]
    assert levels(split, ("supplier", "harm"), [FIRST], Year([(FIRST, None)], 30)) == [0.0]


def test_the_shares_of_kinds_and_groups_are_a_whole() -> None:
    assert sum(DEFAULT_WEIGHTS.values()) == pytest.approx(100)
    assert sum(GROUP_SHARES.values()) == pytest.approx(1)


@pytest.mark.parametrize("kind", ["lot", "upstream"])
def test_all_stages_of_a_test_together_spend_its_level(kind: str) -> None:
    spent = sum(stage_alpha(kind, 0.01, stage) for stage in range(20_000))
    assert 0.00999 < spent <= 0.01


def test_a_stage_is_left_only_when_more_is_expected_than_it_was_planned_for() -> None:
    assert (stage_for(4.0, 4.0), stage_for(4.0, 4.1), stage_for(4.0, 30.0, 1)) == (0, 1, 3)
    assert stage_end(4.0, stage_for(4.0, 30.0)) == 32.0
    assert stage_for(4.0, 1.0, 2) == 2
