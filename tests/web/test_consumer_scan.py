"""The page of a scanned code: the verdict first, never older than a second, and never a white page."""
from __future__ import annotations

import gzip
import threading
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any
from urllib.parse import quote

import pytest
from flask import Flask
from flask.testing import FlaskClient
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from lxml import html
from sqlalchemy import update
from werkzeug.test import TestResponse

from tests.factories_trace import CASE_GTIN, UNIT_GTIN, make_batch, make_hand
from tests.made_once import made_once
from tests.statements import traced
from traceapp.code.model import ScanCount
from traceapp.core.actor import Actor
from traceapp.core.clock import FixedClock
from traceapp.core.ids import name_key
from traceapp.db import Database
from traceapp.recall.model import Recall, RecallLot
from traceapp.trace.holds import LiftHold, PlaceHold, lift_hold, place_hold
from traceapp.trace.model import Lot
from traceapp.trace.release import Decide, reject_lot
from traceapp.trace.surroundings import RawMaterial
from traceapp.web.consumer import scan_pages
from traceapp.web.consumer.scan_view import material_lines
from traceapp.web.consumer.state import NAME

PATH = f"/s/01/{UNIT_GTIN}/10/B1"
ENGLISH = {"Accept-Language": "en"}
BROWSER = {"Accept-Language": "zh-CN,zh;q=0.9,en;q=0.8", "Accept-Encoding": "gzip, deflate, br",
           "Accept": "text/html,application/xhtml+xml,*/*;q=0.8"}
FIRST = {"released": "This batch is not recalled", "not_released": "This batch has not been released",
         "recalled": "Stop using it", "rejected": "Stop using it", "on_hold": "Do not use it for now",
         "expired": "Past its expiry date", "please_verify": "Please verify", "unknown": "We do not know this batch"}


class Now:
    """Monotonic seconds that move when told to."""

    def __init__(self) -> None:
        self.at = 1000.0

    def __call__(self) -> float:
        return self.at


@pytest.fixture
def now(app: Flask) -> Now:
    ticking = Now()
    app.extensions[NAME].pages._tick = ticking
    return ticking


def made(database: Database, actor: Actor, clock: FixedClock, number: str = "B1") -> Lot:
    return made_once(database, clock, lambda session: make_batch(make_hand(session, actor, clock), number))


@pytest.fixture
def lot(sqlite: Database, actor: Actor, clock: FixedClock) -> Lot:
    return made(sqlite, actor, clock)


@pytest.fixture
def statements(app: Flask, sqlite: Database) -> Iterator[list[str]]:
    """Every statement that the application runs from here on."""
    with traced(sqlite) as seen:
        yield seen


def text_of(answer: TestResponse) -> str:
    return " ".join(html.fromstring(answer.data).text_content().split())


def verdict_of(answer: TestResponse) -> str:
    (banner,) = html.fromstring(answer.data).xpath("//div[starts-with(@class, 'verdict v-')]")
    return str(banner.get("class")).partition("v-")[2]


def hold(database: Database, actor: Actor, clock: FixedClock, lot: Lot, source: str = "manual") -> None:
    with database.write() as session:
        kind = "manual" if source == "manual" else "recall"
        place_hold(session, actor, clock, PlaceHold((lot.lot_key,), kind, source, "reactions"))


def recall(database: Database, actor: Actor, clock: FixedClock, lot: Lot) -> None:
    """An announced recall of the lot, and its hold."""
    texts = {"title_zh": "召回创可贴", "title_en": "Recall of plaster", "risk_zh": "皮肤红肿", "risk_en": "Red skin",
             "action_zh": "停止使用", "action_en": "Stop using it and bring it back", "remedy_zh": "退款",
             "remedy_en": "Money back"}
    with database.write() as session:
        session.add(Recall(id="r1", reference="RC-2611-ABCDEF", state="notifying", recall_class="II", reason="x",
                           contact="400 000 0000", opened_at=clock.now(), opened_by="u", approved_at=clock.now(),
                           **texts))
        session.flush()
        session.add(RecallLot(lot_key=lot.lot_key, recall_id="r1", made=Decimal(1), in_stock=Decimal(0),
                              shipped=Decimal(1)))
    hold(database, actor, clock, lot, "recall:r1")


def expire(clock: FixedClock) -> None:
    clock.move_to(datetime(2029, 1, 1, tzinfo=UTC))


def scan_often(database: Database, clock: FixedClock, lot: Lot) -> None:
    with database.write() as session:
        session.add(ScanCount(lot_key=lot.lot_key, scans=20_001, first_at=clock.now()))


