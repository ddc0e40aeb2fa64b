"""What a simulated detector learns: near the truth with many reports, careful with few."""
from __future__ import annotations

import numpy as np
import pytest

from traceapp.core.errors import InvalidInput
from traceapp.signals.careful import CarefulDelay
from traceapp.signals.delay import Delay
from traceapp.signals.exposure import day_chances
from traceapp.signals.learning import Past, known, learn
from traceapp.signals.plant import Plant

SLOW = Delay(use_mean_days=30.0, report_mean_days=15.0)
LARGE = Plant(lots=4, units=60_000)


def test_many_reports_teach_the_true_rate_and_wait_whatever_was_stated() -> None:
    found = learn(LARGE, Past(12, stated=SLOW), np.random.default_rng(3))
    assert found.rate == pytest.approx(LARGE.rate, rel=0.1)
    assert found.history is not None and found.history > 500
    assert isinstance(found.law, CarefulDelay) and found.law.reports > found.history * 0.99
    true, learnt, stated = (day_chances(law, 60) for law in (LARGE.delay, found.law.law, SLOW))
    assert np.abs(learnt - true).max() < 0.06 < np.abs(stated - true).max() / 2


def test_hardly_any_report_leaves_the_stated_wait_in_force() -> None:
    found = learn(Plant(lots=4, units=200), Past(6, stated=SLOW), np.random.default_rng(3))
    assert isinstance(found.law, CarefulDelay) and found.law.law == SLOW
    assert found.history is not None and found.history < 20


def test_a_graver_part_of_the_reports_has_its_own_rate_and_shorter_history() -> None:
    whole = learn(LARGE, Past(12), np.random.default_rng(3))
    part = learn(LARGE, Past(12), np.random.default_rng(3), share=0.25)
    assert part.rate == pytest.approx(whole.rate / 4, rel=0.2)
    assert part.history is not None and whole.history is not None and part.history < whole.history / 3
    assert known(LARGE, 0.25).rate == LARGE.rate / 4 and known(LARGE).history is None


def test_sister_products_steady_the_rate_of_a_product_with_few_reports() -> None:
    plant = Plant(lots=4, units=600)
    alone, among = (
        [learn(plant, Past(6, family), np.random.default_rng(seed)).rate / plant.rate for seed in range(25)]
        for family in (0, 8))
    assert np.std(among) < 0.75 * np.std(alone)


@pytest.mark.parametrize("wrong", [{"lots": 0}, {"family": -1}, {"spread": -0.1}])
def test_a_past_that_makes_no_sense_is_refused(wrong: dict[str, float]) -> None:
    with pytest.raises(InvalidInput):
        Past(**wrong)  # type: ignore[arg-type]
