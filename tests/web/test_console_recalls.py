"""Recalls in the console: draft, scope, two signatures, letters, ledger, end."""
from __future__ import annotations

import csv
import io
import re
from datetime import timedelta
from decimal import Decimal
from html import unescape
from pathlib import Path

import pytest
from flask.testing import FlaskClient
from sqlalchemy import event, select

from tests.factories import PASSWORD
from tests.factories_recall import (
    HAZARD,
    VAULT,
    House,
    checked,
    decided,
    deliver,
    folder,
    make_house,
    opened,
    placed,
    running,
    submitted,
    token_of,
)
from tests.factories_web import Browser, Console
from traceapp.catalog.model import Party
from traceapp.identity.service import prove_password, sign_in
from traceapp.recall.answer import AnswerLine, RecordAnswer, record_answer
from traceapp.recall.model import EffectivenessCheck, Recall, RecallLedger, RecallLot, RecallSignature
from traceapp.recall.naming import PassOn
from traceapp.submission.model import ExportRecord
from traceapp.trace.model import Lot


class Office:
    """The house, its application, and its people at their browsers."""

    def __init__(self, console: Console) -> None:
        self.console, self.database, self.clock = console, console.database, console.clock
        self.house: House = make_house(console.database, console.clock)

    def as_person(self, name: str) -> Browser:
        browser = Browser(self.console.app, self.console.app.test_client())
        with self.database.write() as session:
            token = sign_in(session, self.clock, prove_password(session, name, PASSWORD), "test").token
        client: FlaskClient = browser.client
        with client.session_transaction() as cookie:
            cookie["token"] = token
        return browser

    def recall(self, recall_id: str) -> Recall:
        with self.database.read() as session:
            return session.get_one(Recall, recall_id)

    def lots(self, recall_id: str) -> set[str]:
        with self.database.read() as session:
            return set(session.scalars(select(RecallLot.lot_key).where(RecallLot.recall_id == recall_id)))


@pytest.fixture(scope="module")
def made(console: Console) -> Office:
    return Office(console)


@pytest.fixture
def office(made: Office) -> Office:
    """The same house in every test, a quarter of an hour later, so that nobody signs too often."""
    made.clock.move_to(made.clock.now() + timedelta(minutes=16))
    return made


def test_a_recall_by_hand_starts_from_a_batch_number(office: Office) -> None:
    writer = office.as_person("writer")
    page = writer.get("/console/recalls/new?number=A-1").get_data(as_text=True)
    assert f"/console/recalls/new?root={office.house.glue.lot_key}" in page
    assert "No batch with this number" in writer.get("/console/recalls/new?number=A-").get_data(as_text=True)


def test_a_new_recall_with_a_softening_word_is_refused_beside_the_field_and_nothing_is_lost(office: Office) -> None:
    writer = office.as_person("writer")
    path = f"/console/recalls/new?root={office.house.glue.lot_key}"
    texts = {"recall_class": "I", "title_zh": "创可贴：发红", "title_en": "Plaster: redness", "reason": "14 complaints",
             "risk_zh": "皮肤发红", "risk_en": "In rare cases the skin turns red", "action_zh": "停止使用",
             "action_en": "Stop using it", "contact": "质量部 0512-0000 0000"}
    answer = writer.post(path, texts)
    page = answer.get_data(as_text=True)
    assert answer.status_code == 422
    assert 'href="#f-risk_en"' in page and "In rare cases the skin turns red" in page and "创可贴：发红" in page
    assert writer.post(path, texts | {"risk_en": "The skin turns red"}).status_code == 303


def test_the_workbench_shows_why_each_lot_is_proposed_and_asks_why_one_is_left_out(office: Office) -> None:
    recall = opened(office.database, office.clock, office.house)
    writer, house = office.as_person("writer"), office.house
    page = writer.get(f"/console/recalls/{recall.id}?part=scope").get_data(as_text=True)
    assert "A-1 → B-1 → P-1" in page and "1,550" in page
    path = f"/console/recalls/{recall.id}/scope"
    kept = [house.glue.lot_key, house.second.lot_key]
    refused = writer.post(path, {"lot": kept, "revision": recall.revision})
    assert refused.status_code == 422
    assert f'id="e-left_out-{house.first.lot_key}"' in refused.get_data(as_text=True)
    reason = {f"left_out-{house.first.lot_key}": "never left the sealed cage"}
    assert writer.post(path, {"lot": kept, "revision": recall.revision, **reason}).status_code == 303
    assert office.lots(recall.id) == set(kept)


