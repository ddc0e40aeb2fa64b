"""What a case is about, and since when the house knows of it: said, kept, and counted from."""
from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from tests.factories_recall import TEXTS, House, decide, make_house, opened
from traceapp.core.clock import FixedClock
from traceapp.core.errors import Conflict, InvalidInput
from traceapp.db import Database
from traceapp.recall.drafting import ChangeRecall, change_recall
from traceapp.recall.figure_reads import figures_of
from traceapp.recall.figures import FigureKind
from traceapp.recall.model import Recall
from traceapp.recall.service import AssessRecall, assess_recall


@pytest.fixture
def house(database: Database, clock: FixedClock) -> House:
    return make_house(database, clock)


def test_nothing_is_assessed_before_it_is_said_what_it_is_about(database: Database, clock: FixedClock, house: House) -> None:
    bare = replace(TEXTS, root_lot_keys=(house.glue.lot_key,), trigger_kind="", trigger_text=" ")
    recall = opened(database, clock, house, bare)
    with pytest.raises(Conflict) as refused, database.write() as session:
        assess_recall(session, house.writer, clock, AssessRecall(recall.id))
    assert (refused.value.code, refused.value.place) == ("no-trigger", "trigger_text")
    with database.write() as session:
        change_recall(session, house.writer, clock, ChangeRecall(recall.id, replace(
            bare, trigger_kind="authority", trigger_text="letter 12 of the provincial authority")))
        assert assess_recall(session, house.writer, clock, AssessRecall(recall.id)).state == "assessing"


def test_the_time_to_the_decision_is_counted_from_the_first_awareness(
        database: Database, clock: FixedClock, house: House) -> None:
    known = clock.now() - timedelta(hours=30)
    recall = opened(database, clock, house, replace(
        TEXTS, root_lot_keys=(house.glue.lot_key,), recall_class="I", awareness_at=known))
    clock.move_to(clock.now() + timedelta(hours=1))
    with database.write() as session:
        decide(session, clock, house, session.get_one(Recall, recall.id))
    with database.read() as session:
        found = figures_of(session, clock.now(), [session.get_one(Recall, recall.id)])[recall.id].figures
    spent = next(one for one in found if one.kind == FigureKind.decision_time)
    assert (spent.hours, spent.is_met) == (31.0, False)


def test_a_first_awareness_to_come_is_refused_and_one_that_a_form_sends_back_changes_nothing(
        database: Database, clock: FixedClock, house: House) -> None:
    texts = replace(TEXTS, root_lot_keys=(house.glue.lot_key,))
    with pytest.raises(InvalidInput) as refused:
        opened(database, clock, house, replace(texts, awareness_at=clock.now() + timedelta(hours=1)))
    assert refused.value.place == "awareness_at"
    clock.move_to(clock.now() + timedelta(seconds=17))
    recall = opened(database, clock, house, texts)
    shown = clock.now().replace(second=0, microsecond=0)
    with database.write() as session:
        assert change_recall(session, house.writer, clock, ChangeRecall(
            recall.id, replace(texts, awareness_at=shown))).awareness_at == clock.now()
        assert change_recall(session, house.writer, clock, ChangeRecall(
            recall.id, replace(texts, awareness_at=shown - timedelta(days=1)))).awareness_at == shown - timedelta(days=1)
