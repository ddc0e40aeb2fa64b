"""A wait learnt from few reports is taken shorter than it seems, one from many hardly."""
from __future__ import annotations

import numpy as np
import pytest

from traceapp.core.errors import InvalidInput
from traceapp.signals.careful import CarefulDelay
from traceapp.signals.delay import Delay
from traceapp.signals.exposure import day_chances

DAYS = np.array([-1.0, 0.0, 5.0, 20.0, 1e6])


def test_the_edge_lies_two_standard_errors_above_the_law_and_ends_with_it() -> None:
    plain, careful = Delay().cdf(DAYS), CarefulDelay(Delay(), 100).cdf(DAYS)
    assert careful[3] == pytest.approx(plain[3] + 0.2 * np.sqrt(plain[3] * (1 - plain[3])))
    assert (careful[0], careful[1], careful[-1]) == (0.0, 0.0, 1.0)
    assert np.all(np.diff(careful) >= 0)


def test_more_reports_come_nearer_to_the_law() -> None:
    plain, few, many = (day_chances(law, 80) for law in (Delay(), CarefulDelay(Delay(), 30), CarefulDelay(Delay(), 10**6)))
    assert np.all(few[1:60] > many[1:60]) and np.abs(many - plain).max() < 0.002


def test_a_share_of_an_empirical_law_rarely_passes_the_edge() -> None:
    rng = np.random.default_rng(4)
    waits = rng.exponential(14.0, (400, 60)) + rng.gamma(1.5, 7 / 1.5, (400, 60))
    edge = CarefulDelay(Delay(), 60).cdf(np.array([15.0]))[0]
    assert np.mean((waits <= 15.0).mean(axis=1) > edge) < 0.06


def test_a_wait_learnt_from_nothing_is_refused() -> None:
    with pytest.raises(InvalidInput):
        CarefulDelay(Delay(), 0)
