"""Units go through several hands: each is named in the answer itself, told with a link of its own, and counted once."""
from __future__ import annotations

import random
from collections.abc import Callable
from decimal import Decimal as D

import pytest
from sqlalchemy import select

from tests.db.test_recall_books import Case
from tests.db.test_recall_passing_on import deliver_passed
from tests.factories_recall import VAULT, Tray, token_of
from traceapp.core.clock import FixedClock
from traceapp.core.errors import InvalidInput, Stale
from traceapp.db import Database
from traceapp.outbox.model import OutboxMessage
from traceapp.recall.answer import AnswerLine, RecordAnswer, none_left, notice_of_token, record_answer
from traceapp.recall.ledger import AnswerByStaff, record_answer_by_staff
from traceapp.recall.model import RecallLedger
from traceapp.recall.naming import PassOn
from traceapp.recall.passed_answer import AnswerPassed, answer_passed, passed_by_id, view_of
from traceapp.recall.pieces import WHOLE
from traceapp.recall.reminders import remind_passed
from traceapp.recall.telling import hands_of_consignee, passed_rows
from traceapp.recall.telling_model import PassedLine, PassedNotice
from traceapp.worklist.tasks import open_tasks


@pytest.fixture
def case(sqlite: Database, clock: FixedClock) -> Case:
    return Case(sqlite, clock)


def to(name: str, lot_key: str, units: int, **more: str) -> PassOn:
    return PassOn(name, {lot_key: D(units)}, **{"email": f"{name.replace(' ', '')}@x.example".lower(), **more})


def named(case: Case) -> dict[str, PassedNotice]:
    with case.database.read() as session:
        return {one.name: one for one in session.scalars(select(PassedNotice).order_by(PassedNotice.id))}


def ward_says(case: Case, name: str, *numbers: int, passed: tuple[PassOn, ...] = (), why: str = "",
              sure: int | None = None) -> PassedNotice:
    with case.database.write() as session:
        notice = passed_by_id(session, named(case)[name].id, lock=True)
        on_hand, used, returned = map(D, numbers or (0, 0, 0))
        lines = (AnswerLine(case.first, on_hand, used, returned, sure=None if sure is None else D(sure)),)
        return answer_passed(session, case.clock, notice, AnswerPassed(
            lines if numbers else (), "Li", why, passed=passed), vault=VAULT)


def row(case: Case) -> RecallLedger:
    with case.database.read() as session:
        return session.get_one(RecallLedger, (case.first, case.recall.id, case.clinic))


def queued(case: Case) -> list[str]:
    with case.database.read() as session:
        return sorted(session.scalars(select(OutboxMessage.recipient).where(OutboxMessage.kind == "recall.passed")))


def test_one_answer_names_who_got_units_tells_them_and_writes_the_ledger(database: Database, clock: FixedClock) -> None:
    case = Case(database, clock)
    case.answer(case.clinic, AnswerLine(case.first, D(250), D(0), D(0)),
                passed=(to("Ward 3", case.first, 60), PassOn("Old clinic, Wuxi", {case.first: D(40)})))
    assert (row(case).passed_on, row(case).passed_to) == (D(100), "Ward 3, Old clinic, Wuxi")
    assert queued(case) == [f"passed:{named(case)['Ward 3'].id}"]
    with case.database.read() as session:
        assert [task.about for task in open_tasks(session) if task.kind == "recall.call_passed"] == [
            f"notice:{named(case)['Old clinic, Wuxi'].id}"]
        view = notice_of_token(session, token_of(case.database, case.recall, case.clinic))
    assert len(view.named) == 2 and {hand.passed.name: hand.units for hand in view.named} == {
        "Ward 3": {case.first: D(60)}, "Old clinic, Wuxi": {case.first: D(40)}}
    assert view.history[0].lines[case.first]["passed_to"] == "Ward 3, Old clinic, Wuxi"


def test_named_alone_after_the_answer_the_ledger_follows_and_says_what_no_longer_adds_up(case: Case) -> None:
    case.answer(case.clinic, AnswerLine(case.first, D(350), D(0), D(0)))
    case.answer(case.clinic, passed=(to("Ward 3", case.first, 60),))
    assert (row(case).passed_on, case.state()) == (D(60), "unaccounted")
    case.answer(case.clinic, AnswerLine(case.first, D(290), D(0), D(0)))
    assert case.state() == "accounted"


