"""A consignee answers by its link: in parts, in one tap, corrected, twice; and the ledger adds up."""
from __future__ import annotations

import threading
from decimal import Decimal as D

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import select

from tests.factories import PASSWORD
from tests.factories_recall import (
    WITHOUT,
    House,
    checked,
    ended,
    make_house,
    placed,
    running,
    submitted,
    token_of,
)
from traceapp.core.clock import FixedClock
from traceapp.core.errors import Conflict, InvalidInput, NotFound, Stale, TooMany
from traceapp.core.ids import new_secret
from traceapp.db import Database
from traceapp.recall.answer import AnswerLine, RecordAnswer, none_left, note_opened, notice_of_token, record_answer
from traceapp.recall.answer_limits import limit_answers, limit_misses
from traceapp.recall.answer_said import parse_units
from traceapp.recall.balance import OPEN_STATES
from traceapp.recall.model import Notice, Recall, RecallLedger
from traceapp.recall.notice_reads import notice_rows
from traceapp.recall.policy import LineState
from traceapp.recall.queries import LedgerFilter, answer_history, ledger_page, totals_of
from traceapp.recall.service import (
    AnswerByStaff,
    SettleLine,
    TerminateRecall,
    record_answer_by_staff,
    settle_line,
    terminate_recall,
)
from traceapp.worklist.tasks import RaiseTask, open_tasks, raise_task


class Case:
    """A running recall with both links."""

    def __init__(self, database: Database, clock: FixedClock) -> None:
        self.database, self.clock = database, clock
        self.house: House = make_house(database, clock)
        self.recall: Recall = running(database, clock, self.house)
        self.clinic, self.hospital = self.house.maker.clinic.id, self.house.maker.hospital.id
        self.token = token_of(database, self.recall, self.clinic)
        self.hospital_token = token_of(database, self.recall, self.hospital)

    def answer(self, *lines: AnswerLine, explanation: str = "", who: str = "Nurse", seen: int | None = None,
               token: str = "") -> Notice:
        with self.database.write() as session:
            return record_answer(session, self.clock, RecordAnswer(token or self.token, lines, who, explanation, seen))

    def line(self, lot_key: str) -> RecallLedger:
        with self.database.read() as session:
            return session.get_one(RecallLedger, (lot_key, self.recall.id, self.clinic))


@pytest.fixture
def case(database: Database, clock: FixedClock) -> Case:
    return Case(database, clock)


@pytest.fixture
def quick(sqlite: Database, clock: FixedClock) -> Case:
    return Case(sqlite, clock)


def test_the_link_shows_what_they_got_and_nothing_of_others(case: Case) -> None:
    with case.database.read() as session:
        view = notice_of_token(session, case.hospital_token)
    assert [(line.number, line.shipped, line.counted) for line in view.lines] == [("P-1", D(200), None)]
    assert view.consignee["zh"] == "第二医院"
    assert view.title["en"] == "Plaster adhesive causes allergic reactions"
    assert not view.is_complete


def test_a_link_that_is_none_of_ours_is_refused(quick: Case) -> None:
    for token in ("", "x", new_secret(24), quick.token[:-1], quick.token + "a"):
        with quick.database.read() as session, pytest.raises(NotFound):
            notice_of_token(session, token)


def test_before_the_approval_no_link_leads_anywhere(sqlite: Database, clock: FixedClock) -> None:
    house = make_house(sqlite, clock)
    submitted(sqlite, clock, house)
    with sqlite.read() as session:
        assert session.scalars(select(Notice)).all() == []


def test_opening_is_noted_once(quick: Case) -> None:
    for _ in range(2):
        with quick.database.write() as session:
            note_opened(session, quick.clock, quick.token)
    with quick.database.read() as session:
        notice = session.get_one(Notice, (quick.recall.id, quick.clinic))
        assert [entry.action for entry in answer_history(session, notice.id)] == ["notice.opened"]


def test_a_full_answer_completes_the_notice_and_ends_its_tasks(case: Case) -> None:
    first, second = case.house.first.lot_key, case.house.second.lot_key
    with case.database.write() as session:
        notice = session.get_one(Notice, (case.recall.id, case.clinic))
        raise_task(session, case.house.writer, case.clock, RaiseTask(
            "recall.telephone", f"notice:{notice.id}", "quality", case.clock.now()))
    case.answer(AnswerLine(first, D(300), D(40), D(10)), AnswerLine(second, D(0), D(1000), D(0)))
    with case.database.read() as session:
        notice = session.get_one(Notice, (case.recall.id, case.clinic))
        assert (notice.state, notice.answered_at, notice.answers) == ("answered", case.clock.now(), 1)
        assert [task.about for task in open_tasks(session) if task.about.startswith("notice:")] == []
    row = case.line(first)
    assert (row.received, row.on_hand, row.used, row.returned) == (D(350), D(300), D(40), D(10))


