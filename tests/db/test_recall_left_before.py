"""Goods that had left before their batch was stopped and are booked after it: they are in the books, and whoever has
them comes into the recall."""
from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta
from decimal import Decimal

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from tests.factories import PASSWORD, make_user
from tests.factories_recall import (
    TEXTS,
    VAULT,
    WITHOUT,
    House,
    Tray,
    checked,
    decided,
    deliver,
    ended,
    make_house,
    placed,
    running,
    submitted,
    token_of,
)
from traceapp.audit.model import AuditEntry
from traceapp.core.clock import FixedClock
from traceapp.core.errors import Conflict, Forbidden, InvalidInput, Problem
from traceapp.db import Database
from traceapp.identity.service import actor_of
from traceapp.recall.answer import AnswerLine, RecordAnswer, none_left, notice_of_token, record_answer
from traceapp.recall.left_before import book_left_before
from traceapp.recall.model import Notice, Recall, RecallLedger
from traceapp.recall.policy import LineState
from traceapp.recall.positions import units_by_position
from traceapp.recall.queries import ledger_of
from traceapp.recall.reconciling import balances_of
from traceapp.recall.service import (
    ApproveRecall,
    ExtendRecall,
    ReopenRecall,
    ReturnRecall,
    SubmitRecall,
    TerminateRecall,
    approve_recall,
    extend_recall,
    reopen_recall,
    return_recall,
    submit_recall,
    terminate_recall,
)
from traceapp.recall.untold import UNTOLD_DESPATCH_TASK, NoteUntold, note_untold, untold_of
from traceapp.recall.untold_model import UntoldDespatch
from traceapp.trace.holds import MANUAL, LiftHold, PlaceHold, lift_hold, place_hold
from traceapp.trace.left_before import ShipBeforeStop, ship_before_stop
from traceapp.trace.model import HoldKind, ItemPosition, Lot, Shipment
from traceapp.trace.rebuilding import rebuild
from traceapp.trace.shipping import ReturnUnits, ShipLine, ShipLots, return_units, ship_lots
from traceapp.worklist.tasks import open_tasks

D = Decimal
WHY = "The driver's note came a week late."


def despatch(house: House, clock: FixedClock, lot: Lot, units: int, to: str = "", number: str = "D-LATE",
             at: datetime | None = None) -> ShipLots:
    return ShipLots(to or house.maker.hospital.id, number, at or clock.now() - timedelta(days=10), None, "",
                    (ShipLine(lot.lot_key, None, D(units)),))


def book(session: Session, clock: FixedClock, house: House, command: ShipLots, reason: str = WHY) -> Shipment:
    return book_left_before(session, house.writer, clock, ShipBeforeStop(command, reason))


def stopped(session: Session, clock: FixedClock, house: House, lot: Lot) -> None:
    place_hold(session, house.writer, clock, PlaceHold((lot.lot_key,), HoldKind.manual, MANUAL, "looked at"))


def tasks(session: Session) -> list[dict[str, object]]:
    return [dict(task.params) for task in open_tasks(session) if task.kind == UNTOLD_DESPATCH_TASK]


def lines(session: Session, recall: Recall) -> dict[tuple[str, str], tuple[Decimal, Decimal]]:
    return {(row.lot_key, row.consignee_id): (row.shipped, row.more) for row in session.scalars(
        select(RecallLedger).where(RecallLedger.recall_id == recall.id))}


def grow(session: Session, clock: FixedClock, house: House, recall: Recall) -> None:
    extend_recall(session, house.writer, clock, ExtendRecall(recall.id, WHY))
    submit_recall(session, house.writer, clock, SubmitRecall(recall.id, PASSWORD))


def approve(session: Session, clock: FixedClock, house: House, recall: Recall) -> None:
    approve_recall(session, house.manager, clock, ApproveRecall(recall.id, PASSWORD), vault=VAULT)


