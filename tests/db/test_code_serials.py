"""Serial ranges: given out once, whole or not at all, and checked by one statement."""
from __future__ import annotations

import base64
import threading

import pytest
from sqlalchemy import insert, select, text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import Session

from tests.factories_trace import UNIT_GTIN, make_batch, make_hand
from tests.made_once import made_once
from traceapp.audit.model import AuditEntry
from traceapp.code.allocating import (
    MOST_SERIALS,
    AllocateSerials,
    allocate_serials,
    missing_keys,
    range_by_id,
    range_page,
)
from traceapp.code.checking import KnownSerial, known_serial
from traceapp.code.labels import lot_link, serial_links
from traceapp.code.model import SerialRange
from traceapp.code.signature import CodeKeys
from traceapp.core.actor import Actor
from traceapp.core.clock import FixedClock
from traceapp.core.errors import Conflict, Forbidden, InvalidInput, NotFound
from traceapp.core.ids import new_id
from traceapp.db import Database
from traceapp.gs1 import digital_link, parse_path
from traceapp.identity.policy import permissions_of
from traceapp.trace.holds import PlaceHold, place_hold
from traceapp.trace.model import Lot
from traceapp.trace.rebuilding import rebuild
from traceapp.trace.release import Decide, reject_lot

KEYS = CodeKeys(base64.b64encode(bytes(range(32))).decode())
NO_KEYS = CodeKeys("")


class Plant:
    """A maker with batches, and the act under test on each."""

    def __init__(self, database: Database, actor: Actor, clock: FixedClock) -> None:
        self.database, self.actor, self.clock = database, actor, clock
        self.lots = made_once(database, clock, self._batches)

    def _batches(self, session: Session) -> list[Lot]:
        hand = make_hand(session, self.actor, self.clock)
        return [make_batch(hand, number) for number in ("B1", "B2")]

    def allocate(self, lot: int = 0, count: int = 10, keys: CodeKeys = KEYS, **wanted: object) -> SerialRange:
        with self.database.write() as session:
            return allocate_serials(session, self.actor, self.clock, AllocateSerials(
                self.lots[lot].lot_key, count, **wanted), keys=keys)  # type: ignore[arg-type]

    def known(self, text: str, lot: int = 0) -> KnownSerial:
        with self.database.reading() as connection:
            return known_serial(connection, self.lots[lot].lot_key, text)

    def ranges(self) -> list[SerialRange]:
        with self.database.read() as session:
            return list(session.scalars(select(SerialRange).order_by(SerialRange.prefix, SerialRange.first)))


@pytest.fixture
def plant(database: Database, actor: Actor, clock: FixedClock) -> Plant:
    return Plant(database, actor, clock)


def test_ten_million_serial_numbers_cost_one_row(plant: Plant) -> None:
    found = plant.allocate(count=MOST_SERIALS, prefix="K", is_signed=True, purpose="print order 7")
    assert (found.first_serial, found.last_serial, found.key_id) == ("K00000001", "K10000000", KEYS.present)
    assert len(plant.ranges()) == 1
    assert [plant.known(text).is_allocated for text in ("K00000001", "K10000000", "K10000001", "K00000000")] == [
        True, True, False, False]


def test_numbers_go_on_after_the_last_of_the_product_not_of_the_lot(plant: Plant) -> None:
    assert plant.allocate(0, 10).last_serial == "00000010"
    assert plant.allocate(1, 10).first_serial == "00000011"
    assert plant.allocate(0, 10).first_serial == "00000021"
    assert plant.allocate(0, 10, prefix="A").first_serial == "A00000001"
    assert plant.allocate(0, 10, width=4).first_serial == "0001"


@pytest.mark.parametrize(("wanted", "is_free"), [
    ({"first": 91}, True), ({"first": 92}, False), ({"first": 109}, False), ({"first": 105, "count": 2}, False),
    ({"first": 110}, True), ({"first": 0, "count": 1000}, False), ({"first": 100, "width": 7}, True),
    ({"prefix": "000", "width": 5, "first": 100}, False), ({"prefix": "0", "width": 7, "first": 110}, True),
    ({"prefix": "X", "first": 100}, True)])
@pytest.mark.parametrize("lot", [0, 1])
def test_no_pack_of_a_product_gets_the_serial_number_of_another(plant: Plant, wanted: dict[str, int], is_free: bool,
                                                                lot: int) -> None:
    before = plant.allocate(first=101, count=9)
    if is_free:
        assert not plant.allocate(lot, **wanted).run.overlaps(before.run)
    else:
        with pytest.raises(Conflict) as refused:
            plant.allocate(lot, **wanted)
        assert refused.value.code == "serials-taken"
    assert len(plant.ranges()) == 1 + is_free


