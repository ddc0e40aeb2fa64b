"""CAPAs in the console: opened from a signal, walked to the signed end, refused where something is missing."""
from __future__ import annotations

import csv
import io
import re
import zipfile
from datetime import timedelta

import pytest
from flask.testing import FlaskClient
from sqlalchemy import select

from tests.factories import PASSWORD
from tests.factories_api import picture
from tests.factories_capa import capa_in, opened_capa
from tests.factories_recall import House, make_house, opened
from tests.factories_surveillance import add_reactions
from tests.factories_web import Browser, Console
from traceapp.capa.model import Capa, CapaAction, CapaCause, CapaQuestion
from traceapp.capa.queries import decisions_of
from traceapp.capa.states import CapaState
from traceapp.complaint.model import Complaint
from traceapp.identity.service import prove_password, sign_in
from traceapp.surveillance.rescoring import rescore_lot


class Office:
    """The house, its application, and its people at their browsers."""

    def __init__(self, console: Console) -> None:
        self.console, self.database, self.clock = console, console.database, console.clock
        self.house: House = make_house(console.database, console.clock)
        with self.database.write() as session:
            add_reactions(session, self.house.second, self.clock.now() - timedelta(days=9), 12)
        with self.database.write() as session:
            signal = rescore_lot(session, self.clock, self.house.second.lot_key)
        assert signal is not None
        self.signal = signal

    def as_person(self, name: str) -> Browser:
        browser = Browser(self.console.app, self.console.app.test_client())
        with self.database.write() as session:
            token = sign_in(session, self.clock, prove_password(session, name, PASSWORD), "test").token
        client: FlaskClient = browser.client
        with client.session_transaction() as cookie:
            cookie["token"] = token
        return browser

    def capa(self, capa_id: str) -> Capa:
        with self.database.read() as session:
            return session.get_one(Capa, capa_id)

    def newest(self, model: type[CapaCause] | type[CapaAction] | type[CapaQuestion]) -> str:
        with self.database.read() as session:
            return session.scalars(select(model).order_by(model.id.desc()).limit(1)).one().id


@pytest.fixture(scope="module")
def made(console: Console) -> Office:
    return Office(console)


@pytest.fixture
def office(made: Office) -> Office:
    """The same house in every test, a quarter of an hour later, so that nobody signs too often."""
    made.clock.move_to(made.clock.now() + timedelta(minutes=16))
    return made


def text_of(browser: Browser, path: str) -> str:
    answer = browser.get(path)
    assert answer.status_code == 200, path
    return answer.get_data(as_text=True)


