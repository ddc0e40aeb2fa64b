"""The simulated watch: nodes of every kind, reports divided among them, the promise split over all."""
from __future__ import annotations

import numpy as np
import pytest

from traceapp.core.errors import InvalidInput
from traceapp.signals.learning import known
from traceapp.signals.maxsprt import llr
from traceapp.signals.plant import Common, Plant, draw_reports
from traceapp.signals.watching import Group, Strictness, counted, levels, watch

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
    groups = [Group(1.0, known(PLANT)), Group(0.2, known(PLANT, 0.2))]
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
        llr(count, float(row.expected[7, day])) - row.critical[7])


def test_all_nodes_together_spend_what_was_promised() -> None:
    rates = levels(PLANT, {1.0: 1.0, 0.2: 1.0}, Strictness(0.01, weights={"lot": 3.0}))
    nodes = {layer.kind: len(PLANT.nodes_of(layer.kind)) for layer in PLANT.layers}
    assert sum(rate * nodes[kind] for (kind, _), rate in rates.items()) == pytest.approx(0.01 * PLANT.lots)
    assert rates["lot", 1.0] * nodes["lot"] == pytest.approx(3 * rates["load", 0.2] * nodes["load"])


@pytest.mark.parametrize("wrong", [("two words", 3, "turn"), ("load", 0, "run"), ("load", 3, "elsewhere")])
def test_a_kind_that_makes_no_sense_is_refused(wrong: tuple[str, int, str]) -> None:
    with pytest.raises(InvalidInput):
        Common(*wrong)  # type: ignore[arg-type]
