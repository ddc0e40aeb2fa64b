"""Builds the events that our own services record, as plain JSON-form dicts with our `@context`.

Every builder checks what it built and raises EpcisErrors for what we would refuse from others.
"""
from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta, timezone
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

from traceapp.core.quantity import plain

from .checker import check_json
from .event_hash import event_hash
from .json_form import event_from
from .model import ClassQuantity, EpcisErrors, Json
from .namespaces import OUR_CONTEXT


@dataclass(frozen=True, slots=True)
class When:
    """`at` is aware; `offset` is the zone of the place, as `+08:00`."""

    at: datetime
    offset: str = "+00:00"

    @classmethod
    def local(cls, at: datetime, zone: str) -> When:
        """The moment `at` at a place whose zone has an IANA name, such as Asia/Shanghai."""
        shift = at.astimezone(ZoneInfo(zone)).utcoffset() or timedelta()
        minutes = round(shift.total_seconds() / 60)
        return cls(at, f"{'-' if minutes < 0 else '+'}{abs(minutes) // 60:02d}:{abs(minutes) % 60:02d}")


@dataclass(frozen=True, slots=True)
class What:
    """Serials and containers by `epcs`, lots and products by `quantities`."""

    epcs: tuple[str, ...] = ()
    quantities: tuple[ClassQuantity, ...] = ()


@dataclass(frozen=True, slots=True)
class Where:
    """`read_point` is where it happened, `biz_location` where the things are afterwards."""

    read_point: str | None = None
    biz_location: str | None = None


@dataclass(frozen=True, slots=True)
class Why:
    """CBV words or URIs; parties and transactions as (type, id)."""

    biz_step: str | None = None
    disposition: str | None = None
    persistent_set: tuple[str, ...] = ()
    persistent_unset: tuple[str, ...] = ()
    transactions: tuple[tuple[str, str], ...] = ()
    sources: tuple[tuple[str, str], ...] = ()
    destinations: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True)
class More:
    """`ilmd` and `extensions` have names with a prefix, `cbvmda:` or `ta:`; `sensors` are sensor elements."""

    ilmd: Mapping[str, Any] = field(default_factory=dict)
    extensions: Mapping[str, Any] = field(default_factory=dict)
    certification: tuple[str, ...] = ()
    sensors: tuple[Json, ...] = ()
    event_id: str | None = None
    transformation_id: str | None = None


_NOWHERE, _NOTHING, _NO_REASON = Where(), More(), Why()


def object_event(action: str, when: When, what: What, *, why: Why = _NO_REASON, where: Where = _NOWHERE,
                 more: More = _NOTHING) -> Json:
    """Something seen (OBSERVE), brought into being (ADD) or ended (DELETE)."""
    members: Json = {"action": action}
    if what.epcs or not (what.quantities or more.sensors):
        members["epcList"] = list(what.epcs)
    members |= _filled({"quantityList": _quantities(what.quantities)})
    return _event("ObjectEvent", when, members, why, where, more)


def transformation_event(when: When, inputs: What, outputs: What, *, why: Why = _NO_REASON, where: Where = _NOWHERE,
                         more: More = _NOTHING) -> Json:
    """`inputs` used up to make `outputs`; `more.transformation_id` ties the parts of one production together."""
    members = _filled({
        "inputEPCList": list(inputs.epcs), "inputQuantityList": _quantities(inputs.quantities),
        "outputEPCList": list(outputs.epcs), "outputQuantityList": _quantities(outputs.quantities),
        "transformationID": more.transformation_id,
    })
    return _event("TransformationEvent", when, members, why, where, more)


@dataclass(frozen=True, slots=True)
class Packing:
    """`children` in (ADD), seen in (OBSERVE) or out of (DELETE; none means all) the container `parent_id`."""

    parent_id: str
    children: What = field(default_factory=What)


