"""A case report is what the database holds: every field, what is around the event, and no person without a reason."""
from __future__ import annotations

from dataclasses import fields as members
from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

import pytest
from sqlalchemy import event as listening

from tests.db.test_adverse_event_service import assess, opened, triaged
from tests.factories_complaint import VAULT, a_report, scanned, submit
from tests.factories_recall import House, make_house
from tests.factories_trace import GOOD
from traceapp.adverse_event.model import AdverseEvent
from traceapp.adverse_event.patient import StatePatient, state_patient
from traceapp.catalog.model import Registration
from traceapp.complaint.list_files import read_list
from traceapp.complaint.list_importing import ImportList, import_list
from traceapp.complaint.report import LotGiven
from traceapp.core.actor import Actor
from traceapp.core.clock import FixedClock
from traceapp.core.errors import Forbidden, NotFound
from traceapp.db import Database
from traceapp.export.case_report import Assessment, CaseReport, CodedTerm, Event, PartialDate, Patient, Profile, Use
from traceapp.submission.case_reading import CaseAsked, Look, read_case
from traceapp.trace.inspecting import RecordInspection, record_inspection
from traceapp.vault.service import PersonDetails, accesses_of, erase_person

PLANTED = ("Planted Reporter", "13900004321", "Planted Patient", "R-77123", "PP")
DETAILS: dict[str, Any] = {
    "age": "62", "age_unit": "a", "weight_kg": "71.5", "height_cm": "170", "ethnicity": "汉", "history": "diabetes",
    "earlier_reactions": "none", "family_reactions": "none known", "intended_treatment": "wound", "died_on": "2026-11",
    "event_ended_on": "2026-11-21", "death_cause": "sepsis", "event_country": "DE", "event_region": "Bavaria",
    "place_kind": "home", "place_name": "flat", "harm": "blisters", "fault": "glue too strong", "tests": "swab",
    "patients_affected": 2, "purpose": "cover", "use_began_on": "2026-11-18", "use_ended_on": "2026-11-20",
    "implanted_on": "2026", "explanted_on": "2026-11", "operator": "patient", "combined": "cream", "dose": "2.5",
    "dose_unit": "mg", "dose_text": "one a day", "route": "skin", "frequency": "daily",
    "action_taken": "drug_withdrawn", "dechallenge": "abated", "rechallenge": "not_done", "is_available": True,
    "is_reused": False, "device_location": "returned", "qualification": "physician", "occupation": "surgeon",
    "reporter_country": "AT", "also_told_authority": False, "facility_report_number": "H-1", "device_item_1": "yes",
    "device_item_2": "yes", "device_item_3": "no", "naranjo_2": "yes", "naranjo_5": "no", "investigation": "looked",
    "cause_kind": "product", "cause": "too much glue", "preliminary_comments": "first", "first_handling": "washed",
    "measures": "stopped", "remedial_actions": ["recall"], "needs_risk_evaluation": True,
    "risk_evaluation_due_on": "2027-01-15", "sender_comment": "ours", "codes_a": ["A0401"], "codes_b": ["B01"],
    "codes_c": ["C07"], "codes_d": ["D01"], "codes_e": ["E2314"], "codes_f": ["F12"], "codes_g": ["G01"],
    "other_products": [{"name": "阿司匹林", "kind": "drug", "maker": "Pill Works", "lot": "T-7", "dose": "100",
                        "dose_unit": "mg", "began_on": "2026-03", "purpose": "heart"}],
    "symptoms": ["burning"], "lesions": ["papule"], "lesion_area": "3 cm", "onset_after": "2", "onset_after_unit": "d",
    "patch_test": "positive", "patch_test_text": "cream 1:10", "body_sites": ["face"], "disease_effect": "worse", "is_cause_confirmed": False, "is_risk_reviewed": True,
    "is_risk_adequate": True}


@pytest.fixture
def house(database: Database, clock: FixedClock) -> House:
    return make_house(database, clock)


def a_case(database: Database, clock: FixedClock, house: House, **changes: Any) -> AdverseEvent:
    """Serious harm by a lot that was despatched, reported by a named patient."""
    return opened(database, clock, house.manager, lot=scanned(house.first), seriousness=("hospitalised",),
                  **{"contact": PersonDetails("Planted Reporter", "13900004321"), **changes})


