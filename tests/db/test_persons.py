"""Persons and the cases that name them: found by telephone, kept while the law says, held, proposed for erasure."""
from __future__ import annotations

import json
from datetime import timedelta

import pytest
from sqlalchemy import select, update

from tests.db.test_legal_clocks import make_event
from tests.factories_complaint import VAULT
from traceapp.adverse_event.model import AdverseEvent
from traceapp.adverse_event.persons import expired_persons, person_files
from traceapp.audit.model import AuditEntry
from traceapp.complaint.model import Complaint
from traceapp.core.actor import Actor
from traceapp.core.clock import FixedClock
from traceapp.core.errors import Conflict, Forbidden, InvalidInput, NotFound
from traceapp.db import Database
from traceapp.vault.holds import holds_of, lift_legal_hold, place_legal_hold
from traceapp.vault.model import Person
from traceapp.vault.service import PersonDetails, accesses_of, erase_person, find_persons

CONTACT = PersonDetails(name="Planted Person", phone="139 0000 1234")


def person_of(database: Database, clock: FixedClock, *, is_closed: bool = True) -> str:
    """Somebody named by a complaint and its adverse event, both closed now."""
    event = make_event(database, clock, contact=CONTACT)
    assert event.person_id is not None
    if is_closed:
        with database.write() as session:
            session.execute(update(Complaint).values(state="archived"))
            session.execute(update(AdverseEvent).values(state="closed"))
    return event.person_id


def expired(database: Database, clock: FixedClock) -> list[str]:
    with database.read() as session:
        return [one.person_id for one in expired_persons(session, clock, 10)]


def test_details_are_proposed_for_erasure_when_the_retention_of_every_case_has_run_out(
        database: Database, clock: FixedClock) -> None:
    person_id = person_of(database, clock)
    with database.read() as session:
        (file,) = person_files(session, [person_id])
    assert [one.kind for one in file.cases] == ["complaint", "adverse_event"]
    assert file.kept is not None and file.kept.rows
    assert expired(database, clock) == []
    clock.move_to(clock.now() + (file.kept.until - clock.now().date()))
    assert expired(database, clock) == []
    clock.move_to(clock.now() + timedelta(days=1))
    assert expired(database, clock) == [person_id]


def test_nobody_is_proposed_while_a_case_is_open(database: Database, clock: FixedClock) -> None:
    person_id = person_of(database, clock, is_closed=False)
    clock.move_to(clock.now() + timedelta(days=365 * 20))
    assert expired(database, clock) == []
    with database.read() as session:
        assert person_files(session, [person_id])[0].kept is None


def test_a_legal_hold_keeps_the_details_until_it_is_lifted(database: Database, clock: FixedClock, actor: Actor) -> None:
    person_id = person_of(database, clock)
    clock.move_to(clock.now() + timedelta(days=365 * 20))
    with database.write() as session:
        place_legal_hold(session, actor, clock, person_id, "claim for damages")
    assert expired(database, clock) == []
    with pytest.raises(Conflict) as refused, database.write() as session:
        erase_person(session, actor, clock, person_id, "retention has run out")
    assert refused.value.code == "person-held"
    with pytest.raises(Conflict), database.write() as session:
        place_legal_hold(session, actor, clock, person_id, "again")
    with database.write() as session:
        lift_legal_hold(session, actor, clock, person_id, "settled")
        assert [(one.reason, one.lifted_reason) for one in holds_of(session, person_id)] == [
            ("claim for damages", "settled")]
    assert expired(database, clock) == [person_id]
    with database.write() as session:
        erase_person(session, actor, clock, person_id, "retention has run out")
    assert expired(database, clock) == []
    with pytest.raises(Conflict), database.write() as session:
        place_legal_hold(session, actor, clock, person_id, "too late")


def test_holds_are_the_managers_and_need_a_reason(sqlite: Database, clock: FixedClock, actor: Actor) -> None:
    person_id = person_of(sqlite, clock)
    with sqlite.write() as session:
        with pytest.raises(Forbidden):
            place_legal_hold(session, Actor(id="o", role="operator", name="O"), clock, person_id, "because")
        with pytest.raises(InvalidInput):
            place_legal_hold(session, actor, clock, person_id, " ")
        with pytest.raises(NotFound):
            place_legal_hold(session, actor, clock, "nobody", "because")
        with pytest.raises(NotFound):
            lift_legal_hold(session, actor, clock, person_id, "because")


def test_a_search_by_telephone_is_recorded_without_the_number(database: Database, clock: FixedClock, actor: Actor) -> None:
    person_id = person_of(database, clock)
    with database.write() as session:
        assert find_persons(session, actor, clock, "+86 139-0000-1234", "she calls back", vault=VAULT) == [person_id]
        assert find_persons(session, actor, clock, "13900009999", "wrong number", vault=VAULT) == []
    with database.read() as session:
        assert [one.reason for one in accesses_of(session, person_id)] == ["searched: she calls back"]
        entries = session.scalars(select(AuditEntry).where(AuditEntry.action == "person.searched")
                                  .order_by(AuditEntry.seq)).all()
        assert [json.loads(one.data)["found"] for one in entries] == [[person_id], []]
        assert not any("1390000" in one.data for one in session.scalars(select(AuditEntry)))


@pytest.mark.parametrize(("contact", "reason", "place"), [
    ("139 0000 1234", " ", "reason"), ("12", "she calls", "phone"), ("", "she calls", "phone"),
    ("a@", "she writes", "email")])
def test_a_search_needs_a_contact_and_a_reason(
        sqlite: Database, clock: FixedClock, actor: Actor, contact: str, reason: str, place: str) -> None:
    with sqlite.write() as session:
        with pytest.raises(InvalidInput) as refused:
            find_persons(session, actor, clock, contact, reason, vault=VAULT)
        assert refused.value.place == place
        with pytest.raises(Forbidden):
            find_persons(session, Actor(id="o", role="operator", name="O"), clock, "139 0000 1234", "why", vault=VAULT)


def test_who_was_erased_and_who_came_lately_is_not_looked_at(sqlite: Database, clock: FixedClock) -> None:
    person_of(sqlite, clock)
    with sqlite.write() as session:
        session.execute(update(Person).values(erased_at=clock.now()))
    clock.move_to(clock.now() + timedelta(days=365 * 20))
    assert expired(sqlite, clock) == []
