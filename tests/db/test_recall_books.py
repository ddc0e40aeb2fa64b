"""The books of a recall: what came back is counted, what is in our hands is decided, every unit has its place."""
from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from decimal import Decimal as D

import pytest
from sqlalchemy import select

from tests.factories import PASSWORD
from tests.factories_recall import TEXTS, VAULT, WITHOUT, House, checked, make_house, placed, running, token_of
from tests.factories_trace import UNIT_GTIN
from traceapp.code.allocating import AllocateSerials, allocate_serials
from traceapp.code.signature import CodeKeys
from traceapp.core.clock import FixedClock
from traceapp.core.errors import Conflict, Forbidden, InvalidInput, NotFound
from traceapp.db import Database
from traceapp.recall.answer import AnswerLine, RecordAnswer, none_left, notice_of_token, record_answer
from traceapp.recall.book_model import RecallDisposition
from traceapp.recall.booking import are_returns_to_book, book_returns
from traceapp.recall.correcting import corrected_of
from traceapp.recall.disposing import (
    ConfirmDisposition,
    DisposeOfAll,
    ProposeDisposition,
    WithdrawDisposition,
    confirm_disposition,
    dispose_of_all,
    propose_disposition,
    signers_of,
    withdraw_disposition,
)
from traceapp.recall.figure_reads import figures_of
from traceapp.recall.following import follow_scopes
from traceapp.recall.model import Recall, RecallLedger
from traceapp.recall.naming import PassOn
from traceapp.recall.policy import LineState
from traceapp.recall.proposing import proposed, ruled
from traceapp.recall.queries import LedgerFilter, ledger_page, totals_of
from traceapp.recall.reconciling import ExplainDifference, LotBalance, balances_of, explain_difference
from traceapp.recall.returning import TakeBack, return_of, return_or_take_back, returns_of, senders_of, take_back
from traceapp.recall.scope_rule import Rule, RuleKind
from traceapp.recall.service import SettleLine, TerminateRecall, settle_line, terminate_recall
from traceapp.trace.model import Event, Hold, ItemPosition, Lot
from traceapp.trace.shipping import ReturnUnits, ShipLine, ShipLots, return_units, ship_lots
from traceapp.worklist.tasks import open_tasks


def whole(*values: D | None) -> tuple[int, ...]:
    """The numbers without what marks them as exact."""
    assert all(value is not None and value == int(value) for value in values)
    return tuple(int(value) for value in values if value is not None)


class Case:
    """A running recall: the clinic got 350 of P-1 and 1,000 of P-2, the hospital 200 of P-1; 450 of P-1 are here."""

    def __init__(self, database: Database, clock: FixedClock) -> None:
        self.database, self.clock = database, clock
        self.house: House = make_house(database, clock)
        self.recall: Recall = running(database, clock, self.house)
        self.clinic, self.hospital = self.house.maker.clinic.id, self.house.maker.hospital.id
        self.first, self.second = self.house.first.lot_key, self.house.second.lot_key

    def answer(self, consignee_id: str, *lines: AnswerLine, explanation: str = "",
               passed: tuple[PassOn, ...] = ()) -> None:
        token = token_of(self.database, self.recall, consignee_id)
        with self.database.write() as session:
            record_answer(session, self.clock, RecordAnswer(token, lines, "Nurse", explanation, passed=passed),
                          vault=VAULT)

    def take(self, units: int, code: str = "P-1", consignee_id: str = "", *, is_outside: bool = False) -> str:
        with self.database.write() as session:
            return take_back(session, self.house.writer, self.clock, TakeBack(
                self.recall.id, consignee_id or self.clinic, code, D(units), "RMA-1", is_outside=is_outside)).id

    def state(self, lot_key: str = "", consignee_id: str = "") -> LineState:
        with self.database.read() as session:
            rows = ledger_page(session, LedgerFilter(self.recall.id, consignee_id=consignee_id or self.clinic)).rows
            found = next(row.state for row in rows if row.lot_key == (lot_key or self.first))
            same = ledger_page(session, LedgerFilter(self.recall.id, state=found)).rows
        assert any((row.lot_key, row.consignee_id) == (lot_key or self.first, consignee_id or self.clinic)
                   for row in same)
        return found

    def balance(self, lot_key: str = "") -> LotBalance:
        with self.database.read() as session:
            return next(one for one in balances_of(session, self.recall.id) if one.lot_key == (lot_key or self.first))

    def propose(self, kind: str, units: int, **more: str) -> str:
        with self.database.write() as session:
            return propose_disposition(session, self.house.writer, self.clock, ProposeDisposition(
                self.recall.id, self.first, kind, D(units), "looked at", PASSWORD, **more)).id

    def confirm(self, disposition_id: str, certificate: str = "") -> None:
        with self.database.write() as session:
            confirm_disposition(session, self.house.manager, self.clock, ConfirmDisposition(
                self.recall.id, disposition_id, PASSWORD, certificate))

    def stock(self) -> D:
        with self.database.read() as session:
            return session.get_one(Lot, self.first).stock


