"""Tests of an event's own members: quantities, error declarations, sensors, extensions. Pure."""
from __future__ import annotations

import operator
import re
from collections.abc import Callable, Iterable, Iterator
from datetime import datetime
from decimal import Decimal, InvalidOperation
from typing import Any

from traceapp.core.errors import InvalidInput
from traceapp.epcis import Event as Said
from traceapp.epcis.identifiers import normal_form
from traceapp.epcis.namespaces import STANDARD_PREFIXES, prefixes
from traceapp.epcis.times import parse_time
from traceapp.epcis.vocabulary import web_form, word_of

from .query_checks import decimal, uris, word
from .query_draft import Test, bad_value, moment, one

Values = tuple[str, ...]
_SIGNS: dict[str, Callable[[Any, Any], bool]] = {
    "EQ": operator.eq, "GT": operator.gt, "GE": operator.ge, "LT": operator.lt, "LE": operator.le}
_FIELD = re.compile(
    r"(EQ|GT|GE|LT|LE|EXISTS)_(INNER_)?"
    r"(ILMD_|ERROR_DECLARATION_|SENSORELEMENT_|SENSORMETADATA_|SENSORREPORT_|readPoint_|bizLocation_)?(.+[:#].+)")
_KINDS = {"type": "measurement", "exception": "alert", "component": "component"}
_TEXTS = ("stringValue", "hexBinaryValue")
_MOMENTS = ("time", "startTime", "endTime")


def field_test(name: str, values: Values) -> Test:
    """The test of a parameter about quantities or the error declaration."""
    sign, _, field = name.partition("_")
    if field == "quantity":
        compare, limit = _SIGNS[sign], decimal(name, one(name, values))
        return lambda said: any(compare(stated.quantity, limit) for stated in _quantities(said))
    if field == "errorDeclarationTime":
        compare, at = _SIGNS[sign], moment(name, values)
        return lambda said: any(compare(found, at) for found in _moments(_declared(said), "declarationTime"))
    if field == "errorReason":
        reasons = {word(name, "reason", value) for value in values}
        return lambda said: word_of("reason", str(_declared(said).get("reason", ""))) in reasons
    wanted = {normal_form(value) for value in uris(name, values)}
    return lambda said: any(normal_form(found) in wanted for found in _texts(_declared(said).get("correctiveEventIDs")))


def _quantities(said: Said) -> Iterator[Any]:
    for group in (said.quantities, said.child_quantities, said.input_quantities, said.output_quantities):
        yield from (stated for stated in group if stated.quantity is not None)


def _declared(said: Said) -> dict[str, Any]:
    return said.error_declaration if isinstance(said.error_declaration, dict) else {}


def _texts(value: Any) -> list[str]:
    return [item for item in (value if isinstance(value, list) else [value]) if isinstance(item, str)]


def _moments(holder: dict[str, Any], member: str) -> Iterator[datetime]:
    for text in _texts(holder.get(member)):
        try:
            yield parse_time(text)
        except ValueError:
            continue


def sensor_test(name: str, values: Values) -> Test:
    """The test of a parameter about sensors: of the report, or of the metadata that hold for it."""
    sign, _, field = name.partition("_")
    holds: Callable[[dict[str, Any]], bool]
    if field in _MOMENTS:
        compare, at = _SIGNS[sign], moment(name, values)
        holds = lambda holder: any(compare(found, at) for found in _moments(holder, field))  # noqa: E731
    elif field == "percRank" or "_" in field:
        member, _, uom = field.partition("_")
        compare, limit = _SIGNS[sign], decimal(name, one(name, values))
        holds = lambda holder: (  # noqa: E731
            _is_number(holder.get(member)) and compare(holder[member], limit) and uom in ("", holder.get("uom")))
    elif field == "booleanValue":
        wanted_flag = _flag(name, values)
        holds = lambda holder: holder.get("booleanValue") is wanted_flag  # noqa: E731
    else:
        wanted = _wanted(name, field, values)
        holds = lambda holder: any(_plain(field, found) in wanted for found in _texts(holder.get(field)))  # noqa: E731
    return lambda said: any(holds(holder) for holder in _reports(said))


def _flag(name: str, values: Values) -> bool:
    text = one(name, values)
    if text not in ("true", "false"):
        raise bad_value(name, text)
    return text == "true"


def _wanted(name: str, field: str, values: Values) -> set[str]:
    """The words, URIs or texts that a parameter about sensors names. Raises InvalidInput."""
    if field in _KINDS:
        return {word(name, _KINDS[field], value) for value in values}
    return {normal_form(value) for value in (values if field in _TEXTS else uris(name, values))}


