"""What our own events say beyond EPCIS, under the prefix `ta:`; written by the use cases, read by the derivation."""
from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from traceapp.epcis import Event

_PREFIX = "ta:"
ACT = "ta:act"


def written(act: str, data: Mapping[str, Any]) -> dict[str, Any]:
    """The extension members of an event of ours; what is empty or None is left out."""
    return {ACT: act} | _out(data)


def read(event: Event) -> tuple[str, dict[str, Any]]:
    """The act of an event of ours and its data; an empty act for an event that is none."""
    document = event.document
    act = document.get(ACT)
    return (act if isinstance(act, str) else ""), _in({key: value for key, value in document.items() if key != ACT})


def _out(data: Mapping[str, Any]) -> dict[str, Any]:
    return {_PREFIX + name: _out_value(value) for name, value in data.items() if value not in (None, "", [], (), {})}


def _out_value(value: Any) -> Any:
    if isinstance(value, Mapping):
        return _out(value)
    if isinstance(value, list | tuple):
        return [_out_value(item) for item in value]
    return value


def _in(data: Mapping[str, Any]) -> dict[str, Any]:
    return {name.removeprefix(_PREFIX): _in_value(value) for name, value in data.items() if name.startswith(_PREFIX)}


def _in_value(value: Any) -> Any:
    if isinstance(value, dict):
        return _in(value)
    return [_in_value(item) for item in value] if isinstance(value, list) else value


def number(data: Mapping[str, Any], name: str) -> Decimal:
    """The number `name`, zero when it is not there."""
    return Decimal(data.get(name) or 0)


def optional_number(data: Mapping[str, Any], name: str) -> Decimal | None:
    """The number `name`, None when it is not there."""
    value = data.get(name)
    return None if value is None else Decimal(value)


def day(data: Mapping[str, Any], name: str) -> date | None:
    """The date `name`."""
    value = data.get(name)
    return date.fromisoformat(value) if value else None


def moment(data: Mapping[str, Any], name: str) -> datetime | None:
    """The moment `name`."""
    value = data.get(name)
    return datetime.fromisoformat(value) if value else None
