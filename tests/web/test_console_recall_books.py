"""The warehouse takes recalled units in by scan; quality decides what becomes of them, two people sign."""
from __future__ import annotations

import io
from decimal import Decimal as D

import pytest
from PIL import Image
from sqlalchemy import select

from tests.factories import PASSWORD
from tests.factories_recall import House, make_house, running, token_of
from tests.factories_web import Console
from tests.http_clients import ApiClient
from traceapp.recall.answer import AnswerLine, RecordAnswer, record_answer
from traceapp.recall.book_model import RecallDisposition, RecallReturn
from traceapp.recall.model import Recall, RecallLedger
from traceapp.trace.model import Lot


def picture() -> io.BytesIO:
    out = io.BytesIO()
    Image.new("RGB", (8, 8), "red").save(out, "PNG")
    return io.BytesIO(out.getvalue())


class Office:
    """A running recall, and people of each role at their browsers."""

    def __init__(self, console: Console) -> None:
        self.console, self.database, self.clock = console, console.database, console.clock
        self.house: House = make_house(console.database, console.clock)
        self.recall: Recall = running(console.database, console.clock, self.house)
        self.clinic, self.first = self.house.maker.clinic.id, self.house.first.lot_key
        self.books = f"/console/recalls/{self.recall.id}/books"
        with self.database.write() as session:
            record_answer(session, self.clock, RecordAnswer(
                token_of(self.database, self.recall, self.clinic),
                (AnswerLine(self.first, D(0), D(300), D(50)),), "Nurse"))

    def page(self, role: str, path: str) -> str:
        return self.console.browser(role).get(path).get_data(as_text=True)


@pytest.fixture(scope="module")
def office(console: Console) -> Office:
    return Office(console)


def test_the_warehouse_scans_counts_and_sees_what_the_consignee_said(office: Office) -> None:
    operator = office.console.browser("operator")
    page = office.page("operator", f"/console/goods-in?code={office.house.first.uri}")
    assert "Batch P-1" in page and "第一诊所" in page or "Clinic One" in page
    assert "300" not in page, "who counts is not told what to find"
    sender = f"{office.recall.id}/{office.clinic}"
    answer = operator.submit("/console/goods-in?code=P-1", {"code": "P-1", "sender": sender, "units": "48"})
    assert answer.status_code == 303
    told = operator.get(answer.location).get_data(as_text=True)
    assert "said 50 pcs, so far 48 pcs came: 2 pcs are still to come or missing" in told
    with office.database.read() as session:
        assert session.get_one(RecallLedger, (office.first, office.recall.id, office.clinic)).came_back == 48
        assert session.get_one(Lot, office.first).stock == 498
    assert "Sent back and counted differ" in office.page(
        "quality", f"/console/recalls/{office.recall.id}?part=ledger&state=returning")


def test_a_code_of_nothing_and_a_batch_of_no_recall_are_said_plainly(office: Office) -> None:
    assert "There is no lot “zzz”" in office.page("operator", "/console/goods-in?code=zzz")
    assert "in no recall that went to anybody" in office.page("operator", "/console/goods-in?code=P-9")
    operator = office.console.browser("operator")
    values = {"code": "P-9", "sender": f"{office.recall.id}/{office.house.maker.hospital.id}", "units": "3"}
    refused = operator.submit("/console/goods-in?code=P-9", values)
    assert refused.status_code == 409
    assert "is not in the scope of" in refused.get_data(as_text=True)
    answer = operator.submit("/console/goods-in?code=P-9", values | {"is_outside": "1"})
    assert "stopped until quality decides" in operator.get(answer.location).get_data(as_text=True)
    with office.database.read() as session:
        assert session.get_one(Lot, office.house.other.lot_key).is_on_hold
        assert sorted(session.scalars(select(RecallReturn.is_in_scope))) == [False, True]
    assert "3 units came back with this recall although" in office.page("quality", office.books)


def test_two_people_sign_a_destruction_and_the_books_show_it(office: Office) -> None:
    quality, manager = office.console.browser("quality"), office.console.browser("quality_manager")
    assert "Undecided in our hands: 498 pcs" in office.page("quality", f"{office.books}?do=decide-{office.first}")
    values = {"lot_key": office.first, "kind": "destroy", "units": "498", "reason": "glue", "password": "wrong"}
    path = f"/console/recalls/{office.recall.id}/dispositions"
    refused = quality.post(path, values | {"form_token": "a"})
    assert refused.status_code == 422 and 'id="e-password"' in refused.get_data(as_text=True)
    assert quality.post(path, values | {"form_token": "b", "password": PASSWORD}).status_code == 303
    with office.database.read() as session:
        row = session.scalars(select(RecallDisposition)).one()
    assert "Waits for the second signature" in office.page("quality", office.books)
    assert quality.post(f"{path}/{row.id}/confirm", {"password": PASSWORD, "form_token": "c"}).status_code == 403
    assert "Certificate of destruction" in office.page("quality_manager", f"{office.books}?do=confirm-{row.id}")
    answer = manager.post(f"{path}/{row.id}/confirm", {"password": PASSWORD, "form_token": "d", "certificate": "XH-1"})
    assert answer.status_code == 303
    page = office.page("quality", office.books)
    assert "XH-1" in page and "To explain" in page
    assert quality.post(f"{path}/{row.id}/prove", {"form_token": "g"}).status_code == 422
    for address, form_token in ((f"{path}/{row.id}/prove", "h"), (f"/console/recalls/{office.recall.id}/consignees/"
                                                                  f"{office.clinic}/prove", "i")):
        assert quality.post(address, {"form_token": form_token, "proof": (picture(), "furnace.png")}).status_code == 303
    assert "furnace.png" in office.page("quality", office.books)
    assert "furnace.png" in office.page("quality", f"/console/recalls/{office.recall.id}/consignees/{office.clinic}")
    with office.database.read() as session:
        assert session.get_one(Lot, office.first).stock == 0