def _is_number(value: Any) -> bool:
    return isinstance(value, int | Decimal) and not isinstance(value, bool)


def _plain(field: str, value: str) -> str:
    kind = _KINDS.get(field)
    return word_of(kind, value) if kind else normal_form(value)


def _reports(said: Said) -> Iterator[dict[str, Any]]:
    """Each sensor report with the metadata that hold for it; the metadata alone where there are no reports."""
    for element in said.sensors:
        if isinstance(element, dict):
            metadata = element.get("sensorMetadata")
            shared = metadata if isinstance(metadata, dict) else {}
            reports = [item for item in element.get("sensorReport") or [] if isinstance(item, dict)]
            yield from ({**shared, **report} for report in reports or [{}])


def extension_test(name: str, values: Values) -> Test:
    """The test of a member with a namespace of its own, at the top or (`INNER`) anywhere below, in the part of the
    event that the name says. Raises InvalidInput where the name has no namespace."""
    match = _FIELD.fullmatch(name)
    if match is None:
        raise InvalidInput("The query parameter %(name)s is not known.", code="query-parameter", place=name[:60],
                           name=name[:60])
    sign, inner, part, field = match.groups()
    accepts = _accepting(sign, name, values)

    def test(said: Said) -> bool:
        declared = STANDARD_PREFIXES | prefixes(said.context)
        return any(accepts(value) for holder in _parts(said, part)
                   for value in _members(holder, field, declared, bool(inner)))

    return test


def _accepting(sign: str, name: str, values: Values) -> Callable[[Any], bool]:
    if sign == "EXISTS":
        return lambda _value: True
    if sign == "EQ":
        wanted = {value.strip() for value in values}
        numbers = {number for value in wanted if (number := _maybe_number(value)) is not None}
        return lambda value: any(str(item) in wanted or (_is_number(item) and Decimal(item) in numbers) or (
            isinstance(item, bool) and str(item).lower() in wanted) for item in _leaves(value))
    compare, text = _SIGNS[sign], one(name, values)
    number = _maybe_number(text)
    if number is not None:
        return lambda value: any(found is not None and compare(found, number)
                                 for found in map(_maybe_number, map(str, _leaves(value))))
    at = moment(name, values)
    return lambda value: any(compare(found, at) for item in _leaves(value)
                             for found in _moments({"at": item}, "at"))


def _maybe_number(text: str) -> Decimal | None:
    try:
        value = Decimal(text)
    except InvalidOperation:
        return None
    return value if value.is_finite() else None


def _leaves(value: Any) -> Iterator[Any]:
    if isinstance(value, list):
        for item in value:
            yield from _leaves(item)
    elif isinstance(value, dict):
        yield from (value[key] for key in ("@value", "#text", "id", "@id") if key in value)
    else:
        yield value


def _parts(said: Said, part: str | None) -> Iterable[dict[str, Any]]:
    document = said.document
    if part is None:
        found: list[Any] = [document]
    elif part in ("readPoint_", "bizLocation_"):
        found = [document.get(part[:-1])]
    elif part == "ILMD_":
        found = [said.ilmd]
    elif part == "ERROR_DECLARATION_":
        found = [said.error_declaration]
    elif part == "SENSORELEMENT_":
        found = list(said.sensors)
    elif part == "SENSORMETADATA_":
        found = [element.get("sensorMetadata") for element in said.sensors]
    else:
        found = [report for element in said.sensors for report in element.get("sensorReport") or []]
    return [item for item in found if isinstance(item, dict)]


def _members(holder: Any, field: str, declared: dict[str, str], is_inner: bool) -> Iterator[Any]:
    """The values of members of this name; of an inner one below the top alone."""
    if not is_inner:
        yield from (value for name, value in holder.items() if _is_named(name, field, declared))
        return
    stack = [value for value in holder.values() if isinstance(value, dict | list)]
    while stack:
        found = stack.pop()
        if isinstance(found, dict):
            yield from (value for name, value in found.items() if _is_named(name, field, declared))
        stack += [value for value in (found.values() if isinstance(found, dict) else found)
                  if isinstance(value, dict | list)]


def _is_named(name: str, field: str, declared: dict[str, str]) -> bool:
    if name == field:
        return True
    prefix, colon, local = name.partition(":")
    namespace = declared.get(prefix) if colon else None
    if namespace is None:
        return bool(colon) and web_form(name) == web_form(field)
    return field in (namespace + local, f"{namespace.rstrip('#')}#{local}")
