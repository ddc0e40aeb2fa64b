"""A class that an authority assigned, and one that becomes graver, count whenever they are written down."""
from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest

from tests.db.test_recall_clocks import clocks, sold_in
from tests.db.test_recall_signed_anew import in_decision
from tests.factories import PASSWORD
from tests.factories_recall import TEXTS, VAULT, House, decided, make_house
from traceapp.core.clock import FixedClock
from traceapp.core.errors import Conflict
from traceapp.db import Database
from traceapp.recall.classifying import ClassifyRecall, classify_recall
from traceapp.recall.drafting import ChangeRecall, change_recall
from traceapp.recall.model import Recall
from traceapp.recall.service import (
    ApproveRecall,
    DecideRecall,
    SubmitRecall,
    approve_recall,
    decide_recall,
    submit_recall,
)


@pytest.fixture
def house(database: Database, clock: FixedClock) -> House:
    return make_house(database, clock)


def assigned(database: Database, clock: FixedClock, house: House, recall: Recall, jurisdiction: str,
             on: date | None = None) -> None:
    with database.write() as session:
        classify_recall(session, house.writer, clock, ClassifyRecall(
            recall.id, jurisdiction, "I", True, on or clock.now().date(), "letter 5", "the authority"))


def approved(database: Database, clock: FixedClock, house: House, recall: Recall) -> None:
    with database.write() as session:
        submit_recall(session, house.writer, clock, SubmitRecall(recall.id, PASSWORD))
        approve_recall(session, house.manager, clock, ApproveRecall(recall.id, PASSWORD), vault=VAULT)


def test_a_class_that_an_authority_assigned_before_the_decision_counts_in_it(
        database: Database, clock: FixedClock, house: House) -> None:
    recall = in_decision(database, clock, house)
    assigned(database, clock, house, recall, "CN")
    with database.write() as session:
        decide_recall(session, house.manager, clock, DecideRecall(recall.id, "II", "14 reactions", PASSWORD))
    assert {"CN-MR-01"} == clocks(database, recall).keys() & {"CN-MR-01", "CN-MR-02", "CN-MR-03"}


@pytest.mark.parametrize(("days_after", "begins"), [
    (-2, "with the decision"), (3, "with the day"), (6, "with the day")])
def test_the_clocks_of_an_assigned_class_begin_with_its_day_however_late_it_is_written_down(
        database: Database, clock: FixedClock, house: House, days_after: int, begins: str) -> None:
    clock.move_to(datetime(2026, 11, 23, 7, tzinfo=UTC))
    recall = decided(database, clock, house, replace(TEXTS, recall_class="II", root_lot_keys=(house.first.lot_key,)))
    clock.move_to(datetime(2026, 11, 28, 20, tzinfo=UTC))  # the morning of the 29th at the plant
    on = date(2026, 11, 23) + timedelta(days=days_after)
    assigned(database, clock, house, recall, "CN", on)
    midnight = datetime.combine(on, time(), ZoneInfo("Asia/Shanghai"))
    assert clocks(database, recall)["CN-MR-01"].started_at == {
        "with the decision": recall.decided_at, "with the day": midnight}[begins]


def test_a_class_that_an_authority_assigned_before_the_approval_counts_in_it(
        database: Database, clock: FixedClock, house: House) -> None:
    sold_in(database, clock, house, "CA")
    recall = decided(database, clock, house, replace(TEXTS, recall_class="III", root_lot_keys=(house.first.lot_key,)))
    assigned(database, clock, house, recall, "CA")
    assert "CA-MD-04" not in clocks(database, recall)
    clock.move_to(clock.now() + timedelta(hours=3))
    approved(database, clock, house, recall)
    assert clocks(database, recall)["CA-MD-04"].started_at == clock.now()


def test_a_decided_class_becomes_graver_with_its_clocks_and_never_milder(
        database: Database, clock: FixedClock, house: House) -> None:
    command = replace(TEXTS, root_lot_keys=(house.first.lot_key,))
    recall = decided(database, clock, house, command)
    with database.write() as session:
        with pytest.raises(Conflict) as refused:
            change_recall(session, house.writer, clock, ChangeRecall(recall.id, replace(command, recall_class="III")))
        assert (refused.value.code, refused.value.place) == ("milder-class", "recall_class")
    assert "CN-MR-01" not in clocks(database, recall)
    clock.move_to(clock.now() + timedelta(hours=3))
    with database.write() as session:
        changed = change_recall(session, house.writer, clock, ChangeRecall(
            recall.id, replace(command, recall_class="I")))
        assert changed.recall_class == "I"
    assert clocks(database, recall)["CN-MR-01"].started_at == clock.now()
