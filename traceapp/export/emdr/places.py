"""Places in a message: reading the value of an element there, and setting it with all that has to stand around it.

A step is `tag`, `tag[2]` (the second of its name), `tag[path=code]` (the one whose `path` has that code),
`tag[mailto:]` (the one whose value begins so), `tag[maker]` or `tag[facility]` (who was told of the event), each with
`*` where it repeats; the last is `@attribute` or `text()`.
"""
from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cache
from urllib.parse import quote, unquote

from .table import FDA, NCI, Element, concepts, minimum
from .tree import TYPE, Node

_STEP = re.compile(r"(?P<tag>\w+)(?:\[(?P<inside>[^\]]*)\])?(?P<many>\*)?")
# What stands plainly in a telephone number or an e-mail address.
_OF_ADDRESSES = "+()@,;"
_MAKER = "C53616"
_TOLD = "receiver/assignedEntity/assignedOrganization/code"


@dataclass(frozen=True, slots=True)
class Nothing:
    """A value that is not given, and why: FDA takes ASKU (asked but unknown), NI (no information), NA."""

    flavour: str


Value = str | Nothing
ALLOWED_NOTHING = ("ASKU", "NI", "NA")


@dataclass(frozen=True, slots=True)
class Step:
    """One level down: which of the children named `tag`."""

    tag: str
    inside: str = ""
    many: bool = False


@dataclass(frozen=True, slots=True)
class Place:
    """Steps to an element, and what of it: `@name` or `text()`; empty for the element itself."""

    steps: tuple[Step, ...]
    leaf: str = ""


@cache
def place_of(text: str) -> Place:
    """A place as the rows write it."""
    found = [(match["tag"], match["inside"] or "", bool(match["many"]))
             for match in _STEP.finditer(text.replace("/@", "/ @").partition(" @")[0].removesuffix("text()"))]
    leaf = "@" + text.partition("@")[2] if "@" in text else "text()" if text.endswith("text()") else ""
    return Place(tuple(Step(*one) for one in found) if not text.startswith("@") else (), leaf)


def _is_maker(node: Node) -> bool:
    told = _first(node, place_of(f"secondaryCaseNotification/{_TOLD}").steps)
    if told is not None and told.attributes.get("code"):
        return told.attributes["code"] == _MAKER
    note = _first(node, place_of("secondaryCaseNotification").steps)
    code = _first(node, place_of("secondaryCaseNotification/code").steps)
    return (note is not None and not note.named("author") and not node.named("sequenceNumber")
            and not (code is not None and code.attributes.get("code")))


_NAMED: dict[str, Callable[[Node], bool]] = {"maker": _is_maker, "facility": lambda node: not _is_maker(node)}


def _fits(node: Node, inside: str) -> bool:
    if inside in _NAMED:
        return _NAMED[inside](node)
    if inside.endswith(":"):
        return node.attributes.get("value", "").lower().startswith(inside)
    path, _, code = inside.partition("=")
    found = _first(node, place_of(path).steps)
    return found is not None and found.attributes.get("code") == code


def _matching(node: Node, step: Step) -> list[Node]:
    found = node.named(step.tag)
    if not step.inside:
        return found
    if step.inside.isdigit():
        return found[int(step.inside) - 1:int(step.inside)]
    return [child for child in found if _fits(child, step.inside)]


def _first(node: Node, steps: Sequence[Step]) -> Node | None:
    for step in steps:
        found = _matching(node, step)
        if not found:
            return None
        node = found[0]
    return node


def _blocks(node: Node, place: Place) -> list[tuple[Node, tuple[Step, ...]]]:
    """Each element that repeats, with the steps from there; one where nothing repeats."""
    at = next((index for index, step in enumerate(place.steps) if step.many), None)
    if at is None:
        return [(node, place.steps)]
    outer = _first(node, place.steps[:at])
    return [(one, place.steps[at + 1:]) for one in _matching(outer, place.steps[at])] if outer is not None else []


def found_at(node: Node, element: Element) -> list[Node | None]:
    """The nodes that hold an element, one for each time that its block stands there."""
    return [_first(start, steps) for start, steps in _blocks(node, place_of(element.place))]


