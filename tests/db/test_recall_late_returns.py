"""Goods of an ended recall that come back past every gate are counted, and are work until it is said what follows."""
from __future__ import annotations

from datetime import timedelta
from decimal import Decimal as D

import pytest
from sqlalchemy import select

from tests.db.test_recall_books import Case
from tests.db.test_recall_late import again, over, row, work
from tests.db.test_recall_revisions import withdrawn
from traceapp.config import Settings
from traceapp.core.clock import FixedClock
from traceapp.core.errors import Conflict, InvalidInput
from traceapp.db import Database
from traceapp.jobs.recall_sweep import follow_recall_scopes
from traceapp.recall.book_model import RecallReturn
from traceapp.recall.booking import book_late_returns, late_returns_to_book, may_late_returns_wait
from traceapp.recall.following import follow_scopes
from traceapp.recall.late_returns import LATE_RETURN_TASK, NoteLateReturns, late_returns_of, note_late_returns
from traceapp.recall.model import RecallLedger
from traceapp.recall.policy import LineState
from traceapp.trace.shipping import ReturnUnits, return_units
from traceapp.worklist.tasks import complete_task, open_tasks
from traceapp.world import build_world


def ended_case(database: Database, clock: FixedClock) -> Case:
    """A recall that was followed while it ran, and ended an hour ago."""
    case = Case(database, clock)
    with database.write() as session:
        follow_scopes(session, clock)
    over(case)
    clock.move_to(clock.now() + timedelta(hours=1))
    return case


def told_by_another_system(case: Case, units: int) -> None:
    with case.database.write() as session:
        return_units(session, case.house.writer, case.clock, ReturnUnits(
            case.first, case.clinic, D(units), case.clock.now()))


def book(case: Case) -> int:
    with case.database.write() as session:
        return book_late_returns(session, case.clock, late_returns_to_book(session, case.clock))


def states(case: Case) -> list[str]:
    with case.database.read() as session:
        return [one.state for one in late_returns_of(session, case.recall.id, case.clinic)]


def note(case: Case, reason: str = "seven packs; the report is sent again") -> int:
    with case.database.write() as session:
        return note_late_returns(session, case.house.writer, case.clock, NoteLateReturns(
            case.recall.id, case.clinic, reason))


def test_what_another_system_tells_after_the_end_is_counted_once_and_is_work(database: Database,
                                                                             clock: FixedClock) -> None:
    case = ended_case(database, clock)
    assert book(case) == 0
    told_by_another_system(case, 7)
    with database.read() as session:
        assert may_late_returns_wait(session)
    assert (book(case), book(case)) == (1, 0)
    assert (row(case).came_back, states(case), work(case, LATE_RETURN_TASK)) == (D(7), ["waiting"], 1)
    with database.read() as session:
        task = next(task for task in open_tasks(session) if task.kind == LATE_RETURN_TASK)
        assert session.scalars(select(RecallReturn.units)).all() == [D(7)]
    assert (task.params["recall_id"], task.params["consignee_id"]) == (case.recall.id, case.clinic)
    with pytest.raises(Conflict), database.write() as session:
        complete_task(session, case.house.writer, clock, task.id, "seen")
    clock.move_to(clock.now() + timedelta(hours=1))
    book(case)
    with database.read() as session:
        assert not may_late_returns_wait(session)


def test_the_end_stands_for_a_reason(sqlite: Database, clock: FixedClock) -> None:
    case = ended_case(sqlite, clock)
    told_by_another_system(case, 7)
    book(case)
    case.take(5)
    with pytest.raises(InvalidInput):
        note(case, " ")
    assert (note(case), states(case), work(case, LATE_RETURN_TASK)) == (2, ["noted", "noted"], 0)
    with pytest.raises(Conflict):
        note(case)


def test_reopened_it_is_part_of_the_books_and_a_reason_for_the_line_is_gone(sqlite: Database,
                                                                            clock: FixedClock) -> None:
    case = Case(sqlite, clock)
    with sqlite.write() as session:
        follow_scopes(session, clock)
    over(case, is_answered=True)
    clock.move_to(clock.now() + timedelta(hours=1))
    told_by_another_system(case, 7)
    book(case)
    assert case.state() == LineState.settled
    again(case)
    assert (states(case), work(case, LATE_RETURN_TASK), case.state()) == (["taken"], 0, LineState.unanswered)


def test_after_a_withdrawal_they_are_ordinary_returns(sqlite: Database, clock: FixedClock) -> None:
    case = Case(sqlite, clock)
    with sqlite.write() as session:
        follow_scopes(session, clock)
        withdrawn(session, clock, case.house, case.recall.id)
    clock.move_to(clock.now() + timedelta(hours=1))
    told_by_another_system(case, 7)
    assert (book(case), states(case), work(case, LATE_RETURN_TASK)) == (0, [], 0)
    case.take(3)
    assert (states(case), work(case, LATE_RETURN_TASK)) == ([], 0)


def test_a_recall_that_runs_comes_first(sqlite: Database, clock: FixedClock) -> None:
    case = ended_case(sqlite, clock)
    told_by_another_system(case, 7)
    again(case)
    assert (book(case), row(case).came_back) == (0, D(0))
    with sqlite.read() as session:
        assert session.scalars(select(RecallLedger.came_back)).all() == [D(0)] * 3


def test_the_scheduler_finds_what_another_system_told(sqlite: Database, clock: FixedClock,
                                                                  settings: Settings) -> None:
    case = ended_case(sqlite, clock)
    world = build_world(settings, database=sqlite, clock=clock)
    assert follow_recall_scopes(world) == 0
    told_by_another_system(case, 7)
    assert follow_recall_scopes(world) == 1
    assert (states(case), row(case).came_back) == (["waiting"], D(7))
