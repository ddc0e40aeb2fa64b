"""Plants drawn for planning: what is drawn has the rates asked for, and the watch keeps its promises."""
from __future__ import annotations

import csv
import io
from dataclasses import replace

import numpy as np
import pytest

from traceapp.cli import main
from traceapp.core.errors import InvalidInput
from traceapp.signals.causes import Chance
from traceapp.signals.delay import Delay
from traceapp.signals.learning import Past, learn
from traceapp.signals.plant import Plant, draw_reports, plant_cause
from traceapp.signals.simulation import Detector, budget, information_bound, simulate

SMALL = Plant(lots=12, raws=1, lines=2)
LOTS_ONLY = Plant(lots=12, raws=0, lines=0)


def test_every_lot_has_its_raw_lot_and_its_line() -> None:
    assert SMALL.nodes_of("raw") == ["raw 1-1", "raw 1-2", "raw 1-3"]
    assert SMALL.nodes["raw 1-2"] == (4, 5, 6, 7)
    assert SMALL.nodes["line 2"] == (1, 3, 5, 7, 9, 11)
    assert sorted(lot for name in SMALL.nodes_of("raw") for lot in SMALL.nodes[name]) == list(range(12))
    assert LOTS_ONLY.nodes_of("line") == [] and plant_cause(LOTS_ONLY, "lot") == "lot 7"


def test_the_second_material_changes_between_the_changes_of_the_first() -> None:
    plant = Plant(lots=8, raws=2)
    assert plant.nodes["raw 1-1"] == (0, 1, 2, 3)
    assert plant.nodes["raw 2-1"] == (0, 1) and plant.nodes["raw 2-2"] == (2, 3, 4, 5)


def test_drawn_reports_have_the_stated_rate_times_and_planted_ratio() -> None:
    plant = Plant(lots=10, units=200_000, counted=0.5)
    reports = draw_reports(plant, (3, 4), 4.0, np.random.default_rng(1))
    counts = np.bincount(reports.lot, minlength=10)
    assert counts[[3, 4]] == pytest.approx(800, rel=0.15)
    assert np.delete(counts, [3, 4]) == pytest.approx(200, rel=0.35)
    waits = reports.reported - reports.delivered
    # Half a day into the day of delivery, cut to whole days: the mean stays that of the law.
    assert waits.mean() == pytest.approx(21.0, abs=1.0)
    since = reports.delivered - plant.released[reports.lot]
    assert (since.min(), since.max()) == (0, 27) and since.mean() == pytest.approx(13.5, abs=0.6)


def test_a_bad_lot_is_found_about_when_the_published_simulation_found_it() -> None:
    # 3,000-unit lots at .2 %, rate ratio 10, one false alarm in a hundred lots: median day 12, 90 % by day 16.
    found = simulate(LOTS_ONLY, "lot", 10.0, chance=Chance(60, 3))
    assert found.detected == 1.0
    assert found.delay_median == pytest.approx(12, abs=2) and found.delay_p90 == pytest.approx(16, abs=4)
    assert found.top1 == 1.0 and found.first_by == "lot"


def test_false_alarms_keep_to_the_budget_of_all_nodes_together() -> None:
    plant = Plant(lots=40)
    spent = sum(budget(plant, 0.01).values())
    # Raw lots and lines are fewer than a year is taken to bring, so that a part is kept for those to come.
    assert 0.2 < spent <= 0.4
    found = simulate(plant, "none", 1.0, chance=Chance(150, 5))
    # 6,000 lots at most one in a hundred: 60 alarms, plus three standard deviations of their number.
    assert found.false_alarms_per_100_lots <= 100 * (60 + 3 * 60**0.5) / 6000
    assert found.delay_median is None and found.top1 is None


