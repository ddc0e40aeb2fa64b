"""What a drill reads beside the recall's own tables: the events of one family of lots, and where its stock lies.

The events say what the tables of `recall_data` say, so that the comparison of a drill has something to compare.
"""
from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Iterator
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

from sqlalchemy import select

from traceapp.db import Database
from traceapp.trace.model import Event, EventItem, ItemPosition, LotEdge, PositionState, ShipmentLine

from .many_lines import key_of, uri_of
from .recall_data import AT, FINISHED_MADE, MATERIAL_MADE, MATERIAL_USED, Size, fill_rows, is_finished

_EVENT = ("subject_key", "id", "event_id", "type", "action", "event_time", "zone_offset", "recorded_at", "biz_step",
          "hash", "document", "actor_id")
_ITEM = ("lot_key", "at", "event_id", "role", "is_class", "subject_key", "quantity", "stands")
_POSITION = ("lot_key", "since", "spot_key", "state", "place", "quantity", "unit", "is_stock", "event_id")


def fill_drill(database: Database, size: Size, cause: int = 0) -> None:
    """Add the events and positions of one cause, unless they stand already."""
    with database.read() as session:
        if session.scalar(select(Event.id).limit(1)) is not None:
            return
    documents = list(_events(database, size, cause))
    fill_rows(database, Event, _EVENT, (_event(*one) for one in documents))
    fill_rows(database, EventItem, _ITEM, (row for one in documents for row in _items(*one)))
    first = cause * size.affected
    fill_rows(database, ItemPosition, _POSITION, (
        _position(size, number) for number in range(first, first + size.affected)))


def _events(database: Database, size: Size, cause: int) -> Iterator[tuple[str, datetime, dict[str, Any]]]:
    """(id, moment, document): every lot received or made, and every despatch of one of them."""
    first = cause * size.affected
    numbers = {key_of(number): number for number in range(first, first + size.affected)}
    parents: dict[int, list[int]] = defaultdict(list)
    with database.read() as session:
        for parent, child in session.execute(select(LotEdge.lot_key, LotEdge.other_key).where(
                LotEdge.direction == "down")):
            if parent in numbers and child in numbers:
                parents[numbers[child]].append(numbers[parent])
        lines = [row for row in session.execute(select(
            ShipmentLine.lot_key, ShipmentLine.event_id, ShipmentLine.consignee_id, ShipmentLine.shipped_at,
            ShipmentLine.units)) if row[0] in numbers]
    for number in numbers.values():
        yield f"{number:032x}", AT, _made(size, number, parents[number])
    for key, event_id, consignee, at, units in lines:
        yield event_id, at, {"type": "ObjectEvent", "bizStep": "shipping", "ta:act": "ship", "ta:consignee": consignee,
                             "quantityList": [_amount(numbers[key], units)],
                             "ta:lines": [{"ta:lot": uri_of(numbers[key]), "ta:units": str(units)}]}


def _made(size: Size, number: int, used: list[int]) -> dict[str, Any]:
    made = _amount(number, FINISHED_MADE if is_finished(size, number) else MATERIAL_MADE)
    if not used:
        return {"type": "ObjectEvent", "ta:act": "receive", "quantityList": [made]}
    return {"type": "TransformationEvent", "outputQuantityList": [made],
            "inputQuantityList": [_amount(parent, Decimal(1)) for parent in used]}


def _amount(number: int, amount: Decimal) -> dict[str, Any]:
    return {"epcClass": uri_of(number), "quantity": float(amount)}


def _event(event_id: str, at: datetime, document: dict[str, Any]) -> tuple[Any, ...]:
    return (event_id, event_id, f"urn:bench:event:{event_id}", document["type"], "OBSERVE", at, "+00:00", at,
            document.get("bizStep"), f"ni:///sha-256;{event_id}", json.dumps(document), "bench")


def _items(event_id: str, at: datetime, document: dict[str, Any]) -> Iterator[tuple[Any, ...]]:
    for name, role in (("inputQuantityList", "input"), ("outputQuantityList", "output"), ("quantityList", "object")):
        for one in document.get(name, ()):
            number = int(one["epcClass"].rpartition(":")[2])
            yield key_of(number), at, event_id, role, True, event_id, Decimal(str(one["quantity"])), True


def _position(size: Size, number: int) -> tuple[Any, ...]:
    stock, unit = (FINISHED_MADE / 2, "H87") if is_finished(size, number) else (MATERIAL_MADE - MATERIAL_USED, "KGM")
    return (key_of(number), AT + timedelta(days=1), f"{1:032x}", str(PositionState.at), "urn:bench:store", stock, unit,
            True, f"{number:032x}")
