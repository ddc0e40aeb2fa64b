"""Far more said than was shipped is asked about first, then explained by us, and never counts as more than there was."""
from __future__ import annotations

from decimal import Decimal as D

import pytest
from sqlalchemy import select

from tests.db.test_recall_books import Case
from tests.db.test_recall_hands import to, ward_says
from tests.db.test_recall_late import again, over, row, work
from tests.factories_recall import VAULT, ended
from traceapp.core.clock import FixedClock
from traceapp.core.errors import Conflict, InvalidInput
from traceapp.db import Database
from traceapp.recall.answer import AnswerLine
from traceapp.recall.exceeding import EXCESS_TASK
from traceapp.recall.figure_reads import figures_of
from traceapp.recall.ledger import AnswerByStaff, record_answer_by_staff
from traceapp.recall.model import Recall, RecallLedger
from traceapp.recall.passing_on import CALL_PASSED_TASK
from traceapp.recall.policy import LineState, is_far_more
from traceapp.recall.service import SettleLine, settle_line
from traceapp.worklist.tasks import complete_task, open_tasks

WILD = D(999_999)


def says(case: Case, units: D, **more: D) -> AnswerLine:
    """Of P-1, of which the clinic got 350: so many sent back."""
    return AnswerLine(case.first, D(0), D(0), units, **more)


def settle(case: Case, reason: str = "they typed the order number; the parcel held 350") -> None:
    with case.database.write() as session:
        settle_line(session, case.house.writer, case.clock, SettleLine(case.recall.id, case.clinic, case.first, reason))


@pytest.mark.parametrize(("shipped", "said", "is_far"), [
    (1900, 999_999, True), (1900, 2850, False), (1900, 2851, True), (1900, 1900, False), (1900, 0, False),
    (5, 9, False), (5, 10, True), (5, 8, False), (1, 2, True), (20, 30, False), (20, 31, True), (0, 1, True),
    (0, 0, False), (D("2.5"), 2500, True)])
def test_a_miscount_is_not_far_more_and_a_slip_of_the_key_is(shipped: D | int, said: int, is_far: bool) -> None:
    assert is_far_more(D(shipped), D(said)) == is_far


def test_it_is_taken_only_once_the_very_number_was_confirmed(database: Database, clock: FixedClock) -> None:
    case = Case(database, clock)
    for line in (says(case, WILD), says(case, WILD, sure=D(99)), AnswerLine(case.first, D(0), D(350), D(0), D(3500))):
        with pytest.raises(InvalidInput) as refused:
            case.answer(case.clinic, line, explanation="we are sure")
        assert list(refused.value.errors) == [f"sure:{case.first}"]
        assert row(case).on_hand is None
    with pytest.raises(InvalidInput), database.write() as session:
        record_answer_by_staff(session, case.house.writer, clock, AnswerByStaff(
            case.recall.id, case.clinic, (says(case, WILD),), "Li", explanation="they say so"), vault=VAULT)
    case.answer(case.clinic, says(case, WILD, sure=WILD), explanation="we are sure")
    assert (row(case).returned, case.state(), work(case, EXCESS_TASK)) == (WILD, LineState.excess, 1)
    case.answer(case.clinic, says(case, WILD), AnswerLine(case.second, D(0), D(1000), D(0)), explanation="we are sure")
    assert (case.state(case.second), work(case, EXCESS_TASK)) == (LineState.accounted, 1), "known already"


def test_their_explanation_does_not_end_the_recall_ours_does(database: Database, clock: FixedClock) -> None:
    case = Case(database, clock)
    case.answer(case.clinic, says(case, WILD, sure=WILD), explanation="whatever")
    with database.write() as session:
        for line in session.scalars(select(RecallLedger).where(RecallLedger.on_hand.is_(None))).all():
            settle_line(session, case.house.writer, clock, SettleLine(
                case.recall.id, line.consignee_id, line.lot_key, "gone"))
    assert work(case, EXCESS_TASK) == 1, "the reason for another line is none for this one"
    with database.read() as session:
        task = next(task for task in open_tasks(session) if task.kind == EXCESS_TASK)
    with pytest.raises(Conflict), database.write() as session:
        complete_task(session, case.house.writer, clock, task.id, "seen")
    with pytest.raises(Conflict) as refused, database.write() as session:
        ended(session, clock, case.house, case.recall.id)
    assert (refused.value.code, list(refused.value.errors)) == ("ledger-open", [f"{case.clinic}/{case.first}"])
    settle(case)
    assert (case.state(), work(case, EXCESS_TASK)) == (LineState.settled, 0)
    with database.write() as session:
        assert ended(session, clock, case.house, case.recall.id).state == "terminated"


def test_a_corrected_answer_ends_the_work_and_a_wild_one_takes_our_reason_away(sqlite: Database,
                                                                               clock: FixedClock) -> None:
    case = Case(sqlite, clock)
    case.answer(case.clinic, says(case, WILD, sure=WILD), explanation="whatever")
    case.answer(case.clinic, AnswerLine(case.first, D(0), D(350), D(0)))
    assert (case.state(), work(case, EXCESS_TASK)) == (LineState.accounted, 0)
    case.answer(case.clinic, says(case, WILD, sure=WILD), explanation="whatever")
    settle(case)
    case.answer(case.clinic, says(case, D(2000), sure=D(2000)), explanation="no, this")
    assert (case.state(), work(case, EXCESS_TASK)) == (LineState.excess, 1)


def test_no_more_is_recovered_than_was_shipped(database: Database, clock: FixedClock) -> None:
    case = Case(database, clock)
    case.answer(case.clinic, says(case, WILD, sure=WILD), explanation="whatever")
    with database.read() as session:
        (facts,) = figures_of(session, clock.now(), [session.get_one(Recall, case.recall.id)])[case.recall.id].units
    assert (facts.recovered, facts.shipped) == (D(350), D(1550))


def test_whom_units_were_passed_on_to_is_asked_too_and_telephoned(sqlite: Database, clock: FixedClock) -> None:
    case = Case(sqlite, clock)
    case.answer(case.clinic, AnswerLine(case.first, D(0), D(290), D(0)), passed=(to("Ward 3", case.first, 60),))
    with pytest.raises(InvalidInput) as refused:
        ward_says(case, "Ward 3", 600, 0, 0, why="counted")
    assert list(refused.value.errors) == [f"sure:{case.first}"]
    ward_says(case, "Ward 3", 600, 0, 0, why="counted", sure=600)
    assert work(case, CALL_PASSED_TASK) == 1


def test_it_is_asked_after_the_end_too_and_stands_in_the_ledger_once_the_case_is_open_again(
        sqlite: Database, clock: FixedClock) -> None:
    case = over(Case(sqlite, clock))
    with pytest.raises(InvalidInput):
        case.answer(case.clinic, says(case, WILD), explanation="whatever")
    case.answer(case.clinic, says(case, WILD, sure=WILD), explanation="whatever")
    assert work(case, EXCESS_TASK) == 0
    again(case)
    assert (case.state(), work(case, EXCESS_TASK)) == (LineState.excess, 1)
