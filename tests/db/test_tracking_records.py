"""Records for an authority: every critical tracking event with its items, against a walk over the documents themselves;
on both databases."""
from __future__ import annotations

import gc
import random
import tracemalloc
from collections.abc import Callable, Iterator
from dataclasses import asdict
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import openpyxl
import pytest
from sqlalchemy import insert
from sqlalchemy.orm import Session

from tests.db.test_trace_capture import capture, document, made, seen, stated
from tests.factories_trace import CASE_GTIN, UNIT_GTIN, Maker, at, make_batch, make_hand
from tests.made_once import made_once
from traceapp.core.actor import Actor
from traceapp.core.clock import FixedClock
from traceapp.core.errors import InvalidInput, NotFound
from traceapp.db import Database
from traceapp.epcis import EPCIS_CONTEXT, event_from, read
from traceapp.export.records import record_rows
from traceapp.export.spreadsheet import Record, table_file
from traceapp.submission.records import RecordsFile, write_records
from traceapp.trace.event_row import Recorded, event_row
from traceapp.trace.finding import key_of_text
from traceapp.trace.model import Event
from traceapp.trace.shipping import ReturnUnits, return_units
from traceapp.trace.tracking_choice import TrackingChoice, count_chosen, lots_of_trace
from traceapp.trace.tracking_lines import tracking_lines

AT = datetime(2026, 11, 22, 8, 0, tzinfo=UTC)
Json = dict[str, Any]


def rows(database: Database, choice: TrackingChoice | None = None) -> list[Record]:
    with database.snapshot() as session:
        return list(record_rows(tracking_lines(session, choice or TrackingChoice())))


def lots_around(database: Database, uri: str, direction: str | None, **more: bool) -> tuple[str, ...]:
    with database.snapshot() as session:
        return lots_of_trace(session, key_of_text(session, uri), direction, **more)


def short(found: list[Record], *keys: str) -> list[tuple[Any, ...]]:
    return [tuple(row[key] for key in keys) for row in found]


@pytest.fixture
def maker(database: Database, actor: Actor, clock: FixedClock) -> Maker:
    """A plant that received, made, inspected, released, shipped to two, and took back."""

    def worked(session: Session) -> Maker:
        hand = make_hand(session, actor, clock)
        lot = make_batch(hand)
        hand.ship(lot, hand.maker.clinic, "1", CASE_GTIN)
        hand.ship(lot, hand.maker.hospital, "2", CASE_GTIN, 11)
        return_units(session, actor, clock, ReturnUnits(lot.lot_key, hand.maker.clinic.id, Decimal(50), at(12), "RMA 7"))
        return hand.maker

    return made_once(database, clock, worked)


def test_each_critical_event_has_a_row_for_each_lot_in_each_role(database: Database, maker: Maker) -> None:
    assert short(rows(database), "event", "side", "lot", "quantity", "unit") == [
        ("receiving", "object", "G-B1", Decimal(50), "KGM"), ("receiving", "object", "F-B1", Decimal(1000), "MTR"),
        ("transformation", "input", "F-B1", Decimal(80), "MTR"),
        ("transformation", "input", "G-B1", Decimal("5.2"), "KGM"),
        ("transformation", "output", "B1", Decimal(1000), "EA"),
        ("shipping", "object", "B1", Decimal(200), "EA"), ("shipping", "object", "B1", Decimal(400), "EA"),
        ("returning", "object", "B1", Decimal(50), "EA")]


def test_a_row_says_who_sent_what_to_whom_where_and_by_which_paper(database: Database, maker: Maker) -> None:
    received, made_of, shipped, returned = (next(row for row in rows(database) if row["event"] == event) for event in (
        "receiving", "transformation", "shipping", "returning"))
    assert short([received], "from_party", "lot_source", "supplier_lot", "place", "to_party") == [
        ("Glue Works", "Glue Works", "S-G-B1", "Plant one", None)]
    assert short([received], "paper_type", "paper_number", "made_on", "from_party_id") == [
        ("unknown", "unknown", "unknown", "urn:traceapp:party:SUP")]
    assert short([made_of], "paper_type", "paper_number", "place", "from_party") == [
        (["prodorder"], ["WO-B1"], "Plant one", None)]
    assert short([shipped], "from_party", "from_location", "to_party", "to_address", "paper_number", "lot_source") == [
        ("Test Dressings", "Plant one", "Clinic One", "江苏, CN", ["D-10-1"], "Plant one")]
    assert short([shipped], "event_date", "time_zone", "product", "made_on", "gtin") == [
        (at(10).date(), "+08:00", "Plaster", at(5).date(), "06901234500011")]
    assert short([returned], "from_party", "paper_type", "paper_number") == [("Clinic One", ["rma"], ["RMA 7"])]


