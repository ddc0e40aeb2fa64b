"""What jumps, and how often chance alone makes something jump."""
from __future__ import annotations

from datetime import date, timedelta

import numpy as np
import pytest

from traceapp.surveillance.jumps import DAYS, jumps_of
from traceapp.surveillance.screen_budget import LEAST_LOOKS, Allowed, chance_of_jump, chance_of_pair

LAST = date(2026, 11, 28)
MOST = 0.05 / (365 * 12)
"""What a house of a hundred lots with one product leaves to one term on one day."""


def days(*counts: int) -> list[tuple[date, list[str]]]:
    """Reports of one term, the last number on the last day."""
    return [(LAST - timedelta(days=len(counts) - 1 - place), ["red"]) for place, count in enumerate(counts)
            for _ in range(count)]


def test_a_jump_tells_its_day_its_reports_and_how_far_beyond_the_weeks_before() -> None:
    (jump,) = jumps_of(days(1, 0, 1, 0, 1, 0, 1, 0, 1, 0, 1, 0, 1, 0, 1, 0, 1, 0, 1, 0, 1, 0, 9), LAST, MOST)
    assert (jump.term, jump.on, jump.reports, jump.in_three_days) == ("red", LAST, 9, 10)
    assert jump.c1 > 5 and jump.c2 > 5 and jump.is_task


@pytest.mark.parametrize("counts", [(4,), (9, 0), (9, *([0] * DAYS)), (3,) * DAYS])
def test_few_reports_an_earlier_day_and_the_usual_number_are_no_jump(counts: tuple[int, ...]) -> None:
    assert jumps_of(days(*counts), LAST, MOST) == ()


def test_a_report_counts_once_for_a_term_that_it_names_twice() -> None:
    assert jumps_of([(LAST, ["red", "red"])] * 4, LAST, MOST) == ()


@pytest.mark.parametrize("rate", [0.2, 1.0, 2.0, 5.0])
def test_by_chance_hardly_ever_a_task_comes_of_a_term(rate: float) -> None:
    chance, years, found = np.random.default_rng(20261128), 4, 0
    counts = chance.poisson(rate, 365 * years + DAYS)
    for place in range(DAYS, counts.size):
        window = counts[place - DAYS + 1:place + 1]
        if window[-1] >= 2:
            found += any(jump.is_task for jump in jumps_of(days(*window.tolist()), LAST, MOST))
    assert found == 0  # one in two hundred and forty years at most is to be expected


def test_what_the_screens_may_spend_is_divided_among_all_looks_of_a_year() -> None:
    allowed = Allowed(0.2)
    assert (allowed.of_pair(10), allowed.of_pair(5000)) == (0.1 / LEAST_LOOKS, 0.1 / 5000)
    assert allowed.of_jump(40) == 0.1 / (365 * 40)
    assert chance_of_jump(2, 3, 4) == pytest.approx(3 * (1 / 16) * (3 / 4) + 1 / 64)
    assert chance_of_pair(2, 2, 3, 5) == pytest.approx(3 / 10)
