"""The rules of the resolver standard one by one, as a client sees them."""
from __future__ import annotations

import json
import re
import threading
from collections.abc import Iterator
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any
from urllib.parse import quote

import pytest
from flask import Flask
from flask.testing import FlaskClient
from lxml import html
from sqlalchemy import update

from tests.factories_links import linked
from tests.factories_trace import CASE_GTIN, UNIT_GTIN, make_batch, make_hand
from tests.made_once import made_once
from tests.statements import traced
from traceapp.core.actor import Actor
from traceapp.core.clock import FixedClock
from traceapp.db import Database
from traceapp.gs1 import Gs1Error, encode_epc_binary, parse_path
from traceapp.recall.model import Recall, RecallLot
from traceapp.trace.holds import LiftHold, PlaceHold, lift_hold, place_hold
from traceapp.trace.model import Lot
from traceapp.web.resolver.kept import FRESH_SECONDS, Resolutions
from traceapp.web.resolver.state import NAME

GTIN, LOT = f"/01/{UNIT_GTIN}", f"/01/{UNIT_GTIN}/10/B1"
ROOT = "http://localhost"
BROWSER = {"Accept": "text/html,application/xhtml+xml,*/*;q=0.8", "Accept-Language": "en"}
LINKSET = {"Accept": "application/linkset+json"}
OTHER = "https://maker.example/leaflet"


class Now:
    """Monotonic seconds that move when told to."""

    def __init__(self) -> None:
        self.at = 1000.0

    def __call__(self) -> float:
        return self.at


@pytest.fixture
def now(app: Flask) -> Now:
    ticking = Now()
    app.extensions[NAME]._tick = ticking
    return ticking


@pytest.fixture
def lot(sqlite: Database, actor: Actor, clock: FixedClock) -> Lot:
    return made_once(sqlite, clock, lambda session: make_batch(make_hand(session, actor, clock)))


@pytest.fixture
def statements(sqlite: Database) -> Iterator[list[str]]:
    """Every statement that the application runs from here on."""
    with traced(sqlite) as seen:
        yield seen


def recalled(database: Database, actor: Actor, clock: FixedClock, lot: Lot) -> None:
    texts = {f"{name}_{language}": f"{name} {language}" for name in ("title", "risk", "action", "remedy")
             for language in ("zh", "en")}
    with database.write() as session:
        session.add(Recall(id="r1", reference="RC-2611-ABCDEF", state="notifying", recall_class="II", reason="x",
                           contact="400", opened_at=clock.now(), opened_by="u", approved_at=clock.now(), **texts))
        session.flush()
        session.add(RecallLot(lot_key=lot.lot_key, recall_id="r1", made=Decimal(1), in_stock=Decimal(0), shipped=Decimal(1)))
        place_hold(session, actor, clock, PlaceHold((lot.lot_key,), "recall", "recall:r1", "reactions"))


def levels(client: FlaskClient, path: str, **headers: str) -> list[dict[str, Any]]:
    answer = client.get(path, headers=LINKSET | headers)
    assert answer.status_code == 200, answer.get_data(as_text=True)
    assert answer.mimetype == "application/linkset+json"
    found: list[dict[str, Any]] = json.loads(answer.data)["linkset"]
    return found


def href(level: dict[str, Any], name: str) -> str:
    (link,) = level[f"https://ref.gs1.org/voc/{name}"]
    return str(link["href"])


@pytest.mark.parametrize(("path", "page"), [
    (LOT, LOT), (f"{LOT}/21/7", f"{LOT}/21/7"), (f"{GTIN}/10/KL8G", f"{GTIN}/10/KL8G"), (GTIN, GTIN), (f"{GTIN}/22/2A", GTIN),
    (f"/01/{CASE_GTIN}/10/B1", f"/01/{CASE_GTIN}/10/B1")])
def test_a_code_of_ours_leads_to_its_page_with_one_redirect(client: FlaskClient, lot: Lot, path: str, page: str) -> None:
    answer = client.get(path, headers=BROWSER)
    assert (answer.status_code, answer.location, answer.data) == (307, f"{ROOT}/s{page}", b"")
    assert client.get(answer.location).status_code == 200


