"""The report form as a person without script uses it: one question a page, nothing lost, sent once."""
from __future__ import annotations

import base64
import json
import re
import threading
from io import BytesIO

import pytest
from altcha import Challenge, Payload, solve_challenge
from flask import Flask
from flask.testing import FlaskClient
from lxml import html
from PIL import Image
from sqlalchemy import select
from werkzeug.test import TestResponse

from tests.factories_trace import UNIT_GTIN, make_batch, make_hand
from tests.made_once import made_once
from traceapp.attachment.model import Attachment
from traceapp.complaint.model import Complaint, ComplaintNote
from traceapp.core.actor import Actor
from traceapp.core.clock import FixedClock
from traceapp.db import Database
from traceapp.trace.model import Lot

ENGLISH = {"Accept-Language": "en"}


@pytest.fixture
def lot(sqlite: Database, actor: Actor, clock: FixedClock) -> Lot:
    return made_once(sqlite, clock, lambda session: make_batch(make_hand(session, actor, clock)))


def photo(kind: str = "PNG") -> BytesIO:
    out = BytesIO()
    Image.new("RGB", (40, 30), "red").save(out, kind)
    out.seek(0)
    return out


def text_of(answer: TestResponse) -> str:
    return " ".join(html.fromstring(answer.data).text_content().split())


def begun(client: FlaskClient, lot: Lot | None, narrative: str = "Red, itching skin after one hour") -> str:
    """The address of a new draft, up to its step."""
    query = f"?lot={lot.lot_key}&via=scan" if lot else ""
    answer = client.post("/report" + query, data={"narrative": narrative}, headers=ENGLISH)
    assert answer.status_code == 303, text_of(answer)
    found = re.match(r"(/report/d/[^/]+)/signs", answer.location)
    assert found is not None
    return found[1]


def put(client: FlaskClient, address: str, **fields: object) -> TestResponse:
    return client.post(address, data=fields, headers=ENGLISH)


def filled(client: FlaskClient, lot: Lot | None, **changes: object) -> str:
    """A draft with everything that a valid report needs."""
    draft = begun(client, lot)
    put(client, f"{draft}/signs", terms=["redness", "itching"])
    put(client, f"{draft}/whom", **({"affected": "me", "age_band": "18-44", "sex": "female"} | changes))
    put(client, f"{draft}/bad", seriousness=changes.get("seriousness", "none"))
    return draft


def complaints(database: Database) -> list[Complaint]:
    with database.read() as session:
        return list(session.scalars(select(Complaint)))


def sent(client: FlaskClient, draft: str, **fields: object) -> TestResponse:
    return put(client, f"{draft}/check", **fields)


def test_a_report_from_a_scan_is_valid_after_five_screens(client: FlaskClient, sqlite: Database, lot: Lot) -> None:
    screens = [client.get(f"/report?lot={lot.lot_key}&via=scan", headers=ENGLISH)]
    assert "Plaster · B1" in text_of(screens[0])
    draft = begun(client, lot)
    for step, fields in (("signs", {"terms": ["redness"]}), ("whom", {"affected": "me"}),
                         ("bad", {"seriousness": "saw_a_doctor", "to": "check"})):
        screens.append(client.get(f"{draft}/{step}", headers=ENGLISH))
        answer = put(client, f"{draft}/{step}", **fields)
        assert answer.status_code == 303
    screens.append(client.get(answer.location))
    assert [screen.status_code for screen in screens] == [200] * 5
    done = client.get(sent(client, draft).location, headers=ENGLISH)
    (complaint,) = complaints(sqlite)
    assert complaint.reference in text_of(done)
    assert (complaint.lot_key, complaint.lot_capture, complaint.affected) == (lot.lot_key, "scan", "me")
    assert complaint.is_harm is True


def test_danger_stands_before_every_question(client: FlaskClient) -> None:
    page = html.fromstring(client.get("/report", headers=ENGLISH).data)
    order = [element.get("href") or element.tag for element in page.iter("a", "h1") if
             element.tag == "h1" or (element.get("href") or "").startswith("tel:")]
    assert order == ["tel:120", "h1"]