@pytest.mark.parametrize(("wanted", "place"), [
    ({"count": 0}, "count"), ({"count": MOST_SERIALS + 1}, "count"), ({"count": 11, "width": 1}, "count"),
    ({"count": 10, "width": 1}, "count"), ({"first": -1}, "count"), ({"first": 100_000_000}, "count"),
    ({"prefix": "批"}, "prefix"), ({"width": 21}, "width"), ({"width": 0}, "width"), ({"purpose": "x" * 201}, "purpose")])
def test_what_cannot_be_is_refused_with_its_place(plant: Plant, wanted: dict[str, int], place: str) -> None:
    with pytest.raises(InvalidInput) as refused:
        plant.allocate(**wanted)
    assert refused.value.place == place
    assert plant.ranges() == []


def test_a_rejected_or_recalled_lot_gets_none_and_one_on_hold_does(plant: Plant) -> None:
    with plant.database.write() as session:
        place_hold(session, plant.actor, plant.clock, PlaceHold((plant.lots[0].lot_key,), "manual", "manual", "look"))
    assert plant.allocate(0).count == 10
    with plant.database.write() as session:
        reject_lot(session, plant.actor, plant.clock, Decide(plant.lots[1].lot_key, "out of limits"))
        place_hold(session, plant.actor, plant.clock, PlaceHold((plant.lots[0].lot_key,), "recall", "recall:r", "x"))
    for lot, code in ((0, "lot-recalled"), (1, "lot-rejected")):
        with pytest.raises(Conflict) as refused:
            plant.allocate(lot)
        assert refused.value.code == code


def test_a_lot_without_a_gtin_or_of_somebody_else_gets_none(plant: Plant) -> None:
    with plant.database.write() as session:
        raw = session.scalars(select(Lot).where(Lot.number == "G-B1")).one()
        session.add(Lot(lot_key="f" * 32, uri="urn:x:1", number="1", is_own=0, started_at=plant.clock.now(),
                        created_at=plant.clock.now()))
        session.flush()
        for key, code in ((raw.lot_key, "no-gtin"), ("f" * 32, "not-our-lot")):
            with pytest.raises(Conflict) as refused:
                allocate_serials(session, plant.actor, plant.clock, AllocateSerials(key, 1), keys=KEYS)
            assert refused.value.code == code
        with pytest.raises(NotFound):
            allocate_serials(session, plant.actor, plant.clock, AllocateSerials("0" * 32, 1), keys=KEYS)


def test_a_signature_needs_a_key(plant: Plant) -> None:
    with pytest.raises(Conflict) as refused:
        plant.allocate(is_signed=True, keys=NO_KEYS)
    assert refused.value.place == "is_signed"
    assert plant.allocate(keys=NO_KEYS).key_id is None


def test_who_may_not_print_labels_may_not_give_out_serial_numbers(plant: Plant) -> None:
    plant.actor = Actor("u", "administrator", "A", permissions_of("administrator"))
    with pytest.raises(Forbidden):
        plant.allocate()


def test_the_trail_tells_what_was_given_out(plant: Plant) -> None:
    plant.allocate(prefix="K", is_signed=True, purpose="order 7")
    with plant.database.read() as session:
        entry = session.scalars(select(AuditEntry).where(AuditEntry.action == "serials.allocated")).one()
    assert entry.stream == f"lot:{plant.lots[0].lot_key}"
    for part in ("K00000001 – K00000010", '"count":10', "order 7"):
        assert part in entry.data


def test_a_range_is_never_changed_or_removed(plant: Plant) -> None:
    plant.allocate()
    for statement in ("UPDATE serial_range SET count = 1", "DELETE FROM serial_range"):
        with pytest.raises(DBAPIError, match="append-only"), plant.database.write() as session:
            session.execute(text(statement))


@pytest.mark.parametrize("wrong", [
    {"count": 0}, {"count": MOST_SERIALS + 1}, {"width": 0}, {"width": 19}, {"prefix": "A" * 13}, {"first": -1},
    {"first": 10**18}])
