"""EPCIS in XML (2.0, and 1.x by the same rules) to its JSON form. Nothing outside the text is ever read."""
from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from .json_form import escaped, unstorable
from .model import EpcisErrors, Finding, Json
from .namespaces import EPCIS_CONTEXT
from .vocabulary import word_of
from .xml_master_data import body, header
from .xml_names import LISTS, OWN, TYPES, WORDS, XSI
from .xml_text import parse_root, refusal
from .xml_tree import Walk, local_name, namespace, parts
from .xml_values import number, report_value


@dataclass
class ParsedXml:
    """A document in JSON form, and where each part of it stood."""

    raw: Json
    walk: Walk

    def placed(self, finding: Finding) -> Finding:
        """`finding` with the XPath of its place, or of the nearest thing around it, for its JSON pointer."""
        return self.walk.placed(finding)


def parse_xml(content: bytes | str) -> ParsedXml:
    """The JSON form of an EPCIS document in XML.

    Raises EpcisErrors for what is not well-formed, has a document type with content, or is no EPCIS document.
    """
    root = parse_root(content)
    kind = local_name(root)
    if kind not in ("EPCISDocument", "EPCISQueryDocument") or namespace(root) not in OWN:
        raise refusal(root.getroottree().getpath(root), "not-epcis",
                      "The root must be epcis:EPCISDocument or epcisq:EPCISQueryDocument.")
    walk = Walk(root)
    raw = _Reader(walk).document(kind)
    fault = unstorable(raw)
    if fault:
        raise EpcisErrors([walk.placed(fault)])
    return ParsedXml(raw, walk)


class _Reader:
    """Turns the standard's elements into the members of the JSON form."""

    def __init__(self, walk: Walk) -> None:
        self.walk = walk

    def document(self, kind: str) -> Json:
        walk = self.walk
        names: list[Json] = [{name: uri} for uri, name in walk.names.items()]
        raw: Json = {"@context": [EPCIS_CONTEXT, *names], "type": kind}
        for name, value in walk.root.attrib.items():
            if not name.startswith(f"{{{XSI}}}"):
                raw[walk.qualified(name)] = value
                walk.elements[f"/{escaped(walk.qualified(name))}"] = (walk.root, _shown_name(name))
        inside: Json = {}
        walk.fill(inside, list(parts(walk.root)), "", self._root_member)
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
        self.walk.fill(result, list(parts(element)), pointer, self._event_member)
        return result

    def _event_member(self, element: Any, name: str, pointer: str) -> Any:
        if name in LISTS:
            return [self._item(child, f"{pointer}/{index}") for index, child in enumerate(parts(element))]
        if name in WORDS and not len(element):
            return word_of(WORDS[name], (element.text or "").strip())
        if name == "persistentDisposition":
            return self._persistent(element, pointer)
        if name == "errorDeclaration":
            declared: Json = {}
            self.walk.fill(declared, list(parts(element)), pointer, self._declaration_member)
            return declared
        if name in ("readPoint", "bizLocation", "ilmd"):
            inside: Json = {}
            self.walk.fill(inside, list(parts(element)), pointer, self._free_member)
            return inside | self.walk.attributes(element)
        return self.walk.free(element, pointer)

    def _persistent(self, element: Any, pointer: str) -> Json:
        result: Json = {}
        for child in parts(element):
            items = result.setdefault(self.walk.name(child), [])
            self.walk.elements[f"{pointer}/{self.walk.name(child)}/{len(items)}"] = child
            items.append(word_of("disposition", (child.text or "").strip()))
        return result

    def _declaration_member(self, element: Any, name: str, pointer: str) -> Any:
        if name == "correctiveEventIDs":
            found = list(parts(element))
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
        self.walk.fill(result, list(parts(element)), pointer, self._free_member)
        if isinstance(result.get("quantity"), str):
            result["quantity"] = number(result["quantity"])
        return result

    def _sensor(self, element: Any, pointer: str) -> Json:
        result: Json = {}
        self.walk.fill(result, [child for child in parts(element) if self.walk.name(child) != "sensorReport"],
                       pointer, self._sensor_member)
        reports = [child for child in parts(element) if self.walk.name(child) == "sensorReport"]
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
            result[key] = report_value(key, value) if name == "sensorReport" else value
        self.walk.fill(result, list(parts(element)), pointer, self._free_member)
        return result


def _shown_name(tag: str) -> str:
    return tag.rpartition("}")[2]