def test_what_had_left_before_the_hold_is_booked_marked_and_rebuilt(database: Database, clock: FixedClock) -> None:
    house = make_house(database, clock)
    with database.write() as session:
        stopped(session, clock, house, house.second)
    with database.write() as session:
        shipment = book(session, clock, house, despatch(house, clock, house.second, 300))
        assert shipment.late_reason == WHY
        assert session.get_one(Lot, house.second.lot_key).shipped == 1300
        way = session.scalars(select(ItemPosition).where(
            ItemPosition.lot_key == house.second.lot_key, ItemPosition.since == shipment.shipped_at,
            ItemPosition.state == "transit")).one()
        assert way.quantity == 300
        assert session.get_one(Lot, house.second.lot_key).is_on_hold
    with database.write() as session:
        rebuild(session)
    with database.read() as session:
        said = session.scalars(select(AuditEntry.data).where(
            AuditEntry.action == "lot.shipped", AuditEntry.stream == f"lot:{house.second.lot_key}")).all()
        assert [WHY in data for data in said] == [False, True]
        again = session.get_one(Shipment, shipment.id)
        assert (again.late_reason, session.get_one(Lot, house.second.lot_key).shipped) == (WHY, D(1300))


@pytest.mark.parametrize("kind", [HoldKind.manual, HoldKind.recall])
def test_an_ordinary_despatch_stays_refused_and_says_how_to_book_it(database: Database, clock: FixedClock,
                                                                    kind: HoldKind) -> None:
    house = make_house(database, clock)
    with database.write() as session:
        source = MANUAL if kind == HoldKind.manual else "recall:x"
        place_hold(session, house.writer, clock, PlaceHold((house.second.lot_key,), kind, source, "looked at"))
    for at in (clock.now() - timedelta(days=10), clock.now()):
        with pytest.raises(Conflict) as refused, database.write() as session:
            ship_lots(session, house.writer, clock, despatch(house, clock, house.second, 1, at=at))
        assert refused.value.code == ("lot-on-hold" if kind == HoldKind.manual else "lot-recalled")
        assert "had left before" in refused.value.text


def test_a_late_booking_is_refused_without_reason_or_right_or_at_a_time_that_cannot_be(
        database: Database, clock: FixedClock) -> None:
    house = make_house(database, clock)
    operator = actor_of(make_user(database, clock, "operator", "gate"))

    def tried(command: ShipLots, reason: str = WHY, actor: object = None) -> Problem:
        with pytest.raises(Problem) as refused, database.write() as session:
            ship_before_stop(session, actor or house.writer, clock, ShipBeforeStop(command, reason))  # type: ignore[arg-type]
        return refused.value

    assert tried(despatch(house, clock, house.second, 1)).code == "not-stopped"
    with database.write() as session:
        stopped(session, clock, house, house.second)
        since = clock.now()
    clock.move_to(clock.now() + timedelta(days=2))
    ok = despatch(house, clock, house.second, 1, at=since - timedelta(minutes=1))
    assert isinstance(tried(ok, actor=operator), Forbidden)
    assert (tried(ok, " ").code, tried(ok, " ").place) == ("missing", "reason")
    for at, code in ((since, "not-before-stop"), (since + timedelta(days=1), "not-before-stop"),
                     (clock.now() + timedelta(minutes=1), "in-the-future"),
                     (since - timedelta(days=40), "before-made")):
        found = tried(replace(ok, shipped_at=at))
        assert (found.code, found.place) == (code, "shipped_at")
    assert tried(replace(ok, lines=(ShipLine(house.second.lot_key, None, D(9000)),))).code == "not-enough"
    with database.read() as session:
        assert session.get_one(Lot, house.second.lot_key).shipped == 1000


def test_a_stop_that_was_lifted_and_placed_again_counts_for_its_own_time(database: Database,
                                                                         clock: FixedClock) -> None:
    house = make_house(database, clock)
    with database.write() as session:
        first, = place_hold(session, house.writer, clock, PlaceHold(
            (house.second.lot_key,), HoldKind.manual, MANUAL, "first"))
    begun = clock.now()
    clock.move_to(clock.now() + timedelta(days=1))
    with database.write() as session:
        lift_hold(session, house.writer, clock, LiftHold("fine", lot_key=house.second.lot_key, hold_id=first.id))
    clock.move_to(clock.now() + timedelta(days=1))
    between = clock.now()
    clock.move_to(clock.now() + timedelta(days=1))
    with database.write() as session:
        stopped(session, clock, house, house.second)
    with pytest.raises(Conflict) as refused, database.write() as session:
        book(session, clock, house, despatch(house, clock, house.second, 1, at=begun + timedelta(hours=1)))
    assert refused.value.code == "not-before-stop"
    with database.write() as session:
        book(session, clock, house, despatch(house, clock, house.second, 1, at=between))
    with database.read() as session:
        assert session.get_one(Lot, house.second.lot_key).shipped == 1001


