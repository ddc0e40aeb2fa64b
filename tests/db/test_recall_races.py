"""Two acts that exclude each other, begun at the same moment: one is done, the other is refused, and nothing of it stays."""
from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal as D

from sqlalchemy import func, select

from tests.db.test_recall_at_once import at_once
from tests.db.test_recall_books import Case
from tests.factories import PASSWORD
from tests.factories_recall import (
    HAZARD,
    VAULT,
    WITHOUT,
    Tray,
    checked,
    deliver,
    make_house,
    opened,
    placed,
    submitted,
)
from traceapp.core.clock import FixedClock
from traceapp.db import Database
from traceapp.recall.answer import AnswerLine
from traceapp.recall.deciding import DecideNone, DecideRecall, decide_none, decide_recall
from traceapp.recall.disposing import ProposeDisposition, propose_disposition
from traceapp.recall.evaluation import MEDICAL, QUALITY
from traceapp.recall.model import Notice, Recall, RecallSignature
from traceapp.recall.service import (
    ApproveRecall,
    AssessRecall,
    CancelRecall,
    SignEvaluation,
    TerminateRecall,
    WriteEvaluation,
    approve_recall,
    assess_recall,
    cancel_recall,
    sign_evaluation,
    terminate_recall,
    write_evaluation,
)
from traceapp.trace.model import Hold, Lot

Act = Callable[..., object]


def acting(database: Database, act: Act, *given: object, **named: object) -> Callable[[], object]:
    """The act in a transaction of its own."""
    def run() -> object:
        with database.write() as session:
            return act(session, *given, **named)

    return run


def test_a_recall_is_approved_or_cancelled_and_not_both(database: Database, clock: FixedClock) -> None:
    house = make_house(database, clock)
    recall = submitted(database, clock, house)
    outcomes = at_once(
        acting(database, approve_recall, house.manager, clock, ApproveRecall(recall.id, PASSWORD), vault=VAULT),
        acting(database, cancel_recall, house.second_manager, clock, CancelRecall(recall.id, "another house made them")))
    assert sorted(map(bool, outcomes)) == [False, True]
    is_approved = not outcomes[0]
    with database.read() as session:
        state = session.get_one(Recall, recall.id).state
        assert (state == "cancelled", bool(session.scalar(select(func.count()).select_from(Notice)))) == (
            not is_approved, is_approved)
        assert session.get_one(Lot, house.first.lot_key).is_recalled is is_approved
        assert bool(session.scalar(select(func.count()).select_from(Hold).where(
            Hold.lot_key == house.first.lot_key, Hold.lifted_at.is_(None)))) is is_approved


def test_there_is_a_recall_or_none_and_of_two_second_signers_one_closes_the_case(
        database: Database, clock: FixedClock) -> None:
    house = make_house(database, clock)
    recall = opened(database, clock, house)
    with database.write() as session:
        assess_recall(session, house.writer, clock, AssessRecall(recall.id))
        write_evaluation(session, house.writer, clock, WriteEvaluation(recall.id, HAZARD))
        for signer, meaning in ((house.writer, QUALITY), (house.second_manager, MEDICAL)):
            sign_evaluation(session, signer, clock, SignEvaluation(recall.id, meaning, PASSWORD))
        decide_none(session, house.manager, clock, DecideNone(recall.id, "chance", PASSWORD))
    none = acting(database, decide_none, house.second_manager, clock, DecideNone(recall.id, "chance", PASSWORD))
    outcomes = at_once(none, none, acting(
        database, decide_recall, house.manager, clock, DecideRecall(recall.id, "II", "it is real", PASSWORD)))
    assert outcomes.count("") == 1
    with database.read() as session:
        assert session.get_one(Recall, recall.id).state == ("planned" if not outcomes[2] else "closed_no_action")
        signed = list(session.scalars(select(RecallSignature.meaning).where(
            RecallSignature.recall_id == recall.id).order_by(RecallSignature.position)))
        assert signed[3:] == (["decided"] if not outcomes[2] else ["no_action"])


def test_a_case_ends_or_something_more_is_decided_about_its_units(database: Database, clock: FixedClock) -> None:
    case = Case(database, clock)
    deliver(database, clock, Tray())
    case.answer(case.clinic, AnswerLine(case.first, D(0), D(350), D(0)), AnswerLine(case.second, D(0), D(1000), D(0)))
    case.answer(case.hospital, AnswerLine(case.first, D(0), D(200), D(0)))
    with database.write() as session:
        checked(session, clock, case.house, case.recall.id)
        placed(session, clock, case.house, case.recall.id)
    outcomes = at_once(
        acting(database, terminate_recall, case.house.manager, clock, TerminateRecall(
            case.recall.id, "done", PASSWORD, without=WITHOUT)),
        acting(database, propose_disposition, case.house.writer, clock, ProposeDisposition(
            case.recall.id, case.first, "destroy", D(1), "mouldy", PASSWORD)))
    assert outcomes[0] == "" and outcomes[1] in ("not-enough", "wrong-state")
