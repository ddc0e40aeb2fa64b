"""What the published description forbids a request to say is refused under the standard's name, and what it allows is
answered in a form that it names."""
from __future__ import annotations

import json
import re
from typing import Any

import pytest
from jsonschema import Draft7Validator, FormatChecker

from tests.conftest import SHARED
from tests.http_clients import ApiClient
from tests.web.test_epcis_hostile import METHODS, call, described, partner

__all__ = ["partner"]
NO_WORD, NO_URI, NO_TIME, NO_NUMBER = (
    ("transforming", "Shipping", "ship ping", "urn:epcglobal:cbv:bizstep:transforming", ""),
    ("abc", "12", "a b:c", "õI|x", ":x", ""),
    ("2026-02-30T00:00:00Z", "2026-01-01", "2026-01-01T00:00:00", "now", "1", ""),
    ("abc", "1_000", "NaN", "Infinity", "１２", "0x10", "1,5", ""))  # fmt: skip
NO_COUNT, NO_FLAG = ("0", "-1", "1.5", "1e3", "9" * 400, "x", " 1", ""), ("yes", "1", "TRUEISH", "null")
# The kinds of values of the standard's event query, by the endings of its parameters.
WRONG = {
    "eventType": ("objectevent", "Event", ""), "EQ_action": ("observe", "SEE", ""),
    **dict.fromkeys(("EQ_bizStep", "EQ_disposition", "EQ_persistentDisposition_set", "EQ_persistentDisposition_unset",
                     "EQ_errorReason", "EQ_type"), NO_WORD),
    **dict.fromkeys(("orderDirection",), ("asc", "UP", "")), "orderBy": ("bizStep", ""),
    **dict.fromkeys(("eventCountLimit", "maxEventCount", "perPage"), NO_COUNT),
    **dict.fromkeys(("EXISTS_errorDeclaration", "EQ_booleanValue"), NO_FLAG),
}  # fmt: skip
ANYTHING = {"EQ_transformationID", "EQ_stringValue", "EQ_hexBinaryValue"}
OF_PLACES = {"bizStep": "receiving", "disposition": "in_progress", "eventType": "ObjectEvent",
             "epc": "urn:epc:id:sgtin:0614141.107346.2018", "bizLocation": "urn:epc:id:sgln:0012345.11111.0",
             "readPoint": "urn:epc:id:sgln:0012345.11111.400"}
GET_ALL = [(path, methods["get"]) for path, methods in json.loads(
    (SHARED / "conformance" / "epcis" / "openapi.json").read_text(encoding="utf-8"))["paths"].items()
    if "get" in methods] if (SHARED / "conformance" / "epcis" / "openapi.json").is_file() else []  # fmt: skip


def wrong_values(name: str) -> tuple[str, ...]:
    """Values that the description or the standard forbids a parameter."""
    if name in WRONG:
        return WRONG[name]
    if name.endswith(("Time", "time")):
        return NO_TIME
    if name.endswith("_quantity"):
        return NO_NUMBER
    return () if name in ANYTHING else NO_URI


def address(path: str) -> str:
    for name, value in OF_PLACES.items():
        path = path.replace(f"{{{name}}}", value.replace(":", "%3A"))
    return "/epcis" + path.replace("{queryName}", "kept")


def query_names(operation: dict[str, Any]) -> list[str]:
    shared = described()["components"]["parameters"]
    names = [shared[one["$ref"].rpartition("/")[2]] if "$ref" in one else one for one in operation.get("parameters", [])]
    return [one["name"] for one in names if one["in"] == "query"]


@pytest.fixture(scope="module")
def reader(partner: ApiClient) -> ApiClient:  # noqa: F811
    made = call(partner, "POST", "/epcis/queries", json={"name": "kept", "query": {"EQ_bizStep": ["receiving"]}})
    assert made.status_code == 201
    return partner


def is_refused(answer: Any) -> bool:
    told = answer.get_json(silent=True) or {}
    return answer.status_code == 400 and answer.mimetype == "application/problem+json" and told["type"] in (
        "epcisException:QueryParameterException", "epcisException:ValidationException")


# What these name is not there, which is told first.
PLACES = [one for one in GET_ALL if not one[0].endswith(("{eventID}", "{captureID}", "{subscriptionID}"))]