def test_a_batch_that_is_not_downstream_can_be_taken_in_by_its_number(office: Office) -> None:
    recall = opened(office.database, office.clock, office.house)
    writer, house = office.as_person("writer"), office.house
    all_in = [house.glue.lot_key, house.first.lot_key, house.second.lot_key]
    path = f"/console/recalls/{recall.id}/scope"
    unknown = writer.post(path, {"lot": all_in, "add_number": "P-77", "revision": recall.revision})
    assert unknown.status_code == 422 and 'id="e-add_number"' in unknown.get_data(as_text=True)
    writer.post(path, {"lot": all_in, "add_number": "P-9", "revision": recall.revision})
    assert office.lots(recall.id) == {*all_in, house.other.lot_key}


def test_a_stale_scope_is_told_so_and_what_was_typed_stays(office: Office) -> None:
    recall = opened(office.database, office.clock, office.house)
    reason = {f"left_out-{office.house.first.lot_key}": "kept in the cage"}
    answer = office.as_person("writer").post(f"/console/recalls/{recall.id}/scope", {
        "lot": [office.house.glue.lot_key, office.house.second.lot_key], "revision": recall.revision + 3, **reason})
    assert answer.status_code == 412
    assert "kept in the cage" in answer.get_data(as_text=True)
    assert len(office.lots(recall.id)) == 3


def test_submitting_needs_the_password_and_approving_a_second_person(office: Office) -> None:
    recall = decided(office.database, office.clock, office.house)
    manager, second = office.as_person("manager"), office.as_person("second")
    path = f"/console/recalls/{recall.id}"
    wrong = manager.post(f"{path}/submit", {"password": "not it, not at all", "revision": recall.revision})
    assert wrong.status_code == 422 and 'id="e-password"' in wrong.get_data(as_text=True)
    assert office.recall(recall.id).submitted_at is None
    assert manager.post(f"{path}/submit", {"password": PASSWORD, "revision": recall.revision}).status_code == 303
    assert manager.post(f"{path}/approve", {"password": PASSWORD}).status_code == 403
    assert "second person" in manager.get(f"{path}?do=approve").get_data(as_text=True)
    assert office.recall(recall.id).state == "planned"
    assert second.post(f"{path}/approve", {"password": PASSWORD}).status_code == 303
    with office.database.read() as session:
        assert session.get_one(Lot, office.house.second.lot_key).is_recalled
        meanings = session.scalars(select(RecallSignature.meaning).where(RecallSignature.recall_id == recall.id)
                                   .order_by(RecallSignature.position)).all()
    assert list(meanings)[-2:] == ["submitted", "approved"]


def test_the_evaluation_is_written_before_it_is_signed_and_nobody_signs_twice_or_what_they_did_not_see(
        office: Office) -> None:
    recall = opened(office.database, office.clock, office.house)
    writer, second, path = office.as_person("writer"), office.as_person("second"), f"/console/recalls/{recall.id}"
    assert writer.post(f"{path}/assess").status_code == 303
    page = writer.get(path).get_data(as_text=True)
    assert "Write the evaluation</a>" in page and "do=evaluated" not in page
    hazard = {name: getattr(HAZARD, name) for name in HAZARD.__slots__}
    seen = {"revision": office.recall(recall.id).revision}
    assert writer.post(f"{path}/write_evaluation", hazard | seen).status_code == 303
    other_tab = second.post(f"{path}/write_evaluation", hazard | seen | {"conclusion": "quite another one"})
    assert other_tab.status_code == 412 and "quite another one" in other_tab.get_data(as_text=True)
    sign = {"password": PASSWORD, "meaning": "evaluated_quality"}
    assert second.post(f"{path}/evaluated", sign | seen).status_code == 412
    assert writer.post(f"{path}/evaluated", sign).status_code == 303
    twice = writer.post(f"{path}/evaluated", sign | {"meaning": "evaluated_medical"})
    assert twice.status_code == 403 and recall.reference in twice.get_data(as_text=True)
    assert "A second person has to sign it too" in writer.get(f"{path}?do=evaluated").get_data(as_text=True)
    left = second.get(f"{path}?do=evaluated").get_data(as_text=True)
    assert "hazard for medicine" in left and "hazard for quality</label>" not in left