def test_a_batch_that_we_do_not_know_is_never_reassuring(client: FlaskClient, lot: Lot, sqlite: Database,
                                                         clock: FixedClock) -> None:
    linked(sqlite, clock, f"(01){UNIT_GTIN}", link_type="homepage", default_use="default")
    assert client.get(GTIN).location == OTHER
    answer = client.get(f"{GTIN}/10/FAKE", headers=BROWSER, follow_redirects=True)
    assert (answer.status_code, answer.request.path) == (200, f"/s{GTIN}/10/FAKE")
    assert "We do not know this batch" in answer.get_data(as_text=True)


@pytest.mark.parametrize("method", ["GET", "HEAD", "OPTIONS"])
def test_every_method_of_the_standard_is_open_to_every_site(client: FlaskClient, lot: Lot, method: str) -> None:
    for path in (LOT, LOT + "?linkType=linkset", LOT + "/foo", "/01/00614141123452", "/.well-known/gs1resolver"):
        answer = client.open(path, method=method, headers={"Origin": "https://other.example"})
        assert answer.headers["Access-Control-Allow-Origin"] == "*"
        assert answer.headers["Access-Control-Allow-Methods"] == "GET, HEAD, OPTIONS"
        assert "Link" in answer.headers["Access-Control-Expose-Headers"]
        assert set(answer.headers["Vary"].split(", ")) >= {"Accept", "Accept-Language"}
        assert method == "GET" or answer.data == b""
    if method == "OPTIONS":
        assert 'rel="linkset"' in client.open(LOT, method=method).headers["Link"]


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE"])
def test_nothing_else_is_answered(client: FlaskClient, lot: Lot, method: str) -> None:
    assert client.open(LOT, method=method).status_code == 405


@pytest.mark.parametrize(("path", "place"), [
    ("/01/06901234500012/10/B1", "17+1"), (f"{GTIN}/99/x", ""), (f"{GTIN}/10/", ""), ("/01/", ""), (f"{GTIN}/foo", ""),
    (f"{GTIN}/10/B1/22/V", ""), (f"{GTIN}?10=B1", "19+2"), (f"{GTIN}?17=281399", "24+2"), (f"{GTIN}/10/%00", ""),
    ("/00/395011015300000012", ""), ("/ehzz", ""), ("/eh00", ""), ("/exMBZFlvQMs", "")])
def test_a_malformed_code_is_400_with_its_place(client: FlaskClient, lot: Lot, path: str, place: str) -> None:
    answer = client.get(path, headers=LINKSET)
    assert (answer.status_code, answer.mimetype) == (400, "application/problem+json")
    assert re.fullmatch(r"\d+\+\d+", answer.get_json()["place"])
    assert not place or answer.get_json()["place"] == place
    page = client.get(path, headers=BROWSER)
    assert (page.status_code, page.mimetype) == (400, "text/html")
    assert "This code is not right" in page.get_data(as_text=True)


def test_a_sound_code_that_nobody_registered_is_404_and_explained(client: FlaskClient, lot: Lot) -> None:
    for path in ("/01/00614141123452/10/X", "/00/395011015300000011", "/414/9501101530003", "/253/9501101530003A"):
        answer = client.get(path, headers=LINKSET)
        assert (answer.status_code, answer.get_json()["code"]) == (404, "unknown-code")
        page = client.get(path, headers=BROWSER)
        assert page.status_code == 404
        assert html.fromstring(page.data).xpath("//form//input[@name='code']")
    answer = client.get("/8004/9506000ABC", headers=LINKSET)
    assert (answer.status_code, answer.get_json()["code"]) == (404, "unsupported-key")
    assert "This kind of code is not held here" in client.get("/8004/9506000ABC", headers=BROWSER).get_data(as_text=True)


def test_a_link_type_leads_to_its_link_under_each_name_of_the_vocabulary(client: FlaskClient, lot: Lot) -> None:
    for name in ("gs1:recallStatus", "https://gs1.org/voc/recallStatus", "https://ref.gs1.org/voc/recallStatus",
                 quote("https://www.gs1.org/voc/recallStatus", safe="")):
        answer = client.get(f"{LOT}?linkType={name}")
        assert (answer.status_code, answer.location) == (307, f"{ROOT}/recall-status{LOT}?linkType={name}")
    for name in ("gs1:nosuchlt", "gs1:faqs", "pip", "https://schema.org/url", "%00"):
        answer = client.get(f"{LOT}?linkType={name}", headers=LINKSET | {"Accept": "application/problem+json"})
        assert (answer.status_code, answer.get_json()["code"]) == (404, "no-such-link")
    page = client.get(f"{LOT}?linkType=gs1:faqs", headers=BROWSER)
    assert page.status_code == 404
    assert "This is what it has" in page.get_data(as_text=True)