def value_of(node: Node | None, element: Element) -> Value:
    """What a node says of an element; empty for nothing at all."""
    if node is None:
        return ""
    leaf = place_of(element.place).leaf
    raw = (node.text if leaf == "text()" else node.attributes.get(leaf[1:], "")).strip()
    if raw:
        return _read(raw, element)
    # A null value beside a unit is that of the amount.
    flavour = "" if leaf == "@unit" else node.attributes.get("nullFlavor", "")
    return Nothing(flavour) if flavour else ""


def _read(raw: str, element: Element) -> str:
    if element.kind == "phone":
        return unquote(raw.partition(":")[2])
    if element.kind == "negated":
        return {"false": "true", "true": "false"}.get(raw, raw)
    return raw


def values_at(node: Node, element: Element) -> tuple[Value, ...]:
    """Every value of an element under `node`, aligned with its blocks; empty when there is none at all."""
    values = tuple(value_of(one, element) for one in found_at(node, element))
    return values if any(values) else ()


def set_value(node: Node, element: Element, value: Value, index: int = 0) -> None:
    """Puts a value where the element stands in the `index`th of its blocks, making what is missing on the way."""
    place = place_of(element.place)
    if not value or (place.leaf == "@unit" and isinstance(value, Nothing)):
        return
    fills = dict(element.fills)
    kind = fills.pop("xsi:type", "")
    for step in place.steps:
        node = _child(node, step, index if step.many else 0)
        if step.tag == "value" and kind:
            node.attributes[TYPE] = kind
    if isinstance(value, Nothing):
        node.attributes["nullFlavor"] = value.flavour
        return
    node.attributes |= fills
    raw = _raw(value, element, place.steps[-1].inside)
    if place.leaf == "text()":
        node.text = raw
    else:
        node.attributes[place.leaf[1:]] = raw


def _raw(value: str, element: Element, inside: str) -> str:
    if element.kind == "phone":
        return inside + quote(value, safe=_OF_ADDRESSES)
    if element.kind == "negated":
        return {"false": "true", "true": "false"}.get(value, value)
    return value


def _child(node: Node, step: Step, index: int) -> Node:
    found = _matching(node, step)
    while len(found) <= index:
        made = node.add(step.tag)
        _make_fit(made, step.inside)
        again = _matching(node, step)
        if len(again) == len(found) and not step.inside.isdigit():
            raise AssertionError(f"{step} does not find what it made")
        found = again
    return found[index]


def _make_fit(node: Node, inside: str) -> None:
    """Gives a new element what its step finds it by."""
    if inside.endswith(":"):
        node.attributes["value"] = inside
    elif "=" in inside:
        path, _, code = inside.partition("=")
        _ask(node, path, code, concepts()[code])
    elif inside == "facility":
        node.add("secondaryCaseNotification").add("author")
    elif inside == "maker":
        _ask(node.add("secondaryCaseNotification"), _TOLD, _MAKER, "Report_Receiver")


def _ask(node: Node, path: str, code: str, name: str) -> None:
    for step in place_of(path).steps:
        node = _child(node, step, 0)
    node.attributes |= {"code": code, "codeSystem": FDA if code.startswith("F") else NCI, "codeSystemName": name}


def complete(node: Node, parent: str = "") -> None:
    """Adds below `node` what the schema or FDA want there whatever is known."""
    rows = minimum()
    for key in (node.tag, f"{parent}>{node.tag}"):
        for text, value in rows.get(key, ()):
            _add(node, place_of(text), value)
    for child in node.children:
        complete(child, node.tag)


def _add(node: Node, place: Place, value: str) -> None:
    found = _first(node, place.steps)
    if found is None:
        for step in place.steps:
            node = _child(node, step, 0)
        if place.leaf == "text()":
            node.text = value
        elif place.leaf:
            node.attributes[place.leaf[1:]] = value
    elif place.leaf.startswith("@") and place.leaf != "@nullFlavor" and "nullFlavor" not in found.attributes:
        found.attributes.setdefault(place.leaf[1:], value)


def is_always_there(node: Node, part: str, value: str) -> bool:
    """Whether what stands there says nothing of the case: the question of an answer, or what every message has."""
    return (node.tag, part, value) in _constants() or (part == "@code" and value in concepts()) or (
        part == "@nullFlavor" and value in ALLOWED_NOTHING)


@cache
def _constants() -> frozenset[tuple[str, str, str]]:
    return frozenset((place_of(text).steps[-1].tag if place_of(text).steps else within, place_of(text).leaf, value)
                     for within, rows in minimum().items() for text, value in rows)
