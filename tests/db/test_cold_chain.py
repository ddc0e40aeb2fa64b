"""Readings of sensors: from whom they speak, when a lot was outside its limits, and that a rebuild says the same."""
from __future__ import annotations

import random
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from tests.db.test_trace_capture import capture, derived, document
from tests.factories_trace import UNIT_GTIN, Hand, at, make_batch, make_hand
from tests.made_once import made_once
from traceapp.catalog.service import ChangeProduct, Ingredient, Level, NewProduct, change_product
from traceapp.core.actor import Actor
from traceapp.core.clock import FixedClock
from traceapp.core.errors import Conflict, InvalidInput
from traceapp.core.ids import name_key
from traceapp.db import Database
from traceapp.trace.capture import rebuild
from traceapp.trace.following import follow_limits, settle_all
from traceapp.trace.model import Lot
from traceapp.trace.sensing import NewReading, RecordReadings, record_readings
from traceapp.trace.sensor_model import Excursion, SensorReading
from traceapp.worklist.model import Task, WorkRow

PALLET = "urn:epc:id:sscc:6901234.0000000001"
ROOM = "https://id.gs1.org/414/6901234000016"
LOT = f"https://id.gs1.org/01/{UNIT_GTIN}/10/B1"


def moment(minute: int) -> str:
    return (datetime(2026, 11, 12, tzinfo=UTC) + timedelta(minutes=minute)).isoformat()


def sensed(readings: dict[int, float | str], of: dict[str, Any], device: str = "urn:x:d1", **more: Any) -> dict[str, Any]:
    """Readings at minutes of a day, in °C; `ALARM` is an alarm without a value."""
    reports = [{"type": "gs1:Temperature", "time": moment(minute), "deviceID": device}
               | ({"exception": "gs1:ALARM_CONDITION"} if value == "ALARM" else {"value": value, "uom": "CEL"})
               for minute, value in readings.items()]
    return {"type": "ObjectEvent", "action": "OBSERVE", "eventTime": moment(max(readings)),
            "eventTimeZoneOffset": "+00:00", "bizStep": "sensor_reporting", "readPoint": {"id": ROOM},
            "sensorElementList": [{"sensorReport": reports}], **of, **more}


def of_lot(uri: str = LOT) -> dict[str, Any]:
    return {"quantityList": [{"epcClass": uri}]}


OF_ROOM: dict[str, Any] = {"bizLocation": {"id": ROOM}}


def limited(hand: Hand, **limits: Any) -> NewProduct:
    plaster = hand.maker.plaster
    return NewProduct(
        plaster.code, plaster.kind, plaster.name_zh, plaster.name_en, plaster.unit, shelf_life_days=730,
        levels=tuple(Level(level.level, level.gtin, level.units) for level in plaster.levels),
        recipe=tuple(Ingredient(line.material_id, line.quantity, line.loss) for line in plaster.recipe),
        recipe_output=plaster.recipe_output, **limits)


@pytest.fixture
def batch(database: Database, actor: Actor, clock: FixedClock) -> Lot:
    """A batch that is to be kept between 2 and 8 °C, half an hour outside allowed."""

    def cold(session: Session) -> Lot:
        hand = make_hand(session, actor, clock)
        lot = make_batch(hand)
        change_product(session, actor, clock, ChangeProduct(hand.maker.plaster.id, limited(
            hand, storage_min_c=Decimal(2), storage_max_c=Decimal(8), storage_allowed_minutes=30)))
        return lot

    return made_once(database, clock, cold)


def excursions(database: Database, key: str | None = None) -> list[tuple[Any, ...]]:
    """(first minute, last minute, end or None, side, highest) of each excursion of the batch."""
    def minute(when: datetime | None) -> int | None:
        return None if when is None else round((when - datetime(2026, 11, 12, tzinfo=UTC)).total_seconds() / 60)

    with database.read() as session:
        found = session.scalars(select(Excursion).where(Excursion.lot_key == (key or name_key(LOT)))
                                .order_by(Excursion.began_at))
        return [(minute(one.began_at), minute(one.last_at), minute(one.ended_at), one.side, one.highest) for one in found]


def tasks(database: Database) -> list[tuple[str, str]]:
    with database.read() as session:
        return sorted((task.state, task.params["number"]) for task in session.scalars(
            select(Task).where(Task.kind == "excursion.assess")))


