"""What had left before a stop is booked on a page of its own or by the interface, and the pages name whom to tell."""
from __future__ import annotations

from datetime import timedelta
from decimal import Decimal as D

import pytest
from sqlalchemy import select

from tests.factories_recall import House, make_house, running
from tests.factories_web import Console
from tests.http_clients import ApiClient
from traceapp.recall.model import Recall
from traceapp.recall.untold_model import UntoldDespatch
from traceapp.trace.model import Lot, Shipment


class Yard:
    """A running recall, and people of each role."""

    def __init__(self, console: Console) -> None:
        self.console, self.database, self.clock = console, console.database, console.clock
        self.house: House = make_house(console.database, console.clock)
        self.recall: Recall = running(console.database, console.clock, self.house)
        self.lot, self.hospital = self.house.second.lot_key, self.house.maker.hospital.id
        self.case = f"/console/recalls/{self.recall.id}"

    def page(self, role: str, path: str, language: str = "en") -> str:
        return self.console.browser(role, language).get(path).get_data(as_text=True)


@pytest.fixture(scope="module")
def yard(console: Console) -> Yard:
    return Yard(console)


def test_the_ordinary_page_leads_to_the_one_for_what_had_left_before(yard: Yard) -> None:
    link = f"/console/shipments/left-before?lot={yard.lot}"
    assert link in yard.page("quality", f"/console/shipments/new?lot={yard.lot}")
    assert link in yard.page("quality", f"/console/lots/{yard.lot}")
    gate = yard.page("operator", f"/console/shipments/new?lot={yard.lot}")
    assert link not in gate and "ask quality staff to book it" in gate
    assert yard.console.browser("operator").get(link).status_code == 403


def test_a_despatch_is_booked_late_and_the_consignee_is_named_everywhere(yard: Yard) -> None:
    quality = yard.console.browser("quality")
    left = (yard.clock.now() - timedelta(days=10)).strftime("%Y-%m-%dT%H:%M")
    values = {"lot": yard.lot, "consignee_id": yard.hospital, "document_number": "D-LATE", "shipped_at": left,
              f"packs-{yard.lot}-loose": "300", "step": "check"}
    path = "/console/shipments/left-before"
    refused = quality.submit(path, values)
    assert refused.status_code == 422 and 'id="e-reason"' in refused.get_data(as_text=True)
    values["reason"] = "The carrier's record came late."
    checked = quality.submit(path, values).get_data(as_text=True)
    assert "Nothing is recorded yet" in checked and "The carrier&#39;s record came late." in checked
    assert quality.submit(path, values | {"step": "confirm"}).status_code == 303
    assert "booked late" in yard.page("quality", f"/console/lots/{yard.lot}?part=shipments")
    for role, page, language, words in (
            ("quality", yard.case, "en", "Units left of which nobody was told"),
            ("quality", yard.case, "en", "Hospital Two"), ("quality", yard.case, "zh", "第二医院"),
            ("quality", "/console/today", "en", f"{yard.recall.reference} · Hospital Two"),
            ("quality", "/console/today", "zh", f"{yard.recall.reference} · 第二医院")):
        assert words in yard.page(role, page, language)
    with yard.database.read() as session:
        assert session.scalars(select(UntoldDespatch.units)).all() == [D(300)]
        assert session.get_one(Lot, yard.lot).shipped == 1300


def test_the_interface_books_reads_and_notes(yard: Yard) -> None:
    api = ApiClient(yard.console.app, yard.database, yard.clock, "quality")
    left = (yard.clock.now() - timedelta(days=9)).isoformat()
    given = {"consignee_id": yard.house.maker.supplier.id, "document_number": "D-LATE-2", "shipped_at": left,
             "lines": [{"lot_key": yard.lot, "packs": "5"}]}
    assert api.post("/shipments", given, 409)["code"] == "lot-recalled"
    booked = api.post("/shipments/left-before", given | {"reason": "found in a drawer"})
    assert booked["late_reason"] == "found in a drawer"
    with yard.database.read() as session:
        assert session.get_one(Shipment, booked["id"]).late_reason == "found in a drawer"
    row = next(one for one in api.get(f"/recalls/{yard.recall.id}/untold-despatches")
               if one["event_id"] == booked["id"])
    assert (row["units"], row["source"], row["state"]) == ("5", "booked", "waiting")
    refused = api.post(f"/recalls/{yard.recall.id}/untold-despatches/notes", {
        "lot_key": row["lot_key"], "event_id": row["event_id"], "reason": "no"}, 409)
    assert refused["code"] == "has-to-be-told"
    shipped = api.get(f"/lots/{yard.lot}/shipments")["rows"]
    assert {"found in a drawer", ""} <= {one["late_reason"] for one in shipped}
    gate = ApiClient(yard.console.app, yard.database, yard.clock, "operator")
    gate.post("/shipments/left-before", given | {"reason": "x"}, 403)
