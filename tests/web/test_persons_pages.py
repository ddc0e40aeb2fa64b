"""Persons in the console: found by telephone with a reason, held, proposed for erasure and erased."""
from __future__ import annotations

from datetime import timedelta

import pytest
from sqlalchemy import select, update

from tests.factories_cases import promoted, world_of
from tests.factories_complaint import make_lots, make_product, scanned
from tests.factories_web import Console
from tests.http_clients import ApiClient
from traceapp.adverse_event.model import AdverseEvent
from traceapp.complaint.model import Complaint
from traceapp.jobs.retention_sweep import propose_erasures
from traceapp.vault.model import Person
from traceapp.vault.service import PersonDetails
from traceapp.worklist.model import Task


@pytest.fixture(scope="module")
def event(console: Console) -> AdverseEvent:
    lot = make_lots(console.database, console.clock, make_product(console.database, console.clock), "20260901")[0]
    return promoted(console, lot=scanned(lot), contact=PersonDetails(name="Zhang San", phone="139 0000 0001"))


def test_somebody_who_calls_back_is_found_without_their_name(console: Console, event: AdverseEvent) -> None:
    quality = console.browser("quality")
    refused = quality.post("/console/persons/search", {
        **quality.hidden("/console/persons"), "phone": "13900000001", "reason": ""})
    assert refused.status_code == 422 and 'id="e-reason"' in refused.text
    found = quality.post("/console/persons/search", {
        **quality.hidden("/console/persons"), "phone": "+86 139 0000 0001", "reason": "she calls back"})
    assert event.reference in found.text and "Zhang San" not in found.text
    assert "Retention has run out" not in found.text
    page = quality.get(f"/console/persons/{event.person_id}").text
    assert "searched: she calls back" in page and event.reference in page and "a case is open" in page
    assert f"/console/persons/{event.person_id}" in quality.get(f"/console/adverse-events/{event.id}").text
    none = quality.post("/console/persons/search", {
        **quality.hidden("/console/persons"), "phone": "13912345678", "reason": "wrong"})
    assert "Nobody gave this number" in none.text


def test_an_operator_does_not_search(console: Console) -> None:
    assert console.browser("operator").get("/console/persons").status_code == 403


def test_erasing_is_proposed_held_and_done(console: Console, event: AdverseEvent) -> None:
    world = world_of(console)
    assert propose_erasures(world) == 0
    with console.database.write() as session:
        session.execute(update(Complaint).values(state="archived"))
        session.execute(update(AdverseEvent).values(state="closed"))
    now = console.clock.now()
    console.clock.move_to(now + timedelta(days=365 * 9))
    assert propose_erasures(world) == propose_erasures(world) == 1
    manager = console.browser("quality_manager")
    address = f"/console/persons/{event.person_id}"
    assert address in manager.get("/console/persons").text
    assert "/console/persons#expired" in manager.get("/console/today").text
    client = ApiClient(console.app, console.database, console.clock, "quality_manager")
    assert [one["id"] for one in client.get("/persons/expired")] == [event.person_id]
    form = manager.hidden(f"{address}?do=hold")
    assert manager.post(f"{address}/hold", {**form, "reason": ""}).status_code == 422
    assert manager.post(f"{address}/hold", {**form, "form_token": "a", "reason": "claim"}).status_code == 303
    assert "claim" in manager.get(address).text and propose_erasures(world) == 0
    with console.database.read() as session:
        assert [task.state for task in session.scalars(select(Task).where(Task.kind == "person.retention"))] == ["done"]
    held = manager.post(f"{address}/erase", {**form, "form_token": "b", "reason": "over"})
    assert held.status_code == 409 and "lift it first" in held.text
    masked = [f"/adverse-events/{event.id}", f"/complaints/{event.complaint_id}", "/exports/adverse-events?format=csv",
              "/exports/complaints?format=json"]
    before = [said(client, path) for path in masked]
    assert manager.post(f"{address}/lift", {**form, "form_token": "c", "reason": "settled"}).status_code == 303
    assert manager.post(f"{address}/erase", {**form, "form_token": "d", "reason": "over"}).status_code == 303
    with console.database.read() as session:
        person = session.get_one(Person, event.person_id)
        assert person.erased_at is not None
        assert (person.sealed, person.contact_hash, person.mail_hash) == (None, None, None)
    assert "Erased" in manager.get(address).text
    assert [said(client, path) for path in masked] == before and event.reference.encode() in before[2]
    assert propose_erasures(world) == 0 and client.get("/persons/expired") == []


def said(client: ApiClient, path: str) -> bytes:
    """The bytes of an answer of the interface."""
    answer = client.client.get(f"/api/v1{path}", headers={"Authorization": f"Bearer {client.token}"})
    assert answer.status_code == 200
    return answer.get_data()
