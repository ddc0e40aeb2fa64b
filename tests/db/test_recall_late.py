"""A destruction is claimed until something shows it; an answer after the end leaves the books and ends by a rule."""
from __future__ import annotations

from datetime import timedelta
from decimal import Decimal as D
from pathlib import Path

import pytest
from sqlalchemy import select

from tests.db.test_recall_books import Case
from tests.db.test_recall_hands import named, to, ward_says
from tests.db.test_recall_passing_on import deliver_passed
from tests.db.test_recall_revisions import withdrawn
from tests.factories_recall import VAULT, Tray, ended
from traceapp.attachment.service import FileStore, ReadyFile
from traceapp.catalog.model import PartyContact
from traceapp.core.clock import FixedClock
from traceapp.core.errors import Conflict, InvalidInput
from traceapp.db import Database
from traceapp.recall.answer import AnswerLine
from traceapp.recall.figure_reads import figures_of
from traceapp.recall.late import LATE_TASK, NoteLate, late_of, note_late
from traceapp.recall.model import Recall, RecallLedger
from traceapp.recall.naming import PassOn
from traceapp.recall.policy import LineState
from traceapp.recall.proofs import ProveDestruction, prove_destruction
from traceapp.recall.proving import UNPROVED_TASK, AcceptUnproved, accept_unproved
from traceapp.recall.service import ReopenRecall, SettleLine, reopen_recall, settle_line
from traceapp.worklist.tasks import complete_task, open_tasks


@pytest.fixture
def quick(sqlite: Database, clock: FixedClock) -> Case:
    return Case(sqlite, clock)


def strict(case: Case) -> Case:
    """A case whose strategy asks for a proof."""
    with case.database.write() as session:
        session.get_one(Recall, case.recall.id).needs_proof = True
    return case


def row(case: Case) -> RecallLedger:
    with case.database.read() as session:
        return session.get_one(RecallLedger, (case.first, case.recall.id, case.clinic))


def work(case: Case, kind: str) -> int:
    with case.database.read() as session:
        return sum(task.kind == kind for task in open_tasks(session))


def prove(case: Case, folder: Path, data: bytes = b"%PDF-1.7") -> None:
    with case.database.write() as session:
        prove_destruction(session, case.house.writer, case.clock, ProveDestruction(
            case.recall.id, case.clinic, "certificate.pdf", ReadyFile(data, "application/pdf")),
            store=FileStore(folder))


def accept(case: Case, reason: str = "their authority watched it") -> None:
    with case.database.write() as session:
        accept_unproved(session, case.house.writer, case.clock, AcceptUnproved(
            case.recall.id, case.clinic, case.first, reason))


def test_destroyed_without_a_proof_is_claimed_counts_as_not_recovered_and_is_work(
        database: Database, clock: FixedClock, tmp_path: Path) -> None:
    case = strict(Case(database, clock))
    case.answer(case.clinic, AnswerLine(case.first, D(0), D(310), D(0), destroyed=D(40)))
    assert (case.state(), row(case).unproved, work(case, UNPROVED_TASK)) == (LineState.unproved, D(40), 1)
    assert case.balance().unproved == 40
    with case.database.read() as session:
        (facts,) = figures_of(session, clock.now(), [session.get_one(Recall, case.recall.id)])[case.recall.id].units
    assert facts.recovered == 0
    prove(case, tmp_path)
    assert (case.state(), row(case).unproved, work(case, UNPROVED_TASK)) == (LineState.accounted, D(0), 0)


def test_a_photo_covers_what_was_claimed_until_it_came_and_no_more(quick: Case, tmp_path: Path) -> None:
    case = strict(quick)
    case.answer(case.clinic, AnswerLine(case.first, D(0), D(310), D(0), destroyed=D(40)))
    prove(case, tmp_path)
    case.clock.move_to(case.clock.now() + timedelta(hours=1))
    case.answer(case.clinic, AnswerLine(case.first, D(0), D(290), D(0), destroyed=D(60)))
    assert row(case).unproved == D(60) - D(40)
    prove(case, tmp_path, b"%PDF-1.7 of the next twenty")
    case.answer(case.clinic, AnswerLine(case.first, D(0), D(280), D(0), destroyed=D(70)))
    assert row(case).unproved == 0, "the file came with the answer"


