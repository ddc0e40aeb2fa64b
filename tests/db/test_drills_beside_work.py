"""A drill stands for the moment at which its scope was frozen: what really moves while it is played is no gap."""
from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from decimal import Decimal

import pytest
from sqlalchemy import delete, select, update

from tests.factories_drill import begun
from tests.factories_recall import TEXTS, VAULT, House, make_house, submitted
from traceapp.core.clock import FixedClock
from traceapp.core.quantity import Quantity
from traceapp.db import Database
from traceapp.recall.book_model import LotDifference
from traceapp.recall.drill_model import Drill, DrillLot
from traceapp.recall.drill_truth import walk_events
from traceapp.recall.drilling import run_drill
from traceapp.recall.house_figures import mass_balance
from traceapp.recall.reconciling import balances_of
from traceapp.trace.model import ShipmentLine
from traceapp.trace.production import InputLot, ProduceBatch, produce_batch
from traceapp.trace.shipping import ReturnUnits, ShipLine, ShipLots, return_units, ship_lots


@pytest.fixture
def house(database: Database, clock: FixedClock) -> House:
    return make_house(database, clock)


def work_goes_on(database: Database, clock: FixedClock, house: House) -> None:
    """A minute later: units go out and come back, and the last glue goes into a new batch."""
    clock.move_to(clock.now() + timedelta(minutes=1))
    with database.write() as session:
        ship_lots(session, house.writer, clock, ShipLots(house.maker.clinic.id, "D-9", clock.now(), None, "", (
            ShipLine(house.first.lot_key, None, Decimal(5)),)))
        return_units(session, house.writer, clock, ReturnUnits(
            house.second.lot_key, house.maker.clinic.id, Decimal(30), clock.now()))
        produce_batch(session, house.writer, clock, ProduceBatch(
            house.maker.plaster.id, "P-3", Quantity(Decimal(400), house.maker.plaster.unit), clock.now(),
            (InputLot(house.glue.lot_key, Quantity(Decimal(1), "KGM")),)))
    clock.move_to(clock.now() + timedelta(minutes=1))


def ended(database: Database, clock: FixedClock, drill_id: str) -> Drill:
    assert run_drill(database, clock, VAULT, drill_id) == drill_id
    with database.read() as session:
        return session.get_one(Drill, drill_id)


@pytest.mark.parametrize("step", ["answer", "ask", "close", "report"])
def test_what_moves_while_a_drill_is_played_is_named_and_is_no_gap(
        database: Database, clock: FixedClock, house: House, step: str) -> None:
    drill_id = begun(database, clock, house, "" if step == "report" else step)
    frozen = clock.now()
    work_goes_on(database, clock, house)
    drill = ended(database, clock, drill_id)
    report, truth = drill.report, drill.report["truth"]
    assert (drill.state, report["gaps"], report["is_placed"]) == ("done", [], True)
    assert (truth["precision"], truth["recall"], truth["missing"], truth["extra"], truth["units"]) == ("1", "1", [], [], [])
    assert [(row["kind"], row["name"], row.get("amount")) for row in report["moved"]] == [
        ("consumed", "A-1", "1"), ("shipped", "P-1", "5"), ("returned", "P-2", "30"), ("came", "P-3", None)]
    assert (report["moved_count"], report["frozen_at"]) == (4, frozen.isoformat())
    plaster, = [row for row in report["units"] if row["name_en"] == house.maker.plaster.name_en]
    assert (plaster["made"], plaster["shipped"], plaster["in_stock"]) == ("3000", "1550", "1450")
    with database.read() as session:
        said = set(session.scalars(select(LotDifference.reason)))
    assert not any("gap" in reason for reason in said)


def test_a_gap_of_before_stays_one_beside_what_moved(sqlite: Database, clock: FixedClock) -> None:
    house = make_house(sqlite, clock)
    with sqlite.write() as session:
        session.execute(update(ShipmentLine).where(ShipmentLine.lot_key == house.second.lot_key).values(units=999))
    drill_id = begun(sqlite, clock, house, "answer")
    work_goes_on(sqlite, clock, house)
    report = ended(sqlite, clock, drill_id).report
    assert {(gap["kind"], gap.get("amount")) for gap in report["gaps"]} == {
        ("units", "999"), ("no_shipment", "1"), ("unplaced", "1"), ("unbalanced", "1")}
    assert [row["kind"] for row in report["moved"]] == ["consumed", "shipped", "returned", "came"]


def test_the_books_of_a_drill_stay_as_they_were_whatever_moves_after_its_end(
        database: Database, clock: FixedClock, house: House) -> None:
    drill = ended(database, clock, begun(database, clock, house, "answer"))
    work_goes_on(database, clock, house)
    with database.read() as session:
        balances = balances_of(session, drill.recall_id or "")
        assert {(one.difference, one.beside) for one in balances} == {(0, 0)} and len(balances) == 3
        figure = mass_balance(balances)
        assert (figure.part, figure.whole) == (3, 3)


def test_a_drill_that_people_play_is_balanced_by_what_was_frozen_too(sqlite: Database, clock: FixedClock) -> None:
    house = make_house(sqlite, clock)
    recall = submitted(sqlite, clock, house, replace(TEXTS, is_drill=True, root_lot_keys=(house.glue.lot_key,)))
    work_goes_on(sqlite, clock, house)
    with sqlite.read() as session:
        first, = [one for one in balances_of(session, recall.id) if one.number == "P-1"]
        assert (first.stock, first.beside) == (450, 0)


def test_a_drill_that_kept_nothing_when_it_was_frozen_is_compared_with_what_there_is(
        sqlite: Database, clock: FixedClock) -> None:
    house = make_house(sqlite, clock)
    drill_id = begun(sqlite, clock, house, "answer")
    with sqlite.write() as session:
        session.execute(delete(DrillLot))
    work_goes_on(sqlite, clock, house)
    report = ended(sqlite, clock, drill_id).report
    assert report["moved"] == [] and report["frozen_at"] is None
    assert {gap["kind"] for gap in report["gaps"]} >= {"missing", "units"}


def test_the_events_say_what_stood_at_a_moment_and_what_came_later(sqlite: Database, clock: FixedClock) -> None:
    house, then = make_house(sqlite, clock), clock.now()
    with sqlite.read() as session:
        before = walk_events(session, house.glue.lot_key)
    work_goes_on(sqlite, clock, house)
    with sqlite.read() as session:
        told, now = walk_events(session, house.glue.lot_key, until=then), walk_events(session, house.glue.lot_key)
    assert told.books == before.books and before.came == frozenset()
    assert told.came == now.books.keys() - before.books.keys() and len(told.came) == 1
