"""Whatever is sent to the machine interface, the fault is never ours: requests made up from its own description, most
of them right but for one or two parts."""
from __future__ import annotations

import io
import json
import re
from dataclasses import dataclass, field
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from hypothesis.strategies import SearchStrategy

from tests.factories_api import Plant, make_plant, picture
from tests.factories_web import Console
from traceapp.identity.policy import Role, permissions_of

HOSTILE = st.one_of(st.text(max_size=12), st.sampled_from(
    ["", " ", "\0", "a\0b", "\ud800", "\u202e", "%", "'; --", "𝟙", "٣", "zh", "9" * 400, "A" * 5000, "../../etc", "null",
     "{}", "%s%(x)s", "/", "a/b", "1e400", "NaN", "Infinity", "-1", "0.0000001", "999999999999", "0001-01-01",
     "1900-01-01T00:00:00+14:00", "9000-01-01T00:00:00-12:00", "2026-11-20T09:00:00", "MTR", "TNE"]))
NUMBERS = st.one_of(st.integers(-3, 50), st.sampled_from(
    [2**31, 2**63, 2**64, -(2**63), 10**30, 1e308, -0.0, 0.5, 1e-9]))
VALUES = st.recursive(st.one_of(st.none(), st.booleans(), NUMBERS, HOSTILE), lambda inner: st.one_of(
    st.lists(inner, max_size=3), st.dictionaries(HOSTILE, inner, max_size=3)), max_leaves=6)
# What a field of this name usually holds; ids come from the house.
USUAL = {"unit": ["EA", "KGM"], "gtin": ["06901234500011", "16901234500018"], "country": ["CN"], "gln": [None],
         "time_zone": ["Asia/Shanghai"], "zone": ["Asia/Shanghai"], "email": ["a@b.example"], "severity": ["minor", None],
         "result": ["complaint", "inquiry"], "password": ["correct horse battery staple", "another long password"],
         "sign_in_name": ["a", "b", "c"], "terms": [["redness"], []], "seriousness": [[], ["death"]], "lower": ["1"],
         "upper": ["9"], "value": ["5"], "levels": [[]], "recipe": [[]], "recipe_output": [None], "number": ["N-1", "N-2"]}


class Description(dict[str, Any]):
    """The description, short where it is named."""

    def __repr__(self) -> str:
        return "the description"


@dataclass(frozen=True, slots=True)
class Operation:
    """One operation of the description; `roles` may do it; `needs_version`: it changes something that has versions."""

    method: str
    path: str
    item: dict[str, Any] = field(repr=False)
    roles: tuple[str, ...]
    needs_version: bool


@pytest.fixture(scope="module")
def plant(console: Console) -> Plant:
    return make_plant(console)


@pytest.fixture(scope="module")
def document(plant: Plant) -> Description:
    return Description(plant.console.app.test_client().get("/api/openapi.json").get_json())


@pytest.fixture(scope="module")
def operations(plant: Plant, document: Description) -> list[Operation]:
    """Every operation but those whose one success would change what all other requests meet."""
    table = plant.console.app.extensions["permissions"]
    needed = {(method, re.sub(r"<(\w+)>", r"{\1}", rule.rule)): table[rule.endpoint]
              for rule in plant.console.app.url_map.iter_rules() for method in rule.methods or ()}
    found = []
    for path, item in document["paths"].items():
        for method in (name for name in item if name != "parameters"):
            asked = needed[method.upper(), path]
            roles = tuple(role for role in Role if asked == "signed_in" or asked in permissions_of(role))
            found.append(Operation(method, path, item[method], roles, "(If-Match)" in item[method]["summary"]))
    return found


def made(schema: dict[str, Any], document: Description, ids: dict[str, str], name: str = "") -> SearchStrategy[Any]:
    """Ordinary values of a schema."""
    if "$ref" in schema:
        schema = document["components"]["schemas"][schema["$ref"].rsplit("/", 1)[1]]
    kind = schema.get("type", "any")
    if isinstance(kind, list):
        return st.one_of([made(schema | {"type": one}, document, ids, name) for one in kind])
    named = [value for key, value in ids.items() if name and (name == key or key == f"{name}_id" or name.endswith(key))]
    usual = USUAL.get(name) or schema.get("enum") or (named if kind == "string" else None)
    if usual:
        return st.sampled_from(usual)
    if kind == "object" and "properties" in schema:
        fields = {key: made(value, document, ids, key) for key, value in schema["properties"].items()
                  if not value.get("readOnly")}
        needed = {key: fields.pop(key) for key in schema.get("required", []) if key in fields}
        return st.fixed_dictionaries(needed, optional=fields)
    if kind == "array":
        part = "" if "$ref" in schema["items"] else name.removesuffix("s")
        return st.lists(made(schema["items"], document, ids, part), min_size=1, max_size=2)
    return {"string": _text(schema), "null": st.none(), "boolean": st.booleans(), "integer": st.integers(1, 3),
            "number": st.sampled_from([0.01, 0.4, 3.0]), "object": st.just({})}.get(kind, VALUES)


def _text(schema: dict[str, Any]) -> SearchStrategy[Any]:
    if schema.get("format") == "binary":
        return st.just(picture()) | st.just("批号,接收日期,问题描述\nP-1,2026-11-01,痒\n".encode()) | st.binary(max_size=30)
    typed = {"date": ["2026-11-20", "2027-11-20"], "date-time": ["2026-11-20T09:00:00+08:00", "2026-11-22T08:00:00Z"]}
    if schema.get("format") in typed:
        return st.sampled_from(typed[schema["format"]])
    if "pattern" in schema:
        return st.sampled_from(["1", "2", "0.5"])
    return st.sampled_from(["红色 red", "xy", "once more"]).map(lambda text: text[:schema.get("maxLength", 99)])


