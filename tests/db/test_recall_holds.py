"""Nothing within the scope of a decided recall goes anywhere: what is there, what is on the way, what is made later."""
from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal as D

import pytest
from sqlalchemy import event, insert, select
from sqlalchemy.orm import Session

from tests.db.test_recall_revisions import WITHDRAWAL
from tests.factories_recall import TEXTS, House, decided, make_house, running
from tests.statements import sent
from traceapp.code.printing import refuse_unprintable
from traceapp.core.clock import FixedClock
from traceapp.core.errors import Conflict
from traceapp.core.ids import name_key
from traceapp.core.quantity import Quantity
from traceapp.db import Database
from traceapp.recall.following import GREW_TASK, follow_scopes, is_any_to_follow
from traceapp.recall.model import Recall
from traceapp.recall.revising import withdraw_notice
from traceapp.recall.scope_rule import Rule, RuleKind
from traceapp.recall.scope_taking import TakeRules, take_rules
from traceapp.recall.service import SetScope, set_scope
from traceapp.trace.capture import CaptureDocument
from traceapp.trace.capture_jobs import run_capture
from traceapp.trace.holds import PlaceHold, place_hold
from traceapp.trace.model import Event, Hold, HoldKind, Lot, LotEdge
from traceapp.trace.production import InputLot, ProduceBatch, produce_batch
from traceapp.trace.receiving import ReceiveLot, receive_lot
from traceapp.trace.release import Decide, LiftHold, lift_hold, release_lot
from traceapp.trace.shipping import (
    DisposeUnits,
    ReturnUnits,
    ShipLine,
    ShipLots,
    dispose_units,
    return_units,
    ship_lots,
)
from traceapp.worklist.model import Task


@pytest.fixture
def house(sqlite: Database, clock: FixedClock) -> House:
    return make_house(sqlite, clock)


def ship(session: Session, clock: FixedClock, house: House) -> object:
    return ship_lots(session, house.writer, clock, ShipLots(house.maker.clinic.id, "D-8", clock.now(), None, "", (
        ShipLine(house.second.lot_key, None, D(1)),)))


def use(session: Session, clock: FixedClock, house: House) -> object:
    return produce_batch(session, house.writer, clock, ProduceBatch(
        house.maker.plaster.id, "P-77", Quantity(D(10), "EA"), clock.now(),
        (InputLot(house.glue.lot_key, Quantity(D("0.1"), "KGM")),)))


def label(session: Session, clock: FixedClock, house: House) -> object:
    return refuse_unprintable(session, session.get_one(Lot, house.second.lot_key), "unit", clock)


def write_off(session: Session, clock: FixedClock, house: House) -> object:
    return dispose_units(session, house.writer, clock, DisposeUnits(
        house.second.lot_key, Quantity(D(1), "EA"), clock.now(), "thrown away"))


def free(session: Session, clock: FixedClock, house: House) -> object:
    hold = session.scalars(select(Hold).where(Hold.lot_key == house.second.lot_key, Hold.lifted_at.is_(None))).one()
    return lift_hold(session, house.manager, clock, LiftHold("by hand", lot_key=hold.lot_key, hold_id=hold.id))


@pytest.mark.parametrize("make", (decided, running))
@pytest.mark.parametrize("act", (ship, use, label, write_off, free))
def test_what_is_in_scope_is_not_shipped_used_printed_written_off_or_freed(
        sqlite: Database, clock: FixedClock, house: House, make: Callable[..., Recall],
        act: Callable[..., object]) -> None:
    make(sqlite, clock, house)
    with pytest.raises(Conflict), sqlite.write() as session:
        act(session, clock, house)


def test_what_waits_for_its_release_is_not_released(sqlite: Database, clock: FixedClock, house: House) -> None:
    with sqlite.write() as session:
        lot = receive_lot(session, house.writer, clock, ReceiveLot(
            house.maker.glue.id, "A-5", house.maker.supplier.id, "S-A-5", Quantity(D(3), "KGM"), clock.now()))
    decided(sqlite, clock, house, replace(TEXTS, root_lot_keys=(house.glue.lot_key, lot.lot_key)))
    with pytest.raises(Conflict, match="on hold"), sqlite.write() as session:
        release_lot(session, house.manager, clock, Decide(lot.lot_key, "certificate"))


def test_what_comes_back_stays_stopped(sqlite: Database, clock: FixedClock, house: House) -> None:
    running(sqlite, clock, house)
    with sqlite.write() as session:
        return_units(session, house.writer, clock, ReturnUnits(house.second.lot_key, house.maker.clinic.id, D(5),
                                                               clock.now()))
    with pytest.raises(Conflict, match="recalled"), sqlite.write() as session:
        ship(session, clock, house)


