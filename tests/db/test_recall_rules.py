"""A scope starts from lots, a supplier, a line, a consignee, an excursion or a cause, and says why each lot is in."""
from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal as D

import pytest
from sqlalchemy import event, insert, select

from tests.factories_recall import VAULT, House, decided, make_house, opened, running, submitted
from traceapp.catalog.model import Site
from traceapp.core.clock import FixedClock
from traceapp.core.errors import Conflict, InvalidInput, NotFound
from traceapp.core.ids import name_key
from traceapp.db import Database
from traceapp.recall.answer import AnswerLine
from traceapp.recall.ledger import AnswerByStaff, record_answer_by_staff
from traceapp.recall.model import Recall, RecallLot
from traceapp.recall.naming import PassOn
from traceapp.recall.positions import units_by_position
from traceapp.recall.proposing import proposed, ruled
from traceapp.recall.scope_mass import mass_of
from traceapp.recall.scope_rule import Rule, RuleKind, refuse_bad, rule_from, rules_of
from traceapp.recall.scope_seeds import MADE_ON, seeds_of
from traceapp.recall.scope_starts import starts_of
from traceapp.recall.scope_taking import TakeRules, growth_of, take_rules
from traceapp.recall.service import ReturnRecall, return_recall
from traceapp.recall.side_by_side import difference, side
from traceapp.recall.signal_causes import rule_of_cause
from traceapp.signals.causes import CauseClass, Ranking
from traceapp.surveillance.alarm import NodeKind
from traceapp.trace.model import Hold, Lot, LotEdge, Production, Shipment
from traceapp.trace.sensor_model import Excursion


@pytest.fixture
def house(sqlite: Database, clock: FixedClock) -> House:
    return make_house(sqlite, clock)


@pytest.fixture
def either(database: Database, clock: FixedClock) -> House:
    """The house on one database after the other."""
    return make_house(database, clock)


def numbers(database: Database, *rules: Rule) -> dict[str, str]:
    """{lot number: the kind of why} of what the rules take in."""
    with database.read() as session:
        found = ruled(session, rules)
        return {lot.number: why[1].kind if (why := found.why(lot.lot_key)) else "" for lot in found.scope.lots}


def day(house: House, days: int) -> date:
    """So many days after the first raw lot was received."""
    return (house.glue.started_at + timedelta(days=days)).date()


def test_a_supplier_starts_from_what_it_delivered_in_the_window(sqlite: Database, house: House) -> None:
    supplier = house.maker.supplier.id
    everything = Rule(RuleKind.supplier, (supplier,))
    assert numbers(sqlite, everything).keys() == {"A-1", "A-9", "F-1", "P-1", "P-2", "P-9"}
    assert numbers(sqlite, replace(everything, until=day(house, -1))) == {}
    assert numbers(sqlite, replace(everything, since=day(house, 0), until=day(house, 0), downstream=False)) == {
        "A-1": "supplier", "A-9": "supplier", "F-1": "supplier"}


def on_line(database: Database, line: str, *lots: Lot) -> None:
    with database.write() as session:
        for lot in lots:
            for run in session.scalars(select(Production).where(Production.lot_key == lot.lot_key)):
                run.line, run.shift, run.equipment, run.sterilisation_load = line, "A", "M-7", "ST-1"
                run.operator = "Op 7"


@pytest.mark.parametrize("rule", (
    Rule(RuleKind.line, ("L2",)), Rule(RuleKind.line, ("L2 · A",)), Rule(RuleKind.shift, ("A",)),
    Rule(RuleKind.equipment, ("M-7",)), Rule(RuleKind.operator, ("Op 7",)), Rule(RuleKind.load, ("ST-1",))))