def test_the_whole_way_from_a_signal_to_the_signed_end(office: Office) -> None:
    writer, manager = office.as_person("writer"), office.as_person("manager")
    new = f"/console/capa/new?signal={office.signal.id}"
    assert f"{office.signal.reference}: " in text_of(writer, new) and new in text_of(writer, f"/console/signals/{office.signal.id}")
    sent = writer.post(new, {"kind": "corrective", "title": "Glue irritates", "problem": "12 reports", "problem_kind": "redness",
                             "product_ids": [office.house.maker.plaster.id, ""]})
    assert sent.status_code == 303
    path = sent.location
    case_id = path.rsplit("/", 1)[1]
    assert office.capa(case_id).owner_id == office.house.writer.id
    assert office.signal.reference in text_of(writer, path)
    assert office.capa(case_id).reference in text_of(writer, f"/console/signals/{office.signal.id}")
    assert "?do=unlink" not in text_of(writer, path)  # all that is linked is what it was opened from

    def go(browser: Browser, do: str, address: str, values: dict[str, object], on: str = "") -> None:
        assert f'action="{path}/{address}"' in text_of(browser, f"{path}?do={do}&on={on or address.rpartition('/')[2]}")
        answer = browser.post(f"{path}/{address}", {"revision": str(office.capa(case_id).revision), **values})
        assert answer.status_code == 303, answer.get_data(as_text=True)

    go(writer, "investigate", "step", {"action": "investigate"})
    assert "No cause is confirmed yet" in text_of(writer, path)
    go(writer, "whys", "whys", {"answers": "It holds monomer\nIt was cured too short"})
    go(writer, "cause", "causes", {"kind": "upstream", "text": "Glue lot A-1 holds free monomer"})
    go(writer, "judge", f"causes/{office.newest(CapaCause)}", {"verdict": "confirmed", "evidence": "GC: 480 ppm"})
    go(writer, "plan", "step", {"action": "plan"})
    go(writer, "ask", "questions", {"question": "Which monomer?", "asked_of_id": office.house.manager.id})
    go(writer, "action", "actions", {"what": "Test each glue lot", "owner_id": office.house.writer.id, "due_on": "2026-12-20"})
    assert "State first by which criterion" in text_of(writer, path)
    go(writer, "criterion", "criterion", {"criterion": "None in 90 days", "method": "Count", "planned_on": "2026-11-22"})
    go(writer, "begin", "step", {"action": "begin"})
    go(writer, "action_finish", f"actions/{office.newest(CapaAction)}/done",
       {"outcome": "In the test plan", "proof": (io.BytesIO(picture()), "plan.png")}, office.newest(CapaAction))
    page = text_of(writer, path)
    proof = re.search(r'href="(/console/files/[0-9a-f]+)"', page)
    assert proof is not None and writer.get(proof.group(1)).mimetype == "image/png"
    go(manager, "answer", f"questions/{office.newest(CapaQuestion)}", {"answer": "Isobornyl acrylate"}, office.newest(CapaQuestion))
    go(writer, "verify", "step", {"action": "verify"})
    go(writer, "conclude", "conclusion", {"result": "No report in 90 days", "conclusion": "effective"})
    wrong = manager.post(f"{path}/close", {"reason": "Glue is tested now", "password": "wrong"})
    assert wrong.status_code == 422 and "The password is not right" in wrong.get_data(as_text=True)
    assert "Glue is tested now" in wrong.get_data(as_text=True) and office.capa(case_id).state == "verifying"
    go(manager, "close", "close", {"reason": "Glue is tested now", "password": PASSWORD})
    with office.database.read() as session:
        decision = decisions_of(session, case_id)[-1]
    page = text_of(writer, path)
    assert office.capa(case_id).state == "closed" and decision.signed_hash[:16] in page and "Glue lot A-1" in page
    assert "?do=" not in re.sub(r"do=reopen", "", page)
    with zipfile.ZipFile(io.BytesIO(writer.get(f"{path}/record.docx").data)) as package:
        said = package.read("word/document.xml").decode()
    assert all(text in said for text in ("GC: 480 ppm", "Isobornyl acrylate", "plan.png", decision.signed_hash))
    assert writer.get(f"{path}/record.pdf").data.startswith(b"%PDF-") and writer.get(f"{path}/record.odt").status_code == 422


def test_a_form_that_is_opened_has_an_act_and_a_button(office: Office) -> None:
    capa = capa_in(office.database, office.clock, office.house, CapaState.investigating)
    writer = office.as_person("writer")
    for do, address in (("whys", "whys"), ("cause", "causes"), ("no_cause", "no-cause"), ("action", "actions"), ("link", "link"),
                        ("criterion", "criterion"), ("ask", "questions")):
        assert f'action="/console/capa/{capa.id}/{address}"' in text_of(writer, f"/console/capa/{capa.id}?do={do}"), do
    for do in ("conclude", "close", "begin", "answer", "nonsense"):
        assert 'class="panel' not in text_of(writer, f"/console/capa/{capa.id}?do={do}"), do


def test_a_link_by_mistake_is_taken_back_with_a_reason(office: Office) -> None:
    capa, writer = opened_capa(office.database, office.clock, office.house), office.as_person("writer")
    path, supplier = f"/console/capa/{capa.id}", office.house.maker.supplier
    assert writer.post(f"{path}/link", {"kind": "supplier", "number": supplier.code}).status_code == 303
    assert f'value="supplier:{supplier.id}"' in text_of(writer, f"{path}?do=unlink")
    values = {"link": f"supplier:{supplier.id}", "reason": "The other one was meant."}
    assert writer.post(f"{path}/unlink", values | {"reason": ""}).status_code == 422
    assert writer.post(f"{path}/unlink", values).status_code == 303
    assert supplier.name_en not in text_of(writer, path) and "?do=unlink" not in text_of(writer, path)


def test_opening_a_second_one_shows_the_first_and_is_refused(office: Office) -> None:
    writer = office.as_person("writer")
    recall = opened(office.database, office.clock, office.house)
    address, values = f"/console/capa/new?recall={recall.id}", {"kind": "corrective", "title": "Glue", "problem": "It irritates"}
    first = writer.post(address, values)
    page = text_of(writer, address)
    assert first.location in page and "One runs for this already" in page
    refused = writer.post(address, values)
    assert refused.status_code == 409 and "It irritates" in refused.get_data(as_text=True)
    assert first.location in text_of(writer, f"/console/recalls/{recall.id}")


