"""Reading others' documents before anything is stored: whether they are sound, and everything that follows from them
alone. Needs no database, so that nobody waits for it."""
from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import count
from typing import Any

from traceapp.core.errors import InvalidInput, TooLarge
from traceapp.epcis import Document, Event, Finding, MasterItem, dumps, event_hashes, read_in_part, read_with_findings
from traceapp.epcis.json_form import event_list

from .derive_foreign import ItemRow, Resolver, Touched, rows_of_items, stated_by, subject_of, touched_of
from .facts import seen_name
from .identity import Item
from .terms import Term, found_by

MOST_BYTES = 50_000_000
_LONGEST_URI = 2000


@dataclass(frozen=True, slots=True)
class CaptureDocument:
    """A document in JSON, JSON-LD or XML, with the name that it is remembered by. `proceeds`: faulty events are left
    out, and what is sound is stored; else all or nothing. At most `limit` events."""

    name: str
    content: bytes
    proceeds: bool = False
    limit: int | None = None


@dataclass(frozen=True, slots=True)
class ReadEvent:
    """One event with what follows from it. `names`: what it is remembered by. `items` by key, `touched`, `rows` of
    items, `subject_key` and `terms` hold as long as none of its `gtins` is of a product of ours. `texts`: the event and
    its context, as they are stored."""

    said: Event
    place: str
    digest: str
    names: tuple[str, ...]
    gtins: frozenset[str]
    items: dict[str, Item]
    touched: list[Touched]
    rows: list[ItemRow]
    subject_key: str
    terms: list[Term]
    texts: tuple[str, str]


@dataclass(frozen=True, slots=True)
class ReadDocument:
    """A document that is sound, or the sound part of one. `header`: everything of it but its events."""

    name: str
    sha256: str
    proceeds: bool
    is_query: bool
    events: tuple[ReadEvent, ...]
    master_data: tuple[MasterItem, ...]
    header: dict[str, Any]
    findings: list[Finding]


def read_document(command: CaptureDocument) -> ReadDocument:
    """The document, read, checked and hashed. Raises EpcisErrors for one that is not sound, InvalidInput, TooLarge.

    What `proceeds` left out stands among the findings, as errors.
    """
    if len(command.content) > MOST_BYTES:
        raise TooLarge("The document is larger than %(limit)d MB. Nothing was stored; send it in parts.",
                       code="document-too-large", place="content", limit=MOST_BYTES // 1_000_000)
    digest = hashlib.sha256(command.content).hexdigest()
    document, findings = (read_in_part if command.proceeds else read_with_findings)(command.content)
    if command.limit is not None and len(document.events) > command.limit:
        raise TooLarge("The document has more than %(limit)d events. Nothing was stored; send it in parts.",
                       code="too-many-events", limit=command.limit)
    return ReadDocument(command.name[:300], digest, command.proceeds, document.is_query,
                        tuple(_events(document, findings)), document.master_data, _header(document), findings)


def _events(document: Document, findings: list[Finding]) -> Iterator[ReadEvent]:
    _, pointer = event_list(document.raw)
    places = _places(pointer, findings)
    common = dumps(document.context)
    nobody = Resolver()
    for event, digest, place in zip(document.events, event_hashes(document.events), places, strict=False):
        text = dumps(event.document)
        if len(text) > _LONGEST_URI:
            _refuse_long(event, place)
        stated = list(stated_by(event))
        items: dict[str, Item] = {}
        for item, _role, _quantity, _unit in stated:
            items.setdefault(item.key, item)
        touched = touched_of(stated, nobody)
        named, terms = found_by(event)
        context = common if event.context is document.context else dumps(event.context)
        yield ReadEvent(event, place, digest, _names(event, digest),
                        frozenset([item.gtin for item in items.values() if item.gtin]), items, touched,
                        rows_of_items(named, touched, items), subject_of(event, touched), terms, (text, context))


def _places(pointer: str, findings: list[Finding]) -> Iterator[str]:
    """Where the events stand that were not left out; a single event has no place of its own."""
    if not pointer:
        yield ""
    refused = {found.pointer.removeprefix(f"{pointer}/").partition("/")[0] for found in findings
               if found.is_error and found.pointer.startswith(f"{pointer}/")}
    for position in count():
        if str(position) not in refused:
            yield f"{pointer}/{position}"


def _header(document: Document) -> dict[str, Any]:
    """Everything of the document but its events; a query document's own members too."""
    kept = {name: value for name, value in document.raw.items() if name != "epcisBody"}
    if document.is_query:
        results = document.raw["epcisBody"]["queryResults"]
        kept["queryResults"] = {name: value for name, value in results.items() if name != "resultsBody"}
    return kept


def _names(event: Event, digest: str) -> tuple[str, ...]:
    """What the event is remembered by: its identifier and its hash; an error declaration repeats both and says
    something else, so it has names of its own."""
    own = tuple(dict.fromkeys((event.event_id or digest, digest)))
    if event.error_declaration is not None:
        return tuple(seen_name(f"{name}#error") for name in own)
    return tuple(seen_name(name) for name in own)


def _refuse_long(event: Event, place: str) -> None:
    for uri in event.identifiers:
        if len(uri) > _LONGEST_URI:
            raise InvalidInput("An identifier is longer than %(limit)d characters.", code="uri-too-long", place=place,
                               limit=_LONGEST_URI)