def test_a_second_click_gives_the_same_reference_and_no_second_complaint(
        client: FlaskClient, sqlite: Database, lot: Lot) -> None:
    draft = filled(client, lot)
    first, second = sent(client, draft), sent(client, draft)
    assert first.status_code == second.status_code == 303
    assert first.location == second.location
    assert len(complaints(sqlite)) == 1
    assert client.get(f"{draft}/whom", headers=ENGLISH).location == first.location


def test_without_a_proof_a_report_is_taken_with_less_trust(client: FlaskClient, sqlite: Database, lot: Lot) -> None:
    sent(client, filled(client, lot))
    (complaint,) = complaints(sqlite)
    assert complaint.is_quarantined is True


def test_with_the_proof_that_the_page_asks_for_a_report_counts_at_once(
        client: FlaskClient, sqlite: Database, lot: Lot) -> None:
    draft = filled(client, lot)
    page = html.fromstring(client.get(f"{draft}/check").data)
    (field,) = page.xpath("//input[@id='altcha']")
    challenge = Challenge.from_dict(json.loads(field.get("data-challenge")))
    solution = solve_challenge(challenge)
    assert solution is not None
    sent(client, draft, altcha=Payload(challenge, solution).to_base64())
    (complaint,) = complaints(sqlite)
    assert complaint.is_quarantined is False


def test_a_wrong_proof_does_not_stop_a_report(client: FlaskClient, sqlite: Database, lot: Lot) -> None:
    answer = sent(client, filled(client, lot), altcha=base64.b64encode(b'{"challenge":{}}').decode())
    assert answer.status_code == 303
    assert len(complaints(sqlite)) == 1


