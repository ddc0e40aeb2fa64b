"""What the scan page, lists and the page of a lot read, on both databases."""
from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import event, select

from tests.factories_trace import BAD, CASE_GTIN, GOOD, UNIT_GTIN, Hand, at, make_batch, open_hand
from traceapp.attachment.service import FileStore
from traceapp.code.model import ScanCount
from traceapp.core.actor import Actor
from traceapp.core.clock import FixedClock
from traceapp.core.errors import Conflict, InvalidInput, NotFound, Stale
from traceapp.db import Database
from traceapp.trace import public, surroundings
from traceapp.trace.files import AttachFile, attach_file
from traceapp.trace.holds import LiftHold, PlaceHold, lift_hold, place_hold
from traceapp.trace.lot_list import LotFilter, all_lots, lot_page
from traceapp.trace.model import Lot, LotEdge
from traceapp.trace.overview import events_of, holds_of, inspections_of, productions_of, shipments_of, usable_lots
from traceapp.trace.policy import Verdict
from traceapp.trace.position_query import places_of
from traceapp.trace.public import ScanFacts, scan_facts, scan_revision
from traceapp.trace.queries import consignees_of, lot_counts, shipments_to
from traceapp.trace.quick_reads import rows
from traceapp.trace.release import Decide, reject_lot, release_lot
from traceapp.trace.shipping import ReturnUnits, return_units
from traceapp.trace.surroundings import Surroundings

TODAY = date(2026, 11, 22)
PDF = b"%PDF-1.7\ntrailer<<>>\nstartxref\n9\n%%EOF\n"


@pytest.fixture
def hand(database: Database, actor: Actor, clock: FixedClock) -> Iterator[Hand]:
    with open_hand(database, actor, clock) as hand:
        yield hand


@pytest.fixture
def quick(sqlite: Database, actor: Actor, clock: FixedClock) -> Iterator[Hand]:
    with open_hand(sqlite, actor, clock) as hand:
        yield hand


def facts_of(hand: Hand, lot: Lot) -> ScanFacts:
    hand.session.flush()
    facts = scan_facts(hand.session.connection(), lot.lot_key)
    assert facts is not None
    return facts


def hold(hand: Hand, *lots: Lot, source: str = "manual", reason: str = "look at it") -> int:
    kind = "manual" if source == "manual" else "recall"
    return len(place_hold(hand.session, hand.actor, hand.clock, PlaceHold(
        tuple(lot.lot_key for lot in lots), kind, source, reason)))


def test_the_scan_page_has_everything_and_one_statement_is_enough_once_the_rest_is_known(hand: Hand, tmp_path: Path,
                                                       monkeypatch: pytest.MonkeyPatch) -> None:
    maker = hand.maker
    glue, film = hand.raw(maker.glue, "G1", "20"), hand.receive(maker.film, "F1", "300", day=3)
    hand.inspect(film, 3, BAD)
    hand.inspect(film, 4)
    hand.release(film)
    roll = hand.make(maker.bulk, "R1", "100", [(glue, "5"), (film, "100")], day=4)
    release_lot(hand.session, hand.actor, hand.clock, Decide(roll.lot_key, "by supplier's certificate"))
    lot = hand.make(maker.plaster, "B1", "1000", [(roll, "25")])
    inspection = hand.inspect(lot, 6, (*GOOD, *GOOD))
    hand.release(lot)
    hand.ship(lot, maker.clinic, "1", CASE_GTIN)
    hand.ship(lot, maker.hospital, "2", CASE_GTIN, 12)
    store = FileStore(tmp_path)
    for is_public in (True, False):
        attach_file(hand.session, hand.actor, hand.clock, AttachFile(
            lot.lot_key, f"report-{is_public}.pdf", PDF, inspection.id, is_public=is_public), store=store)
    hand.session.add(ScanCount(lot_key=lot.lot_key, scans=7, first_at=at(14)))
    hand.session.flush()
    statements: list[str] = []
    connection = hand.session.connection()
    event.listen(connection.engine, "before_cursor_execute", lambda *told: statements.append(told[2]))
    for module in (public, surroundings):
        monkeypatch.setattr(module, "rows", lambda *told: (statements.append(told[1]), rows(*told))[1])
    known = Surroundings()
    facts = scan_facts(connection, lot.lot_key, known)
    assert len(statements) == 5  # the lot, its product, its place, what went into it, what went into that
    assert scan_facts(connection, lot.lot_key, known) == scan_facts(connection, lot.lot_key) == facts
    assert len(statements) == 11  # one where the rest is known
    assert facts is not None
    assert facts.product is not None
    assert (facts.product.name_zh, facts.product.gtin, facts.number) == ("创可贴", UNIT_GTIN, "B1")
    assert facts.product.registration_number == "苏械注准20262140001"
    assert (facts.made_on, facts.expires_on) == (date(2026, 11, 5), date(2028, 11, 4))
    assert facts.verdict(TODAY) == Verdict.released
    assert [(one.name_en, one.origin, one.is_raw, one.conforms) for one in facts.materials] == [
        ("Adhesive", "江苏", True, True), ("Film", "江苏", True, True), ("Coated roll", "", False, None)]
    (tested,) = facts.inspections
    assert (tested.report_number, tested.results, tested.within, tested.conforms) == ("R-B1", 2, 2, True)
    assert [report.name for report in tested.reports] == ["report-True.pdf"]
    assert [(step.kind, step.first_at, step.last_at, step.places) for step in facts.journey] == [
        ("received", at(1), at(3), ("苏州",)), ("produced", at(5), at(5), ("苏州",)),
        ("inspected", at(6), at(6), ("苏州",)), ("released", hand.clock.now(), hand.clock.now(), ("苏州",)),
        ("shipped", at(10), at(12), ("江苏", "浙江"))]
    assert (facts.scans, facts.first_scan_at, facts.time_zone) == (7, at(14), "Asia/Shanghai")
    assert (facts.maker_zh, facts.maker_en) == ("测试敷料厂", "Test Dressings")
    told = repr(facts)
    assert "Clinic" not in told
    assert "CLINIC" not in told


