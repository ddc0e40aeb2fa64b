"""The whole way of a complaint by the interface: answers of triage, states, promises, returns, offers, task forces."""
from __future__ import annotations

from datetime import timedelta

import pytest
from sqlalchemy import update

from tests.factories_cases import reported, world_of
from tests.factories_complaint import make_lots, make_product, scanned
from tests.factories_web import Console
from tests.http_clients import ApiClient, user_of
from traceapp.complaint.clock_model import ServiceClock
from traceapp.complaint.model import Complaint
from traceapp.jobs.sweeps import escalate
from traceapp.trace.model import Lot


@pytest.fixture(scope="module")
def api(console: Console) -> ApiClient:
    return ApiClient(console.app, console.database, console.clock, "quality_manager")


@pytest.fixture(scope="module")
def lot(console: Console) -> Lot:
    return make_lots(console.database, console.clock, make_product(console.database, console.clock), "26C1")[0]


@pytest.fixture
def case(console: Console, lot: Lot) -> Complaint:
    return reported(console, lot=scanned(lot), harm="no", terms=("packaging",))


def test_a_complaint_goes_its_way_by_the_interface(api: ApiClient, case: Complaint) -> None:
    path = f"/complaints/{case.id}"
    known = api.get(f"{path}/triage")
    assert (known["answered"], known["known"]["ours"], known["because"]["ours"]) == ({}, "yes", "code_read")
    answers = {"alleges": "yes", "ours": "yes", "harm": "no", "kinds": ["product_quality", "contract"],
               "investigation": "needed", "note": "looked"}
    body = api.post(f"{path}/triage", answers, 200, If_Match=f'"{case.revision}"')
    assert (body["state"], body["kinds"]) == ("verified", ["product_quality", "contract"])
    assert ["find_cause", "investigation", "needed"] in api.get(f"{path}/triage")["answered"]["steps"]
    for number, (action, state) in enumerate((
            ("find_cause", "cause"), ("propose", "solution"), ("agree", "agreed"), ("carry_out", "carried_out"),
            ("answer", "told"), ("follow_up", "followed_up"), ("archive", "archived"), ("improve", "improvement"))):
        body = api.post(f"{path}/actions", {"action": action, "note": f"step {number}"}, 200,
                        If_Match=f'"{case.revision + 1 + number}"')
        assert body["state"] == state
    assert (body["cause"], body["solution"], body["decision"], body["improvement"]) == (
        "step 0", "step 1", "step 6", "step 7")
    assert all(clock["ended_at"] for clock in api.get(f"{path}/clocks"))
    assert case.reference in {row["reference"] for row in api.get("/complaints?kind=contract")["rows"]}


def test_goods_are_asked_back_and_refunded_by_the_interface(api: ApiClient, case: Complaint) -> None:
    path = f"/complaints/{case.id}/returns"
    asked = api.post(path, {"quantity": "3"})
    assert (asked["quantity"], asked["unit"], asked["state"]) == ("3", "EA", "asked")
    api.post(path, {"quantity": "0"}, 422)
    done = api.post(f"{path}/{asked['id']}/actions", {"action": "receive", "quantity": "2"}, 200, If_Match='"1"')
    assert (done["state"], done["received_quantity"]) == ("received", "2")
    api.post(f"{path}/{asked['id']}/actions", {"action": "refund"}, 412, If_Match='"1"')
    assert api.post(f"{path}/{asked['id']}/actions", {"action": "refund"}, 200, If_Match='"2"')["state"] == "refunded"


def test_a_case_changes_hands_and_its_offer_is_decided_by_the_interface(console: Console, api: ApiClient,
                                                                       case: Complaint) -> None:
    other = user_of(console.database, console.clock, "quality", "api-colleague")
    path = f"/complaints/{case.id}"
    taken = api.put(f"{path}/responder", {"user_id": other.id}, If_Match=f'"{case.revision}"')
    assert taken["responder_id"] == other.id
    with console.database.write() as session:
        session.execute(update(ServiceClock).where(
            ServiceClock.complaint_id == case.id, ServiceClock.kind == "triage")
            .values(due_at=case.received_at + timedelta(seconds=1)))
    console.clock.move_to(console.clock.now() + timedelta(minutes=1))
    escalate(world_of(console))
    (offer,) = api.get(f"{path}/compensations")
    decided = api.post(f"{path}/compensations/{offer['id']}/decision", {"decision": "declined", "reason": "in time"}, 200)
    assert (offer["state"], decided["state"]) == ("proposed", "declined")


def test_a_task_force_works_and_ends_by_the_interface(api: ApiClient, lot: Lot, case: Complaint) -> None:
    force = api.post("/task-forces", {"reason": "a rumour", "complaint_id": case.id})
    path = f"/task-forces/{force['id']}"
    assert force["lot_key"] == lot.lot_key
    api.post(f"{path}/entries", {"text": "telephoned"}, 200)
    api.post(f"{path}/entries", {"text": ""}, 422)
    assert api.post(f"{path}/hold", {"reason": "until tested"}, 200)["held_at"]
    assert [entry["kind"] for entry in api.get(f"{path}/entries")][-2:] == ["note", "held"]
    held = api.get(path)
    assert held["ended_at"] is None
    ended = api.post(f"{path}/ending", {"reason": "nothing in it"}, 200, If_Match=api.etag)
    assert ended["end_reason"] == "nothing in it"


def test_a_letter_is_read_by_the_interface_and_nothing_is_kept(api: ApiClient, lot: Lot) -> None:
    before = len(api.get("/complaints")["rows"])
    found = api.post("/complaint-drafts", {"text": f"From: A <a@b.example>\n\nLot {lot.number} itches"}, 200)
    assert {(one["field"], one["value"]) for one in found["suggestions"]} >= {
        ("email", "a@b.example"), ("lot", lot.number), ("terms", "itching"), ("product", lot.product_id)}
    assert len(api.get("/complaints")["rows"]) == before
