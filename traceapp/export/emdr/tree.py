"""The elements of a message, kept whole: what the table does not know is written again as it was read."""
from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from lxml import etree

from traceapp.core.errors import InvalidInput
from traceapp.epcis.model import EpcisErrors
from traceapp.epcis.xml_text import parse_root

from .table import order_of

HL7 = "urn:hl7-org:v3"
XSI = "http://www.w3.org/2001/XMLSchema-instance"
TYPE = f"{{{XSI}}}type"
ROOT = "PORR_IN040001UV01"
# Attachments included. What is larger is refused before it is read.
MAX_BYTES = 64 * 1024 * 1024
# Elements and attributes; an official message has some 700, and each takes about half a kilobyte.
MAX_MARKS = 300_000
# Namespaces that are declared; looking one up takes time with their number.
MAX_NAMES = 2_000
_NOT_XML = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


@dataclass(slots=True)
class Node:
    """An element: `tag` without the HL7 namespace; others as `{namespace}name`. `tail` is the text behind it, which
    names and addresses may have between their parts."""

    tag: str
    attributes: dict[str, str] = field(default_factory=dict)
    text: str = ""
    children: list[Node] = field(default_factory=list)
    tail: str = ""

    def named(self, tag: str) -> list[Node]:
        """The children of that name."""
        return [child for child in self.children if child.tag == tag]

    def add(self, tag: str) -> Node:
        """A new child where the schema wants it."""
        order = order_of(self.tag)
        rank = order.get(tag, len(order))
        place = next((index for index, child in enumerate(self.children)
                      if order.get(child.tag, len(order)) > rank), len(self.children))
        child = Node(tag)
        self.children.insert(place, child)
        return child

    def walk(self) -> Iterator[Node]:
        """The element and all inside it, in their order."""
        yield self
        for child in self.children:
            yield from child.walk()


def open_message(data: bytes) -> Any:
    """The root of a batch as lxml reads it. Raises InvalidInput for what is not one, and for what is too large or names
    entities, before a tree of it is made."""
    if len(data) > MAX_BYTES:
        raise InvalidInput("More than %(most)s MB: a report with its attachments is smaller.", code="too-large",
                           place="/", most=MAX_BYTES // 1024 // 1024)
    plain = data.replace(b"\x00", b"") if b"\x00" in data[:4] else data
    if plain.count(b"<") + plain.count(b"=\"") + plain.count(b"='") > MAX_MARKS or plain.count(b"xmlns") > MAX_NAMES:
        raise InvalidInput("This has more elements than any report.", code="too-large", place="/")
    try:
        root = parse_root(data, is_mixed=True)
    except EpcisErrors as error:
        first = error.findings[0]
        raise InvalidInput("This cannot be read as XML: %(reason)s", code=first.code, place=first.pointer or "/",
                           reason=first.message) from None
    if root.tag != f"{{{HL7}}}{ROOT}":
        raise InvalidInput("This is not an FDA device report: its root is not %(root)s in %(namespace)s.",
                           code="not-emdr", place="/", root=ROOT, namespace=HL7)
    return root


def tree_of(element: Any) -> Node:
    """The element as ours. Raises InvalidInput for a type that is named from another namespace."""
    attributes = dict(element.items())
    if TYPE in attributes:
        attributes[TYPE] = _own_type(element, attributes[TYPE])
    text = element.text or ""
    children = [tree_of(child) for child in element]
    tail = element.tail or ""
    return Node(_own_name(element.tag), attributes, text if text.strip() or not children else "", children,
                tail if tail.strip() else "")


def _own_name(tag: str) -> str:
    return tag.removeprefix(f"{{{HL7}}}")


def _own_type(element: Any, name: str) -> str:
    prefix, colon, local = name.strip().rpartition(":")
    if colon and element.nsmap.get(prefix) != HL7:
        raise InvalidInput("“%(name)s” is not a type of HL7.", code="unknown-type",
                           place=element.getroottree().getpath(element), name=name[:60])
    return local


def written(root: Node) -> bytes:
    """The tree as XML in UTF-8."""
    element = etree.Element(f"{{{HL7}}}{root.tag}", nsmap={None: HL7, "xsi": XSI})
    _fill(element, root)
    return etree.tostring(element, encoding="UTF-8", xml_declaration=True)


def _fill(element: Any, node: Node) -> None:
    for name, value in node.attributes.items():
        element.set(name, clean(value))
    element.text = clean(node.text) or None
    for child in node.children:
        tag = child.tag if child.tag.startswith("{") else f"{{{HL7}}}{child.tag}"
        made = etree.SubElement(element, tag)
        made.tail = clean(child.tail) or None
        _fill(made, child)


def clean(text: str) -> str:
    """The text without the characters that XML cannot carry; each becomes the mark for an unreadable one."""
    return _NOT_XML.sub("\ufffd", text)