def reject(database: Database, actor: Actor, clock: FixedClock) -> None:
    with database.write() as session:
        hand = make_hand(session, actor, clock)
        glue, film = hand.raw(hand.maker.glue, "G", "50"), hand.raw(hand.maker.film, "F", "1000")
        lot = hand.make(hand.maker.plaster, "B1", "1000", [(glue, "5.2"), (film, "80")])
        reject_lot(session, actor, clock, Decide(lot.lot_key, "out of limits"))


@pytest.mark.parametrize("verdict", FIRST)
def test_every_verdict_says_its_own_words_in_both_languages(
        client: FlaskClient, sqlite: Database, actor: Actor, clock: FixedClock, verdict: str) -> None:
    if verdict == "rejected":
        reject(sqlite, actor, clock)
    elif verdict == "not_released":
        with sqlite.write() as session:
            hand = make_hand(session, actor, clock)
            glue, film = hand.raw(hand.maker.glue, "G", "50"), hand.raw(hand.maker.film, "F", "1000")
            hand.make(hand.maker.plaster, "B1", "1000", [(glue, "5.2"), (film, "80")])
    elif verdict != "unknown":
        lot = made(sqlite, actor, clock)
        {"released": lambda: None, "recalled": lambda: recall(sqlite, actor, clock, lot),
         "on_hold": lambda: hold(sqlite, actor, clock, lot), "expired": lambda: expire(clock),
         "please_verify": lambda: scan_often(sqlite, clock, lot)}[verdict]()
    english, chinese = client.get(PATH, headers=ENGLISH), client.get(PATH, headers={"Accept-Language": "zh-CN"})
    assert english.status_code == chinese.status_code == (404 if verdict == "unknown" else 200)
    assert verdict_of(english) == verdict_of(chinese) == verdict
    assert html.fromstring(english.data).xpath("//h1")[0].text_content() == FIRST[verdict]
    assert not any(word in (english.data + chinese.data).decode() for word in ("genuine", "正品"))
    assert html.fromstring(chinese.data).get("lang") == "zh-CN"


def test_what_is_said_comes_in_the_order_that_people_need(client: FlaskClient, lot: Lot) -> None:
    text = text_of(client.get(PATH, headers=ENGLISH))
    wanted = ["This batch is not recalled", "Compare with the pack", "Report a problem with this batch",
              "Where it comes from", "Raw materials", "tested, within limits", "Its journey",
              "Use and questions", "not been scanned before", "No cookies"]
    places = [text.find(words) for words in wanted]
    assert -1 not in places
    assert places == sorted(places)


def test_places_are_told_in_the_reader_s_language() -> None:
    steel = RawMaterial("key", "无纺布", "Non-woven", "江苏常州", True, True)
    assert [material_lines([steel], language)[0][0].origin for language in ("en", "zh")] == ["Changzhou, Jiangsu", "江苏常州"]


def test_a_recall_says_what_danger_what_to_do_remedy_and_contact(
        client: FlaskClient, sqlite: Database, actor: Actor, clock: FixedClock, lot: Lot) -> None:
    recall(sqlite, actor, clock, lot)
    text = text_of(client.get(PATH, headers=ENGLISH))
    for words in ("Recall of plaster", "B1 · All batches of this recall", "Red skin", "Stop using it and bring it back", "Money back",
                  "400 000 0000", "RC-2611-ABCDEF"):
        assert words in text


@pytest.mark.parametrize("path", [
    PATH, f"/s/01/{CASE_GTIN}/10/B1", f"/s/01/{UNIT_GTIN}/10/B1/21/77", PATH + "/", PATH + "?17=281104", PATH + "#x"])
def test_every_code_of_a_lot_leads_to_its_page(client: FlaskClient, lot: Lot, path: str) -> None:
    assert verdict_of(client.get(path)) == "released"
    assert verdict_of(client.get(f"/t/{lot.lot_key}")) == "released"


def test_a_slash_in_a_lot_number_survives(client: FlaskClient, sqlite: Database, actor: Actor,
                                          clock: FixedClock) -> None:
    made(sqlite, actor, clock, "A//B")
    for path in (f"/s/01/{UNIT_GTIN}/10/A%2F%2FB", f"/s/01/{UNIT_GTIN}/10/A%2f%2fB"):
        page = client.get(path, headers=ENGLISH)
        assert verdict_of(page) == "released"
        assert "A//B" in text_of(page)