def test_each_page_that_something_can_be_wrong_with_leads_to_a_new_one(office: Office) -> None:
    writer, house = office.as_person("writer"), office.house
    with office.database.read() as session:
        complaint = session.scalars(select(Complaint).limit(1)).one()
    for page, query in ((f"/console/complaints/{complaint.id}", f"complaint={complaint.id}"),
                        (f"/console/partners/{house.maker.supplier.id}", f"supplier={house.maker.supplier.id}")):
        assert f"/console/capa/new?{query}" in text_of(writer, page)
        assert 'value="' in text_of(writer, f"/console/capa/new?{query}")
    assert writer.get("/console/capa/new?signal=" + "0" * 32).status_code == 404


def test_the_list_is_filtered_and_its_file_holds_what_it_shows(office: Office) -> None:
    writer = office.as_person("writer")
    mine = opened_capa(office.database, office.clock, office.house)
    acting = capa_in(office.database, office.clock, office.house, CapaState.acting)
    assert acting.reference in text_of(writer, "/console/capa?state=acting")
    assert mine.reference not in text_of(writer, "/console/capa?state=acting")
    assert mine.reference not in text_of(writer, "/console/capa?late=1")
    assert writer.get(f"/console/search?q={mine.reference}").location == f"/console/capa/{mine.id}"
    rows = list(csv.DictReader(io.StringIO(writer.get(f"/console/capa?format=csv&text={mine.reference}").get_data(as_text=True).lstrip("\ufeff"))))
    assert [(row["CAPA"], row["Kind of problem"]) for row in rows] == [(mine.reference, "Redness")]
    office.clock.move_to(office.clock.now() + timedelta(days=20))
    late = text_of(office.as_person("writer"), "/console/capa?late=1")
    assert acting.reference in late and mine.reference not in late


def test_an_overdue_action_stands_on_the_page_of_today(office: Office) -> None:
    capa = capa_in(office.database, office.clock, office.house, CapaState.acting)
    office.clock.move_to(office.clock.now() + timedelta(days=11))
    page = text_of(office.as_person("writer"), "/console/today")
    late = page[page.index('<h2 id="late">'):]
    assert f"/console/capa/{capa.id}#actions" in late and "Carry out an action of a CAPA" in late


def test_the_problem_database_shows_counts_and_refuses_a_period_upside_down(office: Office) -> None:
    writer = office.as_person("writer")
    page = text_of(writer, "/console/capa/problems")
    assert "Redness" in page and "<svg" in page
    assert "The period ends before it begins." in text_of(writer, "/console/capa/problems?since=2026-05-01&until=2026-01-01")
    for period in ("since=9999-12-01&until=9999-12-31", "until=0001-01-31", "since=0001-01-01&until=0001-02-01&format=csv"):
        assert "Ask for years from 1990 to 2200." in text_of(writer, f"/console/capa/problems?{period}")
    rows = list(csv.DictReader(io.StringIO(writer.get("/console/capa/problems?format=csv&since=2026-11-01&until=2026-11-30").get_data(as_text=True).lstrip("\ufeff"))))
    assert any(row["Kind of problem"] == "Redness" and int(row["2026-11"]) == int(row["All"]) > 0 for row in rows)


def test_a_count_of_the_problem_database_leads_to_the_complaints_behind_it(office: Office) -> None:
    writer, plaster = office.as_person("writer"), office.house.maker.plaster.id
    with office.database.write() as session:
        for one in session.scalars(select(Complaint).where(Complaint.product_id == plaster).limit(2)):
            one.terms = ["redness"]
    assert f"/console/capa/problems?product={plaster}" in text_of(writer, f"/console/products/{plaster}")
    page = text_of(writer, f"/console/capa/problems?product={plaster}&lang=en")
    found = re.search(r'<a href="(/console/complaints\?[^"]+)">(\d+)</a>', page)
    assert found is not None
    behind = text_of(writer, found.group(1).replace("&amp;", "&"))
    assert len(set(re.findall(r"/console/complaints/[0-9a-f]{32}", behind))) == int(found.group(2)) > 0
    other = found.group(1).replace("&amp;", "&").replace("term=redness", "term=itching")
    assert re.search(r"/console/complaints/[0-9a-f]{32}", text_of(writer, other)) is None


def test_an_operator_reads_and_reports_what_is_theirs_alone(console: Console, office: Office) -> None:
    capa = capa_in(office.database, office.clock, office.house, CapaState.acting)
    operator = console.browser("operator")
    page = text_of(operator, f"/console/capa/{capa.id}")
    assert "It is done" not in page and "Change the description" not in page
    action = office.newest(CapaAction)
    assert operator.post(f"/console/capa/{capa.id}/actions/{action}/done", {"outcome": "x"}).status_code == 403
    assert operator.post(f"/console/capa/{capa.id}/step", {"action": "verify"}).status_code == 403
    assert operator.get("/console/capa/new").status_code == 403
