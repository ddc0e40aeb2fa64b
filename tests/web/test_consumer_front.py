"""The front page finds a lot by anything; recalls as pages and feeds; the printed code opens its page."""
from __future__ import annotations

import base64
from io import BytesIO
from urllib.parse import urlsplit

import pytest
import zxingcpp
from flask.testing import FlaskClient
from lxml import etree, html
from PIL import Image
from sqlalchemy import select
from werkzeug.test import TestResponse

import labels
from tests.factories_trace import CASE_GTIN, UNIT_GTIN, make_batch, make_hand
from tests.made_once import made_once
from tests.web.test_consumer_scan import recall, verdict_of
from traceapp.attachment.service import FileStore, NewFile, add_file
from traceapp.catalog.queries import product_of_gtin
from traceapp.code.labels import lot_label_lines, lot_link
from traceapp.core.actor import Actor
from traceapp.core.clock import FixedClock
from traceapp.core.ids import name_key
from traceapp.db import Database
from traceapp.trace.model import Inspection, Lot

ENGLISH = {"Accept-Language": "en"}
BASE = "https://trace.example"
PDF = b"%PDF-1.7\ntrailer<<>>\nstartxref\n9\n%%EOF\n"


@pytest.fixture
def lot(sqlite: Database, actor: Actor, clock: FixedClock) -> Lot:
    return made_once(sqlite, clock, lambda session: make_batch(make_hand(session, actor, clock), "AB-2231"))


def text_of(answer: TestResponse) -> str:
    return " ".join(html.fromstring(answer.data).text_content().split())


def decoded(picture: bytes) -> str:
    (found,) = zxingcpp.read_barcodes(Image.open(BytesIO(picture)))
    return str(found.text)


@pytest.mark.parametrize("typed", [
    "AB-2231", " ab-2231 ", "批号：AB-2231", f"(01){UNIT_GTIN}(10)AB-2231", f"^01{UNIT_GTIN}10AB-2231",
    f"]d201{UNIT_GTIN}10AB-2231", f"01{UNIT_GTIN}10AB-2231", f"https://id.gs1.org/01/{UNIT_GTIN}/10/AB-2231?17=281104",
    f"{UNIT_GTIN} AB-2231", f"{UNIT_GTIN[1:]} LOT AB-2231", f"{CASE_GTIN}, 批号 AB-2231",
    f"01{UNIT_GTIN}10AB-2231<GS>21S1\r", f"]D201{UNIT_GTIN}10ab-2231", f"id.gs1.org/01/{UNIT_GTIN}/10/AB-2231",
    f"（01）{UNIT_GTIN}（10）AB-2231", "]A0AB-2231"])
def test_a_lot_is_found_by_anything_that_stands_on_a_pack(client: FlaskClient, lot: Lot, typed: str) -> None:
    answer = client.get("/", query_string={"code": typed, "lang": "en"})
    assert answer.status_code == 303
    page = client.get(answer.location)
    assert verdict_of(page) == "released"
    assert html.fromstring(page.data).get("lang") == "en"


def test_our_own_address_leads_to_its_lot(client: FlaskClient, lot: Lot) -> None:
    answer = client.get("/", query_string={"code": f"{BASE}/t/{lot.lot_key}"})
    assert answer.location.startswith(f"/t/{lot.lot_key}")


def test_a_nearly_right_number_is_offered_and_not_assumed(client: FlaskClient, lot: Lot) -> None:
    answer = client.get("/", query_string={"code": "AB-223l"}, headers=ENGLISH)
    assert answer.status_code == 200
    assert "Which batch do you mean?" in text_of(answer)
    assert html.fromstring(answer.data).xpath(f"//a[contains(@href, '/t/{lot.lot_key}')]")


def test_a_wrong_check_digit_and_an_unknown_number_are_told_apart(client: FlaskClient, lot: Lot) -> None:
    wrong = client.get("/", query_string={"code": "06901234500012"}, headers=ENGLISH)
    unknown = client.get("/", query_string={"code": "QQQQ-9999"}, headers=ENGLISH)
    assert (wrong.status_code, unknown.status_code) == (400, 404)
    assert "check digit" in text_of(wrong)
    assert verdict_of(unknown) == "unknown"


