"""EPCIS 2.0 in XML, written from the JSON form."""
from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from datetime import datetime
from decimal import Decimal
from typing import Any

from lxml import etree

from .json_form import as_document, escaped
from .model import Document, EpcisErrors, Event, Finding, Json
from .namespaces import STANDARD_PREFIXES, as_list, prefixes
from .vocabulary import uri_of
from .xml_names import EPCIS_2, LISTS, NEEDED, NUMBERS, ORDER, QUERY_2, REPORT_WORDS, TYPES, WORDS, XML, XSD, XSI

_ROOT_ATTRIBUTES = ("id", "schemaVersion", "creationDate", "instanceIdentifier", "sender", "receiver")
_FIXED = {"epcis": EPCIS_2, "xsi": XSI, "xsd": XSD}


def write_xml(what: Document | Iterable[Event], context: Iterable[Any] | None = None, *,
              created_at: datetime | None = None) -> bytes:
    """A document in UTF-8, with the same meaning and event hashes as its JSON form.

    Takes what `write_json` takes; a single event is put into a document. Raises EpcisErrors at the JSON pointer of
    what XML has no way to say (a member's name that is no XML name, a list inside a list, control characters), and
    ValueError when a new document is not given `created_at`.
    """
    if isinstance(what, Document):
        raw = what.raw if what.kind.startswith("EPCIS") else as_document(what.events, None, created_at)
    else:
        raw = as_document(what, context, created_at)
    return etree.tostring(_Writer(raw).root(), xml_declaration=True, encoding="UTF-8", pretty_print=True)


def _refused(pointer: str, message: str) -> EpcisErrors:
    return EpcisErrors([Finding(pointer, "not-in-xml", message)])