def test_the_database_itself_refuses_ranges_that_cannot_be(plant: Plant, wrong: dict[str, object]) -> None:
    row = {"lot_key": plant.lots[0].lot_key, "id": new_id(plant.clock.now()), "prefix": "A", "width": 8, "first": 1,
           "count": 1, "purpose": "", "created_at": plant.clock.now(), "created_by": "u"}
    with plant.database.write() as session:
        session.execute(insert(SerialRange), row)
    with pytest.raises(DBAPIError), plant.database.write() as session:
        session.execute(insert(SerialRange), row | {"id": "2", "first": 5000} | wrong)
    with pytest.raises(Conflict), plant.database.write() as session:
        session.execute(insert(SerialRange), row | {"id": "3"})


def test_ranges_outlive_a_rebuild_from_events(plant: Plant) -> None:
    before = plant.allocate().id
    with plant.database.write() as session:
        rebuild(session)
    assert [row.id for row in plant.ranges()] == [before]


def test_the_newest_range_stands_first_in_pages_and_is_found_under_its_lot_only(plant: Plant) -> None:
    first, second = plant.allocate(), plant.allocate()
    with plant.database.read() as session:
        page = range_page(session, plant.lots[0].lot_key, None, 1)
        assert ([row.id for row in page.rows], page.total) == ([max(first.id, second.id)], 2)
        assert len(range_page(session, plant.lots[0].lot_key, page.next, 1).rows) == 1
        assert range_by_id(session, plant.lots[0].lot_key, first.id).count == 10
        with pytest.raises(NotFound):
            range_by_id(session, plant.lots[1].lot_key, first.id)


def test_a_serial_number_is_looked_up_by_one_statement_and_none_where_it_cannot_be_ours(plant: Plant) -> None:
    for start in (1, 51, 21):
        plant.allocate(first=start, count=10)
    plant.allocate(1, first=11, count=10)
    listed = {text for row in plant.ranges() if row.lot_key == plant.lots[0].lot_key for text in row.run}
    for number in range(70):
        assert plant.known(f"{number:08d}").is_allocated is (f"{number:08d}" in listed), number
    assert not plant.known("ABC").is_allocated
    assert not plant.known("0000001").is_allocated
    assert not plant.known("x' OR 1=1 --1").is_allocated


def test_two_people_at_once_never_give_out_the_same_number(plant: Plant) -> None:
    troubles: list[BaseException] = []

    def allocate(lot: int) -> None:
        try:
            for _ in range(5):
                plant.allocate(lot, 7)
        except BaseException as error:
            troubles.append(error)

    threads = [threading.Thread(target=allocate, args=(number % 2,)) for number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert troubles == []
    given = [text for row in plant.ranges() for text in row.run]
    assert len(given) == len(set(given)) == 4 * 5 * 7


@pytest.mark.parametrize("number", ["B1", "A/B-1"])
def test_the_codes_of_a_range_are_made_one_at_a_time_and_read_back(database: Database, actor: Actor, clock: FixedClock,
                                                                   number: str) -> None:
    with database.write() as session:
        hand = make_hand(session, actor, clock)
        lot = make_batch(hand, number)
        levels = list(hand.maker.plaster.levels)
        given = allocate_serials(session, actor, clock, AllocateSerials(lot.lot_key, MOST_SERIALS, "K/", is_signed=True),
                                 keys=KEYS)
        plain = allocate_serials(session, actor, clock, AllocateSerials(lot.lot_key, 3), keys=KEYS)
    link = next(serial_links("https://t.example/", levels, lot, given, KEYS))
    assert link.startswith(lot_link("https://t.example", levels, lot) + "/21/K%2F00000001?s=")
    path, _, signature = link.removeprefix("https://t.example/").partition("?s=")
    parsed = parse_path("/" + path)
    assert (parsed.get("01"), parsed.get("10"), parsed.get("21")) == (UNIT_GTIN, number, "K/00000001")
    assert KEYS.is_right(str(KEYS.present), path, signature)
    assert list(serial_links("https://t.example", levels, lot, plain, KEYS)) == [
        digital_link([("01", UNIT_GTIN), ("10", number), ("21", f"0000000{last}")], "https://t.example")
        for last in (1, 2, 3)]
    with pytest.raises(Conflict):
        next(serial_links("https://t.example", levels, lot, given, NO_KEYS))
    with pytest.raises(Conflict):
        next(serial_links("https://t.example", [], lot, plain, KEYS))


def test_keys_that_signed_and_are_gone_are_named(plant: Plant) -> None:
    plant.allocate()
    with plant.database.read() as session:
        assert missing_keys(session, NO_KEYS) == ()
    plant.allocate(is_signed=True)
    with plant.database.read() as session:
        assert missing_keys(session, KEYS) == ()
        assert missing_keys(session, NO_KEYS) == (KEYS.present,)
