"""Others' documents: captured whole, once, traced from any of their lots, and derived again without a difference."""
from __future__ import annotations

import json
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import func, select

from tests.factories_trace import CASE_GTIN, UNIT_GTIN, Hand, at, make_batch, make_hand
from traceapp.core.actor import Actor
from traceapp.core.clock import FixedClock
from traceapp.core.errors import NotFound
from traceapp.core.quantity import Quantity
from traceapp.db import Database
from traceapp.epcis import EPCIS_CONTEXT, EpcisErrors, event_hash, read
from traceapp.trace.capture import CaptureDocument, capture_document, rebuild
from traceapp.trace.documents import lot_document
from traceapp.trace.finding import key_of_text
from traceapp.trace.genealogy import trace_lot
from traceapp.trace.holds import LiftHold, PlaceHold, lift_hold, place_hold
from traceapp.trace.model import Capture, Event, ItemPosition, Lot, LotEdge, MasterRecord
from traceapp.trace.public import scan_facts
from traceapp.trace.rebuilding import DERIVED
from traceapp.trace.release import Decide, reject_lot
from traceapp.trace.shipping import DisposeUnits, ReturnUnits, dispose_units, return_units

FISH = "urn:gdst:example.org:product:lot:class:"
CATTLE = "https://id.gs1.org/01/10000082345676/10/CATTLE20230101"
STEAKS = "https://id.gs1.org/01/10000082345676/10/STEAKS20251107"


def vector(shared: Path, name: str) -> CaptureDocument:
    return CaptureDocument(name, (shared / "conformance/epcis/trace" / name).read_bytes())


def document(*events: dict[str, Any], **more: Any) -> CaptureDocument:
    whole = {"@context": [EPCIS_CONTEXT, {"ex": "https://example.org/ns/"}], "type": "EPCISDocument",
             "schemaVersion": "2.0", "creationDate": "2026-11-20T00:00:00Z", "epcisBody": {"eventList": list(events)},
             **more}
    return CaptureDocument("test.jsonld", json.dumps(whole).encode())


def made(inputs: dict[str, Any], outputs: dict[str, Any], hour: int = 1, **more: Any) -> dict[str, Any]:
    event = {"type": "TransformationEvent", "eventTime": f"2026-11-0{hour}T01:00:00Z", "eventTimeZoneOffset": "+00:00",
             "inputQuantityList": [stated(uri, number) for uri, number in inputs.items()],
             "outputQuantityList": [stated(uri, number) for uri, number in outputs.items()], **more}
    return {name: value for name, value in event.items() if value != []}


def stated(uri: str, number: Any) -> dict[str, Any]:
    return {"epcClass": uri} | ({} if number is None else {"quantity": number, "uom": "KGM"})


def seen(uri: str, step: str, hour: int, **more: Any) -> dict[str, Any]:
    return {"type": "ObjectEvent", "action": "OBSERVE", "eventTime": f"2026-11-0{hour}T05:00:00Z", "bizStep": step,
            "eventTimeZoneOffset": "+00:00", "quantityList": [{"epcClass": uri}], **more}


def capture(database: Database, actor: Actor, clock: FixedClock, command: CaptureDocument) -> Capture:
    with database.write() as session:
        return capture_document(session, actor, clock, command)


def derived(database: Database) -> dict[str, list[tuple[Any, ...]]]:
    """Every derived row, but for the count of revisions."""
    with database.read() as session:
        return {model.__tablename__: sorted(
            (tuple(row) for row in session.execute(select(*[
                column for column in model.__table__.columns if column.key != "revision"]))), key=repr)
            for model in DERIVED}


def test_the_fish_document_is_traced_from_any_of_its_lots(
        database: Database, actor: Actor, clock: FixedClock, shared: Path) -> None:
    stored = capture(database, actor, clock, vector(shared, "wholechain-events.jsonld"))
    assert (stored.events, stored.duplicates) == (31, 0)
    with database.read() as session:
        final = key_of_text(session, f"{FISH}processor.2.v1-0122-2022")
        up = trace_lot(session, final, "upstream")
        assert (up.root.number, up.root.expires_on) == ("V1-0122-2022", date(2023, 1, 22))
        assert {node.uri.removeprefix(FISH) for node in up.nodes} == {
            "processor.2.v1-0122-2022", "processor.10.commingle-01232022", "fishfarm.1.farmed-tuna-01192022",
            "fisherman01.tuna.v1-0122-2022", "feedmill.1.ff11252021", "hatchery.1.tf12012021"}
        names = {node.uri.removeprefix(FISH): node.name_en for node in up.nodes}
        assert names["feedmill.1.ff11252021"] == "Fish Feed"
        down = trace_lot(session, key_of_text(session, f"{FISH}feedmill.1.ff11252021"), "downstream")
        assert final in {node.lot_key for node in down.nodes}
        assert {place.holder for place in down.positions if place.lot_key == final} == {
            "urn:gdst:example.org:location:loc:importer.123"}
        for key in session.scalars(select(Lot.lot_key)):
            assert trace_lot(session, key, "both").nodes[0].lot_key == key