def read(database: Database, event: AdverseEvent, **asked: Any) -> CaseReport:
    with database.read() as session:
        return read_case(session, event.id, asked=CaseAsked(**asked))


def test_every_field_of_the_assessment_reaches_the_report(database: Database, clock: FixedClock, house: House) -> None:
    event = a_case(database, clock, house, affected="patient")
    with database.write() as session:
        import_list(session, house.manager, clock, ImportList(read_list("llt.asc", b"".join(
            b"1000000%d$Term %d$$$$$$$$Y\n" % (number, number) for number in range(1, 5))), "29.1"))
    coded = {f"meddra_{name}": [f"1000000{number}"] for number, name in enumerate(
        ("reactions", "indications", "history", "death_causes"), 1)}
    assess(database, clock, house.manager, event.id, details=DETAILS | coded, expectedness="unexpected",
           seriousness=("hospitalised",), use_text="worn for two days", onset_on=date(2026, 11, 19),
           onset_precision="month", age_band="45-64", sex="male", outcome="recovering")
    case = read(database, event)
    for part, kind in ((case.patient, Patient), (case.event, Event), (case.use, Use), (case.assessment, Assessment)):
        left_out = {"name", "initials", "record_number", "born_on", "five_item_result", "no_measures_reason",
                    "uncoded_reasons"}
        bare = {member.name for member in members(kind) if getattr(part, member.name) in ("", None, (), {}, "unknown")}
        assert bare <= left_out, bare - left_out
    assert (case.patient.age, case.patient.age_unit, case.patient.weight_kg) == (Decimal(62), "a", Decimal("71.5"))
    assert (case.event.began_on, case.event.died_on) == (PartialDate(date(2026, 11, 1), "month"),
                                                        PartialDate(date(2026, 11, 1), "month"))
    assert (case.event.is_overseas, case.event.is_expected, case.event.language) == (True, False, "en")
    assert (case.use.process, case.use.dose, case.use.began_on) == (
        "worn for two days", Decimal("2.5"), PartialDate(date(2026, 11, 18)))
    assert (case.reporter.qualification, case.reporter.country) == ("physician", "AT")
    assert (case.assessment.device_relation, case.assessment.naranjo) == ("related", 4)
    assert case.assessment.risk_evaluation_due_on == date(2027, 1, 15)
    (product, other_lot, use), = case.other_products
    assert (product.name_zh, product.name_en, product.kind, product.is_suspect) == ("阿司匹林", "", "drug", False)
    assert product.manufacturer and (product.manufacturer.name_en, other_lot.number) == ("Pill Works", "T-7")
    assert (use.dose, use.began_on, use.purpose) == (Decimal(100), PartialDate(date(2026, 3, 1), "month"), "heart")
    assert [(term.system, term.code, term.annex) for term in case.event.reactions] == [
        ("imdrf", "E171601", "E"), ("imdrf", "E2314", "E")]
    assert case.score is not None and case.score[1] == 92 and 40 < case.score[0] < 92
    assert case.assessment.component_codes == (CodedTerm("imdrf", "G01", "", "", "G"),)
    assert [case.event.meddra, case.use.meddra_indications, case.patient.meddra_history,
            case.event.meddra_death_causes] == [
        (CodedTerm("meddra", f"1000000{number}", "", f"Term {number}", "llt", "29.1"),) for number in range(1, 5)]


def test_codes_have_the_name_and_version_of_the_release_in_force(
        sqlite: Database, clock: FixedClock, actor: Actor) -> None:
    event = opened(sqlite, clock, actor)
    assess(sqlite, clock, actor, event.id, details={"codes_g": ["G01"], "codes_d": ["D01"]})
    with sqlite.write() as session:
        import_list(session, actor, clock, ImportList(read_list("imdrf.csv", (
            b"annex,code,term,path,selectable\nG,G01,Adhesive,G01,yes\n")), "2025", valid_from=date(2025, 1, 1)))
    case = read(sqlite, event)
    assert case.assessment.component_codes == (CodedTerm("imdrf", "G01", "", "Adhesive", "G", "2025"),)
    assert case.assessment.conclusion_codes == (CodedTerm("imdrf", "D01", "", "", "D"),)


