"""The CBV 2.0 event hash: one text for everything that says the same, and its SHA-256.

Source: CBV 2.0, section 8.9; order of properties as in the published test vectors.
"""
from __future__ import annotations

import hashlib
import re
from collections.abc import Callable, Iterable, Iterator
from decimal import Decimal
from typing import Any

from traceapp.core.quantity import plain

from .identifiers import normal_form
from .model import Event, Json
from .namespaces import STANDARD_PREFIXES, as_list, namespace_of, prefixes
from .times import utc_milliseconds
from .vocabulary import KINDS, uri_of, web_form

_WHOLE = ("urn:epc:id:", "urn:epc:class:", "https://id.gs1.org/")  # neither a prefix nor an old word
_NUMERIC = re.compile(r"[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d{1,2})?", re.ASCII)
_UNSAID = frozenset({"@context", "rdfs:comment", "comment"})
_IGNORED = _UNSAID | {"type", "recordTime", "eventID", "errorDeclaration"}
_UNIQUE = frozenset({"epc", "parentID", "epcClass"})  # hardly ever the same in two events
_MOST_KNOWN = 4096
_TIMES = frozenset({"eventTime", "time", "startTime", "endTime"})
# (member, kind of list, order of the members of an item); the kinds are the keys of _WRITERS.
_ORDER = (
    ("eventTime", "value"), ("eventTimeZoneOffset", "plain"), ("certificationInfo", "value"), ("parentID", "value"),
    ("epcList", "epc"), ("inputEPCList", "epc"), ("childEPCs", "epc"), ("quantityList", "quantityElement"),
    ("childQuantityList", "quantityElement"), ("inputQuantityList", "quantityElement"), ("outputEPCList", "epc"),
    ("outputQuantityList", "quantityElement"), ("action", "plain"), ("transformationID", "value"),
    ("bizStep", "value"), ("disposition", "value"), ("persistentDisposition", "object"), ("readPoint", "object"),
    ("bizLocation", "object"), ("sensorElementList", "sensorElement"),
)  # fmt: skip
# The published hashes have these among what follows in alphabetical order, not where the text of the standard has them.
_TYPED = ("bizTransactionList", "sourceList", "destinationList")
_TOP = frozenset(name for name, _kind in _ORDER) | frozenset(_TYPED) | _IGNORED
_INNER: dict[str, tuple[str, ...]] = {
    "persistentDisposition": ("set", "unset"), "readPoint": ("id",), "bizLocation": ("id",),
    "quantityElement": ("epcClass", "quantity", "uom"),
    "bizTransactionList": ("type", "bizTransaction"), "sourceList": ("type", "source"),
    "destinationList": ("type", "destination"), "sensorElement": ("sensorMetadata", "sensorReport"),
    "sensorMetadata": ("time", "startTime", "endTime", "deviceID", "deviceMetadata", "rawData",
                       "dataProcessingMethod", "bizRules"),
    "sensorReport": ("type", "exception", "deviceID", "deviceMetadata", "rawData", "dataProcessingMethod", "time",
                     "microorganism", "chemicalSubstance", "value", "component", "stringValue", "booleanValue",
                     "hexBinaryValue", "uriValue", "minValue", "maxValue", "meanValue", "sDev", "percRank",
                     "percValue", "uom", "coordinateReferenceSystem"),
}
# Where a bare word stands for a URI of the vocabulary: (element, member) → kind.
_WORDS = {
    ("", "bizStep"): "bizStep", ("", "disposition"): "disposition", ("persistentDisposition", "set"): "disposition",
    ("persistentDisposition", "unset"): "disposition", ("bizTransactionList", "type"): "bizTransaction",
    ("sourceList", "type"): "party", ("destinationList", "type"): "party", ("sensorReport", "type"): "measurement",
    ("sensorReport", "exception"): "alert", ("sensorReport", "component"): "component",
}


