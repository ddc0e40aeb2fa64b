"""The likeliest cause over the database: materials and all that lots met, dose, time, samples, sensors."""
from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal

import pytest
from sqlalchemy import and_, delete, or_, select
from sqlalchemy import event as sqlalchemy_event
from sqlalchemy.orm import Session

from tests.factories_surveillance import add_complaint, add_edge, add_lot, add_product, add_reactions
from traceapp.catalog.model import Product
from traceapp.complaint.model import Complaint
from traceapp.core.actor import Actor
from traceapp.core.clock import FixedClock
from traceapp.core.errors import Conflict, InvalidInput, NotFound
from traceapp.core.ids import new_id
from traceapp.db import Database
from traceapp.signals import causes
from traceapp.signals.causes import rank_causes
from traceapp.signals.covariates import Mark
from traceapp.signals.samples import Found, Taken
from traceapp.surveillance.alarm import NodeKind
from traceapp.surveillance.cause_model import CauseSample
from traceapp.surveillance.exposure import deliveries_of
from traceapp.surveillance.lineage import lineage_of
from traceapp.surveillance.priors import note_cause
from traceapp.surveillance.ranking import Likeliest, likeliest_cause
from traceapp.surveillance.samples import EnterSample, enter_sample, samples_of, standing_samples
from traceapp.trace.model import Inspection, Lot, LotEdge, Production, Shipment, ShipmentLine, TestResult


@dataclass(frozen=True)
class Plant:
    """Sixteen plaster lots of four glue lots and one film; the line changes with every lot, the lane with every two."""

    lots: tuple[str, ...]
    glues: tuple[str, ...]
    film: str


def send(session: Session, lot: Lot, units: int, at: datetime, lane: str, consignee: str) -> None:
    shipment = new_id(at)
    lot.shipped += Decimal(units)
    session.add(Shipment(id=shipment, document_number="D", consignee_id=consignee, lane=lane, shipped_at=at,
                         from_site_id="store"))
    session.add(ShipmentLine(lot_key=lot.lot_key, shipment_id=shipment, position=1, consignee_id=consignee,
                             shipped_at=at, packs=Decimal(units), units=Decimal(units), event_id=shipment))
    session.flush()


def make(session: Session, lot: Lot, at: datetime, line: str, retained: int = 0) -> None:
    session.add(Production(lot_key=lot.lot_key, id=new_id(at), line=line, shift="day", equipment="press", operator="",
                           quantity=Decimal(3000), retained_samples=Decimal(retained), made_at=at, event_id=new_id(at)))
    session.flush()