def test_a_reason_without_codes_stands_for_each_annex_that_has_none(
        sqlite: Database, clock: FixedClock, actor: Actor) -> None:
    event = opened(sqlite, clock, actor)
    assess(sqlite, clock, actor, event.id, details={"codes_d": ["D01"], "uncoded_reason": "a plain wrapper"})
    assert read(sqlite, event).assessment.uncoded_reasons == dict.fromkeys("ABCFG", "a plain wrapper")


def test_the_product_the_lot_and_what_was_done_with_it_are_told(
        database: Database, clock: FixedClock, house: House) -> None:
    with database.write() as session:
        record_inspection(session, house.writer, clock, RecordInspection(
            house.first.lot_key, "R-1", "Own laboratory", clock.now() - timedelta(days=1), Decimal(0), GOOD))
    case = read(database, a_case(database, clock, house), language="en")
    assert (case.product.code, case.product.kind, case.product.registration_number) == (
        "PLASTER", "device", "苏械注准20262140001")
    assert case.product.manufacturer and case.product.manufacturer.name_en == "Test Dressings"
    assert case.head.sender.name_zh == "测试敷料厂" and case.product.markets == ("CN",)
    assert (case.lot.number, case.lot.units_made, case.lot.units_shipped, case.lot.unit) == (
        "P-1", Decimal(1000), Decimal(550), "EA")
    assert case.lot.within_specification is True
    assert case.lot.inspections == ("Peel strength: 1.2 N, within limits",)
    assert case.lot.udi.startswith("(01)06901234500011(11)") and case.lot.udi.endswith("(10)P-1")
    assert case.reporter.qualification == "consumer" and case.event.country == "CN" and not case.event.is_overseas


def test_a_report_says_of_the_product_what_its_market_says(
        database: Database, clock: FixedClock, house: House) -> None:
    product = house.maker.plaster.id
    with database.write() as session:
        for number, market, since, model in (("1", "US", None, "A"), ("2", "US", date(2026, 1, 1), "B"),
                                             ("3", "US", date(2030, 1, 1), "C"), ("4", "DE", None, "D")):
            session.add(Registration(
                id=f"r{number}", product_id=product, market=market, number=f"K-{number}", risk_class="II", model=model,
                fda_product_code="KGX", holder_id=house.maker.supplier.id, representative_id=house.maker.clinic.id,
                marketed_from=since, udi_di="00812345678905", created_at=clock.now()))
    event = a_case(database, clock, house)
    told = read(database, event, market="US").product
    assert (told.registration_number, told.model, told.risk_class, told.ids["product_code"]) == ("K-2", "B", "II", "KGX")
    assert told.holder and told.representative
    assert (told.holder.name_en, told.representative.name_en) == ("Glue Works", "Clinic One")
    assert read(database, event, market="EU").product.registration_number == "K-4"
    assert read(database, event, market="JP").product.registration_number == ""
    assert read(database, event).product.registration_number == "苏械注准20262140001"


def test_similar_incidents_stand_beside_the_units_of_their_year_and_region(
        database: Database, clock: FixedClock, house: House) -> None:
    event = a_case(database, clock, house, terms=("itching",))
    triaged(database, clock, house.manager, lot=scanned(house.second), terms=("itching", "redness"))
    triaged(database, clock, house.manager, lot=scanned(house.second), terms=("packaging",))
    submit(database, clock, a_report(lot=scanned(house.second), terms=("itching",)))
    case = read(database, event, language="en")
    found = {(one.year, one.region): (one.incidents, one.units) for one in case.similar}
    assert set(found) == {(year, region) for year in range(2023, 2027) for region in ("CN", "EEA", "world")}
    assert found[2026, "CN"] == found[2026, "world"] == (2, Decimal(2050)) and found[2026, "EEA"] == (0, Decimal(0))
    assert found[2025, "world"] == (None, None)
    assert case.similar_basis == "Same product, and one of these: Itching"


def test_an_incident_that_happened_nobody_knows_where_leaves_a_region_unknown_and_counts_in_the_world(
        sqlite: Database, clock: FixedClock) -> None:
    house = make_house(sqlite, clock)
    event = a_case(sqlite, clock, house, terms=("itching",))
    triaged(sqlite, clock, house.manager, lot=LotGiven(product_id=house.maker.plaster.id), terms=("itching",))
    found = {(one.year, one.region): one.incidents for one in read(sqlite, event).similar}
    assert (found[2026, "CN"], found[2026, "EEA"], found[2026, "world"]) == (None, None, 2)


