"""Who is asked after a recall: how many, which, and from when on."""
from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from traceapp.recall.policy import drawn, may_check, sample_size


@pytest.mark.parametrize(("consignees", "level", "share", "size"), [
    (30, "A", None, 30), (30, "C", None, 3), (31, "C", None, 4), (30, "D", None, 1), (101, "D", None, 3),
    (5, "D", None, 1), (40, "E", None, 0), (0, "A", None, 0), (10, "B", 0.35, 4)])
def test_the_sample_is_rounded_up_and_never_empty_but_for_level_e(consignees: int, level: str, share: float | None,
                                                                  size: int) -> None:
    assert sample_size(consignees, level, share) == size


def test_level_b_needs_its_share() -> None:
    with pytest.raises(ValueError, match="share"):
        sample_size(10, "B")


@given(st.sets(st.text(min_size=1, max_size=8), min_size=1, max_size=40), st.integers(0, 2**31 - 1), st.data())
def test_the_same_seed_draws_the_same_consignees_whatever_their_order(names: set[str], seed: int,
                                                                       data: st.DataObject) -> None:
    count = data.draw(st.integers(0, len(names) + 3))
    found = drawn(sorted(names, reverse=True), count, seed)
    assert found == drawn(data.draw(st.permutations(sorted(names))), count, seed)
    assert len(found) == len(set(found)) == min(count, len(names))
    assert set(found) <= names


@pytest.mark.parametrize(("answered", "total", "silent", "may"), [
    (19, 20, [["telephone"]], True), (18, 20, [["telephone"], []], False),
    (0, 1, [["e-mail", "e-mail", "e-mail"]], False), (0, 1, [["e-mail", "e-mail", "telephone"]], True),
    (0, 1, [["e-mail", "telephone"]], False), (0, 0, [], True)])
def test_the_silent_are_tried_three_times_by_two_ways_unless_enough_have_answered(
        answered: int, total: int, silent: list[list[str]], *, may: bool) -> None:
    assert may_check(answered, total, silent) is may
