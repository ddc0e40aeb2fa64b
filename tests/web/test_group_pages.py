"""A group event in the console and by the interface: what it consists of, and what a manager says of it."""
from __future__ import annotations

from datetime import timedelta

import pytest
from sqlalchemy import select

from tests.factories_cases import world_of
from tests.factories_recall import House, make_house
from tests.factories_surveillance import add_complaint
from tests.factories_web import Console
from tests.http_clients import ApiClient
from traceapp.adverse_event.group_model import GroupEvent
from traceapp.complaint.case_parts import RESCORE
from traceapp.jobs.sweeps import rescore
from traceapp.worklist.work import add_work


@pytest.fixture(scope="module")
def house(console: Console) -> House:
    """The house of the bad glue, with three persons at one clinic with one of its batches."""
    made = make_house(console.database, console.clock)
    with console.database.write() as session:
        for hours in (5, 3, 1):
            add_complaint(session, made.second, console.clock.now() - timedelta(hours=hours), terms=["rash"],
                          consignee_id=made.maker.clinic.id)
        add_work(session, console.clock, RESCORE, made.second.lot_key)
    assert rescore(world_of(console)) == 1
    return made


def found(console: Console) -> GroupEvent:
    with console.database.read() as session:
        return session.scalars(select(GroupEvent)).one()


def test_the_page_names_the_persons_the_place_the_batch_and_the_twelve_hours(console: Console, house: House) -> None:
    quality = console.browser("quality")
    address = f"/console/groups/{found(console).id}"
    assert address in quality.get("/console/today").get_data(as_text=True)
    assert found(console).reference in quality.get("/console/groups").get_data(as_text=True)
    page = quality.get(address).get_data(as_text=True)
    assert "3 persons at" in page and "CN-MD-05" in page and "Rash" in page and "Decide" not in page
    assert "The quality manager decides whether it is one" in page
    assert "decides whether" not in console.browser("quality_manager").get(address).get_data(as_text=True)


def test_a_manager_refuses_the_group_with_a_reason_and_its_clocks_end(console: Console, house: House) -> None:
    manager = console.browser("quality_manager")
    group = found(console)
    address = f"/console/groups/{group.id}"
    typed = {**manager.hidden(f"{address}?do=decide"), "is_group": "no", "reason": ""}
    assert manager.post(f"{address}/decide", typed).status_code == 422
    assert manager.post(f"{address}/decide", {**typed, "reason": "one person, three letters"}).status_code == 303
    assert "one person, three letters" in manager.get(address).get_data(as_text=True)
    machine = ApiClient(console.app, console.database, console.clock, "quality_manager")
    assert [one["state"] for one in machine.get("/groups")] == ["refused"]
    assert {one["state"] for one in machine.get(f"/groups/{group.id}/clocks")} == {"not_reportable"}
    assert len(machine.get(f"/groups/{group.id}/complaints")) == 3
    assert "1 group became known in the past year; 1 refused." in manager.get(
        "/console/groups/rule").get_data(as_text=True)


def test_a_manager_sets_the_rule_with_a_reason_and_everybody_sees_who_and_why(console: Console, house: House) -> None:
    manager, quality = console.browser("quality_manager"), console.browser("quality")
    assert "Nobody has set anything else yet" in quality.get("/console/groups/rule").get_data(as_text=True)
    typed = {**manager.hidden("/console/groups/rule"), "least": "1", "days": "7", "reason": "wards are small"}
    refused = manager.post("/console/groups/rule", typed)
    assert refused.status_code == 422 and "from 2 to 20" in refused.get_data(as_text=True)
    assert manager.post("/console/groups/rule", {**typed, "least": "2", "reason": ""}).status_code == 422
    assert manager.post("/console/groups/rule", {**typed, "least": "2"}).status_code == 303
    page = quality.get("/console/groups/rule").get_data(as_text=True)
    assert "2 persons within 7 days" in page and "wards are small" in page and "Set the rule" not in page
    assert "2 persons or more" in quality.get("/console/groups").get_data(as_text=True)
    machine = ApiClient(console.app, console.database, console.clock, "quality_manager")
    assert [machine.get("/group-rule")[name] for name in ("least", "days", "version")] == [2, 7, 1]
    stale = {"least": 4, "days": 7, "reason": "again", "version": 0}
    assert machine.post("/group-rule", stale, 412)["code"] == "stale"