@pytest.fixture
def case(database: Database, clock: FixedClock) -> Case:
    return Case(database, clock)


@pytest.fixture
def quick(sqlite: Database, clock: FixedClock) -> Case:
    return Case(sqlite, clock)


def test_every_place_counts_once_and_units_passed_on_need_a_receiver(case: Case) -> None:
    line = AnswerLine(case.first, D(100), D(50), D(80), destroyed=D(40), corrected=D(20))
    with pytest.raises(InvalidInput) as refused:
        case.answer(case.clinic, line, passed=(PassOn(" ", {case.first: D(60)}),))
    assert refused.value.place == "to-0-name"
    case.answer(case.clinic, line, passed=(PassOn(" Village clinic, Suzhou ", {case.first: D(60)}),))
    with case.database.read() as session:
        (sums,) = totals_of(session, case.recall.id).units
        row = session.get_one(RecallLedger, (case.first, case.recall.id, case.clinic))
        history = notice_of_token(session, token_of(case.database, case.recall, case.clinic)).history
        (facts,) = figures_of(session, case.clock.now(), [session.get_one(Recall, case.recall.id)])[
            case.recall.id].units
    assert row.passed_to == "Village clinic, Suzhou"
    assert whole(sums.passed_on, sums.destroyed, sums.corrected, sums.unanswered) == (60, 40, 20, 1200)
    assert whole(facts.recovered) == (80 + 40 + 20,)
    assert sums.shipped == (sums.on_hand + sums.used + sums.passed_on + sums.returned + sums.destroyed + sums.corrected
                            + sums.unaccounted + sums.unanswered)
    assert [(one.answered_by, one.lines[case.first]["destroyed"]) for one in history] == [("Nurse", "40")]


def test_what_comes_back_is_counted_into_stopped_stock_and_set_against_what_was_said(case: Case) -> None:
    case.answer(case.clinic, AnswerLine(case.first, D(0), D(270), D(80)))
    assert case.state() == LineState.returning
    before = case.stock()
    done = case.take(50, case.house.first.uri)
    assert case.stock() == before + 50
    assert (case.state(), case.balance().coming) == (LineState.returning, D(30))
    case.take(30)
    assert (case.state(), case.balance().coming) == (LineState.accounted, D(0))
    with case.database.read() as session:
        row, line = return_of(session, case.recall.id, done)
        event = session.scalars(select(Event).where(Event.id == row.event_id)).one()
        assert (event.biz_step, event.disposition, row.is_in_scope) == ("receiving", "returned", True)
        assert line is not None and line.came_back == 80
        assert session.get_one(Lot, case.first).is_recalled
        here = session.scalars(select(ItemPosition).where(
            ItemPosition.lot_key == case.first, ItemPosition.until.is_(None), ItemPosition.is_stock)).one()
        assert here.quantity == before + 80
        assert sorted(one.units for one in returns_of(session, case.recall.id, case.clinic)) == [D(30), D(50)]
    case.take(5)
    assert case.state() == LineState.returning


def test_a_pack_whose_code_has_nothing_but_a_serial_number_is_taken_in_by_it(quick: Case) -> None:
    other = quick.house.other.lot_key
    with quick.database.write() as session:
        allocate_serials(session, quick.house.manager, quick.clock, AllocateSerials(other, 10, "P", 5),
                         keys=CodeKeys(""))
    recall = running(quick.database, quick.clock, quick.house, replace(TEXTS, root_lot_keys=(other,)))
    for code in (f"(01){UNIT_GTIN}(21)P00007", f"https://recall.example/01/{UNIT_GTIN}/21/P00007"):
        quick.clock.move_to(quick.clock.now() + timedelta(minutes=1))
        with quick.database.write() as session:
            assert take_back(session, quick.house.writer, quick.clock, TakeBack(
                recall.id, quick.hospital, code, D(1))).lot_key == other
    with pytest.raises(NotFound), quick.database.write() as session:
        take_back(session, quick.house.writer, quick.clock, TakeBack(
            recall.id, quick.hospital, f"(01){UNIT_GTIN}(21)P00011", D(1)))