def test_a_submission_whose_signature_does_not_cover_what_is_stored_is_sent_back_with_one_click(office: Office) -> None:
    recall = submitted(office.database, office.clock, office.house)
    writer, manager, path = office.as_person("writer"), office.as_person("manager"), f"/console/recalls/{recall.id}"
    assert "cannot be approved as it stands" not in manager.get(path).text
    with office.database.write() as session:
        session.get_one(Recall, recall.id).needs_proof = True  # as of a time when signatures did not cover it
    page = manager.get(f"{path}?do=approve").text
    assert "This recall cannot be approved as it stands" in page and 'name="password"' not in page
    assert "A quality manager sends it back; then submit it again." in writer.get(path).text
    refused = manager.post(f"{path}/approve", {"password": PASSWORD})
    assert refused.status_code == 409 and "Send back to be submitted again" in refused.text
    button = page.partition("Send back to be submitted again")[0].rpartition("<form")[2]
    sent = {name: unescape(value) for name, value in re.findall(r'name="(\w+)" value="([^"]*)"', button)}
    assert set(sent) >= {"revision", "reason"} and f'action="{path}/return"' in button
    assert manager.post(f"{path}/return", sent).status_code == 303
    assert "cannot be approved as it stands" not in writer.get(path).text
    assert writer.post(f"{path}/submit", {"password": PASSWORD}).status_code == 303
    assert manager.post(f"{path}/approve", {"password": PASSWORD}).status_code == 303


def test_a_double_click_on_approve_starts_one_recall(office: Office) -> None:
    recall = submitted(office.database, office.clock, office.house)
    second = office.as_person("second")
    form = {"password": PASSWORD, "form_token": "double-click-token", "revision": office.recall(recall.id).revision}
    path = f"/console/recalls/{recall.id}/approve"
    assert [second.post(path, form).status_code for _ in range(2)] == [303, 303]
    with office.database.read() as session:
        assert len(session.scalars(select(RecallLedger).where(RecallLedger.recall_id == recall.id)).all()) == 3


def test_a_letter_that_was_not_sent_shows_with_its_tries(office: Office, tmp_path: Path) -> None:
    recall = running(office.database, office.clock, office.house)
    deliver(office.database, office.clock, folder(tmp_path))
    manager, clinic = office.as_person("manager"), office.house.maker.clinic.id
    overview = manager.get(f"/console/recalls/{recall.id}").get_data(as_text=True)
    assert "Letters not sent" in overview
    page = manager.get(f"/console/recalls/{recall.id}/consignees/{clinic}").get_data(as_text=True)
    assert "Written to a file, not sent" in page and "Send again what did not arrive" in page
    answer = {f"{name}-{lot.lot_key}": "0" for lot in (office.house.first, office.house.second) for name in (
        "received", "on_hand", "used", "returned")}
    said = answer | {"way": "telephone", "answered_by": "Nurse Wang", "seen": "0", "explanation": "nothing came"}
    assert manager.post(f"/console/recalls/{recall.id}/consignees/{clinic}/answer", said).status_code == 303
    assert "by their answer" in manager.get(f"/console/recalls/{recall.id}?part=ledger").get_data(as_text=True)


def test_the_page_of_the_end_names_those_whom_units_were_passed_on_to(office: Office) -> None:
    recall, house = running(office.database, office.clock, office.house), office.house
    token = token_of(office.database, recall, house.maker.clinic.id)
    with office.database.write() as session:
        record_answer(session, office.clock, RecordAnswer(token, (
            AnswerLine(house.first.lot_key, Decimal(0), Decimal(340), Decimal(0)),), "Nurse", passed=(
            PassOn("Ward 9", {house.first.lot_key: Decimal(10)}),)), vault=VAULT)
        checked(session, office.clock, house, recall.id)
    for lang, words in (("en", "1 to whom a consignee passed units on still has some"), ("zh", "有 1 家手中仍有产品")):
        assert words in office.as_person("manager").get(f"/console/recalls/{recall.id}?do=terminate&lang={lang}").text