class _Writer:
    """Writes one document; `self.prefixes` is what holds at the place that is being written."""

    def __init__(self, raw: Json) -> None:
        self.raw = raw
        self.prefixes = STANDARD_PREFIXES | prefixes(as_list(raw.get("@context")))

    def root(self) -> Any:
        is_query = self.raw["type"] == "EPCISQueryDocument"
        names = self._declarations(prefixes(as_list(self.raw.get("@context"))))
        used = {name: uri for name, uri in STANDARD_PREFIXES.items() if name not in names and _uses(self.raw, name)}
        own: dict[str | None, str] = {}
        for group in (used, names, _FIXED, {"epcisq": QUERY_2} if is_query else {}):
            own.update(group)
        root = etree.Element(f"{{{QUERY_2 if is_query else EPCIS_2}}}{self.raw['type']}", nsmap=own)
        for name in _ROOT_ATTRIBUTES:
            if name in self.raw:
                self._set(root, name, self.raw[name], f"/{name}")
        if "epcisHeader" in self.raw:
            self._header(etree.SubElement(root, "EPCISHeader"), self.raw["epcisHeader"])
        body = etree.SubElement(root, "EPCISBody")
        self._query(body) if is_query else self._body(body)
        for name, value in self.raw.items():
            if ":" in name:
                self._free(root, name, value, f"/{escaped(name)}")
        return root

    @staticmethod
    def _declarations(declared: dict[str, str]) -> dict[str | None, str]:
        """The prefixes that XML can declare."""
        found: dict[str | None, str] = {}
        for name, uri in declared.items():
            try:
                etree.Element("x", nsmap={name: uri})
            except ValueError:
                continue
            if name not in _FIXED and name not in ("xml", "xmlns", "epcisq") and uri != XML:
                found[name] = uri
        return found

    def _header(self, header: Any, members: Json) -> None:
        self._others(header, members, ("epcisMasterData",), "/epcisHeader")
        if "epcisMasterData" in members:
            place, inner = "/epcisHeader/epcisMasterData", members["epcisMasterData"]
            data = etree.SubElement(etree.SubElement(header, "extension"), "EPCISMasterData")
            if "vocabularyList" in inner:
                self._vocabularies(data, inner["vocabularyList"], place + "/vocabularyList")
            self._others(data, inner, ("vocabularyList",), place)

    def _vocabularies(self, parent: Any, vocabularies: list[Json], pointer: str) -> None:
        holder = etree.SubElement(parent, "VocabularyList")
        for index, vocabulary in enumerate(vocabularies):
            place = f"{pointer}/{index}"
            item = etree.SubElement(holder, "Vocabulary")
            self._set(item, "type", vocabulary["type"], place + "/type")
            if "vocabularyElementList" in vocabulary:
                elements = etree.SubElement(item, "VocabularyElementList")
                for number, element in enumerate(vocabulary["vocabularyElementList"]):
                    self._vocabulary_element(elements, element, f"{place}/vocabularyElementList/{number}")
            self._others(item, vocabulary, ("type", "vocabularyElementList"), place)

    def _vocabulary_element(self, parent: Any, element: Json, pointer: str) -> None:
        target = etree.SubElement(parent, "VocabularyElement")
        self._set(target, "id", element["id"], pointer + "/id")
        for index, attribute in enumerate(element.get("attributes") or []):
            self._attribute(target, attribute, f"{pointer}/attributes/{index}")
        if element.get("children"):
            children = etree.SubElement(target, "children")
            for index, child in enumerate(element["children"]):
                self._text(etree.SubElement(children, "id"), child, f"{pointer}/children/{index}")
        self._others(target, element, ("id", "attributes", "children"), pointer)

    def _attribute(self, parent: Any, attribute: Json, pointer: str) -> None:
        """One attribute of master data; what stands beside its id and value becomes XML attributes."""
        self._free(parent, "attribute", attribute.get("attribute", ""), pointer + "/attribute")
        for name, value in attribute.items():
            if name != "attribute":
                self._set(parent[-1], name, _plain(value), f"{pointer}/{escaped(name)}")

    def _others(self, target: Any, members: Json, known: tuple[str, ...], pointer: str) -> None:
        """What the standard does not know, after what it does."""
        for name, value in members.items():
            if name not in known and name != "@context":
                self._free(target, name, value, f"{pointer}/{escaped(name)}")

    def _body(self, body: Any) -> None:
        members = self.raw["epcisBody"]
        self._events(body, members["eventList"], "/epcisBody/eventList")
        self._others(body, members, ("eventList",), "/epcisBody")

    def _query(self, body: Any) -> None:
        place, members = "/epcisBody/queryResults", self.raw["epcisBody"]["queryResults"]
        results = etree.SubElement(body, f"{{{QUERY_2}}}QueryResults")
        for name in ("queryName", "subscriptionID"):
            if name in members:
                self._text(etree.SubElement(results, name), members[name], f"{place}/{name}")
        target, inner = etree.SubElement(results, "resultsBody"), members["resultsBody"]
        self._events(target, inner["eventList"], place + "/resultsBody/eventList")
        if inner.get("vocabularyList"):
            self._vocabularies(target, inner["vocabularyList"], place + "/resultsBody/vocabularyList")
        self._others(target, inner, ("eventList", "vocabularyList"), place + "/resultsBody")
        self._others(results, members, ("queryName", "subscriptionID", "resultsBody"), place)
        self._others(body, self.raw["epcisBody"], ("queryResults",), "/epcisBody")

    def _events(self, parent: Any, events: list[Json], pointer: str) -> None:
        holder = etree.SubElement(parent, "EventList")
        for index, event in enumerate(events):
            self._event(holder, event, f"{pointer}/{index}")

    @contextmanager
    def _inside(self, parent: Any, tag: str, members: Json) -> Iterator[Any]:
        """A new element, with what the `@context` of `members` declares in force while it is filled."""
        outer, own = self.prefixes, prefixes(as_list(members.get("@context")))
        self.prefixes = outer | own
        yield etree.SubElement(parent, tag, nsmap=self._declarations(own))
        self.prefixes = outer

    def _event(self, parent: Any, event: Json, pointer: str) -> None:
        kind = event["type"]
        self.prefixes, outer = self.prefixes | prefixes(as_list(event.get("@context"))), self.prefixes
        tag = self._tag(kind, pointer + "/type")
        self.prefixes = outer
        with self._inside(parent, tag, event) as element:
            order = ORDER.get(kind, ())
            names = [name for name in order if name in event or name == NEEDED.get(kind)]
            names += [name for name in event if name not in order and name not in ("type", "@context")]
            for name in names:
                self._event_member(element, name, event.get(name, []), f"{pointer}/{escaped(name)}")

    def _event_member(self, parent: Any, name: str, value: Any, pointer: str) -> None:
        if name in LISTS:
            holder = etree.SubElement(parent, name)
            for index, item in enumerate(value):
                self._item(holder, LISTS[name], item, f"{pointer}/{index}")
        elif name in WORDS:
            self._text(etree.SubElement(parent, name), uri_of(WORDS[name], value), pointer)
        elif name == "persistentDisposition":
            holder = etree.SubElement(parent, name)
            for kind in ("unset", "set"):
                for word in value.get(kind) or []:
                    self._text(etree.SubElement(holder, kind), uri_of("disposition", word), f"{pointer}/{kind}")
        elif name == "errorDeclaration":
            self._declaration(parent, value, pointer)
        elif name in ("readPoint", "bizLocation"):
            self._nested(parent, name, {"id": value["id"]} | value, pointer)
        elif name == "ilmd":
            self._nested(parent, name, value, pointer)
        else:
            self._free(parent, name, value, pointer)

    def _declaration(self, parent: Any, members: Json, pointer: str) -> None:
        with self._inside(parent, "errorDeclaration", members) as target:
            self._free(target, "declarationTime", members["declarationTime"], pointer + "/declarationTime")
            if "reason" in members:
                self._text(etree.SubElement(target, "reason"), uri_of("reason", members["reason"]), pointer + "/reason")
            if "correctiveEventIDs" in members:
                holder = etree.SubElement(target, "correctiveEventIDs")
                for index, item in enumerate(members["correctiveEventIDs"]):
                    place = f"{pointer}/correctiveEventIDs/{index}"
                    self._text(etree.SubElement(holder, "correctiveEventID"), item, place)
            self._others(target, members, ("declarationTime", "reason", "correctiveEventIDs"), pointer)

    def _item(self, parent: Any, tag: str, value: Any, pointer: str) -> None:
        if tag in TYPES:
            element = etree.SubElement(parent, tag)
            if "type" in value:
                self._set(element, "type", uri_of(TYPES[tag], value["type"]), pointer + "/type")
            self._text(element, value[tag], pointer)
        elif tag == "quantityElement":
            element = etree.SubElement(parent, tag)
            for name in ("epcClass", "quantity", "uom"):
                if name in value:
                    self._text(etree.SubElement(element, name), _plain(value[name]), f"{pointer}/{name}")
        elif tag == "sensorElement":
            self._sensor(parent, value, pointer)
        else:
            self._text(etree.SubElement(parent, tag), value, pointer)

    def _sensor(self, parent: Any, value: Json, pointer: str) -> None:
        with self._inside(parent, "sensorElement", value) as target:
            if "sensorMetadata" in value:
                self._report(target, "sensorMetadata", value["sensorMetadata"], pointer + "/sensorMetadata")
            for index, part in enumerate(value["sensorReport"]):
                self._report(target, "sensorReport", part, f"{pointer}/sensorReport/{index}")
            self._others(target, value, ("sensorMetadata", "sensorReport"), pointer)

    def _report(self, parent: Any, tag: str, members: Json, pointer: str) -> None:
        with self._inside(parent, tag, members) as target:
            for name, value in members.items():
                place = f"{pointer}/{escaped(name)}"
                if name == "@context":
                    continue
                if not isinstance(value, str) and name not in NUMBERS and name != "booleanValue":
                    self._free(target, name, value, place)  # an attribute would lose its type
                else:
                    word = REPORT_WORDS.get(name) if tag == "sensorReport" else None
                    self._set(target, name, uri_of(word, value) if word else _plain(value), place)

    def _free(self, parent: Any, name: str, value: Any, pointer: str) -> None:
        """A member that the standard does not know: an element, one for each item of a list, or an attribute."""
        if name.startswith("@") or name == "#text":
            if name == "#text":
                self._scalar(parent, "" if value is None else value, pointer)
            else:
                self._set(parent, name[1:], _plain(value), pointer)
            return
        for index, item in enumerate(value if isinstance(value, list) else [value]):
            place = f"{pointer}/{index}" if isinstance(value, list) else pointer
            if isinstance(item, list):
                raise _refused(place, "XML has no list inside a list.")
            if isinstance(item, dict):
                self._nested(parent, self._tag(name, pointer), item, place)
            else:
                self._scalar(etree.SubElement(parent, self._tag(name, pointer)), item, place)

    def _scalar(self, element: Any, item: Any, pointer: str) -> None:
        """A text, or another value with the type that tells it from one."""
        if item is None:
            element.set(f"{{{XSI}}}nil", "true")
            return
        if not isinstance(item, str):
            kind = "boolean" if isinstance(item, bool) else "integer" if isinstance(item, int) else "decimal"
            element.set(f"{{{XSI}}}type", f"xsd:{kind}")
        self._text(element, _plain(item), pointer)

    def _nested(self, parent: Any, tag: str, members: Json, pointer: str) -> None:
        """An object with what its own `@context` declares."""
        with self._inside(parent, tag, members) as element:
            self._others(element, members, (), pointer)

    def _tag(self, name: str, pointer: str) -> str:
        """The XML name of a member, with its namespace."""
        prefix, colon, local = name.partition(":")
        if not colon:
            tag = name
        elif local.startswith("//") or prefix == "urn":
            cut = max(name.rfind("/"), name.rfind("#"), name.rfind(":")) + 1
            tag = f"{{{name[:cut]}}}{name[cut:]}"
        elif prefix in self.prefixes:
            tag = f"{{{self.prefixes[prefix]}}}{local}"
        else:
            raise _refused(pointer, f"The @context does not say what the prefix “{prefix}” means.")
        try:
            etree.QName(tag)
            return str(etree.Element(tag).tag)
        except ValueError:
            raise _refused(pointer, f"“{name}” is no name that XML can have.") from None

    def _set(self, element: Any, name: str, value: Any, pointer: str) -> None:
        tag = f"{{{XML}}}{name[4:]}" if name.startswith("xml:") else self._tag(name, pointer)
        try:
            element.set(tag, value)
        except (ValueError, TypeError):
            raise _refused(pointer, "XML cannot hold this text.") from None

    @staticmethod
    def _text(element: Any, value: Any, pointer: str) -> None:
        try:
            element.text = value
        except (ValueError, TypeError):
            raise _refused(pointer, "XML cannot hold this text.") from None


def _plain(value: Any) -> Any:
    """A scalar as XML text."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, Decimal):
        return f"{value:f}"
    return str(value) if isinstance(value, int) else value


def _uses(value: Any, prefix: str) -> bool:
    """True where a member's name begins with `prefix`."""
    if isinstance(value, dict):
        return any(key.startswith(prefix + ":") or _uses(inner, prefix) for key, inner in value.items())
    return isinstance(value, list) and any(_uses(item, prefix) for item in value)