def test_what_stands_around_a_lot_may_be_seconds_old_but_never_its_verdict(hand: Hand) -> None:
    lot = make_batch(hand)
    hand.session.flush()
    seconds = [0.0]
    around = Surroundings(lambda: seconds[0])

    def facts() -> ScanFacts:
        hand.session.flush()
        found = scan_facts(hand.session.connection(), lot.lot_key, around)
        assert found is not None
        assert found.product is not None
        return found

    assert facts().product.contact_phone != "110"  # type: ignore[union-attr]
    assert [one.conforms for one in facts().materials] == [True, True]
    hand.maker.plaster.contact_phone = "110"
    hand.inspect(hand.session.scalars(select(Lot).where(Lot.number == "G-B1")).one(), 9, BAD)
    hold(hand, lot)
    assert facts().verdict(TODAY) == Verdict.on_hold
    assert [one.conforms for one in facts().materials] == [True, True]
    seconds[0] += surroundings.KEPT_SECONDS + 0.1
    assert facts().product.contact_phone == "110"  # type: ignore[union-attr]
    assert sorted(one.conforms is True for one in facts().materials) == [False, True]


def test_upstream_ends_in_a_circle_and_at_its_bound(hand: Hand) -> None:
    keys = [f"{number:032x}" for number in range(300)]
    edges = [(keys[0], keys[1]), (keys[1], keys[2]), (keys[2], keys[0]), *((keys[2], key) for key in keys[3:])]
    for key in keys:
        hand.session.add(Lot(lot_key=key, uri=f"urn:x:{key}", number=key[-3:], is_own=0, started_at=at(1),
                             created_at=at(1)))
    hand.session.flush()
    for child, parent in edges:
        hand.session.add(LotEdge(lot_key=child, direction="up", other_key=parent, event_id="e", kind="transform",
                                 at=at(1)))
    hand.session.flush()
    found = scan_facts(hand.session.connection(), keys[0])
    assert found is not None
    assert len(found.materials) == 200
    assert keys[0] not in {one.lot_key for one in found.materials}
    assert {keys[1], keys[2]} < {one.lot_key for one in found.materials}


def test_a_lot_that_is_not_known_has_no_facts(database: Database) -> None:
    with database.reading() as connection:
        assert scan_facts(connection, "0" * 32) is None
        assert scan_revision(connection, "0" * 32) is None


def test_every_act_and_public_file_moves_the_revision_on(hand: Hand, tmp_path: Path) -> None:
    lot = make_batch(hand)
    seen = [scan_revision(hand.session.connection(), lot.lot_key)]
    steps = (lambda: hand.ship(lot, hand.maker.clinic, "1", CASE_GTIN), lambda: hand.inspect(lot, 8),
             lambda: hold(hand, lot), lambda: hold(hand, lot, source="recall:1"),
             lambda: lift_hold(hand.session, hand.actor, hand.clock, LiftHold("over", source="recall:1")),
             lambda: attach_file(hand.session, hand.actor, hand.clock, AttachFile(lot.lot_key, "c.pdf", PDF),
                                 store=FileStore(tmp_path)),
             lambda: return_units(hand.session, hand.actor, hand.clock, ReturnUnits(
                 lot.lot_key, hand.maker.clinic.id, Decimal(1), at(20))))
    for step in steps:
        step()  # type: ignore[no-untyped-call]
        hand.session.flush()
        seen.append(scan_revision(hand.session.connection(), lot.lot_key))
    assert seen == sorted(set(seen))  # type: ignore[type-var]


