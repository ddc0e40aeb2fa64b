"""What an event can be found by: its items, places, steps and papers, each under one key however it is written."""
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
PATTERN = "all_of:"
COLUMNS = ("name", "key", "at", "event_id", "subject_key", "value")
_LONGEST = 40
Term = tuple[str, str, str]  # name, key, value


@lru_cache(maxsize=8192)
def term_key(value: str) -> str:
    """The key of a URI or word, the same for every way of writing it."""
    return name_key(normal_form(value))


_class_key = lru_cache(maxsize=8192)(name_key)


def typed(kind: str, type_: str) -> str:
    """The name of a term that has a type of its own, such as a purchase order among business transactions."""
    whole = f"{kind}:{type_}"
    return whole if len(whole) <= _LONGEST else f"{kind[:7]}:{name_key(type_)}"


def terms_of(said: Said, lot_keys: dict[str, str] | None = None) -> list[Term]:
    """Everything that the event can be found by, each name and key once. `lot_keys`: URI -> key of the lot of ours
    that it means, where that is another than the URI's own."""
    found: dict[tuple[str, str], str] = {}
    for name, uri, is_class in _items(said):
        # Called as `stated_by` calls it, so that it remembers.
        item = item_of(uri, is_class=False, is_parent=True) if name == "parent" else item_of(uri, is_class=is_class)
        _add(found, name, item.key, uri)
        ours = lot_keys.get(uri) if lot_keys else None
        if ours and ours != item.key:
            _add(found, name, ours, uri)
        if item.class_uri is not None:
            _add(found, PATTERN + name, _class_key(item.class_uri), item.class_uri)
    for name, value in _others(said):
        _add(found, name, term_key(value), value)
    return [(name, key, value) for (name, key), value in found.items()]


def _add(found: dict[tuple[str, str], str], name: str, key: str, value: str) -> None:
    """Note a term; of several ways of writing one, the first in the alphabet stays."""
    before = found.get((name, key))
    if before is None or value < before:
        found[name, key] = value


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


def lot_keys_of(said: Iterable[Said], key_of: Callable[[Item], str]) -> dict[str, str]:
    """URI -> key of the lot that `key_of` finds, for each lot that the events name."""
    found: dict[str, str] = {}
    for event in said:
        for _name, uri, is_class in _items(event):
            if is_class:
                found[uri] = key_of(item_of(uri, is_class=True))
    return found
