"""What is work after a case is over: nothing about people outside, and all that authorities still wait for."""
from __future__ import annotations

from datetime import timedelta
from decimal import Decimal as D

import pytest

from tests.db.test_recall_books import Case
from tests.factories import PASSWORD
from tests.factories_recall import HAZARD, VAULT, Tray, decided, deliver, ended, make_house
from traceapp.core.clock import FixedClock
from traceapp.db import Database
from traceapp.recall.answer import AnswerLine
from traceapp.recall.approval import CancelRecall, cancel_recall
from traceapp.recall.cases import recall_stream
from traceapp.recall.deciding import DecideNone, decide_none
from traceapp.recall.evaluation import MEDICAL, QUALITY
from traceapp.recall.naming import PassOn
from traceapp.recall.passing_on import CALL_PASSED_TASK
from traceapp.recall.reminders import remind_passed
from traceapp.recall.service import (
    ReopenRecall,
    SignEvaluation,
    WriteEvaluation,
    reopen_recall,
    sign_evaluation,
    write_evaluation,
)
from traceapp.worklist.clock_model import ClockState
from traceapp.worklist.legal_clocks import REPORT_TASK, EndClock, clocks_about, end_clock
from traceapp.worklist.model import Task
from traceapp.worklist.tasks import open_tasks


def work(database: Database) -> dict[str, Task]:
    with database.read() as session:
        return {task.kind: task for task in open_tasks(session)}


def test_a_reopened_case_that_is_closed_without_action_leaves_no_calls_and_keeps_its_reports(
        database: Database, clock: FixedClock) -> None:
    case = Case(database, clock)
    deliver(database, clock, Tray())
    case.answer(case.clinic, AnswerLine(case.first, D(0), D(310), D(0)), AnswerLine(case.second, D(0), D(1000), D(0)),
                passed=(PassOn("Old clinic", {case.first: D(40)}),))
    case.answer(case.hospital, AnswerLine(case.first, D(0), D(200), D(0)))
    with database.write() as session:
        ended(session, clock, case.house, case.recall.id)
        reopen_recall(session, case.house.manager, clock, ReopenRecall(case.recall.id, "a letter"), vault=VAULT)
    clock.move_to(clock.now() + timedelta(days=4))
    with database.write() as session:
        assert remind_passed(session, clock) == 1
    before = work(database)
    assert {CALL_PASSED_TASK, REPORT_TASK} <= set(before)
    with database.write() as session:
        write_evaluation(session, case.house.writer, clock, WriteEvaluation(case.recall.id, HAZARD))
        for signer, meaning in ((case.house.writer, QUALITY), (case.house.second_manager, MEDICAL)):
            sign_evaluation(session, signer, clock, SignEvaluation(case.recall.id, meaning, PASSWORD))
        for signer in (case.house.manager, case.house.second_manager):
            decide_none(session, signer, clock, DecideNone(case.recall.id, "known already", PASSWORD))
    left = work(database)
    assert CALL_PASSED_TASK not in left and left[REPORT_TASK].due_at == before[REPORT_TASK].due_at


@pytest.mark.parametrize("are_ended", [False, True])
def test_a_cancelled_recall_asks_for_the_reports_whose_clocks_its_decision_began(
        sqlite: Database, clock: FixedClock, are_ended: bool) -> None:
    house = make_house(sqlite, clock)
    recall = decided(sqlite, clock, house)
    due = work(sqlite)[REPORT_TASK].due_at
    with sqlite.write() as session:
        if are_ended:
            for one in clocks_about(session, recall_stream(recall)):
                end_clock(session, house.manager, clock, EndClock(one.id, ClockState.not_reportable, "never began"))
        cancel_recall(session, house.writer, clock, CancelRecall(recall.id, "another house made them"))
    left = work(sqlite)
    assert REPORT_TASK not in left if are_ended else left[REPORT_TASK].due_at == due
