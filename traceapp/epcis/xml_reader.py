"""EPCIS in XML (2.0, and 1.x by the same rules) to its JSON form. Nothing outside the text is ever read."""
from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from lxml import etree

from .json_form import MAX_DEPTH, escaped
from .model import EpcisErrors, Finding, Json
from .namespaces import EPCIS_CONTEXT
from .vocabulary import word_of
from .xml_names import LISTS, NUMBERS, OWN, REPORT_WORDS, TYPES, WORDS, WRAPPERS, XML, XSD, XSI

_PROLOG = re.compile(rb"\s*(?:<\?.*?\?>\s*|<!--.*?-->\s*)*", re.DOTALL)
# A document type without a subset or an address brings nothing in, and some senders write one.
_BARE_TYPE = re.compile(rb"<!DOCTYPE\s+[A-Za-z_][\w:.\-]*\s*>")
_DECIMAL = re.compile(r"[+-]?(?:\d+(?:\.\d*)?|\.\d+)(?:[eE][+-]?\d{1,3})?", re.ASCII)
_NUMERIC_TYPES = frozenset(
    {"integer", "int", "long", "short", "byte", "decimal", "double", "float", "nonNegativeInteger",
     "positiveInteger", "unsignedInt", "unsignedLong"}
)  # fmt: skip


@dataclass
class ParsedXml:
    """A document in JSON form, and where each part of it stood."""

    raw: Json
    tree: Any
    elements: dict[str, Any] = field(default_factory=dict)

    def placed(self, finding: Finding) -> Finding:
        """`finding` with the XPath of its place, or of the nearest thing around it, for its JSON pointer."""
        pointer = finding.pointer
        while pointer and pointer not in self.elements:
            pointer = pointer.rpartition("/")[0]
        found = self.elements.get(pointer, self.tree.getroot())
        element, attribute = found if isinstance(found, tuple) else (found, None)
        path = self.tree.getpath(element) + (f"/@{attribute}" if attribute else "")
        return Finding(path, finding.code, finding.message, finding.level)


def parse_xml(content: bytes | str) -> ParsedXml:
    """The JSON form of an EPCIS document in XML.

    Raises EpcisErrors for what is not well-formed, has a document type with content, or is no EPCIS document.
    """
    data = content.encode("utf-8") if isinstance(content, str) else content
    if isinstance(content, str):
        data = re.sub(rb"^(\s*<\?xml[^>]*?)\s+encoding=[\"'][^\"']*[\"']", rb"\1", data)
    _refuse_document_type(data)
    parser = etree.XMLParser(resolve_entities=False, no_network=True, load_dtd=False, dtd_validation=False,
                             attribute_defaults=False, huge_tree=False, remove_comments=True, remove_pis=True)
    try:
        root = etree.fromstring(data, parser)
    except etree.XMLSyntaxError as error:
        line, column = error.position
        message = f"This is not XML: {error.msg or 'the text is empty'} (line {line}, column {column})."
        raise EpcisErrors([Finding("", "not-xml", message)]) from None
    except (ValueError, LookupError) as error:
        raise EpcisErrors([Finding("", "not-xml", f"This cannot be read as XML: {error}.")]) from None
    return _Converter(root).document()


def _refuse_document_type(data: bytes) -> None:
    """Refuse what could name entities. Source: OWASP, XML External Entity Prevention."""
    if data[:4].count(b"\x00") or data[:2] in (b"\xff\xfe", b"\xfe\xff"):
        # Two or four bytes a character: look at the text with the zeros out, which is what ASCII markup becomes.
        data = data.lstrip(b"\xff\xfe\xef\xbb\xbf").replace(b"\x00", b"")
    data = data.removeprefix(b"\xef\xbb\xbf")
    match = _PROLOG.match(data)
    position = match.end() if match else 0
    bare = _BARE_TYPE.match(data, position)
    if bare:
        match = _PROLOG.match(data, bare.end())
        position = match.end() if match else bare.end()
    if not re.compile(rb"<[A-Za-z_:\x80-\xff]").match(data, position):
        raise EpcisErrors([Finding("", "document-type", "A document type with entities or an address is not read.")])


