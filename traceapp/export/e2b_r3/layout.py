"""How a message is laid out, from `data/message.csv`: every XML node in its order, and which values stand in it."""
from __future__ import annotations

import csv
from dataclasses import dataclass, field
from functools import cache
from importlib.resources import files
from typing import Any

NAMESPACE = "urn:hl7-org:v3"
XSI = "http://www.w3.org/2001/XMLSchema-instance"
_XSI_NAME = f"{{{XSI}}}"
_XML_NAME = "{http://www.w3.org/XML/1998/namespace}"
# A value of a node stands where a reason for its absence would, in the first of these that the node has.
_MAIN = ("code", "value", "extension", "root", "text")


@dataclass(frozen=True, slots=True)
class Slot:
    """Where a value stands in its node: an attribute, or the text (`attribute` is then `text`). `prefix` is written
    before the value (“tel:”), `place` tells this place from others of the same element."""

    attribute: str
    element: str
    place: int = 0
    prefix: str = ""

    def is_bare(self, text: str, element: Any) -> bool:
        """Whether a text is the prefix alone, which tells what has no value (`value="mailto" nullFlavor="NASK"`)."""
        return bool(self.prefix and text == self.prefix[:-1] and element.get("nullFlavor"))


@dataclass(slots=True, eq=False)
class Node:
    """One XML element of a message. `fixed` are attributes that are always written, `own` those of them by which the
    node is told from its neighbours; `keys` are children that it is told by. `bit` is its place in the section's sets.
    """

    tag: str
    path: str
    fixed: tuple[tuple[str, str], ...]
    own: tuple[tuple[str, str], ...]
    section: str
    slots: tuple[Slot, ...]
    is_key: bool
    children: list[Node] = field(default_factory=list)
    bit: int = 0

    @property
    def keys(self) -> list[Node]:
        return [child for child in self.children if child.is_key]

    @property
    def main(self) -> Slot | None:
        """The slot that carries the reason when there is no value."""
        found = {slot.attribute: slot for slot in self.slots}
        return next((found[name] for name in _MAIN if name in found), None)

    @property
    def is_constant(self) -> bool:
        """Whether nothing in or below this node ever varies, so that it stands wherever its parent stands."""
        return not self.slots and not self.section and all(child.is_constant for child in self.children)

    def fits(self, element: Any) -> bool:
        """Whether an XML element of this name is the one meant here."""
        if any(element.get(clark(name)) != value for name, value in self.own):
            return False
        for slot in self.slots:
            found = element.get(slot.attribute) if slot.prefix else None
            if found is not None and not found.startswith(slot.prefix) and not slot.is_bare(found, element):
                return False
        return all(any(key.fits(child) for child in element.iterchildren(f"{{{NAMESPACE}}}{key.tag}"))
                   for key in self.keys)


@dataclass(slots=True, eq=False)
class Plan:
    """The nodes of one section, from its own root to the roots of the sections in it. `masks`, `values` and `hooks`
    say for a node, a value and a section in it which nodes it needs, as a set of bits; `always` is what any needs."""

    name: str
    root: Node
    nodes: dict[str, Node] = field(default_factory=dict)
    masks: dict[str, int] = field(default_factory=dict)
    values: dict[tuple[str, int], int] = field(default_factory=dict)
    hooks: dict[str, int] = field(default_factory=dict)
    always: int = 1


def clark(name: str) -> str:
    """An attribute's name as the XML library wants it."""
    return _XSI_NAME + name[4:] if name.startswith("xsi:") else name


def short(name: str) -> str:
    """An attribute's name as the table and a message write it; empty for one of a foreign namespace."""
    for start, prefix in ((_XSI_NAME, "xsi:"), (_XML_NAME, "xml:")):
        if name.startswith(start):
            return prefix + name[len(start):]
    return "" if name.startswith("{") else name


def _slot(text: str) -> Slot:
    attribute, _, rest = text.partition(">")
    rest, _, prefix = rest.partition("^")
    element, _, place = rest.partition("~")
    return Slot(attribute, element, int(place or 0), prefix)


def _node(row: dict[str, str], path: str) -> Node:
    fixed, own = [], []
    for item in filter(None, row["fixed"].split(";")):
        name, _, value = item.partition("=")
        fixed.append((name, value.removeprefix("=")))
        if value.startswith("="):
            own.append(fixed[-1])
    return Node(row["tag"], path, tuple(fixed), tuple(own), row["section"],
                tuple(_slot(item) for item in filter(None, row["slots"].split(";"))), bool(row["key"]))


def _table() -> list[dict[str, str]]:
    with files(__package__).joinpath("data", "message.csv").open(encoding="utf-8") as file:
        return list(csv.DictReader(file))


def _tree() -> Node:
    stack: list[Node] = []
    for row in _table():
        level = int(row["level"])
        del stack[level:]
        parent = stack[-1] if stack else None
        path = row["tag"]
        if parent is not None:
            base = ("" if parent.section else parent.path + "/") + row["tag"]
            number = sum(1 for child in parent.children if child.tag == row["tag"]) + 1
            path = f"{base}[{number}]" if number > 1 else base
        node = _node(row, path)
        if parent is not None:
            parent.children.append(node)
        stack.append(node)
    return stack[0]


def _enter(plans: dict[str, Plan], plan: Plan, node: Node, above: int) -> None:
    node.bit = 1 << len(plan.nodes)
    mask = above | node.bit
    path = "." if node is plan.root else node.path
    plan.nodes[path] = node
    plan.masks[path] = mask
    if node is not plan.root and node.section:
        plan.hooks[node.section] = mask
        plans[node.section] = inner = Plan(node.section, node)
        bit = node.bit
        _enter(plans, inner, node, 0)
        node.bit = bit
        return
    for slot in node.slots:
        plan.values[slot.element, slot.place] = mask
    for child in node.children:
        _enter(plans, plan, child, mask)


def _told_by(node: Node) -> int:
    """The bits of the children that a node is told by, and of theirs: they stand wherever it stands."""
    bits = 0
    for key in node.keys:
        bits |= key.bit | _told_by(key)
    return bits


def _with_keys(plan: Plan) -> None:
    """Add to each set of bits those of the children that its nodes are told by."""
    told = {node.bit: _told_by(node) for path, node in plan.nodes.items() if path != "." and not node.section}
    told[1] = _told_by(plan.root)

    def closed(mask: int) -> int:
        for bit, bits in told.items():
            if mask & bit:
                mask |= bits
        return mask

    plan.always = closed(1)
    plan.masks = {path: closed(mask) for path, mask in plan.masks.items()}
    plan.values = {key: closed(mask) for key, mask in plan.values.items()}
    plan.hooks = {name: closed(mask) for name, mask in plan.hooks.items()}


@cache
def plans() -> dict[str, Plan]:
    """The plan of every section by its name; the batch itself is `batch`."""
    root = _tree()
    found: dict[str, Plan] = {}
    found["batch"] = plan = Plan("batch", root)
    _enter(found, plan, root, 0)
    for plan in found.values():
        _with_keys(plan)
    return found