@pytest.mark.parametrize("query", ["foo=bar", "a;b;c", "x", "x=", "&&a&", "q=a+b%20c%2F", "name=%E6%89%B9", "17=281104&x=1",
                                   "linkType=gs1:pip", "utm=a|b{c}^`", "x=%zz%"])
def test_the_query_is_passed_on_whole_and_unchanged(client: FlaskClient, lot: Lot, query: str) -> None:
    environ = {"REQUEST_URI": f"{LOT}?{query}", "QUERY_STRING": query}
    answer = client.get(LOT, environ_overrides=environ)
    assert (answer.status_code, answer.location) == (307, f"{ROOT}/s{LOT}?{query}")


def test_the_query_joins_that_of_the_target_before_its_fragment(client: FlaskClient, lot: Lot, sqlite: Database,
                                                                clock: FixedClock) -> None:
    linked(sqlite, clock, f"(01){UNIT_GTIN}(10)B1", href="https://maker.example/x?a=1#part", default_use="default")
    assert client.get(f"{LOT}?b=2&a=3").location == "https://maker.example/x?a=1&b=2&a=3#part"
    assert client.get(LOT).location == "https://maker.example/x?a=1#part"


def test_signs_that_no_header_may_hold_are_escaped_on_the_way(client: FlaskClient, lot: Lot) -> None:
    query = "x=\xe6\x89 y\x7f"
    answer = client.get(LOT, environ_overrides={"REQUEST_URI": f"{LOT}?{query}", "QUERY_STRING": query})
    assert answer.location == f"{ROOT}/s{LOT}?x=%E6%89%20y%7F"


def test_a_code_without_its_qualifiers_order_slash_or_case_of_escapes_is_the_same_code(client: FlaskClient, sqlite: Database,
                                                                                     actor: Actor, clock: FixedClock) -> None:
    with sqlite.write() as session:
        make_batch(make_hand(session, actor, clock), "A//B")
    for path in (f"{GTIN}/10/A%2F%2FB", f"{GTIN}/10/A%2f%2fB/", f"{GTIN}/10/%41%2F%2FB"):
        assert client.get(path).location == f"{ROOT}/s{GTIN}/10/A%2F%2FB"


def test_the_linkset_comes_in_the_form_that_is_asked_for(client: FlaskClient, lot: Lot) -> None:
    path = LOT + "?linkType=linkset"
    for accept in ("application/linkset+json", "application/json", "application/ld+json"):
        for asked in (LOT, path):
            answer = client.get(asked, headers={"Accept": accept})
            assert (answer.status_code, answer.headers["Content-Type"]) == (200, accept)
            assert ("@context" in answer.get_json()) == (accept == "application/ld+json")
            assert 'rel="http://www.w3.org/ns/json-ld#context"' in answer.headers["Link"]
            assert "Location" not in answer.headers
    assert client.get(path, headers={"Accept": "*/*"}).mimetype == "application/linkset+json"
    for headers in (BROWSER, {}):
        page = client.get(path, headers=headers)
        assert (page.status_code, page.mimetype) == (200, "text/html")
        (data,) = html.fromstring(page.data).xpath("//script[@type='application/ld+json']/text()")
        assert json.loads(data)["linkset"][0]["anchor"] == ROOT + LOT
        assert f"{ROOT}/recall-status{LOT}" in html.fromstring(page.data).xpath("//main//li/a/@href")


def test_linked_data_in_a_page_cannot_end_their_element(client: FlaskClient, sqlite: Database, clock: FixedClock) -> None:
    linked(sqlite, clock, "(01)09506000134352", title="</script><script>alert(1)</script>&<!--")
    page = client.get("/01/09506000134352?linkType=linkset", headers=BROWSER)
    assert b"<script>alert" not in page.data
    (data,) = html.fromstring(page.data).xpath("//script/text()")
    assert json.loads(data)["linkset"][0]["https://ref.gs1.org/voc/instructions"][0]["title"].startswith("</script>")
    assert "script-src 'self'" in page.headers["Content-Security-Policy"]