def event_hash(event: Event) -> str:
    """The `ni:///sha-256;…?ver=CBV2.0` name of what the event says: the same for JSON and XML, whatever the order.

    When it was recorded, its eventID and an error declaration take no part, nor does what the document lists in an
    `ignoreFields` member. Numbers are exact, where the reference implementation passes them through binary floating
    point: they differ beyond some fifteen digits.
    """
    return _named(pre_hash(event))


def event_hashes(events: Iterable[Event]) -> Iterator[str]:
    """The hash of each; quicker for the events of one document, which share a context."""
    writer: _Writer | None = None
    for event in events:
        if writer is None or not writer.fits(event):
            writer = _Writer(event)
        yield _named(writer.text(event))


def _named(text: str) -> str:
    return f"ni:///sha-256;{hashlib.sha256(text.encode('utf-8')).hexdigest()}?ver=CBV2.0"


def pre_hash(event: Event) -> str:
    """The text that is hashed: key=value of everything, in the order of the standard, without separators."""
    return _Writer(event).text(event)


class _Writer:
    """Writes events of one context; holds what its prefixes mean, and the forms of what events repeat."""

    def __init__(self, event: Event) -> None:
        self.context, self.hash_ignores = event.context, event.hash_ignores
        self.declared = prefixes(event.context)
        self.ignored = frozenset(map(self._name, event.hash_ignores)) if event.hash_ignores else frozenset()
        self.plain_urns = "urn" not in self.declared
        self.known: dict[tuple[str, str, str], str] = {}

    def fits(self, event: Event) -> bool:
        """Whether the event has the very context that this one was made for."""
        return event.context is self.context and event.hash_ignores == self.hash_ignores

    def text(self, event: Event) -> str:
        document = event.document
        parts = ["eventType=", self._uri(event.type)]
        for name, kind in _ORDER:
            value = document.get(name)
            if value is None or value == "" or value == []:
                continue
            writer = _WRITERS.get(kind)
            parts.append(writer(self, name, value) if writer else self._elements(name, kind, value))
        rest = [self._typed(name, document[name]) for name in _TYPED if document.get(name)]
        others = {name: value for name, value in document.items() if name not in _TOP}
        if others:
            rest += self._written(others)
        return "".join(parts + sorted(rest))

    def _plain(self, name: str, value: Any) -> str:
        return f"{name}={str(value).strip()}"

    def _epcs(self, name: str, values: list[Any]) -> str:
        return name + "".join(sorted([f"epc={self._leaf('', 'epc', value)}" for value in values]))

    def _member(self, name: str, value: Any, element: str = "") -> str:
        """`name=value`, once for each item of a list, sorted."""
        if not isinstance(value, list):
            text = self._leaf(element, name, value)
            return f"{name}={text}" if text else ""
        written = [self._leaf(element, name, item) for item in value]
        return "".join(sorted([f"{name}={text}" for text in written if text]))

    def _object_member(self, name: str, value: Json) -> str:
        inside = self._object(name, value)
        return name + inside if inside else ""

    def _typed(self, name: str, values: list[Json]) -> str:
        return name + "".join(sorted([self._object(name, item) for item in values]))

    def _elements(self, name: str, element: str, values: list[Json]) -> str:
        return name + "".join(sorted([element + self._object(element, item) for item in values]))

    def _object(self, element: str, value: Json) -> str:
        """The members of a standard element in its order, then what is not of the standard."""
        order = _INNER[element]
        parts = []
        for name in order:
            inner = value.get(name)
            if name == "sensorMetadata" and inner:
                parts.append(self._object_member(name, inner))
            elif name == "sensorReport" and inner:
                parts += sorted(name + self._object(name, item) for item in inner)
            elif inner is not None and inner != "":
                parts.append(self._member(name, inner, element))
        others = {name: inner for name, inner in value.items() if name not in order}
        if others:
            parts.append(self._extensions(others))
        return "".join(parts)

    def _extensions(self, members: Json) -> str:
        return "".join(sorted(self._written(members)))

    def _written(self, members: Json) -> list[str]:
        """Every member that is not of the standard, each as one text."""
        written: list[str] = []
        outer = self.declared
        if "@context" in members:
            self.declared = outer | prefixes(as_list(members["@context"]))
        for name, value in members.items():
            full = self._name(name)
            if full not in self.ignored and name not in _UNSAID:
                written += self._extension(full, value)
        self.declared = outer
        return written

    def _extension(self, name: str, value: Any) -> Iterable[str]:
        for item in value if isinstance(value, list) else [value]:
            if isinstance(item, dict):
                yield name + (f"={self._free(item['#text'])}" if "#text" in item else "") + self._extensions(
                    {key: inner for key, inner in item.items() if key != "#text"})
            elif isinstance(item, list):
                yield name + "".join(sorted(text for inner in item for text in self._extension(name, inner)))
            else:
                text = self._free(item)
                yield f"{name}={text}" if text else name

    def _leaf(self, element: str, name: str, value: Any) -> str:
        """One value of the standard, in its one form."""
        if not isinstance(value, str):
            return _scalar(value)
        text = value.strip()
        if name in _TIMES:
            return utc_milliseconds(text)
        if name in _UNIQUE:
            return normal_form(text) if self.plain_urns and text.startswith(_WHOLE) else self._uri(_numeric(text))
        known = self.known.get((element, name, text))
        if known is None:
            known = self._spelt(element, name, text)
            if len(self.known) < _MOST_KNOWN:
                self.known[element, name, text] = known
        return known

    def _spelt(self, element: str, name: str, text: str) -> str:
        """One text of the standard that is neither a time nor the identifier of a thing."""
        kind = _WORDS.get((element, name))
        if kind:
            words, web, _urn = KINDS[kind]
            if text in words:
                return web + text
            return self._uri(uri_of(kind, text)) if ":" in text else text
        if name in ("stringValue", "hexBinaryValue"):
            return _numeric(text)
        return self._uri(_numeric(text))

    def _uri(self, text: str) -> str:
        """A URI of the standard's own members: prefixes spelt out, GS1 keys in their canonical form."""
        if text.startswith(_WHOLE) and self.plain_urns:
            return normal_form(text)
        prefix, colon, rest = text.partition(":")
        if colon and not rest.startswith("//"):
            meaning = namespace_of(prefix, self.declared)
            if meaning:
                text = meaning + rest
        return normal_form(_modern(text))

    def _free(self, value: Any) -> str:
        """A value in a member of somebody's own, where only GS1's prefixes are spelt out."""
        if not isinstance(value, str):
            return _scalar(value)
        return normal_form(_modern(web_form(_numeric(value.strip()))))

    def _name(self, name: str) -> str:
        """`{namespace}local` of a member with a prefix; other names as they are."""
        prefix, colon, local = name.lstrip("@").partition(":")
        if not colon or local.startswith("//"):
            return name.lstrip("@")
        meaning = self.declared.get(prefix) or STANDARD_PREFIXES.get(prefix)
        return f"{{{meaning}}}{local}" if meaning else name


_WRITERS: dict[str, Callable[[_Writer, str, Any], str]] = {
    "plain": _Writer._plain, "value": _Writer._member, "epc": _Writer._epcs, "object": _Writer._object_member,
}


def _modern(text: str) -> str:
    """The web URI of a word that is written as a URN of CBV 1."""
    if text.startswith("urn:epcglobal:cbv:"):
        for _words, web, urn in KINDS.values():
            if text.startswith(urn):
                return web + text[len(urn):]
    return text


def _scalar(value: Any) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, Decimal):
        return plain(value) if value else "0"
    return "" if value is None else str(value)


def _numeric(text: str) -> str:
    """Text that is a number, without sign of plus, leading and trailing zeros; other text as it is."""
    if text[:1] in "0123456789+-." and _NUMERIC.fullmatch(text):
        return _scalar(Decimal(text))
    return text