def told_later(database: Database, clock: FixedClock, house: House, **amount: int) -> str:
    """Somebody else's document tells that a batch was made of the bad bulk; answers its key."""
    told = {"type": "TransformationEvent", "eventTime": clock.now().isoformat(), "eventTimeZoneOffset": "+00:00",
             "bizStep": "commissioning", "inputQuantityList": [{"epcClass": house.bulk.uri}],
             "outputQuantityList": [{"epcClass": "https://id.gs1.org/01/09521234543213/10/LATE-1"} | amount]}
    document = {"@context": ["https://ref.gs1.org/standards/epcis/2.0.0/epcis-context.jsonld"],
                "type": "EPCISDocument", "schemaVersion": "2.0", "creationDate": clock.now().isoformat(),
                "epcisBody": {"eventList": [told]}}
    with database.write() as session:
        run_capture(session, house.manager, clock, CaptureDocument("late.json", json.dumps(document).encode()))
        return session.scalars(select(Lot.lot_key).where(Lot.number == "LATE-1")).one()


@pytest.mark.parametrize("make, amount", ((decided, {"quantity": 10}), (running, {"quantity": 10}), (running, {})))
def test_a_lot_that_is_told_of_later_stops_and_somebody_is_asked_to_let_the_scope_grow(
        sqlite: Database, clock: FixedClock, house: House, make: Callable[..., Recall], amount: dict[str, int]) -> None:
    recall = make(sqlite, clock, house)
    key = told_later(sqlite, clock, house, **amount)
    with sqlite.write() as session:
        assert follow_scopes(session, clock) == 1
        lot = session.get_one(Lot, key)
        session.refresh(lot)
        assert lot.is_on_hold
        task = session.scalars(select(Task).where(Task.kind == GREW_TASK)).one()
        assert task.params["recall_id"] == recall.id
        assert follow_scopes(session, clock) == 0  # once


def test_following_again_asks_for_what_happened_and_not_for_the_scope(sqlite: Database, clock: FixedClock,
                                                                       house: House) -> None:
    recall = decided(sqlite, clock, house)

    def follow() -> list[str]:
        asked: list[str] = []
        event.listen(sqlite.engine, "before_cursor_execute", note := lambda *a: asked.append(a[2]))
        try:
            with sqlite.write() as session:
                follow_scopes(session, clock)
        finally:
            event.remove(sqlite.engine, "before_cursor_execute", note)
        return asked

    def seen() -> list[str]:
        clock.move_to(clock.now() + timedelta(minutes=6))
        elsewhere()
        return follow()

    def elsewhere() -> None:
        with sqlite.write() as session:
            receive_lot(session, house.writer, clock, ReceiveLot(
                house.maker.film.id, f"F-{clock.now():%M}", house.maker.supplier.id, "S", Quantity(D(3), "MTR"),
                clock.now()))

    follow()
    seen()
    few = seen()
    with sqlite.write() as session:
        like = {column.name: getattr(session.get_one(Lot, house.first.lot_key), column.key)
                for column in Lot.__table__.columns}
        edge = {column.name: getattr(session.scalars(select(LotEdge).where(
            LotEdge.lot_key == house.glue.lot_key)).first(), column.key) for column in LotEdge.__table__.columns}
        uris = [house.first.uri.replace("P-1", f"W-{number}") for number in range(60)]
        session.execute(insert(Lot), [like | {"lot_key": name_key(uri), "uri": uri, "number": uri[-4:]} for uri in uris])
        session.execute(insert(LotEdge), [edge | {"other_key": name_key(uri)} for uri in uris])
    assert len(seen()) == len(few) <= 16
    assert not any("group_concat" in text for text in few), "nothing is walked down while nothing came in"
    clock.move_to(clock.now() + timedelta(days=1))
    assert any("group_concat" in text for text in seen()), "once a day the whole is looked at"
    with sqlite.read() as session:
        assert len(session.scalars(select(Hold.lot_key).where(
            Hold.source == f"plan:{recall.id}", Hold.lifted_at.is_(None))).all()) == 63