def test_before_the_approval_it_simply_is_in_the_books(database: Database, clock: FixedClock) -> None:
    house = make_house(database, clock)
    recall = decided(database, clock, house)
    with database.write() as session:
        book(session, clock, house, despatch(house, clock, house.second, 300))
        assert (tasks(session), untold_of(session, recall.id)) == ([], [])
        submit_recall(session, house.writer, clock, SubmitRecall(recall.id, PASSWORD))
        approve(session, clock, house, recall)
        assert lines(session, recall)[house.second.lot_key, house.maker.hospital.id] == (D(300), D(0))


def test_one_that_is_booked_between_two_signatures_has_to_be_signed_again(database: Database,
                                                                          clock: FixedClock) -> None:
    house = make_house(database, clock)
    recall = submitted(database, clock, house)
    with database.write() as session:
        book(session, clock, house, despatch(house, clock, house.second, 300))
    with pytest.raises(Conflict) as refused, database.write() as session:
        approve(session, clock, house, recall)
    assert refused.value.code == "scope-moved" and "P-2" in refused.value.text


def test_a_consignee_that_nobody_knew_of_is_work_by_name_until_it_was_told(database: Database,
                                                                           clock: FixedClock) -> None:
    house = make_house(database, clock)
    with database.write() as session:
        forgotten = house.maker.supplier.id
    recall = running(database, clock, house)
    with database.write() as session:
        book(session, clock, house, despatch(house, clock, house.second, 300, forgotten))
    with database.read() as session:
        task, = tasks(session)
        assert (task["recall_id"], task["consignee_id"]) == (recall.id, forgotten)
        row, = untold_of(session, recall.id)
        assert (row.lot_key, row.units, row.state) == (house.second.lot_key, D(300), "waiting")
        assert [one.beside for one in balances_of(session, recall.id) if one.number == "P-2"] == [D(300)]
    with database.write() as session:
        grow(session, clock, house, recall)
        assert len(tasks(session)) == 1
        approve(session, clock, house, recall)
        assert (tasks(session), [one.state for one in untold_of(session, recall.id)]) == ([], ["taken"])
        assert lines(session, recall)[house.second.lot_key, forgotten] == (D(300), D(0))
        assert session.get_one(Notice, (recall.id, forgotten)) is not None
        balance = next(one for one in balances_of(session, recall.id) if one.number == "P-2")
        assert (balance.beside, balance.unaccounted, balance.difference) == (D(0), D(1300), D(1300))


def test_a_consignee_that_got_more_is_asked_again_for_all_of_it(database: Database, clock: FixedClock) -> None:
    house = make_house(database, clock)
    recall = running(database, clock, house)
    clinic, tray = house.maker.clinic.id, Tray()
    deliver(database, clock, tray)
    token = token_of(database, recall, clinic)
    with database.write() as session:
        record_answer(session, clock, RecordAnswer(token, tuple(
            AnswerLine(lot.lot_key, D(units), D(0), D(0)) for lot, units in (
                (house.first, 350), (house.second, 1000))), "Nurse"))
        return_units(session, house.writer, clock, ReturnUnits(house.second.lot_key, clinic, D(7), clock.now()))
    with database.write() as session:
        book(session, clock, house, despatch(house, clock, house.second, 300, clinic))
    with database.write() as session:
        grow(session, clock, house, recall)
        assert lines(session, recall)[house.second.lot_key, clinic] == (D(1000), D(300))
        assert notice_of_token(session, token).lines[-1].shipped == 1000
        return_recall(session, house.manager, clock, ReturnRecall(recall.id, "look again"))
        assert lines(session, recall)[house.second.lot_key, clinic] == (D(1000), D(0))
        submit_recall(session, house.writer, clock, SubmitRecall(recall.id, PASSWORD))
    with database.write() as session:
        approve(session, clock, house, recall)
        assert lines(session, recall)[house.second.lot_key, clinic] == (D(1300), D(0))
        states = {line.number: line.state for line in ledger_of(session, recall.id, clinic)}
        assert states == {"P-1": LineState.accounted, "P-2": LineState.unaccounted}
        assert session.get_one(Notice, (recall.id, clinic)).answered_at is None
        assert notice_of_token(session, token).lines[-1].shipped == 1300
    before = len(tray.letters)
    deliver(database, clock, tray)
    assert any("1300" in letter.text or "1,300" in letter.text for letter in tray.letters[before:])


