"""EPCIS in XML (2.0, and 1.x by the same rules) to its JSON form. Nothing outside the text is ever read."""
from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from .json_form import EVENT_TYPES, escaped, unstorable
from .model import EpcisErrors, Finding, Json
from .namespaces import EPCIS_CONTEXT
from .vocabulary import word_of
from .xml_master_data import body, header
from .xml_names import LISTS, OWN, TYPES, WORDS, XSI
from .xml_text import parse_root, refusal
from .xml_tree import Walk, local_name, namespace, parts
from .xml_values import number, report_value

_DOCUMENTS = ("EPCISDocument", "EPCISQueryDocument")
_OF_EVENTS = OWN | {""}
# What senders put on the root of a single event as if it was a document.
_OF_DOCUMENTS = frozenset({"schemaVersion", "creationDate"})


@dataclass
class ParsedXml:
    """A document in JSON form, and where each part of it stood."""

    raw: Json
    walk: Walk

    @property
    def findings(self) -> list[Finding]:
        """What is wrong with the XML that its JSON form does not show, by JSON pointers that `placed` understands."""
        return self.walk.findings

    def placed(self, finding: Finding) -> Finding:
        """`finding` with the XPath of its place, or of the nearest thing around it, for its JSON pointer."""
        return self.walk.placed(finding)


def parse_xml(content: bytes | str) -> ParsedXml:
    """The JSON form of an EPCIS document, or of a single event, in XML.

    Raises EpcisErrors for what is not well-formed, has a document type with content, or is no EPCIS document.
    """
    root = parse_root(content)
    kind, is_event = local_name(root), local_name(root) in EVENT_TYPES
    if not (is_event or kind in _DOCUMENTS) or namespace(root) not in (_OF_EVENTS if is_event else OWN):
        raise refusal(root.getroottree().getpath(root), "not-epcis",
                      "The root must be epcis:EPCISDocument, epcisq:EPCISQueryDocument or one event.")
    walk = Walk(root)
    raw = _Reader(walk).single() if is_event else _Reader(walk).document(kind)
    fault = unstorable(raw)
    if fault:
        raise EpcisErrors([walk.placed(fault)])
    return ParsedXml(raw, walk)


