"""Rows of what a device read: many rows that follow each other are recorded as one event."""
from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from datetime import datetime
from decimal import Decimal
from typing import Any

from sqlalchemy import select

from traceapp.core.errors import InvalidInput, Problem
from traceapp.trace.identity import site_uri
from traceapp.trace.model import PositionState
from traceapp.trace.position import spot_key
from traceapp.trace.sensing import NewReading, RecordReadings, device_uri, record_readings
from traceapp.trace.sensor_model import SensorReading
from traceapp.trace.sensor_values import ReadingKind, in_standard

from .desk import Desk, Line, Names, Outcome, shared

ABOUT = ("device", "site", "product", "lot", "document")
# What a device's own table has a column for, beside kind and value.
_COLUMNS = {"temperature": ReadingKind.temperature, "humidity": ReadingKind.humidity}
_UNITS = {ReadingKind.temperature: "CEL", ReadingKind.humidity: "P1"}
_FIELDS = {"at": "at", "kind": "kind", "unit": "unit", "value": "value"}
_Known = dict[tuple[datetime, str], Decimal | None]


def telemetry_names(_lines: Sequence[Line]) -> Names:
    """Readings have no name: they are known by what was measured, when and by which device."""
    return ()


def take_telemetry(desk: Desk, lines: Sequence[Line]) -> Counter[str]:
    """The rows as one event, without those that are there already."""
    about = shared(lines, ABOUT)
    site = desk.site(about["site"]) if "site" in about else None
    lot = desk.lot(about["lot"], about.get("product")) if "lot" in about else None
    if lot is None and site is None:
        raise InvalidInput("Say what was measured: a lot, a container, or a site.", code="nothing-measured",
                           place="0/site")
    source = lot.lot_key if lot is not None else spot_key(
        PositionState.at, site_uri(site.gln, site.code) if site is not None else "")
    device = about.get("device", "")
    known = _known(desk, source, device, lines)
    fresh: list[NewReading] = []
    owners: list[tuple[int, str]] = []
    counts: Counter[str] = Counter()
    for index, line in enumerate(lines):
        added = [(reading, field) for reading, field in _readings(line, index) if _is_new(known, reading, index, field)]
        fresh += [reading for reading, _field in added]
        owners += [(index, field) for _reading, field in added]
        counts[Outcome.stored if added else Outcome.already] += 1
    if fresh:
        _record(desk, RecordReadings(tuple(fresh), device, (lot.lot_key,) if lot is not None else (),
                                     site.id if site is not None else None, about.get("document", "")), owners)
    return counts


def _known(desk: Desk, source: str, device: str, lines: Sequence[Line]) -> _Known:
    """What is there of this series, in the time of the rows."""
    times = [line.values["at"] for line in lines]
    found = desk.session.execute(select(SensorReading.at, SensorReading.kind, SensorReading.mean).where(
        SensorReading.source_key == source, SensorReading.at >= min(times), SensorReading.at <= max(times),
        SensorReading.device == (device_uri(device) if device else "")))
    return {(row.at, row.kind): row.mean for row in found}


def _readings(line: Line, index: int) -> list[tuple[NewReading, str]]:
    """What one row says was read, each with the column that says it."""
    said = line.values
    found = [(NewReading(said["at"], kind, _UNITS[kind], said[name]), name) for name, kind in _COLUMNS.items()
             if name in said]
    if "value" in said:
        kind = ReadingKind(said.get("kind", ReadingKind.temperature))
        found.append((NewReading(said["at"], kind, said.get("unit", _UNITS[kind]), said["value"]), "value"))
    if not found:
        raise InvalidInput("This row has no value.", code="no-value", place=f"{index}/value")
    return found


def _is_new(known: _Known, reading: NewReading, index: int, field: str) -> bool:
    """Whether nobody told it yet; then it is known from here on. Raises InvalidInput where something else was told."""
    key = (reading.at, str(reading.kind))
    value = in_standard(ReadingKind(reading.kind), reading.value, reading.unit)
    if key not in known:
        known[key] = value
        return True
    if known[key] != value:
        raise InvalidInput("Another value is known of this device at this moment: %(present)s.", code="differs",
                           place=f"{index}/{field}", present=str(known[key]))
    return False


def _record(desk: Desk, command: RecordReadings, owners: list[tuple[int, str]]) -> None:
    try:
        record_readings(desk.session, desk.actor, desk.clock, command)
    except Problem as problem:
        parts: list[Any] = (problem.place or "").split("/")
        if parts[0] == "readings" and len(parts) > 1:
            index, field = owners[int(parts[1])]
            told = parts[2] if len(parts) > 2 else ""
            problem.place = f"{index}/{field if told == 'value' else _FIELDS.get(told, '')}"
        raise