def test_one_that_came_after_the_second_submission_is_not_approved_unseen(database: Database,
                                                                         clock: FixedClock) -> None:
    house = make_house(database, clock)
    recall = running(database, clock, house)
    with database.write() as session:
        book(session, clock, house, despatch(house, clock, house.second, 300, house.maker.clinic.id))
        grow(session, clock, house, recall)
    with database.write() as session:
        book(session, clock, house, despatch(house, clock, house.second, 20, house.maker.clinic.id, "D-LATE-2"))
    with pytest.raises(Conflict) as refused, database.write() as session:
        approve(session, clock, house, recall)
    assert refused.value.code == "scope-moved"


def test_the_recall_does_not_end_while_somebody_was_not_told(database: Database, clock: FixedClock) -> None:
    house = make_house(database, clock)
    recall = running(database, clock, house)
    for consignee in (house.maker.clinic.id, house.maker.hospital.id):
        token = token_of(database, recall, consignee)
        with database.write() as session:
            record_answer(session, clock, RecordAnswer(token, none_left(notice_of_token(session, token)), "Nurse"))
    with database.write() as session:
        book(session, clock, house, despatch(house, clock, house.second, 300))
        checked(session, clock, house, recall.id)
        placed(session, clock, house, recall.id)
    with pytest.raises(Conflict) as refused, database.write() as session:
        terminate_recall(session, house.manager, clock, TerminateRecall(recall.id, "done", PASSWORD, without=WITHOUT))
    assert refused.value.code == "untold-despatch" and "P-2" in refused.value.text
    with pytest.raises(Conflict), database.write() as session:
        row, = untold_of(session, recall.id)
        note_untold(session, house.writer, clock, NoteUntold(recall.id, row.lot_key, row.event_id, "never mind"))


def test_of_an_ended_recall_it_waits_for_a_reason_or_for_the_case_to_be_opened_again(database: Database,
                                                                                    clock: FixedClock) -> None:
    house = make_house(database, clock)
    recall = running(database, clock, house)
    for consignee in (house.maker.clinic.id, house.maker.hospital.id):
        token = token_of(database, recall, consignee)
        with database.write() as session:
            record_answer(session, clock, RecordAnswer(token, none_left(notice_of_token(session, token)), "Nurse"))
    with database.write() as session:
        ended(session, clock, house, recall.id)
    clock.move_to(clock.now() + timedelta(days=1))
    with database.write() as session:
        for units, number in ((300, "D-LATE"), (5, "D-LATE-2")):
            book(session, clock, house, despatch(house, clock, house.second, units, number=number))
        assert len(tasks(session)) == 1
    with database.write() as session:
        small = next(row for row in untold_of(session, recall.id) if row.units == 5)
        note_untold(session, house.writer, clock, NoteUntold(recall.id, small.lot_key, small.event_id, "used up, told"))
        assert [row.state for row in untold_of(session, recall.id)] == ["waiting", "noted"]
        assert len(tasks(session)) == 1
        reopen_recall(session, house.manager, clock, ReopenRecall(recall.id, "units turned up"), vault=VAULT)
        assert len(tasks(session)) == 1


def test_a_drill_and_a_recall_that_nobody_was_told_of_hear_nothing(database: Database, clock: FixedClock) -> None:
    house = make_house(database, clock)
    running(database, clock, house, replace(TEXTS, is_drill=True, root_lot_keys=(house.second.lot_key,)))
    with database.write() as session:
        stopped(session, clock, house, house.second)
        book(session, clock, house, despatch(house, clock, house.second, 300))
        assert session.scalars(select(UntoldDespatch)).all() == []


def test_the_workbench_finds_every_unit_after_a_late_booking(database: Database, clock: FixedClock) -> None:
    house = make_house(database, clock)
    recall = running(database, clock, house)
    keys = (house.first.lot_key, house.second.lot_key)
    with database.read() as session:
        before, = units_by_position(session, keys, recall.id)
    with database.write() as session:
        book(session, clock, house, despatch(house, clock, house.second, 300))
    with database.read() as session:
        after, = units_by_position(session, keys, recall.id)
    assert (before.stock - after.stock, after.sent - before.sent, after.made) == (D(300), D(300), before.made)
    assert after.made == after.stock + after.made_into + after.lost + after.sent


def test_bad_input_is_refused_as_of_an_ordinary_despatch(database: Database, clock: FixedClock) -> None:
    house = make_house(database, clock)
    with database.write() as session:
        stopped(session, clock, house, house.second)
    with pytest.raises(InvalidInput) as refused, database.write() as session:
        book(session, clock, house, replace(despatch(house, clock, house.second, 1), lines=()))
    assert refused.value.code == "no-lines"