def test_a_person_accepts_it_for_a_reason_and_a_reason_for_missing_units_is_none_for_it(quick: Case) -> None:
    case = strict(quick)
    case.answer(case.clinic, AnswerLine(case.first, D(0), D(300), D(0), destroyed=D(40)), explanation="ten lost")
    with quick.database.write() as session:
        settle_line(session, case.house.writer, case.clock, SettleLine(case.recall.id, case.clinic, case.first, "lost"))
    assert case.state() == LineState.unproved
    with pytest.raises(Conflict) as refused, quick.database.write() as session:
        settle_line(session, case.house.writer, case.clock, SettleLine(case.recall.id, case.clinic, case.first, "lost"))
    assert refused.value.code == "unproved"
    with pytest.raises(InvalidInput):
        accept(case, " ")
    accept(case)
    assert (case.state(), row(case).accepted_reason, work(case, UNPROVED_TASK)) == (
        LineState.settled, "their authority watched it", 0)
    with pytest.raises(Conflict):
        accept(case)


def test_what_is_not_proved_keeps_the_recall_open_and_is_not_ended_by_hand(quick: Case) -> None:
    case = strict(quick)
    case.answer(case.clinic, AnswerLine(case.first, D(0), D(310), D(0), destroyed=D(40)))
    with case.database.read() as session:
        task = next(task for task in open_tasks(session) if task.kind == UNPROVED_TASK)
    with pytest.raises(Conflict), case.database.write() as session:
        complete_task(session, case.house.writer, case.clock, task.id, "seen")
    with case.database.write() as session:
        for line in session.scalars(select(RecallLedger).where(RecallLedger.on_hand.is_(None))).all():
            settle_line(session, case.house.writer, case.clock, SettleLine(
                case.recall.id, line.consignee_id, line.lot_key, "gone"))
    with pytest.raises(Conflict) as refused, case.database.write() as session:
        ended(session, case.clock, case.house, case.recall.id)
    assert (refused.value.code, list(refused.value.errors)) == ("ledger-open", [f"{case.clinic}/{case.first}"])


def test_where_the_strategy_asks_for_none_a_word_is_enough(quick: Case) -> None:
    quick.answer(quick.clinic, AnswerLine(quick.first, D(0), D(310), D(0), destroyed=D(40)))
    assert (quick.state(), work(quick, UNPROVED_TASK)) == (LineState.accounted, 0)


def over(case: Case, *, is_answered: bool = False) -> Case:
    """The same, ended: the clinic used 350 of P-1, if it did not answer before; everything else was settled."""
    if not is_answered:
        case.answer(case.clinic, AnswerLine(case.first, D(0), D(350), D(0)))
    with case.database.write() as session:
        for line in session.scalars(select(RecallLedger).where(RecallLedger.on_hand.is_(None))).all():
            settle_line(session, case.house.writer, case.clock, SettleLine(
                case.recall.id, line.consignee_id, line.lot_key, "gone"))
    with case.database.write() as session:
        ended(session, case.clock, case.house, case.recall.id)
    return case


def states(case: Case) -> list[str]:
    with case.database.read() as session:
        return [one.state for one in late_of(session, case.recall.id, case.clinic)][::-1]


def again(case: Case) -> None:
    """Open the case again."""
    with case.database.write() as session:
        reopen_recall(session, case.house.manager, case.clock, ReopenRecall(case.recall.id, "seven packs turned up"),
                      vault=VAULT)


def test_after_the_end_what_says_the_same_ends_by_itself_and_the_rest_is_work_until_it_is_decided(
        database: Database, clock: FixedClock) -> None:
    case = over(Case(database, clock))
    for on_hand in (0, 7, 8):
        clock.move_to(clock.now().replace(second=on_hand + 1))
        case.answer(case.clinic, AnswerLine(case.first, D(on_hand), D(350 - on_hand), D(0)))
    assert (states(case), work(case, LATE_TASK), row(case).used) == (["same", "replaced", "waiting"], 1, D(350))
    with database.write() as session:
        assert note_late(session, case.house.writer, clock, NoteLate(case.recall.id, case.clinic, "counted the box")) == 1
        with pytest.raises(Conflict):
            note_late(session, case.house.writer, clock, NoteLate(case.recall.id, case.clinic, "again"))
    assert (states(case)[-1], work(case, LATE_TASK), row(case).used) == ("noted", 0, D(350))


