"""A message to its sections. What the table does not know is kept word for word; nothing is dropped."""
from __future__ import annotations

from operator import itemgetter
from typing import Any, BinaryIO
from xml.sax.saxutils import escape

from lxml import etree

from traceapp.core.errors import InvalidInput, TooLarge

from . import references
from .layout import NAMESPACE, Node, Plan, clark, plans, short
from .model import Kept, Marks, Section, Value
from .xml_input import parse

# Pieces of one message that nobody knows; a file with more is no safety report.
MAX_KEPT = 20_000
# Reports, and parts of them that repeat.
MAX_SECTIONS = 100_000
# Names, addresses and data: what HL7 lets hold text and elements side by side.
_MIXED = frozenset({"name", "addr", "text", "title", "value", "originalText", "bibliographicDesignationText"})
_TEXT = "#text"
_TYPE = clark("xsi:type")
_PREFIX = f"{{{NAMESPACE}}}"


def read_batch(source: bytes | BinaryIO) -> Section:
    """The batch in a file or stream. Raises InvalidInput or TooLarge with the place."""
    return batch_of(parse(source))


def batch_of(root: Any) -> Section:
    """The batch under a root element that was parsed already."""
    if root.tag != _PREFIX + "MCCI_IN200100UV01":
        raise InvalidInput("This is no E2B(R3) batch: its root element is %(name)s.", code="not-e2b-r3", place="/",
                           name=etree.QName(root).localname)
    _plain_types(root)
    reading = _Reading()
    batch = Section("batch")
    reading.node(plans()["batch"], plans()["batch"].root, root, batch)
    for report in batch.each("N.2.r"):
        references.gather(report)
    return batch


def _plain_types(root: Any) -> None:
    """Take the prefix off types of HL7, so that they read the same whatever prefix a sender uses."""
    for element in root.iter():
        prefix, _, name = (element.get(_TYPE) or "").partition(":") if isinstance(element.tag, str) else ("", "", "")
        if name and element.nsmap.get(prefix) == NAMESPACE:
            element.set(_TYPE, name)


class _Reading:
    """One message that is being read; counts its sections and what nobody knows."""

    def __init__(self) -> None:
        self.kept = 0
        self.sections = 0

    def node(self, plan: Plan, node: Node, element: Any, section: Section) -> None:
        """Take everything in and under `element`, which is `node` of `plan`, into `section`."""
        path = "." if node is plan.root else node.path
        recorded = self._values(node, element, section)
        marks = self._marks(node, element)
        if marks:
            section.marks[path] = marks
        before = len(section.values), len(section.kept), len(section.marks), len(section.sections)
        present = self._children(plan, node, element, section, path)
        after = len(section.values), len(section.kept), len(section.marks), len(section.sections)
        for child in node.children:
            if child.path not in present and child.is_constant:
                section.marks[child.path] = None
        if recorded or marks or before != after or node.is_constant or node.is_key or node is plan.root:
            return
        section.marks[path] = ()

    def _values(self, node: Node, element: Any, section: Section) -> bool:
        main = node.main
        null = element.get("nullFlavor") or ""
        found = False
        for slot in node.slots:
            text = element.text if slot.attribute == "text" else element.get(slot.attribute)
            if slot.attribute == "text" and not (text and text.strip()):
                text = None
            if text is not None and slot.prefix:
                text = None if slot.is_bare(text, element) else text[len(slot.prefix):]
            reason = null if slot is main else ""
            if text is not None or reason:
                section.values[slot.element] = Value(text, reason, slot.place)
                found = True
        return found

    def _marks(self, node: Node, element: Any) -> Marks:
        """The attributes and the text that are neither a value nor as always."""
        taken = {slot.attribute for slot in node.slots} | ({"nullFlavor"} if node.slots else set())
        fixed = dict(node.fixed)
        marks: list[tuple[str, str | None]] = []
        for name, value in element.attrib.items():
            name = short(name)
            if not name:
                raise InvalidInput("An attribute of another namespace cannot be kept.", code="foreign-attribute",
                                   place=_place(element))
            if (name not in taken or (name == "nullFlavor" and not value)) and fixed.get(name) != value:
                marks.append((name, value))
        marks.extend((name, None) for name in fixed if element.get(clark(name)) is None)
        if "text" not in taken and element.text and element.text.strip():
            marks.append(("text()", element.text))
        return tuple(sorted(marks, key=itemgetter(0)))

    def _children(self, plan: Plan, node: Node, element: Any, section: Section, path: str) -> set[str]:
        used: set[str] = set()
        before: set[str] = set()
        for child in element:
            if not isinstance(child.tag, str):
                raise InvalidInput("A document type or entity is not read.", code="document-type", place=_place(child))
            found = self._match(node, child, section, used)
            if found is None:
                self._keep(section, path, child, tuple(sorted(before)))
            elif found.section:
                self.node(plans()[found.section], found, child, self._section(section, found.section, child))
            else:
                used.add(found.path)
                self.node(plan, found, child, section)
            before.add(child.tag.removeprefix(_PREFIX))
            if child.tail and child.tail.strip():
                self._keep_text(section, node, child, path, tuple(sorted(before)))
                before.add(_TEXT)
        return used

    def _section(self, section: Section, name: str, element: Any) -> Section:
        self.sections += 1
        if self.sections > MAX_SECTIONS:
            raise TooLarge("The file has more than %(count)s parts; send it in several batches.", place=_place(element),
                           count=MAX_SECTIONS)
        return section.add(name)

    def _match(self, node: Node, element: Any, section: Section, used: set[str]) -> Node | None:
        for child in node.children:
            if _PREFIX + child.tag != element.tag or child.path in used:
                continue
            if not child.section and any(slot.element in section.values for slot in child.slots):
                continue
            if child.fits(element):
                return child
        return None

    def _keep(self, section: Section, path: str, element: Any, before: tuple[str, ...]) -> None:
        self._count(element)
        name = etree.QName(element).localname
        section.kept.append(Kept(path, name, etree.tostring(element, encoding="unicode", with_tail=False), before))

    def _keep_text(self, section: Section, node: Node, element: Any, path: str, before: tuple[str, ...]) -> None:
        """Keep the text behind an element, where the schema lets text stand between elements."""
        if node.tag not in _MIXED:
            raise InvalidInput("Text between elements cannot be kept.", code="loose-text", place=_place(element))
        self._count(element)
        section.kept.append(Kept(path, _TEXT, escape(element.tail), before))

    def _count(self, element: Any) -> None:
        self.kept += 1
        if self.kept > MAX_KEPT:
            raise TooLarge("The file has more than %(count)s pieces that E2B(R3) does not know.", place=_place(element),
                           count=MAX_KEPT)


def _place(element: Any) -> str:
    parent = element if isinstance(element.tag, str) else element.getparent()
    return f"line {parent.sourceline}: {etree.QName(parent).localname}"