def test_a_difference_is_settled_with_a_reason_that_ends_with_the_next_count(quick: Case) -> None:
    quick.answer(quick.clinic, AnswerLine(quick.first, D(0), D(270), D(80)))
    quick.take(78)
    with quick.database.write() as session:
        settle_line(session, quick.house.writer, quick.clock, SettleLine(
            quick.recall.id, quick.clinic, quick.first, "two were wet and thrown away on the way"))
    assert quick.state() == LineState.settled
    quick.take(1)
    assert quick.state() == LineState.returning


def test_what_a_reason_says_never_arrived_is_not_recovered(case: Case) -> None:
    def recovered() -> D:
        with case.database.read() as session:
            (facts,) = figures_of(session, case.clock.now(), [session.get_one(Recall, case.recall.id)])[
                case.recall.id].units
            return facts.recovered

    case.answer(case.clinic, AnswerLine(case.first, D(0), D(270), D(80)))
    case.take(30)
    assert recovered() == 80
    with case.database.write() as session:
        settle_line(session, case.house.writer, case.clock, SettleLine(
            case.recall.id, case.clinic, case.first, "a parcel of fifty was lost on the way"))
    assert recovered() == 30
    case.take(50)
    assert recovered() == 80


def test_all_of_it_back_without_a_word_is_an_answer_too(quick: Case) -> None:
    quick.take(200, consignee_id=quick.hospital)
    assert quick.state(consignee_id=quick.hospital) == LineState.accounted
    with quick.database.read() as session:
        (sums,) = totals_of(session, quick.recall.id).units
    assert whole(sums.returned, sums.came_back, sums.unanswered) == (200, 200, 1350)


def test_what_the_recall_is_not_about_is_refused_or_taken_in_and_stopped(quick: Case) -> None:
    for code, consignee, said in (("P-9", quick.hospital, "not in the scope"),
                                  ("P-2", quick.hospital, "did not go to this consignee")):
        with pytest.raises(Conflict, match=said) as refused:
            quick.take(3, code, consignee)
        assert (refused.value.code, refused.value.place) == ("not-in-scope", "code")
    with pytest.raises(NotFound):
        quick.take(3, "no such number")
    with pytest.raises(Conflict):
        quick.take(351)
    with quick.database.read() as session:
        assert session.get_one(RecallLedger, (quick.first, quick.recall.id, quick.clinic)).came_back == 0
        assert [one.consignee_id for one in senders_of(session, quick.second)] == [quick.clinic]
        assert [one.consignee_id for one in senders_of(session, None, "医院")] == [quick.hospital]
    quick.take(3, "P-9", quick.hospital, is_outside=True)
    with quick.database.read() as session:
        assert session.get_one(Lot, quick.house.other.lot_key).is_on_hold
        assert quick.recall.reference in session.scalars(select(Hold.reason).where(
            Hold.lot_key == quick.house.other.lot_key)).one()


def test_destruction_needs_two_people_and_its_certificate(case: Case) -> None:
    asked = case.propose("destroy", 400)
    assert case.stock() == 450
    assert case.balance().undecided == 450
    with pytest.raises(Conflict, match="50 EA are in our hands"):
        case.propose("keep", 51)
    with pytest.raises(Forbidden), case.database.write() as session:
        confirm_disposition(session, case.house.writer, case.clock, ConfirmDisposition(case.recall.id, asked, PASSWORD))
    with pytest.raises(InvalidInput, match="certificate"):
        case.confirm(asked)
    case.confirm(asked, "XH-7")
    with pytest.raises(Conflict):
        case.confirm(asked, "XH-7")
    assert whole(case.stock(), case.balance().destroyed, case.balance().undecided) == (50, 400, 50)
    with case.database.read() as session:
        row = session.scalars(select(RecallDisposition)).one()
        assert {one.user_id for one in signers_of(session, row)} == {case.house.writer.id, case.house.manager.id}


