"""A recall takes in what is downstream, no more and no less, and says why."""
from __future__ import annotations

from decimal import Decimal as D

import pytest
from sqlalchemy import event, insert, select

from tests.factories_recall import House, make_house, opened
from traceapp.catalog.model import PartyContact
from traceapp.core.clock import FixedClock
from traceapp.core.errors import Forbidden, InvalidInput, NotFound, Stale
from traceapp.db import Database
from traceapp.identity.model import User
from traceapp.identity.service import actor_of
from traceapp.recall.model import RecallLot
from traceapp.recall.scope import Scope, frozen_hash, propose_scope, units_of
from traceapp.recall.service import SetScope, set_scope
from traceapp.trace.genealogy import trace_lot
from traceapp.trace.model import Lot, LotEdge


@pytest.fixture
def house(database: Database, clock: FixedClock) -> House:
    return make_house(database, clock)


def test_a_raw_lot_takes_in_what_was_made_of_it_and_nothing_else(database: Database, house: House) -> None:
    with database.read() as session:
        scope = propose_scope(session, house.glue.lot_key)
    assert {lot.number: (lot.why, lot.path) for lot in scope.lots} == {
        "A-1": ("chosen", ("A-1",)), "P-1": ("finished", ("A-1", "B-1", "P-1")), "P-2": ("finished", ("A-1", "P-2"))}
    assert scope.passed_through == 1  # the bulk is used up


def test_quantities_are_net_of_returns_and_add_up_by_consignee(database: Database, house: House) -> None:
    with database.read() as session:
        scope = propose_scope(session, house.glue.lot_key)
    lots = {lot.number: (lot.made, lot.in_stock, lot.shipped) for lot in scope.lots}
    assert lots == {"A-1": (D(10), D(1), D(0)), "P-1": (D(1000), D(450), D(550)), "P-2": (D(2000), D(1000), D(1000))}
    assert {row.name_en: dict(row.units) for row in scope.consignees} == {
        "Clinic One": {house.first.lot_key: D(350), house.second.lot_key: D(1000)},
        "Hospital Two": {house.first.lot_key: D(200)}}
    assert {(total.unit, total.lots, total.shipped) for total in scope.totals} == {("KGM", 1, D(0)), ("EA", 2, D(1550))}


def test_the_scope_lies_inside_the_trace_and_leaves_out_only_what_is_used_up(database: Database,
                                                                             house: House) -> None:
    with database.read() as session:
        for root in (house.glue, house.film, house.other_glue, house.bulk, house.other):
            scope = propose_scope(session, root.lot_key)
            nodes = {node.lot_key: node for node in trace_lot(session, root.lot_key, "downstream").nodes}
            assert scope.lot_keys <= nodes.keys()
            left_out = [nodes[key] for key in nodes.keys() - scope.lot_keys]
            assert all(node.stock == 0 and node.shipped == 0 for node in left_out)
            assert scope.passed_through == len(left_out)


def test_a_finished_lot_alone_is_a_scope_of_one(database: Database, house: House) -> None:
    with database.read() as session:
        scope = propose_scope(session, house.other.lot_key)
    assert [lot.number for lot in scope.lots] == ["P-9"]
    assert [row.name_en for row in scope.consignees] == ["Hospital Two"]


@pytest.mark.parametrize(("contact", "has_address"), [
    ({}, True), ({"email": "", "mobile": "+8613700000000"}, True), ({"email": ""}, False), ({"is_active": False}, False),
    ({"gets_recalls": False}, False)])
def test_who_can_be_written_to_by_some_way_has_an_address(database: Database, house: House, contact: dict[str, object],
                                                          has_address: bool) -> None:
    with database.write() as session:
        for one in session.scalars(select(PartyContact)):
            for name, value in contact.items():
                setattr(one, name, value)
    with database.read() as session:
        assert {one.has_address for one in propose_scope(session, house.other.lot_key).consignees} == {has_address}


def test_several_chosen_lots_are_one_scope(database: Database, house: House) -> None:
    with database.read() as session:
        scope = propose_scope(session, (house.glue.lot_key, house.other_glue.lot_key))
    assert {lot.number for lot in scope.lots} == {"A-1", "A-9", "P-1", "P-2", "P-9"}


def test_a_material_of_which_something_is_left_is_in_scope(database: Database, house: House) -> None:
    with database.read() as session:
        scope = propose_scope(session, house.film.lot_key)
    assert {lot.number: lot.why for lot in scope.lots} == {
        "F-1": "chosen", "P-1": "finished", "P-2": "finished", "P-9": "finished"}


def test_an_unknown_lot_is_refused_by_name(database: Database, house: House) -> None:
    with database.read() as session, pytest.raises(NotFound, match="no-such-lot"):
        propose_scope(session, "no-such-lot")


def statements(database: Database, key: str) -> list[str]:
    asked: list[str] = []
    event.listen(database.engine, "before_cursor_execute", note := lambda *told: asked.append(told[2]))
    try:
        with database.read() as session:
            propose_scope(session, key)
    finally:
        event.remove(database.engine, "before_cursor_execute", note)
    return asked


