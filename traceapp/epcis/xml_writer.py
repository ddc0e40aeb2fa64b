"""EPCIS 2.0 in XML, written from the JSON form."""
from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from decimal import Decimal
from typing import Any

from lxml import etree

from .json_form import as_document, escaped
from .model import Document, EpcisErrors, Event, Finding, Json
from .namespaces import STANDARD_PREFIXES, as_list, prefixes
from .vocabulary import uri_of
from .xml_names import EPCIS_2, LISTS, NEEDED, ORDER, QUERY_2, REPORT_WORDS, TYPES, WORDS, XML, XSD, XSI

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
        for name, value in members.items():
            if name != "epcisMasterData":
                self._free(header, name, value, f"/epcisHeader/{escaped(name)}")
        if "epcisMasterData" in members:
            data = etree.SubElement(etree.SubElement(header, "extension"), "EPCISMasterData")
            self._vocabularies(data, members["epcisMasterData"].get("vocabularyList") or [])

    def _vocabularies(self, parent: Any, vocabularies: list[Json]) -> None:
        holder = etree.SubElement(parent, "VocabularyList")
        for vocabulary in vocabularies:
            item = etree.SubElement(holder, "Vocabulary", type=vocabulary["type"])
            elements = etree.SubElement(item, "VocabularyElementList")
            for element in vocabulary.get("vocabularyElementList") or []:
                self._vocabulary_element(etree.SubElement(elements, "VocabularyElement", id=element["id"]), element)

    def _vocabulary_element(self, target: Any, element: Json) -> None:
        for attribute in element.get("attributes") or []:
            self._free(target, "attribute", attribute.get("attribute", ""), "/epcisHeader/epcisMasterData")
            target[-1].set("id", attribute["id"])
        if element.get("children"):
            children = etree.SubElement(target, "children")
            for child in element["children"]:
                etree.SubElement(children, "id").text = child
        for name, value in element.items():
            if name not in ("id", "attributes", "children"):
                self._free(target, name, value, "/epcisHeader/epcisMasterData")

    def _body(self, body: Any) -> None:
        members = self.raw["epcisBody"]
        self._events(body, members["eventList"], "/epcisBody/eventList")
        for name, value in members.items():
            if name != "eventList":
                self._free(body, name, value, f"/epcisBody/{escaped(name)}")

    def _query(self, body: Any) -> None:
        results = etree.SubElement(body, f"{{{QUERY_2}}}QueryResults")
        members = self.raw["epcisBody"]["queryResults"]
        for name in ("queryName", "subscriptionID"):
            if name in members:
                self._text(etree.SubElement(results, name), members[name], f"/epcisBody/queryResults/{name}")
        target, inner = etree.SubElement(results, "resultsBody"), members["resultsBody"]
        self._events(target, inner["eventList"], "/epcisBody/queryResults/resultsBody/eventList")
        if inner.get("vocabularyList"):
            self._vocabularies(target, inner["vocabularyList"])

    def _events(self, parent: Any, events: list[Json], pointer: str) -> None:
        holder = etree.SubElement(parent, "EventList")
        for index, event in enumerate(events):
            self._event(holder, event, f"{pointer}/{index}")

    def _event(self, parent: Any, event: Json, pointer: str) -> None:
        outer, own = self.prefixes, prefixes(as_list(event.get("@context")))
        self.prefixes = outer | own
        kind = event["type"]
        element = etree.SubElement(parent, self._tag(kind, pointer + "/type"), nsmap=self._declarations(own))
        order = ORDER.get(kind, ())
        names = [name for name in order if name in event or name == NEEDED.get(kind)]
        names += [name for name in event if name not in order and name not in ("type", "@context")]
        for name in names:
            self._event_member(element, name, event.get(name, []), f"{pointer}/{escaped(name)}")
        self.prefixes = outer

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
            self._declaration(etree.SubElement(parent, name), value, pointer)
        elif name in ("readPoint", "bizLocation", "ilmd"):
            self._nested(parent, name, value, pointer)
        else:
            self._free(parent, name, value, pointer)

    def _declaration(self, target: Any, members: Json, pointer: str) -> None:
        for name, value in members.items():
            if name == "correctiveEventIDs":
                holder = etree.SubElement(target, name)
                for item in value:
                    self._text(etree.SubElement(holder, "correctiveEventID"), item, pointer)
            else:
                self._free(target, name, uri_of("reason", value) if name == "reason" else value, f"{pointer}/{name}")

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
            self._sensor(etree.SubElement(parent, tag), value, pointer)
        else:
            self._text(etree.SubElement(parent, tag), value, pointer)

    def _sensor(self, target: Any, value: Json, pointer: str) -> None:
        for name, parts in (("sensorMetadata", [value.get("sensorMetadata")]), ("sensorReport", value["sensorReport"])):
            for part in parts:
                if part is not None:
                    self._report(etree.SubElement(target, name), part, f"{pointer}/{name}")
        for name, inner in value.items():
            if name not in ("sensorMetadata", "sensorReport"):
                self._free(target, name, inner, f"{pointer}/{escaped(name)}")

    def _report(self, target: Any, members: Json, pointer: str) -> None:
        for name, value in members.items():
            place = f"{pointer}/{escaped(name)}"
            if isinstance(value, (dict, list)):
                self._free(target, name, value, place)
            else:
                word = REPORT_WORDS.get(name)
                self._set(target, name, uri_of(word, value) if word else _plain(value), place)

    def _free(self, parent: Any, name: str, value: Any, pointer: str) -> None:
        """A member that the standard does not know: an element, one for each item of a list, or an attribute."""
        if name.startswith("@") or name == "#text":
            if name == "#text":
                self._text(parent, _plain(value), pointer)
            else:
                self._set(parent, name[1:], _plain(value), pointer)
            return
        for item in value if isinstance(value, list) else [value]:
            if isinstance(item, list):
                raise _refused(pointer, "XML has no list inside a list.")
            if isinstance(item, dict):
                self._nested(parent, self._tag(name, pointer), item, pointer)
                continue
            element = etree.SubElement(parent, self._tag(name, pointer))
            if item is None:
                element.set(f"{{{XSI}}}nil", "true")
            else:
                if not isinstance(item, str):
                    kind = "boolean" if isinstance(item, bool) else "integer" if isinstance(item, int) else "decimal"
                    element.set(f"{{{XSI}}}type", f"xsd:{kind}")
                self._text(element, _plain(item), pointer)

    def _nested(self, parent: Any, tag: str, members: Json, pointer: str) -> None:
        """An object with what its own `@context` declares."""
        outer, own = self.prefixes, prefixes(as_list(members.get("@context")))
        self.prefixes = outer | own
        element = etree.SubElement(parent, tag, nsmap=self._declarations(own))
        for name, value in members.items():
            if name != "@context":
                self._free(element, name, value, f"{pointer}/{escaped(name)}")
        self.prefixes = outer

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