def test_a_grave_report_is_never_held_back_or_limited(client: FlaskClient, sqlite: Database, lot: Lot,
                                                      monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("traceapp.web.consumer.report_views._REPORTS_AN_HOUR", 1)
    sent(client, filled(client, lot))
    mild, grave = filled(client, lot), filled(client, lot, seriousness="life_in_danger")
    refused, taken = sent(client, mild), sent(client, grave)
    assert (refused.status_code, taken.status_code) == (429, 303)
    assert "Retry-After" in refused.headers
    assert [row.is_quarantined for row in complaints(sqlite) if row.severity == "critical"] == [False]
    assert client.get(f"{mild}/check").status_code == 200


def test_answers_are_kept_sealed_and_come_back(client: FlaskClient, sqlite: Database, lot: Lot) -> None:
    draft = begun(client, lot, "A very personal story")
    page = client.get(f"{draft}/what", headers=ENGLISH)
    assert "A very personal story" in text_of(page)
    with sqlite.reading() as connection:
        kept = connection.exec_driver_sql("SELECT * FROM report_draft").all()
    assert "personal" not in str(kept)


def test_back_leads_from_the_last_page_to_the_first(client: FlaskClient, lot: Lot) -> None:
    address, seen = f"{filled(client, lot)}/check", []
    while address:
        seen.append(address.partition("?")[0].rsplit("/", 1)[-1])
        page = html.fromstring(client.get(address, headers=ENGLISH).data)
        address = next(iter(page.xpath("//p[@class='back']/a/@href")), "")
    assert seen == ["check", "contact", "photo", "use", "bad", "whom", "signs", "what"]


def test_what_the_text_says_is_ticked_once_and_stays_as_changed(client: FlaskClient, lot: Lot) -> None:
    draft = begun(client, lot, "很痒，没有发红")
    ticked = "//input[@name='terms' and @checked]/@value"
    assert html.fromstring(client.get(f"{draft}/signs").data).xpath(ticked) == ["itching"]
    put(client, f"{draft}/signs")
    assert html.fromstring(client.get(f"{draft}/signs").data).xpath(ticked) == []


def test_nobody_affected_skips_how_bad_it_was(client: FlaskClient, sqlite: Database, lot: Lot) -> None:
    draft = begun(client, lot, "It fell off")
    put(client, f"{draft}/signs", terms=["not_sticking"])
    assert put(client, f"{draft}/whom", affected="nobody").location.startswith(f"{draft}/use")
    sent(client, draft)
    (complaint,) = complaints(sqlite)
    assert (complaint.affected, complaint.severity, complaint.is_harm) == ("nobody", "none", False)


@pytest.mark.parametrize(("step", "fields", "place"), [
    ("whom", {}, "affected"), ("whom", {"affected": "the cat"}, "affected"), ("bad", {}, "seriousness"),
    ("use", {"happened_on": "2999-01-01"}, "happened_on"), ("use", {"happened_on": "yesterday"}, "happened_on"),
    ("contact", {"email": "nobody"}, "email"), ("contact", {"phone": "1"}, "phone"), ("what", {}, "narrative")])
def test_a_wrong_answer_is_said_at_its_field_and_nothing_is_lost(
        client: FlaskClient, lot: Lot, step: str, fields: dict[str, str], place: str) -> None:
    draft = filled(client, lot)
    if step == "what":
        put(client, f"{draft}/signs")
    answer = put(client, f"{draft}/{step}", **fields)
    assert answer.status_code == 422
    page = html.fromstring(answer.data)
    assert page.xpath(f"//a[@href='#f-{place}']")
    assert page.xpath(f"//*[@id='e-{place}']")
    assert "Red, itching skin" in text_of(client.get(f"{draft}/what"))


def test_a_child_needs_a_guardian_only_with_details(client: FlaskClient, sqlite: Database, lot: Lot) -> None:
    draft = filled(client, lot, affected="my_child", age_band="2-13")
    assert put(client, f"{draft}/contact", phone="13800138000").status_code == 422
    assert put(client, f"{draft}/contact", phone="13800138000", guardian_name="Parent").status_code == 303
    sent(client, draft)
    assert complaints(sqlite)[0].person_id is not None
    other = filled(client, lot, affected="my_child", age_band="2-13")
    assert put(client, f"{other}/contact").status_code == 303
    sent(client, other)
    assert [row.person_id is None for row in complaints(sqlite)].count(True) == 1


def test_a_photo_hangs_on_the_complaint_after_sending(client: FlaskClient, sqlite: Database, lot: Lot) -> None:
    draft = filled(client, lot)
    answer = put(client, f"{draft}/photo", photo=(photo(), "skin.png"), more="1")
    assert answer.location.startswith(f"{draft}/photo")
    assert "skin.png" in text_of(client.get(answer.location))
    sent(client, draft)
    with sqlite.read() as session:
        (row,) = session.scalars(select(Attachment))
    assert row.about == f"complaint:{complaints(sqlite)[0].id}"
    assert row.is_public is False


def test_nobody_waits_for_a_photo_that_is_drawn_anew(
        client: FlaskClient, sqlite: Database, lot: Lot, monkeypatch: pytest.MonkeyPatch) -> None:
    draft = begun(client, lot)
    written: list[str] = []

    def drawn(_content: bytes, place: str = "file") -> tuple[bytes, str]:
        def write() -> None:
            with sqlite.write():
                written.append(place)

        other = threading.Thread(target=write, daemon=True)
        other.start()
        other.join(timeout=10)
        return b"a picture", "image/png"

    monkeypatch.setattr("traceapp.attachment.service.safe_form", drawn)
    assert put(client, f"{draft}/photo", photo=(photo(), "skin.png")).status_code == 303
    assert written == ["file"], "another writer had to wait"


def test_photos_are_limited_by_the_hour(client: FlaskClient, lot: Lot, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("traceapp.web.consumer.report_views._PHOTOS_AN_HOUR", 2)
    draft = begun(client, lot)
    answers = [put(client, f"{draft}/photo", photo=(photo(), "skin.png"), more="1").status_code for _ in range(3)]
    assert answers == [303, 303, 429]


def test_a_photo_that_is_none_is_refused_with_its_reason(client: FlaskClient, lot: Lot) -> None:
    draft = filled(client, lot)
    answer = put(client, f"{draft}/photo", photo=(BytesIO(b"PK\x03\x04 not a photo"), "skin.jpg"))
    assert answer.status_code == 422
    assert html.fromstring(answer.data).xpath("//*[@id='e-photo']")


def test_a_photo_of_fifty_megabytes_is_refused_and_the_answers_stay(client: FlaskClient, lot: Lot) -> None:
    draft = filled(client, lot)
    answer = put(client, f"{draft}/photo", photo=(BytesIO(b"\xff\xd8\xff" + bytes(50_000_000)), "skin.jpg"))
    assert answer.status_code == 413
    assert "larger than 10 MB" in text_of(answer)
    assert "Red, itching skin" in text_of(client.get(f"{draft}/check", headers=ENGLISH))


def test_a_typed_number_is_bound_to_its_lot(client: FlaskClient, sqlite: Database, lot: Lot) -> None:
    draft = filled(client, None)
    put(client, f"{draft}/what", narrative="Red skin", lot="批号 b1")
    sent(client, draft)
    (complaint,) = complaints(sqlite)
    assert (complaint.lot_key, complaint.lot_capture, complaint.lot_text) == (lot.lot_key, "typed", "批号 b1")


def test_a_suspected_fake_comes_with_its_sign_and_number(client: FlaskClient, sqlite: Database) -> None:
    page = client.get("/s/01/06901234500011/10/NOPE", headers=ENGLISH)
    (address,) = html.fromstring(page.data).xpath("//a[contains(@href, '/report?')]/@href")
    assert "NOPE" in html.fromstring(client.get(address).data).xpath("//input[@name='lot']/@value")
    answer = client.post(address, data={"narrative": "The print looks wrong", "lot": "NOPE"})
    signs = html.fromstring(client.get(answer.location).data)
    assert signs.xpath("//input[@name='terms' and @checked]/@value") == ["suspected_fake"]


def test_the_serial_of_the_scanned_code_goes_with_the_report(client: FlaskClient, sqlite: Database, lot: Lot) -> None:
    address = f"/report?lot={lot.lot_key}&via=scan"
    answer = client.post(address, data={"narrative": "Red skin"}, headers=ENGLISH | {
        "Referer": f"http://localhost/s/01/{UNIT_GTIN}/10/B1/21/S77"})
    draft = answer.location.partition("/signs")[0]
    put(client, f"{draft}/whom", affected="me")
    put(client, f"{draft}/bad", seriousness="none")
    sent(client, draft)
    assert complaints(sqlite)[0].serial == "S77"


def test_the_reporter_reads_the_answer_and_writes_back(client: FlaskClient, sqlite: Database, lot: Lot) -> None:
    address = sent(client, filled(client, lot)).location.partition("?")[0]
    assert put(client, address, text="It is better now").status_code == 303
    assert "It is better now" in text_of(client.get(address))
    assert put(client, address, text="  ").status_code == 422
    with sqlite.read() as session:
        assert [note.by for note in session.scalars(select(ComplaintNote))] == ["reporter"]


@pytest.mark.parametrize("path", ["/report/unknown", "/report/d/unknown/what", "/report/d/x/nope"])
def test_an_unknown_link_is_a_plain_page(client: FlaskClient, path: str) -> None:
    answer = client.get(path)
    assert answer.status_code == 404
    assert answer.headers["Cache-Control"] == "no-store"


def test_an_unanswered_page_is_asked_before_sending(client: FlaskClient, lot: Lot) -> None:
    draft = begun(client, lot)
    assert client.get(f"{draft}/check").location.startswith(f"{draft}/whom")
    assert sent(client, draft).location.startswith(f"{draft}/whom")
    assert client.get(f"{draft}/nowhere").location.startswith(f"{draft}/what")


def test_an_app_serves_the_solver_from_its_own_address(app: Flask) -> None:
    answer = app.test_client().get("/static/consumer/report.js")
    assert answer.status_code == 200
    assert b"http" not in answer.data
