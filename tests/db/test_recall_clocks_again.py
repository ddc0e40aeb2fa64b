"""What an extension, and a decision after new evidence, ask of authorities that were told before; on both databases."""
from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest
from sqlalchemy.orm import Session

from tests.db.test_legal_clocks import PROOF
from tests.db.test_recall_clocks import clocks, closed, sold_in
from tests.factories import PASSWORD
from tests.factories_recall import HAZARD, TEXTS, VAULT, House, make_house, running
from traceapp.core.clock import FixedClock
from traceapp.db import Database
from traceapp.recall.evaluation import MEDICAL, QUALITY
from traceapp.recall.model import Recall
from traceapp.recall.service import (
    ApproveRecall,
    DecideRecall,
    ExtendRecall,
    ReopenRecall,
    SetScope,
    SignEvaluation,
    SubmitRecall,
    WriteEvaluation,
    approve_recall,
    decide_recall,
    extend_recall,
    reopen_recall,
    set_scope,
    sign_evaluation,
    submit_recall,
    write_evaluation,
)
from traceapp.worklist.legal_clocks import EndClock, end_clock


@pytest.fixture
def house(database: Database, clock: FixedClock) -> House:
    return make_house(database, clock)


def evaluated(session: Session, clock: FixedClock, house: House, recall: Recall) -> None:
    write_evaluation(session, house.writer, clock, WriteEvaluation(recall.id, HAZARD))
    for signer, meaning in ((house.writer, QUALITY), (house.second_manager, MEDICAL)):
        sign_evaluation(session, signer, clock, SignEvaluation(recall.id, meaning, PASSWORD))


def extended(database: Database, clock: FixedClock, house: House, recall: Recall, *keys: str) -> None:
    with database.write() as session:
        extend_recall(session, house.writer, clock, ExtendRecall(recall.id, "further batches have the same glue"))
        set_scope(session, house.writer, clock, SetScope(recall.id, keys, root_lot_keys=keys))
        submit_recall(session, house.writer, clock, SubmitRecall(recall.id, PASSWORD))
        approve_recall(session, house.manager, clock, ApproveRecall(recall.id, PASSWORD), vault=VAULT)


def reported(database: Database, clock: FixedClock, house: House, recall: Recall) -> None:
    """Every clock that runs, confirmed by its authority."""
    with database.write() as session:
        for one in clocks(database, recall).values():
            end_clock(session, house.writer, clock, EndClock(one.id, "reported", "sent", **PROOF))


def test_each_extension_is_reported_anew(database: Database, clock: FixedClock, house: House) -> None:
    sold_in(database, clock, house, "US")
    first, second, other = house.first.lot_key, house.second.lot_key, house.other.lot_key
    recall = running(database, clock, house, replace(TEXTS, root_lot_keys=(first,)))
    for keys in ((first, second), (first, second, other)):
        reported(database, clock, house, recall)
        clock.move_to(clock.now() + timedelta(days=20))
        extended(database, clock, house, recall, *keys)
        found = clocks(database, recall)
        assert {"US-MD-07", "CN-MR-02", "CN-MR-04"} <= found.keys()
        assert {found[rule].started_at for rule in ("US-MD-07", "CN-MR-02", "CN-MR-04")} == {clock.now()}
        assert "US-MD-06" not in found


def test_a_clock_that_still_runs_is_not_moved_by_an_extension(
        database: Database, clock: FixedClock, house: House) -> None:
    first, second = house.first.lot_key, house.second.lot_key
    recall = running(database, clock, house, replace(TEXTS, root_lot_keys=(first,)))
    before = clocks(database, recall)
    clock.move_to(clock.now() + timedelta(days=1))
    extended(database, clock, house, recall, first, second)
    assert {rule: one.due_at for rule, one in clocks(database, recall).items()} == {
        rule: one.due_at for rule, one in before.items()}


def test_a_decision_after_new_evidence_is_told_of_anew(database: Database, clock: FixedClock, house: House) -> None:
    recall = running(database, clock, house, replace(TEXTS, root_lot_keys=(house.first.lot_key,)))
    reported(database, clock, house, recall)
    closed(database, clock, house, recall)
    reported(database, clock, house, recall)
    clock.move_to(clock.now() + timedelta(days=40))
    with database.write() as session:
        reopen_recall(session, house.manager, clock, ReopenRecall(recall.id, "a hospital had more of it"),
                      vault=VAULT)
        evaluated(session, clock, house, recall)
        decide_recall(session, house.manager, clock, DecideRecall(recall.id, "II", "more of it", PASSWORD))
    found = clocks(database, recall)
    assert {"CN-MR-02", "CN-MR-04"} <= found.keys()
    assert found["CN-MR-04"].started_at == clock.now()
    reported(database, clock, house, recall)
    clock.move_to(clock.now() + timedelta(hours=2))
    with database.write() as session:
        submit_recall(session, house.writer, clock, SubmitRecall(recall.id, PASSWORD))
        approve_recall(session, house.manager, clock, ApproveRecall(recall.id, PASSWORD), vault=VAULT)
    assert "CN-MR-04" not in clocks(database, recall)  # told of by its decision; the approval is no further one
