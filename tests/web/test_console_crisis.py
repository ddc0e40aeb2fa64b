"""A task force in the console, from its opening to its end."""
from __future__ import annotations

from sqlalchemy import select

from tests.factories_cases import reported
from tests.factories_complaint import make_lots, make_product, scanned
from tests.factories_web import Console
from tests.http_clients import user_of
from traceapp.trace.model import Hold


def test_a_task_force_is_opened_works_stops_its_batch_and_ends(console: Console) -> None:
    lot, _ = make_lots(console.database, console.clock, make_product(console.database, console.clock), "26A1", "26A2")
    complaint, other = (reported(console, lot=scanned(lot)) for _ in range(2))
    quality, manager = console.browser("quality"), console.browser("quality_manager")
    refused = quality.post("/console/task-forces", {"reason": "the press calls", "lot": "404"})
    assert refused.status_code == 422 and 'id="e-lot"' in refused.get_data(as_text=True)
    here = quality.post("/console/task-forces", {"reason": "the press calls", "case": complaint.reference,
                                                 "lot": ""}).headers["Location"]
    page = quality.get(here).get_data(as_text=True)
    assert "It is proposed to stop batch 26A1" in page and complaint.reference in page
    person = user_of(console.database, console.clock, "quality", "Speaker")
    assert quality.post(f"{here}/members", {"user_id": person.id, "duty": "clinics"}).status_code == 303
    assert quality.post(f"{here}/members", {"user_id": person.id}).status_code == 409
    assert quality.post(f"{here}/entries", {"text": "Three clinics were telephoned."}).status_code == 303
    assert quality.post(f"{here}/entries", {"text": ""}).status_code == 422
    assert quality.post(f"{here}/cases", {"case": other.reference}).status_code == 303
    assert quality.post(f"{here}/cases", {"case": "CP-1"}).status_code == 422
    assert quality.post(f"{here}/hold", {"reason": ""}).status_code == 422
    assert quality.post(f"{here}/hold", {"reason": "until tested"}).status_code == 303
    with console.database.read() as session:
        assert [hold.lot_key for hold in session.scalars(select(Hold))] == [lot.lot_key]
    assert "A task force works on it" in quality.get(f"/console/complaints/{other.id}").get_data(as_text=True)
    assert quality.post(f"{here}/end", {"reason": "tested"}).status_code == 403
    assert manager.post(f"{here}/end", {"reason": "tested, within limits"}).status_code == 303
    page = quality.get(here).get_data(as_text=True)
    for said in ("Task force set up", f"Brought in: {person.name}", "Three clinics were telephoned.", "Batch stopped: 26A1", "Ended"):
        assert said in page
    assert "Write it down" not in page
    assert quality.post(f"{here}/entries", {"text": "late"}).status_code == 409
