"""The false-alarm budget: what is promised is never overspent, and every stage of a test is paid for."""
from __future__ import annotations

from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from traceapp.signals.budget import (
    DEFAULT_WEIGHTS,
    GROUP_SHARES,
    KEPT,
    LEAST_NODES,
    MOST_ALPHA,
    SCREENS,
    YEAR,
    Begun,
    Split,
    Year,
    allot,
    levels,
    rounded_down,
    shares,
    stage_alpha,
    stage_end,
    stage_for,
)
from traceapp.surveillance.alarm import NodeKind, SeverityGroup

FIRST = date(2024, 1, 1)


PARTS = {"upstream": 0.2, "supplier": 0.06, "load": 0.06, "operator": 0.04, "site": 0.03}


def lived(begins: list[tuple[int, str, int]], parts: dict[str, float], least: int = 1) -> list[Begun]:
    """The tests of a house in the order in which they are given their levels, which need not be that of their days."""
    tests: list[Begun] = []
    for day, kind, number in begins:
        on = FIRST + timedelta(days=day)
        tests.append(Begun(on, kind, number))
        given = allot(parts, kind, (on, number), tests, least=least)
        assert all(0 <= level <= MOST_ALPHA for level in given)
        tests += [Begun(on, kind, 0, level) for level in given]
    return tests


def spent(tests: list[Begun], end: date, kind: str = "") -> float:
    return sum(one.spent for one in tests if end - YEAR < one.day <= end and kind in ("", one.kind))


@given(begins=st.lists(st.tuples(st.integers(0, 1500), st.sampled_from(sorted(PARTS)), st.integers(1, 6)), max_size=60),
       is_in_order=st.booleans(), scale=st.floats(0.01, 20.0), least=st.sampled_from([1, 20]))
def test_no_year_of_365_days_ever_spends_more_than_all_parts_whichever_kinds_come_and_go(
        begins: list[tuple[int, str, int]], is_in_order: bool, scale: float, least: int) -> None:
    parts = {kind: part * scale for kind, part in PARTS.items()}
    tests = lived(sorted(begins) if is_in_order else begins, parts, least)
    for end in {one.day for one in tests}:
        assert spent(tests, end) <= sum(parts.values()) * (1 + 1e-9)


@given(greedy=st.lists(st.tuples(st.integers(0, 360), st.sampled_from(["supplier", "load", "operator", "site"]),
                                 st.integers(1, 20)), max_size=40))
def test_a_kind_that_comes_late_has_its_own_half_at_once_whatever_the_others_spent(
        greedy: list[tuple[int, str, int]]) -> None:
    tests = lived(sorted(greedy), PARTS)
    on = FIRST + timedelta(days=361)
    (level,) = allot(PARTS, "upstream", (on, 1), [*tests, Begun(on, "upstream")])
    assert level >= rounded_down(KEPT * PARTS["upstream"] / 4)


def test_a_kind_that_comes_late_takes_all_of_its_part_from_that_day_on_while_tests_begin_evenly() -> None:
    weeks = [(7 * week, kind, 1) for week in range(156) for kind in PARTS if kind != "operator" or week >= 78]
    tests = lived(weeks, PARTS, least=52)
    after = [one.spent for one in tests if one.kind == "operator" and not one.number]
    assert min(after[4:]) > 0.5 * PARTS["operator"] / 52
    last = max(one.day for one in tests)
    assert 0.75 * PARTS["operator"] < spent(tests, last, "operator") <= PARTS["operator"]
    alone = lived([one for one in weeks if one[1] == "upstream"], PARTS, least=52)
    assert spent(alone, last, "upstream") > 1.4 * spent(tests, last, "upstream")


def test_kinds_that_a_house_has_not_lend_half_of_their_shares() -> None:
    weights = {"lot": 40.0, "upstream": 20.0, "load": 10.0, "site": 30.0, "screens": 0.0}
    assert shares(weights, {"lot", "upstream", "load", "site"}) == weights
    found = shares(weights, {"lot", "upstream", "load"})
    assert found == {"lot": 40.0, "upstream": 30.0, "load": 15.0, "site": 15.0, "screens": 0.0}
    assert sum(shares(weights, set()).values()) == 70.0


def test_tests_that_begin_evenly_get_even_parts() -> None:
    begins = [(7 * week, "load", 1) for week in range(52)]
    given = [one.spent for one in lived(begins, {"load": 0.5}, least=52) if not one.number]
    assert set(given[:-2]) == {rounded_down(0.5 / 52)}


def test_a_kind_in_its_second_year_divides_its_part_among_those_that_really_begin() -> None:
    begins = [(30 * month, "load", 1) for month in range(36)]
    given = [one.spent for one in lived(begins, {"load": 0.5}, least=60) if not one.number]
    assert set(given[:13]) == {rounded_down(0.5 / 60)} and set(given[20:]) == {rounded_down(0.5 / (13 + 4))}


def test_every_kind_that_the_service_watches_has_its_part_and_its_least_number() -> None:
    assert set(DEFAULT_WEIGHTS) == {*map(str, NodeKind), SCREENS}
    assert set(LEAST_NODES) == set(map(str, NodeKind)) and set(GROUP_SHARES) == set(map(str, SeverityGroup))


def test_lots_spend_their_part_whatever_their_number_and_other_kinds_what_is_left_of_theirs() -> None:
    split = Split(2.0, {"lot": 50.0, "load": 20.0}, {"harm": 0.5, "serious": 0.5})
    one = (FIRST, 1)
    assert levels(split, ("lot", "harm"), (FIRST, 3), Year([], 3)) == [rounded_down(0.005)] * 3
    # A house of 30 lots is promised what 100 lots are; 100 loads at least share it.
    assert levels(split, ("load", "serious"), one, Year([Begun(FIRST, "load")], 30)) == [rounded_down(0.2 / 100)]
    taken = Year([Begun(FIRST, "load", 2, 0.195)], 30)
    assert levels(split, ("load", "harm"), one, taken) == [rounded_down(0.005 / 4)]
    assert levels(split, ("supplier", "harm"), one, Year([Begun(FIRST, "supplier")], 30)) == [0.0]


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