def plant(database: Database, clock: FixedClock, reactions: dict[int, int]) -> Plant:
    """`reactions`: how many each lot has beyond one."""
    start = clock.now() - timedelta(days=90)
    with database.write() as session:
        plaster = add_product(session, start)
        glue, film = (add_product(session, start, code, "material") for code in ("GLUE", "FILM"))
        sheet = add_lot(session, film, "F1", 900, start)
        glues = [add_lot(session, glue, f"G{number}", 900, start) for number in range(4)]
        for number, one in enumerate(glues):
            one.supplier_id = f"s{number // 2}"
        lots = []
        for number in range(16):
            at = start + timedelta(days=number)
            lot = add_lot(session, plaster, f"L{number:02}", 3000, at)
            add_edge(session, sheet, lot, 10, at)
            add_edge(session, glues[number // 4], lot, 100, at)
            make(session, lot, at, f"line {number % 2}", 20)
            send(session, lot, 2000, at, f"lane {number // 2 % 2}", "c1")
            add_reactions(session, lot, clock.now() - timedelta(days=20), 1 + reactions.get(number, 0))
            lots.append(lot.lot_key)
        return Plant(tuple(lots), tuple(one.lot_key for one in glues), sheet.lot_key)


def ranked(database: Database, clock: FixedClock, *lot_keys: str) -> Likeliest:
    with database.read() as session:
        return likeliest_cause(session, lot_keys, clock.now().date())


def test_the_raw_lot_that_the_bad_lots_share_comes_first(database: Database, clock: FixedClock) -> None:
    made = plant(database, clock, {number: 5 for number in range(4, 8)})
    found = ranked(database, clock, made.lots[5])
    assert found.ranking is not None
    top = found.ranking.classes[0]
    assert top.members == (made.glues[1],)
    assert (top.complaints, set(top.lots)) == (24, set(made.lots[4:8]))
    assert top.posterior > 0.9
    assert top.p < 0.05
    assert found.units(top) == 8000
    assert found.lineage.kind_of(made.glues[1]) == NodeKind.upstream
    assert not found.lineage.is_cut


def test_a_line_is_a_cause_like_a_raw_lot(sqlite: Database, clock: FixedClock) -> None:
    made = plant(sqlite, clock, {number: 5 for number in range(1, 16, 2)})
    found = ranked(sqlite, clock, made.lots[5])
    assert found.ranking is not None
    assert found.ranking.classes[0].members == ("line:line 1 · day",)
    assert found.ranking.classes[0].since is None


def test_a_line_that_went_wrong_on_a_day_is_named_with_the_day(sqlite: Database, clock: FixedClock) -> None:
    made = plant(sqlite, clock, {9: 7, 11: 7, 13: 7, 15: 7})
    top = ranked(sqlite, clock, made.lots[9]).ranking
    assert top is not None
    first = top.classes[0]
    began = (clock.now() - timedelta(days=81)).date().toordinal()
    assert (first.members, first.since, first.complaints) == (("line:line 1 · day",), began, 32)


def test_suppliers_lanes_and_equipment_stand_in_the_graph_with_their_lots(sqlite: Database, clock: FixedClock) -> None:
    made = plant(sqlite, clock, {})
    with sqlite.read() as session:
        lineage = lineage_of(session, [made.lots[0]])
        deliveries = deliveries_of(session, made.lots)
    kinds = {thing.kind for thing in lineage.things.values()}
    assert kinds == {NodeKind.supplier, NodeKind.line, NodeKind.equipment, NodeKind.lane, NodeKind.site,
                     NodeKind.consignee}
    assert {child for parent, child in lineage.edges if parent == "supplier:s0"} == set(made.glues[:2])
    assert {child for parent, child in lineage.edges if parent == "lane:lane 1"} == {
        made.lots[number] for number in range(16) if number // 2 % 2 == 1}
    assert lineage.unseen_in_stock == {"lane:lane 0", "lane:lane 1", "consignee:c1"}
    sent = {lot: delivery.day.toordinal() for lot, (delivery, *_) in deliveries.items()}
    assert lineage.met["lane:lane 1"] == {made.lots[number]: sent[made.lots[number]] for number in (2, 3, 6, 7, 10, 11, 14, 15)}


def test_a_supplier_is_met_when_what_a_lot_holds_of_it_came_in(sqlite: Database, clock: FixedClock) -> None:
    made = plant(sqlite, clock, {})
    with sqlite.write() as session:
        for number in (2, 3):
            session.get_one(Lot, made.glues[number]).started_at += timedelta(days=number)
        # One lot holds of both.
        add_edge(session, session.get_one(Lot, made.glues[3]), session.get_one(Lot, made.lots[8]), 1, clock.now())
        met = lineage_of(session, [made.lots[0]]).met["supplier:s1"]
    came = [(clock.now() - timedelta(days=90 - number)).date().toordinal() for number in (2, 3)]
    assert met == {made.glues[2]: came[0], made.glues[3]: came[1], made.lots[8]: came[1]} | {
        made.lots[number]: came[number >= 12] for number in range(9, 16)}


def test_a_supplier_whose_results_rise_explains_only_what_came_in_since(sqlite: Database, clock: FixedClock) -> None:
    made = plant(sqlite, clock, dict.fromkeys(range(8, 16), 4) | {14: 0, 15: 0})
    start = clock.now() - timedelta(days=90)
    with sqlite.write() as session:
        glues = [session.get_one(Lot, key) for key in made.glues]
        material = session.get_one(Product, glues[0].product_id)
        older = [add_lot(session, material, f"A{number}", 900, start - timedelta(days=30 - number)) for number in range(4)]
        later = [add_lot(session, material, f"B{number}", 900, start + timedelta(days=30 + number)) for number in range(2)]
        series = [*older, glues[2], glues[3], *later]
        for number, lot in enumerate(series):
            lot.supplier_id = "s1"
            session.add(TestResult(lot_key=lot.lot_key, inspection_id="i", position=1, name_zh="单体", name_en="monomer",
                                   unit="%", value=Decimal(number), lower=None, upper=Decimal(20), is_within=True))
        # The last two plasters are made from what came in before the change.
        for key in made.lots[14:]:
            session.execute(delete(LotEdge).where(or_(
                and_(LotEdge.lot_key == key, LotEdge.other_key == made.glues[3]),
                and_(LotEdge.lot_key == made.glues[3], LotEdge.other_key == key))))
            add_edge(session, older[3], session.get_one(Lot, key), 100, start)
    found = ranked(sqlite, clock, made.lots[9])
    assert found.ranking is not None and found.marks["supplier:s1"] == {Mark.trend}
    supplier = next(one for one in found.ranking.classes if "supplier:s1" in one.members)
    assert (supplier.since, set(supplier.lots)) == (start.date().toordinal(), set(made.lots[8:14]))


def test_the_dose_is_the_part_among_lots_of_one_material_in_units_that_convert(sqlite: Database,
                                                                              clock: FixedClock) -> None:
    at = clock.now() - timedelta(days=5)
    with sqlite.write() as session:
        cream, oil, scent = (add_product(session, at, code) for code in ("CREAM", "OIL", "SCENT"))
        lot = add_lot(session, cream, "C1", 100, at)
        first, second = add_lot(session, oil, "O1", 100, at), add_lot(session, oil, "O2", 100, at)
        rest = add_lot(session, scent, "S1", 100, at)
        for parent, quantity, unit in ((first, "1.5", "KGM"), (second, "500", "GRM"), (rest, "2", "GRM")):
            for key, direction, other in ((parent, "down", lot), (lot, "up", parent)):
                session.add(LotEdge(lot_key=key.lot_key, direction=direction, other_key=other.lot_key,
                                    event_id=new_id(at), kind="made", quantity=Decimal(quantity), unit=unit, at=at))
        session.flush()
        lineage = lineage_of(session, [lot.lot_key])
        assert lineage.shares == pytest.approx({(first.lot_key, lot.lot_key): 0.75,
                                                (second.lot_key, lot.lot_key): 0.25})


def test_a_container_is_no_material(sqlite: Database, clock: FixedClock) -> None:
    made = plant(sqlite, clock, {})
    with sqlite.write() as session:
        case = add_lot(session, add_product(session, clock.now(), "CASE"), "CASE1", 1, clock.now())
        for key, direction, other in ((made.lots[0], "down", case.lot_key), (case.lot_key, "up", made.lots[0])):
            session.add(LotEdge(lot_key=key, direction=direction, other_key=other, event_id=new_id(clock.now()),
                                kind="packed", quantity=None, unit=None, at=clock.now()))
        session.flush()
        assert case.lot_key not in lineage_of(session, [made.lots[0]]).lots


def test_a_lot_with_complaints_and_no_shipment_is_named_instead_of_counted(sqlite: Database,
                                                                          clock: FixedClock) -> None:
    made = plant(sqlite, clock, {number: 5 for number in range(4, 8)})
    with sqlite.write() as session:
        stray = add_lot(session, add_product(session, clock.now(), "P2"), "STRAY", 10, clock.now())
        add_edge(session, session.get_one(Lot, made.glues[1]), stray, 1, clock.now())
        add_complaint(session, stray, clock.now())
        stray_key = stray.lot_key
    found = ranked(sqlite, clock, made.lots[5])
    assert found.silent == (stray_key,)
    assert found.ranking is not None
    assert found.ranking.classes[0].complaints == 24


def test_one_lot_alone_cannot_be_compared_and_a_circle_is_said(sqlite: Database, clock: FixedClock) -> None:
    made = plant(sqlite, clock, {})
    with sqlite.write() as session:
        lone = add_lot(session, add_product(session, clock.now(), "P9"), "X", 10, clock.now())
        lone_key = lone.lot_key
    assert (ranked(sqlite, clock, lone_key).ranking, ranked(sqlite, clock, lone_key).reason) == (None, "too-little")
    with sqlite.write() as session:
        add_edge(session, session.get_one(Lot, made.lots[0]), session.get_one(Lot, made.glues[0]), 1, clock.now())
    assert ranked(sqlite, clock, made.lots[0]).reason == "circle"


def test_a_bad_retained_sample_tells_twins_apart_and_a_correction_takes_it_back(sqlite: Database, clock: FixedClock,
                                                                              actor: Actor) -> None:
    made = plant(sqlite, clock, {number: 5 for number in range(4, 8)})
    before = ranked(sqlite, clock, made.lots[5])
    assert before.ranking is not None
    entry = EnterSample(made.lots[4], Taken.retained, clock.now().date(), "culture, 48 h", Found.clean)
    with sqlite.write() as session:
        first = enter_sample(session, actor, clock, entry).id
    after = ranked(sqlite, clock, made.lots[5])
    assert after.ranking is not None
    glue = made.glues[1]
    assert after.ranking.chances[glue] < before.ranking.chances[glue]
    odds = [found.chances[glue] / found.no_cause for found in (after.ranking, before.ranking)]
    assert odds[0] / odds[1] == pytest.approx(0.05 / 0.98)
    with sqlite.write() as session:
        enter_sample(session, actor, clock, EnterSample(
            made.lots[4], Taken.retained, clock.now().date(), "culture, 48 h", Found.unclear, note="wrong dish",
            corrects=first))
    with sqlite.read() as session:
        assert [row.result for row in standing_samples(session, made.lots)] == ["unclear"]
        assert len(samples_of(session, made.lots)) == 2
    again = ranked(sqlite, clock, made.lots[5]).ranking
    assert again is not None
    assert again.chances[glue] == pytest.approx(before.ranking.chances[glue])


def test_only_samples_that_exist_are_proposed_the_kept_ones_first(sqlite: Database, clock: FixedClock) -> None:
    made = plant(sqlite, clock, {number: 5 for number in range(4, 8)})
    found = ranked(sqlite, clock, made.lots[5])
    assert set(found.available.values()) == {Taken.retained, Taken.stock}
    assert {found.available[lot] for lot in made.lots} == {Taken.retained}
    assert found.next
    assert all(one.node in found.available for one in found.next)


@pytest.mark.parametrize(("changes", "refusal", "place"), [
    ({"method": " "}, InvalidInput, "method"), ({"sensitivity": 0.4, "specificity": 0.5}, InvalidInput, "sensitivity"),
    ({"corrects": "nothing", "note": "x"}, NotFound, "corrects"), ({"lot_key": "nothing"}, NotFound, "lot_key"),
    ({"days": 2}, InvalidInput, "sampled_on"), ({"note": "x" * 4001}, InvalidInput, "note")])
def test_a_result_that_makes_no_sense_is_refused(sqlite: Database, clock: FixedClock, actor: Actor,
                                                 changes: dict[str, object], refusal: type[Exception],
                                                 place: str) -> None:
    made = plant(sqlite, clock, {})
    day = clock.now().date() + timedelta(days=int(str(changes.pop("days", 0))))
    values = {"lot_key": made.lots[0], "taken": Taken.stock, "sampled_on": day, "method": "culture",
              "result": Found.clean} | changes
    with pytest.raises(refusal) as refused, sqlite.write() as session:
        enter_sample(session, actor, clock, EnterSample(**values))  # type: ignore[arg-type]
    assert refused.value.place == place  # type: ignore[attr-defined]


def test_a_correction_needs_a_reason_and_happens_once(sqlite: Database, clock: FixedClock, actor: Actor) -> None:
    made = plant(sqlite, clock, {})
    entry = (made.lots[0], Taken.stock, clock.now().date(), "culture", Found.clean)
    with sqlite.write() as session:
        first = enter_sample(session, actor, clock, EnterSample(*entry)).id
    with pytest.raises(InvalidInput, match="Say why"), sqlite.write() as session:
        enter_sample(session, actor, clock, EnterSample(*entry, corrects=first))
    with sqlite.write() as session:
        enter_sample(session, actor, clock, EnterSample(*entry, note="typing error", corrects=first))
    with pytest.raises(Conflict), sqlite.write() as session:
        enter_sample(session, actor, clock, EnterSample(*entry, note="again", corrects=first))


def test_the_database_itself_refuses_to_change_a_result(database: Database, clock: FixedClock, actor: Actor) -> None:
    made = plant(database, clock, {})
    with database.write() as session:
        row = enter_sample(session, actor, clock, EnterSample(made.lots[0], Taken.stock, clock.now().date(), "culture",
                                                              Found.clean))
        key = (row.lot_key, row.id)
    with pytest.raises(Exception, match="append-only"), database.write() as session:
        session.get_one(CauseSample, key).result = "contaminated"


def test_results_near_a_limit_and_closed_actions_raise_what_they_point_to(database: Database, clock: FixedClock,
                                                                           actor: Actor) -> None:
    made = plant(database, clock, {})
    plain = ranked(database, clock, made.lots[5])
    with database.write() as session:
        for glue, value in ((made.glues[2], "9.2"), (made.glues[1], "8.9")):
            session.add(Inspection(lot_key=glue, id="i1", report_number="R", inspected_at=clock.now(),
                                   verdict="conforming", event_id="e"))
            session.add(TestResult(lot_key=glue, inspection_id="i1", position=1, name_zh="酸", name_en="acid",
                                   value=Decimal(value), lower=Decimal(0), upper=Decimal(10), is_within=True))
        note_cause(session, clock, actor, NodeKind.line, "capa:1")
    marked = ranked(database, clock, made.lots[5])
    assert plain.ranking is not None
    assert marked.ranking is not None
    assert (plain.marks, marked.marks) == ({}, {made.glues[2]: frozenset({Mark.drift})})
    assert marked.confirmed[NodeKind.line] == 1

    def against(found: Likeliest, node: str) -> float:
        assert found.ranking is not None
        return found.ranking.chances[node] / found.ranking.chances[made.glues[0]]

    assert against(marked, made.glues[2]) == pytest.approx(2 * against(plain, made.glues[2]))
    assert against(marked, "line:line 1 · day") == pytest.approx(2 * against(plain, "line:line 1 · day"))


def test_the_ranking_costs_the_same_number_of_queries_however_many_lots(sqlite: Database, clock: FixedClock) -> None:
    made = plant(sqlite, clock, {number: 5 for number in range(4, 8)})
    statements: list[str] = []
    sqlalchemy_event.listen(sqlite.engine, "before_cursor_execute", lambda *args: statements.append(args[2]))
    ranked(sqlite, clock, made.lots[5])
    first = len(statements)
    with sqlite.write() as session:
        for number in range(40):
            add_edge(session, session.get_one(Lot, made.film),
                     add_lot(session, add_product(session, clock.now(), f"Q{number}"), "Z", 5, clock.now()), 1,
                     clock.now())
    statements.clear()
    ranked(sqlite, clock, made.lots[5])
    assert len(statements) == first <= 30


def test_complaints_that_tell_their_consignee_speak_against_the_others(sqlite: Database, clock: FixedClock) -> None:
    made = plant(sqlite, clock, {number: 5 for number in range(4, 8)})
    with sqlite.write() as session:
        for key in made.lots[4:8]:
            send(session, session.get_one(Lot, key), 1000, clock.now() - timedelta(days=80), "lane 9", "c2")
    found = ranked(sqlite, clock, made.lots[5])
    before = found.ranking
    assert before is not None
    way = next(one for one in before.classes if "consignee:c2" in one.members)
    # A third of each of the four lots went there, and that is all of it that the consignee explains.
    assert len(way.lots) == 4 and found.units(way) == 4000
    with sqlite.write() as session:
        for complaint in session.scalars(select(Complaint).where(Complaint.lot_key.in_(made.lots[4:8]))):
            complaint.consignee_id = "c1"
    after = ranked(sqlite, clock, made.lots[5]).ranking
    assert after is not None
    assert before.chances["consignee:c2"] > 0.01
    assert after.chances["consignee:c2"] < before.chances["consignee:c2"] / 100
    assert after.chances[made.glues[1]] > before.chances[made.glues[1]]


def test_without_anything_else_known_the_chances_are_those_of_the_plain_ranking(sqlite: Database,
                                                                              clock: FixedClock) -> None:
    at = clock.now() - timedelta(days=40)
    with sqlite.write() as session:
        plaster, glue = add_product(session, at), add_product(session, at, "GLUE", "material")
        parents = [add_lot(session, glue, f"G{number}", 900, at) for number in range(3)]
        lots = []
        for number in range(5):
            lot = add_lot(session, plaster, f"L{number}", 3000, at)
            add_edge(session, parents[number // 2], lot, 100, at)
            session.add(ShipmentLine(lot_key=lot.lot_key, shipment_id=new_id(at), position=1, consignee_id="",
                                     shipped_at=at, packs=Decimal(2000), units=Decimal(2000), event_id=new_id(at)))
            add_reactions(session, lot, clock.now() - timedelta(days=9), 1 + 4 * (number == 1))
            lots.append(lot.lot_key)
    found = ranked(sqlite, clock, lots[1])
    plain = rank_causes([causes.Lot(key, one.observed, one.expected) for key, one in found.seen.items()],
                        found.lineage.edges)
    assert found.ranking is not None
    assert found.ranking.chances == pytest.approx(plain.chances)
    assert found.ranking.no_cause == pytest.approx(plain.no_cause)