def test_what_others_told_of_our_case_never_stands_before_what_we_say(
        client: FlaskClient, sqlite: Database, actor: Actor, clock: FixedClock, lot: Lot) -> None:
    with sqlite.write() as session:  # as it came before the product was in the catalog
        uri = f"https://id.gs1.org/01/{CASE_GTIN}/10/B1"
        session.add(Lot(lot_key=name_key(uri), uri=uri, number="B1", is_own=0, release_state="released",
                        started_at=clock.now(), created_at=clock.now()))
        place_hold(session, actor, clock, PlaceHold((lot.lot_key,), "recall", "recall:r1", "bad glue"))
    assert FIRST["recalled"] in client.get(f"/s/01/{CASE_GTIN}/10/B1", headers=ENGLISH).get_data(as_text=True)


def test_a_private_lot_of_somebody_else_has_a_page(client: FlaskClient, sqlite: Database, clock: FixedClock) -> None:
    uri = "urn:gdst:example.org:product:lot:class:processor.2u.v1-0122-2022"
    with sqlite.write() as session:
        session.add(Lot(lot_key=name_key(uri), uri=uri, item_kind="lot", number="v1-0122-2022", name="Salmon", is_own=0,
                        started_at=clock.now(), created_at=clock.now()))
    page = client.get(f"/t/{name_key(uri)}", headers=ENGLISH)
    assert verdict_of(page) == "released"
    assert "Salmon" in text_of(page)
    assert "made by somebody else" in text_of(page)


@pytest.mark.parametrize(("path", "words"), [
    ("/s/01/06901234500012/10/B1", "06901234500012"), ("/s/01/0690123450001/10/B1", "0690123450001"),
    ("/s/01/06901234500011/10/", "10"), ("/s/01/06901234500011/10/" + "A" * 21, "AAA"), ("/s/01/abc", "abc"),
    ("/s/01/06901234500011/99/x", "99"), ("/s/01/06901234500011/10/%00", "%00")])
def test_a_malformed_code_says_where_it_is_wrong(client: FlaskClient, path: str, words: str) -> None:
    answer = client.get(path, headers=ENGLISH)
    assert answer.status_code == 400
    assert "This code is not right" in text_of(answer)
    assert words in text_of(answer)
    assert client.get(path, headers={"Accept": "application/json"}).json["code"]  # type: ignore[index]


def test_a_wrong_check_digit_is_marked(client: FlaskClient) -> None:
    page = html.fromstring(client.get("/s/01/06901234500012/10/B1").data)
    assert page.xpath("//mark")[0].text_content() in "06901234500012"


def test_an_unknown_lot_explains_takes_the_number_and_a_report(client: FlaskClient, lot: Lot) -> None:
    answer = client.get(f"/s/01/{UNIT_GTIN}/10/B7", headers=ENGLISH)
    page = html.fromstring(answer.data)
    assert answer.status_code == 200  # that we do not know it is an answer
    assert verdict_of(answer) == "unknown"
    assert "Plaster" in page.text_content()
    assert page.xpath("//form//input[@name='code']/@value") == ["B7"]
    assert page.xpath("//a[contains(@href, '/report?number=B7')]")
    answer = client.get("/", query_string={"code": "B1", "gtin": UNIT_GTIN})
    assert answer.location.startswith(PATH)


def test_a_code_without_a_lot_asks_for_it(client: FlaskClient, lot: Lot) -> None:
    answer = client.get(f"/s/01/{CASE_GTIN}", headers=ENGLISH)
    assert answer.status_code == 200
    assert "Plaster" in text_of(answer)
    assert html.fromstring(answer.data).xpath("//input[@name='gtin']/@value") == [CASE_GTIN]
    assert client.get("/s/01/00614141123452").status_code == 404


def test_the_first_view_is_small_one_request_and_without_script(client: FlaskClient, lot: Lot) -> None:
    answer = client.get(PATH, headers=BROWSER)
    assert answer.headers["Content-Encoding"] == "gzip"
    assert len(answer.data) <= 10 * 1024
    page = html.fromstring(gzip.decompress(answer.data))
    assert not page.xpath("//script | //link[@rel='stylesheet'] | //img[not(starts-with(@src, 'data:'))]")
    assert "Set-Cookie" not in answer.headers


def test_a_language_switch_needs_no_cookie(client: FlaskClient, lot: Lot) -> None:
    chinese = client.get(PATH, headers=BROWSER | {"Accept-Encoding": ""})
    (switch,) = html.fromstring(chinese.data).xpath("//nav[@class='lang']/a/@href")
    english = client.get(PATH + switch, headers=BROWSER | {"Accept-Encoding": ""})
    assert html.fromstring(english.data).get("lang") == "en"
    assert "Set-Cookie" not in english.headers


