"""The simulated watch: nodes of every kind, reports divided among them, the promise split over all."""
from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from traceapp.core.errors import InvalidInput
from traceapp.signals.budget import Split
from traceapp.signals.learning import Basis, known
from traceapp.signals.maxsprt import llr
from traceapp.signals.plant import Common, Plant, draw_reports
from traceapp.signals.stages import StagedTest, kept_value, stage_at
from traceapp.signals.watching import Group, Strictness, counted, node_levels, watch

PLANT = Plant(lots=30, units=4000, commons=(
    Common("load", 3, "run"), Common("operator", 4, quarterly=True), Common("consignee", 5, "part")))


def test_lots_are_dealt_to_the_nodes_of_every_kind() -> None:
    assert PLANT.nodes["load 2"] == (3, 4, 5)
    # Lots come every seven days, so that the first quarter holds thirteen of them.
    assert [len(PLANT.nodes_of(kind)) for kind in ("load", "operator", "consignee")] == [10, 12, 5]
    assert PLANT.nodes["operator q1"] == (0, 4, 8, 12)
    assert PLANT.nodes["consignee 3"] == tuple(range(30))


def test_every_report_is_counted_once_in_each_layer() -> None:
    seen = watch(PLANT, [Group(1.0, known(PLANT))], Strictness())
    reports = draw_reports(PLANT, (4,), 6.0, np.random.default_rng(5))
    whole = int((reports.reported < PLANT.days).sum())
    for row in seen.rows:
        table = counted(row, reports, PLANT.days)
        assert table[:, -1].sum() == whole and table.shape == row.expected.shape
        assert row.expected[:, -1].sum() == pytest.approx(seen.expected[:, -1].sum())
    load = next(row for row in seen.rows if row.layer.kind == "load")
    members = [reports.lot == lot for lot in PLANT.nodes["load 2"]]
    assert counted(load, reports, PLANT.days)[1, -1] == np.any(members, axis=0).sum()


def test_the_graver_reports_are_a_part_of_all() -> None:
    groups = [Group(1.0, known(PLANT)), Group(0.2, known(PLANT, 0.2), "serious")]
    seen = watch(PLANT, groups, Strictness())
    reports = draw_reports(PLANT, (), 1.0, np.random.default_rng(5))
    first, graver = (counted(row, reports, PLANT.days) for row in (seen.rows[0], seen.rows[len(seen.rows) // 2]))
    assert np.all(graver <= first) and graver.sum() == pytest.approx(0.2 * first.sum(), rel=0.25)


def test_the_excess_is_the_ratio_less_the_line() -> None:
    seen = watch(PLANT, [Group(1.0, known(PLANT))], Strictness())
    row = seen.rows[0]
    reports = draw_reports(PLANT, (7,), 9.0, np.random.default_rng(6))
    day = int(PLANT.released[7]) + 30
    count = int(counted(row, reports, PLANT.days)[7, day])
    assert count >= 3
    assert seen.excess(row, reports)[7, day] == pytest.approx(
        llr(count, float(row.expected[7, day])) - row.critical[7, day])


def test_all_nodes_of_a_year_together_spend_at_most_what_was_promised_and_not_much_less() -> None:
    plant = Plant(lots=400, days_between=365 / 400, raws=2, lines=0, commons=(
        Common("load", 3, "run"), Common("operator", 20, quarterly=True), Common("consignee", 60, "part", True)))
    split = Split(1.0, {"lot": 40.0, "upstream": 30.0, "load": 10.0, "operator": 10.0, "consignee": 10.0})
    given = node_levels(plant, split)
    assert set(given) == {(name, group) for name in plant.nodes for group in ("harm", "serious")}
    for layer in plant.layers[:1]:
        spent = sum(given[name, "harm"] for name in layer.names)
        assert 0.8 * 0.6 * 1.6 < spent <= 0.6 * 1.6
    assert 0.6 * 4.0 < sum(given.values()) <= 4.0


def test_a_node_that_grows_passes_through_stages_each_with_its_own_line() -> None:
    plant = Plant(lots=40, units=3000, raws=0, lines=1, commons=(Common("line", 1),))
    group = Group(1.0, known(plant))
    seen = watch(plant, [group], Strictness())
    row = next(row for row in seen.rows if row.layer.kind == "line")
    test = StagedTest("line", node_levels(plant, Split())["line 1", "harm"], 4.0, 3)
    for day in (40, 120, 250):
        stage = stage_at(test, 0, float(row.expected[0, day + 1]), None, kept_value)
        assert row.critical[0, day] == stage.critical
    assert len(set(row.critical[0].tolist())) >= 5


def test_beyond_the_exact_lines_a_stage_is_judged_in_its_second_half_with_a_rate_at_its_upper_limit() -> None:
    plant = Plant(lots=40, units=20_000, raws=0, lines=1, commons=(Common("line", 1),))
    seen = watch(plant, [Group(1.0, Basis(plant.rate, plant.delay, 900))], Strictness())
    row = next(row for row in seen.rows if row.layer.kind == "line")
    late = row.expected[0] > 512
    assert late.any() and np.all(row.is_known[0, late]) and np.all(row.margin[0, late] > 1)
    assert not row.is_known[0, row.expected[0] < 200].any()
    reports = draw_reports(plant, (), 1.0, np.random.default_rng(8))
    doubled = replace(reports, lot=np.repeat(reports.lot, 2), delivered=np.repeat(reports.delivered, 2),
                      reported=np.repeat(reports.reported, 2), where=np.repeat(reports.where, 2),
                      grave=np.repeat(reports.grave, 2))
    assert np.all(seen.excess(row, reports)[0, late] < 0) and np.any(seen.excess(row, doubled)[0, late] > 0)


@pytest.mark.parametrize("wrong", [("two words", 3, "turn"), ("load", 0, "run"), ("load", 3, "elsewhere")])
def test_a_kind_that_makes_no_sense_is_refused(wrong: tuple[str, int, str]) -> None:
    with pytest.raises(InvalidInput):
        Common(*wrong)  # type: ignore[arg-type]
