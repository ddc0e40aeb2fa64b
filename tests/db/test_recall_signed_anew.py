"""What two people signed is what counts: what changed since is signed anew, by both."""
from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest
from sqlalchemy.orm import Session

from tests.db.test_recall_clocks_again import evaluated
from tests.db.test_recall_guards_again import reopened
from tests.db.test_recall_phases import assessing
from tests.factories import PASSWORD, make_user
from tests.factories_recall import HAZARD, House, make_house
from traceapp.core.clock import FixedClock
from traceapp.core.errors import Conflict
from traceapp.db import Database
from traceapp.identity.service import actor_of
from traceapp.recall.evaluation import MEDICAL, QUALITY
from traceapp.recall.model import Recall
from traceapp.recall.public import public_recalls
from traceapp.recall.service import (
    DecideNone,
    SetScope,
    SignEvaluation,
    WriteEvaluation,
    decide_none,
    reassess_recall,
    set_scope,
    sign_evaluation,
    write_evaluation,
)
from traceapp.trace.model import Lot


@pytest.fixture
def house(database: Database, clock: FixedClock) -> House:
    return make_house(database, clock)


def sent_back(database: Database, clock: FixedClock, house: House) -> Recall:
    recall = in_decision(database, clock, house)
    with database.write() as session:
        return reassess_recall(session, house.writer, clock, recall.id, "what of children?")


def in_decision(database: Database, clock: FixedClock, house: House) -> Recall:
    recall = assessing(database, clock, house)
    with database.write() as session:
        evaluated(session, clock, house, recall)
    return recall


@pytest.mark.parametrize("came_back", [sent_back, reopened])
def test_an_evaluation_that_was_decided_about_is_not_signed_once_more(
        database: Database, clock: FixedClock, house: House,
        came_back: Callable[[Database, FixedClock, House], Recall]) -> None:
    recall, third = came_back(database, clock, house), actor_of(make_user(database, clock, "quality", "third"))
    with database.write() as session, pytest.raises(Conflict) as refused:
        sign_evaluation(session, third, clock, SignEvaluation(recall.id, MEDICAL, PASSWORD))
    assert refused.value.code == "evaluation-signed"
    with database.write() as session:
        write_evaluation(session, house.writer, clock, WriteEvaluation(recall.id, HAZARD))
        assert sign_evaluation(session, third, clock, SignEvaluation(
            recall.id, MEDICAL, PASSWORD)).state == "assessing"
        assert sign_evaluation(session, house.writer, clock, SignEvaluation(
            recall.id, QUALITY, PASSWORD)).state == "decision"


def no_action(session: Session, clock: FixedClock, house: House, recall: Recall, *signers: str) -> str:
    """The state after these have signed that none is needed."""
    states = [decide_none(session, getattr(house, signer), clock, DecideNone(
        recall.id, "a matter of looks", PASSWORD)).state for signer in signers]
    return states[-1]


def test_no_recall_that_one_signed_before_a_new_evaluation_takes_two_again(
        database: Database, clock: FixedClock, house: House) -> None:
    recall = in_decision(database, clock, house)
    with database.write() as session:
        assert no_action(session, clock, house, recall, "manager") == "decision"
        reassess_recall(session, house.writer, clock, recall.id, "a hospital called")
        write_evaluation(session, house.writer, clock, WriteEvaluation(
            recall.id, replace(HAZARD, harm_so_far="30 people, 2 in hospital")))
        for signer, meaning in ((house.writer, QUALITY), (house.second_manager, MEDICAL)):
            sign_evaluation(session, signer, clock, SignEvaluation(recall.id, meaning, PASSWORD))
        assert no_action(session, clock, house, recall, "second_manager") == "decision"
        assert no_action(session, clock, house, recall, "manager") == "closed_no_action"


def test_no_recall_is_signed_by_two_over_the_same_lots(database: Database, clock: FixedClock, house: House) -> None:
    recall, key = in_decision(database, clock, house), house.other.lot_key
    with database.write() as session:
        no_action(session, clock, house, recall, "manager")
        set_scope(session, house.writer, clock, SetScope(recall.id, (key,), root_lot_keys=(key,)))
        assert no_action(session, clock, house, recall, "second_manager") == "decision"
        assert no_action(session, clock, house, recall, "manager") == "closed_no_action"


def test_a_lot_that_nobody_was_told_of_is_taken_out_before_no_action_and_free_again(
        database: Database, clock: FixedClock, house: House) -> None:
    recall, first, second = reopened(database, clock, house), house.first.lot_key, house.second.lot_key
    with database.write() as session:
        set_scope(session, house.writer, clock, SetScope(recall.id, (first, second), root_lot_keys=(first, second)))
        evaluated(session, clock, house, recall)
    with database.write() as session:
        assert session.get_one(Lot, second).is_on_hold
        with pytest.raises(Conflict) as refused:
            no_action(session, clock, house, recall, "manager")
        assert refused.value.code == "lots-untold"
        set_scope(session, house.writer, clock, SetScope(recall.id, (first,), root_lot_keys=(first,)))
        assert no_action(session, clock, house, recall, "manager", "second_manager") == "closed_no_action"
    with database.read() as session:
        assert not session.get_one(Lot, second).is_on_hold and session.get_one(Lot, first).is_recalled
        assert [lot.number for lot in public_recalls(session).rows[0].lots] == ["P-1"]
