"""A recall does not end while its rules find lots of which nobody was told, and leaves none of them stopped for ever."""
from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from decimal import Decimal as D

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from tests.factories import PASSWORD
from tests.factories_recall import TEXTS, VAULT, WITHOUT, House, checked, ended, make_house, running
from traceapp.core.clock import FixedClock
from traceapp.core.errors import Conflict
from traceapp.core.quantity import Quantity
from traceapp.db import Database
from traceapp.recall.cases import plan_source
from traceapp.recall.following import follow_scopes
from traceapp.recall.model import Recall, RecallLedger, RecallLot
from traceapp.recall.scope_rule import Rule, RuleKind
from traceapp.recall.service import (
    ApproveRecall,
    ExtendRecall,
    SetScope,
    SettleLine,
    SubmitRecall,
    TerminateRecall,
    approve_recall,
    extend_recall,
    set_scope,
    settle_line,
    submit_recall,
    terminate_recall,
)
from traceapp.trace.holds import PlaceHold, place_hold
from traceapp.trace.model import HoldKind, Lot
from traceapp.trace.receiving import ReceiveLot, receive_lot


@pytest.fixture
def house(database: Database, clock: FixedClock) -> House:
    return make_house(database, clock)


def settle(session: Session, clock: FixedClock, house: House, recall: Recall) -> None:
    for row in session.scalars(select(RecallLedger).where(RecallLedger.recall_id == recall.id)).all():
        settle_line(session, house.writer, clock, SettleLine(recall.id, row.consignee_id, row.lot_key, "gone"))


def test_a_recall_does_not_end_while_its_rules_find_lots_that_nobody_was_told_of(
        database: Database, clock: FixedClock, house: House) -> None:
    rules = (Rule(RuleKind.supplier, (house.maker.supplier.id,)),)
    recall = running(database, clock, house, replace(TEXTS, rules=rules))
    clock.move_to(clock.now() + timedelta(minutes=30))
    with database.write() as session:
        late = receive_lot(session, house.writer, clock, ReceiveLot(
            house.maker.glue.id, "A-77", house.maker.supplier.id, "S-77", Quantity(D(10), "KGM"), clock.now())).lot_key
    with database.write() as session:
        assert follow_scopes(session, clock) == 1
        checked(session, clock, house, recall.id)
    with database.write() as session, pytest.raises(Conflict) as refused:
        terminate_recall(session, house.manager, clock, TerminateRecall(recall.id, "done", PASSWORD, without=WITHOUT))
    assert refused.value.code == "scope-grew" and "A-77" in refused.value.text
    with database.write() as session:
        extend_recall(session, house.writer, clock, ExtendRecall(recall.id, "a delivery of later"))
        kept = tuple(session.scalars(select(RecallLot.lot_key).where(RecallLot.recall_id == recall.id)))
        set_scope(session, house.writer, clock, SetScope(recall.id, kept, left_out={late: "made after the repair"}))
        submit_recall(session, house.writer, clock, SubmitRecall(recall.id, PASSWORD))
        approve_recall(session, house.manager, clock, ApproveRecall(recall.id, PASSWORD), vault=VAULT)
        settle(session, clock, house, recall)
        assert ended(session, clock, house, recall.id).state == "terminated"
    with database.read() as session:
        assert not session.get_one(Lot, late).is_on_hold


def test_what_the_rules_no_longer_find_is_free_with_the_end(
        database: Database, clock: FixedClock, house: House) -> None:
    recall = running(database, clock, house)
    with database.write() as session:  # as a sweep does for an event that is corrected later
        place_hold(session, house.writer, clock, PlaceHold(
            (house.other.lot_key,), HoldKind.manual, plan_source(recall.id), "found by its rules"))
        settle(session, clock, house, recall)
        ended(session, clock, house, recall.id)
    with database.read() as session:
        assert not session.get_one(Lot, house.other.lot_key).is_on_hold
