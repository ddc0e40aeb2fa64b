"""CUSUM: published mean run lengths, and a simulation that knows nothing of the Markov chain."""
from __future__ import annotations

import math

import numpy as np
import pytest

from traceapp.core.errors import InvalidInput
from traceapp.signals.cusum import average_run_length, path, reference_value
from traceapp.signals.errors import NoExposure


@pytest.mark.parametrize(
    ("h", "k", "usual", "printed"),
    [
        (10, 3, 2.4, (548.362266, 6.148171, 2.950254)),
        (5, 2, 1, (1903.543495, 19.796743, 5.365628)),
        (6, 1.5, 1, (602.267537, 11.405656, 4.696142)),
    ],
)
def test_mean_run_lengths_are_the_published_ones(
    h: float, k: float, usual: float, printed: tuple[float, ...]
) -> None:
    assert [round(average_run_length(h, k, usual * ratio), 6) for ratio in (1, 2, 3)] == list(printed)


def test_a_head_start_shortens_the_run_as_published() -> None:
    assert round(average_run_length(10, 3, 2.4, head_start=5), 6) == 513.671872


def test_the_mean_run_agrees_with_simulated_processes() -> None:
    rng = np.random.default_rng(7)
    level, alive, ran = np.full(20_000, 1.25), np.ones(20_000, dtype=bool), np.zeros(20_000)
    while alive.any():
        ran[alive] += 1
        level = np.maximum(0.0, level + rng.poisson(1.3, 20_000) - 1.5)
        alive &= level < 4.5
    exact = average_run_length(4.5, 1.5, 1.3, head_start=1.25)
    assert abs(ran.mean() - exact) < 4 * ran.std() / math.sqrt(ran.size)


def test_a_limit_between_two_reachable_values_is_the_upper_one() -> None:
    assert average_run_length(4.7, 2, 1) == average_run_length(5, 2, 1)


def test_the_allowance_for_a_doubled_rate_is_one_over_ln_2() -> None:
    assert reference_value(1, 2) == pytest.approx(1.442695, abs=5e-7)


def test_the_path_with_changing_means_follows_the_definition() -> None:
    found = path([0, 3, 0, 2], [1.0, 0.5, 2.0, 0.1], 3.0)
    rise = math.log(3)
    assert found.tolist() == pytest.approx([0, 3 * rise - 1, 0, 2 * rise - 0.2])


def test_a_complaint_in_a_period_without_exposure_is_refused() -> None:
    with pytest.raises(NoExposure, match="period 1"):
        path([0, 1], [0.5, 0.0], 2.0)


@pytest.mark.parametrize("bad", [(0, 1, 1), (5, 0, 1), (5, 1, 0), (5, 1.4426950408889634, 1), (float("nan"), 1, 1)])
def test_an_impossible_chart_is_refused(bad: tuple[float, float, float]) -> None:
    with pytest.raises(InvalidInput):
        average_run_length(*bad)


@pytest.mark.parametrize("chart", [(60, 3, 0.2), (10, 9, 0.1), (12, 5, 1.2)])
def test_an_alarm_so_rare_that_rounding_would_make_the_figure_is_refused(chart: tuple[float, float, float]) -> None:
    # The second one's true mean run is 1.3e36, of which 5e15 came out.
    with pytest.raises(InvalidInput, match="so rare"):
        average_run_length(*chart)