def test_the_cattle_document_is_traced_with_quantities_and_odd_numbers_are_flagged(
        database: Database, actor: Actor, clock: FixedClock, shared: Path) -> None:
    stored = capture(database, actor, clock, vector(shared, "beef-leather-events.jsonld"))
    assert stored.events == 8
    assert "INCORRECT_CHECK_DIGIT" in {finding["code"] for finding in stored.findings}
    with database.read() as session:
        trace = trace_lot(session, key_of_text(session, CATTLE), "downstream")
        steaks = trace.node(key_of_text(session, STEAKS))
        assert steaks is not None
        assert (steaks.depth, steaks.made, steaks.unit, steaks.quantity, steaks.share) == (1, 10000, "KGM", 100, 1)
        pallet = next(node for node in trace.nodes if node.item_kind == "container")
        assert (pallet.depth, pallet.quantity) == (2, 100)
        (place,) = [one for one in trace.positions if one.lot_key == steaks.lot_key]
        assert place.holder == "https://id.gs1.org/414/1234567089453"
        assert place.name
        assert "12-PCK FRZN BLK RIBEYE STEAKS PRIME" in steaks.name_en
    with database.reading() as connection:
        facts = scan_facts(connection, steaks.lot_key)
    assert facts is not None
    assert facts.product is None
    assert [material.name_en for material in facts.materials] == [steaks.name_en]


def test_what_their_vocabulary_holds_is_kept(
        database: Database, actor: Actor, clock: FixedClock, shared: Path) -> None:
    stored = capture(database, actor, clock, vector(shared, "wholechain-events.jsonld"))
    with database.read() as session:
        found = session.scalars(select(MasterRecord).where(MasterRecord.capture_id == stored.id)).all()
        codes = {value for row in found for name, value in row.attributes
                 if name.endswith("speciesForFisheryStatisticsPurposesCode")}
        assert {"SK", "YFT"} <= codes
        again = session.get(Capture, stored.id)
        assert again is not None
        assert "epcisHeader" in again.header
        row = session.scalar(select(Event).where(Event.biz_step == "urn:gdst:bizStep:hatching"))
        assert row is not None
        assert "gdst:broodstockSource" in row.document


@pytest.mark.parametrize("name", ["wholechain-events.jsonld", "beef-leather-events.jsonld"])
def test_the_same_document_twice_is_stored_once(
        database: Database, actor: Actor, clock: FixedClock, shared: Path, name: str) -> None:
    first = capture(database, actor, clock, vector(shared, name))
    before = derived(database)
    again = capture(database, actor, clock, vector(shared, name))
    spaced = vector(shared, name)
    other = capture(database, actor, clock, CaptureDocument(name, spaced.content + b"\n"))
    assert again.id == first.id
    assert (other.events, other.duplicates) == (0, first.events)
    assert derived(database) == before


def test_a_document_with_one_unsound_event_leaves_nothing(
        database: Database, actor: Actor, clock: FixedClock) -> None:
    good = made({"urn:x:a": 1}, {"urn:x:b": 1})
    bad = made({"urn:x:c": 1}, {"urn:x:d": 1}) | {"eventTime": "yesterday"}
    with pytest.raises(EpcisErrors) as error:
        capture(database, actor, clock, document(good, bad))
    assert error.value.place == "/epcisBody/eventList/1/eventTime"
    with database.read() as session:
        for model in (Event, Lot, Capture):
            assert session.scalar(select(func.count()).select_from(model)) == 0


def test_an_identifier_that_comes_with_other_content_is_refused(
        database: Database, actor: Actor, clock: FixedClock) -> None:
    event = made({"urn:x:a": 1}, {"urn:x:b": 1}, eventID="urn:uuid:1")
    capture(database, actor, clock, document(event))
    with pytest.raises(Exception, match="other content") as error:
        capture(database, actor, clock, document(made({"urn:x:c": 1}, {"urn:x:d": 1}),
                                                 made({"urn:x:a": 2}, {"urn:x:b": 1}, eventID="urn:uuid:1")))
    assert error.value.place == "/epcisBody/eventList/1/eventID"  # type: ignore[attr-defined]
    with database.read() as session:
        assert session.scalar(select(func.count()).select_from(Event)) == 1