def test_a_line_a_shift_a_machine_an_operator_or_a_load_starts_from_what_was_made_there(sqlite: Database, house: House, rule: Rule) -> None:
    on_line(sqlite, "L2", house.second, house.bulk)
    assert numbers(sqlite, rule).keys() == {"P-2", "B-1", "P-1"}  # chosen itself, also where it is used up
    assert numbers(sqlite, replace(rule, downstream=False)).keys() == {"P-2", "B-1"}
    assert numbers(sqlite, replace(rule, since=day(house, 2))) == {}
    assert numbers(sqlite, Rule(RuleKind.line, ("L2 · B",))) == {}


def test_a_consignee_starts_from_what_it_got(sqlite: Database, house: House) -> None:
    assert numbers(sqlite, Rule(RuleKind.consignee, (house.maker.hospital.id,))) == {
        "P-1": "consignee", "P-9": "consignee"}
    assert numbers(sqlite, Rule(RuleKind.consignee, (house.maker.hospital.id,), since=day(house, 4))) == {}


def sent(database: Database, house: House, number: str, **how: str | None) -> None:
    """Say of a despatch by which lane or from which site it went."""
    with database.write() as session:
        one = session.scalars(select(Shipment).where(Shipment.document_number == number)).one()
        for name, value in how.items():
            setattr(one, name, value)


def test_a_lane_starts_from_what_was_sent_by_it(sqlite: Database, house: House) -> None:
    sent(sqlite, house, "D-2", lane="north")
    assert numbers(sqlite, Rule(RuleKind.lane, ("north",))) == {"P-1": "lane", "P-9": "lane"}
    assert numbers(sqlite, Rule(RuleKind.lane, ("north",), since=day(house, 4))) == {}


def test_a_site_starts_from_what_was_kept_there_or_sent_from_there(database: Database, either: House) -> None:
    with database.write() as session:
        plant = session.scalars(select(Site).where(Site.is_own)).one()
        store = Site(id="5" * 32, party_id=plant.party_id, code="STORE", name_zh="外库", name_en="Store", is_own=True)
        session.add(store)
    here = Rule(RuleKind.site, (plant.id,), day(either, 2), downstream=False)
    assert numbers(database, here).keys() == {"A-1", "A-9", "F-1", "P-1", "P-2", "P-9"}  # B-1 was used up before
    assert numbers(database, Rule(RuleKind.site, (store.id,))) == {}
    sent(database, either, "D-2", from_site_id=store.id)
    assert numbers(database, Rule(RuleKind.site, (store.id,))) == {"P-1": "site", "P-9": "site"}


def test_every_kind_of_thing_that_a_ranking_names_starts_a_scope_from_its_day_on(sqlite: Database,
                                                                                house: House) -> None:
    on_line(sqlite, "L2", house.bulk, house.second)
    plant = house.first.site_id
    sent(sqlite, house, "D-1", lane="north", from_site_id=plant)
    refs = {NodeKind.supplier: house.maker.supplier.id, NodeKind.line: "L2 · A", NodeKind.equipment: "M-7",
            NodeKind.operator: "Op 7", NodeKind.load: "ST-1", NodeKind.site: plant, NodeKind.lane: "north",
            NodeKind.consignee: house.maker.clinic.id}
    assert refs.keys() == set(NodeKind) - {NodeKind.lot, NodeKind.upstream}
    for kind, ref in refs.items():
        found = numbers(sqlite, Rule(RuleKind.cause, (f"{kind.value}:{ref}",), since=day(house, 1)))
        assert {"P-1", "P-2"} <= found.keys(), kind


def test_what_was_delivered_or_made_before_a_fault_began_and_used_after_it_is_in(database: Database,
                                                                               either: House) -> None:
    on_line(database, "L2", either.bulk)
    with database.write() as session:
        early = either.glue.started_at - timedelta(days=2)
        for run in session.scalars(select(Production).where(Production.lot_key == either.bulk.lot_key)):
            run.made_at = early
    keys = (f"supplier:{either.maker.supplier.id}", "line:L2 · A")
    since = day(either, 1)  # the glue came a day before, and was used on this one
    assert numbers(database, Rule(RuleKind.cause, keys, since)).keys() == {"A-1", "A-9", "B-1", "F-1", "P-1", "P-2",
                                                                          "P-9"}
    assert numbers(database, Rule(RuleKind.cause, keys, since + timedelta(days=1))) == {}