def test_the_linkset_is_the_union_of_all_that_hangs_on_the_code(client: FlaskClient, lot: Lot, sqlite: Database,
                                                                clock: FixedClock) -> None:
    for anchor in ("", "(22)V", "(10)B1", "(22)V(10)B1", "(21)S"):
        linked(sqlite, clock, f"(01){UNIT_GTIN}{anchor}", href=f"https://maker.example/{anchor}x")
    found = levels(client, f"{GTIN}/22/V/10/B1/21/S")
    assert [level["anchor"].removeprefix(ROOT + GTIN) for level in found] == [
        "/22/V/10/B1/21/S", "/21/S", "/22/V/10/B1", "/10/B1", "/22/V", ""]
    assert [href(level, "instructions").removeprefix("https://maker.example/") for level in found] == [
        "(21)Sx", "(21)Sx", "(22)V(10)B1x", "(10)B1x", "(22)Vx", "x"]
    query = "?linkType=gs1:instructions"
    for path, wanted in ((f"{GTIN}/22/V/10/B1/21/S", "(21)S"), (f"{GTIN}/10/B1/21/T", "(10)B1"),
                         (f"{GTIN}/22/V/10/B2", "(22)V"), (f"{GTIN}/10/B2", "")):
        assert client.get(path + query).location == f"https://maker.example/{wanted}x{query}"


def test_a_choice_is_made_by_language_form_and_context_or_left_to_the_reader(client: FlaskClient, lot: Lot, sqlite: Database,
                                                                            clock: FixedClock) -> None:
    anchor = f"(01){UNIT_GTIN}"
    for language in ("zh", "en"):
        linked(sqlite, clock, anchor, href=f"https://maker.example/{language}", languages=(language,))
    linked(sqlite, clock, anchor, href="https://maker.example/en.pdf", languages=("en",), media_type="application/pdf")
    path = f"{GTIN}?linkType=gs1:instructions"
    for headers, query, end in (({"Accept-Language": "zh-Hant-TW"}, "", "zh"), ({"Accept-Language": "en"}, "", "en"),
                                ({"Accept-Language": "en", "Accept": "application/pdf"}, "", "en.pdf"),
                                ({"Accept-Language": "zh"}, "&lang=en", "en"), ({}, "&lang=en&mediaType=application/pdf", "en.pdf")):
        assert client.get(path + query, headers=headers).location.partition("?")[0] == f"https://maker.example/{end}"
    several = client.get(path, headers={"Accept": "*/*"})
    assert (several.status_code, several.mimetype) == (300, "application/linkset+json")
    (level,) = several.get_json()["linkset"]
    assert len(level["https://ref.gs1.org/voc/instructions"]) == 2
    assert len(level) == 3
    page = client.get(path, headers={"Accept": "text/html"})
    assert (page.status_code, page.mimetype) == (300, "text/html")
    assert sorted(html.fromstring(page.data).xpath("//main//li/a/@href")) == [
        f"https://maker.example/{end}?linkType=gs1:instructions" for end in ("en", "zh")]


def test_variants_of_the_default_are_chosen_without_being_asked_for(client: FlaskClient, lot: Lot, sqlite: Database,
                                                                    clock: FixedClock) -> None:
    anchor = f"(01){UNIT_GTIN}"
    for language in ("zh", "en"):
        linked(sqlite, clock, anchor, href=f"https://maker.example/{language}", languages=(language,), default_use="variant")
    assert client.get(GTIN, headers={"Accept-Language": "en"}).location == "https://maker.example/en"
    assert client.get(GTIN, headers={"Accept-Language": "fr"}).location == f"{ROOT}/s{GTIN}"
    (level,) = levels(client, GTIN)
    assert len(level["https://ref.gs1.org/voc/defaultLinkMulti"]) == 2
    assert href(level, "defaultLink") == f"{ROOT}/s{GTIN}"


COMPRESSED = "eh" + encode_epc_binary(parse_path(f"{GTIN}/21/7"), "SGTIN+")[2:]


def test_a_compressed_code_is_answered_as_what_it_says(client: FlaskClient, lot: Lot) -> None:
    for segment in (COMPRESSED, encode_epc_binary(parse_path(f"{GTIN}/21/7"), "SGTIN+", base64=True)):
        answer = client.get(f"/{segment}")
        assert (answer.status_code, answer.location) == (307, f"{ROOT}/s{GTIN}/21/7")
        assert f'<{ROOT}{GTIN}/21/7>; rel="owl:sameAs"' in answer.headers["Link"]
        found = levels(client, f"/{segment}")
        assert [level["anchor"] for level in found] == [f"{ROOT}{GTIN}/21/7", ROOT + GTIN]
        assert client.get(f"/{segment}/").location == f"{ROOT}/s{GTIN}/21/7"