def test_an_error_declaration_takes_back_what_was_derived_whichever_comes_first(
        database: Database, actor: Actor, clock: FixedClock) -> None:
    wrong = made({"urn:x:a": 5}, {"urn:x:b": 4}, eventID="urn:uuid:wrong")
    right = made({"urn:x:a": 3}, {"urn:x:b": 4}, 2)
    declared = wrong | {"errorDeclaration": {"declarationTime": "2026-11-09T00:00:00Z", "reason": "incorrect_data"}}
    capture(database, actor, clock, document(wrong))
    capture(database, actor, clock, document(declared, right))
    with database.read() as session:
        trace = trace_lot(session, key_of_text(session, "urn:x:b"), "upstream")
        assert [edge.quantity for edge in trace.edges] == [3]
        assert session.scalar(select(func.count()).select_from(Event)) == 3
    later = made({"urn:x:m": 5}, {"urn:x:n": 4}, eventID="urn:uuid:later")
    capture(database, actor, clock, document(later | {"errorDeclaration": {
        "declarationTime": "2026-11-09T00:00:00Z", "reason": "did_not_occur"}}))
    capture(database, actor, clock, document(later))
    with database.read() as session, pytest.raises(NotFound):
        key_of_text(session, "urn:x:n")
    before = derived(database)
    with database.write() as session:
        assert rebuild(session) == 5
    assert derived(database) == before


def test_a_transformation_told_in_parts_is_one_whatever_the_order(
        database: Database, actor: Actor, clock: FixedClock) -> None:
    parts = [made({"urn:x:a": 5}, {}, 1, transformationID="urn:x:run"),
             made({}, {"urn:x:z": 9}, 2, transformationID="urn:x:run"),
             made({"urn:x:b": 4}, {}, 3, transformationID="urn:x:run")]
    for part in parts:
        capture(database, actor, clock, document(part))
    with database.read() as session:
        trace = trace_lot(session, key_of_text(session, "urn:x:z"), "upstream")
        assert {(node.number, node.quantity) for node in trace.nodes} == {("z", 9), ("a", 5), ("b", 4)}
    capture(database, actor, clock, document(made({}, {"urn:x:y": 1}, 4, transformationID="urn:x:run")))
    with database.read() as session:
        trace = trace_lot(session, key_of_text(session, "urn:x:a"), "downstream")
        assert {(node.number, node.quantity) for node in trace.nodes} == {("a", None), ("z", None), ("y", None)}


def test_a_circle_in_others_events_is_captured_and_traced(
        database: Database, actor: Actor, clock: FixedClock) -> None:
    capture(database, actor, clock, document(made({"urn:x:a": 1}, {"urn:x:b": 1}), made({"urn:x:b": 1}, {"urn:x:a": 1}),
                                             made({"urn:x:c": 1}, {"urn:x:c": 1})))
    with database.read() as session:
        trace = trace_lot(session, key_of_text(session, "urn:x:a"), "both")
        assert {(node.number, node.side) for node in trace.nodes} == {("a", "root"), ("b", "up"), ("b", "down")}
        assert trace_lot(session, key_of_text(session, "urn:x:c"), "both").edges == ()


def test_a_recall_in_others_events_marks_their_lot_and_not_ours(
        database: Database, actor: Actor, clock: FixedClock) -> None:
    with database.write() as session:
        lot = make_batch(make_hand(session, actor, clock))
    stop = {"set": ["recalled"]}
    capture(database, actor, clock, document(
        seen("urn:x:a", "holding", 1, persistentDisposition=stop),
        seen(f"https://example.org/01/{CASE_GTIN}/10/B1", "holding", 1, persistentDisposition=stop),
        seen("urn:x:b", "holding", 1, persistentDisposition=stop),
        seen("urn:x:b", "holding", 2, persistentDisposition={"unset": ["recalled"]})))
    with database.read() as session:
        recalled = dict(session.execute(select(Lot.number, Lot.is_recalled).where(
            Lot.number.in_(("a", "b", "B1")))).all())
        assert recalled == {"a": True, "b": False, "B1": False}
        assert session.get(Lot, lot.lot_key).revision == lot.revision  # type: ignore[union-attr]


def test_any_gtin_of_ours_in_others_events_means_our_lot_in_units(
        database: Database, actor: Actor, clock: FixedClock) -> None:
    with database.write() as session:
        lot = make_batch(make_hand(session, actor, clock))
    event = made({}, {"urn:x:kit": 10})
    event["inputQuantityList"] = [{"epcClass": "urn:epc:class:lgtin:6901234.150001.B1", "quantity": 2}]
    capture(database, actor, clock, document(event))
    with database.read() as session:
        kit = trace_lot(session, key_of_text(session, "urn:x:kit"), "upstream")
        ours = kit.node(lot.lot_key)
        assert ours is not None
        assert (ours.quantity, ours.is_own, ours.stock) == (400, True, 1000)
        for text in (f"(01){CASE_GTIN}(10)B1", f"https://id.gs1.org/01/{UNIT_GTIN}/10/B1?17=281104", lot.uri, "B1",
                     f"]d201{UNIT_GTIN}10B1"):
            assert key_of_text(session, text) == lot.lot_key


