"""Sections to a message: valid order, the same bytes for the same values. No tree is built; the text is joined."""
from __future__ import annotations

import re
from functools import cache

from traceapp.core.errors import InvalidInput

from . import references
from .layout import NAMESPACE, XSI, Node, Plan, plans
from .model import Marks, Section, Value

# A child, its bit, whether it is constant, and its path.
_Step = tuple[Node, int, bool, str]
_HEAD = '<?xml version="1.0" encoding="UTF-8"?>\n'
_SPACES = f' xmlns="{NAMESPACE}" xmlns:xsi="{XSI}"'
_FORBIDDEN = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]")
_SPECIAL = re.compile("[&<>\"\r\n\t]")
_ESCAPES = {"&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;", "\r": "&#13;", "\n": "&#10;", "\t": "&#9;"}


def write_batch(batch: Section) -> bytes:
    """The message of a batch in UTF-8. Raises InvalidInput for a character that XML cannot carry, or for a value that
    has no place in the message."""
    parts: list[str] = [_HEAD]
    _write(plans()["batch"], batch, parts)
    text = "".join(parts)
    if _FORBIDDEN.search(text):
        element = next((element for section in batch.walk() for element, value in section.values.items()
                        if _FORBIDDEN.search(value.text or "")), "/")
        raise InvalidInput("%(element)s has a character that XML cannot carry.", code="character", place=element,
                           element=element)
    return text.encode("utf-8")


def _attribute(text: str) -> str:
    return _SPECIAL.sub(lambda found: _ESCAPES[found.group()], text) if _SPECIAL.search(text) else text


def _content(text: str) -> str:
    if "&" in text or "<" in text or ">" in text:
        text = text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
    return text.replace("\r", "&#13;") if "\r" in text else text


def _mask(plan: Plan, section: Section) -> int:
    """The nodes that the section needs, as a set of bits."""
    mask = plan.always
    for element, value in section.values.items():
        found = plan.values.get((element, value.place))
        if found is None:
            raise InvalidInput("%(element)s has no place in section %(section)s.", code="no-place", place=element,
                               element=element, section=section.name)
        mask |= found
    for name, sections in section.sections.items():
        if name not in plan.hooks:
            raise InvalidInput("%(element)s has no place in section %(section)s.", code="no-place", place=name,
                               element=name, section=section.name)
        if sections:
            mask |= plan.hooks[name]
    for path, mark in section.marks.items():
        if mark is not None:
            mask |= plan.masks[path]
    for kept in section.kept:
        mask |= plan.masks[kept.parent]
    return mask


def _write(plan: Plan, section: Section, parts: list[str]) -> None:
    if section.name == "N.2.r":
        section = references.spread(section)
    _Writing(plan, section, parts).node(plan.root, ".")


@cache
def _start(node: Node) -> str:
    return f"<{node.tag}" + "".join(f' {name}="{_attribute(value)}"' for name, value in node.fixed)


@cache
def _constant(node: Node) -> str:
    inner = "".join(_constant(child) for child in node.children)
    return _start(node) + (f">{inner}</{node.tag}>" if inner else "/>")


@cache
def _steps(node: Node) -> tuple[_Step, ...]:
    """The children with their bit, whether they are constant, and their path."""
    return tuple((child, child.bit, child.is_constant, child.path) for child in node.children)


class _Writing:
    """One section that is being written."""

    def __init__(self, plan: Plan, section: Section, parts: list[str]) -> None:
        self.section = section
        self.values = section.values
        self.marks = section.marks
        self.mask = _mask(plan, section)
        self.holes = {kept.parent for kept in section.kept}
        self.parts = parts
        self.root = plan.root

    def node(self, node: Node, path: str) -> None:
        """Write a node and what stands in it."""
        parts = self.parts
        text = self._open(node, path)
        at = len(parts)
        parts.append(">")
        if text:
            parts.append(text)
        if path in self.holes:
            self._around(node, path)
        elif node.children:
            self._inner(_steps(node))
        if len(parts) == at + 1:
            parts[at] = "/>"
        else:
            parts.append(f"</{node.tag}>")

    def _open(self, node: Node, path: str) -> str:
        """Write the start of a node; answers its text."""
        marks = self.marks.get(path)
        if marks:
            return self._marked(node, marks)
        parts = self.parts
        parts.append(_start(node))
        if node is self.root and node.path == "MCCI_IN200100UV01":
            parts.append(_SPACES)
        text = ""
        for slot in node.slots:
            value = self.values.get(slot.element)
            if value is None or value.place != slot.place:
                continue
            if slot.attribute == "text":
                text = _content(value.text or "")
            elif value.text is not None:
                parts.append(f' {slot.attribute}="{slot.prefix}{_attribute(value.text)}"')
            elif slot.prefix:
                parts.append(f' {slot.attribute}="{slot.prefix[:-1]}"')
            if value.null:
                parts.append(f' nullFlavor="{_attribute(value.null)}"')
        return text

    def _marked(self, node: Node, marks: Marks) -> str:
        """Write the start of a node with attributes that differ from the usual."""
        attributes: dict[str, str | None] = dict(node.fixed)
        text = ""
        for slot in node.slots:
            value: Value | None = self.values.get(slot.element)
            if value is None or value.place != slot.place:
                continue
            if slot.attribute == "text":
                text = value.text or ""
            elif value.text is not None:
                attributes[slot.attribute] = slot.prefix + value.text
            elif slot.prefix:
                attributes[slot.attribute] = slot.prefix[:-1]
            if value.null:
                attributes["nullFlavor"] = value.null
        attributes.update(marks)
        text = attributes.pop("text()", text) or ""
        spaces = _SPACES if node is self.root and node.path == "MCCI_IN200100UV01" else ""
        self.parts.append(f"<{node.tag}{spaces}" + "".join(
            f' {name}="{_attribute(value)}"' for name, value in attributes.items() if value is not None))
        return _content(text)

    def _inner(self, steps: tuple[_Step, ...]) -> None:
        mask, marks, parts = self.mask, self.marks, self.parts
        for child, bit, is_constant, path in steps:
            if mask & bit:
                if child.section:
                    plan = plans()[child.section]
                    for section in self.section.sections[child.section]:
                        _write(plan, section, parts)
                else:
                    self.node(child, path)
            elif is_constant and (not marks or marks.get(path, ()) is not None):
                parts.append(_constant(child))

    def _around(self, node: Node, path: str) -> None:
        """Write the children of a node that has pieces which nobody knows, each piece behind what was before it."""
        own = self.parts
        items: list[tuple[str, str]] = []
        for step in _steps(node):
            self.parts = []
            self._inner((step,))
            if self.parts:
                items.append((step[0].tag, "".join(self.parts)))
        self.parts = own
        for kept in self.section.kept:
            if kept.parent == path:
                at = max((place for place, (tag, _) in enumerate(items, 1) if tag in kept.after), default=0)
                items.insert(at, (kept.tag, kept.xml))
        own.extend(text for _, text in items)
