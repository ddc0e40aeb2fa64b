"""The state of recall for machines, and our places for people: what other links of a code lead to."""
from __future__ import annotations

from decimal import Decimal

import pytest
from flask import Flask
from flask.testing import FlaskClient
from lxml import html
from sqlalchemy.orm import Session

from tests.factories_trace import CASE_GTIN, UNIT_GTIN, make_batch, make_hand
from tests.made_once import made_once
from traceapp.catalog.parties import ChangeParty, ChangeSite, NewParty, NewSite, change_party, change_site
from traceapp.core.actor import Actor
from traceapp.core.clock import FixedClock
from traceapp.db import Database
from traceapp.gs1 import check_digit
from traceapp.recall.model import Recall, RecallLot
from traceapp.trace.holds import PlaceHold, place_hold
from traceapp.trace.model import Lot
from traceapp.web.consumer.state import NAME

GTIN = f"/01/{UNIT_GTIN}"
GLN, COMPANY, CLINIC = (f"69012345000{n}" + check_digit(f"69012345000{n}") for n in "012")


@pytest.fixture
def lot(sqlite: Database, actor: Actor, clock: FixedClock) -> Lot:

    def registered(session: Session) -> Lot:
        hand = make_hand(session, actor, clock)
        site, owner = hand.maker.site, hand.maker.site.party
        change_site(session, actor, clock, ChangeSite(site.id, NewSite(
            owner.id, site.code, site.name_zh, site.name_en, GLN, city="苏州", is_own=True)))
        for party, gln in ((owner, COMPANY), (hand.maker.clinic, CLINIC)):
            change_party(session, actor, clock, ChangeParty(party.id, NewParty(
                party.code, party.name_zh, party.name_en, gln=gln, city="苏州", address="1 Some Road")))
        return make_batch(hand)

    return made_once(sqlite, clock, registered)


def recall(database: Database, actor: Actor, clock: FixedClock, lot: Lot, state: str = "notifying") -> None:
    texts = {f"{name}_{language}": f"{name} {language}" for name in ("title", "risk", "action", "remedy")
             for language in ("zh", "en")}
    with database.write() as session:
        session.add(Recall(id="r1", reference="RC-2611-ABCDEF", state=state, recall_class="II", reason="x", contact="400",
                           opened_at=clock.now(), opened_by="u", approved_at=clock.now(), **texts))
        session.flush()
        session.add(RecallLot(lot_key=lot.lot_key, recall_id="r1", made=Decimal(1), in_stock=Decimal(0), shipped=Decimal(1)))
        place_hold(session, actor, clock, PlaceHold((lot.lot_key,), "recall", "recall:r1", "reactions"))


def test_a_batch_says_what_its_page_says_and_never_later_than_a_second(
        app: Flask, client: FlaskClient, sqlite: Database, actor: Actor, clock: FixedClock, lot: Lot) -> None:
    seconds = [1000.0]
    app.extensions[NAME].pages._tick = lambda: seconds[0]
    path = f"/recall-status{GTIN}/10/B1"
    answer = client.get(path, headers={"Accept": "text/html", "Origin": "https://other.example"})
    assert (answer.status_code, answer.mimetype) == (200, "application/json")
    assert answer.headers["Access-Control-Allow-Origin"] == "*"
    assert answer.headers["Cache-Control"] == "public, max-age=1"
    page = client.get(f"/s{GTIN}/10/B1", headers={"Accept": "application/json"}).get_json()
    assert answer.get_json() == page | {"is_recalled": False}
    recall(sqlite, actor, clock, lot)
    seconds[0] += 1
    found = client.get(f"/recall-status/01/{CASE_GTIN}/10/B1/21/7").get_json()
    assert (found["verdict"], found["is_recalled"]) == ("recalled", True)
    assert [(one["reference"], one["action"]["en"]) for one in found["recalls"]] == [("RC-2611-ABCDEF", "action en")]


def test_a_batch_that_is_not_known_is_neither_recalled_nor_not(client: FlaskClient, lot: Lot) -> None:
    found = client.get(f"/recall-status{GTIN}/10/NO").get_json()
    assert (found["verdict"], found["is_recalled"], found["lot"]) == ("unknown", None, "NO")


def test_a_product_tells_its_open_recalls_with_their_batches(client: FlaskClient, sqlite: Database, actor: Actor,
                                                             clock: FixedClock, lot: Lot) -> None:
    assert client.get(f"/recall-status{GTIN}").get_json()["is_recalled"] is False
    recall(sqlite, actor, clock, lot)
    found = client.get(f"/recall-status{GTIN}").get_json()
    assert found["is_recalled"] is True
    assert [one["number"] for one in found["recalls"][0]["lots"]] == ["B1"]
    page = client.get(f"/s{GTIN}", headers={"Accept-Language": "en"}).get_data(as_text=True)
    assert "title en" in page
    assert "batch B1" in page
    with sqlite.write() as session:
        session.get_one(Recall, "r1").state = "terminated"
    assert client.get(f"/recall-status{GTIN}").get_json()["recalls"] == []


@pytest.mark.parametrize(("path", "status", "code"), [
    ("/01/06901234500012", 400, "INCORRECT_CHECK_DIGIT"), ("/01/00614141123452", 404, "unknown-code"),
    ("/01/00614141123452/10/X", 404, "unknown-code"), ("/00/395011015300000011", 400, "NO_KEY"), ("/x", 400, "NO_KEY")])
def test_errors_are_for_machines_too(client: FlaskClient, lot: Lot, path: str, status: int, code: str) -> None:
    answer = client.get(f"/recall-status{path}", headers={"Accept": "text/html"})
    assert (answer.status_code, answer.mimetype, answer.get_json()["code"]) == (status, "application/problem+json", code)


def test_our_places_say_where_they_are_and_nothing_of_others(client: FlaskClient, lot: Lot) -> None:
    for path, name in ((f"/414/{GLN}", "Plant one"), (f"/414/{GLN}/254/7", "Plant one"), (f"/417/{COMPANY}", "Test Dressings")):
        answer = client.get(path, headers={"Accept-Language": "en", "Accept": "text/html"}, follow_redirects=True)
        text = " ".join(html.fromstring(answer.data).xpath("//main")[0].text_content().split())
        assert answer.status_code == 200
        assert name in text
        assert "Suzhou" in text
        assert "China" in text
        assert "Some Road" not in text
    for path in (f"/417/{CLINIC}", f"/s/417/{CLINIC}", f"/s/414/{COMPANY}"):  # whom we supply is nobody's business
        assert client.get(path).status_code == 404
