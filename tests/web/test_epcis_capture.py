"""Documents and single events taken in over HTTP: jobs, all or nothing, once."""
from __future__ import annotations

import json
from typing import Any
from urllib.parse import quote

import pytest
from flask import Flask
from sqlalchemy import func, select
from werkzeug.test import TestResponse

from tests.http_clients import ApiClient
from traceapp.audit.model import AuditEntry
from traceapp.core.clock import FixedClock
from traceapp.db import Database
from traceapp.epcis import EPCIS_CONTEXT, event_hash, read, write_xml
from traceapp.trace.model import Event, LotEdge

LOT = "https://id.gs1.org/01/09521234000013/10/A1"


def seen(number: int = 1, **more: Any) -> dict[str, Any]:
    return {"type": "ObjectEvent", "action": "OBSERVE", "eventTime": f"2026-11-01T05:00:{number:02}Z",
            "eventTimeZoneOffset": "+00:00", "bizStep": "receiving", "quantityList": [{"epcClass": LOT}], **more}


def document(*events: dict[str, Any]) -> dict[str, Any]:
    return {"@context": [EPCIS_CONTEXT], "type": "EPCISDocument", "schemaVersion": "2.0",
            "creationDate": "2026-11-20T00:00:00Z", "epcisBody": {"eventList": list(events)}}


class Partner:
    """A machine that sends EPCIS."""

    def __init__(self, client: ApiClient) -> None:
        self.client = client.client
        self.token = client.token

    def send(self, path: str, body: Any, form: str = "application/json", **headers: str) -> TestResponse:
        data = body if isinstance(body, bytes) else json.dumps(body).encode()
        return self.client.post(f"/epcis{path}", data=data, content_type=form,
                                headers={"Authorization": f"Bearer {self.token}", **headers})

    def get(self, path: str, **headers: str) -> TestResponse:
        return self.client.get(path, headers={"Authorization": f"Bearer {self.token}", **headers})

    def job(self, body: Any, form: str = "application/json", **headers: str) -> dict[str, Any]:
        answer = self.send("/capture", body, form, **headers)
        assert answer.status_code == 202, answer.get_data(as_text=True)
        return self.get(answer.headers["Location"]).get_json()  # type: ignore[no-any-return]


@pytest.fixture
def partner(app: Flask, sqlite: Database, clock: FixedClock) -> Partner:
    return Partner(ApiClient(app, sqlite, clock, "operator"))


def stored(database: Database) -> int:
    with database.read() as session:
        return session.scalar(select(func.count()).select_from(Event)) or 0


def test_a_document_is_a_job_that_says_what_came_of_it(partner: Partner, sqlite: Database) -> None:
    job = partner.job(document(seen(1), seen(2)))
    assert (job["running"], job["success"], job["errors"]) == (False, True, [])
    assert job["captureErrorBehaviour"] == "rollback"
    assert stored(sqlite) == 2
    assert [one["captureID"] for one in partner.get("/epcis/capture").get_json()] == [job["captureID"]]


def test_xml_is_the_same_event_as_json(partner: Partner, sqlite: Database) -> None:
    whole = document(seen(1))
    partner.job(whole)
    sent = partner.send("/capture", write_xml(read(json.dumps(whole))), "application/xml", Accept="application/xml")
    assert sent.status_code == 202
    assert stored(sqlite) == 1


def test_the_same_event_is_stored_once_by_identifier_and_by_hash(partner: Partner, sqlite: Database) -> None:
    assert partner.job(document(seen(1, eventID="urn:uuid:1"), seen(1, eventID="urn:uuid:1")))["success"]
    assert partner.job(document(seen(1)))["success"]
    assert stored(sqlite) == 1