def test_a_supplier_whose_fault_was_dated_by_arrivals_starts_from_what_came_in_since(database: Database,
                                                                                   either: House) -> None:
    supplier, since = f"supplier:{either.maker.supplier.id}", day(either, 1)
    cause = CauseClass((supplier,), (), 9, 3.0, 100.0, 5.0, 0.9, 4.0, 1.0, None, 6.0, 8.0, 0.01,
                       since=float(since.toordinal()))
    rule = rule_of_cause(cause, "")
    assert rule.by_arrival and rule_from(rule.as_data) == rule
    assert numbers(database, rule) == {}, "the glue came a day before the fault began, though it was used on this one"
    earlier = replace(rule, since=since - timedelta(days=1))
    assert numbers(database, earlier).keys() == {"A-1", "A-9", "F-1", "P-1", "P-2", "P-9"}  # B-1 is used up
    assert numbers(database, replace(earlier, until=earlier.since)).keys() <= numbers(database, earlier).keys()
    both = replace(cause, members=("line:L2 · A", supplier))
    assert not rule_of_cause(both, "").by_arrival, "a class with a line is dated by when lots were made"


def test_an_excursion_starts_from_what_was_at_the_place_meanwhile(database: Database, either: House) -> None:
    begun = either.glue.started_at + timedelta(days=3, hours=-1)
    source = name_key("place:urn:traceapp:site:PLANT")
    with database.write() as session:
        session.add(Excursion(lot_key=either.glue.lot_key, id="e" * 32, source_key=source, kind="temperature",
                              device="d", side="above", began_at=begun, last_at=begun + timedelta(hours=2),
                              ended_at=begun + timedelta(hours=1), readings=3, silence=0, event_id="0" * 32))
    name = f"{either.glue.lot_key}/{'e' * 32}"
    found = numbers(database, Rule(RuleKind.excursion, (name,), downstream=False))
    assert found == {number: "excursion" for number in ("A-1", "A-9", "F-1", "P-1", "P-2", "P-9")}  # B-1 is used up
    with database.write() as session:
        session.get_one(Excursion, (either.glue.lot_key, "e" * 32)).began_at = begun - timedelta(days=9)
        session.get_one(Excursion, (either.glue.lot_key, "e" * 32)).ended_at = begun - timedelta(days=2, hours=12)
    assert numbers(database, Rule(RuleKind.excursion, (name,), downstream=False)).keys() == {"A-1", "A-9", "F-1"}
    with database.read() as session, pytest.raises(NotFound, match="no such excursion"):
        ruled(session, [Rule(RuleKind.excursion, (f"{either.glue.lot_key}/{'f' * 32}",))])


def test_a_cause_starts_from_its_members_whatever_they_are(sqlite: Database, house: House) -> None:
    on_line(sqlite, "L2", house.other)
    cause = Rule(RuleKind.cause, (house.bulk.lot_key, "line:L2 · A"), signal_id="s" * 32)
    assert numbers(sqlite, cause) == {"B-1": "cause", "P-1": "cause", "P-9": "line"}
    with sqlite.read() as session, pytest.raises(InvalidInput, match="of this kind"):
        ruled(session, [Rule(RuleKind.cause, ("colour:7",))])