def test_inspections_and_decisions_come_only_where_they_are_asked_for(database: Database, maker: Maker) -> None:
    more = rows(database, TrackingChoice(with_others=True))
    assert len(more) == len(rows(database)) + 6
    assert short([row for row in more if row["event"] == "inspection"], "lot", "quantity", "step") == [
        ("G-B1", None, "inspecting"), ("F-B1", None, "inspecting"), ("B1", None, "inspecting")]


def test_a_choice_by_lot_period_product_and_place(database: Database, maker: Maker) -> None:
    glue = lots_around(database, "G-B1", None)
    assert short(rows(database, TrackingChoice(glue)), "event", "lot") == [
        ("receiving", "G-B1"), ("transformation", "F-B1"), ("transformation", "G-B1"), ("transformation", "B1")]
    whole = rows(database)
    assert rows(database, TrackingChoice(lots_around(database, "B1", "both"))) == whole
    assert rows(database, TrackingChoice(since=at(11), until=at(12))) == whole[6:7]
    assert short(rows(database, TrackingChoice(product_id=maker.film.id)), "event", "lot") == [
        ("receiving", "F-B1"), ("transformation", "F-B1"), ("transformation", "G-B1"), ("transformation", "B1")]
    assert rows(database, TrackingChoice(product_id=maker.plaster.id, since=at(10))) == whole[5:]
    assert rows(database, TrackingChoice(site_id=maker.site.id)) == whole
    with database.snapshot() as session:
        assert count_chosen(session, TrackingChoice(since=at(10), until=at(20))) == 3


@pytest.mark.parametrize("choice", [TrackingChoice(product_id="x"), TrackingChoice(site_id="x")])
def test_a_choice_of_what_is_not_there_is_refused(sqlite: Database, choice: TrackingChoice) -> None:
    with pytest.raises(NotFound):
        rows(sqlite, choice)


def test_a_lot_or_direction_that_is_not_there_is_refused(sqlite: Database) -> None:
    with sqlite.snapshot() as session:
        with pytest.raises(NotFound):
            lots_of_trace(session, "0" * 32, "both")
        with pytest.raises(InvalidInput):
            lots_of_trace(session, "0" * 32, "sideways")


def test_what_had_left_before_the_bad_input_came_is_not_among_what_a_lot_became(
        database: Database, actor: Actor, clock: FixedClock) -> None:
    capture(database, actor, clock, document(
        made({"urn:x:first": 1}, {"urn:x:tank": 1}), made({"urn:x:tank": 1}, {"urn:x:before": 1}, 2),
        made({"urn:x:bad": 1}, {"urn:x:tank": 1}, 3), made({"urn:x:tank": 1}, {"urn:x:after": 1}, 4)))
    assert len(lots_around(database, "urn:x:bad", "downstream")) == 3
    assert len(lots_around(database, "urn:x:bad", "downstream", by_time=False)) == 4


def test_what_its_sender_declared_wrong_is_left_out(database: Database, actor: Actor, clock: FixedClock) -> None:
    event = made({"urn:x:a": 1}, {"urn:x:b": 2}, eventID="urn:uuid:00000000-0000-4000-8000-000000000001")
    right = made({"urn:x:a": 1}, {"urn:x:b": 3})
    wrong = event | {"errorDeclaration": {"declarationTime": "2026-11-03T00:00:00Z", "reason": "incorrect_data"}}
    capture(database, actor, clock, document(event))
    capture(database, actor, clock, document(wrong, right))
    assert short(rows(database), "lot", "quantity") == [("a", Decimal(1)), ("b", Decimal(3))]


def test_others_events_have_the_names_of_their_master_data_and_unknown_is_said(
        database: Database, actor: Actor, clock: FixedClock) -> None:
    place = {"id": "urn:epc:id:sgln:0614141.00001.0"}
    named = {"epcisHeader": {"epcisMasterData": {"vocabularyList": [{
        "type": "urn:epcglobal:epcis:vtype:BusinessLocation", "vocabularyElementList": [{
            "id": "https://id.gs1.org/414/0614141000012",
            "attributes": [{"id": "https://gs1.org/cbv/cbvmda:name", "attribute": "Dock 4"}]}]}]}}}
    capture(database, actor, clock, document(
        seen("urn:x:a", "shipping", 1, readPoint=place, destinationList=[
            {"type": "owning_party", "destination": "urn:epc:id:pgln:0614141.00009"}]),
        seen("urn:x:a", "receiving", 2), seen("urn:x:a", "storing", 3),
        seen("urn:x:a", "https://example.org/steps/own", 4), **named))
    shipped, received, other = rows(database)
    assert short([shipped], "quantity", "from_location", "to_party", "to_party_id", "to_location", "recorded_by") == [
        ("unknown", "Dock 4", "unknown", "urn:epc:id:pgln:0614141.00009", None, "captured")]
    assert short([received], "from_party", "from_location", "place", "lot_source", "product") == [
        ("unknown",) * 5]
    assert (other["event"], other["from_party"]) == ("other", None)