def test_who_proposed_cannot_be_the_second_even_as_a_manager(quick: Case) -> None:
    with quick.database.write() as session:
        row = propose_disposition(session, quick.house.manager, quick.clock, ProposeDisposition(
            quick.recall.id, quick.first, "destroy", D(1), "broken", PASSWORD, certificate="XH-8"))
        with pytest.raises(Forbidden):
            confirm_disposition(session, quick.house.manager, quick.clock, ConfirmDisposition(
                quick.recall.id, row.id, PASSWORD))
        withdraw_disposition(session, quick.house.writer, quick.clock, WithdrawDisposition(
            quick.recall.id, row.id, "counted wrong"))
        with pytest.raises(Conflict):
            confirm_disposition(session, quick.house.second_manager, quick.clock, ConfirmDisposition(
                quick.recall.id, row.id, PASSWORD))
    assert quick.balance().undecided == 450


def test_units_that_are_good_get_a_number_of_their_own_and_wait_for_its_release(case: Case) -> None:
    with pytest.raises(InvalidInput, match="number"):
        case.propose("release", 100)
    case.confirm(case.propose("release", 100, new_number="P-1R"))
    case.propose("rework", 50, new_number="P-1W")
    with pytest.raises(Conflict):
        case.propose("rework", 50, new_number="P-9")
    with case.database.read() as session:
        old = session.get_one(Lot, case.first)
        made = session.scalars(select(Lot).where(Lot.number.in_(("P-1R", "P-1W"))).order_by(Lot.number)).all()
    assert [(lot.made, lot.release_state, lot.expires_on == old.expires_on) for lot in made] == [
        (D(100), "pending", True), (D(50), "pending", True)]
    assert old.is_recalled and old.stock == 300
    assert (case.balance().consumed, case.balance().difference) == (D(150), case.balance().unaccounted)


def test_units_go_back_to_the_supplier_although_they_are_stopped(quick: Case) -> None:
    glue = quick.house.glue.lot_key
    with quick.database.write() as session:
        command = ProposeDisposition(quick.recall.id, glue, "supplier", D(1), "bad glue", PASSWORD)
        with pytest.raises(InvalidInput):
            propose_disposition(session, quick.house.writer, quick.clock, command)
        propose_disposition(session, quick.house.writer, quick.clock, ProposeDisposition(
            quick.recall.id, glue, "supplier", D(1), "bad glue", PASSWORD, quick.house.maker.supplier.id))
    balance = quick.balance(glue)
    assert whole(balance.made, balance.stock, balance.given_back, balance.consumed, balance.difference) == (10, 0, 1, 9, 0)
    with quick.database.read() as session:
        event = session.scalars(select(Event).order_by(Event.id.desc())).first()
        assert event is not None and (event.biz_step, event.disposition) == ("shipping", "returned")


def test_made_is_what_all_places_come_to_whatever_happened(case: Case) -> None:
    case.answer(case.clinic, AnswerLine(case.first, D(100), D(50), D(80), destroyed=D(40)), explanation="20 lost",
                passed=(PassOn("a clinic", {case.first: D(60)}),))
    case.take(50)
    case.confirm(case.propose("destroy", 30), "XH-9")
    one = case.balance()
    assert one.made == 1000 == (one.stock + one.consumed + one.sampled + one.destroyed + one.other_losses
                                + one.given_back + one.on_hand + one.used + one.passed_on + one.coming
                                + one.consignee_destroyed + one.corrected + one.unaccounted + one.beside)
    # Twenty are lost at the clinic, and the hospital has not answered for its two hundred.
    assert whole(one.unaccounted, one.beside, one.difference) == (220, 0, 220)
    with case.database.write() as session:
        return_units(session, case.house.writer, case.clock, ReturnUnits(
            case.first, case.hospital, D(10), case.clock.now()))
    one = case.balance()
    assert whole(one.beside, one.difference) == (-10, 210)
    assert not one.is_explained
    assert replace(one, used=one.used + 210).is_explained, "what is missing here went there"