def aggregation_event(action: str, when: When, packing: Packing, *, why: Why = _NO_REASON, where: Where = _NOWHERE,
                      more: More = _NOTHING) -> Json:
    """Things put into or taken out of a carton or pallet."""
    members: Json = {"action": action, "parentID": packing.parent_id, "childEPCs": list(packing.children.epcs)}
    members |= _filled({"childQuantityList": _quantities(packing.children.quantities)})
    return _event("AggregationEvent", when, members, why, where, more)


def error_declared(event: Mapping[str, Any], when: When, reason: str, corrective_ids: Iterable[str] = ()) -> Json:
    """A copy of `event` that says that it was wrong: `did_not_occur` or `incorrect_data`; the facts stay as told.

    `event` needs its eventID, by which the correction finds it.
    """
    declaration: Json = {"declarationTime": _time(when), "reason": reason}
    corrected = [*corrective_ids]
    if corrected:
        declaration |= {"correctiveEventIDs": corrected}
    return _sound({**event, "errorDeclaration": declaration})


def with_event_id(event: Json) -> Json:
    """`event` with its CBV event hash as eventID, unless it has one."""
    return event if event.get("eventID") else {**event, "eventID": event_hash(event_from(event))}


def exact_number(value: Decimal) -> int | Decimal:
    """The JSON number for `value`: digits as they are, no exponent, no zeros at the end."""
    text = plain(value)
    return Decimal(text) if "." in text else int(text)


def _event(kind: str, when: When, members: Json, why: Why, where: Where, more: More) -> Json:
    persistent = _filled({"set": list(why.persistent_set), "unset": list(why.persistent_unset)})
    event = {
        "@context": list(OUR_CONTEXT), "type": kind, "eventTime": _time(when), "eventTimeZoneOffset": when.offset,
        **_filled({"eventID": more.event_id, "certificationInfo": list(more.certification)}),
        **members,
        **_filled({
            "bizStep": why.biz_step, "disposition": why.disposition, "persistentDisposition": persistent,
            "readPoint": where.read_point and {"id": where.read_point},
            "bizLocation": where.biz_location and {"id": where.biz_location},
            "bizTransactionList": [{"type": kind, "bizTransaction": item} for kind, item in why.transactions],
            "sourceList": [{"type": kind, "source": item} for kind, item in why.sources],
            "destinationList": [{"type": kind, "destination": item} for kind, item in why.destinations],
            "sensorElementList": list(more.sensors), "ilmd": _exact(dict(more.ilmd)),
        }),
        **_exact(dict(more.extensions)),
    }
    return _sound(event)


def _filled(members: Json) -> Json:
    return {name: value for name, value in members.items() if value}


def _quantities(items: Iterable[ClassQuantity]) -> list[Json]:
    return [
        {"epcClass": item.epc_class}
        | ({} if item.quantity is None else {"quantity": exact_number(item.quantity)})
        | ({"uom": item.uom} if item.uom and item.quantity is not None else {})
        for item in items
    ]


def _exact(value: Any) -> Any:
    """`value` in JSON form: numbers exact, dates as text."""
    if isinstance(value, dict):
        return {name: _exact(inner) for name, inner in value.items()}
    if isinstance(value, (list, tuple)):
        return [_exact(inner) for inner in value]
    if isinstance(value, Decimal):
        return exact_number(value)
    return value.isoformat() if hasattr(value, "isoformat") else value


def _time(when: When) -> str:
    if when.at.tzinfo is None:
        raise ValueError("an event needs an aware time")
    sign = -1 if when.offset.startswith("-") else 1
    hours, _, minutes = when.offset[1:].partition(":")
    zone = timezone(sign * timedelta(hours=int(hours), minutes=int(minutes)))
    precision = "microseconds" if when.at.microsecond % 1000 else "milliseconds"
    return when.at.astimezone(zone).isoformat(timespec=precision)


def _sound(event: Json) -> Json:
    errors = [finding for finding in check_json(event) if finding.is_error]
    if errors:
        raise EpcisErrors(errors)
    return event
