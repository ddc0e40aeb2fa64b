"""What those further down say after the end has a state like an answer of a consignee, and counts when it is reopened."""
from __future__ import annotations

from decimal import Decimal as D

import pytest

from tests.db.test_recall_books import Case
from tests.db.test_recall_hands import named, to, ward_says
from tests.db.test_recall_late import again, over, work
from tests.db.test_recall_passing_on import deliver_passed
from tests.db.test_recall_revisions import withdrawn
from tests.factories_recall import Tray
from traceapp.core.clock import FixedClock
from traceapp.core.errors import Conflict, InvalidInput, NotFound
from traceapp.db import Database
from traceapp.recall.answer import AnswerLine
from traceapp.recall.late import LATE_TASK
from traceapp.recall.late_passed import NoteLatePassed, late_passed_of, note_late_passed
from traceapp.recall.passing_on import lines_of
from traceapp.recall.telling_model import PassedLine
from traceapp.worklist.tasks import complete_task, open_tasks


def handed(case: Case) -> Case:
    """The clinic passed 60 of P-1 on to ward 3, which used them all; then the recall ended."""
    case.answer(case.clinic, AnswerLine(case.first, D(0), D(290), D(0)), passed=(to("Ward 3", case.first, 60),))
    ward_says(case, "Ward 3", 0, 60, 0)
    return over(case, is_answered=True)


def states(case: Case, name: str = "Ward 3") -> list[str]:
    with case.database.read() as session:
        return [one.state for one in late_passed_of(session, named(case)[name].id)][::-1]


def line(case: Case, name: str = "Ward 3") -> PassedLine:
    with case.database.read() as session:
        key = named(case)[name].id
        return lines_of(session, [key])[key][0]


def note(case: Case, reason: str = "they counted twice", recall_id: str = "") -> int:
    with case.database.write() as session:
        return note_late_passed(session, case.house.writer, case.clock, NoteLatePassed(
            recall_id or case.recall.id, named(case)["Ward 3"].id, reason))


def test_what_agrees_ends_what_comes_again_replaces_and_the_rest_waits_for_a_reason(
        database: Database, clock: FixedClock) -> None:
    case = handed(Case(database, clock))
    for on_hand in (0, 7, 7, 8):
        ward_says(case, "Ward 3", on_hand, 60 - on_hand, 0)
    assert (states(case), work(case, LATE_TASK), line(case).used) == (["same", "replaced", "waiting"], 1, D(60))
    with case.database.read() as session:
        task = next(task for task in open_tasks(session) if task.kind == LATE_TASK)
    assert task.params["passed_id"] == named(case)["Ward 3"].id
    with pytest.raises(Conflict), case.database.write() as session:
        complete_task(session, case.house.writer, case.clock, task.id, "seen")
    for reason, recall_id, refusal in ((" ", "", InvalidInput), ("why", "another", NotFound)):
        with pytest.raises(refusal):
            note(case, reason, recall_id)
    assert note(case) == 1
    with pytest.raises(Conflict):
        note(case)
    assert (states(case)[-1], work(case, LATE_TASK), line(case).used) == ("noted", 0, D(60))


def test_reopened_it_counts_and_whom_it_named_is_told_giver_before_taker(database: Database, clock: FixedClock) -> None:
    case = handed(Case(database, clock))
    case.answer(case.clinic, AnswerLine(case.first, D(0), D(250), D(0)), passed=(
        to("", case.first, 60, passed_id=named(case)["Ward 3"].id, email=""), to("Ward 4", case.first, 40)))
    ward_says(case, "Ward 3", 5, 15, 0, passed=(to("Village clinic", case.first, 40),))
    assert (work(case, LATE_TASK), list(named(case))) == (2, ["Ward 3"])
    again(case)
    assert (states(case), work(case, LATE_TASK)) == (["taken"], 0)
    assert (line(case).on_hand, line(case).used, line(case).passed_on, line(case).answered_by) == (D(5), D(15), D(40), "Li")
    assert {name: one.depth for name, one in named(case).items()} == {"Ward 3": 1, "Ward 4": 1, "Village clinic": 2}
    tray = Tray()
    deliver_passed(case.database, case.clock, tray)
    assert {"ward4@x.example", "villageclinic@x.example"} <= {letter.to for letter in tray.letters}


def test_an_answer_that_never_came_before_waits_although_it_adds_up(sqlite: Database, clock: FixedClock) -> None:
    case = Case(sqlite, clock)
    case.answer(case.clinic, AnswerLine(case.first, D(0), D(290), D(0)), passed=(to("Ward 3", case.first, 60),))
    case = over(case, is_answered=True)
    ward_says(case, "Ward 3", 60, 0, 0)
    assert (states(case), line(case).on_hand) == (["waiting"], None)
    again(case)
    assert (states(case), line(case).on_hand, named(case)["Ward 3"].state) == (["taken"], D(60), "answered")


def test_after_a_withdrawal_it_is_kept_and_is_nobodys_work(sqlite: Database, clock: FixedClock) -> None:
    case = Case(sqlite, clock)
    case.answer(case.clinic, AnswerLine(case.first, D(0), D(290), D(0)), passed=(to("Ward 3", case.first, 60),))
    with sqlite.write() as session:
        withdrawn(session, clock, case.house, case.recall.id)
    ward_says(case, "Ward 3", 60, 0, 0)
    assert (states(case), work(case, LATE_TASK), line(case).on_hand) == (["withdrawn"], 0, None)