def test_an_ordinary_return_of_a_recalled_lot_joins_the_books_of_the_recall(case: Case) -> None:
    with case.database.write() as session:
        counted = return_or_take_back(session, case.house.writer, case.clock, ReturnUnits(
            case.first, case.hospital, D(10), case.clock.now(), " RMA 4 "))
        assert counted is not None and (counted.recall_id, counted.document_number) == (case.recall.id, "RMA 4")
    one = case.balance()
    assert whole(one.came_back, one.beside, one.stock) == (10, 0, 460)
    with case.database.write() as session:
        line = session.get_one(RecallLedger, (case.first, case.recall.id, case.hospital))
        line.settled_at, line.settled_reason = case.clock.now(), "written off"
        return_or_take_back(session, case.house.writer, case.clock, ReturnUnits(
            case.first, case.hospital, D(1), case.clock.now()))
        assert (line.came_back, line.settled_at) == (D(11), None)
        assert return_or_take_back(session, case.house.writer, case.clock, ReturnUnits(
            case.house.other.lot_key, case.hospital, D(5), case.clock.now())) is None  # not recalled


def test_what_came_back_with_a_complaint_or_a_document_is_booked_once_and_by_one_recall(case: Case) -> None:
    with case.database.write() as session:
        follow_scopes(session, case.clock)
    case.clock.move_to(case.clock.now() + timedelta(minutes=1))
    with case.database.write() as session:
        return_units(session, case.house.writer, case.clock, ReturnUnits(
            case.first, case.hospital, D(10), case.clock.now()))
    case.take(3)
    with case.database.read() as session:
        assert are_returns_to_book(session)
    with case.database.write() as session:
        assert book_returns(session, case.clock) == 1
        assert book_returns(session, case.clock) == 0
        assert [(row.units, row.counted_by) for row in returns_of(session, case.recall.id, case.hospital)] == [
            (D(10), "system")]
    assert whole(case.balance().came_back, case.balance().beside) == (13, 0)
    with case.database.read() as session:
        assert not are_returns_to_book(session)


def test_corrected_stock_stays_out_of_its_own_recall_and_waits_for_its_release(case: Case) -> None:
    case.confirm(case.propose("release", 100, new_number="P-1R"))
    case.propose("rework", 50, new_number="P-1W")
    with case.database.write() as session:
        recall = session.get_one(Recall, case.recall.id)
        made = {lot.number: lot for lot in session.scalars(select(Lot).where(Lot.number.in_(("P-1R", "P-1W"))))}
        keys = {lot.lot_key for lot in made.values()}
        assert not keys & proposed(session, recall).scope.lot_keys
        wide = (Rule(RuleKind.site, (case.house.first.site_id or "",)),)
        assert not keys & ruled(session, wide, recall.id).scope.lot_keys
        assert keys <= ruled(session, wide).scope.lot_keys  # of another fault it is like any other batch
        assert keys & ruled(session, (Rule(RuleKind.lots, tuple(keys)),), recall.id).scope.lot_keys
        follow_scopes(session, case.clock)
        assert not any(lot.is_on_hold or lot.is_recalled for lot in made.values())
        assert [(one.number, one.kind, one.units, one.release_state) for one in corrected_of(session, recall.id)] == [
            ("P-1R", "release", D(100), "pending"), ("P-1W", "rework", D(50), "pending")]
        with pytest.raises(Conflict):
            ship_lots(session, case.house.writer, case.clock, ShipLots(
                case.clinic, "D-9", case.clock.now(), None, "", (ShipLine(made["P-1R"].lot_key, None, D(1)),)))


def test_a_recall_ends_when_every_lot_adds_up_or_is_explained_and_all_in_our_hands_is_decided(case: Case) -> None:
    def end() -> None:
        with case.database.write() as session:
            terminate_recall(session, case.house.manager, case.clock, TerminateRecall(
                case.recall.id, "done", PASSWORD, without=WITHOUT))

    for consignee in (case.clinic, case.hospital):
        with case.database.read() as session:
            view = notice_of_token(session, token_of(case.database, case.recall, consignee))
        case.answer(consignee, *none_left(view))
    with case.database.write() as session:
        checked(session, case.clock, case.house, case.recall.id)
    with pytest.raises(Conflict) as refused:
        end()
    assert (refused.value.code, case.first in refused.value.errors) == ("not-balanced", True)
    with case.database.write() as session:
        return_units(session, case.house.writer, case.clock, ReturnUnits(
            case.first, case.hospital, D(10), case.clock.now()))
        placed(session, case.clock, case.house, case.recall.id)
    with pytest.raises(Conflict) as refused:
        end()
    assert list(refused.value.errors) == [case.first]
    with case.database.write() as session:
        for wrong in (D(10), D(0)):
            with pytest.raises(Conflict) as other:
                explain_difference(session, case.house.writer, case.clock, ExplainDifference(
                    case.recall.id, case.first, wrong, "came by another gate"))
            assert other.value.code == "other-difference"
        explain_difference(session, case.house.writer, case.clock, ExplainDifference(
            case.recall.id, case.first, D(-10), "came back by another gate; the hospital counted them as used"))
    end()


