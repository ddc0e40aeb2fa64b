"""The table of detection delays: a detector is compared at the false alarms that it really has."""
from __future__ import annotations

import numpy as np
import pytest

from benchmarks.detection_delay import ALPHA, FITTED, ORACLE, delays, line_at, row, spread
from traceapp.signals.plant import Plant

PLANT = Plant(lots=20, raws=0, lines=0)


def test_moving_the_line_gives_every_detector_the_false_alarms_that_were_promised() -> None:
    line = line_at(PLANT, ORACLE, runs=60)
    assert line.before == pytest.approx(100 * ALPHA, abs=0.9)
    strict = line_at(PLANT, FITTED["history 10 lots"], runs=10)
    assert np.isfinite(strict.shift)


def test_a_stricter_line_takes_longer() -> None:
    at, later = delays(PLANT, ORACLE, ("lot", 5.0), (0.0, 4.0), runs=12)
    assert np.all(at <= later) and at.sum() < later.sum()
    assert 10 < np.median(at) < 30


def test_a_ratio_has_its_error_and_plants_not_found_count_as_never() -> None:
    oracle = np.array([10.0, 11, 12, 13, 14, 15, 16, 17, 18, 19])
    assert spread(oracle, oracle) == 0 < spread(oracle[::-1], oracle)
    never = row("x", (np.full(10, np.inf), oracle), "bound 12 days")
    assert never.ratio < 0.01 and never.verdict == "below"
