"""Guards where a case has no consignees, and where one that was ended is opened again."""
from __future__ import annotations

from dataclasses import replace
from decimal import Decimal

import pytest

from tests.db.test_recall_clocks import closed
from tests.db.test_recall_clocks_again import evaluated
from tests.factories import PASSWORD
from tests.factories_recall import TEXTS, VAULT, House, decided, make_house, running
from traceapp.core.clock import FixedClock
from traceapp.core.errors import Conflict
from traceapp.db import Database
from traceapp.recall.answer import AnswerLine
from traceapp.recall.ledger import AnswerByStaff, SettleLine, record_answer_by_staff, settle_line
from traceapp.recall.model import Recall
from traceapp.recall.service import (
    DecideNone,
    ReopenRecall,
    SetScope,
    SubmitRecall,
    decide_none,
    reassess_recall,
    reopen_recall,
    set_scope,
    submit_recall,
)
from traceapp.worklist.tasks import tasks_about


@pytest.fixture
def house(database: Database, clock: FixedClock) -> House:
    return make_house(database, clock)


def test_that_nobody_is_told_is_said_by_the_signer(database: Database, clock: FixedClock, house: House) -> None:
    recall = decided(database, clock, house)
    with database.write() as session:
        set_scope(session, house.writer, clock, SetScope(recall.id, (house.glue.lot_key,), left_out={
            house.first.lot_key: "tested: good", house.second.lot_key: "tested: good"}))
    with pytest.raises(Conflict) as refused, database.write() as session:
        submit_recall(session, house.writer, clock, SubmitRecall(recall.id, PASSWORD, " "))
    assert (refused.value.code, refused.value.place) == ("no-consignees", "reason")
    with database.write() as session:
        submit_recall(session, house.writer, clock, SubmitRecall(recall.id, PASSWORD, "the rest never left the house"))


def reopened(database: Database, clock: FixedClock, house: House) -> Recall:
    recall = running(database, clock, house, replace(TEXTS, root_lot_keys=(house.first.lot_key,)))
    closed(database, clock, house, recall)
    with database.write() as session:
        return reopen_recall(session, house.manager, clock, ReopenRecall(recall.id, "the hospital found a box"),
                             vault=VAULT)


def test_what_is_assessed_again_is_a_duty(database: Database, clock: FixedClock, house: House) -> None:
    def duties(recall: Recall) -> list[str]:
        with database.read() as session:
            return [task.kind for task in tasks_about(session, f"recall:{recall.id}")
                    if task.state == "open" and task.kind.startswith("recall.")]

    recall = reopened(database, clock, house)
    assert duties(recall) == ["recall.evaluate"]
    with database.write() as session:
        evaluated(session, clock, house, recall)
    assert duties(recall) == ["recall.decide"]
    with database.write() as session:
        reassess_recall(session, house.writer, clock, recall.id, "the second laboratory is still measuring")
    assert duties(recall) == ["recall.evaluate"]


def test_a_case_that_was_told_of_does_not_end_without_action_over_open_books(
        database: Database, clock: FixedClock, house: House) -> None:
    recall = reopened(database, clock, house)
    with database.write() as session:
        evaluated(session, clock, house, recall)
        record_answer_by_staff(session, house.writer, clock, AnswerByStaff(recall.id, house.maker.hospital.id, (
            AnswerLine(house.first.lot_key, Decimal(10), Decimal(150), Decimal(0)),), "Ms Wang", explanation="lost"))
    with pytest.raises(Conflict) as refused, database.write() as session:
        decide_none(session, house.manager, clock, DecideNone(recall.id, "all was told already", PASSWORD))
    assert refused.value.code == "ledger-open"
    with database.write() as session:
        settle_line(session, house.writer, clock, SettleLine(
            recall.id, house.maker.hospital.id, house.first.lot_key, "forty were thrown away"))
        for signer in (house.manager, house.second_manager):
            ended = decide_none(session, signer, clock, DecideNone(recall.id, "all was told already", PASSWORD))
    assert ended.state == "closed_no_action"