def test_machines_get_the_verdict_as_json(client: FlaskClient, lot: Lot) -> None:
    answer = client.get(PATH, headers={"Accept": "application/json"})
    assert answer.json is not None
    assert (answer.json["verdict"], answer.json["lot"]) == ("released", "B1")
    assert answer.json["product"]["gtin"] == UNIT_GTIN
    unknown = client.get(f"/s/01/{UNIT_GTIN}/10/NO", headers={"Accept": "application/json"})
    assert (unknown.status_code, unknown.json["verdict"], unknown.json["lot"]) == (200, "unknown", "NO")  # type: ignore[index]
    assert client.get("/s/01/00614141123452/10/NO", headers={"Accept": "application/json"}).status_code == 404


def test_a_kept_page_needs_no_query_and_an_old_one_a_single_read(
        client: FlaskClient, lot: Lot, now: Now, statements: list[str]) -> None:
    client.get(PATH, headers=BROWSER)
    assert len(statements) <= 6
    statements.clear()
    first = client.get(PATH, headers=BROWSER)
    now.at += scan_pages.FRESH_SECONDS - 0.01
    second = client.get(PATH, headers=BROWSER)
    assert statements == []
    assert first.data == second.data
    now.at += 0.02
    client.get(PATH, headers=BROWSER)
    (only,) = statements
    assert "revision" in only
    assert "lot_edge" not in only


def test_the_shortcut_and_the_application_answer_with_the_same_headers(client: FlaskClient, lot: Lot,
                                                                       now: Now) -> None:
    whole, short = client.get(PATH, headers=BROWSER), client.get(PATH, headers=BROWSER)
    assert {**whole.headers, "X-Request-ID": ""} == {**short.headers, "X-Request-ID": ""}
    assert whole.data == short.data
    other = client.get(PATH, headers=BROWSER)
    numbers = {answer.headers["X-Request-ID"] for answer in (whole, short, other)}
    assert [len(number) for number in numbers] == [16] * 3
    again = client.get(PATH, headers=BROWSER | {"If-None-Match": short.headers["ETag"]})
    assert (again.status_code, again.data) == (304, b"")
    head = client.head(PATH, headers=BROWSER)
    assert (head.status_code, head.data) == (200, b"")
    assert head.headers["Content-Length"] == short.headers["Content-Length"]
    assert set(short.headers["Vary"].split(", ")) == {"Accept", "Accept-Language", "Accept-Encoding"}
    assert short.headers["Cache-Control"] == "public, max-age=1"
    assert "style-src" in short.headers["Content-Security-Policy"]


def test_a_copy_that_waited_here_is_not_kept_a_second_longer_elsewhere(client: FlaskClient, lot: Lot, now: Now) -> None:
    assert client.get(PATH, headers=BROWSER).headers["Age"] == "0"
    now.at += 0.5
    assert client.get(PATH, headers=BROWSER).headers["Age"] == "1"
    now.at += 0.5
    assert client.get(PATH, headers=BROWSER).headers["Age"] == "0"


def test_a_recall_shows_within_a_second_and_so_does_its_end(
        client: FlaskClient, sqlite: Database, actor: Actor, clock: FixedClock, lot: Lot, now: Now) -> None:
    plain = BROWSER | {"Accept-Encoding": ""}
    tag = client.get(PATH, headers=plain).headers["ETag"]
    recall(sqlite, actor, clock, lot)
    now.at += 1
    stopped = client.get(PATH, headers=plain | {"If-None-Match": tag})
    assert verdict_of(stopped) == "recalled"
    with sqlite.write() as session:
        lift_hold(session, actor, clock, LiftHold("over", source="recall:r1"))
    now.at += 1
    assert verdict_of(client.get(PATH, headers=plain)) == "released"


def test_expiry_comes_with_the_date_and_not_with_a_change(client: FlaskClient, clock: FixedClock, lot: Lot,
                                                          now: Now) -> None:
    clock.move_to(datetime(2028, 11, 4, 15, 59, 59, tzinfo=UTC))
    assert verdict_of(client.get(PATH)) == "released"
    clock.move_to(clock.now() + timedelta(seconds=2))
    now.at += 1
    assert verdict_of(client.get(PATH)) == "expired"