def test_before_an_answer_named_units_wait_and_one_tap_leaves_them_out(case: Case) -> None:
    case.answer(case.clinic, passed=(to("Ward 3", case.first, 60),))
    assert (row(case).on_hand, row(case).passed_on) == (None, D(0))
    token = token_of(case.database, case.recall, case.clinic)
    with case.database.write() as session:
        record_answer(session, case.clock, RecordAnswer(
            token, none_left(notice_of_token(session, token)), "Clinic One"))
    assert (row(case).used, row(case).passed_on, case.state()) == (D(290), D(60), "accounted")


def test_a_receiver_is_corrected_reached_later_and_taken_back(case: Case) -> None:
    line = AnswerLine(case.first, D(310), D(0), D(0))
    case.answer(case.clinic, line, passed=(PassOn("Ward 3", {case.first: D(40)}),))
    ward = named(case)["Ward 3"]
    assert queued(case) == []
    case.answer(case.clinic, passed=(PassOn(units={case.first: D(40)}, email="w3@x.example", passed_id=ward.id),))
    assert queued(case) == [f"passed:{ward.id}"]
    case.answer(case.clinic, AnswerLine(case.first, D(350), D(0), D(0)),
                passed=(PassOn(units={case.first: D(0)}, passed_id=ward.id),))
    assert (row(case).passed_on, row(case).passed_to, case.state()) == (D(0), "", "accounted")
    tray = Tray()
    deliver_passed(case.database, case.clock, tray)
    assert tray.letters == []
    with case.database.write() as session:
        assert session.get_one(PassedLine, (ward.id, case.first)).units == 0
        assert remind_passed(session, case.clock) == 0
        assert "recall.call_passed" not in {task.kind for task in open_tasks(session)}


def test_staff_write_down_the_same_and_an_old_form_is_refused(case: Case) -> None:
    with case.database.write() as session:
        record_answer_by_staff(session, case.house.writer, case.clock, AnswerByStaff(
            case.recall.id, case.clinic, (AnswerLine(case.first, D(290), D(0), D(0)),), "Nurse Li", seen=0,
            passed=(to("Ward 3", case.first, 60),)), vault=VAULT)
        with pytest.raises(Stale):
            record_answer_by_staff(session, case.house.writer, case.clock, AnswerByStaff(
                case.recall.id, case.clinic, (), "Nurse Wu", seen=0, passed=(to("Ward 4", case.first, 1),)), vault=VAULT)
    assert (row(case).passed_on, list(named(case))) == (D(60), ["Ward 3"])


def test_units_go_through_five_hands_and_no_further_and_the_ledger_counts_them_once(database: Database,
                                                                                    clock: FixedClock) -> None:
    case = Case(database, clock)
    case.answer(case.clinic, AnswerLine(case.first, D(250), D(0), D(0)), passed=(to("Hand 1", case.first, 100),))
    for number in range(1, 5):
        ward_says(case, f"Hand {number}", 10, 0, 0, passed=(to(f"Hand {number + 1}", case.first, 100 - 10 * number),))
    with pytest.raises(InvalidInput) as refused:
        ward_says(case, "Hand 5", 50, 0, 0, passed=(to("Hand 6", case.first, 10),))
    assert refused.value.code == "answer-incomplete"
    assert "many hands" in refused.value.errors["to-0-name"]
    tray = Tray()
    deliver_passed(case.database, case.clock, tray)
    last = next(letter for letter in tray.letters if letter.to == "hand5@x.example")
    assert "Hand 4 told us" in last.text
    assert "转给贵单位 60 件" in last.text
    with case.database.read() as session:
        rows = passed_rows(session, case.recall.id)
        assert [(one.notice.depth, one.giver, one.units, one.passed_on) for one in rows][1:3] == [
            (2, "Hand 1", D(90), D(80)), (3, "Hand 2", D(80), D(70))]
        (hands,) = hands_of_consignee(session, case.recall.id, case.clinic)
        assert view_of(session, passed_by_id(session, rows[-1].notice.id)).is_last
    assert (row(case).passed_on, row(case).unproved, case.state()) == (D(100), D(0), "accounted")
    assert (hands.units, hands.on_hand, hands.unknown) == (D(100), D(40), D(60))


