"""Thousands of requests made from the published description and broken: never an error of ours, and every refusal in
the standard's form."""
from __future__ import annotations

import json
import random
from collections import Counter
from typing import Any
from urllib.parse import quote

import pytest

from tests.conftest import SHARED
from tests.factories_web import Console
from tests.http_clients import ApiClient
from traceapp.epcis import event_hash, read
from traceapp.web.epcis.discovery import TOP

PATH = SHARED / "conformance" / "epcis" / "openapi.json"
VALID = SHARED / "conformance" / "epcis" / "capture" / "valid"
ODD = ["", "x", "*", "urn:epc:idpat:sgtin:0614141.*.*", "urn:epc:idpat:sgtin:1.2.*", "https://id.gs1.org/01/09521234000013",
       "2026-02-30T00:00:00Z", "2026-01-01T00:00:00Z", "0000-00-00T00:00:00Z", "9" * 400, "-1", "1e999999", "NaN", "%00", "\0",
       "\ud800", "true", "|", "a|b|c", "'; DROP TABLE event; --", "..", "../../x", "é" * 300, "[]", "{}", "ObjectEvent", "all",
       "SimpleEventQuery", "ni:///sha-256;00?ver=CBV2.0", "urn:uuid:1", "%", "eyJ4IjoxfQ", "shipping", "/", "//", "a b"]
FORMS = ["application/json", "application/ld+json", "application/xml", "*/*", "text/html", "image/png", "", ";;q=x", "application/*"]
NAMES = ["EQ_ex:x", "GT_ex:x", "EQ_INNER_ex:x", "EXISTS_ILMD_ex:x", "EQ_bizTransaction_po", "EQ_source_location", "GE_value_CEL",
         "HASATTR_readPoint", "EQATTR_bizLocation_x", "HASATTR_epc", "EQ_wrong", "nextPageToken", "perPage", "orderBy", "\0"]


METHODS = {"get", "post", "put", "delete", "options"}


def described() -> dict[str, Any]:
    if not PATH.is_file():
        pytest.skip("../shared/conformance/epcis/openapi.json is not here: no requests can be made from it")
    return json.loads(PATH.read_text(encoding="utf-8"))  # type: ignore[no-any-return]


@pytest.fixture(scope="module")
def partner(console: Console) -> ApiClient:
    client = ApiClient(console.app, console.database, console.clock, "quality_manager")
    for path in sorted(VALID.glob("*.json")) if VALID.is_dir() else ():
        sent = client.client.post("/epcis/capture", data=path.read_bytes(), content_type="application/json",
                                  headers={"Authorization": f"Bearer {client.token}"})
        assert sent.status_code == 202, (path.name, sent.get_data(as_text=True))
    return client


def call(partner: ApiClient, method: str, path: str, **options: Any) -> Any:
    headers = {"Authorization": f"Bearer {partner.token}", **options.pop("headers", {})}
    return partner.client.open(path, method=method, headers=headers, **options)


def test_every_address_of_the_description_is_served(partner: ApiClient, console: Console) -> None:
    described_paths = described()["paths"]
    missing = []
    for path, method in ((path, method) for path, methods in described_paths.items() for method in METHODS & set(methods)):
        concrete = "/epcis" + "/".join("x" if part.startswith("{") else part for part in path.split("/"))
        answer = call(partner, method, concrete, json={})
        is_named = answer.status_code == 404 and answer.get_json()["type"].startswith("epcisException:")
        if not is_named and answer.status_code not in (200, 204, 400, 501):
            missing.append((method, path, answer.status_code))
    assert missing == []
    assert set(TOP) == {path.split("/")[1] for path in described_paths} - {"", "nextPageToken"}


def test_broken_requests_are_refused_in_the_standard_s_form(partner: ApiClient) -> None:
    whole, chance, faults = described(), random.Random(20), []
    names = [one["name"] for one in whole["components"]["parameters"].values() if one["in"] == "query"] + NAMES
    paths = [(path, sorted(METHODS & set(methods)))
             for path, methods in whole["paths"].items()]
    for _ in range(1200):
        path, methods = chance.choice(paths)
        parts = [quote(chance.choice(ODD).encode("utf-8", "replace"), safe=chance.choice(("", "/:"))) or "x"
                 if part.startswith("{") else part for part in path.split("/")]
        query = [(chance.choice(names), chance.choice(ODD).encode("utf-8", "replace").decode())
                 for _ in range(chance.choice((0, 0, 1, 1, 2, 4)))]
        address = "/epcis" + "/".join(parts)
        method = chance.choice(methods).upper()
        answer = call(partner, method, address, query_string=query, data=body(chance) if method == "POST" else None,
                      headers={"Accept": chance.choice(FORMS), "Content-Type": chance.choice(FORMS),
                               "GS1-Capture-Error-Behaviour": chance.choice(("proceed", "rollback", "x", ""))})
        faults += judged(answer, (method, address, query))
    assert faults == []


def body(chance: random.Random) -> bytes:
    """Something to send: nonsense, or a sound document with one byte changed."""
    sound = sorted(VALID.glob("*.json")) if VALID.is_dir() else []
    if not sound or chance.random() < 0.4:
        return chance.choice((b"", b"{}", b"[]", b"null", b'{"type":"ObjectEvent"}', b"<a/>", b"\xff\xfe", b'{"name":1,"query":[]}',
                              b'{"name":"x","query":{"EQ_bizStep":{"a":1}}}', b"[" * 5000, b'{"type":"EPCISDocument"}'))
    content = bytearray(chance.choice(sound).read_bytes())
    content[chance.randrange(len(content))] = chance.randrange(256)
    return bytes(content)


def judged(answer: Any, asked: Any) -> list[Any]:
    """What is wrong with the answer."""
    status = answer.status_code
    if status >= 500 and status != 501:
        return [(asked, status)]
    if status >= 400 and status != 405:
        told = answer.get_json(silent=True)
        named = isinstance(told, dict) and told.get("status") == status
        in_words = named and (told["type"].startswith("epcisException:") or status == 404)
        return [] if in_words else [(asked, status, told)]
    return []


def samples(kind: str) -> list[Any]:
    folder = SHARED / "conformance" / "epcis" / "capture" / kind
    if not folder.is_dir():
        pytest.skip(f"../shared/conformance/epcis/capture/{kind} is not here: its documents cannot be sent")
    return sorted(folder.glob("*.json"))


def test_valid_documents_come_back_with_the_same_meaning_in_every_form(partner: ApiClient) -> None:
    sent = Counter(event_hash(one) for path in samples("valid") for one in read(path.read_bytes()).events)
    for form, size in (("application/ld+json", 7), ("application/json", 100), ("application/xml", 1)):
        address, told = f"/epcis/events?perPage={size}", Counter[str]()
        while address:
            answer = call(partner, "GET", address, headers={"Accept": form})
            assert (answer.status_code, answer.mimetype) == (200, form)
            told.update(event_hash(one) for one in read(answer.get_data()).events)
            address = answer.headers["Link"].partition(">")[0][1:] if "Link" in answer.headers else ""
        assert set(sent) <= set(told)


def test_invalid_documents_are_refused_with_a_place(partner: ApiClient) -> None:
    for path in samples("invalid"):
        answer = call(partner, "POST", "/epcis/capture", data=path.read_bytes(), content_type="application/json")
        told = answer.get_json()
        assert (answer.status_code, told["type"]) == (400, "epcisException:ValidationException"), path.name
        assert told["errors"], path.name
