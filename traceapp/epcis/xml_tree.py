"""Walks an XML tree: one prefix a namespace, values of what the standard does not know, and where all of it stood."""
from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from typing import Any

from lxml import etree

from .json_form import MAX_DEPTH, escaped
from .model import Finding, Json
from .xml_names import OWN, RANKS, WRAPPERS, XML, XSI
from .xml_text import refusal
from .xml_values import typed


def local_name(element: Any) -> str:
    """The name without its namespace."""
    return str(etree.QName(element).localname)


def namespace(element: Any) -> str:
    """The namespace of an element; empty where it has none."""
    return etree.QName(element).namespace or ""


def parts(element: Any) -> Iterator[Any]:
    """The elements inside one of the standard's, those in the extension wrappers of 1.x as if they stood directly."""
    if element.text and element.text.strip() and len(element):
        raise refusal(element.getroottree().getpath(element), "loose-text", "No text belongs here, only elements.")
    for child in element:
        if child.tag in WRAPPERS:
            yield from parts(child)
        else:
            yield child


def _step(element: Any) -> str:
    name = etree.QName(element)
    if not name.namespace:
        return str(name.localname)
    return f"{element.prefix}:{name.localname}" if element.prefix else f"*[local-name()='{name.localname}']"


class Walk:
    """One document: gives every foreign namespace one prefix that holds for all of it; keeps where each part stood."""

    def __init__(self, root: Any) -> None:
        self.root = root
        self.tree = root.getroottree()
        self.elements: dict[str, Any] = {"": root}
        self.findings: list[Finding] = []
        self.names: dict[str, str] = {}
        self._steps: dict[Any, dict[Any, str]] = {}
        self._taken: set[str] = set()
        self._numbers: Counter[str] = Counter()
        for _event, (prefix, uri) in etree.iterwalk(root, events=("start-ns",)):
            self._register(prefix, uri)

    def _register(self, prefix: str, uri: str) -> None:
        if not uri or uri in OWN or uri in self.names:
            return
        start = wanted = prefix or "ns"
        while wanted in self._taken:
            self._numbers[start] += 1
            wanted = f"{start}{self._numbers[start] + 1}"
        self._taken.add(wanted)
        self.names[uri] = wanted

    def placed(self, finding: Finding) -> Finding:
        """`finding` with the XPath of its place, or of the nearest thing around it, for its JSON pointer."""
        pointer = finding.pointer
        while pointer and pointer not in self.elements:
            pointer = pointer.rpartition("/")[0]
        found = self.elements.get(pointer, self.root)
        element, attribute = found if isinstance(found, tuple) else (found, None)
        path = self.path(element) + (f"/@{attribute}" if attribute else "")
        return Finding(path, finding.code, finding.message, finding.level)

    def path(self, element: Any) -> str:
        """The XPath of an element. The siblings are counted once, not once a finding as `getpath` would."""
        parent = element.getparent()
        if parent is None:
            return str(self.tree.getpath(element))
        if parent not in self._steps:
            counts = Counter(child.tag for child in parent)
            numbers: Counter[str] = Counter()
            steps = {}
            for child in parent:
                numbers[child.tag] += 1
                steps[child] = _step(child) + (f"[{numbers[child.tag]}]" if counts[child.tag] > 1 else "")
            self._steps[parent] = steps
        return f"{self.path(parent)}/{self._steps[parent][element]}"

    def name(self, element: Any) -> str:
        """The member's name of an element."""
        return self.qualified(element.tag)

    def qualified(self, tag: str) -> str:
        """`prefix:local` of a foreign name, the bare name of one of the standard's."""
        name = etree.QName(tag)
        if not name.namespace or name.namespace in OWN - {XML}:
            return str(name.localname)
        return f"{self.names.get(name.namespace, 'xml')}:{name.localname}"

    def attributes(self, element: Any) -> Json:
        """The attributes by name, without those that only say how to read the element."""
        return {self.qualified(name): value for name, value in element.attrib.items()
                if not name.startswith(f"{{{XSI}}}")}

    def report(self, element: Any, pointer: str, code: str, message: str) -> None:
        """Keep an error about an element, or (element, attribute), that has no place of its own in the JSON form;
        `pointer` is what stands around it there."""
        # No member's name is escaped like this, so nobody else's place is taken.
        place = f"{pointer}/~{len(self.findings)}"
        self.elements[place] = element
        self.findings.append(Finding(place, code, message))

    def check_names(self, children: list[Any], expected: str, pointer: str) -> None:
        """Report each of `children` that is not called `expected`."""
        for child in children:
            if child.tag != expected and self.name(child) != expected:
                self.report(child, pointer, "unknown-element", f"Only elements “{expected}” belong here.")

    def foreign_attributes(self, element: Any, pointer: str) -> Json:
        """The attributes that have a namespace; others are reported, since the standard has none on this element."""
        kept = {}
        for name, value in self.attributes(element).items() if element.attrib else ():
            if ":" in name:
                kept[name] = value
            else:
                self.report((element, name), pointer, "unknown-attribute", f"“{name}” is no attribute of this element.")
        return kept

    def refuse_attributes(self, element: Any, pointer: str) -> None:
        """Report the attributes of an element that can have none."""
        for name in self.foreign_attributes(element, pointer):
            self.report((element, name), pointer, "unknown-attribute", f"“{name}” is no attribute of this element.")

    def check_order(self, children: list[Any], kind: str, pointer: str) -> None:
        """Report each of `children` that the XML schema has before one that stands before it here."""
        ranks = RANKS.get(kind)
        if ranks is None:
            return
        highest, before = 0, ""
        for child in children:
            tag = child.tag if child.tag in ranks else self.name(child)
            rank = ranks.get(tag)
            if rank is None and ":" in tag:
                parent = child.getparent().tag
                rank = ranks.get(parent if parent in WRAPPERS else "")
            if rank is None:
                continue
            if rank < highest:
                self.report(child, pointer, "wrong-order", f"“{tag}” must stand before “{before}”.")
            else:
                highest, before = rank, tag

    def fill(self, result: Json, children: list[Any], pointer: str, convert: Callable[[Any, str, str], Any]) -> None:
        """Add every one of `children` to `result`; what stands more than once becomes a list."""
        names = [self.name(child) for child in children]
        counts = Counter(names)
        for child, name in zip(children, names, strict=True):
            place = f"{pointer}/{escaped(name)}"
            self.elements.setdefault(place, child)
            if counts[name] == 1:
                result[name] = convert(child, name, place)
                continue
            items = result.setdefault(name, [])
            place = f"{place}/{len(items)}"
            self.elements[place] = child
            items.append(convert(child, name, place))

    def free(self, element: Any, pointer: str, depth: int = 1) -> Any:
        """The value of an element that the standard does not know: a text, a number, or an object of its parts."""
        if depth > MAX_DEPTH:
            raise refusal(self.path(element), "too-deep", f"The document nests deeper than {MAX_DEPTH} levels.")
        self.elements.setdefault(pointer, element)
        if element.get(f"{{{XSI}}}nil") in ("true", "1"):
            return None
        text = (element.text or "").strip()
        attributes = {f"@{key}": value for key, value in self.attributes(element).items()}
        if not len(element) and not attributes:
            return typed(text, element)
        result: Json = attributes
        self.fill(result, list(element), pointer, lambda child, _name, place: self.free(child, place, depth + 1))
        return result | ({"#text": typed(text, element)} if text else {})
