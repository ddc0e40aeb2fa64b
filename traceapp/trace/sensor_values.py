"""What the sensors of an event read, in one unit: temperature in °C, relative humidity in percent. Pure."""
from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from enum import StrEnum
from typing import Any

from traceapp.core.quantity import rounded
from traceapp.epcis import Event as Said
from traceapp.epcis.times import parse_time
from traceapp.epcis.vocabulary import word_of

_LARGEST = Decimal(10) ** 9
_NUMBERS = ("value", "minValue", "maxValue", "meanValue")
LONGEST_DEVICE = 300


class ReadingKind(StrEnum):
    """`other`: any other property, kept only where the device raised the alarm itself."""

    temperature = "temperature"
    humidity = "humidity"
    other = "other"


_KINDS = {"Temperature": ReadingKind.temperature, "RelativeHumidity": ReadingKind.humidity}
# Source: UN/ECE Recommendation 20. CEL degree Celsius, FAH degree Fahrenheit, KEL kelvin, P1 percent.
_CONVERT: dict[ReadingKind, dict[str, Callable[[Decimal], Decimal]]] = {
    ReadingKind.temperature: {
        "CEL": lambda value: value, "FAH": lambda value: (value - 32) * 5 / 9,
        "KEL": lambda value: value - Decimal("273.15")},
    ReadingKind.humidity: {"P1": lambda value: value},
    ReadingKind.other: {},
}
UNITS = {kind: tuple(units) for kind, units in _CONVERT.items()}


@dataclass(frozen=True, slots=True)
class Reading:
    """What a device read at a moment, or from `at` to `until`. Both bounds are the value where one was read; None
    where the alarm is all that was told."""

    kind: ReadingKind
    at: datetime
    until: datetime | None
    device: str
    low: Decimal | None
    high: Decimal | None
    mean: Decimal | None
    is_alarm: bool


def readings_of(said: Said) -> Iterator[Reading]:
    """The readings of an event. What its device calls a failure of its own, or states in a unit that does not
    convert, is no reading."""
    for element in said.sensors:
        metadata = element.get("sensorMetadata") or {}
        for report in element.get("sensorReport") or ():
            found = _reading(metadata | report, said.event_time)
            if found is not None:
                yield found


def _reading(told: dict[str, Any], otherwise: datetime) -> Reading | None:
    alert = word_of("alert", str(told.get("exception") or ""))
    if alert == "ERROR_CONDITION":
        return None
    is_alarm = alert == "ALARM_CONDITION"
    kind = _KINDS.get(word_of("measurement", str(told.get("type") or "")), ReadingKind.other)
    numbers = {name: number for name in _NUMBERS if (number := in_standard(kind, told.get(name), told.get("uom")))
               is not None}
    if not numbers and not is_alarm:
        return None
    at, until = _times(told, otherwise)
    device = str(told.get("deviceID") or told.get("deviceMetadata") or "")
    return Reading(kind, at, until, "".join(filter(str.isprintable, device))[:LONGEST_DEVICE],
                   min(numbers.values(), default=None), max(numbers.values(), default=None),
                   numbers.get("meanValue", numbers.get("value")), is_alarm)


def in_standard(kind: ReadingKind, value: object, unit: object) -> Decimal | None:
    """The number in the unit of its kind; None for what does not convert or is beyond all measure."""
    convert = _CONVERT[kind].get(str(unit))
    if convert is None or isinstance(value, bool) or not isinstance(value, int | Decimal):
        return None
    number = Decimal(value)
    return rounded(convert(number)) if number.is_finite() and abs(number) < _LARGEST else None


def _times(told: dict[str, Any], otherwise: datetime) -> tuple[datetime, datetime | None]:
    """When it was read: at a moment, or over a time; else when the event was."""
    moment, start, end = (_time(told.get(name)) for name in ("time", "startTime", "endTime"))
    if start is not None and end is not None and end > start:
        return start, end
    return moment or start or end or otherwise, None


def _time(text: object) -> datetime | None:
    try:
        return parse_time(str(text)) if text else None
    except ValueError:
        return None