def _who(case: Case) -> dict[str, PassOn]:
    return {"itself": to("Hand 1", case.first, 1), "its giver, by name": to("Clinic One", case.first, 1),
            "its giver, by address": to("Somebody", case.first, 1, email="Quality@clinic.example"),
            "twice": to("Hand 2", case.first, 1)}


@pytest.mark.parametrize("which", ["itself", "its giver, by name", "its giver, by address", "twice"])
def test_nobody_who_had_the_units_before_and_nobody_twice_can_be_named(case: Case, which: str) -> None:
    case.answer(case.clinic, AnswerLine(case.first, D(250), D(0), D(0)), passed=(to("Hand 1", case.first, 100),))
    names = (_who(case)[which],) * (2 if which == "twice" else 1)
    with pytest.raises(InvalidInput) as refused:
        ward_says(case, "Hand 1", 99, 0, 0, passed=names)
    assert next(iter(refused.value.errors)) == ("to-1-name" if which == "twice" else "to-0-name")
    assert list(named(case)) == ["Hand 1"]


FAULTS: tuple[tuple[Callable[[str], PassOn], str], ...] = (
    (lambda lot: to("W", lot, 400), "units:"), (lambda lot: to("W", lot, 0), "units:"),
    (lambda lot: to("W", "other", 1), "units:"),
    (lambda lot: PassOn("W", {}), "units"), (lambda lot: to("W", lot, 1, email="no address"), "email"),
    (lambda lot: PassOn("", {lot: D(1)}), "name"), (lambda lot: to("W", lot, 1, passed_id="of somebody else"), "name"))


def test_what_is_wrong_with_a_name_is_said_at_its_field_and_nothing_is_written(case: Case) -> None:
    for make, place in FAULTS:
        with pytest.raises(InvalidInput) as refused:
            case.answer(case.clinic, AnswerLine(case.first, D(350), D(0), D(0)), passed=(make(case.first),))
        assert any(name.startswith(f"to-0-{place}") for name in refused.value.errors), place
    assert (named(case), row(case).on_hand) == ({}, None)


def test_whatever_hands_units_go_through_each_is_somewhere_once(case: Case) -> None:
    chance = random.Random(7)
    case.answer(case.clinic, AnswerLine(case.first, D(50), D(0), D(0)), passed=(
        to("N0", case.first, 200), to("N1", case.first, 100)))
    waiting, count = [("N0", 200, 1), ("N1", 100, 1)], 2
    while waiting and count < 14:
        name, units, depth = waiting.pop(0)
        kept, used = chance.randint(0, units // 4), chance.randint(0, units // 4)
        given = chance.randint(1, units // 2)
        passed = (to(f"N{count}", case.first, given),) if depth < 5 and units > 8 and chance.random() < 0.9 else ()
        ward_says(case, name, kept, used, units - kept - used - (given if passed else 0), passed=passed)
        if passed:
            waiting.append((f"N{count}", given, depth + 1))
            count += 1
        with case.database.read() as session:
            (hands,) = hands_of_consignee(session, case.recall.id, case.clinic)
        assert hands.units == 300 == hands.on_hand + hands.used + hands.returned + hands.unknown
        assert hands.unknown == sum(left for _name, left, _depth in waiting)
    assert row(case).passed_on == 300


def test_of_what_is_counted_in_pieces_nobody_has_a_part(case: Case) -> None:
    half = AnswerLine(case.first, D("349.5"), D("0.5"), D(0))
    with pytest.raises(InvalidInput) as refused:
        case.answer(case.clinic, half)
    assert refused.value.errors == dict.fromkeys((f"on_hand:{case.first}", f"used:{case.first}"), WHOLE)
    with pytest.raises(InvalidInput) as refused:
        case.answer(case.clinic, passed=(PassOn("Ward 3", {case.first: D("0.5")}, email="w3@x.example"),))
    assert refused.value.errors == {f"to-0-units:{case.first}": WHOLE}
    case.answer(case.clinic, passed=(to("Ward 3", case.first, 60),))
    with case.database.write() as session, pytest.raises(InvalidInput) as refused:
        answer_passed(session, case.clock, named(case)["Ward 3"], AnswerPassed((half,), "Nurse"))
    assert refused.value.errors[f"used:{case.first}"] == WHOLE