def test_holds_stand_side_by_side_until_each_is_lifted(hand: Hand) -> None:
    lot, other = make_batch(hand), make_batch(hand, "B2")
    assert hold(hand, lot, other, source="recall:1") == 2
    assert hold(hand, lot, other, source="recall:1") == 0
    assert hold(hand, lot, source="recall:2") == 1
    assert hold(hand, lot) == 1
    facts = facts_of(hand, lot)
    assert sorted(facts.recall_sources) == ["recall:1", "recall:2"]
    assert (facts.verdict(TODAY), facts.is_on_hold) == (Verdict.recalled, True)
    lift_hold(hand.session, hand.actor, hand.clock, LiftHold("cancelled", source="recall:1"))
    assert (lot.is_recalled, other.is_recalled) == (True, False)
    lift_hold(hand.session, hand.actor, hand.clock, LiftHold("cancelled", source="recall:2"))
    assert facts_of(hand, lot).verdict(TODAY) == Verdict.on_hold
    standing = holds_of(hand.session, lot.lot_key)[0]
    lift_hold(hand.session, hand.actor, hand.clock, LiftHold("fine", lot_key=lot.lot_key, hold_id=standing.id))
    assert facts_of(hand, lot).verdict(TODAY) == Verdict.released
    assert [row.lift_reason for row in holds_of(hand.session, lot.lot_key)].count("cancelled") == 2
    assert lift_hold(hand.session, hand.actor, hand.clock, LiftHold("again", source="recall:1")) == ()


def test_a_hold_of_a_recall_cannot_be_lifted_by_hand(quick: Hand) -> None:
    lot = make_batch(quick)
    hold(quick, lot, source="recall:1")
    standing = holds_of(quick.session, lot.lot_key)[0]
    with pytest.raises(Conflict):
        lift_hold(quick.session, quick.actor, quick.clock, LiftHold("x", lot_key=lot.lot_key, hold_id=standing.id))
    with pytest.raises(NotFound):
        lift_hold(quick.session, quick.actor, quick.clock, LiftHold("x", lot_key=lot.lot_key, hold_id="no"))
    for bad in (PlaceHold((lot.lot_key,), "manual", "recall:1", "x"), PlaceHold((), "manual", "manual", "x"),
                PlaceHold((lot.lot_key,), "manual", "manual", " ")):
        with pytest.raises(InvalidInput):
            place_hold(quick.session, quick.actor, quick.clock, bad)
    with pytest.raises(NotFound):
        place_hold(quick.session, quick.actor, quick.clock, PlaceHold(("no",), "manual", "manual", "x"))


def test_a_held_or_recalled_lot_is_unavailable_everywhere_but_comes_back(quick: Hand) -> None:
    lot, held = make_batch(quick), make_batch(quick, "B2")
    quick.ship(lot, quick.maker.clinic, "1", CASE_GTIN)
    hold(quick, lot, source="recall:1")
    hold(quick, held)
    for stopped, code in ((lot, "lot-recalled"), (held, "lot-on-hold")):
        for act in (lambda one: quick.ship(one, quick.maker.clinic, "1", CASE_GTIN, 15),
                    lambda one: quick.make(quick.maker.bulk, "R9", "1", [(one, "1")])):
            with pytest.raises(Conflict) as error:
                act(stopped)  # type: ignore[no-untyped-call]
            assert (error.value.code, stopped.number in error.value.text) == (code, True)
    return_units(quick.session, quick.actor, quick.clock, ReturnUnits(
        lot.lot_key, quick.maker.clinic.id, Decimal(200), at(16)))
    assert lot.returned == 200


def test_release_needs_a_conforming_inspection_or_a_stated_ground(quick: Hand) -> None:
    def decide(lot: Lot, note: str = "", revision: int | None = None) -> Lot:
        return release_lot(quick.session, quick.actor, quick.clock, Decide(lot.lot_key, note, revision))

    glue = quick.receive(quick.maker.glue, "G1", "10")
    for refusal, act in (("not-inspected", lambda: decide(glue)),
                         ("not-conforming", lambda: (quick.inspect(glue, 2, BAD), decide(glue, "still good")))):
        with pytest.raises(Conflict) as error:
            act()  # type: ignore[no-untyped-call]
        assert error.value.code == refusal
    with pytest.raises(Stale):
        decide(glue, revision=1)
    quick.inspect(glue, 3)
    assert decide(glue, revision=glue.revision).release_state == "released"
    with pytest.raises(Conflict):
        decide(glue)
    with pytest.raises(InvalidInput):
        reject_lot(quick.session, quick.actor, quick.clock, Decide(glue.lot_key))
    reject_lot(quick.session, quick.actor, quick.clock, Decide(glue.lot_key, "smells"))
    assert facts_of(quick, glue).verdict(TODAY) == Verdict.rejected
    with pytest.raises(Conflict):
        decide(glue)


