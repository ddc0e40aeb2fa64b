"""An OpenAPI document as rows that a page can show."""
from __future__ import annotations

from dataclasses import dataclass
from typing import Any

_METHODS = ("get", "post", "put", "patch", "delete")


@dataclass(frozen=True, slots=True)
class Operation:
    """One method of one path, with its parameters and the fields of its body."""

    method: str
    path: str
    summary: str
    tag: str
    parameters: tuple[tuple[str, str, bool], ...]
    fields: tuple[tuple[str, str, bool], ...]


def describe(document: dict[str, Any]) -> list[Operation]:
    """Every operation in the order of the document."""
    found = []
    for path, item in document.get("paths", {}).items():
        for method in _METHODS:
            operation = item.get(method)
            if operation:
                parameters = [_resolved(document, one) for one in (*item.get("parameters", []),
                                                                   *operation.get("parameters", []))]
                found.append(Operation(
                    method.upper(), path, operation.get("summary", ""), (operation.get("tags") or [""])[0],
                    tuple((one["name"], one["in"], bool(one.get("required"))) for one in parameters),
                    _fields(document, operation)))
    return found


def _resolved(document: dict[str, Any], part: dict[str, Any]) -> dict[str, Any]:
    """A part of the description, or what it refers to."""
    name = str(part.get("$ref", ""))
    if not name:
        return part
    _, _, kind, key = name.split("/")
    found: dict[str, Any] = document["components"][kind][key]
    return found


def _fields(document: dict[str, Any], operation: dict[str, Any]) -> tuple[tuple[str, str, bool], ...]:
    contents = list(operation.get("requestBody", {}).get("content", {}).values()) or [{}]
    schema = _resolved(document, contents[0].get("schema", {}))
    required = set(schema.get("required", []))
    return tuple((field, _kind(value), field in required) for field, value in schema.get("properties", {}).items())


def _kind(value: dict[str, Any]) -> str:
    if "$ref" in value:
        return str(value["$ref"]).rsplit("/", 1)[-1]
    kind = value.get("type", "any")
    text = "/".join(kind) if isinstance(kind, list) else str(kind)
    if "enum" in value:
        text += ": " + ", ".join(str(item) for item in value["enum"])
    return text