def test_a_part_may_be_answered_now_and_the_rest_later(case: Case) -> None:
    case.answer(AnswerLine(case.house.first.lot_key, D(350), D(0), D(0)))
    with case.database.read() as session:
        notice = session.get_one(Notice, (case.recall.id, case.clinic))
        assert (notice.state, notice.answered_at) == ("queued", None)
        view = notice_of_token(session, case.token)
    assert {line.number: line.state for line in view.lines} == {"P-1": LineState.accounted, "P-2": LineState.unanswered}
    case.answer(*none_left(view))
    with case.database.read() as session:
        view = notice_of_token(session, case.token)
    assert view.is_complete
    assert {line.number: line.counted.on_hand for line in view.lines if line.counted} == {"P-1": D(350), "P-2": D(0)}


def test_none_left_is_an_answer_that_accounts_for_every_unit(quick: Case) -> None:
    with quick.database.read() as session:
        view = notice_of_token(session, quick.token)
    quick.answer(*none_left(view))
    with quick.database.read() as session:
        view = notice_of_token(session, quick.token)
    assert all(line.state == LineState.accounted and line.unaccounted == 0 for line in view.lines)


def test_missing_units_need_a_word_but_are_taken(case: Case) -> None:
    lines = (AnswerLine(case.house.first.lot_key, D(300), D(0), D(0)),)
    with pytest.raises(InvalidInput) as refused:
        case.answer(*lines)
    assert refused.value.errors.keys() == {"explanation"}
    case.answer(*lines, explanation="a box got wet")
    row = case.line(case.house.first.lot_key)
    assert (row.explanation, row.on_hand) == ("a box got wet", D(300))
    with case.database.read() as session:
        view = notice_of_token(session, case.token)
    assert [(line.unaccounted, line.state) for line in view.lines if line.number == "P-1"] == [
        (D(50), LineState.unaccounted)]


def test_having_received_another_number_needs_a_word(quick: Case) -> None:
    with pytest.raises(InvalidInput):
        quick.answer(AnswerLine(quick.house.first.lot_key, D(350), D(0), D(0), received=D(340)))


def test_every_wrong_field_is_named_at_once_and_nothing_is_kept(quick: Case) -> None:
    first = quick.house.first.lot_key
    with pytest.raises(InvalidInput) as refused:
        quick.answer(AnswerLine(first, D(-1), D(0), D(-2)), who=" ")
    assert refused.value.errors.keys() == {f"on_hand:{first}", f"returned:{first}", "answered_by", "explanation"}
    assert quick.line(first).on_hand is None
    with pytest.raises(InvalidInput):
        quick.answer()
    with pytest.raises(InvalidInput):
        quick.answer(AnswerLine(quick.house.other.lot_key, D(0), D(0), D(0)))


def test_the_same_answer_sent_twice_changes_nothing(case: Case) -> None:
    line = AnswerLine(case.house.first.lot_key, D(350), D(0), D(0))
    for _ in range(2):
        assert case.answer(line, seen=0).answers == 1
    with case.database.read() as session:
        notice = session.get_one(Notice, (case.recall.id, case.clinic))
        assert [entry.action for entry in answer_history(session, notice.id)] == ["notice.answered"]


def test_a_second_person_there_does_not_overwrite_the_first_unseen(quick: Case) -> None:
    first = quick.house.first.lot_key
    quick.answer(AnswerLine(first, D(350), D(0), D(0)), seen=0)
    with pytest.raises(Stale) as refused:
        quick.answer(AnswerLine(first, D(0), D(350), D(0)), seen=0)
    assert refused.value.code == "answered-meanwhile"
    assert quick.line(first).on_hand == D(350)
    quick.answer(AnswerLine(first, D(0), D(350), D(0)), seen=1)
    assert quick.line(first).used == D(350)


def test_a_correction_keeps_what_was_said_before_and_names_nobody_in_the_trail(case: Case) -> None:
    first = case.house.first.lot_key
    case.answer(AnswerLine(first, D(350), D(0), D(0)), who="Zhang San")
    case.answer(AnswerLine(first, D(349), D(1), D(0)), who="Zhang San")
    with case.database.read() as session:
        notice = session.get_one(Notice, (case.recall.id, case.clinic))
        history = answer_history(session, notice.id)
    assert '"on_hand":"350"' in history[1].data
    assert '"on_hand":"349"' in history[1].data
    assert all("Zhang" not in entry.data for entry in history)
    assert {entry.actor_id for entry in history} == {f"consignee:{case.clinic}"}