def test_a_later_answer_that_agrees_with_the_books_ends_the_one_that_did_not(quick: Case) -> None:
    case = over(quick)
    case.answer(case.clinic, AnswerLine(case.first, D(7), D(343), D(0)))
    assert work(case, LATE_TASK) == 1
    case.answer(case.clinic, AnswerLine(case.first, D(0), D(350), D(0)))
    assert (sorted(states(case)), work(case, LATE_TASK)) == (["replaced", "same"], 0)


def test_reopened_the_answer_that_waited_counts_and_whom_it_named_is_told_and_answers(
        database: Database, clock: FixedClock) -> None:
    case = over(Case(database, clock))
    case.answer(case.clinic, AnswerLine(case.first, D(7), D(313), D(0)),
                passed=(PassOn("Ward 3", {case.first: D(30)}, "ward3@x.example"),))
    assert named(case) == {}
    again(case)
    assert (states(case), work(case, LATE_TASK), row(case).on_hand, row(case).used) == (["taken"], 0, D(7), D(313))
    with case.database.read() as session:
        said = late_of(session, case.recall.id)[0]
    assert (row(case).passed_on, row(case).passed_to, case.state(), said.ended_by) == (
        D(30), "Ward 3", LineState.accounted, case.house.manager.id)
    tray = Tray()
    deliver_passed(case.database, case.clock, tray)
    assert [letter.to for letter in tray.letters] == ["ward3@x.example"]
    ward_says(case, "Ward 3", 10, 0, 0, passed=(to("Village clinic", case.first, 20),))
    assert (named(case)["Ward 3"].state, named(case)["Village clinic"].depth) == ("answered", 2)


def test_after_a_withdrawal_an_answer_is_kept_and_nobody_has_to_look_at_it(quick: Case) -> None:
    with quick.database.write() as session:
        withdrawn(session, quick.clock, quick.house, quick.recall.id)
    quick.answer(quick.clinic, AnswerLine(quick.first, D(7), D(343), D(0)))
    assert (states(quick), work(quick, LATE_TASK)) == (["withdrawn"], 0)


def test_an_answer_about_one_batch_replaces_none_about_another_and_both_count_again(quick: Case) -> None:
    case = over(quick)
    case.answer(case.clinic, AnswerLine(case.first, D(7), D(343), D(0)))
    case.answer(case.clinic, AnswerLine(case.second, D(0), D(1000), D(0)))
    assert (states(case), work(case, LATE_TASK)) == (["waiting", "waiting"], 1)
    again(case)
    with case.database.read() as session:
        second = session.get_one(RecallLedger, (case.second, case.recall.id, case.clinic))
    assert (states(case), row(case).on_hand, second.used, work(case, LATE_TASK)) == (["taken", "taken"], D(7), D(1000), 0)


def test_names_alone_wait_and_of_several_hands_each_is_told_once_the_case_is_open_again(quick: Case) -> None:
    case = over(quick)
    case.answer(case.clinic, passed=(to("Ward 3", case.first, 60), PassOn("Old clinic, Wuxi", {case.first: D(40)})))
    assert states(case) == ["waiting"]
    case.answer(case.clinic, passed=(to("Ward 3", case.first, 50),))
    again(case)
    assert (states(case), list(named(case)), row(case).passed_on, case.state()) == (
        ["replaced", "taken"], ["Ward 3"], D(50), LineState.unaccounted)


def test_a_name_that_can_no_longer_be_written_is_a_call_and_stays_to_be_read(quick: Case) -> None:
    case = over(quick)
    case.answer(case.clinic, AnswerLine(case.first, D(0), D(300), D(0)),
                passed=(to("Ward 3", case.first, 30), to("Ward 4", case.first, 20)))
    with case.database.write() as session:
        session.add(PartyContact(id="li", party_id=case.clinic, name="Li", email="ward3@x.example"))
    again(case)
    assert (list(named(case)), row(case).passed_on, work(case, "recall.telephone")) == (["Ward 4"], D(20), 1)
    assert (case.state(), "Ward 3" in row(case).passed_to) == (LineState.unaccounted, True)
