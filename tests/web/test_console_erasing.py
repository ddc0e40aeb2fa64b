"""Erasing personal details on the pages of a complaint and an adverse event: by the quality manager, with a reason."""
from __future__ import annotations

import pytest
from sqlalchemy import select

from tests.factories_cases import promoted, reported
from tests.factories_complaint import make_lots, make_product, scanned
from tests.factories_web import Browser, Console
from traceapp.adverse_event.model import AdverseEvent
from traceapp.complaint.model import Complaint
from traceapp.trace.model import Lot
from traceapp.vault.model import Person, PersonAccess
from traceapp.vault.service import PersonDetails

CONTACT = PersonDetails(name="Zhang San", phone="13900000001")
REASON = {"reason": "Asked for by letter"}


@pytest.fixture(scope="module")
def lot(console: Console) -> Lot:
    product = make_product(console.database, console.clock)
    return make_lots(console.database, console.clock, product, "20260901")[0]


@pytest.fixture
def manager(console: Console) -> Browser:
    return console.browser("quality_manager")


def pages(console: Console, lot: Lot) -> tuple[str, str, str | None]:
    """The addresses of an adverse event and of its complaint, and the person behind both."""
    event: AdverseEvent = promoted(console, lot=scanned(lot), contact=CONTACT)
    return f"/console/adverse-events/{event.id}", f"/console/complaints/{event.complaint_id}", event.person_id


def person(console: Console, person_id: str | None) -> Person:
    with console.database.read() as session:
        return session.scalars(select(Person).where(Person.id == person_id)).one()


@pytest.mark.parametrize("begin", [0, 1], ids=["adverse event", "complaint"])
def test_one_act_erases_the_person_behind_both_pages(console: Console, manager: Browser, lot: Lot, begin: int) -> None:
    *addresses, person_id = pages(console, lot)
    here = str(addresses[begin])
    assert "Erase them" in manager.get(here).get_data(as_text=True)
    answer = manager.post(f"{here}/erase", {**manager.hidden(f"{here}?do=erase"), **REASON})
    assert (answer.status_code, answer.headers["Location"]) == (303, here)
    assert "The personal details are erased." in manager.get(here).get_data(as_text=True)
    for address in addresses:
        page = manager.get(str(address)).get_data(as_text=True)
        assert "were erased on 22" in page
        assert "Erase them" not in page and "Show them" not in page
    assert person(console, person_id).sealed is None
    with console.database.read() as session:
        assert session.scalars(select(PersonAccess.reason).where(PersonAccess.person_id == person_id)).all() == [
            "erased: Asked for by letter"]


def test_a_person_who_is_erased_neither_counts_as_reachable_nor_is_missed(console: Console, manager: Browser, lot: Lot) -> None:
    complaint: Complaint = reported(console, lot=scanned(lot), contact=CONTACT, use_text="On dry skin")
    here = f"/console/complaints/{complaint.id}"

    def points() -> int:
        return int(manager.get(here).get_data(as_text=True).split("<progress")[1].split('value="')[1].split('"')[0])

    before = points()
    manager.post(f"{here}/erase", REASON)
    assert points() == before - 1
    assert "a way to reach the person" not in manager.get(here).get_data(as_text=True)


def test_erasing_needs_a_reason_and_happens_once(console: Console, manager: Browser, lot: Lot) -> None:
    here, _, person_id = pages(console, lot)
    refused = manager.post(f"{here}/erase", {"reason": " "})
    assert refused.status_code == 422 and 'id="e-reason"' in refused.get_data(as_text=True)
    assert person(console, person_id).sealed is not None
    form = {**manager.hidden(f"{here}?do=erase"), **REASON}
    assert [manager.post(f"{here}/erase", form).status_code for _ in range(2)] == [303, 303]
    again = manager.post(f"{here}/erase", REASON)
    assert again.status_code == 409 and "were erased before" in again.get_data(as_text=True)


@pytest.mark.parametrize("which", [0, 1])
def test_quality_sees_the_person_and_no_way_to_erase(console: Console, lot: Lot, which: int) -> None:
    quality = console.browser("quality")
    *addresses, person_id = pages(console, lot)
    here = str(addresses[which])
    page = quality.get(f"{here}?do=erase").get_data(as_text=True)
    assert "are in the vault" in page and "Erase" not in page
    assert quality.post(f"{here}/erase", REASON).status_code == 403
    assert person(console, person_id).sealed is not None


def test_a_report_without_a_name_has_nothing_to_erase(console: Console, manager: Browser, lot: Lot) -> None:
    complaint = reported(console, lot=scanned(lot))
    here = f"/console/complaints/{complaint.id}"
    assert "Erase" not in manager.get(f"{here}?do=erase").get_data(as_text=True)
    assert manager.post(f"{here}/erase", REASON).status_code == 404
    assert manager.post(f"/console/complaints/{'0' * 32}/erase", REASON).status_code == 404
