"""What a scope should be, told from the documents of the events alone: another way than the one that a recall takes.

The genealogy that a recall follows is derived from events; this walk reads what was captured, event by event, keeps
books of its own, and knows nothing of the derived tables.
"""
from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from typing import Any

from sqlalchemy import select, tuple_
from sqlalchemy.orm import Session

from traceapp.core.ids import name_key
from traceapp.trace.model import Event, EventItem

ZERO = Decimal(0)
MOST_EVENTS = 50_000
_CHUNK = 500
_LISTS = {"input": ("inputEPCList", "inputQuantityList"), "output": ("outputEPCList", "outputQuantityList"),
          "object": ("epcList", "quantityList"), "child": ("childEPCs", "childQuantityList")}
_BEFORE, _AFTER = frozenset({"input", "child"}), frozenset({"output", "parent"})


class TooMuch(Exception):
    """More events than are read for a comparison."""


@dataclass(slots=True)
class Book:
    """What the events say of one lot. `is_clear` off: an amount is missing, so that what is left cannot be said."""

    made: Decimal = ZERO
    gone: Decimal = ZERO
    shipped: dict[str, Decimal] = field(default_factory=lambda: defaultdict(Decimal))
    is_clear: bool = True

    @property
    def left(self) -> Decimal:
        """What is still in the house."""
        return self.made - self.gone - sum(self.shipped.values(), ZERO)


@dataclass(frozen=True, slots=True)
class Truth:
    """Every lot that was reached, by key, with its book; `came`: lots to which only later events lead."""

    books: Mapping[str, Book]
    came: frozenset[str] = frozenset()

    def units(self, lot_keys: Iterable[str]) -> dict[tuple[str, str], Decimal]:
        """{(lot key, consignee id): units net of returns}, where more than none, of these lots."""
        return {(key, consignee): amount for key in lot_keys if key in self.books
                for consignee, amount in self.books[key].shipped.items() if amount > 0}


def walk_events(session: Session, root_key: str, *, up: bool = False, until: datetime | None = None) -> Truth:
    """All that was made of a lot (`up`: that it was made of), itself included, by the events that were recorded up to
    a moment. Raises TooMuch."""
    read = _Reading(session, until)
    books: dict[str, Book] = {}
    later: list[Any] = []
    waiting = {root_key}
    while waiting:
        books |= {key: Book() for key in waiting}
        found: set[str] = set()
        for document, is_later in read.documents(waiting):
            if is_later:
                later.append(document)
            else:
                found |= _beyond(document, books, up=up)
        waiting = found - books.keys()
    _keep_books(session, books, until)
    return Truth(books, _came(read, books.keys(), later, up=up))


def _came(read: _Reading, before: Collection[str], later: list[Any], *, up: bool) -> frozenset[str]:
    """The lots to which only later events lead."""
    reached, found = set(before), set[str]()
    for document in later:
        found |= _beyond(document, reached, up=up)
    while waiting := found - reached:
        reached |= waiting
        for document, _is_later in read.documents(waiting):
            found |= _beyond(document, reached, up=up)
    return frozenset(reached.difference(before))


def _keep_books(session: Session, books: dict[str, Book], until: datetime | None) -> None:
    """Enter every event of the reached lots, each once for each lot that it names."""
    for document, is_later in _Reading(session, until).documents(books):
        if is_later:
            continue
        for key, role, amount in _named(document):
            if key in books:
                _enter(books[key], document, role, amount)
        _enter_ways(books, document)


class _Reading:
    """The documents of events, each read once; those that were recorded after `until` are later ones."""

    def __init__(self, session: Session, until: datetime | None) -> None:
        self._session, self._until = session, until
        self._seen: set[tuple[str, str]] = set()

    def documents(self, keys: Iterable[str]) -> list[tuple[Any, bool]]:
        """(document, whether it is a later one) of the events that name these lots and were not read before. Raises
        TooMuch."""
        listed, names = sorted(keys), set[tuple[str, str]]()
        for start in range(0, len(listed), _CHUNK):
            names |= {(subject, event_id) for subject, event_id in self._session.execute(
                select(EventItem.subject_key, EventItem.event_id).where(
                    EventItem.lot_key.in_(listed[start:start + _CHUNK]), EventItem.stands.is_(True)))}
        fresh = sorted(names - self._seen)
        self._seen |= names
        if len(self._seen) > MOST_EVENTS:
            raise TooMuch
        found = []
        for start in range(0, len(fresh), _CHUNK):
            for text, at in self._session.execute(select(Event.document, Event.recorded_at).where(
                    tuple_(Event.id, Event.subject_key).in_(
                        [(event_id, subject) for subject, event_id in fresh[start:start + _CHUNK]]))):
                found.append((json.loads(text, parse_float=Decimal), self._until is not None and at > self._until))
        return found


def _named(document: Mapping[str, Any]) -> Iterable[tuple[str, str, Decimal | None]]:
    """(key, role, amount) of each thing that an event names; a single thing counts as one."""
    for role, (things, classes) in _LISTS.items():
        for uri in document.get(things, ()):
            yield name_key(uri), role, Decimal(1)
        for entry in document.get(classes, ()):
            amount = entry.get("quantity")
            yield name_key(entry["epcClass"]), role, None if amount is None else Decimal(str(amount))
    if document.get("parentID"):
        yield name_key(document["parentID"]), "parent", None


def _beyond(document: Mapping[str, Any], reached: Collection[str], *, up: bool) -> set[str]:
    """The lots on the far side of an event one of whose near ones was reached."""
    near, far = (_AFTER, _BEFORE) if up else (_BEFORE, _AFTER)
    named = list(_named(document))
    if not any(role in near and key in reached for key, role, _amount in named):
        return set()
    return {key for key, role, _amount in named if role in far}


def _enter(book: Book, document: Mapping[str, Any], role: str, amount: Decimal | None) -> None:
    """Enter what one event says of the amount of one lot in the house."""
    act, step = document.get("ta:act"), document.get("bizStep")
    is_foreign = act is None and step == "commissioning" and role == "object"
    if role == "output" or act in ("receive", "enter") or is_foreign:
        book.made += amount or ZERO
        book.gone += Decimal(str(document.get("ta:retainedSamples") or 0)) if role == "output" else ZERO
        book.is_clear = book.is_clear and amount is not None
    elif role == "input" or act == "dispose":
        book.gone += amount or ZERO
        book.is_clear = book.is_clear and amount is not None
    elif act == "inspect":
        book.gone += Decimal(str(document.get("ta:sampled") or 0))


def _enter_ways(books: Mapping[str, Book], document: Mapping[str, Any]) -> None:
    """Enter what went to a consignee or came back from one."""
    act, consignee = document.get("ta:act"), document.get("ta:consignee")
    if act not in ("ship", "return") or consignee is None:
        return
    for line in document.get("ta:lines", ()):
        key, units = name_key(line["ta:lot"]), Decimal(str(line["ta:units"]))
        if key in books:
            books[key].shipped[consignee] += units if act == "ship" else -units