def in_silo(database: Database, house: House, lot: Lot, since: int, until: int | None) -> None:
    """The lot lay in the silo from hour `since` to hour `until` after the making of the first batch."""
    at = house.glue.started_at + timedelta(days=1)
    with database.write() as session:
        silo = name_key("urn:test:silo")
        if session.get(Lot, silo) is None:
            like = {column.name: getattr(session.get_one(Lot, house.glue.lot_key), column.key)
                    for column in Lot.__table__.columns}
            session.execute(insert(Lot), [like | {"lot_key": silo, "uri": "urn:test:silo", "number": "SILO-3",
                                                  "item_kind": "container", "product_id": None, "supplier_id": None,
                                                  "made": D(0), "consumed": D(0), "is_own": 0}])
        session.execute(insert(LotEdge), [
            {"lot_key": one, "direction": way, "other_key": two, "event_id": name_key(f"{lot.lot_key}{since}"),
             "kind": "packed", "at": at + timedelta(hours=since),
             "until": None if until is None else at + timedelta(hours=until)}
            for one, way, two in ((lot.lot_key, "down", silo), (silo, "up", lot.lot_key))])


def test_what_lay_in_one_silo_counts_only_with_the_mixing_rule_and_from_then_on(database: Database,
                                                                               either: House) -> None:
    in_silo(database, either, either.glue, -5, None)
    in_silo(database, either, either.other_glue, -4, -1)
    plain = Rule(RuleKind.lots, (either.glue.lot_key,))
    assert "P-9" not in numbers(database, plain)
    mixed = numbers(database, replace(plain, mixing=True))
    assert mixed == {"A-1": "lots", "P-1": "lots", "P-2": "lots", "A-9": "mixed", "P-9": "mixed"}
    with database.read() as session:
        found = ruled(session, [replace(plain, mixing=True)])
        _rule, why = found.because[either.other_glue.lot_key]
    assert (why.what, why.other) == ("SILO-3", either.glue.lot_key)
    assert why.until == either.glue.started_at + timedelta(days=1, hours=-1)


@pytest.mark.parametrize("since, until, expected", ((-9, -5, set()), (1, None, {"A-9"})))
def test_a_lot_that_left_before_or_came_after_its_product_was_made_does_not_spread_it(
        sqlite: Database, house: House, since: int, until: int | None, expected: set[str]) -> None:
    in_silo(sqlite, house, house.glue, -5, None)
    in_silo(sqlite, house, house.other_glue, since, until)
    mixed = numbers(sqlite, Rule(RuleKind.lots, (house.glue.lot_key,), mixing=True))
    assert mixed.keys() - {"A-1", "P-1", "P-2"} == expected


def test_packs_on_one_pallet_do_not_mix(sqlite: Database, house: House) -> None:
    in_silo(sqlite, house, house.first, 1, None)
    in_silo(sqlite, house, house.other, 1, None)
    assert "P-9" not in numbers(sqlite, Rule(RuleKind.lots, (house.first.lot_key,), mixing=True))


def test_two_rules_are_one_scope_and_the_first_says_why(sqlite: Database, house: House) -> None:
    rules = (Rule(RuleKind.lots, (house.bulk.lot_key,)), Rule(RuleKind.consignee, (house.maker.hospital.id,)))
    assert numbers(sqlite, *rules) == {"B-1": "lots", "P-1": "lots", "P-9": "consignee"}


def test_what_one_rule_has_and_the_other_has_not_is_told_with_its_units(sqlite: Database, house: House) -> None:
    with sqlite.read() as session:
        wide = side(session, [Rule(RuleKind.lots, (house.glue.lot_key,))])
        narrow = side(session, [Rule(RuleKind.lots, (house.first.lot_key,))])
    more = difference(wide, narrow)
    assert set(more.lots) == {house.glue.lot_key, house.second.lot_key}
    assert {total.unit: total.shipped for total in more.totals} == {"EA": D(1000), "KGM": D(0)}
    assert more.consignees == ()  # the clinic has units of both
    assert difference(narrow, wide).lots == ()
    assert wide.countries == ("CN",) and wide.units_by_country["CN"]["EA"] == D(1550)