def settle(case: Case, lot_key: str, reason: str = "moved away") -> RecallLedger:
    with case.database.write() as session:
        return settle_line(session, case.house.writer, case.clock, SettleLine(case.recall.id, case.clinic, lot_key,
                                                                              reason))


def test_a_line_is_settled_for_a_reason_only_while_it_is_open(quick: Case) -> None:
    first = quick.house.first.lot_key
    with pytest.raises(InvalidInput):
        settle(quick, first, " ")
    settle(quick, first)
    with pytest.raises(Conflict):
        settle(quick, first)
    quick.answer(AnswerLine(quick.house.second.lot_key, D(1000), D(0), D(0)))
    with pytest.raises(Conflict):
        settle(quick, quick.house.second.lot_key)
    with pytest.raises(NotFound):
        settle(quick, quick.house.other.lot_key)


def test_an_answer_after_settling_opens_the_question_again(quick: Case) -> None:
    first = quick.house.first.lot_key
    settle(quick, first)
    quick.answer(AnswerLine(first, D(300), D(0), D(0)), explanation="50 are lost")
    row = quick.line(first)
    assert (row.settled_at, row.settled_by, row.settled_reason) == (None, None, "")
    settle(quick, first, "loss is plausible")
    assert quick.line(first).settled_reason == "loss is plausible"


def test_staff_write_down_what_they_were_told_by_telephone(case: Case) -> None:
    with case.database.write() as session:
        record_answer_by_staff(session, case.house.writer, case.clock, AnswerByStaff(
            case.recall.id, case.hospital, (AnswerLine(case.house.first.lot_key, D(0), D(200), D(0)),), "Head nurse"))
    with case.database.read() as session:
        notice = session.get_one(Notice, (case.recall.id, case.hospital))
        assert notice.state == "answered"
        history = answer_history(session, notice.id)
    assert [(entry.action, entry.actor_id) for entry in history] == [
        ("notice.answered", case.house.writer.id), ("notice.answer_taken", case.house.writer.id)]
    assert '"way":"telephone"' in history[1].data
    with pytest.raises(InvalidInput), case.database.write() as session:
        record_answer_by_staff(session, case.house.writer, case.clock, AnswerByStaff(
            case.recall.id, case.hospital, (), "Head nurse", way="smoke"))


def test_an_answer_after_the_end_is_kept_beside_the_books_and_becomes_work(case: Case) -> None:
    with case.database.read() as session:
        views = [notice_of_token(session, token) for token in (case.token, case.hospital_token)]
    for token, view in zip((case.token, case.hospital_token), views, strict=True):
        case.answer(*none_left(view), token=token)
    with case.database.write() as session:
        ended(session, case.clock, case.house, case.recall.id)
    for _ in range(2):
        notice = case.answer(AnswerLine(case.house.first.lot_key, D(1), D(349), D(0)), who="Head of store")
    with case.database.read() as session:
        view = notice_of_token(session, case.token)
        assert view.is_closed
        assert [(one.answered_by, one.is_late) for one in view.history] == [("Head of store", True), ("Nurse", False)]
        assert view.history[0].lines[case.house.first.lot_key]["on_hand"] == "1"
        assert [task.kind for task in open_tasks(session) if task.about == f"notice:{notice.id}"] == [
            "recall.late_answer"]
    assert case.line(case.house.first.lot_key).on_hand == D(0)