def test_a_delivery_on_its_way_stops_when_it_arrives(sqlite: Database, clock: FixedClock, house: House) -> None:
    recall = decided(sqlite, clock, house)
    with sqlite.write() as session:
        take_rules(session, house.writer, clock, TakeRules(recall.id, (
            Rule(RuleKind.supplier, (house.maker.supplier.id,)),)))
    with sqlite.write() as session:
        lot = receive_lot(session, house.writer, clock, ReceiveLot(
            house.maker.glue.id, "A-6", house.maker.supplier.id, "S-A-6", Quantity(D(3), "KGM"), clock.now()))
        assert follow_scopes(session, clock) == 1
    with pytest.raises(Conflict, match="on hold"), sqlite.write() as session:
        release_lot(session, house.manager, clock, Decide(lot.lot_key, "certificate"))


def test_a_lot_that_was_left_out_for_a_reason_stays_free(sqlite: Database, clock: FixedClock, house: House) -> None:
    recall = decided(sqlite, clock, house)
    with sqlite.write() as session:
        set_scope(session, house.writer, clock, SetScope(
            recall.id, (house.glue.lot_key, house.first.lot_key), left_out={house.second.lot_key: "another reel"}))
        lift_hold(session, house.manager, clock, LiftHold("the decision is narrower", source=f"plan:{recall.id}"))
        follow_scopes(session, clock)
        held = set(session.scalars(select(Hold.lot_key).where(Hold.lifted_at.is_(None))))
    assert held == {house.glue.lot_key, house.first.lot_key}


def test_nothing_is_followed_again_while_nothing_happens(sqlite: Database, clock: FixedClock, house: House) -> None:
    decided(sqlite, clock, house)
    clock.move_to(clock.now() + timedelta(minutes=6))
    with sqlite.write() as session:
        assert is_any_to_follow(session)
        follow_scopes(session, clock)
        assert not is_any_to_follow(session)


def test_a_hold_of_many_lots_marks_them_in_one_statement_and_counts_each_one_revision_up(
        database: Database, clock: FixedClock) -> None:
    house = make_house(database, clock)
    keys = (house.first.lot_key, house.second.lot_key, house.other.lot_key)

    def marks() -> list[tuple[int, bool, bool]]:
        with database.read() as session:
            lots = [session.get_one(Lot, key) for key in keys]
            return [(lot.revision, lot.is_on_hold, lot.is_recalled) for lot in lots]

    before = [revision for revision, _held, _recalled in marks()]
    with database.write() as session:
        place_hold(session, house.writer, clock, PlaceHold(keys[:1], HoldKind.manual, "manual", "torn bags"))
    with sent(database) as asked, database.write() as session:
        place_hold(session, house.writer, clock, PlaceHold(keys, HoldKind.recall, "recall:1", "RC-1"))
        lots = [session.get_one(Lot, key) for key in keys]
        assert [lot.is_recalled for lot in lots] == [True, True, True]
        lots[0].release_note = "seen"  # the object knows its new revision: this is not refused as stale
    assert len([one for one in asked if one.startswith("UPDATE lot SET is_recalled")]) == 1
    assert marks() == [(before[0] + 3, True, True), (before[1] + 1, False, True), (before[2] + 1, False, True)]
    with database.write() as session:
        lift_hold(session, house.writer, clock, LiftHold("over", source="recall:1"))
    assert marks() == [(before[0] + 4, True, False), (before[1] + 2, False, False), (before[2] + 2, False, False)]


def test_a_batch_that_another_recall_has_stays_recalled_for_partners_too(database: Database, clock: FixedClock) -> None:
    house = make_house(database, clock)
    first = running(database, clock, house)
    other = running(database, clock, house, replace(TEXTS, root_lot_keys=(house.second.lot_key,)))
    withdrawn = {}
    for recall in (first, other):
        clock.move_to(clock.now() + timedelta(hours=1))
        with database.write() as session:
            withdraw_notice(session, house.manager, clock, replace(WITHDRAWAL, recall_id=recall.id))
        with database.read() as session:
            said = [json.loads(one.document) for one in session.scalars(
                select(Event).where(Event.recorded_at == clock.now(), Event.biz_step == "holding").order_by(Event.id))]
        withdrawn[recall.id] = {
            (lot["epcClass"].rpartition("/")[2], one["disposition"], "unset" in one.get("persistentDisposition", {}))
            for one in said for lot in one.get("quantityList", [])}
    assert ("P-2", "recalled", False) in withdrawn[first.id]
    assert not any(number == "P-2" and ends for number, _disposition, ends in withdrawn[first.id])
    assert ("P-1", "available", True) in withdrawn[first.id]
    assert ("P-2", "unavailable", True) in withdrawn[other.id]
    with database.read() as session:
        assert not session.get_one(Lot, house.second.lot_key).is_recalled
