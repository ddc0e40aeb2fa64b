"""What jumps, and how often chance alone makes something jump."""
from __future__ import annotations

from datetime import date, timedelta

import numpy as np
import pytest

from traceapp.surveillance.jumps import DAYS, jumps_of

LAST = date(2026, 11, 28)


def days(*counts: int) -> list[tuple[date, list[str]]]:
    """Reports of one term, the last number on the last day."""
    return [(LAST - timedelta(days=len(counts) - 1 - place), ["red"]) for place, count in enumerate(counts)
            for _ in range(count)]


def test_a_jump_tells_its_day_its_reports_and_how_far_beyond_the_weeks_before() -> None:
    (jump,) = jumps_of(days(1, 0, 1, 0, 1, 0, 1, 0, 1, 0, 1, 0, 1, 0, 1, 0, 1, 0, 1, 0, 1, 0, 9), LAST)
    assert (jump.term, jump.on, jump.reports, jump.in_three_days) == ("red", LAST, 9, 10)
    assert jump.c1 > 5 and jump.c2 > 5 and jump.is_task


@pytest.mark.parametrize("counts", [(4,), (9, 0), (9, *([0] * DAYS)), (3,) * DAYS])
def test_few_reports_an_earlier_day_and_the_usual_number_are_no_jump(counts: tuple[int, ...]) -> None:
    assert jumps_of(days(*counts), LAST) == ()


def test_a_report_counts_once_for_a_term_that_it_names_twice() -> None:
    assert jumps_of([(LAST, ["red", "red"])] * 4, LAST) == ()


@pytest.mark.parametrize("rate", [0.2, 1.0, 2.0, 5.0])
def test_by_chance_less_than_one_task_a_year_comes_of_a_term(rate: float) -> None:
    chance, years, found = np.random.default_rng(20261128), 6, 0
    counts = chance.poisson(rate, 365 * years + DAYS)
    for place in range(DAYS, counts.size):
        window = counts[place - DAYS + 1:place + 1]
        if window[-1] >= 2:
            found += any(jump.is_task for jump in jumps_of(days(*window.tolist()), LAST))
    assert found / years <= 1.5  # less than one on the long run; six years scatter by half of one