class _Reader:
    """Turns the standard's elements into the members of the JSON form."""

    def __init__(self, walk: Walk) -> None:
        self.walk = walk

    def _context(self) -> list[Any]:
        return [EPCIS_CONTEXT, *({name: uri} for uri, name in self.walk.names.items())]

    def single(self) -> Json:
        """One event that stands alone."""
        found = self._event(self.walk.root, "")
        return {"@context": self._context()} | {
            name: value for name, value in found.items() if name.removeprefix("@") not in _OF_DOCUMENTS}

    def document(self, kind: str) -> Json:
        """A document or query document."""
        walk = self.walk
        raw: Json = {"@context": self._context(), "type": kind}
        for name, value in walk.root.attrib.items():
            if not name.startswith(f"{{{XSI}}}"):
                raw[walk.qualified(name)] = value
                walk.elements[f"/{escaped(walk.qualified(name))}"] = (walk.root, _shown_name(name))
        inside: Json = {}
        children = list(parts(walk.root))
        walk.check_order(children, "document", "")
        walk.fill(inside, children, "", self._root_member)
        names_of = {"EPCISHeader": "epcisHeader", "EPCISBody": "epcisBody"}
        return raw | {names_of.get(name, name): value for name, value in inside.items()}

    def _root_member(self, element: Any, name: str, pointer: str) -> Any:
        ours = {"/EPCISHeader": "/epcisHeader", "/EPCISBody": "/epcisBody"}.get(pointer, pointer)
        self.walk.elements[ours] = element
        if name == "EPCISHeader":
            return header(self.walk, element, ours)
        if name == "EPCISBody":
            return body(self.walk, element, ours, self._events)
        return self.walk.free(element, pointer)

    def _events(self, parent: Any, pointer: str) -> list[Json]:
        self.walk.elements[pointer] = parent
        return [self._event(child, f"{pointer}/{index}") for index, child in enumerate(parts(parent))]

    def _event(self, element: Any, pointer: str) -> Json:
        self.walk.elements[pointer] = element
        result: Json = {"type": self.walk.name(element)}
        for name, value in self.walk.attributes(element).items():
            result[name if ":" in name else "@" + name] = value
        children = list(parts(element))
        self.walk.check_order(children, result["type"], pointer)
        self.walk.fill(result, children, pointer, self._event_member)
        return result

    def _event_member(self, element: Any, name: str, pointer: str) -> Any:
        if name in LISTS:
            items = list(parts(element))
            self.walk.refuse_attributes(element, pointer)
            self.walk.check_names(items, LISTS[name], pointer)
            return [self._item(child, f"{pointer}/{index}") for index, child in enumerate(items)]
        if name in WORDS and not len(element) and not element.attrib:
            return word_of(WORDS[name], (element.text or "").strip())
        if name == "persistentDisposition":
            return self._persistent(element, pointer)
        if name == "errorDeclaration":
            declared: Json = {}
            self.walk.fill(declared, list(parts(element)), pointer, self._declaration_member)
            return declared | self.walk.foreign_attributes(element, pointer)
        if name in ("readPoint", "bizLocation", "ilmd"):
            inside: Json = {}
            children = list(parts(element))
            self.walk.check_order(children, name, pointer)
            self.walk.fill(inside, children, pointer, self._free_member)
            return inside | self.walk.foreign_attributes(element, pointer)
        return self.walk.free(element, pointer)

    def _persistent(self, element: Any, pointer: str) -> Json:
        result: Json = {}
        children = list(parts(element))
        self.walk.refuse_attributes(element, pointer)
        self.walk.check_order(children, "persistentDisposition", pointer)
        for child in children:
            items = result.setdefault(self.walk.name(child), [])
            self.walk.elements[f"{pointer}/{self.walk.name(child)}/{len(items)}"] = child
            self.walk.refuse_attributes(child, pointer)
            items.append(word_of("disposition", (child.text or "").strip()))
        return result

    def _declaration_member(self, element: Any, name: str, pointer: str) -> Any:
        if name == "correctiveEventIDs":
            found = list(parts(element))
            self.walk.refuse_attributes(element, pointer)
            self.walk.check_names(found, "correctiveEventID", pointer)
            self.walk.elements |= {f"{pointer}/{index}": child for index, child in enumerate(found)}
            return [(child.text or "").strip() for child in found]
        if name == "reason":
            return word_of("reason", (element.text or "").strip())
        return self.walk.free(element, pointer)

    def _free_member(self, element: Any, _name: str, pointer: str) -> Any:
        return self.walk.free(element, pointer, 2)

    def _item(self, element: Any, pointer: str) -> Any:
        self.walk.elements[pointer] = element
        name = local_name(element)
        if name == "quantityElement":
            return self._quantity(element, pointer)
        if name in TYPES:
            self.walk.elements[f"{pointer}/type"] = (element, "type")
            kept = {key: word_of(TYPES[name], value) if key == "type" else value
                    for key, value in self.walk.attributes(element).items()}
            return kept | {name: (element.text or "").strip()}
        if name == "sensorElement":
            return self._sensor(element, pointer)
        return self.walk.free(element, pointer)

    def _quantity(self, element: Any, pointer: str) -> Json:
        result: Json = {}
        children = list(parts(element))
        self.walk.refuse_attributes(element, pointer)
        self.walk.check_order(children, "quantityElement", pointer)
        self.walk.fill(result, children, pointer, self._free_member)
        if isinstance(result.get("quantity"), str):
            result["quantity"] = number(result["quantity"])
        elif result.get("quantity", 0) is None:
            del result["quantity"]  # xsi:nil: not known, for which the JSON form leaves it out
        return result

    def _sensor(self, element: Any, pointer: str) -> Json:
        result: Json = {}
        children = list(parts(element))
        self.walk.refuse_attributes(element, pointer)
        self.walk.check_order(children, "sensorElement", pointer)
        self.walk.fill(result, [child for child in children if self.walk.name(child) != "sensorReport"], pointer,
                       self._sensor_member)
        reports = [child for child in children if self.walk.name(child) == "sensorReport"]
        for index, child in enumerate(reports):
            place = f"{pointer}/sensorReport/{index}"
            self.walk.elements[place] = child
            result.setdefault("sensorReport", []).append(self._sensor_member(child, "sensorReport", place))
        return result

    def _sensor_member(self, element: Any, name: str, pointer: str) -> Any:
        if name not in ("sensorMetadata", "sensorReport"):
            return self.walk.free(element, pointer)
        result: Json = {}
        for key, value in self.walk.attributes(element).items():
            self.walk.elements[f"{pointer}/{escaped(key)}"] = (element, key)
            result[key] = report_value(key, value) if name == "sensorReport" else value.strip()
        self.walk.fill(result, list(parts(element)), pointer, self._free_member)
        return result


def _shown_name(tag: str) -> str:
    return tag.rpartition("}")[2]