def test_the_ledger_closes_by_answers_and_reasons_and_only_then_the_recall(office: Office) -> None:
    recall = running(office.database, office.clock, office.house)
    manager, house = office.as_person("manager"), office.house
    path, clinic, hospital = f"/console/recalls/{recall.id}", house.maker.clinic.id, house.maker.hospital.id
    with office.database.write() as session:
        checked(session, office.clock, house, recall.id)
        placed(session, office.clock, house, recall.id)
    end = {"note": "all back", "password": PASSWORD, "without": "told by telephone"}
    asked = manager.get(f"{path}?do=terminate").get_data(as_text=True)
    assert "No CAPA is linked to this recall." in asked and "reports to authorities are not confirmed" in asked
    early = manager.post(f"{path}/terminate", end)
    refused = early.get_data(as_text=True)
    assert early.status_code == 409 and "all back" in refused
    with office.database.read() as session:
        names = [session.get_one(Party, key) for key in (clinic, hospital)]
    assert all(f"· {name.name_en}" in refused and f"· {name.name_zh}" not in refused for name in names)
    one, two = house.first.lot_key, house.second.lot_key
    numbers = {f"received-{one}": "350", f"on_hand-{one}": "350", f"used-{one}": "0", f"returned-{one}": "0",
               f"received-{two}": "1000", f"on_hand-{two}": "-4", f"used-{two}": "600", f"returned-{two}": "0"}
    answer = f"{path}/consignees/{clinic}/answer"
    base = {"way": "telephone", "answered_by": "Nurse Wang", "seen": "0"}
    bad = manager.post(answer, base | numbers)
    assert bad.status_code == 422 and f'id="e-on_hand-{two}"' in bad.get_data(as_text=True)
    assert manager.post(answer, base | numbers | {f"on_hand-{two}": "400"}).status_code == 303
    settle = f"{path}/consignees/{hospital}/settle"
    assert manager.post(settle, {"lot_key": one, "reason": ""}).status_code == 422
    assert manager.post(settle, {"lot_key": one, "reason": "the ward burnt down"}).status_code == 303
    assert manager.post(f"{path}/terminate", end).status_code == 303
    assert office.recall(recall.id).state == "terminated"