def test_titles_follow_the_language_of_the_reader(client: FlaskClient, lot: Lot) -> None:
    assert levels(client, LOT, **{"Accept-Language": "en"})[0]["itemDescription"] == "Plaster · batch B1"
    assert levels(client, LOT, **{"Accept-Language": "zh-CN"})[0]["itemDescription"] == "创可贴 · 批号 B1"
    assert levels(client, LOT + "?lang=en")[0]["itemDescription"] == "Plaster · batch B1"


def test_addresses_are_those_of_who_asks_or_of_the_settings(client: FlaskClient, lot: Lot) -> None:
    for host, root in (("127.0.0.1:8000", "http://127.0.0.1:8000"), ("192.168.7.7:99", "http://192.168.7.7:99"),
                       ("evil.example", "http://127.0.0.1:8000")):
        assert client.get(LOT, headers={"Host": host}).location == f"{root}/s{LOT}"
        assert levels(client, LOT, Host=host)[0]["anchor"] == root + LOT


def test_our_own_addresses_have_no_fragment_and_lead_somewhere(client: FlaskClient, lot: Lot) -> None:
    for path in (LOT, f"{LOT}/21/7", f"{GTIN}/10/NO", GTIN):
        for level in levels(client, path):
            for name, links in level.items():
                for link in links if isinstance(links, list) else ():
                    assert "#" not in link["href"]
                    status = client.get(link["href"].removeprefix(ROOT)).status_code
                    assert status == (401 if name.endswith("/epcis") else 200), (path, name)


def test_a_recall_turns_the_code_to_our_page_within_a_second_and_back(
        client: FlaskClient, sqlite: Database, actor: Actor, clock: FixedClock, lot: Lot, now: Now) -> None:
    linked(sqlite, clock, f"(01){UNIT_GTIN}(10)B1", link_type="homepage", default_use="default")
    assert client.get(LOT).location == OTHER
    recalled(sqlite, actor, clock, lot)
    now.at += 1
    assert client.get(LOT).location == f"{ROOT}/s{LOT}"
    assert client.get(f"{LOT}?linkType=gs1:homepage").location == f"{OTHER}?linkType=gs1:homepage"
    assert client.get(f"/recall-status{LOT}").get_json()["is_recalled"] is True
    with sqlite.write() as session:
        lift_hold(session, actor, clock, LiftHold("over", source="recall:r1"))
    now.at += 1
    assert client.get(LOT).location == OTHER


def test_expiry_turns_the_code_with_the_date(client: FlaskClient, sqlite: Database, clock: FixedClock, lot: Lot, now: Now) -> None:
    linked(sqlite, clock, f"(01){UNIT_GTIN}(10)B1", default_use="default")
    clock.move_to(datetime(2028, 11, 4, 15, 59, 59, tzinfo=UTC))
    assert client.get(LOT).location == OTHER
    clock.move_to(datetime(2028, 11, 4, 16, 0, 1, tzinfo=UTC))
    now.at += 1
    assert client.get(LOT).location == f"{ROOT}/s{LOT}"


def test_a_kept_answer_needs_no_query_and_an_old_one_a_single_read(client: FlaskClient, lot: Lot, now: Now,
                                                                   statements: list[str]) -> None:
    first = client.get(LOT, headers=LINKSET)
    statements.clear()
    now.at += FRESH_SECONDS - 0.01
    again, redirect = client.get(LOT, headers=LINKSET), client.get(LOT)
    assert (first.data, statements) == (again.data, [])
    assert (redirect.status_code, again.headers["Age"]) == (307, "1")
    now.at += 0.02
    old = client.get(LOT, headers=LINKSET)
    (only,) = statements
    assert "FROM link" in only
    assert (old.data, old.headers["Age"]) == (first.data, "0")


@pytest.mark.parametrize("path", [LOT, f"{GTIN}/10/-._aZ09", f"{GTIN}/10/..", f"{GTIN}/10/21", f"{GTIN}/10/" + "A" * 20,
                                  f"{GTIN}/10/{'A' * 21}", f"/01/{UNIT_GTIN[:-1]}2/10/B1", f"{GTIN}/10/a~b", f"{GTIN}/10/B1/"])
def test_a_plain_code_is_read_in_short_as_it_is_in_full(app: Flask, lot: Lot, path: str) -> None:
    def read(resolutions: Resolutions) -> object:
        try:
            return resolutions.thing(path)
        except Gs1Error as error:
            return error.code

    known = app.extensions[NAME]
    known.of(GTIN)
    assert UNIT_GTIN in known._products
    assert read(known) == read(Resolutions(known._database, known._clock))