def rebuilt_is_equal(database: Database) -> None:
    before = derived(database)
    with database.write() as session:
        rebuild(session)
    after = derived(database)
    for table, rows in before.items():
        assert after[table] == rows, table


def test_an_excursion_lasts_from_the_first_reading_outside_to_the_first_inside(
        database: Database, actor: Actor, clock: FixedClock, batch: Lot) -> None:
    capture(database, actor, clock, document(sensed({0: 5, 10: 9, 40: 11.5, 60: 8, 70: 9, 90: 7}, of_lot())))
    assert excursions(database) == [(10, 40, 60, "above", Decimal("11.5"))]  # twenty minutes from 70 on are allowed
    assert tasks(database) == [("open", "B1")]
    rebuilt_is_equal(database)
    with database.write() as session:
        settle_all(session, actor, clock)
    assert tasks(database) == [("open", "B1")]


def test_the_same_readings_again_raise_nothing_twice(
        database: Database, actor: Actor, clock: FixedClock, batch: Lot) -> None:
    told = sensed({0: 5, 10: 9, 60: 5}, of_lot())
    for name in ("a", "b"):
        capture(database, actor, clock, document(told, **{"ex:note": name}))
    assert (len(excursions(database)), tasks(database)) == (1, [("open", "B1")])


@pytest.mark.parametrize("seed", range(6))
def test_readings_may_come_in_any_order_and_in_parts(
        database: Database, actor: Actor, clock: FixedClock, batch: Lot, seed: int) -> None:
    values = {0: 5, 10: 9, 20: 9.5, 45: 6, 50: 1, 80: 1.5, 100: 3, 120: 12, 170: 12.5}
    dice = random.Random(seed)
    minutes = list(values)
    dice.shuffle(minutes)
    cut = dice.randint(1, 8)
    for part in (minutes[:cut], minutes[cut:]):
        capture(database, actor, clock, document(sensed({minute: values[minute] for minute in part}, of_lot())))
    assert [one[:4] for one in excursions(database)] == [
        (10, 20, 45, "above"), (50, 80, 100, "below"), (120, 170, None, "above")]
    assert sum(state == "open" for state, _number in tasks(database)) == 3
    rebuilt_is_equal(database)


def test_an_alarm_counts_whatever_the_limits_are(database: Database, actor: Actor, clock: FixedClock) -> None:
    with database.write() as session:
        make_batch(make_hand(session, actor, clock))
    capture(database, actor, clock, document(sensed({0: 50, 5: "ALARM", 9: 50}, of_lot())))
    assert excursions(database) == [(5, 5, 9, "alarm", None)]


def test_an_error_declaration_takes_the_excursion_and_its_task_back(
        database: Database, actor: Actor, clock: FixedClock, batch: Lot) -> None:
    told = sensed({0: 5, 10: 9, 60: 5}, of_lot(), eventID="urn:uuid:7f0a2b5e-0d15-4d32-9c07-3f4c5a4f8e01")
    capture(database, actor, clock, document(told))
    declared = {**told, "errorDeclaration": {"declarationTime": moment(90), "reason": "incorrect_data"}}
    capture(database, actor, clock, document(declared))
    with database.read() as session:
        assert session.scalars(select(SensorReading.at)).all() == []
    assert (excursions(database), tasks(database)) == ([], [("dropped", "B1")])
    rebuilt_is_equal(database)


def test_what_is_on_a_pallet_shares_its_readings_while_it_is_there(
        database: Database, actor: Actor, clock: FixedClock, batch: Lot) -> None:
    def packing(action: str, minute: int) -> dict[str, Any]:
        return {"type": "AggregationEvent", "action": action, "eventTime": moment(minute), "eventTimeZoneOffset": "+00:00",
                "parentID": PALLET, "bizLocation": {"id": ROOM},
                "childQuantityList": [{"epcClass": LOT, "quantity": 200, "uom": "EA"}]}

    readings = {0: 12, 35: 13, 90: 14, 200: 15, 300: 5}
    capture(database, actor, clock, document(packing("ADD", 60), packing("DELETE", 150),
                                             sensed(readings, {"epcList": [PALLET]})))
    assert excursions(database) == [(60, 90, 150, "above", 14)]
    rebuilt_is_equal(database)