def test_a_recall_is_walked_from_its_assessment_to_the_end_of_its_checks_with_forms_alone(office: Office) -> None:
    recall = opened(office.database, office.clock, office.house)
    writer, manager, second = (office.as_person(name) for name in ("writer", "manager", "second"))
    path, sign = f"/console/recalls/{recall.id}", {"password": PASSWORD}

    def seen(browser: Browser, do: str, part: str = "overview") -> str:
        return browser.get(f"{path}?part={part}&do={do}").get_data(as_text=True)

    assert "Begin the assessment" in seen(writer, "assess")
    assert writer.post(f"{path}/assess").status_code == 303
    assert "Children, the elderly" in seen(writer, "write_evaluation", "assessment")
    hazard = {name: getattr(HAZARD, name) for name in HAZARD.__slots__}
    bare = writer.post(f"{path}/write_evaluation", hazard | {"conclusion": ""})
    assert bare.status_code == 422 and 'id="e-conclusion"' in bare.get_data(as_text=True)
    assert writer.post(f"{path}/write_evaluation", hazard).status_code == 303
    assert "Nobody has signed this version yet." in seen(writer, "", "assessment")
    assert writer.post(f"{path}/evaluated", sign | {"meaning": "evaluated_quality"}).status_code == 303
    unnamed = seen(second, "evaluated")
    assert "Two different people sign" in unnamed and "The house has named no medical assessor" in unnamed
    assert second.post(f"{path}/evaluated", sign | {"meaning": "evaluated_medical"}).status_code == 303
    assert "medical qualification: not stated" in seen(writer, "", "assessment")
    assert "medical qualification: not stated" in seen(writer, "")
    assert "stop at once" not in seen(writer, "decide") and "do=decide" not in seen(writer, "")
    assert "waits for the quality manager" in seen(writer, "", "checks")
    assert f'href="{path}?do=decide#do">Decide whether there is a recall' in seen(manager, "")
    deciding = seen(manager, "decide")
    assert "stop at once" in deciding and "No recall is needed" in seen(manager, "decide_none")
    signed_class = HAZARD.proposed_class
    assert f"Two people signed class {signed_class} in the evaluation." in deciding
    assert re.findall(r'<option value="(I+)" selected', deciding) == [str(signed_class)]
    assert manager.post(f"{path}/decide", sign | {"recall_class": "II", "reason": "blisters"}).status_code == 303
    assert "How deep people are told" in seen(writer, "strategy", "scope")
    assert writer.post(f"{path}/strategy", {"depth": "consumer", "check_level": "B", "check_share": "50"}).status_code == 303
    assert office.recall(recall.id).check_share == 0.5
    assert writer.post(f"{path}/submit", sign).status_code == 303
    assert manager.post(f"{path}/approve", sign).status_code == 303
    consignees = (office.house.maker.clinic.id, office.house.maker.hospital.id)
    for consignee in consignees:
        assert "Was somebody reached" in writer.get(f"{path}/consignees/{consignee}?do=try").get_data(as_text=True)
        for way in ("telephone", "visit", "telephone"):
            assert writer.post(f"{path}/consignees/{consignee}/tried", {"way": way, "reached": "yes"}).status_code == 303
    assert office.recall(recall.id).state == "executing"
    assert "Draw the sample" in seen(writer, "check")
    assert writer.post(f"{path}/check").status_code == 303
    with office.database.read() as session:
        drawn = session.scalars(select(EffectivenessCheck.consignee_id).where(
            EffectivenessCheck.recall_id == recall.id)).all()
    assert len(drawn) == 1
    assert "Did they understand it?" in seen(writer, "", "checks")
    answers = {"way": "telephone", "received": "yes", "understood": "yes", "acted": "yes"}
    ask = f"{path}/checks/{drawn[0]}?part=checks"
    assert ask in seen(writer, "", "checks")
    half = writer.post(ask, answers | {"acted": "", "spoken_to": "Dr Xu", "asked": drawn[0]})
    assert half.status_code == 422, "nobody is said to have acted, or not, who was not asked"
    assert 'id="e-acted"' in half.get_data(as_text=True) and "Dr Xu" in half.get_data(as_text=True)
    assert writer.post(f"{path}/checks/{drawn[0]}", answers).status_code == 303
    assert writer.post(f"{path}/conclude", {"note": "it did what it was asked"}).status_code == 303
    assert office.recall(recall.id).state == "closing"
    assert manager.post(f"{path}/mandate", {"reason": "NMPA 2026-117"}).status_code == 303
    assert "NMPA 2026-117" in seen(manager, "extend")


def test_the_ledger_leaves_as_a_recorded_file(office: Office) -> None:
    recall = running(office.database, office.clock, office.house)
    answer = office.as_person("writer").get(f"/console/recalls/{recall.id}/ledger?format=csv&text=P-2")
    rows = list(csv.DictReader(io.StringIO(answer.get_data().decode("utf-8-sig"))))
    assert [(row["Batch"], row["Shipped"]) for row in rows] == [("P-2", "1000")]
    with office.database.read() as session:
        record = session.scalars(select(ExportRecord)).one()
    assert (record.kind, record.rows) == ("recall_ledger", 1)


@pytest.mark.parametrize("language", ["zh", "en"])
def test_every_part_of_a_running_recall_opens(office: Office, language: str) -> None:
    recall = running(office.database, office.clock, office.house)
    browser = office.as_person("manager")
    browser.language = language
    for part in ("overview", "assessment", "scope", "consignees", "ledger", "checks"):
        answer = browser.get(f"/console/recalls/{recall.id}?part={part}")
        assert answer.status_code == 200, part
        assert recall.reference in answer.get_data(as_text=True)


def test_the_list_asks_as_many_questions_for_many_recalls_as_for_one(office: Office) -> None:
    writer = office.as_person("writer")
    asked: list[str] = []
    event.listen(office.database.engine, "before_cursor_execute", lambda *a: asked.append(a[2]))
    opened(office.database, office.clock, office.house)
    asked.clear()
    writer.get("/console/recalls")
    one = len(asked)
    for _ in range(9):
        opened(office.database, office.clock, office.house)
    asked.clear()
    assert writer.get("/console/recalls").get_data(as_text=True).count("RC-") >= 10
    assert len(asked) == one