def test_a_changed_link_shows_within_a_second(client: FlaskClient, lot: Lot, sqlite: Database, clock: FixedClock, now: Now) -> None:
    before = client.get(LOT, headers=LINKSET)
    linked(sqlite, clock, f"(01){UNIT_GTIN}(10)B1")
    now.at += 1
    after = client.get(LOT, headers=LINKSET | {"If-None-Match": before.headers["ETag"]})
    assert after.status_code == 200
    assert OTHER in after.get_data(as_text=True)


def test_answers_carry_the_headers_of_the_whole_application(client: FlaskClient, lot: Lot, now: Now) -> None:
    for headers in ({"Accept": "*/*"}, LINKSET):
        first, second = client.get(LOT, headers=headers), client.get(LOT, headers=headers)
        assert {**first.headers, "X-Request-ID": ""} == {**second.headers, "X-Request-ID": ""}
        head = client.head(LOT, headers=headers)
        assert (head.status_code, head.data, head.headers["Content-Length"]) == (
            second.status_code, b"", second.headers["Content-Length"])
        assert second.headers["Cache-Control"] == "public, max-age=1"
        page = client.get("/")
        for name in ("X-Content-Type-Options", "Content-Security-Policy", "Referrer-Policy", "X-Frame-Options"):
            assert second.headers.getlist(name) == page.headers.getlist(name)
        assert len(second.headers.getlist("Link")) == 1  # one that comes twice is seen once by some


def test_the_application_gives_the_same_answer_when_it_is_asked_itself(app: Flask, lot: Lot) -> None:
    shortcut = app.test_client().get(LOT, headers=LINKSET)
    with app.test_request_context(LOT, headers=LINKSET):
        whole = app.full_dispatch_request()
    assert (whole.status_code, whole.get_data()) == (200, shortcut.data)
    assert whole.headers["ETag"] == shortcut.headers["ETag"]


def test_a_linkset_that_is_held_already_is_not_sent_again(client: FlaskClient, lot: Lot) -> None:
    tag = client.get(LOT, headers=LINKSET).headers["ETag"]
    for asked in (tag, "*", f'"x", {tag}'):
        answer = client.get(LOT, headers=LINKSET | {"If-None-Match": asked})
        assert (answer.status_code, answer.data) == (304, b"")
        assert answer.headers["ETag"] == tag
        assert "Content-Type" not in answer.headers
    assert client.get(LOT, headers={"If-None-Match": "*"}).status_code == 307


def test_a_database_that_fails_is_said_to_and_nothing_breaks(client: FlaskClient, lot: Lot, sqlite: Database) -> None:
    with sqlite.write() as session:
        session.connection().exec_driver_sql("ALTER TABLE link RENAME TO away")
    answer = client.get(LOT, headers=LINKSET)
    assert (answer.status_code, answer.get_json()["code"]) == (503, "unavailable")
    assert "Retry-After" in answer.headers


def test_answers_are_kept_within_a_number_of_bytes(app: Flask, lot: Lot) -> None:
    kept = app.extensions[NAME]
    kept._limit = 60_000
    client = app.test_client()
    for number in range(40):
        for language in ("zh", "en"):
            for host in ("localhost", "127.0.0.1", "10.0.0.1", "10.0.0.2", "10.0.0.3", "10.0.0.4"):
                client.get(f"{GTIN}/10/N{number}", headers=LINKSET | {"Accept-Language": language, "Host": host})
    assert 0 < kept.size <= 60_000
    assert 1 <= len(kept) < 40
    assert kept.size == sum(one.size for one in kept._kept.values())


def test_many_threads_get_whole_answers_while_the_lot_changes(app: Flask, sqlite: Database, lot: Lot) -> None:
    wrong: list[Any] = []

    def ask() -> None:
        client = app.test_client()
        for number in range(25):
            answer = client.get(LOT if number % 2 else f"{LOT}/21/{number}", headers=LINKSET)
            if answer.status_code != 200 or not json.loads(answer.data)["linkset"]:
                wrong.append(answer.status_code)

    threads = [threading.Thread(target=ask) for _ in range(4)]
    for thread in threads:
        thread.start()
    with sqlite.write() as session:
        session.execute(update(Lot).where(Lot.lot_key == lot.lot_key).values(is_on_hold=True))
    for thread in threads:
        thread.join()
    assert wrong == []
