"""Who failed the check of one sample is asked again in the next one, whomever chance draws then."""
from __future__ import annotations

import pytest

from tests.factories import PASSWORD
from tests.factories_recall import VAULT, House, Tray, decided, deliver, make_house
from traceapp.core.clock import FixedClock
from traceapp.core.errors import Conflict
from traceapp.db import Database
from traceapp.recall.checking import conclusion_of
from traceapp.recall.executing import checks_of
from traceapp.recall.model import Recall
from traceapp.recall.policy import drawn
from traceapp.recall.service import (
    ApproveRecall,
    ConcludeChecks,
    DrawSample,
    ExtendRecall,
    NoteAttempt,
    RecordCheck,
    SetStrategy,
    SubmitRecall,
    approve_recall,
    conclude_checks,
    draw_sample,
    extend_recall,
    note_attempt,
    record_check,
    set_strategy,
    submit_recall,
)


@pytest.fixture
def house(database: Database, clock: FixedClock) -> House:
    return make_house(database, clock)


def seed_of(house: House, first: str) -> int:
    """A seed that draws this one of the two consignees."""
    both = (house.maker.clinic.id, house.maker.hospital.id)
    return next(seed for seed in range(100) if drawn(both, 1, seed) == (first,))


def test_who_failed_before_the_recall_was_extended_is_asked_again_beside_the_new_sample(
        database: Database, clock: FixedClock, house: House) -> None:
    clinic, hospital = house.maker.clinic.id, house.maker.hospital.id
    recall = decided(database, clock, house)
    with database.write() as session:
        set_strategy(session, house.writer, clock, SetStrategy(recall.id, "user", "C"))
        submit_recall(session, house.writer, clock, SubmitRecall(recall.id, PASSWORD))
        approve_recall(session, house.manager, clock, ApproveRecall(recall.id, PASSWORD), vault=VAULT)
    deliver(database, clock, Tray())
    with database.write() as session:
        for consignee in (clinic, hospital):
            for way in ("telephone", "telephone", "visit"):
                note_attempt(session, house.writer, clock, NoteAttempt(recall.id, consignee, way, True))
        draw_sample(session, house.writer, clock, DrawSample(recall.id, seed_of(house, clinic)))
        record_check(session, house.writer, clock, RecordCheck(recall.id, clinic, "visit", True, True, False))
        extend_recall(session, house.writer, clock, ExtendRecall(recall.id, "the clinic went on using them"))
        submit_recall(session, house.writer, clock, SubmitRecall(recall.id, PASSWORD))
        approve_recall(session, house.manager, clock, ApproveRecall(recall.id, PASSWORD), vault=VAULT)
        draw_sample(session, house.writer, clock, DrawSample(recall.id, seed_of(house, hospital)))
        present = session.get_one(Recall, recall.id)
        assert [row.consignee_id for row in checks_of(session, present)] == sorted((clinic, hospital))
        record_check(session, house.writer, clock, RecordCheck(recall.id, hospital, "visit", True, True, True))
    with database.write() as session, pytest.raises(Conflict) as refused:
        conclude_checks(session, house.writer, clock, ConcludeChecks(recall.id, "one asked"))
    assert refused.value.code == "not-asked"
    with database.write() as session:
        record_check(session, house.writer, clock, RecordCheck(recall.id, clinic, "visit", True, True, True))
        found = conclusion_of(session, session.get_one(Recall, recall.id))
        assert (found.share.asked, found.share.good, found.needed, found.is_enough) == (1, 1, 1, True)
        assert conclude_checks(session, house.writer, clock, ConcludeChecks(
            recall.id, "both follow it now")).state == "closing"
