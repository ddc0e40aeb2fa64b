"""When cases began and when they were reported, and what is learnt from it."""
from __future__ import annotations

from datetime import date, timedelta

import numpy as np
import pytest
from sqlalchemy.orm import Session

from tests.factories_surveillance import add_complaint, add_lot, add_product
from traceapp.adverse_event.model import AdverseEvent
from traceapp.complaint.model import Complaint
from traceapp.core.clock import FixedClock
from traceapp.core.ids import new_id
from traceapp.db import Database
from traceapp.surveillance.onset import dated_cases, report_wait
from traceapp.trace.model import Lot


def a_lot(session: Session, clock: FixedClock) -> Lot:
    at = clock.now() - timedelta(days=60)
    return add_lot(session, add_product(session, at), "L1", 3000, at)


def assessed(session: Session, clock: FixedClock, complaint: Complaint, onset: date, precision: str) -> None:
    at = clock.now()
    session.add(AdverseEvent(
        lot_key=complaint.lot_key, id=new_id(at), reference=new_id(at)[-12:], complaint_id=complaint.id,
        product_id=complaint.product_id, awareness_at=at, created_at=at, onset_on=onset, onset_precision=precision))
    session.flush()


def test_the_assessed_day_goes_before_what_the_reporter_said_unless_it_is_only_a_month(
        database: Database, clock: FixedClock) -> None:
    today = clock.now().date()
    with database.write() as session:
        lot = a_lot(session, clock)
        for precision in ("day", "month"):
            said = add_complaint(session, lot, clock.now(), happened_on=today - timedelta(days=5), severity="major")
            assessed(session, clock, said, today - timedelta(days=9), precision)
        add_complaint(session, lot, clock.now())
        add_complaint(session, lot, clock.now(), happened_on=today + timedelta(days=1))
        add_complaint(session, lot, clock.now(), is_harm=False, happened_on=today)
        cases = dated_cases(session, [lot.lot_key, lot.lot_key])
    assert sorted((case.onset or date.max, case.is_serious) for case in cases) == [
        (today - timedelta(days=9), True), (today - timedelta(days=5), True), (date.max, False), (date.max, False)]


@pytest.mark.parametrize("count", [49, 50])
def test_the_wait_is_learnt_from_fifty_reports_and_stated_before(sqlite: Database, clock: FixedClock,
                                                                 count: int) -> None:
    today = clock.now().date()
    with sqlite.write() as session:
        lot = a_lot(session, clock)
        for number in range(count):
            received = clock.now() - timedelta(days=20)
            add_complaint(session, lot, received, happened_on=(received - timedelta(days=number % 4)).date())
        wait = report_wait(session, lot.product_id or "", today)
    assert wait.learnt_from == (50 if count == 50 else None)
    known_at_once, in_four_days = wait.law.cdf(np.array([0.5, 3.5]))
    if count == 50:
        assert (known_at_once, in_four_days) == (pytest.approx(13 / 50), pytest.approx(1.0))
    else:
        assert known_at_once < 0.05 and in_four_days < 0.5
