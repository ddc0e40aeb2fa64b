"""What is missing in the records, and how a new event closes it; on both databases."""
from __future__ import annotations

from decimal import Decimal

import pytest
from sqlalchemy import select, update

from tests.db.test_trace_capture import capture, document, made, seen
from tests.factories_trace import CASE_GTIN, Hand, make_batch, make_hand
from tests.statements import traced
from traceapp.catalog.model import Product
from traceapp.core.actor import Actor
from traceapp.core.clock import FixedClock
from traceapp.core.errors import InvalidInput
from traceapp.db import Database
from traceapp.trace.gaps import REPAIRS, GapFilter, GapKind, _statement, gap_page
from traceapp.trace.model import Lot


def gaps(database: Database, kind: GapKind | None = None, **more: object) -> set[tuple[str, str, Decimal | None]]:
    with database.read() as session:
        found = gap_page(session, GapFilter(kind, **more))  # type: ignore[arg-type]
        return {(str(gap.kind), gap.number, gap.amount) for gap in found.rows}


def test_a_plant_that_recorded_everything_misses_nothing(database: Database, actor: Actor, clock: FixedClock) -> None:
    with database.write() as session:
        hand = make_hand(session, actor, clock)
        hand.ship(make_batch(hand), hand.maker.clinic, "1", CASE_GTIN)
    assert gaps(database) == set()


def test_each_kind_is_found_in_others_events(database: Database, actor: Actor, clock: FixedClock) -> None:
    capture(database, actor, clock, document(
        made({"urn:x:nowhere": 4}, {"urn:x:made": 10}), made({"urn:x:made": 15}, {"urn:x:more": 15}, 2),
        made({"urn:x:more": None}, {"urn:x:end": 1}, 3)))
    assert gaps(database) == {
        ("more_out_than_in", "made", Decimal(5)), ("unknown_input", "nowhere", Decimal(4)),
        ("no_quantity", "more", None)}


def test_what_was_passed_on_without_a_source_has_no_receipt(
        database: Database, actor: Actor, clock: FixedClock) -> None:
    capture(database, actor, clock, document(
        seen("urn:x:a", "shipping", 1, quantityList=[{"epcClass": "urn:x:a", "quantity": 3, "uom": "KGM"}])))
    with database.write() as session:
        session.connection().execute(update(Lot).where(Lot.number == "a").values(shipped=Decimal(3), made=Decimal(0)))
    assert gaps(database) == {("no_receipt", "a", Decimal(3))}


def test_a_receipt_closes_the_gap_of_an_unknown_input(database: Database, actor: Actor, clock: FixedClock) -> None:
    with database.write() as session:
        hand = make_hand(session, actor, clock)
        uri = hand.raw(hand.maker.glue, "G9", "1").uri.replace("G9", "G10")
        maker = hand.maker
    capture(database, actor, clock, document(made({uri: 4}, {"urn:x:made": 10})))
    assert ("unknown_input", "G10", Decimal(4)) in gaps(database)
    with database.write() as session:
        lot = Hand(session, actor, clock, maker).receive(maker.glue, "G10", "4")
        assert lot.uri == uri
    assert not {gap for gap in gaps(database) if gap[0] == "unknown_input"}


def test_a_lot_of_ours_that_was_used_without_a_report_is_found_and_an_inspection_closes_it(
        database: Database, actor: Actor, clock: FixedClock) -> None:
    with database.write() as session:
        hand = make_hand(session, actor, clock)
        lot = hand.receive(hand.maker.glue, "G1", "5")
    with database.write() as session:
        session.connection().execute(update(Lot).where(Lot.lot_key == lot.lot_key).values(consumed=Decimal(2)))
    assert gaps(database) == {("no_inspection", "G1", None), ("unaccounted", "G1", Decimal(2))}
    assert gaps(database, GapKind.no_inspection, lot_keys=(lot.lot_key,)) == {("no_inspection", "G1", None)}
    assert gaps(database, lot_keys=("0" * 32,)) == set()


@pytest.mark.parametrize(("percent", "kinds"), [("0", {"unaccounted"}), ("3.9", {"unaccounted"}), ("4.01", set())])
def test_what_the_product_tolerates_is_no_gap(
        database: Database, actor: Actor, clock: FixedClock, percent: str, kinds: set[str]) -> None:
    with database.write() as session:
        hand = make_hand(session, actor, clock)
        make_batch(hand)
        hand.maker.glue.balance_tolerance = Decimal(percent)
        lot = session.scalars(select(Lot).where(Lot.number == "G-B1")).one()
        lot.consumed = (lot.consumed / Decimal("0.96")).quantize(Decimal("0.000001"))  # four percent went nowhere
    assert {kind for kind, _number, _amount in gaps(database)} == kinds


