"""Who is called, who answers for a case, and what is offered where a promise was broken."""
from __future__ import annotations

from datetime import date, timedelta

import pytest
from sqlalchemy import select

from tests.factories_complaint import a_report, submit
from tests.http_clients import user_of
from traceapp.complaint.compensation_model import Compensation
from traceapp.complaint.escalating import (
    DecideCompensation,
    compensations_of,
    decide_compensation,
    escalate_late,
    is_any_late,
)
from traceapp.complaint.model import Complaint
from traceapp.complaint.responding import HandOver, hand_over
from traceapp.complaint.service import (
    ChangeComplaint,
    TriageComplaint,
    change_complaint,
    complaint_of,
    triage_complaint,
)
from traceapp.core.actor import Actor
from traceapp.core.clock import FixedClock
from traceapp.core.errors import Conflict, Forbidden, InvalidInput, NotFound, Stale
from traceapp.db import Database
from traceapp.identity.model import User
from traceapp.worklist.model import Task
from traceapp.worklist.rostering import AddShift, add_shift, duty_now, remove_shift, roster


def on_duty_always(database: Database, clock: FixedClock, actor: Actor, name: str) -> User:
    person = user_of(database, clock, "quality", name)
    with database.write() as session:
        add_shift(session, actor, clock, AddShift(person.id, tuple(range(7)), "00:00", "00:00", date(2020, 1, 1)))
    return person


def open_tasks_of(database: Database, kind: str) -> list[Task]:
    with database.read() as session:
        return list(session.scalars(select(Task).where(Task.kind == kind, Task.state == "open")))


def escalate(database: Database, clock: FixedClock) -> int:
    with database.write() as session:
        return escalate_late(session, clock)


def late_complaint(database: Database, clock: FixedClock) -> Complaint:
    complaint = submit(database, clock, a_report(harm="no", terms=("packaging",))).complaint
    clock.move_to(clock.now() + timedelta(hours=49))
    return complaint


def test_a_promise_that_ran_over_calls_whoever_is_on_duty_once_and_proposes_what_the_rule_offers(
        database: Database, clock: FixedClock, actor: Actor) -> None:
    person = on_duty_always(database, clock, actor, "duty-one")
    complaint = late_complaint(database, clock)
    assert (escalate(database, clock), escalate(database, clock)) == (1, 0)
    (task,) = open_tasks_of(database, "complaint.late")
    assert (task.about, task.assignee_id, task.role) == (f"complaint:{complaint.id}", person.id, "quality")
    assert open_tasks_of(database, "duty.gap") == []
    with database.read() as session:
        assert not is_any_late(session, clock.now())
        assert [(one.kind, one.offer, one.state) for one in compensations_of(session, complaint.id)] == [
            ("first_answer", "apology_and_voucher", "proposed")]
    with database.write() as session:
        triage_complaint(session, actor, clock, TriageComplaint(complaint.id, "complaint", "no", note="seen"))
    assert len(open_tasks_of(database, "complaint.late")) == 1
    with database.write() as session:
        change_complaint(session, actor, clock, ChangeComplaint(complaint.id, "answer", "Sorry."))
    assert open_tasks_of(database, "complaint.late") == []


def test_a_gap_in_the_roster_is_said_and_goes_to_the_manager(
        database: Database, clock: FixedClock, actor: Actor) -> None:
    late_complaint(database, clock)
    assert escalate(database, clock) == 1
    assert [task.role for task in open_tasks_of(database, "complaint.late")] == ["quality_manager"]
    assert [task.role for task in open_tasks_of(database, "duty.gap")] == ["quality_manager"]


def test_a_grave_report_calls_whoever_is_on_duty_at_once(database: Database, clock: FixedClock, actor: Actor) -> None:
    person = on_duty_always(database, clock, actor, "duty-two")
    complaint = submit(database, clock, a_report(harm="yes", seriousness=("died",))).complaint
    assert [task.assignee_id for task in open_tasks_of(database, "complaint.called")] == [person.id]
    with database.write() as session:
        triage_complaint(session, actor, clock, TriageComplaint(complaint.id, "complaint", "yes", ("death",)))
    assert open_tasks_of(database, "complaint.called") == []


def test_the_first_responder_is_called_first_when_on_duty_too(
        sqlite: Database, clock: FixedClock, actor: Actor) -> None:
    first, second = (on_duty_always(sqlite, clock, actor, name) for name in ("duty-a", "duty-b"))
    complaint = late_complaint(sqlite, clock)
    with sqlite.read() as session:
        others = [one for one in duty_now(session, clock.now()) if one in (first.id, second.id)]
    with sqlite.write() as session:
        hand_over(session, actor, clock, HandOver(complaint.id, others[-1]))
    escalate(sqlite, clock)
    assert [task.assignee_id for task in open_tasks_of(sqlite, "complaint.late")] == [others[-1]]