def test_a_lot_of_ours_has_one_gtin_whatever_pack_others_name(
        database: Database, maker: Maker, actor: Actor, clock: FixedClock) -> None:
    packs = {gtin: f"https://id.gs1.org/01/{gtin}/10/B1" for gtin in (UNIT_GTIN, CASE_GTIN)}
    capture(database, actor, clock, document(*(
        seen(uri, "receiving", 2 + place, quantityList=[{"epcClass": uri, "quantity": 2}])
        for place, uri in enumerate(packs.values()))))
    assert short([row for row in rows(database) if row["recorded_by"] == "captured"], "gtin", "quantity", "unit",
                 "product_code") == [(UNIT_GTIN, Decimal(2), "EA", "PLASTER"), (UNIT_GTIN, Decimal(400), "EA", "PLASTER")]


def test_a_period_longer_than_what_is_read_at_once_is_whole_and_in_order(database: Database) -> None:
    stored_alone(database, 600)
    found = rows(database, TrackingChoice(since=AT + timedelta(minutes=20)))
    assert [row["event_time"] for row in found] == [
        AT + timedelta(minutes=minute) for minute in range(20, 600) for _side in range(2)]


def test_things_and_containers_have_no_elements_of_lots(database: Database, actor: Actor, clock: FixedClock) -> None:
    capture(database, actor, clock, document({
        "type": "AggregationEvent", "action": "ADD", "eventTime": "2026-11-01T00:00:00Z", "bizStep": "packing",
        "eventTimeZoneOffset": "-05:30", "parentID": "https://id.gs1.org/00/340123450000003338",
        "childEPCs": ["https://id.gs1.org/01/09521141012345/21/S1"],
        "childQuantityList": [stated("https://id.gs1.org/01/09521141012345/10/L1", 2)]}))
    assert short(rows(database), "event", "side", "lot", "quantity", "lot_source", "event_date", "product") == [
        ("packing", "child", "L1", Decimal(2), "unknown", datetime(2026, 10, 31).date(), "unknown"),
        ("packing", "child", "S1", Decimal(1), None, datetime(2026, 10, 31).date(), "unknown"),
        ("packing", "parent", "340123450000003338", None, None, datetime(2026, 10, 31).date(), None)]
    one = lots_around(database, "https://id.gs1.org/01/09521141012345/21/S1", None)
    assert short(rows(database, TrackingChoice(one)), "lot") == [("S1",), ("340123450000003338",)]


def random_events(seed: int) -> list[Json]:
    """Transformations and shipments of a dozen lots at random hours, several lots to an event."""
    chance = random.Random(seed)
    found = []
    for _ in range(chance.randint(3, 14)):
        ins, outs = ({f"urn:x:{seed}-{lot}": chance.choice([None, 1, 2])
                      for lot in chance.sample(range(12), chance.randint(1, 3))} for _ in range(2))
        outs = {uri: number for uri, number in outs.items() if uri not in ins} or {f"urn:x:{seed}-12": 1}
        event = made(ins, outs, chance.randint(1, 9)) if chance.random() < 0.7 else seen(
            next(iter(ins)), "shipping", chance.randint(1, 9), quantityList=[stated(*one) for one in ins.items()])
        found.append(event | {"eventID": f"urn:uuid:{chance.getrandbits(128):032x}"})
    return found


def told(event: Json) -> list[tuple[str, str]]:
    """(side, URI) of everything that a document says of an event."""
    return [(side, one["epcClass"]) for side, name in (
        ("input", "inputQuantityList"), ("output", "outputQuantityList"), ("object", "quantityList"))
        for one in event.get(name, ())]


def closure(events: list[Json], root: str, up: bool) -> set[str]:
    """Everything that the documents lead to, by looking at all of them again and again."""
    found, size = {root}, 0
    while size < len(found):
        size = len(found)
        for event in events:
            near, far = ("output", "input") if up else ("input", "output")
            if found & {uri for side, uri in told(event) if side == near}:
                found |= {uri for side, uri in told(event) if side == far}
    return found


