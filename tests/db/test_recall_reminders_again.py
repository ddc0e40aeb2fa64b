"""Who is named again after an answer is reminded like anybody else, and whoever a letter waits for is not forgotten; two
services that remind at once remind each once."""
from __future__ import annotations

import threading
from datetime import timedelta
from decimal import Decimal as D

import pytest
from sqlalchemy import func, select

from tests.db.test_recall_books import Case
from tests.db.test_recall_hands import named, to, ward_says
from tests.db.test_recall_passing_on import deliver_passed
from tests.factories_recall import Tray, deliver
from traceapp.core.clock import FixedClock
from traceapp.db import Database
from traceapp.outbox.delivery import UNREACHED
from traceapp.outbox.model import OutboxMessage
from traceapp.recall.answer import AnswerLine
from traceapp.recall.model import Notice
from traceapp.recall.naming import PassOn
from traceapp.recall.notices import REMINDER_KIND
from traceapp.recall.passing_on import CALL_PASSED_TASK
from traceapp.recall.reminders import remind_due, remind_passed
from traceapp.worklist.tasks import open_tasks

DAY = timedelta(days=1)


def remind(case: Case, days: int) -> int:
    """So many days later."""
    case.clock.move_to(case.clock.now() + days * DAY)
    with case.database.write() as session:
        return remind_passed(session, case.clock)


def calls(case: Case) -> int:
    with case.database.read() as session:
        return sum(task.kind == CALL_PASSED_TASK for task in open_tasks(session))


def named_again(case: Case) -> None:
    """The ward was reminded three times, telephoned, and answered; then the clinic names it for another batch."""
    deliver(case.database, case.clock, Tray())
    case.answer(case.clinic, AnswerLine(case.first, D(290), D(0), D(0)), passed=(to("Ward 3", case.first, 60),))
    deliver_passed(case.database, case.clock, Tray())
    assert [remind(case, days) for days in (3, 2, 2, 2)] == [1, 1, 1, 1]
    deliver_passed(case.database, case.clock, Tray())
    ward_says(case, "Ward 3", 0, 60, 0)
    case.answer(case.clinic, AnswerLine(case.first, D(290), D(0), D(0)), AnswerLine(case.second, D(900), D(0), D(0)),
                passed=(PassOn("Ward 3", {case.first: D(60), case.second: D(100)}, "ward3@x.example"),))


@pytest.fixture
def case(sqlite: Database, clock: FixedClock) -> Case:
    return Case(sqlite, clock)


def test_who_is_named_again_after_its_answer_gets_reminders_before_somebody_telephones(case: Case) -> None:
    named_again(case)
    deliver_passed(case.database, case.clock, Tray())
    for number in (1, 2, 3):
        assert (remind(case, 1), remind(case, 1), calls(case)) == (0, 1, 0)
        tray = Tray()
        deliver_passed(case.database, case.clock, tray)
        assert [f"第 {number} 次提醒" in letter.subject for letter in tray.letters] == [True]
    assert (remind(case, 2), calls(case)) == (1, 1)


def test_whose_second_letter_waits_for_a_server_is_telephoned_and_reminded_once_it_went(case: Case) -> None:
    named_again(case)
    deliver_passed(case.database, case.clock, Tray(UNREACHED))
    assert named(case)["Ward 3"].state == "queued"
    assert (remind(case, 1), calls(case)) == (0, 0)
    assert (remind(case, 1), calls(case)) == (1, 1)
    deliver_passed(case.database, case.clock, Tray())
    assert (named(case)["Ward 3"].state, calls(case)) == ("sent", 0)
    assert [remind(case, 1), remind(case, 1), calls(case)] == [0, 1, 0]


def test_two_services_at_once_remind_each_consignee_once(database: Database, clock: FixedClock) -> None:
    case = Case(database, clock)
    deliver(database, clock, Tray())
    clock.move_to(clock.now() + 3 * DAY)
    both, counted = threading.Barrier(2), list[int]()

    def act() -> None:
        both.wait()
        with database.write() as session:
            counted.append(remind_due(session, clock))

    threads = [threading.Thread(target=act) for _ in range(2)]
    for one in threads:
        one.start()
    for one in threads:
        one.join()
    with database.read() as session:
        assert sum(counted) == session.scalar(select(func.sum(Notice.reminders))) == 2
        assert session.scalar(select(func.count()).where(OutboxMessage.kind == REMINDER_KIND)) == 2
        assert session.get_one(Notice, (case.recall.id, case.clinic)).reminders == 1