def test_a_used_identifier_with_other_content_rolls_the_whole_document_back(partner: Partner, sqlite: Database) -> None:
    partner.job(document(seen(1, eventID="urn:uuid:1")))
    job = partner.job(document(seen(2), seen(3, eventID="urn:uuid:1")))
    assert (job["success"], stored(sqlite)) == (False, 1)
    error = job["errors"][0]
    assert (error["type"], error["place"]) == (
        "epcisException:ResourceAlreadyExistsException", "/epcisBody/eventList/1/eventID")
    with sqlite.read() as session:
        assert session.scalar(select(func.count()).where(AuditEntry.action == "epcis.capture_refused")) == 1


def test_who_proceeds_stores_what_is_sound_and_learns_of_the_rest(partner: Partner, sqlite: Database) -> None:
    partner.job(document(seen(1, eventID="urn:uuid:1")))
    faulty = {**seen(5), "bizStep": "no-such-step"}
    whole = document(seen(2), faulty, seen(3, eventID="urn:uuid:1"), seen(4))
    job = partner.job(whole, **{"GS1-Capture-Error-Behaviour": "proceed"})
    assert (job["success"], job["captureErrorBehaviour"], stored(sqlite)) == (False, "proceed", 3)
    assert sorted((error["code"], error["place"]) for error in job["errors"]) == [
        ("event-id-reused", "/epcisBody/eventList/2/eventID"), ("unknown-bizStep", "/epcisBody/eventList/1/bizStep")]
    refused = partner.send("/capture", whole)
    assert (refused.status_code, stored(sqlite)) == (400, 3)


@pytest.mark.parametrize(("body", "form", "headers", "status", "kind"), [
    ({"type": "EPCISDocument"}, "application/json", {}, 400, "ValidationException"),
    (b"<nonsense", "application/xml", {}, 400, "ValidationException"),
    (b"{", "application/ld+json", {}, 400, "ValidationException"),
    (document(seen()), "text/plain", {}, 415, "UnsupportedMediaTypeException"),
    (document(seen()), "application/json", {"Accept": "image/png"}, 406, "NotAcceptableException"),
    (document(seen()), "application/json", {"GS1-Capture-Error-Behaviour": "guess"}, 400, "ValidationException")])
def test_what_cannot_be_captured_is_refused_and_leaves_nothing(
        partner: Partner, sqlite: Database, body: Any, form: str, headers: dict[str, str], status: int,
        kind: str) -> None:
    answer = partner.send("/capture", body, form, **headers)
    assert (answer.status_code, answer.get_json()["type"]) == (status, f"epcisException:{kind}")
    assert (stored(sqlite), partner.get("/epcis/capture").get_json()) == (0, [])