def test_units_are_placed_with_us_on_the_way_and_nowhere_else_before_anybody_answers(database: Database,
                                                                                    either: House) -> None:
    with database.read() as session:
        found = side(session, [Rule(RuleKind.lots, (either.glue.lot_key,))])
    pieces = next(one for one in found.positions if one.unit == "EA")
    assert (pieces.made, pieces.stock, pieces.transit, pieces.consignee) == (D(3000), D(1450), D(1550), D(0))
    glue = next(one for one in found.positions if one.unit == "KGM")
    assert (glue.made, glue.stock, glue.made_into) == (D(10), D(1), D(9))
    for one in found.positions:
        assert one.made == one.stock + one.made_into + one.lost + one.sent


def test_what_consignees_say_of_their_units_is_not_called_unknown(database: Database, clock: FixedClock,
                                                                  either: House) -> None:
    house = either
    recall = running(database, clock, house)
    said = AnswerLine(house.first.lot_key, D(10), D(20), D(30), destroyed=D(50), corrected=D(45))
    with database.write() as session:
        record_answer_by_staff(session, house.writer, clock, AnswerByStaff(
            recall.id, house.maker.hospital.id, (said,), "Ms Wang", explanation="five are lost",
            passed=(PassOn("Village clinic", {house.first.lot_key: D(40)}),)), vault=VAULT)
    with database.read() as session:
        found, = units_by_position(session, [house.first.lot_key], recall.id)
    assert (found.consignee, found.used, found.back) == (D(10), D(20), D(30))
    assert (found.passed_on, found.destroyed, found.corrected, found.unknown) == (D(40), D(50), D(45), D(5))
    assert found.made == found.stock + found.made_into + found.lost + found.sent


def test_the_number_of_statements_depends_on_the_rules_and_the_steps_alone(sqlite: Database, house: House) -> None:
    def statements(key: str) -> int:
        seen: list[str] = []
        event.listen(sqlite.engine, "before_cursor_execute", note := lambda *a: seen.append(a[2]))
        try:
            with sqlite.read() as session:
                side(session, [Rule(RuleKind.lots, (key,))])
        finally:
            event.remove(sqlite.engine, "before_cursor_execute", note)
        return len(seen)

    steps_more = 2  # to bulk and to batches of it; from a finished batch nowhere
    assert statements(house.glue.lot_key) - steps_more == statements(house.other.lot_key) <= 8


def test_a_rule_is_stored_as_data_and_the_old_form_is_still_read() -> None:
    rule = Rule(RuleKind.supplier, ("a" * 32,), date(2026, 3, 1), None, downstream=False, mixing=True)
    assert rule_from(rule.as_data) == rule
    assert rules_of({"roots": ["a", "b"], "left_out": {}}) == (Rule(RuleKind.lots, ("a", "b")),)
    assert rules_of({}) == ()


@pytest.mark.parametrize("rule, code", (
    (Rule(RuleKind.lots, ()), "no-start"), (Rule(RuleKind.lots, ("a",), since=date(2026, 1, 1)), "no-window"),
    (Rule(RuleKind.line, ("L",), date(2026, 2, 1), date(2026, 1, 1)), "window"),
    (Rule(RuleKind.line, ("L",), until=date.max), "window")))
def test_a_rule_that_says_nothing_is_refused(rule: Rule, code: str) -> None:
    with pytest.raises(InvalidInput) as refused:
        refuse_bad([rule])
    assert refused.value.code == code


def test_a_taken_rule_is_the_scope_and_stops_what_it_adds_once_it_is_decided(database: Database, clock: FixedClock,
                                                                           either: House) -> None:
    recall = decided(database, clock, either)
    rules = (Rule(RuleKind.lots, (either.glue.lot_key,)), Rule(RuleKind.consignee, (either.maker.hospital.id,)))
    with database.write() as session:
        take_rules(session, either.writer, clock, TakeRules(recall.id, rules, recall.revision))
    with database.read() as session:
        case = session.get_one(Recall, recall.id)
        kept = set(session.scalars(select(RecallLot.lot_key).where(RecallLot.recall_id == recall.id)))
        assert rules_of(case.scope_rule) == rules
        assert kept == proposed(session, case).scope.lot_keys and either.other.lot_key in kept
        assert session.scalar(select(Hold.source).where(Hold.lot_key == either.other.lot_key)) == f"plan:{recall.id}"


