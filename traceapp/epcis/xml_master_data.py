"""Header, master data, body and query results in XML to their JSON form."""
from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from .model import Json
from .xml_text import refusal
from .xml_tree import Walk, parts

Convert = Callable[[Any, str], Any]


def header(walk: Walk, element: Any, pointer: str) -> Json:
    """The EPCISHeader: master data, and whatever else stands in it."""
    return _object(walk, element, pointer, {
        "EPCISMasterData": ("epcisMasterData", lambda child, place: _object(walk, child, place, _vocabularies(walk))),
    })


def body(walk: Walk, element: Any, pointer: str, events: Convert) -> Json:
    """The EPCISBody of a document or a query document."""
    return _object(walk, element, pointer, {
        "EventList": ("eventList", events),
        "QueryResults": ("queryResults", lambda child, place: _query_results(walk, child, place, events)),
    })


def _query_results(walk: Walk, element: Any, pointer: str, events: Convert) -> Json:
    walk.check_order(list(parts(element)), "QueryResults", pointer)
    return _object(walk, element, pointer, {
        "resultsBody": ("resultsBody", lambda inner, inside: _results(walk, inner, inside, events)),
    })


def _results(walk: Walk, element: Any, pointer: str, events: Convert) -> Json:
    known = {"EventList": ("eventList", events), **_vocabularies(walk)}
    # The answer to a query for master data has no events, and the JSON form always has their list.
    return {"eventList": []} | _object(walk, element, pointer, known)


def _object(walk: Walk, element: Any, pointer: str, known: Mapping[str, tuple[str, Convert]]) -> Json:
    """The members of an element: by `known` what the standard has there, once each, and the rest as it is."""
    result, others = walk.attributes(element), []
    walk.elements |= {f"{pointer}/{name}": (element, name) for name in result}
    for child in parts(element):
        member, convert = known.get(walk.name(child), ("", None))
        if convert is None:
            others.append(child)
        elif member in result:
            raise refusal(walk.path(child), "repeated-element", "This element stands here once only.")
        else:
            walk.elements[f"{pointer}/{member}"] = child
            result[member] = convert(child, f"{pointer}/{member}")
    walk.fill(result, others, pointer, lambda child, _name, place: walk.free(child, place))
    return result


def _vocabularies(walk: Walk) -> dict[str, tuple[str, Convert]]:
    return {"VocabularyList": ("vocabularyList", lambda child, place: _list(walk, child, place, {
        "VocabularyElementList": (
            "vocabularyElementList", lambda inner, inside: [
                _element(walk, item, f"{inside}/{index}") for index, item in enumerate(parts(inner))]),
    }))}


def _list(walk: Walk, element: Any, pointer: str, known: Mapping[str, tuple[str, Convert]]) -> list[Json]:
    found = []
    for index, child in enumerate(parts(element)):
        walk.elements[f"{pointer}/{index}"] = child
        found.append(_object(walk, child, f"{pointer}/{index}", known))
    return found


def _element(walk: Walk, element: Any, pointer: str) -> Json:
    walk.elements[pointer] = element
    result, others = walk.attributes(element), []
    attributes: list[Json] = []
    children = list(parts(element))
    walk.check_order(children, "VocabularyElement", pointer)
    for child in children:
        if walk.name(child) == "attribute":
            attributes.append(_attribute(walk, child, f"{pointer}/attributes/{len(attributes)}"))
        else:
            others.append(child)
    if attributes:
        result["attributes"] = attributes
    walk.fill(result, others, pointer, lambda child, name, place: _children(child) if name == "children"
              else walk.free(child, place))
    return result


def _children(element: Any) -> list[str]:
    return [(item.text or "").strip() for item in parts(element)]


def _attribute(walk: Walk, element: Any, pointer: str) -> Json:
    """`{"id", "attribute"}`: a value in JSON is a text, a number or an object."""
    walk.elements[pointer] = element
    value = walk.free(element, pointer + "/attribute")
    own = walk.attributes(element)
    if isinstance(value, dict):
        value = {key: inner for key, inner in value.items() if key.removeprefix("@") not in own or key[:1] != "@"}
        if set(value) <= {"#text"}:
            value = value.get("#text", "")
    if value is None or isinstance(value, bool):
        value = (element.text or "").strip()
    return own | {"attribute": value}