def test_without_a_reason_nothing_of_a_person_is_read(database: Database, clock: FixedClock, house: House) -> None:
    event = a_case(database, clock, house)
    case = read(database, event)
    assert case.profile is Profile.masked
    values = [getattr(part, member.name) for part in (case.patient, case.reporter) for member in members(part)]
    assert not any(text in str(values) for text in PLANTED)
    with database.read() as session:
        assert accesses_of(session, event.person_id or "") == []


def test_with_a_reason_the_case_is_read_in_full_and_the_look_is_recorded(
        database: Database, clock: FixedClock, house: House) -> None:
    event = a_case(database, clock, house, affected="patient")
    with database.write() as session:
        state_patient(session, house.manager, clock, StatePatient(
            event.id, "Planted Patient", "PP", "R-77123", "1964-02"), vault=VAULT)
    with database.write() as session:
        case = read_case(session, event.id, vault=VAULT, look=Look(house.manager, clock, "report to the authority"))
    assert (case.profile, case.patient.name, case.patient.initials, case.patient.record_number) == (
        Profile.full, "Planted Patient", "PP", "R-77123")
    assert case.patient.born_on == PartialDate(date(1964, 2, 1), "month")
    assert (case.reporter.name, case.reporter.phone) == ("Planted Reporter", "13900004321")
    assert not any(text in repr(case) for text in PLANTED)
    with database.read() as session:
        assert [access.reason for access in accesses_of(session, event.person_id or "")] == ["report to the authority"]


def test_who_reports_about_themselves_is_the_patient_and_a_child_is_not_its_guardian(
        sqlite: Database, clock: FixedClock) -> None:
    house = make_house(sqlite, clock)
    look = Look(house.manager, clock, "report to the authority")
    child = PersonDetails("Xiao Ming", "13900004321", guardian_name="Li Na")
    mine = a_case(sqlite, clock, house)
    theirs = a_case(sqlite, clock, house, affected="my_child", age_band="2-13", contact=child)
    with sqlite.write() as session:
        first, second = (read_case(session, one.id, vault=VAULT, look=look) for one in (mine, theirs))
    assert first.patient.name == first.reporter.name == "Planted Reporter"
    assert (second.patient.name, second.reporter.name) == ("Xiao Ming", "Li Na")


def test_an_erased_person_is_left_out_and_a_look_without_permission_is_refused(
        sqlite: Database, clock: FixedClock, actor: Actor) -> None:
    house = make_house(sqlite, clock)
    event = a_case(sqlite, clock, house)
    operator = replace(actor, role="operator", scopes=frozenset())
    with pytest.raises(Forbidden), sqlite.write() as session:
        read_case(session, event.id, vault=VAULT, look=Look(operator, clock, "curious"))
    with sqlite.write() as session:
        erase_person(session, house.manager, clock, event.person_id or "", "asked for it")
    with sqlite.write() as session:
        case = read_case(session, event.id, vault=VAULT, look=Look(house.manager, clock, "report"))
    assert case.profile is Profile.full and case.reporter.name == ""


def test_a_case_of_an_unknown_product_has_no_figures_and_an_unknown_case_is_not_found(
        sqlite: Database, clock: FixedClock, actor: Actor) -> None:
    case = read(sqlite, opened(sqlite, clock, actor))
    assert (case.product.code, case.lot.number, case.lot.units_made, case.similar) == ("", "", None, ())
    with sqlite.read() as session, pytest.raises(NotFound):
        read_case(session, "nothing")


def test_many_reports_and_despatches_do_not_mean_more_statements(
        sqlite: Database, clock: FixedClock) -> None:
    house = make_house(sqlite, clock)
    asked: list[str] = []
    listening.listen(sqlite.engine, "before_cursor_execute", lambda *given: asked.append(given[2]))
    event = a_case(sqlite, clock, house)
    asked.clear()
    read(sqlite, event)
    few = len(asked)
    for _ in range(5):
        triaged(sqlite, clock, house.manager, lot=scanned(house.first))
        with sqlite.write() as session:
            record_inspection(session, house.writer, clock, RecordInspection(
                house.first.lot_key, f"R-{clock.now()}", "Own laboratory", clock.now(), Decimal(0), GOOD))
        clock.move_to(clock.now() + timedelta(minutes=1))
    asked.clear()
    read(sqlite, event)
    assert len(asked) == few <= 20