@pytest.mark.parametrize(("path", "operation"), PLACES, ids=[path for path, _ in PLACES])
def test_no_value_that_a_parameter_cannot_have_is_answered(path: str, operation: dict[str, Any], reader: ApiClient) -> None:
    names = [name for name in query_names(operation) if name not in ("nextPageToken", "stream", "reportIfEmpty", "second",
             "minute", "hour", "dayOfMonth", "month", "dayOfWeek", "initialRecordTime")] if path.endswith("events") else []
    told = [(name, value) for name in {*names, "perPage"} for value in wrong_values(name)] + [
        ("unheard", "of"), ("EQ_unheard", "of"), ("x-unknown", "1"), ("perPage", "1&perPage=2")]
    accepted = []
    for name, value in told:
        text = f"{name}={value}" if "&" in value else None
        answer = call(reader, "GET", address(path), query_string=text or {name: value})
        if not is_refused(answer):
            accepted.append((name, value, answer.status_code))
    assert accepted == []


@pytest.mark.parametrize(("path", "operation"), GET_ALL, ids=[path for path, _ in GET_ALL])
def test_an_answer_has_the_form_that_is_described(path: str, operation: dict[str, Any], reader: ApiClient) -> None:
    whole = described()
    answer = call(reader, "GET", address(path), headers={"Accept": "*/*"})
    response = operation["responses"].get(str(answer.status_code))
    assert response is not None, answer.status_code
    response = whole["components"]["responses"][response["$ref"].rpartition("/")[2]] if "$ref" in response else response
    assert answer.mimetype in response["content"]
    schema = response["content"][answer.mimetype]["schema"]
    if path == "/queries/{queryName}":
        schema = schema["items"]  # described as a list, shown as an object
    if answer.status_code == 404:
        return  # one name is described and another shown
    jobs = whole["components"]["schemas"]["CaptureJob"]
    jobs["allOf"] = jobs["allOf"][:1]  # either of two members, and neither needed: nothing would fit
    formats = FormatChecker(formats=())
    formats.checks("uri")(lambda value: not isinstance(value, str) or re.match(r"[A-Za-z][\w+.-]*:\S+$", value))
    Draft7Validator(schema | {"components": whole["components"]}, format_checker=formats).validate(answer.get_json())


def test_an_event_type_of_somebody_s_own_can_be_asked_for(reader: ApiClient) -> None:
    answer = call(reader, "GET", "/epcis/events", query_string={"eventType": "https://ns.example/OwnEvent"})
    assert (answer.status_code, answer.get_json()["epcisBody"]["queryResults"]["resultsBody"]["eventList"]) == (200, [])


@pytest.mark.parametrize(("header", "value"), [
    ("GS1-EPCIS-Version", "abc"), ("GS1-EPCIS-Version", "3.0.0"), ("GS1-CBV-Version", "-1"), ("GS1-EPCIS-Min", "2.0.1"),
    ("GS1-EPCIS-Min", "694.34.68477400.87"), ("GS1-CBV-Max", "1.2"), ("GS1-EPC-Format", "Sometimes"), ("Accept", "text/csv"),
])  # fmt: skip
def test_a_wish_for_another_version_or_form_is_refused_before_anything_is_stored(header: str, value: str, reader: ApiClient
                                                                                 ) -> None:
    before = len(call(reader, "GET", "/epcis/capture").get_json())
    answer = call(reader, "POST", "/epcis/capture", data=b"{}", headers={header: value, "Content-Type": "application/json"})
    assert (answer.status_code, answer.get_json()["type"]) == (406, "epcisException:NotAcceptableException")
    assert len(call(reader, "GET", "/epcis/capture").get_json()) == before


@pytest.mark.parametrize("method", ["POST", "DELETE"])
def test_parameters_that_nobody_knows_are_refused_where_something_would_be_done(method: str, reader: ApiClient) -> None:
    path = "/epcis/queries/kept" if method == "DELETE" else "/epcis/queries"
    answer = call(reader, method, path, query_string={"force": "1"}, json={"name": "n", "query": {}})
    assert is_refused(answer)
    assert call(reader, "GET", "/epcis/queries/kept").status_code == 200


def test_a_socket_is_told_that_it_is_not_offered(reader: ApiClient) -> None:
    answer = call(reader, "GET", "/epcis/queries/kept/events", headers={"Connection": "Upgrade", "Upgrade": "websocket"})
    assert (answer.status_code, answer.get_json()["type"]) == (501, "epcisException:ImplementationException")


@pytest.mark.parametrize(("query", "status"), [
    ({"@context": "https://ref.gs1.org/standards/epcis/2.0.0/query-schema.json", "eventType": ["ObjectEvent"]}, 201),
    ({"@context": {"ex": "https://ns.example/"}, "EQ_ex:a": "1"}, 400), ({"EQ_action": ["SHIPPED"]}, 400),
    ({"GE_eventTime": "not-a-date"}, 400), ({"orderDirection": "SIDEWAYS"}, 400), ({"EQ_bizStep": ["moving"]}, 400),
    ({"EQ_readPoint": "here"}, 400), ({"EQ_readPoint": []}, 400), ({"GE_quantity": {"a": 1}}, 400), ({"x": None}, 400),
    ({"EQ_quantity": True}, 400),
])  # fmt: skip
def test_a_query_that_is_kept_is_checked_as_one_that_is_asked(query: dict[str, Any], status: int, reader: ApiClient) -> None:
    answer = call(reader, "POST", "/epcis/queries", json={"name": "checked", "query": query})
    assert answer.status_code == status
    if status == 201:
        assert call(reader, "DELETE", "/epcis/queries/checked").status_code == 204


