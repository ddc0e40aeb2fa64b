"""The duty roster and who answers for a case, in the console."""
from __future__ import annotations

from datetime import timedelta

from sqlalchemy import select, update

from tests.factories_cases import reported, world_of
from tests.factories_web import Console
from tests.http_clients import user_of
from traceapp.complaint.clock_model import ServiceClock
from traceapp.complaint.compensation_model import Compensation
from traceapp.complaint.queries import complaint_by_id
from traceapp.jobs.sweeps import escalate
from traceapp.worklist.rostering import roster


def test_an_empty_roster_is_said_loudly_and_filled_on_its_page(console: Console) -> None:
    manager, quality = console.browser("quality_manager"), console.browser("quality")
    person = user_of(console.database, console.clock, "quality", "night watch")
    page = manager.get("/console/duty").get_data(as_text=True)
    assert "Nobody is on duty now" in page and "Nobody is on duty in the next seven days" in page
    form = {"user_id": person.id, "weekdays": [str(day) for day in range(7)], "starts": "20:00", "ends": "20:00",
            "first_on": "2020-01-01"}
    assert quality.post("/console/duty", form).status_code == 403
    refused = manager.post("/console/duty", form | {"starts": "late"})
    assert refused.status_code == 422 and 'id="e-starts"' in refused.get_data(as_text=True)
    assert manager.post("/console/duty", form).status_code == 303
    page = quality.get("/console/duty").get_data(as_text=True)
    assert "On duty now" in page and "Nobody is on duty" not in page and "20:00 to 20:00 of the next day" in page
    with console.database.read() as session:
        (shift,) = roster(session)
    assert manager.post(f"/console/duty/{shift.id}/remove", {}).status_code == 303
    assert "The roster is empty" in manager.get("/console/duty").get_data(as_text=True)


def test_a_case_is_taken_handed_over_and_its_offer_decided(console: Console) -> None:
    complaint = reported(console, harm="no", terms=("packaging",))
    here = f"/console/complaints/{complaint.id}"
    quality = console.browser("quality")
    assert "I take it" in quality.get(here).get_data(as_text=True)
    assert quality.post(f"{here}/responder", {}).status_code == 303
    other = user_of(console.database, console.clock, "quality", "colleague")
    refused = quality.post(f"{here}/responder", {"user_id": other.id, "reason": ""})
    assert refused.status_code == 422 and 'id="e-reason"' in refused.get_data(as_text=True)
    assert "do=responder" in quality.get(here).get_data(as_text=True)
    assert quality.post(f"{here}/responder", {"user_id": other.id, "reason": "my leave"}).status_code == 303
    assert "do=responder" not in quality.get(here).get_data(as_text=True)
    with console.database.read() as session:
        stored = complaint_by_id(session, complaint.id)
        assert stored is not None
        assert stored.responder_id == other.id
    with console.database.write() as session:
        session.execute(update(ServiceClock).where(
            ServiceClock.complaint_id == complaint.id, ServiceClock.kind == "first_answer")
            .values(due_at=complaint.received_at + timedelta(seconds=1)))
    console.clock.move_to(console.clock.now() + timedelta(minutes=1))
    assert escalate(world_of(console)) > 0
    assert escalate(world_of(console)) == 0
    with console.database.read() as session:
        offer = session.scalars(select(Compensation).where(Compensation.complaint_id == complaint.id)).one()
    manager = console.browser("quality_manager")
    page = manager.get(f"{here}?do=compensation&offer={offer.id}").get_data(as_text=True)
    assert "An apology, and a voucher" in page and "First answer" in page
    act = f"{here}/compensations/{offer.id}"
    assert quality.post(act, {"decision": "approved", "reason": "ours"}).status_code == 403
    assert manager.post(act, {"decision": "approved", "reason": ""}).status_code == 422
    assert manager.post(act, {"decision": "approved", "reason": "ours"}).status_code == 303
    assert "Approved, not paid by itself" in manager.get(here).get_data(as_text=True)