def test_polling_over_a_recall_never_sees_an_older_verdict_than_a_second(
        app: Flask, sqlite: Database, actor: Actor, clock: FixedClock, lot: Lot) -> None:
    from time import monotonic, sleep

    committed: list[float] = []

    def stop() -> None:
        sleep(0.3)
        recall(sqlite, actor, clock, lot)
        committed.append(monotonic())

    writer = threading.Thread(target=stop)
    writer.start()
    last_released, client = 0.0, app.test_client()
    end = monotonic() + 20
    while monotonic() < end:
        began = monotonic()
        if verdict_of(client.get(PATH)) == "recalled":
            break
        last_released = began
        sleep(0.02)
    else:
        pytest.fail("the recall never showed")
    writer.join()
    assert last_released - committed[0] < 1


def test_pages_are_kept_within_a_number_of_bytes(app: Flask, sqlite: Database, actor: Actor, clock: FixedClock) -> None:
    pages = app.extensions[NAME].pages
    pages._pages._limit = 40_000
    with sqlite.write() as session:
        for number in range(12):
            uri = f"urn:x:{number}"
            session.add(Lot(lot_key=name_key(uri), uri=uri, number=str(number), is_own=0, started_at=clock.now(),
                            created_at=clock.now()))
    client = app.test_client()
    for number in range(12):
        assert client.get(f"/t/{name_key(f'urn:x:{number}')}").status_code == 200
    assert 0 < pages._pages.size <= 40_000
    assert 1 <= len(pages._pages) < 12


def test_many_threads_get_whole_answers(app: Flask, lot: Lot) -> None:
    wrong: list[Any] = []

    def ask() -> None:
        client = app.test_client()
        for _ in range(20):
            answer = client.get(PATH, headers=BROWSER)
            if answer.status_code != 200 or b"</html>" not in gzip.decompress(answer.data):
                wrong.append(answer.status_code)

    threads = [threading.Thread(target=ask) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert wrong == []


def test_scans_are_counted_beside_the_answer_and_shown_later(
        app: Flask, client: FlaskClient, sqlite: Database, lot: Lot, now: Now) -> None:
    for _ in range(3):
        client.get(PATH, headers=ENGLISH, environ_base={"REMOTE_ADDR": "203.0.113.9"})
    client.head(PATH, headers=ENGLISH)
    client.get(PATH + "?lang=en")
    app.extensions[NAME].scans.flush()
    with sqlite.reading() as connection:
        rows = connection.exec_driver_sql("SELECT network, language FROM scan").all()
    assert [tuple(row) for row in rows] == [("203.0.113.0/24", "en")] * 3
    now.at += scan_pages.RENDER_SECONDS + 1
    assert "scanned 3 times so far, first on 22 Nov 2026" in text_of(client.get(PATH, headers=ENGLISH))


SEGMENTS = st.text(st.characters(codec="utf-8"), max_size=30).map(lambda text: quote(text, safe="%"))


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.sampled_from(["/s/01/", f"/s/01/{UNIT_GTIN}/", f"/s/01/{UNIT_GTIN}/10/", "/t/"]), st.lists(SEGMENTS, max_size=4),
       st.text(max_size=20))
def test_no_path_is_ever_an_error_of_ours(client: FlaskClient, start: str, parts: list[str], query: str) -> None:
    answer = client.get(start + "/".join(parts) + "?" + quote(query), headers=ENGLISH)
    assert answer.status_code in (200, 400, 404, 308)
    assert answer.data


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.text(max_size=60), st.sampled_from(["", UNIT_GTIN, "x"]))
def test_nothing_that_is_typed_is_an_error_of_ours(client: FlaskClient, text: str, gtin: str) -> None:
    answer = client.get("/", query_string={"code": text, "gtin": gtin}, headers=ENGLISH)
    assert answer.status_code in (200, 303, 400, 404)


@pytest.mark.parametrize("header", ["", "zh", "de,fr", ";;;q", "en;q=x", "*", "x" * 5000])
def test_any_header_of_a_browser_gets_a_page(client: FlaskClient, lot: Lot, header: str) -> None:
    for name in ("Accept-Language", "Accept-Encoding", "Accept", "If-None-Match"):
        assert client.get(PATH, headers={name: header}).status_code in (200, 304)


def test_a_day_is_the_day_of_the_plant(client: FlaskClient, sqlite: Database, clock: FixedClock, lot: Lot) -> None:
    with sqlite.write() as session:
        session.execute(update(Lot).where(Lot.lot_key == lot.lot_key).values(
            expires_on=date(2026, 11, 22), revision=Lot.revision + 1))
    clock.move_to(datetime(2026, 11, 22, 15, 59, tzinfo=UTC))
    assert verdict_of(client.get(PATH)) == "released"