def test_every_method_of_the_description_was_looked_at() -> None:
    assert {"get", "post", "delete", "options"} == {
        method for methods in described()["paths"].values() for method in METHODS & set(methods)}


EVENT = {"@context": ["https://ref.gs1.org/standards/epcis/2.0.0/epcis-context.jsonld"], "type": "ObjectEvent",
         "eventTime": "2026-03-04T11:00:30Z", "eventTimeZoneOffset": "+00:00", "epcList": ["urn:x:1"], "action": "OBSERVE"}
DOCUMENT = {"@context": EVENT["@context"], "type": "EPCISDocument", "schemaVersion": "2.0", "epcisBody": {
    "eventList": [{name: value for name, value in EVENT.items() if name != "@context"}]}, "creationDate": EVENT["eventTime"]}
XML = (b"<ObjectEvent><eventTime>2026-03-04T11:00:30Z</eventTime><eventTimeZoneOffset>+00:00</eventTimeZoneOffset><epcList>"
       b"<epc>urn:x:1</epc></epcList><action>OBSERVE</action></ObjectEvent>")
IN_XML = (b'<e:EPCISDocument xmlns:e="urn:epcglobal:epcis:xsd:2" schemaVersion="2.0" creationDate="2026-03-04T11:00:30Z">'
          b"<EPCISBody><EventList>" + XML + b"</EventList></EPCISBody></e:EPCISDocument>")
SENT = {
    "an event to capture": ("/capture", json.dumps(EVENT).encode(), "application/json", 400),
    "a document to events": ("/events", json.dumps(DOCUMENT).encode(), "application/json", 400),
    "JSON called XML": ("/capture", json.dumps(DOCUMENT).encode(), "application/xml", 400),
    "XML called JSON": ("/events", XML, "application/json", 400), "nothing": ("/capture", b"", "application/json", 400),
    "XML": ("/events", XML, "application/xml", 201), "an old XML document": ("/events", IN_XML, "text/xml", 201),
    "another charset": ("/events", json.dumps(EVENT).encode("utf-16"), "application/json; charset=utf-16", 201),
}  # fmt: skip


@pytest.mark.parametrize(("path", "content", "form", "status"), SENT.values(), ids=SENT)
def test_what_is_sent_must_be_what_the_address_takes_and_what_it_is_called(path: str, content: bytes, form: str, status: int,
                                                                           reader: ApiClient) -> None:
    answer = call(reader, "POST", "/epcis" + path, data=content, headers={"Content-Type": form})
    assert answer.status_code == status
    if status == 400:
        assert answer.get_json()["type"] == "epcisException:ValidationException"


def test_the_secret_of_a_subscription_has_either_of_the_names_that_are_described(reader: ApiClient) -> None:
    wanted = {"dest": "https://client.example.com/queryCallback", "stream": True, "secret": "13df38d8"}
    answer = call(reader, "POST", "/epcis/queries/kept/subscriptions", json=wanted)
    assert answer.status_code == 201
    assert call(reader, "DELETE", answer.headers["Location"]).status_code == 204
    both = call(reader, "POST", "/epcis/queries/kept/subscriptions", json=wanted | {"signatureToken": "x"})
    assert both.status_code == 400


def test_all_or_nothing_has_two_names_and_an_answer_without_a_body_no_form(reader: ApiClient) -> None:
    answer = call(reader, "POST", "/epcis/capture", data=json.dumps(DOCUMENT),
                  headers={"Content-Type": "application/json", "GS1-Capture-Error-Behaviour": "all"})
    assert (answer.status_code, answer.headers["GS1-Capture-Error-Behaviour"]) == (202, "rollback")
    assert "Content-Type" not in answer.headers


def test_an_event_that_is_declared_wrong_twice_is_named_as_its_sender_named_it(reader: ApiClient) -> None:
    for reason, status in (("did_not_occur", 201), ("incorrect_data", 409)):
        declared = EVENT | {"eventID": "urn:x:declared", "bizStep": "other" if status == 409 else "packing", "errorDeclaration": {
            "declarationTime": "2026-03-05T11:00:30Z", "reason": reason}}  # fmt: skip
        answer = call(reader, "POST", "/epcis/events", json=declared)
        assert answer.status_code == status
    assert "Event urn:x:declared is stored already" in answer.get_json()["detail"]
