"""Random events about a few lots, boxes and rooms, in any order and parts: what is derived on the way is what a rebuild
derives, and the excursions are those that an oracle finds that goes through time minute by minute."""
from __future__ import annotations

import json
import random
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from sqlalchemy import select

from tests.db.test_cold_chain import LOT, PALLET, ROOM, limited
from tests.db.test_trace_capture import capture, derived, document
from tests.factories_trace import CASE_GTIN, make_batch, make_hand
from traceapp.catalog.service import ChangeProduct, change_product
from traceapp.core.actor import Actor
from traceapp.core.clock import FixedClock
from traceapp.core.ids import name_key
from traceapp.db import Database
from traceapp.trace.capture import rebuild
from traceapp.trace.presence import sources_of
from traceapp.trace.sensor_model import Excursion, SensorReading

START = datetime(2026, 11, 12, tzinfo=UTC)
LOTS = (LOT, LOT[:-2] + "B2")
BOXES = ("urn:epc:id:sscc:6901234.0000000011", "urn:epc:id:sscc:6901234.0000000012", PALLET)
ROOMS = (ROOM, ROOM[:-2] + "23")
LOWER, UPPER, ALLOWED = Decimal(2), Decimal(8), timedelta(minutes=7)


def told(dice: random.Random) -> dict[str, Any]:
    """One event at a minute of an hour."""
    moment = (START + timedelta(minutes=dice.randint(0, 60))).isoformat()
    base: dict[str, Any] = {"eventTime": moment, "eventTimeZoneOffset": "+00:00"}
    lot = {"epcClass": dice.choice(LOTS), "quantity": dice.choice((1, 5, 200)), "uom": "EA"}
    kind = dice.choice(("move", "move", "pack", "pack", "unpack", "box", "read", "read", "read"))
    if kind in ("pack", "unpack"):
        child, parent = dice.choice([(None, BOXES[0]), (None, BOXES[1]), (BOXES[0], PALLET), (BOXES[1], PALLET)])
        named = {"childEPCs": [child]} if child else {"childQuantityList": [lot]}
        if kind == "unpack" and dice.random() < 0.5:
            named = {}
        return base | named | {"type": "AggregationEvent", "action": "ADD" if kind == "pack" else "DELETE",
                               "parentID": parent, "bizLocation": {"id": dice.choice(ROOMS)}}
    event = base | {"type": "ObjectEvent", "action": "OBSERVE"}
    if kind == "read":
        of: dict[str, Any] = dice.choice(({"quantityList": [{"epcClass": dice.choice(LOTS)}]},
                                          {"epcList": [dice.choice(BOXES)]}, {"bizLocation": {"id": dice.choice(ROOMS)}}))
        return event | of | {"readPoint": {"id": ROOM}, "sensorElementList": [{"sensorReport": [
            {"type": "gs1:Temperature", "deviceID": f"urn:x:d{dice.randint(1, 2)}", "uom": "CEL",
             "value": dice.choice((1, 5, 5, 9)), "time": (START + timedelta(minutes=dice.randint(0, 60))).isoformat()}
            for _ in range(dice.randint(1, 6))]}]}
    what = {"epcList": [dice.choice(BOXES)]} if kind == "box" else {"quantityList": [lot]}
    where = dice.choice(({"bizStep": "storing", "bizLocation": {"id": dice.choice(ROOMS)}}, {"bizStep": "shipping"}))
    return event | what | where


def oracle(database: Database, lot_key: str) -> set[tuple[str, str, datetime, datetime | None]]:
    """(source, device, from, until) of each excursion, minute by minute."""
    found = set()
    with database.read() as session:
        spans = sources_of(session, lot_key)
        rows = session.scalars(select(SensorReading).where(SensorReading.source_key.in_(list(spans)))).all()
    for source, device in {(row.source_key, row.device) for row in rows}:
        reads = {}
        for row in sorted((one for one in rows if (one.source_key, one.device) == (source, device)), key=lambda one: one.at):
            is_out = not LOWER <= row.low <= row.high <= UPPER
            reads[row.at] = reads.get(row.at, False) or is_out
        last_out = max((at for at, is_out in reads.items() if is_out), default=None)
        for since, until in spans[source]:
            began, minute, is_out = None, START - timedelta(minutes=1), False
            while minute <= START + timedelta(minutes=62):
                is_out = reads.get(minute, is_out)
                is_known = last_out is not None and (minute <= last_out or any(at > last_out for at in reads))
                is_here = since <= minute and (until is None or minute < until)
                if began is None and is_out and is_here and is_known:
                    began = minute
                elif began is not None and not (is_out and is_here):
                    if minute - began > ALLOWED:
                        found.add((source, device, began, minute))
                    began = None
                if began is not None and last_out is not None and minute == last_out and not any(at > last_out for at in reads):
                    end = until if until is not None and until <= last_out else None
                    if end is None and last_out - began > ALLOWED:
                        found.add((source, device, began, None))
                    began, is_out = None, False
                minute += timedelta(minutes=1)
    return found


@pytest.mark.parametrize("seed", range(12))
def test_random_events_in_any_order(sqlite: Database, actor: Actor, clock: FixedClock, seed: int) -> None:
    run(sqlite, actor, clock, seed)


@pytest.mark.postgres
@pytest.mark.parametrize("seed", range(2))
def test_random_events_in_any_order_on_postgresql(
        postgresql: Database, actor: Actor, clock: FixedClock, seed: int) -> None:
    run(postgresql, actor, clock, 100 + seed)


def run(database: Database, actor: Actor, clock: FixedClock, seed: int) -> None:
    dice = random.Random(seed)
    with database.write() as session:
        hand = make_hand(session, actor, clock)
        lot = make_batch(hand)
        hand.ship(lot, hand.maker.clinic, "1", CASE_GTIN, 11)
        change_product(session, actor, clock, ChangeProduct(hand.maker.plaster.id, limited(
            hand, storage_min_c=LOWER, storage_max_c=UPPER, storage_allowed_minutes=7)))
    events = [told(dice) for _ in range(dice.randint(4, 24))]
    for number, event in enumerate(events):
        event["eventID"] = f"urn:uuid:7f0a2b5e-0d15-4d32-9c07-{seed:06}{number:06}"
    wrong = [event | {"errorDeclaration": {"declarationTime": "2026-11-13T00:00:00Z"}}
             for event in events if dice.random() < 0.15]
    cuts = sorted({0, len(events), *(dice.randint(0, len(events)) for _ in range(4))})
    for begin, end in zip(cuts, cuts[1:], strict=False):
        capture(database, actor, clock, document(*json.loads(json.dumps(events[begin:end]))))
    for event in wrong:
        capture(database, actor, clock, document(event))
    before = derived(database)
    with database.write() as session:
        rebuild(session)
    after = derived(database)
    for table in ("item_position", "sensor_reading", "excursion"):
        assert after[table] == before[table], table
    with database.read() as session:
        rows = session.scalars(select(Excursion)).all()
    for uri in LOTS:
        key = name_key(uri)
        assert {(row.source_key, row.device, row.began_at, row.ended_at) for row in rows if row.lot_key == key} == oracle(
            database, key)
