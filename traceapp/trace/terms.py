"""What an event can be found by: its items, places, steps and papers, each under one key however it is written.

Items are rows of `EventItem`; everything else, and the classes of the items, are rows of `EventTerm`.
"""
from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from functools import lru_cache
from typing import Any

from sqlalchemy.orm import Session

from traceapp.core.ids import name_key
from traceapp.db.insert import form_of, insert_rows
from traceapp.epcis import Event as Said
from traceapp.epcis.identifiers import normal_form

from .event_row import EventRow
from .identity import Item, item_of
from .query_model import EventTerm

# Where an item stands in an event. The first part is what stood in lists of instances, the second in lists of classes.
INSTANCES = ("epc", "child_epc", "input_epc", "output_epc", "parent")
CLASSES = ("class", "child_class", "input_class", "output_class")
# Where it stands -> its role, and whether it stands in a list of classes.
ITEMS = {name: (role, is_class) for names, is_class in ((INSTANCES, False), (CLASSES, True))
         for name, role in zip(names, ("object", "child", "input", "output", "parent"), strict=False)}
PATTERN = "all_of:"
COLUMNS = ("name", "key", "at", "event_id", "subject_key", "value")
_LONGEST = 40
Term = tuple[str, str, str]  # name, key, value
Named = dict[tuple[str, str, bool], str]  # key, role, whether among classes -> how it is written


KeyOf = Callable[[Item], str]


@lru_cache(maxsize=8192)
def term_key(value: str) -> str:
    """The key of a URI or word, the same for every way of writing it."""
    return name_key(normal_form(value))


_class_key = lru_cache(maxsize=8192)(name_key)


def typed(kind: str, type_: str) -> str:
    """The name of a term that has a type of its own, such as a purchase order among business transactions."""
    whole = f"{kind}:{type_}"
    return whole if len(whole) <= _LONGEST else f"{kind[:7]}:{name_key(type_)}"


def found_by(said: Said, key_of: KeyOf | None = None) -> tuple[Named, list[Term]]:
    """The items that the event names, and everything else that it can be found by, each once. `key_of`: the key of the
    lot of ours that an item means, where that may be another than its own."""
    named: Named = {}
    found: dict[tuple[str, str], str] = {}
    for name, uri, is_class in _items(said):
        # Called as `stated_by` calls it, so that it remembers.
        item = item_of(uri, is_class=False, is_parent=True) if name == "parent" else item_of(uri, is_class=is_class)
        place = ITEMS[name]
        _add(named, (item.key, *place), uri)
        if key_of is not None and (ours := key_of(item)) != item.key:
            _add(named, (ours, *place), uri)
        if item.class_uri is not None:
            _add(found, (PATTERN + name, _class_key(item.class_uri)), item.class_uri)
    for name, value in _others(said):
        _add(found, (name, term_key(value)), value)
    return named, [(name, key, value) for (name, key), value in found.items()]


def terms_of(said: Said) -> list[Term]:
    """Everything that the event can be found by under the names of terms, its items too: what migration 0008 writes,
    before items had rows of their own."""
    named, terms = found_by(said)
    names = {place: name for name, place in ITEMS.items()}
    return [*((names[role, is_class], key, uri) for (key, role, is_class), uri in named.items()), *terms]


def _add(found: dict[Any, str], place: tuple[Any, ...], value: str) -> None:
    """Note a term; of several ways of writing one, the first in the alphabet stays."""
    before = found.get(place)
    if before is None or value < before:
        found[place] = value


def _items(said: Said) -> Iterator[tuple[str, str, bool]]:
    lists = (said.epcs, said.child_epcs, said.input_epcs, said.output_epcs,
             (said.parent_id,) if said.parent_id else ())
    for name, uris in zip(INSTANCES, lists, strict=True):
        yield from ((name, uri, False) for uri in uris)
    classes = (said.quantities, said.child_quantities, said.input_quantities, said.output_quantities)
    for name, stated in zip(CLASSES, classes, strict=True):
        yield from ((name, one.epc_class, True) for one in stated)


def _others(said: Said) -> Iterator[tuple[str, str]]:
    for name, value in (("bizStep", said.biz_step), ("disposition", said.disposition), ("readPoint", said.read_point),
                        ("bizLocation", said.biz_location), ("transformationID", said.transformation_id)):
        if value:
            yield name, value
    for value in said.persistent_set:
        yield "persistent_set", value
    for value in said.persistent_unset:
        yield "persistent_unset", value
    for kind, pairs in (("bizTransaction", said.biz_transactions), ("source", said.sources),
                        ("destination", said.destinations)):
        for type_, value in pairs:
            yield typed(kind, type_), value


def write_terms(session: Session, told: Iterable[tuple[EventRow, Iterable[Term]]]) -> None:
    """Write the terms of these events."""
    form = form_of(session, EventTerm, "at")
    rows = [(name, key, at, row.id, row.subject_key, value)
            for row, terms in told for at in (form(row.event_time),) for name, key, value in terms]
    insert_rows(session, EventTerm, COLUMNS, rows, ready="at")


def rows_of(event: tuple[str, str, Any], terms: Iterable[Term]) -> list[dict[str, Any]]:
    """The rows of one event (id, subject key, time), each a value for each of `COLUMNS`."""
    event_id, subject_key, at = event
    return [dict(zip(COLUMNS, (name, key, at, event_id, subject_key, value), strict=True))
            for name, key, value in terms]