def test_what_scopes_met_is_found_again_by_the_starts_that_are_offered(database: Database, either: House) -> None:
    on_line(database, "L2", either.first, either.second)
    with database.write() as session:
        late = either.first.started_at.replace(hour=17, minute=30)  # the next day at the plant
        for run in session.scalars(select(Production).where(Production.lot_key == either.second.lot_key)):
            run.made_at = late
        for one in session.scalars(select(Shipment)):
            one.lane, one.from_site_id = "north", either.first.site_id
    with database.read() as session:
        keys = list(session.scalars(select(Lot.lot_key)))
        offered = starts_of(session, keys)
        assert {one.rule.kind for one in offered} >= {
            RuleKind.supplier, RuleKind.line, RuleKind.shift, RuleKind.equipment, RuleKind.operator, RuleKind.load,
            RuleKind.lane, RuleKind.site}
        for one in offered:
            again = seeds_of(session, one.rule)
            assert one.lots <= len(again), one.rule
            if one.rule.kind in MADE_ON:
                assert again.keys() == {either.first.lot_key, either.second.lot_key}
            assert seeds_of(session, one.rule, among=keys[:3]).keys() == again.keys() & set(keys[:3])


def test_rules_that_find_nothing_are_no_scope(sqlite: Database, clock: FixedClock, house: House) -> None:
    recall = opened(sqlite, clock, house)
    with pytest.raises(InvalidInput, match="find no batch"), sqlite.write() as session:
        take_rules(session, house.writer, clock, TakeRules(recall.id, (Rule(RuleKind.line, ("nowhere",)),)))


def test_a_submitted_scope_takes_no_rule(sqlite: Database, clock: FixedClock, house: House) -> None:
    recall = submitted(sqlite, clock, house)
    with pytest.raises(Conflict), sqlite.write() as session:
        take_rules(session, house.writer, clock, TakeRules(recall.id, (Rule(RuleKind.lots, (house.film.lot_key,)),)))


def test_growth_is_told_against_the_last_frozen_scope(sqlite: Database, clock: FixedClock, house: House) -> None:
    recall = submitted(sqlite, clock, house)
    with sqlite.write() as session:
        return_recall(session, house.manager, clock, ReturnRecall(recall.id, "look again"))
        case = session.get_one(Recall, recall.id)
        same = growth_of(session, case, proposed(session, case).scope)
        assert same is not None and same.is_none
        take_rules(session, house.writer, clock, TakeRules(recall.id, (
            Rule(RuleKind.lots, (house.glue.lot_key, house.other_glue.lot_key)),)))
        growth = growth_of(session, case, proposed(session, case).scope)
    assert growth is not None and set(growth.lots) == {house.other_glue.lot_key, house.other.lot_key}
    assert growth.consignees == ()  # the hospital was in it already, with another batch
    assert dict(growth.lines) == {(house.other.lot_key, house.maker.hospital.id): (D(0), D(500))}


def test_mass_outside_is_that_of_causes_of_which_a_batch_is_missing() -> None:
    def one(posterior: float, *lots: str) -> CauseClass:
        return CauseClass(lots, lots, 1, 1.0, 1.0, 0.0, posterior, None, 0.0, None, 0.0, 0.0, 1.0)

    mass = mass_of(Ranking((one(0.6, "a", "b"), one(0.2, "b", "c")), 0.1), {"a", "b"})
    assert (mass.inside, mass.outside, mass.no_cause) == (0.6, 0.2, 0.1)
    assert mass.rest == pytest.approx(0.1)
    assert mass.open == ((1, 0.2, 1, 2),)
