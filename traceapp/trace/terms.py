"""What an event can be found by: its items, places, steps and papers, each under one key however it is written."""
from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from functools import lru_cache
from typing import Any

from sqlalchemy import insert
from sqlalchemy.orm import Session

from traceapp.core.ids import name_key
from traceapp.epcis import Event as Said
from traceapp.epcis.identifiers import normal_form

from .identity import Item, item_of
from .model import Event
from .query_model import EventTerm

# Where an item stands in an event. The first part is what stood in lists of instances, the second in lists of classes.
INSTANCES = ("epc", "child_epc", "input_epc", "output_epc", "parent")
CLASSES = ("class", "child_class", "input_class", "output_class")
PATTERN = "all_of:"
_CHUNK = 500
_LONGEST = 40


@lru_cache(maxsize=65536)
def term_key(value: str) -> str:
    """The key of a URI or word, the same for every way of writing it."""
    return name_key(normal_form(value))


_class_key = lru_cache(maxsize=65536)(name_key)


def typed(kind: str, type_: str) -> str:
    """The name of a term that has a type of its own, such as a purchase order among business transactions."""
    whole = f"{kind}:{type_}"
    return whole if len(whole) <= _LONGEST else f"{kind[:7]}:{name_key(type_)}"


def terms_of(said: Said, lot_keys: dict[str, str] | None = None) -> set[tuple[str, str, str]]:
    """(name, key, value) of everything that the event can be found by. `lot_keys`: URI -> key of the lot of ours that
    it means, where that is another than the URI's own."""
    found: set[tuple[str, str, str]] = set()
    for name, uri, is_class in _items(said):
        item = item_of(uri, is_class=is_class, is_parent=name == "parent")
        found.add((name, item.key, uri))
        ours = (lot_keys or {}).get(uri)
        if ours and ours != item.key:
            found.add((name, ours, uri))
        if item.class_uri is not None:
            found.add((PATTERN + name, _class_key(item.class_uri), item.class_uri))
    found.update((name, term_key(value), value) for name, value in _others(said))
    return found


def _items(said: Said) -> Iterator[tuple[str, str, bool]]:
    lists = (said.epcs, said.child_epcs, said.input_epcs, said.output_epcs,
             (said.parent_id,) if said.parent_id else ())
    for name, uris in zip(INSTANCES, lists, strict=True):
        yield from ((name, uri, False) for uri in uris)
    classes = (said.quantities, said.child_quantities, said.input_quantities, said.output_quantities)
    for name, stated in zip(CLASSES, classes, strict=True):
        yield from ((name, one.epc_class, True) for one in stated)


def _others(said: Said) -> Iterator[tuple[str, str]]:
    single = {"bizStep": said.biz_step, "disposition": said.disposition, "readPoint": said.read_point,
              "bizLocation": said.biz_location, "transformationID": said.transformation_id}
    yield from ((name, value) for name, value in single.items() if value)
    yield from (("persistent_set", value) for value in said.persistent_set)
    yield from (("persistent_unset", value) for value in said.persistent_unset)
    for kind, pairs in (("bizTransaction", said.biz_transactions), ("source", said.sources),
                        ("destination", said.destinations)):
        yield from ((typed(kind, type_), value) for type_, value in pairs)


def write_terms(session: Session, told: Iterable[tuple[Event, Said]], lot_keys: dict[str, str] | None = None) -> None:
    """Write the terms of these events; `lot_keys` as for `terms_of`."""
    rows = [row for event, said in told
            for row in rows_of((event.id, event.subject_key, event.event_time), terms_of(said, lot_keys))]
    for start in range(0, len(rows), _CHUNK):
        session.connection().execute(insert(EventTerm.__table__), rows[start:start + _CHUNK])  # type: ignore[arg-type]


def rows_of(event: tuple[str, str, Any], terms: Iterable[tuple[str, str, str]]) -> list[dict[str, Any]]:
    """The rows of one event (id, subject key, time), each name and key once."""
    event_id, subject_key, at = event
    once = {(name, key): value for name, key, value in sorted(terms, reverse=True)}
    return [{"name": name, "key": key, "at": at, "event_id": event_id, "subject_key": subject_key, "value": value}
            for (name, key), value in once.items()]


def lot_keys_of(said: Iterable[Said], key_of: Callable[[Item], str]) -> dict[str, str]:
    """URI -> key of the lot that `key_of` finds, for each lot that the events name."""
    found: dict[str, str] = {}
    for event in said:
        for _name, uri, is_class in _items(event):
            if is_class:
                found[uri] = key_of(item_of(uri, is_class=True))
    return found