def test_a_lot_of_our_product_that_we_never_made_is_not_called_released(
        database: Database, actor: Actor, clock: FixedClock) -> None:
    with database.write() as session:
        make_hand(session, actor, clock)
    capture(database, actor, clock, document(
        seen(f"https://id.gs1.org/01/{UNIT_GTIN}/10/FAKE", "commissioning", 1, action="ADD")))
    with database.read() as session:
        lot = session.get(Lot, key_of_text(session, f"https://id.gs1.org/01/{UNIT_GTIN}/10/FAKE"))
        assert lot is not None
        assert (lot.is_own, lot.release_state) == (0, "pending")


def test_a_lot_that_others_told_of_by_its_case_can_be_held_and_becomes_ours_whole(
        database: Database, actor: Actor, clock: FixedClock) -> None:
    with database.write() as session:
        hand = make_hand(session, actor, clock)
    capture(database, actor, clock, document(
        seen(f"https://id.gs1.org/01/{CASE_GTIN}/10/NEW1", "receiving", 1)))
    uri = f"https://id.gs1.org/01/{UNIT_GTIN}/10/NEW1"
    with database.write() as session:
        key = key_of_text(session, uri)
        assert session.get_one(Lot, key).uri == uri
        hold = place_hold(session, actor, clock, PlaceHold((key,), "manual", "manual", "look at it"))[0]
        lift_hold(session, actor, clock, LiftHold("looked at", lot_key=key, hold_id=hold.id))
    with database.write() as session:
        lot = make_batch(Hand(session, actor, clock, hand.maker), "NEW1")
        assert (lot.lot_key, lot.uri, lot.release_state) == (key, uri, "released")


def test_the_document_of_a_lot_reads_back_as_the_same_events(
        database: Database, actor: Actor, clock: FixedClock) -> None:
    with database.write() as session:
        hand = make_hand(session, actor, clock)
        lot = make_batch(hand)
        hand.ship(lot, hand.maker.clinic, "2", CASE_GTIN)
    with database.read() as session:
        text = lot_document(session, lot.uri)
        hashes = session.scalars(select(Event.hash).where(Event.subject_key == lot.lot_key)).all()
        assert sorted(event_hash(event) for event in read(text).events) == sorted(hashes)
        with pytest.raises(NotFound):
            lot_document(session, "urn:x:nothing")


def test_a_rebuild_gives_equal_tables_and_moves_every_revision_on(
        database: Database, actor: Actor, clock: FixedClock, shared: Path) -> None:
    with database.write() as session:
        hand: Hand = make_hand(session, actor, clock)
        lot, other = make_batch(hand), make_batch(hand, "B2")
        hand.ship(lot, hand.maker.clinic, "2", CASE_GTIN)
        hand.ship(other, hand.maker.hospital, "1", CASE_GTIN, 11)
        return_units(session, actor, clock, ReturnUnits(lot.lot_key, hand.maker.clinic.id, Decimal(7), at(12)))
        dispose_units(session, actor, clock, DisposeUnits(lot.lot_key, Quantity(Decimal(7), "EA"), at(13), "torn"))
        place_hold(session, actor, clock, PlaceHold((lot.lot_key, other.lot_key), "recall", "recall:1", "rash"))
        place_hold(session, actor, clock, PlaceHold((lot.lot_key,), "manual", "manual", "look again"))
        lift_hold(session, actor, clock, LiftHold("answered", source="recall:1"))
        reject_lot(session, actor, clock, Decide(other.lot_key, "torn"))
    capture(database, actor, clock, vector(shared, "wholechain-events.jsonld"))
    capture(database, actor, clock, vector(shared, "beef-leather-events.jsonld"))
    with database.write() as session:
        foreign = key_of_text(session, CATTLE)
        place_hold(session, actor, clock, PlaceHold((foreign,), "recall", "recall:2", "supplier said so"))
    before = derived(database)
    with database.read() as session:
        revisions = dict(session.execute(select(Lot.lot_key, Lot.revision)).all())
        total = session.scalar(select(func.count()).select_from(Event))
    with database.write() as session:
        assert rebuild(session) == total
    after = derived(database)
    for table, rows in before.items():
        assert after[table] == rows, table
    assert all(before[table] for table in ("lot", "lot_edge", "event_item", "hold", "shipment_line", "item_position"))
    with database.read() as session:
        assert all(session.scalar(select(Lot.revision).where(Lot.lot_key == key)) > revision
                   for key, revision in revisions.items())
        assert session.scalar(select(func.count()).select_from(LotEdge)) > 0
        assert session.scalar(select(func.count()).select_from(ItemPosition)) > 0