@st.composite
def requests(draw: st.DrawFn, operation: Operation, document: Description, ids: dict[str, str]) -> dict[str, Any]:
    """The parts of a request."""
    def value_of(name: str) -> str:
        is_known = draw(st.integers(0, 9)) > 0
        return draw(st.just(ids.get(name, "x")) if is_known else st.sampled_from(["unknown", "0" * 32, "é\u202e", "a" * 300]))

    query = {}
    for one in operation.item.get("parameters", []):
        if one.get("in") == "query" and (one.get("required") or draw(st.booleans())):
            is_ordinary = draw(st.integers(0, 4)) > 0
            query[one["name"]] = draw(made(one["schema"], document, ids, one["name"]) if is_ordinary else HOSTILE)
    found: dict[str, Any] = {
        "path": re.sub(r"{(\w+)}", lambda part: value_of(part[1]), operation.path),
        "query_string": {name: str(value).encode("utf-8", "replace") for name, value in query.items() if value is not None}}
    for kind, content in operation.item.get("requestBody", {}).get("content", {}).items():
        body = _twisted(draw, draw(made(content["schema"], document, ids)))
        if kind == "application/json":
            text = json.dumps(body, ensure_ascii=draw(st.booleans())).encode("utf-8", "surrogatepass")
            found |= {"data": text if draw(st.integers(0, 19)) else draw(st.binary(max_size=20)), "content_type": kind}
        else:
            found["data"] = {name: (io.BytesIO(value), "x.png") if isinstance(value, bytes)
                             else str(value).encode("utf-8", "replace").decode() for name, value in body.items()}
    return found


def _twisted(draw: st.DrawFn, body: dict[str, Any]) -> dict[str, Any]:
    """The body, half of the time with one or two parts that do not belong there."""
    for _ in range(draw(st.sampled_from([0, 0, 1, 2]))):
        inner = [part for value in body.values() if isinstance(value, list) for part in value if isinstance(part, dict)]
        target = draw(st.sampled_from([body, *inner]))
        target[draw(st.sampled_from([*target, "surprise"]))] = draw(HOSTILE | VALUES)
    return body


def version_of(plant: Plant, role: str, path: str) -> str:
    """The ETag of what a request is about: of the longest part of its path that has one."""
    parts = path.split("/")
    for length in range(len(parts), 4, -1):
        answer = plant.as_role(role).client.get("/".join(parts[:length]), headers={
            "Authorization": f"Bearer {plant.as_role(role).token}"})
        if answer.headers.get("ETag"):
            return str(answer.headers["ETag"])
    return '"1"'


@given(data=st.data())
@settings(max_examples=250, deadline=None, derandomize=True, database=None, suppress_health_check=list(HealthCheck))
def test_no_request_is_a_fault_of_ours(plant: Plant, document: Description, operations: list[Operation],
                                       data: st.DataObject) -> None:
    operation = data.draw(st.sampled_from(operations))
    parts = data.draw(requests(operation, document, plant.ids))
    role = data.draw(st.sampled_from(operation.roles))
    headers = {"Authorization": f"Bearer {plant.as_role(role).token}"}
    if operation.needs_version and data.draw(st.integers(0, 4)):
        headers["If-Match"] = version_of(plant, role, parts["path"])
    elif data.draw(st.integers(0, 9)) == 0:
        headers["If-Match"] = data.draw(st.sampled_from(['"1"', "*", '"-1"', '"1", "2"', '"' + "9" * 30 + '"']))
    if data.draw(st.integers(0, 4)) == 0:
        headers["Idempotency-Key"] = data.draw(st.sampled_from(["key", "k" * 200, "é", "\x01"]))
    answer = plant.as_role(role).client.open(method=operation.method.upper(), headers=headers, **parts)
    assert answer.status_code < 500, f"{operation.method} {parts}: {answer.get_data(as_text=True)}"
    if answer.status_code >= 400:
        told = answer.get_json()
        assert answer.mimetype == "application/problem+json" and told["status"] == answer.status_code and told["detail"]
    if operation.needs_version and "If-Match" not in headers:
        assert answer.status_code >= 400, f"{operation.method} {operation.path} changed a version that nobody named"


BODIES = (
    b"", b"null", b"[]", b'"text"', b"7", b"{", b"\xff\xfe{\x00}\x00", b"\xef\xbb\xbf{}", b'{"narrative": NaN}', b"\x00" * 9,
    b'{"narrative": ' + b"9" * 5000 + b"}", b'{"narrative": 1e999999}', b'{"narrative": "x", "narrative": "y", "z": 1}',
    b'{"narrative": "\\ud800", "\\ud800": 1}', b'{"contact": ' * 900 + b"1" + b"}" * 900)


@pytest.mark.parametrize("kind", ["application/json", "application/json; charset=utf-16", "text/plain", "multipart/form-data",
                                  "multipart/form-data; boundary=", None])
def test_a_body_that_is_none_is_refused(plant: Plant, kind: str | None) -> None:
    client = plant.as_role("quality_manager")
    for method, path in (("POST", "complaints"), ("POST", "complaint-imports"), ("PUT", "account")):
        for body in BODIES:
            answer = client.client.open(f"/api/v1/{path}", method=method, data=body, content_type=kind,
                                        headers={"Authorization": f"Bearer {client.token}"})
            assert 400 <= answer.status_code < 500, f"{path} {body!r}: {answer.get_data(as_text=True)}"
            assert answer.mimetype == "application/problem+json" and answer.get_json()["detail"]
