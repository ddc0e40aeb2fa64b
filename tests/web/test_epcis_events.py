"""The events of a lot by the address that its code names, for those who may read them."""
from __future__ import annotations

import json
from urllib.parse import quote

import jsonschema
import pytest
from flask import Flask
from sqlalchemy.orm import Session

from tests.conftest import SHARED
from tests.factories_trace import CASE_GTIN, UNIT_GTIN, make_batch, make_hand
from tests.http_clients import ApiClient, signed_in
from tests.made_once import made_once
from traceapp.core.actor import Actor
from traceapp.core.clock import FixedClock
from traceapp.db import Database
from traceapp.trace.documents import lot_document

CLASS = f"https://id.gs1.org/01/{UNIT_GTIN}/10/B1"
PATH = f"/epcis/events?MATCH_anyEPCClass={quote(CLASS, safe='')}"
SCHEMA = SHARED / "conformance" / "epcis" / "EPCIS-JSON-Schema.json"


@pytest.fixture
def app_with_lot(app: Flask, sqlite: Database, actor: Actor, clock: FixedClock) -> Flask:

    def shipped(session: Session) -> None:
        hand = make_hand(session, actor, clock)
        hand.ship(make_batch(hand), hand.maker.clinic, "10")

    made_once(sqlite, clock, shipped)
    return app


@pytest.fixture
def reader(app_with_lot: Flask, sqlite: Database, clock: FixedClock) -> ApiClient:
    return ApiClient(app_with_lot, sqlite, clock, "operator")


def got(reader: ApiClient, path: str, **headers: str):  # type: ignore[no-untyped-def]
    return reader.client.get(path, headers={"Authorization": f"Bearer {reader.token}", **headers})


def test_the_link_of_a_code_leads_a_reader_to_the_events_of_its_lot(app_with_lot: Flask, reader: ApiClient,
                                                                    sqlite: Database) -> None:
    redirect = app_with_lot.test_client().get(f"/01/{CASE_GTIN}/10/B1/21/7?linkType=gs1:epcis&x=y")
    answer = got(reader, redirect.location.removeprefix("http://localhost"))
    assert (answer.status_code, answer.mimetype) == (200, "application/json")
    assert answer.headers["GS1-EPCIS-Version"] == "2.0.0"
    found = answer.get_json()
    events = found["epcisBody"]["queryResults"]["resultsBody"]["eventList"]
    with sqlite.read() as session:
        whole = json.loads(lot_document(session, CLASS))
    assert all(event.pop("recordTime") for event in events)
    assert events == whole["epcisBody"]["eventList"]
    assert len(events) >= 4
    assert (found["type"], found["epcisBody"]["queryResults"]["queryName"]) == ("EPCISQueryDocument", "SimpleEventQuery")
    if SCHEMA.is_file():
        jsonschema.validate(found, json.loads(SCHEMA.read_text(encoding="utf-8")))


def test_several_classes_are_asked_for_at_once_and_an_unknown_one_has_no_events(reader: ApiClient) -> None:
    def events(path: str) -> int:
        return len(got(reader, path, Accept="application/json").get_json()["epcisBody"]["queryResults"]["resultsBody"]["eventList"])

    none = quote("https://id.gs1.org/01/09506000134352/10/X", safe="")
    assert events(f"/epcis/events?MATCH_anyEPCClass={none}") == 0
    assert events(f"{PATH}|{none}") == events(f"{PATH}&MATCH_anyEPCClass={none}") == events(PATH) > 0
    assert got(reader, PATH, Accept="application/json").mimetype == "application/json"


def test_nobody_reads_events_without_leave(app_with_lot: Flask, sqlite: Database, clock: FixedClock) -> None:
    answer = app_with_lot.test_client().get(PATH, headers={"Accept": "text/html"})
    assert (answer.status_code, answer.mimetype) == (401, "application/problem+json")
    assert answer.headers["WWW-Authenticate"].startswith("Bearer")
    assert answer.headers["Access-Control-Allow-Origin"] == "*"
    authority = ApiClient(app_with_lot, sqlite, clock, "regulator")
    assert got(authority, PATH).status_code == 403
    assert signed_in(app_with_lot, sqlite, clock, "quality").get(PATH).status_code == 200
    preflight = app_with_lot.test_client().options(PATH)
    assert "Authorization" in preflight.headers["Access-Control-Allow-Headers"]


@pytest.mark.parametrize(("query", "status", "kind", "place"), [
    ("&EQ_wrong=x", 400, "QueryParameterException", "EQ_wrong"),
    ("&utm=x", 400, "QueryParameterException", "utm"),
    ("&GE_eventTime=yesterday", 400, "QueryParameterException", "GE_eventTime"),
    ("&EQ_action=CHANGE", 400, "QueryParameterException", "EQ_action"),
    ("&perPage=0", 400, "QueryParameterException", "perPage"),
    ("&nextPageToken=x", 400, "QueryParameterException", "nextPageToken"),
    ("&eventCountLimit=3&maxEventCount=3", 400, "QueryParameterException", "maxEventCount"),
    ("&maxEventCount=2", 413, "QueryTooLargeException", None),
    ("&orderBy=example:field", 501, "ImplementationException", "orderBy"),
    ("&MATCH_anyEPC=urn:epc:idpat:sgtin:0614141.*.*", 501, "ImplementationException", "MATCH_anyEPC"),
    ("&x=" + "y" * 17000, 414, "URITooLongException", None)])
def test_what_cannot_be_asked_is_named_in_the_standard_s_words(
        reader: ApiClient, query: str, status: int, kind: str, place: str | None) -> None:
    answer = got(reader, PATH + query)
    told = answer.get_json()
    assert (answer.status_code, told["type"]) == (status, f"epcisException:{kind}")
    assert (answer.mimetype, told["status"], told.get("place")) == ("application/problem+json", status, place)


def test_what_a_code_passes_on_says_nothing_about_events(reader: ApiClient) -> None:
    assert got(reader, PATH + "&linkType=gs1:epcis&17=281104&utm=x").status_code == 200
    assert got(reader, PATH + "&linkType=gs1:epcis&EQ_wrong=x").status_code == 400