def test_what_was_late_before_it_reached_us_and_what_is_held_back_calls_nobody(
        sqlite: Database, clock: FixedClock, actor: Actor) -> None:
    submit(sqlite, clock, a_report(channel="telephone", awareness_at=clock.now() - timedelta(days=90), harm="no",
                                   terms=("packaging",)))
    submit(sqlite, clock, a_report(harm="no", terms=("packaging",), has_proof=False))
    clock.move_to(clock.now() + timedelta(days=100))
    escalate(sqlite, clock)
    assert open_tasks_of(sqlite, "complaint.late") == []
    with sqlite.read() as session:
        assert session.scalars(select(Compensation)).all() == []


def test_what_ran_over_while_a_report_was_held_back_is_called_for_once_it_is_believed(
        sqlite: Database, clock: FixedClock, actor: Actor) -> None:
    complaint = submit(sqlite, clock, a_report(harm="no", terms=("packaging",), has_proof=False)).complaint
    clock.move_to(clock.now() + timedelta(hours=49))
    assert escalate(sqlite, clock) == 0
    with sqlite.write() as session:
        triage_complaint(session, actor, clock, TriageComplaint(complaint.id, "complaint", "no", note="seen"))
    assert escalate(sqlite, clock) == 1
    assert [task.about for task in open_tasks_of(sqlite, "complaint.late")] == [f"complaint:{complaint.id}"]


def test_an_offer_is_decided_once_with_a_reason_and_ends_its_task(
        database: Database, clock: FixedClock, actor: Actor) -> None:
    complaint = late_complaint(database, clock)
    escalate(database, clock)
    with database.read() as session:
        (offer,) = compensations_of(session, complaint.id)
    asked = DecideCompensation(complaint.id, offer.id, True, "A day late, our fault")
    with pytest.raises(InvalidInput), database.write() as session:
        decide_compensation(session, actor, clock, DecideCompensation(complaint.id, offer.id, True, " "))
    with database.write() as session:
        assert decide_compensation(session, actor, clock, asked).state == "approved"
    assert open_tasks_of(database, "complaint.compensation") == []
    with pytest.raises(Conflict), database.write() as session:
        decide_compensation(session, actor, clock, asked)
    with pytest.raises(NotFound), database.write() as session:
        decide_compensation(session, actor, clock, DecideCompensation(complaint.id, "0" * 32, True, "why"))


def test_whoever_took_a_case_first_hands_it_over_with_a_reason(
        database: Database, clock: FixedClock, actor: Actor) -> None:
    first, second = (user_of(database, clock, "quality", name) for name in ("resp-a", "resp-b"))
    one, other = (Actor(id=user.id, role="quality", name=user.name) for user in (first, second))
    complaint = submit(database, clock, a_report()).complaint
    with database.write() as session:
        assert hand_over(session, one, clock, HandOver(complaint.id)).responder_id == first.id
    for who, command, refusal in (
            (other, HandOver(complaint.id, reason="I am quicker"), Forbidden),
            (one, HandOver(complaint.id, second.id), InvalidInput),
            (one, HandOver(complaint.id, first.id, "again"), Conflict),
            (one, HandOver(complaint.id, "0" * 32, "to nobody"), InvalidInput),
            (one, HandOver(complaint.id, second.id, "my leave", revision=1), Stale)):
        with pytest.raises(refusal), database.write() as session:
            hand_over(session, who, clock, command)
    with database.write() as session:
        assert hand_over(session, one, clock, HandOver(complaint.id, second.id, "my leave")).responder_id == second.id
    with database.write() as session:
        assert hand_over(session, actor, clock, HandOver(complaint.id, first.id, "ill")).responder_id == first.id
    with database.read() as session:
        assert complaint_of(session, complaint.id).responder_id == first.id


@pytest.mark.parametrize(("changes", "place"), [
    ({"user_id": "0" * 32}, "user_id"), ({"weekdays": ()}, "weekdays"), ({"weekdays": (7,)}, "weekdays"),
    ({"starts": "24:00"}, "starts"), ({"ends": "8"}, "ends"), ({"last_on": date(2025, 1, 1)}, "last_on")])
def test_a_shift_that_cannot_be_is_refused(sqlite: Database, clock: FixedClock, actor: Actor,
                                          changes: dict[str, object], place: str) -> None:
    person = user_of(sqlite, clock, "quality", "shift-one")
    given = {"user_id": person.id, "weekdays": (0,), "starts": "08:00", "ends": "17:30", "first_on": date(2026, 1, 1)}
    with pytest.raises(InvalidInput) as refused, sqlite.write() as session:
        add_shift(session, actor, clock, AddShift(**given | changes))  # type: ignore[arg-type]
    assert refused.value.place == place


def test_who_may_not_sign_in_any_more_is_not_called_and_a_shift_can_be_taken_out(
        database: Database, clock: FixedClock, actor: Actor) -> None:
    person = on_duty_always(database, clock, actor, "gone")
    with database.write() as session:
        session.get_one(User, person.id).is_active = False
    with database.read() as session:
        assert duty_now(session, clock.now()) == []
    other = on_duty_always(database, clock, actor, "stays")
    with database.write() as session:
        (shift,) = roster(session)
        assert shift.user_id == other.id
        remove_shift(session, actor, clock, shift.id)
    with database.write() as session:
        assert roster(session) == []
        with pytest.raises(NotFound):
            remove_shift(session, actor, clock, shift.id)
