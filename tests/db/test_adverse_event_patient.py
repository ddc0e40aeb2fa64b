"""Who the patient is: in the vault alone, and rows from before there were such fields still open."""
from __future__ import annotations

import json

import pytest
from sqlalchemy import select

from tests.db.test_adverse_event_service import opened
from tests.factories_complaint import VAULT, dump
from traceapp.adverse_event.model import AdverseEvent
from traceapp.adverse_event.patient import StatePatient, state_patient
from traceapp.core.actor import Actor
from traceapp.core.clock import FixedClock
from traceapp.core.errors import Conflict, InvalidInput
from traceapp.db import Database
from traceapp.vault.model import Person
from traceapp.vault.service import PersonDetails, erase_person, reveal_person

REPORTER = PersonDetails(name="Planted Reporter", phone="13900004321")


def stated(database: Database, clock: FixedClock, actor: Actor, event: AdverseEvent, **told: str) -> str:
    with database.write() as session:
        found = state_patient(session, actor, clock, StatePatient(event.id, **told), vault=VAULT)
        assert found.person_id
        return found.person_id


def revealed(database: Database, clock: FixedClock, actor: Actor, person_id: str) -> PersonDetails:
    with database.write() as session:
        return reveal_person(session, actor, clock, person_id, "report to the authority", vault=VAULT)


def test_what_is_told_of_the_patient_stands_beside_the_reporter_and_nowhere_else(
        database: Database, clock: FixedClock, actor: Actor) -> None:
    event = opened(database, clock, actor, contact=REPORTER, affected="patient")
    stated(database, clock, actor, event, patient_name="Planted Patient", born_on="1980-03", record_number="R-77123")
    person_id = stated(database, clock, actor, event, initials="PP", born_on="1980-03-09")
    assert person_id == event.person_id
    assert revealed(database, clock, actor, person_id) == PersonDetails(
        REPORTER.name, REPORTER.phone, patient_name="Planted Patient", initials="PP", record_number="R-77123",
        born_on="1980-03-09")
    everything = dump(database)
    assert not any(text in everything for text in ("Planted", "R-77123", "1980-03", "13900004321"))


def test_an_anonymous_report_gets_a_person_and_a_child_needs_no_guardian_for_what_a_report_must_say(
        database: Database, clock: FixedClock, actor: Actor) -> None:
    event = opened(database, clock, actor, age_band="2-13", affected="patient")
    assert event.person_id is None
    person_id = stated(database, clock, actor, event, initials="XM")
    with database.read() as session:
        assert session.scalars(select(AdverseEvent.person_id).where(AdverseEvent.id == event.id)).one() == person_id
        assert session.get_one(Person, person_id).is_minor
    assert revealed(database, clock, actor, person_id).initials == "XM"


def test_a_row_that_was_sealed_before_there_were_patients_opens_and_is_completed(
        sqlite: Database, clock: FixedClock, actor: Actor) -> None:
    event = opened(sqlite, clock, actor, contact=REPORTER)
    assert event.person_id
    with sqlite.write() as session:
        old = json.dumps({"name": "Old", "phone": "", "email": "", "guardian_name": "", "note": ""})
        session.get_one(Person, event.person_id).sealed = VAULT.seal_text(old, f"vault_person:{event.person_id}")
    assert revealed(sqlite, clock, actor, event.person_id) == PersonDetails("Old")
    stated(sqlite, clock, actor, event, initials="O")
    assert revealed(sqlite, clock, actor, event.person_id) == PersonDetails("Old", initials="O")


@pytest.mark.parametrize(("told", "place"), [({}, "patient_name"), ({"born_on": "1980-13"}, "born_on"),
                                             ({"born_on": "3/9/80"}, "born_on"), ({"initials": "x" * 11}, "initials")])
def test_what_cannot_be_is_refused_without_its_value(
        sqlite: Database, clock: FixedClock, actor: Actor, told: dict[str, str], place: str) -> None:
    event = opened(sqlite, clock, actor)
    with pytest.raises(InvalidInput) as refused:
        stated(sqlite, clock, actor, event, **told)
    assert refused.value.place == place
    assert not any(value in refused.value.text for value in told.values())


def test_an_erased_person_stays_erased(sqlite: Database, clock: FixedClock, actor: Actor) -> None:
    event = opened(sqlite, clock, actor, contact=REPORTER)
    assert event.person_id
    with sqlite.write() as session:
        erase_person(session, actor, clock, event.person_id, "asked for it")
    with pytest.raises(Conflict):
        stated(sqlite, clock, actor, event, initials="PP")