def test_a_difference_is_explained_and_anything_else_was_said_in_the_meantime(office: Office) -> None:
    quality = office.console.browser("quality")
    path = f"/console/recalls/{office.recall.id}/differences"
    page = office.page("quality", f"{office.books}?do=explain-{office.first}")
    assert "200 pcs differ" in page
    refused = quality.post(path, {"lot_key": office.first, "difference": "7", "reason": "x", "form_token": "e"})
    assert refused.status_code == 409
    assert quality.post(path, {"lot_key": office.first, "difference": "200", "reason": "the hospital burnt down",
                               "form_token": "f"}).status_code == 303
    assert "the hospital burnt down" in office.page("quality", office.books)


def test_an_ordinary_return_joins_the_books_and_what_is_made_good_stands_beside_the_scope(office: Office) -> None:
    operator, second = office.console.browser("operator"), office.house.second.lot_key
    path = f"/console/lots/{second}/return"
    assert "This batch is under recall" in operator.get(path).get_data(as_text=True)
    answer = operator.submit(path, {"consignee_id": office.clinic, "units": "5", "document_number": "RMA 9",
                                    "returned_at": f"{office.clock.now():%Y-%m-%dT%H:%M}"})
    assert answer.status_code == 303
    assert f"counted in the books of the recall {office.recall.reference}" in operator.get(
        answer.location).get_data(as_text=True)
    with office.database.read() as session:
        assert session.get_one(RecallLedger, (second, office.recall.id, office.clinic)).came_back == 5
    quality = office.console.browser("quality")
    assert quality.post(f"/console/recalls/{office.recall.id}/dispositions", {
        "lot_key": second, "kind": "rework", "units": "5", "reason": "new backing", "new_number": "P-2W",
        "password": PASSWORD, "form_token": "r"}).status_code == 303
    page = office.page("quality", f"/console/recalls/{office.recall.id}/workbench")
    apart = page.split("Corrected stock, not in scope", 1)[1].split("</table>")[0]
    assert "P-2W" in apart and "Rework under a new number" in apart
    assert "P-2W" not in page.split('id="page"')[1].split("</table>")[0]


def test_what_was_kept_is_destroyed_later_and_both_decisions_stand_there(office: Office) -> None:
    quality, manager = office.console.browser("quality"), office.console.browser("quality_manager")
    path, second = f"/console/recalls/{office.recall.id}/dispositions", office.house.second.lot_key
    values = {"lot_key": second, "kind": "keep", "units": "40", "reason": "proof", "password": PASSWORD}
    assert quality.post(path, values | {"form_token": "k1"}).status_code == 303
    assert f"?do=kept-{second}" in office.page("quality", office.books)
    form = office.page("quality", f"{office.books}?do=kept-{second}&units=40")
    assert "Kept as proof or sample: 40 pcs" in form and 'value="keep"' not in form
    again = values | {"kind": "destroy", "of_kept": "1", "reason": "seen by the authority"}
    refused = quality.post(path, again | {"units": "41", "form_token": "k2"})
    assert refused.status_code == 409 and "40 pcs are kept" in refused.get_data(as_text=True)
    assert quality.post(path, again | {"form_token": "k3"}).status_code == 303
    with office.database.read() as session:
        row = session.scalars(select(RecallDisposition).where(RecallDisposition.of_kept)).one()
    assert manager.post(f"{path}/{row.id}/confirm", {"password": PASSWORD, "certificate": "Z-9", "form_token": "k4"}
                        ).status_code == 303
    text = office.page("quality", office.books)
    assert "Destroy · of what was kept · Z-9" in text and "Keep stopped, as proof or sample" in text
    assert f"?do=kept-{second}" not in text
    api = ApiClient(office.console.app, office.database, office.clock, "quality")
    kinds = {(one["kind"], one["units"], one["of_kept"]) for one in api.get(f"/recalls/{office.recall.id}/dispositions")
             if one["lot_key"] == second}
    assert kinds >= {("keep", "40", False), ("destroy", "40", True)}
    refused = api.post(f"/recalls/{office.recall.id}/dispositions", {
        "lot_key": second, "kind": "destroy", "units": "1", "reason": "x", "password": PASSWORD, "of_kept": True}, 409)
    assert refused["code"] == "not-enough"
    lots = {lot["number"]: lot["kept"] for lot in api.get(f"/recalls/{office.recall.id}/balance")["lots"]}
    assert lots["P-2"] == "0"