def _local(element: Any) -> str:
    return str(etree.QName(element).localname)


def _namespace(element: Any) -> str:
    return etree.QName(element).namespace or ""


class _Converter:
    """Walks one document; gives every foreign namespace one prefix that holds for all of it."""

    def __init__(self, root: Any) -> None:
        self.root = root
        self.elements: dict[str, Any] = {"": root}
        self.names: dict[str, str] = {}
        for _event, (prefix, namespace) in etree.iterwalk(root, events=("start-ns",)):
            self._register(prefix, namespace)

    def _register(self, prefix: str, namespace: str) -> None:
        if not namespace or namespace in OWN or namespace in self.names:
            return
        wanted, number = prefix or "ns", 1
        while wanted in self.names.values():
            number += 1
            wanted = f"{prefix or 'ns'}{number}"
        self.names[namespace] = wanted

    def document(self) -> ParsedXml:
        kind = _local(self.root)
        if kind not in ("EPCISDocument", "EPCISQueryDocument") or _namespace(self.root) not in OWN:
            message = "The root must be epcis:EPCISDocument or epcisq:EPCISQueryDocument."
            raise EpcisErrors([Finding(self.root.getroottree().getpath(self.root), "not-epcis", message)])
        raw: Json = {"@context": [EPCIS_CONTEXT, *({name: uri} for uri, name in self.names.items())], "type": kind}
        for name, value in self.root.attrib.items():
            if not name.startswith(f"{{{XSI}}}"):
                raw[self._qualified(name)] = value
        self._fill(raw, self.root, "", self._root_member)
        for name, ours in (("EPCISHeader", "epcisHeader"), ("EPCISBody", "epcisBody")):
            if name in raw:
                raw[ours] = raw.pop(name)
        return ParsedXml(raw, self.root.getroottree(), self.elements)

    def _root_member(self, element: Any, name: str, pointer: str) -> Any:
        if name == "EPCISHeader":
            self.elements["/epcisHeader"] = element
            return self._header(element)
        if name == "EPCISBody":
            self.elements["/epcisBody"] = element
            return self._body(element)
        return self._free(element, pointer, 1)

    def _name(self, element: Any) -> str:
        return self._qualified(element.tag)

    def _qualified(self, tag: str) -> str:
        name = etree.QName(tag)
        if not name.namespace or name.namespace in OWN - {XML}:
            return str(name.localname)
        return f"{self.names.get(name.namespace, 'xml')}:{name.localname}"

    def _header(self, header: Any) -> Json:
        result: Json = {}
        for child in _unwrapped(header):
            if _local(child) == "EPCISMasterData":
                result["epcisMasterData"] = {"vocabularyList": self._vocabularies(
                    child, "/epcisHeader/epcisMasterData/vocabularyList")}
            else:
                result[self._name(child)] = self._free(child, f"/epcisHeader/{escaped(self._name(child))}", 1)
        return result

    def _vocabularies(self, parent: Any, pointer: str) -> list[Json]:
        found = []
        for index, vocabulary in enumerate(parent.iter("Vocabulary")):
            place = f"{pointer}/{index}"
            self.elements[place] = vocabulary
            items = [self._vocabulary_element(item, f"{place}/vocabularyElementList/{number}")
                     for number, item in enumerate(vocabulary.iter("VocabularyElement"))]
            found.append(self._attributes(vocabulary) | {"vocabularyElementList": items})
        return found

    def _vocabulary_element(self, element: Any, pointer: str) -> Json:
        self.elements[pointer] = element
        result = self._attributes(element)
        attributes = []
        for index, item in enumerate(element.iterchildren("attribute")):
            self.elements[f"{pointer}/attributes/{index}"] = item
            members = self._free(item, f"{pointer}/attributes/{index}", 1)
            value: Any = {key: inner for key, inner in members.items() if key != "@id"} if isinstance(
                members, dict) else members
            if isinstance(value, dict) and set(value) <= {"#text"}:
                value = value.get("#text", "")
            attributes.append(self._attributes(item) | {"attribute": value})
        if attributes:
            result["attributes"] = attributes
        children = [(item.text or "").strip() for item in element.iterfind("children/id")]
        if children:
            result["children"] = children
        for child in _unwrapped(element):
            if child.tag not in ("attribute", "children"):
                result[self._name(child)] = self._free(child, pointer, 1)
        return result

    def _attributes(self, element: Any) -> Json:
        return {self._qualified(name): value for name, value in element.attrib.items()
                if not name.startswith(f"{{{XSI}}}")}

    def _body(self, body: Any) -> Json:
        results = next(body.iterchildren("{*}QueryResults"), None)
        if results is None:
            return {
                "eventList" if child.tag == "EventList" else self._name(child):
                    self._events(child, "/epcisBody/eventList") if child.tag == "EventList"
                    else self._free(child, "/epcisBody", 1)
                for child in _unwrapped(body)
            }
        self.elements["/epcisBody/queryResults"] = results
        inner: Json = {}
        for child in _unwrapped(results):
            if _local(child) != "resultsBody":
                inner[self._name(child)] = (child.text or "").strip()
                continue
            place = "/epcisBody/queryResults/resultsBody"
            self.elements[place] = child
            events, words = next(child.iterchildren("EventList"), None), child.find("VocabularyList")
            inner["resultsBody"] = {"eventList": [] if events is None else self._events(events, place + "/eventList")}
            if words is not None:
                inner["resultsBody"]["vocabularyList"] = self._vocabularies(words, place + "/vocabularyList")
        return {"queryResults": inner}

    def _events(self, parent: Any, pointer: str) -> list[Json]:
        self.elements[pointer] = parent
        return [self._event(child, f"{pointer}/{index}") for index, child in enumerate(_unwrapped(parent))]

    def _event(self, element: Any, pointer: str) -> Json:
        self.elements[pointer] = element
        result: Json = {"type": self._name(element)}
        for name, value in self._attributes(element).items():
            result[name if ":" in name else "@" + name] = value
        self._fill(result, element, pointer, self._event_member)
        return result

    def _fill(self, result: Json, element: Any, pointer: str, convert: Callable[[Any, str, str], Any]) -> None:
        """Add every child of `element` to `result`; what stands twice becomes a list."""
        counts: dict[str, int] = {}
        for child in _unwrapped(element):
            name = self._name(child)
            counts[name] = counts.get(name, 0) + 1
            place = f"{pointer}/{escaped(name)}"
            value = convert(child, name, place)
            self.elements.setdefault(place, child)
            if counts[name] == 1:
                result[name] = value
            else:
                result[name] = [*(result[name] if counts[name] > 2 else [result[name]]), value]
                self.elements[f"{place}/{counts[name] - 1}"] = child

    def _event_member(self, element: Any, name: str, pointer: str) -> Any:
        if name in LISTS:
            return [self._item(child, f"{pointer}/{index}") for index, child in enumerate(_unwrapped(element))]
        if name in WORDS and not len(element):
            return word_of(WORDS[name], (element.text or "").strip())
        if name == "persistentDisposition":
            result: Json = {}
            for index, child in enumerate(_children(element)):
                self.elements[f"{pointer}/{_local(child)}/{index}"] = child
                result.setdefault(_local(child), []).append(word_of("disposition", (child.text or "").strip()))
            return result
        if name == "errorDeclaration":
            declared: Json = {}
            self._fill(declared, element, pointer, self._declaration_member)
            return declared
        if name in ("readPoint", "bizLocation", "ilmd"):
            inside: Json = {}
            self._fill(inside, element, pointer, self._free_member)
            return inside | self._attributes(element)
        return self._free(element, pointer, 1)

    def _declaration_member(self, element: Any, name: str, pointer: str) -> Any:
        if name == "correctiveEventIDs":
            return [(child.text or "").strip() for child in _children(element)]
        if name == "reason":
            return word_of("reason", (element.text or "").strip())
        return self._free(element, pointer, 1)

    def _free_member(self, element: Any, _name: str, pointer: str) -> Any:
        return self._free(element, pointer, 2)

    def _item(self, element: Any, pointer: str) -> Any:
        self.elements[pointer] = element
        name = _local(element)
        if name == "quantityElement":
            return self._quantity(element, pointer)
        if name in TYPES:
            self.elements[f"{pointer}/type"] = (element, "type")
            kept = {key: word_of(TYPES[name], value) if key == "type" else value
                    for key, value in self._attributes(element).items()}
            return kept | {name: (element.text or "").strip()}
        if name == "sensorElement":
            return self._sensor(element, pointer)
        return self._free(element, pointer, 1)

    def _quantity(self, element: Any, pointer: str) -> Json:
        result: Json = {}
        self._fill(result, element, pointer, self._free_member)
        if isinstance(result.get("quantity"), str):
            result["quantity"] = _number(result["quantity"])
        return result

    def _sensor(self, element: Any, pointer: str) -> Json:
        result: Json = {}
        self._fill(result, element, pointer, self._sensor_member)
        if isinstance(result.get("sensorReport"), dict):
            result["sensorReport"] = [result["sensorReport"]]
        return result

    def _sensor_member(self, element: Any, name: str, pointer: str) -> Any:
        if name not in ("sensorMetadata", "sensorReport"):
            return self._free(element, pointer, 1)
        result: Json = {}
        for key, value in self._attributes(element).items():
            self.elements.setdefault(f"{pointer}/{escaped(key)}", (element, key))
            result[key] = _report_value(key, value) if name == "sensorReport" else value
        self._fill(result, element, pointer, self._free_member)
        return result

    def _free(self, element: Any, pointer: str, depth: int) -> Any:
        """The value of an element that the standard does not know: a text, a number, or an object of its parts."""
        if depth > MAX_DEPTH:
            raise EpcisErrors([Finding(pointer, "too-deep", f"The document nests deeper than {MAX_DEPTH} levels.")])
        if element.get(f"{{{XSI}}}nil") in ("true", "1"):
            return None
        text = (element.text or "").strip()
        attributes = {f"@{key}": value for key, value in self._attributes(element).items()}
        if not len(element) and not attributes:
            return _typed(text, element)
        result: Json = attributes
        self._fill(result, element, pointer, lambda child, _name, place: self._free(child, place, depth + 1))
        return result | ({"#text": text} if text else {})