def test_a_reading_of_a_room_concerns_what_is_there_then(
        database: Database, actor: Actor, clock: FixedClock, batch: Lot) -> None:
    def seen(minute: int, place: str, step: str = "storing") -> dict[str, Any]:
        return {"type": "ObjectEvent", "action": "OBSERVE", "eventTime": moment(minute), "eventTimeZoneOffset": "+00:00",
                "bizStep": step, "bizLocation": {"id": place}, "quantityList": [
                    {"epcClass": LOT, "quantity": 100, "uom": "EA"}]}

    capture(database, actor, clock, document(sensed({0: 12, 60: 12, 120: 12, 180: 12, 300: 5}, OF_ROOM)))
    assert excursions(database) == []
    capture(database, actor, clock, document(seen(30, ROOM), seen(150, ROOM[:-2] + "99")))
    assert excursions(database) == [(30, 120, 150, "above", 12)]
    rebuilt_is_equal(database)


def test_other_limits_judge_anew(database: Database, actor: Actor, clock: FixedClock, batch: Lot) -> None:
    capture(database, actor, clock, document(sensed({0: 5, 10: 9, 60: 5}, of_lot())))
    for highest, wanted in ((10, []), (6, [(10, 10, 60, "above", 9)])):
        with database.write() as session:
            lot = session.get_one(Lot, batch.lot_key)
            assert lot.product_id is not None
            hand = Hand(session, actor, clock, _maker_of(session))
            change_product(session, actor, clock, ChangeProduct(lot.product_id, limited(
                hand, storage_max_c=Decimal(highest), storage_allowed_minutes=0)))
        with database.write() as session:
            for work in session.scalars(select(WorkRow).where(WorkRow.kind == "storage.limits")).all():
                follow_limits(session, actor, clock, work.subject_key)
        assert excursions(database) == wanted
        rebuilt_is_equal(database)


def _maker_of(session: Any) -> Any:
    from traceapp.catalog.model import Product

    class Found:
        plaster = session.scalars(select(Product).where(Product.code == "PLASTER")).one()

    return Found


def read_at(minute: int, **more: Any) -> NewReading:
    values = {"value": Decimal(5)} | more
    return NewReading(at(12) + timedelta(minutes=minute), values.pop("kind", "temperature"), values.pop("unit", "CEL"),
                      **values)


def test_readings_that_staff_enter_are_one_event_of_ours(
        database: Database, actor: Actor, clock: FixedClock, batch: Lot) -> None:
    readings = (read_at(0), read_at(10, value=Decimal("48.2"), unit="FAH"), read_at(60), read_at(
        70, value=None, kind="humidity", unit="P1", low=Decimal(40), high=Decimal(60), until=at(12, 3)))
    with database.write() as session:
        record_readings(session, actor, clock, RecordReadings(readings, "Logger 7", (batch.lot_key,), document="D-1"))
    with database.read() as session:
        rows = session.scalars(select(SensorReading).order_by(SensorReading.at)).all()
        assert [(row.kind, row.low, row.high, row.device) for row in rows] == [
            ("temperature", 5, 5, "urn:traceapp:device:Logger%207"), ("temperature", 9, 9, "urn:traceapp:device:Logger%207"),
            ("temperature", 5, 5, "urn:traceapp:device:Logger%207"), ("humidity", 40, 60, "urn:traceapp:device:Logger%207")]
    assert [one[3:] for one in excursions(database)] == [("above", 9)]
    rebuilt_is_equal(database)
    with database.write() as session, pytest.raises(Conflict):
        record_readings(session, actor, clock, RecordReadings(readings, "Logger 7", (batch.lot_key,), document="D-1"))


@pytest.mark.parametrize(("reading", "code"), [
    (read_at(0, unit="EA"), "unknown-unit"), (read_at(0, kind="pressure"), "unknown-kind"),
    (read_at(0, value=None), "no-value"), (read_at(0, value=Decimal("NaN")), "out-of-range"),
    (read_at(0, until=at(11)), "ends-before-begin"),
    (read_at(0, value=None, low=Decimal(3), high=Decimal(2)), "limits-crossed")])
def test_a_reading_that_says_nothing_is_refused(
        sqlite: Database, actor: Actor, clock: FixedClock, reading: NewReading, code: str) -> None:
    with sqlite.write() as session, pytest.raises(InvalidInput) as refused:
        record_readings(session, actor, clock, RecordReadings((reading,), "", ("a" * 32,)))
    assert refused.value.code == code
