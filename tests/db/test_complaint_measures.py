"""Measures of a period over the database, and the survey that feeds them."""
from __future__ import annotations

from datetime import timedelta
from decimal import Decimal

import pytest

from tests.factories_complaint import VAULT, a_report, scanned, submit
from tests.factories_trace import make_batch, make_hand
from traceapp.complaint.measures import Promotion, Share
from traceapp.complaint.measuring import Measures, measures_of
from traceapp.complaint.model import Complaint
from traceapp.complaint.public import Grades, answer_survey, follow_up
from traceapp.complaint.service import (
    ChangeComplaint,
    Submitted,
    TriageComplaint,
    change_complaint,
    complaint_of,
    submit_complaint,
    triage_complaint,
)
from traceapp.core.actor import PUBLIC, Actor
from traceapp.core.clock import FixedClock
from traceapp.core.errors import Conflict, InvalidInput
from traceapp.db import Database

MILD = {"harm": "no", "terms": ("packaging",)}


def act(database: Database, clock: FixedClock, actor: Actor, complaint: Complaint, *actions: str) -> None:
    for action in actions:
        with database.write() as session:
            if action == "triage":
                triage_complaint(session, actor, clock, TriageComplaint(complaint.id, "complaint", "no", note="seen"))
            else:
                change_complaint(session, actor, clock, ChangeComplaint(complaint.id, action, "noted"))


def measured(database: Database, clock: FixedClock, since: timedelta = timedelta(days=300)) -> Measures:
    with database.read() as session:
        return measures_of(session, clock.now() - since, clock.now() + timedelta(seconds=1), clock.now())


def survey(database: Database, clock: FixedClock, case: Submitted, *grades: int | None) -> None:
    assert case.follow_up_token is not None
    with database.write() as session:
        answer_survey(session, clock, case.follow_up_token, Grades(*grades))


def test_what_was_promised_and_kept_late_or_never_is_counted_for_what_it_is(
        database: Database, clock: FixedClock, actor: Actor) -> None:
    begun = clock.now()
    kept, late, never, young = (submit(database, clock, a_report(**MILD, narrative=f"torn {number}")).complaint
                                for number in range(4))
    submit(database, clock, a_report(**MILD, has_proof=False))
    with database.write() as session:
        complaint_of(session, young.id).received_at = begun + timedelta(days=4)
    clock.move_to(begun + timedelta(hours=2))
    act(database, clock, actor, kept, "triage", "answer", "close", "reopen")
    clock.move_to(begun + timedelta(hours=100))
    act(database, clock, actor, late, "triage", "answer", "close")
    found = measured(database, clock, timedelta(days=30))
    assert (found.received, found.first_answer_hours) == (4, (2.0, 100.0))
    assert found.attainment["first_answer"] == Share(1, 4)
    assert found.attainment["triage"] == Share(2, 2)
    assert found.reopened == Share(1, 2)
    assert never.state == "received"


def test_complaints_stand_beside_the_units_that_were_shipped(
        database: Database, clock: FixedClock, actor: Actor) -> None:
    with database.write() as session:
        hand = make_hand(session, actor, clock)
        lot = make_batch(hand)
        hand.ship(lot, hand.maker.clinic, "400")
        for _ in range(2):
            submit_complaint(session, PUBLIC, clock, a_report(lot=scanned(lot)), vault=VAULT)
        plaster = hand.maker.plaster.id
    (rate,) = measured(database, clock).products
    assert (rate.product_id, rate.complaints, rate.shipped, rate.per_ten_thousand) == (
        plaster, 2, Decimal(400), Decimal(50))
    (alone,) = measured(database, clock, timedelta(hours=1)).products
    assert (alone.complaints, alone.per_ten_thousand) == (2, None)


def test_the_reporter_may_judge_once_there_is_an_answer_and_change_the_mind(
        database: Database, clock: FixedClock, actor: Actor) -> None:
    case = submit(database, clock, a_report(**MILD))
    with pytest.raises(Conflict):
        survey(database, clock, case, 5, 10)
    act(database, clock, actor, case.complaint, "triage", "answer")
    survey(database, clock, case, 1, None)
    survey(database, clock, case, 4, 10)
    for wrong in ((6, None), (0, None), (None, 11), (None, None), (-1, 3)):
        with pytest.raises(InvalidInput):
            survey(database, clock, case, *wrong)
    with database.read() as session:
        assert case.follow_up_token is not None
        assert follow_up(session, case.follow_up_token).grades == Grades(4, 10)
    found = measured(database, clock)
    assert (found.satisfaction, found.promotion, found.answered_surveys) == (Share(1, 1), Promotion(1, 0, 1), Share(1, 1))