def expected(events: list[Json], chosen: Callable[[str], bool]) -> set[tuple[str, str, str]]:
    """(event, side, URI) of the lines of the chosen lots, and of a transformation of theirs all lines."""
    return {(event["eventID"], side, uri) for event in events for side, uri in told(event)
            if chosen(uri) or (side != "object" and any(chosen(other) for _side, other in told(event)))}


def test_random_genealogies_have_the_rows_that_a_walk_over_the_documents_finds(
        database: Database, actor: Actor, clock: FixedClock) -> None:
    sets = [random_events(seed) for seed in range(25)]
    capture(database, actor, clock, document(*(event for events in sets for event in events)))
    for seed, events in enumerate(sets):
        root = told(events[0])[0][1]
        for direction, reached in ((None, {root}), ("upstream", closure(events, root, True)),
                                   ("downstream", closure(events, root, False)),
                                   ("both", closure(events, root, True) | closure(events, root, False))):
            found = rows(database, TrackingChoice(lots_around(database, root, direction, by_time=False)))
            assert {(row["event_id"], row["side"], row["item_id"]) for row in found} == expected(
                events, reached.__contains__), (seed, direction)
            assert [row["event_time"] for row in found] == sorted(row["event_time"] for row in found)
    everything = rows(database)
    assert len(everything) == sum(len(told(event)) for events in sets for event in events)
    numbers = {(event["eventID"], side, one["epcClass"]): one.get("quantity", "unknown") for events in sets
               for event in events for side, name in (("input", "inputQuantityList"), ("object", "quantityList"))
               for one in event.get(name, ())}
    assert numbers == {(row["event_id"], row["side"], row["item_id"]): row["quantity"] for row in everything
                       if row["side"] != "output"}


def test_the_epcis_form_holds_the_events_of_the_same_choice(database: Database, maker: Maker) -> None:
    choice = TrackingChoice(lots_around(database, "G-B1", None))
    with table_file() as file, database.snapshot() as session:
        result = write_records(session, file, RecordsFile(choice, "epcis", AT))
        found = read(file.read())
    assert result.rows == len(found.events) == 2
    assert [event.event_id for event in found.events] == list(dict.fromkeys(
        row["event_id"] for row in rows(database, choice)))


def test_the_workbook_is_read_again_with_numbers_as_numbers(database: Database, maker: Maker) -> None:
    with table_file() as file, database.snapshot() as session:
        result = write_records(session, file, RecordsFile(TrackingChoice(), "xlsx", AT))
        book = openpyxl.load_workbook(file)
    assert book.sheetnames == ["Records", "About the columns"]
    heads, *found = book["Records"].iter_rows(values_only=True)
    place = heads.index("Quantity")
    assert (result.rows, [row[place] for row in found]) == (8, [50, 1000, 80, 5.2, 1000, 200, 400, 50])
    assert book["Records"].auto_filter.ref == "A1:AL9"


def test_an_unknown_form_is_refused(sqlite: Database) -> None:
    with table_file() as file, sqlite.snapshot() as session, pytest.raises(InvalidInput):
        write_records(session, file, RecordsFile(TrackingChoice(), "json", AT))


def stored_alone(database: Database, number: int) -> None:
    """So many events of one minute each, without what is derived from them."""
    found = []
    for minute in range(number):
        said = event_from(made({f"urn:x:i{minute % 50}": 1}, {f"urn:x:o{minute % 50}": 1}) | {
            "eventTime": (AT + timedelta(minutes=minute)).isoformat()}, [EPCIS_CONTEXT])
        found.append(asdict(event_row(said, f"urn:x:{minute}", "s", Recorded(AT, "u", "c"), said.document)))
    with database.write() as session:
        session.connection().execute(insert(Event), found)


@pytest.fixture
def usual_collection() -> Iterator[None]:
    """Garbage is collected as often as Python does by itself, whatever a test before set for a service."""
    before = gc.get_threshold()
    gc.set_threshold(700, 10, 10)
    gc.collect()
    yield
    gc.set_threshold(*before)


def test_memory_does_not_grow_with_the_events_of_a_period(
        sqlite: Database, tmp_path: Path, usual_collection: None) -> None:
    stored_alone(sqlite, 2_500)

    def peak(events: int) -> int:
        choice = TrackingChoice(until=AT + timedelta(minutes=events))
        tracemalloc.start()
        with (tmp_path / "records.csv").open("w+b") as file, sqlite.snapshot() as session:
            assert write_records(session, file, RecordsFile(choice, "csv", AT)).rows == 2 * events
            _, most = tracemalloc.get_traced_memory()
        tracemalloc.stop()
        return most

    peak(300)
    assert peak(2_500) < peak(500) + 400_000
