"""By how much a mark raises the odds of what it stands on."""
from __future__ import annotations

import pytest

from traceapp.signals.covariates import MOST_ODDS, STATED, STATED_RATES, Mark, mark_odds, raised


def test_a_mark_that_stands_on_causes_as_often_as_on_anything_tells_nothing() -> None:
    assert mark_odds(0.2, 0.2) == pytest.approx(1.0)
    assert mark_odds(1.0, 0.02, showing=1.0) == pytest.approx(50.0)


@pytest.mark.parametrize("mark", list(Mark))
def test_the_stated_factors_are_those_of_the_stated_rates_rounded_down(mark: Mark) -> None:
    exact = mark_odds(*STATED_RATES[mark])
    assert STATED.of(frozenset({mark})) == int(exact) >= 2


def test_all_marks_together_do_not_accuse_by_themselves() -> None:
    assert raised({"a": 1.0, "b": 2.0}, {"b": frozenset(Mark)}) == {"a": 1.0, "b": 2 * MOST_ODDS}