def test_more_events_than_one_capture_takes_are_413_with_the_limits(
        partner: Partner, sqlite: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("traceapp.web.epcis.capturing.MOST_EVENTS_A_CAPTURE", 1)
    answer = partner.send("/capture", document(seen(1), seen(2)))
    assert (answer.status_code, answer.get_json()["type"]) == (413, "epcisException:CaptureLimitExceededException")
    assert int(answer.headers["GS1-EPCIS-Capture-File-Size-Limit"]) > 0
    assert stored(sqlite) == 0


def test_a_single_event_gets_an_address_of_its_own(partner: Partner, sqlite: Database) -> None:
    event = {"@context": [EPCIS_CONTEXT], **seen(1)}
    answer = partner.send("/events", event)
    assert answer.status_code == 201
    assert partner.send("/events", event).headers["Location"] == answer.headers["Location"]
    assert stored(sqlite) == 1
    found = partner.get(answer.headers["Location"]).get_json()["epcisBody"]["queryResults"]["resultsBody"]["eventList"]
    digest = event_hash(read(json.dumps(event)).events[0])
    assert [one["eventID"] for one in found] == [digest]
    assert partner.get(f"/epcis/events/{quote('urn:x:unknown', safe='')}").get_json()["type"] == (
        "epcisException:NoSuchResourceException")
    other = partner.send("/events", {**event, "eventID": digest, "bizStep": "shipping"})
    assert (other.status_code, other.get_json()["type"]) == (409, "epcisException:ResourceAlreadyExistsException")
    assert partner.send("/events", document(seen(2), seen(3))).status_code == 400


def test_a_declared_error_takes_back_what_was_derived_and_both_are_told(partner: Partner, sqlite: Database) -> None:
    packed = {"type": "AggregationEvent", "action": "ADD", "eventTime": "2026-11-01T05:00:00Z", "eventID": "urn:uuid:9",
              "eventTimeZoneOffset": "+00:00", "parentID": "https://id.gs1.org/00/095212340000000019",
              "childQuantityList": [{"epcClass": LOT, "quantity": 3}]}
    partner.job(document(packed))
    with sqlite.read() as session:
        assert session.scalar(select(func.count()).select_from(LotEdge)) == 2
    wrong = {"declarationTime": "2026-11-02T05:00:00Z", "reason": "did_not_occur"}
    partner.job(document({**packed, "errorDeclaration": wrong}))
    with sqlite.read() as session:
        assert session.scalar(select(func.count()).select_from(LotEdge)) == 0
    found = partner.get("/epcis/events/urn%3Auuid%3A9").get_json()["epcisBody"]["queryResults"]["resultsBody"]["eventList"]
    assert sorted("errorDeclaration" in event for event in found) == [False, True]


def test_an_address_says_what_may_be_done_there_and_how_much(app: Flask) -> None:
    answer = app.test_client().options("/epcis/capture")
    assert (answer.status_code, answer.headers["Allow"]) == (204, "GET, HEAD, OPTIONS, POST")
    assert {answer.headers[f"GS1-{name}"] for name in (
        "EPCIS-Version", "EPCIS-Min", "EPCIS-Max", "CBV-Version", "CBV-Min", "CBV-Max")} == {"2.0.0"}
    assert int(answer.headers["GS1-EPCIS-Capture-Limit"]) > 0
    assert answer.headers["GS1-Capture-Error-Behaviour"] == "rollback"
    for path, status in (("/epcis/nothing", 404), ("/epcis/capture", 405), ("/epcis/epcs/https://id.gs1.org/x", 405)):
        assert app.test_client().put(path).status_code == status
        assert app.test_client().options(path).status_code == (404 if status == 404 else 204)


@pytest.mark.parametrize(("headers", "status"), [
    ({"GS1-EPCIS-Min": "1.2", "GS1-EPCIS-Max": "2.0.0"}, 200), ({"GS1-EPCIS-Min": "2.1.0"}, 406),
    ({"GS1-CBV-Max": "1.2.0"}, 406), ({"GS1-EPCIS-Max": "new"}, 406), ({"GS1-EPC-Format": "No_Preference"}, 200),
    ({"GS1-EPC-Format": "Always_EPC_URN"}, 406), ({"Accept": "application/xml;q=0.9, image/png"}, 200),
    ({"Accept": "image/png"}, 406)])
def test_a_client_learns_when_it_cannot_have_its_wish(partner: Partner, headers: dict[str, str], status: int) -> None:
    answer = partner.get("/epcis/events", **headers)
    assert answer.status_code == status
    if status == 406:
        assert answer.get_json()["type"] == "epcisException:NotAcceptableException"


def test_what_no_xml_can_hold_is_not_acceptable_there_and_told_in_json(partner: Partner) -> None:
    whole = document(seen(1, **{"ex:note": "\u0001"}))
    whole["@context"].append({"ex": "https://example.org/"})
    assert partner.job(whole)["success"]
    assert partner.get("/epcis/events", Accept="application/json").status_code == 200
    refused = partner.get("/epcis/events", Accept="application/xml")
    assert (refused.status_code, refused.get_json()["type"]) == (406, "epcisException:NotAcceptableException")


def test_who_may_only_read_cannot_capture(app: Flask, sqlite: Database, clock: FixedClock) -> None:
    answer = Partner(ApiClient(app, sqlite, clock, "regulator")).send("/capture", document(seen()))
    assert (answer.status_code, answer.get_json()["type"]) == (403, "epcisException:SecurityException")
    assert stored(sqlite) == 0