def _children(element: Any) -> Iterator[Any]:
    """The elements inside; entity references, which are never followed, are refused."""
    for child in element:
        if not isinstance(child.tag, str):
            raise EpcisErrors([Finding("", "entity", "Entities are not read.")])
        yield child


def _unwrapped(element: Any) -> Iterator[Any]:
    """The elements inside, those in the extension wrappers of 1.x as if they stood directly."""
    for child in _children(element):
        if child.tag in WRAPPERS:
            yield from _unwrapped(child)
        else:
            yield child


def _number(text: str) -> int | Decimal | str:
    """The number that a text is; the text where it is none, for the checker to find."""
    if not _DECIMAL.fullmatch(text):
        return text
    return int(text) if text.lstrip("+-").isdigit() else Decimal(text)


def _report_value(name: str, text: str) -> Any:
    if name in NUMBERS:
        return _number(text.strip())
    if name == "booleanValue":
        return {"true": True, "1": True, "false": False, "0": False}.get(text.strip(), text)
    return word_of(REPORT_WORDS[name], text.strip()) if name in REPORT_WORDS else text


def _typed(text: str, element: Any) -> Any:
    """The text as the type that `xsi:type` says."""
    prefix, _, kind = (element.get(f"{{{XSI}}}type") or "").rpartition(":")
    if not kind or element.nsmap.get(prefix or None) != XSD:
        return text
    if kind == "boolean":
        return {"true": True, "1": True, "false": False, "0": False}.get(text, text)
    return _number(text) if kind in _NUMERIC_TYPES else text