def test_lots_are_listed_under_the_verdict_that_they_show(hand: Hand) -> None:
    wanted = {"B1": "released", "B2": "recalled", "B3": "on_hold", "B4": "not_released", "B5": "rejected",
              "B6": "expired"}
    glue = hand.raw(hand.maker.glue, "G1", "100")
    lots = {number: hand.make(hand.maker.plaster, number, "100", [(glue, "1")], 5 + position)
            for position, number in enumerate(wanted)}
    for number, lot in lots.items():
        if number != "B4":
            hand.inspect(lot, 20)
            hand.release(lot)
    hold(hand, lots["B2"], source="recall:1")
    hold(hand, lots["B2"], lots["B3"])
    reject_lot(hand.session, hand.actor, hand.clock, Decide(lots["B5"].lot_key, "torn"))
    lots["B6"].expires_on = date(2026, 11, 21)
    hand.session.flush()
    for number, verdict in wanted.items():
        page = lot_page(hand.session, LotFilter(TODAY, verdict=verdict, kind="device"))
        assert [row.lot.number for row in page.rows] == [number]
        assert facts_of(hand, lots[number]).verdict(TODAY) == verdict
    counts = lot_counts(hand.session, TODAY, days=900)
    assert (counts.pending, counts.on_hold, counts.recalled, counts.expiring) == (1, 1, 1, 2)
    usable = usable_lots(hand.session, [hand.maker.plaster.id], TODAY)[hand.maker.plaster.id]
    assert [lot.number for lot in usable] == ["B1"]


def test_the_list_of_lots_is_searched_sorted_and_paged(hand: Hand) -> None:
    for number in range(7):
        hand.receive(hand.maker.glue, f"G{number}", "10", day=1 + number)
    hand.receive(hand.maker.film, "F_1", "10", day=9)

    def numbers(**wanted: Any) -> list[str]:
        return [row.lot.number for row in lot_page(hand.session, LotFilter(TODAY, **wanted)).rows]

    newest = LotFilter(TODAY, sort="-started", limit=5)
    first = lot_page(hand.session, newest)
    rest = lot_page(hand.session, replace(newest, after=first.next))
    everything = ["F_1", "G6", "G5", "G4", "G3", "G2", "G1", "G0"]
    assert [row.lot.number for page in (first, rest) for row in page.rows] == everything
    assert (first.total, rest.next) == (8, None)
    assert [row.lot.number for row in all_lots(hand.session, newest, batch=3)] == everything
    assert numbers(sort="number", product_id=hand.maker.glue.id, limit=2) == ["G0", "G1"]
    assert numbers(text="S-G3") == ["G3"]
    assert numbers(text="_") == ["F_1"]
    assert numbers(text="urn:traceapp:lot:GLUE:G4") == ["G4"]
    assert numbers(since=at(6), until=at(8), sort="started") == ["G5", "G6"]


def test_the_page_of_a_lot_reads_what_happened_to_it(hand: Hand) -> None:
    maker, lot = hand.maker, make_batch(hand)
    hand.ship(lot, maker.clinic, "2", CASE_GTIN)
    hand.ship(lot, maker.hospital, "1", CASE_GTIN, 11)
    return_units(hand.session, hand.actor, hand.clock, ReturnUnits(lot.lot_key, maker.clinic.id, Decimal(30), at(12)))
    (tested,) = inspections_of(hand.session, lot.lot_key)
    assert [result.name_en for result in tested.results] == ["Peel strength"]
    assert [row.work_order for row in productions_of(hand.session, lot.lot_key)] == ["WO-B1"]
    assert [row.units for row in shipments_of(hand.session, lot.lot_key)] == [-30, 200, 400]
    assert [(row.lot.number, row.line.units) for row in shipments_to(hand.session, maker.clinic.id)] == [
        ("B1", -30), ("B1", 400)]
    totals = [(row.consignee.code, row.sent, row.returned, row.units) for row in consignees_of(
        hand.session, lot.lot_key)]
    assert totals == [("CLINIC", 400, 30, 370), ("HOSPITAL", 200, 0, 200)]
    assert [row.biz_step for row in events_of(hand.session, lot.lot_key)] == [
        "storing", "receiving", "shipping", "shipping", "inspecting", "commissioning"]
    assert sum((place.quantity or 0 for place in places_of(hand.session, [lot.lot_key])), Decimal(0)) == 1000
