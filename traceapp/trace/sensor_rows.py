"""Writes the readings of events under what they were bound to."""
from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import datetime
from typing import Any

from sqlalchemy import delete, func, insert, select
from sqlalchemy.orm import Session

from traceapp.epcis import Event as Said

from .event_row import EventRow
from .excursions import Series
from .identity import Item, item_of
from .model import PositionState
from .position import place_named, spot_key
from .sensor_model import SensorReading
from .sensor_values import Reading, readings_of

Changed = dict[Series, tuple[datetime, datetime]]
_CHUNK = 2000


def derive_readings(session: Session, told: Iterable[tuple[EventRow, Said]], key_of: Callable[[Item], str]) -> Changed:
    """Write the readings of these events; answers from when to when each series changed."""
    rows: list[dict[str, Any]] = []
    changed: Changed = {}
    for event, said in told:
        if not is_bound(said):
            continue
        found, sources = list(readings_of(said)), bound_to(said, key_of)
        for source in sources:
            for position, reading in enumerate(found):
                rows.append(_row(source, event.id, position, reading))
                _note(changed, source, reading)
        if len(rows) >= _CHUNK:
            _insert(session, rows)
            rows = []
    _insert(session, rows)
    return changed


def take_back(session: Session, event: EventRow, said: Said, key_of: Callable[[Item], str]) -> Changed:
    """Take the readings of an event back; answers from when to when each series changed."""
    changed: Changed = {}
    if is_bound(said):
        for source in bound_to(said, key_of):
            for reading in readings_of(said):
                _note(changed, source, reading)
    for series, (start, end) in changed.items():
        session.connection().execute(delete(SensorReading).where(
            series.its_readings, SensorReading.at >= start, SensorReading.at <= end,
            SensorReading.event_id == event.id))
    return changed


def is_bound(said: Said) -> bool:
    """Whether what its sensors read is about how things were kept: heat while something is made is not."""
    return bool(said.sensors) and said.type != "TransformationEvent"


def bound_to(said: Said, key_of: Callable[[Item], str]) -> list[str]:
    """The keys of what the readings speak of: the things named (of a container, what is in it goes with it), else the
    place."""
    if said.parent_id:
        return [item_of(said.parent_id, is_class=False, is_parent=True).key]
    items = [item_of(uri, is_class=False) for uri in (*said.epcs, *said.child_epcs)]
    items += [item_of(stated.epc_class, is_class=True) for stated in (*said.quantities, *said.child_quantities)]
    if items:
        return list(dict.fromkeys(key_of(item) for item in items))
    place = place_named(said)
    return [spot_key(PositionState.at, place)] if place else []


def all_series(session: Session) -> Changed:
    """Every series, from its first reading to its last."""
    one = SensorReading
    found = session.execute(select(one.source_key, one.kind, one.device, func.min(one.at), func.max(one.at))
                            .group_by(one.source_key, one.kind, one.device).order_by(one.source_key, one.kind,
                                                                                     one.device)).all()
    return {Series(source, kind, device): (start, end) for source, kind, device, start, end in found}


def _row(source: str, event_id: str, position: int, reading: Reading) -> dict[str, Any]:
    return {"source_key": source, "at": reading.at, "kind": reading.kind.value, "device": reading.device,
            "event_id": event_id, "position": position, "until": reading.until, "low": reading.low,
            "high": reading.high, "mean": reading.mean, "is_alarm": reading.is_alarm}


def _note(changed: Changed, source: str, reading: Reading) -> None:
    series = Series(source, reading.kind.value, reading.device)
    start, end = changed.get(series, (reading.at, reading.at))
    changed[series] = (min(start, reading.at), max(end, reading.at))


def _insert(session: Session, rows: list[dict[str, Any]]) -> None:
    for start in range(0, len(rows), _CHUNK):
        session.connection().execute(insert(SensorReading), rows[start:start + _CHUNK])
