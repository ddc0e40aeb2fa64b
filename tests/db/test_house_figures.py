"""The figures of the house come from its drills, and lots that add up are counted within one per cent."""
from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from decimal import Decimal

import pytest

from tests.factories_recall import VAULT, House, make_house, running
from traceapp.core.clock import FixedClock
from traceapp.db import Database
from traceapp.recall.drilling import AskDrill, ask_drill, run_drill
from traceapp.recall.figures import FigureKind, Unsaid
from traceapp.recall.house_figures import house_figures, mass_balance
from traceapp.recall.reconciling import balances_of


@pytest.fixture
def house(database: Database, clock: FixedClock) -> House:
    return make_house(database, clock)


def test_what_no_drill_measured_is_not_said_and_what_one_did_counts_for_a_year(
        database: Database, clock: FixedClock, house: House) -> None:
    def found() -> dict[FigureKind, object]:
        with database.read() as session:
            return {one.kind: one.unsaid or one for one in house_figures(session, clock)}

    before = found()
    assert [before[kind] for kind in (FigureKind.trace_time, FigureKind.scope_precision, FigureKind.scope_recall)] == [
        Unsaid.no_drill] * 3
    with database.write() as session:
        ask_drill(session, house.writer, clock, AskDrill("forward", 7, house.glue.lot_key))
    assert run_drill(database, clock, VAULT) is not None
    with database.read() as session:
        by_kind = {one.kind: one for one in house_figures(session, clock)}
    assert by_kind[FigureKind.trace_time].is_met and (by_kind[FigureKind.trace_time].hours or 0) < 0.1
    assert (by_kind[FigureKind.scope_precision].share, by_kind[FigureKind.scope_recall].share) == (1.0, 1.0)
    assert (by_kind[FigureKind.drill_cadence].part, by_kind[FigureKind.drill_cadence].whole) == (1, 1)
    clock.move_to(clock.now() + timedelta(days=366))
    after = found()
    assert after[FigureKind.trace_time] == after[FigureKind.scope_recall] == Unsaid.no_drill


def test_a_lot_adds_up_within_one_per_cent_or_explained(database: Database, clock: FixedClock, house: House) -> None:
    recall = running(database, clock, house)
    with database.read() as session:
        first, *_rest = [one for one in balances_of(session, recall.id) if one.number == "P-1"]
    # 1000 were made, 450 are here, nobody has answered for 550.
    assert (first.made, first.difference) == (Decimal(1000), Decimal(550))
    close = replace(first, on_hand=Decimal(540))  # ten are missing: one per cent
    more = replace(first, on_hand=Decimal(539))
    told = replace(more, explained=Decimal(11))
    found = mass_balance([first, close, more, told])
    assert (found.part, found.whole, found.is_met) == (2, 4, False)
    waits = mass_balance([first, close])  # what is missing of the first is what nobody has accounted for yet
    assert (waits.part, waits.whole, waits.unsaid, waits.is_met) == (1, 2, Unsaid.not_all_accounted, None)
    assert mass_balance([replace(first, made=Decimal(0))]).unsaid == Unsaid.nothing_made
