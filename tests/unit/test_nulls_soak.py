"""The year without a fault: what is promised is split over the nodes of every kind, and each alarm is counted."""
from __future__ import annotations

from dataclasses import replace

import pytest

from benchmarks.soak import nulls
from traceapp.signals.budget import SCREENS, Split
from traceapp.signals.watching import budget_kind, node_levels


def test_the_nodes_of_a_year_spend_what_is_left_beside_the_screens() -> None:
    split = Split()
    assert {budget_kind(layer.kind) for layer in nulls.SMALL.layers} == set(split.weights) - {SCREENS}
    assert sum(node_levels(nulls.SMALL, split).values()) <= 0.009 * nulls.SMALL.lots


def test_false_alarms_are_counted_in_a_hundred_lots_with_an_interval() -> None:
    plant = replace(nulls.SMALL, lots=20, days_between=7.0)
    told = nulls._years(plant, None, 6, seed=3)
    assert told["lots"] == 120 and told["interval"][0] <= told["per_100_lots"] <= told["interval"][1]
    assert told["per_100_lots"] == pytest.approx(100 * sum(told["by_kind"].values()) / 120, abs=0.001)
    # A rate that is really twice the one believed must show: the promise is broken and the run says so.
    believed = nulls._watch(plant, None, (3, 0))
    doubled = replace(plant, baseline=2 * plant.baseline)
    rng = nulls.np.random.default_rng(4)
    alarms = sum(sum(nulls._alarms(believed, nulls.draw_reports(doubled, (), 1.0, rng)).values()) for _ in range(6))
    assert alarms > 5 * max(1, sum(told["by_kind"].values()))