def test_of_a_lot_more_may_go_out_than_came_in_as_the_product_tolerates(
        database: Database, actor: Actor, clock: FixedClock) -> None:
    with database.write() as session:
        hand = make_hand(session, actor, clock)
        uri = hand.raw(hand.maker.glue, "G9", "1").uri.replace("G9", "G10")
        glue = hand.maker.glue.id
    capture(database, actor, clock, document(made({"urn:x:a": 1}, {uri: 100}), made({uri: 102}, {"urn:x:b": 1}, 2)))
    with database.write() as session:
        session.connection().execute(update(Lot).where(Lot.uri == uri).values(product_id=glue))
    assert ("more_out_than_in", "G10", Decimal(2)) in gaps(database)
    with database.write() as session:
        session.connection().execute(update(Product).where(Product.id == glue).values(balance_tolerance=Decimal(2)))
    assert not {gap for gap in gaps(database) if gap[0] == "more_out_than_in"}


def test_pages_follow_one_another_over_the_kinds(database: Database, actor: Actor, clock: FixedClock) -> None:
    capture(database, actor, clock, document(
        *(made({f"urn:x:in{number}": None}, {f"urn:x:out{number}": 1}) for number in range(4))))
    found, after = [], None
    with database.read() as session:
        whole = [(gap.kind, gap.lot_key) for gap in gap_page(session, GapFilter()).rows]
        while True:
            page = gap_page(session, GapFilter(after=after, limit=3))
            found += [(gap.kind, gap.lot_key) for gap in page.rows]
            if (after := page.next) is None:
                break
        assert len(session.scalars(select(Lot.lot_key)).all()) == 8
    assert found == whole
    assert len(whole) == 8


# kind -> (the index of those lots, where they are)
INDEXES = {
    GapKind.more_out_than_in: "ix_lot_overdrawn", GapKind.unknown_input: "ix_lot_of_nowhere",
    GapKind.no_receipt: "ix_lot_of_nowhere", GapKind.no_inspection: "ix_lot_in_use",
    GapKind.unaccounted: "ix_lot_consumed", GapKind.no_quantity: "ix_lot_edge_unstated"}


@pytest.mark.parametrize("kind", GapKind)
def test_each_kind_is_looked_for_in_an_index_of_its_own(database: Database, kind: GapKind) -> None:
    with database.engine.connect() as connection:
        asked = str(_statement(kind, "a").compile(connection, compile_kwargs={"literal_binds": True}))
        if not database.is_sqlite:
            # In an empty table any index costs the same: leave it this one, until the end of this transaction.
            connection.exec_driver_sql("SET LOCAL enable_seqscan = off")
            for (other,) in connection.exec_driver_sql(
                    "SELECT indexname FROM pg_indexes WHERE tablename IN ('lot', 'lot_edge') "
                    f"AND indexname LIKE 'ix%%' AND indexname <> '{INDEXES[kind]}'").all():
                connection.exec_driver_sql(f'DROP INDEX "{other}"')
            table = "lot_edge" if kind is GapKind.no_quantity else "lot"
            connection.exec_driver_sql(f"ALTER TABLE {table} DROP CONSTRAINT pk_{table}")
        plan = connection.exec_driver_sql(
            f"EXPLAIN {'QUERY PLAN ' if database.is_sqlite else ''}{asked.replace('%', '%%')}").all()
        connection.rollback()
    told = " ".join(str(row) for row in plan)
    assert INDEXES[kind] in told


def test_a_page_is_one_statement_a_kind_however_many_lots_there_are(
        sqlite: Database, actor: Actor, clock: FixedClock) -> None:
    def statements() -> int:
        with traced(sqlite) as seen, sqlite.read() as session:
            gap_page(session, GapFilter())
        return len([one for one in seen if one.startswith("SELECT")])

    assert statements() == len(GapKind)
    capture(sqlite, actor, clock, document(
        *(made({f"urn:x:in{number}": None}, {f"urn:x:out{number}": 1}) for number in range(30))))
    assert statements() == len(GapKind)


@pytest.mark.parametrize("after", ["x", "no_receipt.", "no_receipt.zz", "nothing.aa", "no_receipt.aa\n"])
def test_a_place_that_is_not_ours_is_refused(sqlite: Database, after: str) -> None:
    with sqlite.read() as session, pytest.raises(InvalidInput):
        gap_page(session, GapFilter(after=after))


def test_every_kind_has_its_repair() -> None:
    assert set(REPAIRS) == set(GapKind)