def test_a_scope_asks_once_a_step_and_four_times_besides(database: Database, house: House) -> None:
    assert len(statements(database, house.other.lot_key)) == 1 + 4
    assert len(statements(database, house.glue.lot_key)) == 3 + 4  # to bulk, to batches, nothing further


def test_opening_stores_the_whole_proposal_as_the_draft(database: Database, clock: FixedClock, house: House) -> None:
    recall = opened(database, clock, house)
    with database.read() as session:
        rows = session.scalars(select(RecallLot).where(RecallLot.recall_id == recall.id)).all()
    assert {row.lot_key: row.path for row in rows} == {
        house.glue.lot_key: "A-1", house.first.lot_key: "A-1 → B-1 → P-1", house.second.lot_key: "A-1 → P-2"}


def test_a_proposed_lot_is_left_out_only_for_a_reason(database: Database, clock: FixedClock, house: House) -> None:
    recall = opened(database, clock, house)
    keys = (house.glue.lot_key, house.first.lot_key)
    with pytest.raises(InvalidInput, match="P-2") as refused, database.write() as session:
        set_scope(session, house.writer, clock, SetScope(recall.id, keys, left_out={house.second.lot_key: "  "}))
    assert refused.value.errors == {f"left_out/{house.second.lot_key}": "P-2"}
    with database.write() as session:
        scope = set_scope(session, house.writer, clock, SetScope(
            recall.id, keys, left_out={house.second.lot_key: "other side of the reel"}))
    assert {lot.number for lot in scope.lots} == {"A-1", "P-1"}


def test_a_lot_that_is_not_downstream_may_be_added_by_hand(database: Database, clock: FixedClock, house: House) -> None:
    recall = opened(database, clock, house)
    keys = (house.glue.lot_key, house.first.lot_key, house.second.lot_key, house.other.lot_key)
    with database.write() as session:
        scope = set_scope(session, house.writer, clock, SetScope(recall.id, keys))
    added = next(lot for lot in scope.lots if lot.number == "P-9")
    assert added.path == ("P-9",)
    assert added.shipped == D(500)


def test_an_old_form_does_not_overwrite_a_newer_scope(database: Database, clock: FixedClock, house: House) -> None:
    recall = opened(database, clock, house)
    keys = (house.glue.lot_key, house.first.lot_key, house.second.lot_key)
    with database.write() as session:
        set_scope(session, house.writer, clock, SetScope(recall.id, keys, revision=recall.revision))
    with pytest.raises(Stale), database.write() as session:
        set_scope(session, house.writer, clock, SetScope(recall.id, keys, revision=recall.revision))


def test_only_quality_chooses_a_scope(database: Database, clock: FixedClock, house: House) -> None:
    recall = opened(database, clock, house)
    operator = User(id="u-op", role="operator", name="Op", jurisdictions=[], product_ids=[])
    with pytest.raises(Forbidden), database.write() as session:
        set_scope(session, actor_of(operator), clock, SetScope(recall.id, (house.first.lot_key,)))


def test_a_scope_cannot_be_emptied(database: Database, clock: FixedClock, house: House) -> None:
    recall = opened(database, clock, house)
    with pytest.raises(InvalidInput, match="at least one lot"), database.write() as session:
        set_scope(session, house.writer, clock, SetScope(recall.id, ()))


def test_the_scope_hash_changes_with_quantities_and_reasons_only(database: Database, clock: FixedClock,
                                                                 house: House) -> None:
    with database.read() as session:
        one, again = propose_scope(session, house.glue.lot_key), propose_scope(session, house.glue.lot_key)
        other = propose_scope(session, house.other.lot_key)

    def hashed(scope: Scope, left_out: dict[str, str] | None = None) -> str:
        return frozen_hash(((lot.lot_key, lot.made, lot.in_stock, lot.shipped) for lot in scope.lots), units_of(scope),
                           left_out or {})

    assert hashed(one) == hashed(again)
    assert len({hashed(one), hashed(other), hashed(one, {"a": "reason"})}) == 3


def widened(database: Database, house: House, lots: int) -> None:
    """`lots` more batches of the bad bulk, written straight into the tables."""
    with database.write() as session:
        like = {column.name: getattr(session.get_one(Lot, house.first.lot_key), column.key)
                for column in Lot.__table__.columns}
        keys = [f"{position:032x}" for position in range(lots)]
        session.execute(insert(Lot), [like | {"lot_key": key, "uri": f"urn:test:{key}", "number": f"W-{key[-6:]}"}
                                      for key in keys])
        made_of = session.scalars(select(LotEdge).where(LotEdge.lot_key == house.bulk.lot_key,
                                                        LotEdge.direction == "down")).first()
        assert made_of is not None
        edge = {column.name: getattr(made_of, column.key) for column in LotEdge.__table__.columns}
        session.execute(insert(LotEdge), [edge | {"other_key": key} for key in keys])


def test_a_scope_of_a_thousand_lots_asks_no_more_often(database: Database, house: House) -> None:
    widened(database, house, 1200)
    with database.read() as session:
        assert len(propose_scope(session, house.glue.lot_key).lots) == 1203
    assert len(statements(database, house.glue.lot_key)) == 3 + 4
