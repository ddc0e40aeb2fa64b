"""A report and a batch of them, as values by the form's elements and as the message that carries them."""
from __future__ import annotations

import base64
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from traceapp.core.errors import InvalidInput

from .places import ALLOWED_NOTHING, Value, complete, found_at, is_always_there, place_of, set_value, values_at
from .table import elements
from .tree import ROOT, Node, open_message, tree_of, written

VERSION_2005 = "V3NORMED_2005"
MOST_REPORTS = 1000
_MANUFACTURER = "C53616"
_MOST_DIGITS = 6
_ATTACHMENT_TYPE = "text/plain"
# What says how a value is meant, not what it is.
_ABOUT = frozenset({"codeSystem", "codeSystemName", "mediaType", "moodCode", "typeCode", "representation", "root",
                    "assigningAuthorityName", "classCode", "determinerCode", "displayName", "codeSystemVersion"})


@dataclass(frozen=True, slots=True)
class Attachment:
    """A file that goes with a report."""

    name: str
    data: bytes = field(repr=False)
    media_type: str = _ATTACHMENT_TYPE


@dataclass(frozen=True, slots=True)
class Mdr:
    """One report: Form 3500A as the `message` of a batch. The node is what was read or built, and is not changed."""

    node: Node = field(repr=False)

    @classmethod
    def of(cls, values: Mapping[str, Sequence[Value]], attachments: Sequence[Attachment] = ()) -> Mdr:
        """A report of these values, by the ids of the elements; whatever else the schema wants is added."""
        node = Node("message")
        for attachment in attachments:
            _attach(node, attachment)
        known = elements()
        for element_id, given in values.items():
            for index, value in enumerate(given):
                set_value(node, known[element_id], value, index)
        complete(node, ROOT)
        return cls(node)

    def values(self) -> dict[str, tuple[Value, ...]]:
        """Everything that the form has a box for, by element; what repeats in the order of the message."""
        found = {one.id: self.get(one.id) for one in elements().values() if not one.id.startswith("batch.")}
        return {key: given for key, given in found.items() if given}

    def get(self, element_id: str) -> tuple[Value, ...]:
        """The values of an element; empty for none."""
        return values_at(self.node, elements()[element_id])

    def text(self, element_id: str) -> str:
        """The first value of an element that is not a null value; empty for none."""
        return next((value for value in self.get(element_id) if isinstance(value, str) and value), "")

    def texts(self, element_id: str) -> tuple[str, ...]:
        """The values of an element without null values and gaps."""
        return tuple(value for value in self.get(element_id) if isinstance(value, str) and value)

    @property
    def followup_number(self) -> int:
        """Which follow-up of its report this is; 0 for the report itself, and for what is no number."""
        given = self.text("G7.number")
        return int(given) if given.isdecimal() and len(given) <= _MOST_DIGITS else 0

    @property
    def is_from_facility(self) -> bool:
        """Whether a user facility or importer reports, under a number of its own."""
        return self.text("F2") not in ("", *ALLOWED_NOTHING) and self.text("message.author") not in ("", _MANUFACTURER)

    def attachments(self) -> tuple[Attachment, ...]:
        """The files that go with the report; one that is not base64 is left out here, and the check says so."""
        return tuple(one for one in (attachment_of(node) for node in self.node.named("attachment")) if one)

    def unread(self) -> Iterator[tuple[str, str]]:
        """Path and value of what the message says beyond the form's boxes. It is kept, and written again."""
        yield from _beyond(self.node, "message", _bound(self.node))


@dataclass(frozen=True, slots=True)
class Batch:
    """What is sent: the root with its reports. The node is what was read or built, and is not changed."""

    node: Node = field(repr=False)

    @classmethod
    def of(cls, head: Mapping[str, Value], reports: Sequence[Mdr]) -> Batch:
        """A batch of these reports; `head` gives the elements of the batch. Their own numbers in it begin with 1."""
        root = Node(ROOT)
        for element_id, value in head.items():
            set_value(root, elements()[element_id], value)
        set_value(root, elements()["batch.total"], str(len(reports)))
        complete(root)
        root.children += [_numbered(report.node, number) for number, report in enumerate(reports, 1)]
        return cls(root)

    @property
    def reports(self) -> tuple[Mdr, ...]:
        """The reports in it, in order."""
        return tuple(Mdr(node) for node in self.node.named("message"))

    def head(self) -> dict[str, Value]:
        """The elements of the batch itself."""
        found = ((one.id, values_at(self.node, one)) for one in elements().values() if one.id.startswith("batch."))
        return {key: given[0] for key, given in found if given}


def read_batch(data: bytes) -> Batch:
    """What a file says. Raises InvalidInput for what is no batch of device reports, is too large or would do harm."""
    return batch_at(open_message(data))


def batch_at(root: Any) -> Batch:
    """The batch below a root that was opened. Raises InvalidInput for more reports than one batch may hold."""
    batch = Batch(tree_of(root))
    if len(batch.reports) > MOST_REPORTS:
        raise InvalidInput("More than %(most)d reports in one batch.", code="too-many", place="/", most=MOST_REPORTS)
    return batch


def write_batch(batch: Batch, version: str = "") -> bytes:
    """The file, with the HL7 version that is asked for, or as it stands."""
    if not version:
        return written(batch.node)
    root = Node(ROOT, dict(batch.node.attributes), "", [
        Node("versionCode", {"code": version}) if child.tag == "versionCode" else child
        for child in batch.node.children])
    return written(root)


def _numbered(node: Node, number: int) -> Node:
    children = [Node("id", child.attributes | {"extension": str(number)}) if child.tag == "id" else child
                for child in node.children]
    return Node(node.tag, node.attributes, node.text, children, node.tail)


def _attach(node: Node, attachment: Attachment) -> None:
    text = node.add("attachment").add("text")
    text.attributes = {"mediaType": attachment.media_type, "representation": "B64"}
    text.text = base64.encodebytes(attachment.data).decode("ascii")
    text.add("reference").attributes["value"] = attachment.name


def attachment_of(node: Node) -> Attachment | None:
    """The file in an `attachment`; None when it is not base64."""
    for text in node.named("text"):
        name = next((one.attributes.get("value", "") for one in text.named("reference")), "")
        if text.attributes.get("representation") != "B64":
            return Attachment(name, text.text.encode(), text.attributes.get("mediaType", _ATTACHMENT_TYPE))
        try:
            data = base64.b64decode("".join(text.text.split()), validate=True)
        except ValueError:
            return None
        return Attachment(name, data, text.attributes.get("mediaType", _ATTACHMENT_TYPE))
    return None


def _bound(message: Node) -> set[tuple[int, str]]:
    """What the rows of the form read: the node's identity and the part of it."""
    found: set[tuple[int, str]] = set()
    for element in elements().values():
        for node in found_at(message, element):
            if node is not None:
                found.add((id(node), place_of(element.place).leaf))
    return found


def _beyond(node: Node, path: str, bound: set[tuple[int, str]]) -> Iterator[tuple[str, str]]:
    parts = [(f"@{name}", value) for name, value in node.attributes.items()
             if not name.startswith("{") and name not in _ABOUT]
    for part, value in [*parts, ("text()", node.text.strip())]:
        if value and (id(node), part) not in bound and not is_always_there(node, part, value):
            yield f"{path}/{part}", value
    for child in node.children:
        if child.tail:
            yield f"{path}/text()", child.tail.strip()
        if (node.tag, child.tag) != ("message", "attachment"):
            yield from _beyond(child, f"{path}/{child.tag}", bound)