def test_an_answer_and_the_end_at_once_leave_one_of_both(case: Case) -> None:
    with case.database.read() as session:
        views = [notice_of_token(session, token) for token in (case.token, case.hospital_token)]
    for token, view in zip((case.token, case.hospital_token), views, strict=True):
        case.answer(*none_left(view), token=token)
    with case.database.write() as session:
        checked(session, case.clock, case.house, case.recall.id)
        placed(session, case.clock, case.house, case.recall.id)
    gate, outcomes = threading.Barrier(2), []

    def correct() -> None:
        gate.wait()
        try:
            case.answer(AnswerLine(case.house.first.lot_key, D(300), D(0), D(0)), explanation="50 are lost")
            outcomes.append("answered")
        except Conflict as error:
            outcomes.append(error.code)

    def close() -> None:
        gate.wait()
        try:
            with case.database.write() as session:
                terminate_recall(session, case.house.manager, case.clock, TerminateRecall(
                    case.recall.id, "all used", PASSWORD, without=WITHOUT))
            outcomes.append("closed")
        except Conflict as error:
            outcomes.append(error.code)

    threads = [threading.Thread(target=work) for work in (correct, close)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    assert sorted(outcomes) in (["answered", "ledger-open"], ["answered", "closed"])
    with case.database.read() as session:
        is_late = notice_of_token(session, case.token).history[0].is_late
    assert is_late == ("closed" in outcomes)
    assert case.line(case.house.first.lot_key).on_hand == D(0 if is_late else 300)
    with case.database.read() as session:
        is_closed = session.get_one(Recall, case.recall.id).state == "terminated"
    assert is_closed == (case.line(case.house.first.lot_key).on_hand == D(0))


def test_the_funnel_and_the_sums_follow_the_answers(case: Case) -> None:
    case.answer(AnswerLine(case.house.first.lot_key, D(300), D(0), D(0)), explanation="lost")
    settle(case, case.house.first.lot_key, "police report")
    with case.database.read() as session:
        totals = totals_of(session, case.recall.id)
        rows = {row.consignee_en: row for row in notice_rows(session, case.recall.id)}
        open_lines = ledger_page(session, LedgerFilter(case.recall.id, state="unanswered"))
        found = ledger_page(session, LedgerFilter(case.recall.id, text="第一诊所", limit=1))
        then = ledger_page(session, LedgerFilter(case.recall.id, text="第一诊所", limit=1, after=found.next))
    assert (totals.consignees, totals.notified, totals.answered, totals.lines, totals.open_lines) == (2, 1, 0, 3, 2)
    (units,) = totals.units
    assert (units.unit, units.shipped, units.on_hand, units.unaccounted, units.unanswered, units.settled) == (
        "EA", D(1550), D(300), D(50), D(1200), D(50))
    assert (rows["Clinic One"].lots, rows["Clinic One"].open_lots, rows["Clinic One"].shipped) == (2, 1, D(1350))
    assert {(row.consignee_en, row.number) for row in open_lines.rows} == {
        ("Clinic One", "P-2"), ("Hospital Two", "P-1")}
    assert found.total == 2
    assert {row.number for row in (*found.rows, *then.rows)} == {"P-1", "P-2"}


def test_guessing_links_and_flooding_answers_end_in_a_refusal(quick: Case) -> None:
    with pytest.raises(TooMany):
        for _ in range(31):
            with quick.database.write() as session:
                limit_misses(session, quick.clock, "10.0.0.1")
    with pytest.raises(TooMany):
        for _ in range(61):
            with quick.database.write() as session:
                limit_answers(session, quick.clock, quick.token, "10.0.0.2")


@pytest.mark.parametrize("text", ["", "-1", "abc", "1e99", "NaN", "0.0000001", "Infinity"])
def test_what_is_no_number_of_units_is_refused(text: str) -> None:
    with pytest.raises(InvalidInput):
        parse_units(text, place="on_hand")


units = st.integers(min_value=0, max_value=2000).map(D)


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(answers=st.lists(st.tuples(st.integers(0, 1), units, units, units, st.booleans()), max_size=5))
def test_whatever_is_answered_and_settled_the_sums_are_those_of_the_lines(
        quick: Case, answers: list[tuple[int, D, D, D, bool]]) -> None:
    lots = (quick.house.first.lot_key, quick.house.second.lot_key)
    for place, on_hand, used, returned, is_settled in answers:
        quick.answer(AnswerLine(lots[place], on_hand, used, returned, sure=on_hand + used + returned),
                     explanation="counted again")
        if is_settled and quick.line(lots[place]).settled_at is None:
            with quick.database.read() as session:
                view = notice_of_token(session, quick.token)
            if any(line.lot_key == lots[place] and line.state in OPEN_STATES for line in view.lines):
                settle(quick, lots[place])
    with quick.database.read() as session:
        totals = totals_of(session, quick.recall.id)
        rows = ledger_page(session, LedgerFilter(quick.recall.id)).rows
        by_state = {state: ledger_page(session, LedgerFilter(quick.recall.id, state=state)).rows for state in LineState}
    (sums,) = totals.units
    assert sums.shipped == sums.on_hand + sums.used + sums.returned + sums.unaccounted + sums.unanswered == D(1550)
    assert sums.unaccounted == sum(row.unaccounted for row in rows if row.on_hand is not None)
    assert totals.open_lines == sum(row.state in OPEN_STATES for row in rows)
    for state, found in by_state.items():
        assert {row.lot_key + row.consignee_id for row in found} == {
            row.lot_key + row.consignee_id for row in rows if row.state == state}