def test_units_that_come_back_after_the_end_are_taken_in_and_become_work(quick: Case) -> None:
    for consignee in (quick.clinic, quick.hospital):
        with quick.database.read() as session:
            view = notice_of_token(session, token_of(quick.database, quick.recall, consignee))
        quick.answer(consignee, *none_left(view))
    with quick.database.write() as session:
        checked(session, quick.clock, quick.house, quick.recall.id)
        placed(session, quick.clock, quick.house, quick.recall.id)
        terminate_recall(session, quick.house.manager, quick.clock, TerminateRecall(
            quick.recall.id, "done", PASSWORD, without=WITHOUT))
    quick.take(4)
    assert quick.stock() == 454
    with quick.database.read() as session:
        assert "recall.late_return" in [task.kind for task in open_tasks(session)]
    with quick.database.write() as session:
        late = return_or_take_back(session, quick.house.writer, quick.clock, ReturnUnits(
            quick.first, quick.clinic, D(2), quick.clock.now()))
        assert late is not None and late.recall_id == quick.recall.id
    quick.propose("keep", 6)
    assert quick.balance().undecided == 0


def test_a_drill_ends_although_nothing_came_back_and_nothing_of_ours_is_decided(sqlite: Database,
                                                                                clock: FixedClock) -> None:
    house = make_house(sqlite, clock)
    recall = running(sqlite, clock, house, replace(TEXTS, root_lot_keys=(house.glue.lot_key,), is_drill=True))
    for consignee in (house.maker.clinic.id, house.maker.hospital.id):
        token = token_of(sqlite, recall, consignee)
        with sqlite.write() as session:
            record_answer(session, clock, RecordAnswer(token, tuple(
                AnswerLine(line.lot_key, D(0), D(0), line.shipped)
                for line in notice_of_token(session, token).lines), "Drill"))
    with sqlite.write() as session:
        for refused in (lambda: take_back(session, house.writer, clock, TakeBack(
                recall.id, house.maker.clinic.id, "P-1", D(1))), lambda: propose_disposition(
                    session, house.writer, clock, ProposeDisposition(
                        recall.id, house.first.lot_key, "destroy", D(1), "drill", PASSWORD))):
            with pytest.raises(Conflict) as error:
                refused()
            assert error.value.code == "drill"
        checked(session, clock, house, recall.id)
        ended_ = terminate_recall(session, house.manager, clock, TerminateRecall(recall.id, "drill", PASSWORD))
    assert ended_.state == "terminated"


def test_one_signature_decides_about_all_that_is_undecided_and_a_second_one_confirms_all(case: Case) -> None:
    waiting = case.propose("destroy", 50)
    with case.database.write() as session:
        rows = dispose_of_all(session, case.house.writer, case.clock, DisposeOfAll(
            case.recall.id, "destroy", "bad glue", PASSWORD, "XH-3"))
    assert {(row.lot_key, row.units) for row in rows} == {
        (case.first, D(400)), (case.second, D(1000)), (case.house.glue.lot_key, D(1))}
    with pytest.raises(Conflict, match="undecided"), case.database.write() as session:
        dispose_of_all(session, case.house.writer, case.clock, DisposeOfAll(case.recall.id, "keep", "x", PASSWORD))
    case.confirm(rows[1].id)
    with case.database.read() as session:
        assert [session.get_one(Lot, key).stock for key in (case.first, case.second, case.house.glue.lot_key)] == [
            D(50), D(0), D(0)]
        assert len(signers_of(session, rows[0])) == 2
    case.confirm(waiting, "XH-4")
    assert (case.stock(), case.balance(case.second).destroyed) == (D(0), D(1000))