def test_searches_for_nearly_the_same_number_end_before_they_hurt(
        client: FlaskClient, lot: Lot, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("traceapp.web.consumer.front._SEARCHES_A_MINUTE", 1)
    answers = [client.get("/", query_string={"code": "AB-223l"}).status_code for _ in range(2)]
    assert answers == [200, 404]
    assert client.get("/", query_string={"code": "AB-2231"}).status_code == 303


def test_the_front_page_shows_codes_that_a_reader_opens(client: FlaskClient, sqlite: Database, actor: Actor,
                                                        clock: FixedClock) -> None:
    with sqlite.write() as session:
        hand = make_hand(session, actor, clock)
        hand.ship(make_batch(hand, "AB-2231"), hand.maker.clinic, "10")
    page = html.fromstring(client.get("/", headers=ENGLISH).data)
    (picture,) = page.xpath("//img/@src")
    address = decoded(base64.b64decode(picture.partition(",")[2]))
    assert verdict_of(client.get(urlsplit(address).path, follow_redirects=True)) == "released"
    assert page.xpath("//a[@href='/sign-in']")


@pytest.mark.parametrize("number", ["AB-2231", "A/B", "50%+1", "a_b.c"])
def test_what_a_third_party_reads_from_the_printed_code_opens_the_page(
        client: FlaskClient, sqlite: Database, actor: Actor, clock: FixedClock, number: str) -> None:
    with sqlite.write() as session:
        hand = make_hand(session, actor, clock)
        lot = make_batch(hand, number)
        levels = list(hand.maker.plaster.levels)
    address = lot_link(BASE + "/", levels, lot)
    assert address.startswith(f"{BASE}/01/{UNIT_GTIN}/10/")
    spec = labels.LabelSpec(address, lot_label_lines(("创可贴", "Plaster"), levels, lot))
    read = decoded(labels.render(spec))
    assert read == address
    assert verdict_of(client.get(read.removeprefix(BASE), follow_redirects=True)) == "released"


def test_a_label_says_what_its_code_holds(lot: Lot, sqlite: Database) -> None:
    with sqlite.read() as session:
        found = product_of_gtin(session, UNIT_GTIN)
        assert found is not None
        lines = lot_label_lines(("创可贴", "Plaster"), found[0].levels, lot)
    assert [(line.kind, line.text) for line in lines] == [
        ("name", "创可贴"), ("subname", "Plaster"), ("data", "AB-2231"), ("data", "2026-11-05"),
        ("data", "2028-11-04"), ("hri", f"(01){UNIT_GTIN}(10)AB-2231")]


def test_a_lot_without_a_gtin_has_a_code_of_ours(client: FlaskClient, sqlite: Database, clock: FixedClock) -> None:
    with sqlite.write() as session:
        lot = Lot(lot_key=name_key("urn:x:1"), uri="urn:x:1", number="1", is_own=0, started_at=clock.now(),
                  created_at=clock.now())
        session.add(lot)
    assert lot_link(BASE, [], lot) == f"{BASE}/t/{lot.lot_key}"
    assert client.get(f"/t/{lot.lot_key}").status_code == 200
    assert [line.kind for line in lot_label_lines(("鱼", ""), [], lot)] == ["name", "data"]


def test_recalls_are_listed_told_and_fed(client: FlaskClient, sqlite: Database, actor: Actor, clock: FixedClock,
                                         lot: Lot) -> None:
    assert "no recall at present" in text_of(client.get("/recalls", headers=ENGLISH))
    recall(sqlite, actor, clock, lot)
    for path in ("/", "/recalls"):
        page = client.get(path, headers=ENGLISH)
        assert "Recall of plaster" in text_of(page)
    page = client.get("/recalls/RC-2611-ABCDEF", headers=ENGLISH)
    for words in ("Red skin", "Stop using it and bring it back", "Money back", "400 000 0000", "AB-2231"):
        assert words in text_of(page)
    body = client.get("/recalls.json").json
    assert body is not None
    assert (body["total"], body["recalls"][0]["lots"][0]["number"]) == (1, "AB-2231")
    feed = etree.fromstring(client.get("/recalls.atom", headers=ENGLISH).data)
    entries = feed.findall("{*}entry")
    assert [entry.findtext("{*}title") for entry in entries] == ["Recall of plaster"]
    assert feed.findtext("{*}updated") == "2026-11-22T08:00:00Z"


def test_an_unknown_recall_and_a_false_cursor_are_plain_answers(client: FlaskClient) -> None:
    assert client.get("/recalls/RC-0000-XXXXXX").status_code == 404
    assert client.get("/recalls?after=nonsense").status_code == 422
    assert client.get("/recalls.json?after=nonsense").status_code == 422


@pytest.mark.parametrize(("is_public", "status"), [(True, 200), (False, 404)])
def test_only_public_inspection_files_are_handed_out(
        client: FlaskClient, sqlite: Database, actor: Actor, clock: FixedClock, is_public: bool, status: int) -> None:
    store: FileStore = client.application.extensions["traceapp"].files
    with sqlite.write() as session:
        file = add_file(session, actor, clock, NewFile("inspection:1", "report.pdf", PDF, is_public), store=store)
    answer = client.get(f"/inspection-files/{file.id}")
    assert answer.status_code == status
    if is_public:
        assert answer.data == PDF
        assert answer.headers["Content-Disposition"].startswith("attachment")
    answer.close()
    assert client.get("/inspection-files/nope").status_code == 404


def test_a_lot_page_offers_its_public_report(client: FlaskClient, sqlite: Database, actor: Actor, clock: FixedClock,
                                             lot: Lot) -> None:
    store: FileStore = client.application.extensions["traceapp"].files
    with sqlite.write() as session:
        inspection = session.scalars(select(Inspection).where(Inspection.lot_key == lot.lot_key)).one()
        add_file(session, actor, clock, NewFile(f"inspection:{inspection.id}", "report.pdf", PDF, True), store=store)
    page = html.fromstring(client.get(f"/t/{lot.lot_key}").data)
    (address,) = page.xpath("//a[starts-with(@href, '/inspection-files/')]/@href")
    assert client.get(address).data == PDF