def test_a_weak_raw_lot_is_seen_by_its_own_node_more_often_than_by_its_lots() -> None:
    plant = Plant(lots=12, units=500, lines=0)
    alone, shared = (simulate(plant, "raw", 4.0, Detector(as_stated=True, lots_alone=is_alone), chance=Chance(40, 7))
                     for is_alone in (True, False))
    assert shared.detected > alone.detected + 0.1
    assert shared.first_by == "raw"


def test_a_fitted_detector_sees_the_same_plants_and_loses_little() -> None:
    known = simulate(LOTS_ONLY, "lot", 5.0, Detector(knowledge="true"), chance=Chance(25, 2))
    fitted = simulate(LOTS_ONLY, "lot", 5.0, Detector(knowledge="fitted"), chance=Chance(25, 2))
    assert fitted.delay_median is not None and known.delay_median is not None
    assert fitted.delay_median <= 1.3 * known.delay_median
    assert fitted.bound == known.bound


def test_a_detector_that_has_seen_no_report_does_not_know_the_rate() -> None:
    # Six hundred earlier units gave none: it takes them for one, many times the truth.
    plant = Plant(lots=6, units=20_000, baseline=0.0001, raws=0, lines=0)
    blind = replace(plant, units=100)
    told = learn(plant, Past(6), np.random.default_rng(1))
    guessed = learn(blind, Past(6), np.random.default_rng(1))
    assert told.history is not None and told.history > 1 and told.rate < 0.0005
    assert (guessed.history, guessed.rate > 0.001) == (1, True)


def test_lost_shipping_records_cost_days() -> None:
    known = simulate(LOTS_ONLY, "lot", 4.0, chance=Chance(40, 4))
    lost = simulate(LOTS_ONLY, "lot", 4.0, Detector(shipping_known=False), chance=Chance(40, 4))
    assert lost.detected < known.detected or (lost.delay_median or 0) > (known.delay_median or 0)


def test_the_bound_comes_sooner_with_a_larger_ratio_and_never_without_one() -> None:
    days = [information_bound(LOTS_ONLY, (5,), ratio, 0.01) for ratio in (3.0, 5.0, 10.0)]
    assert days == sorted(days, reverse=True) and None not in days
    assert information_bound(LOTS_ONLY, (5,), 1.0, 0.01) is None
    assert information_bound(Plant(lots=3, units=100, raws=0, lines=0), (1,), 1.5, 0.01) is None


def test_the_same_seed_draws_the_same_and_another_one_does_not() -> None:
    first = simulate(SMALL, "raw", 3.0, chance=Chance(10, 1))
    assert first == simulate(SMALL, "raw", 3.0, chance=Chance(10, 1))
    assert first != simulate(SMALL, "raw", 3.0, chance=Chance(10, 2))


@pytest.mark.parametrize("wrong", [
    {"lots": 0}, {"units": 0}, {"days_between": 0.0}, {"baseline": 1.0}, {"counted": 0.0}, {"lots": 6000},
    {"lots": 2000, "days_between": 30.0},
])
def test_a_plant_that_makes_no_sense_is_refused(wrong: dict[str, float]) -> None:
    with pytest.raises(InvalidInput):
        Plant(**wrong)  # type: ignore[arg-type]


def test_a_plant_without_raw_lots_has_none_to_blame() -> None:
    with pytest.raises(InvalidInput, match="no raw"):
        simulate(LOTS_ONLY, "raw", 3.0, chance=Chance(1))


def test_the_command_prints_a_row_a_question(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["signals", "simulate", "--cause", "raw", "none", "--rr", "3", "8", "--knowledge", "true",
                 "--runs", "3", "--lots", "8", "--use-mean-days", "5"]) == 0
    rows = list(csv.DictReader(io.StringIO(capsys.readouterr().out)))
    assert [(row["cause"], row["rate_ratio"]) for row in rows] == [("raw", "3.0"), ("raw", "8.0"), ("none", "1.0")]
    assert Plant(delay=Delay(use_mean_days=5.0)).life < Plant().life
