"""A case that is entered whole by the interface, coded by imported lists, leaves in every form without an error."""
from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest

from tests.factories_cases import world_of
from tests.factories_complaint import make_lots
from tests.factories_recall import House, make_house
from tests.factories_web import Console
from tests.http_clients import ApiClient
from traceapp.catalog.model import Product
from traceapp.complaint.list_files import read_list
from traceapp.complaint.list_importing import ImportList, import_list
from traceapp.export.case_report import Profile, RenderedReport
from traceapp.export.e2b_r3.model import reports
from traceapp.export.e2b_r3.reader import read_batch
from traceapp.submission.case_export import CaseExport, export_case
from traceapp.submission.report_house import Schemas, report_desk
from traceapp.trace.model import Lot

SETS = Path(__file__).resolve().parents[3] / "shared" / "conformance" / "icsr"
IMDRF = """annex,code,term,path,selectable
A,A0401,Break,A0401,yes
B,B01,Testing of Actual/Suspected Device,B01,yes
C,C07,Mechanical Problem Identified,C07,yes
D,D02,Cause Traced to Manufacturing,D02,yes
E,E1708,Itching Sensation,E1708,yes
E,E171601,Erythema,E171601,yes
F,F08,Hospitalization or Prolonged Hospitalization,F08,yes
G,G01005,Adhesive,G01005,yes
"""
# Numbers and names of the tests' own, in the form of MedDRA's files.
LLT = "".join(f"1000000{number}${name}$1000000{number}$$$$$$$Y$$\n" for number, name in (
    (1, "Itching of skin"), (2, "Redness of skin"), (3, "Wound care"), (4, "Sugar illness"), (5, "Ache of head")))
REPORTER = {"name": "Wang Fang", "phone": "+86 512 6000 0001", "email": "wang@hospital.example"}
ASSESSED: dict[str, Any] = {
    "reason": "Read with the hospital", "onset_on": "2026-11-19", "age_band": "45-64", "sex": "female",
    "terms": ["redness", "itching"], "seriousness": ["hospitalised"], "outcome": "recovering", "causality": "probable",
    "expectedness": "unexpected", "use_text": "Put on a clean wound for two days; red and itching; taken off and washed; "
    "better after three days.",
    "narrative": "Redness and itching under the whole plaster after two days; treated in hospital for four days."}
DETAILS: dict[str, Any] = {
    "age": "52", "age_unit": "a", "weight_kg": "61", "intended_treatment": "Cover of a wound", "history": "Diabetes",
    "harm": "Redness, itching", "tests": "Swab: no growth", "place_kind": "institution", "place_name": "第二医院",
    "event_country": "CN", "event_region": "江苏", "purpose": "Wound care", "use_began_on": "2026-11-17",
    "use_ended_on": "2026-11-19", "combined": "无", "is_available": True, "qualification": "physician",
    "occupation": "医师", "reporter_country": "CN", "investigation": "Retained samples of the batch were examined.",
    "cause_kind": "product", "cause": "Too much glue", "is_cause_confirmed": True, "first_handling": "Taken off, washed",
    "measures": "The batch was stopped.", "preliminary_comments": "Likely the adhesive", "sender_comment": "Related"}
DEVICE: dict[str, Any] = {
    "fault": "The film broke", "patients_affected": 1, "operator": "professional", "is_reused": False,
    "device_location": "returned", "also_told_authority": False, "device_item_1": "yes", "device_item_2": "yes",
    "device_item_3": "no", "remedial_actions": ["recall"], "needs_risk_evaluation": True,
    "risk_evaluation_due_on": "2027-01-15", "is_risk_reviewed": True, "is_risk_adequate": True,
    "codes_a": ["A0401"], "codes_b": ["B01"], "codes_c": ["C07"], "codes_d": ["D02"], "codes_f": ["F08"],
    "codes_g": ["G01005"]}
DRUG: dict[str, Any] = {
    "ethnicity": "汉", "earlier_reactions": "无", "family_reactions": "无", "disease_effect": "none", "dose": "10",
    "dose_unit": "mg", "route": "Topical", "frequency": "daily", "action_taken": "drug_withdrawn",
    "dechallenge": "abated", "rechallenge": "not_done", "naranjo_2": "yes",
    **{f"five_item_{number}": "yes" for number in range(1, 5)}, "five_item_5": "no",
    "meddra_reactions": ["10000001", "10000002"], "meddra_indications": ["10000003"], "meddra_history": ["10000004"]}


COSMETIC: dict[str, Any] = {
    "symptoms": ["itching", "burning"], "lesions": ["erythema", "papule"], "body_sites": ["面部"],
    "lesion_area": "3 cm × 4 cm", "onset_after": "2", "onset_after_unit": "h", "dechallenge": "abated",
    "rechallenge": "not_done", "patch_test": "positive", "patch_test_text": "1:10", "earlier_reactions": "无"}
OTHERS: list[dict[str, Any]] = [
    {"name": "Aspirin", "kind": "drug", "lot": "T-7", "dose": "100", "dose_unit": "mg", "began_on": "2026-03",
     "purpose": "Heart", "meddra_indications": ["10000005"], "action_taken": "dose_not_changed"},
    {"name": "Gauze", "kind": "device", "lot": "G-1"}]


@dataclass(frozen=True, slots=True)
class Ground:
    """A house whose products and parties say all that reports ask for, and a client who enters cases."""

    console: Console
    api: ApiClient
    house: House

    def enter(self, lot: Lot, details: dict[str, Any], **assessed: Any) -> dict[str, Any]:
        """An adverse event, from the telephone call to its assessment."""
        told = self.api.post("/complaints", {
            "channel": "hospital", "narrative": "Red and itching", "lot_key": lot.lot_key,
            "terms": ["redness", "itching"], "affected": "patient", "harm": "yes", "seriousness": ["hospitalised"],
            "consignee_id": self.house.maker.hospital.id, "happened_on": "2026-11-19", "contact": REPORTER})
        self.api.post(f"/complaints/{told['id']}/triage", {
            "result": "complaint", "harm": "yes", "seriousness": ["hospitalised"]}, 200, If_Match=self.api.etag)
        event: dict[str, Any] = self.api.post("/adverse-events", {"complaint_id": told["id"]})
        path = f"/adverse-events/{event['id']}"
        self.api.post(f"{path}/patient", {"patient_name": "Li Na", "initials": "LN", "record_number": "H-77",
                                          "born_on": "1974-05-02"}, 204)
        answer: dict[str, Any] = self.api.change(path, ASSESSED | assessed | {"details": DETAILS | details})
        return answer

    def export(self, event: dict[str, Any], form: str, jurisdiction: str) -> RenderedReport:
        """The form filled from the case in full, its checks with the authorities' schemas where they are there."""
        here = world_of(self.console)
        folders = Schemas(*(folder if folder.is_dir() else None for folder in (SETS / "e2b-r3" / "xsd",
                                                                               SETS / "emdr" / "coreschemas")))
        with self.console.database.write() as session:
            return export_case(session, self.house.manager, self.console.clock, CaseExport(
                event["reference"], form, "", Profile.full, jurisdiction, "BfArM", date(2026, 12, 15)),
                desk=report_desk(here.files, here.vault, folders))


@pytest.fixture(scope="module")
def ground(console: Console) -> Ground:
    house = make_house(console.database, console.clock)
    api = ApiClient(console.app, console.database, console.clock, "quality_manager")
    with console.database.write() as session:
        for file, version in ((read_list("imdrf.csv", IMDRF.encode()), "2026"), (read_list("llt.asc", LLT.encode()), "29.1")):
            import_list(session, house.manager, console.clock, ImportList(
                file, version, (console.clock.now() - timedelta(days=30)).date()))
    own = house.maker.site.party_id
    api.change(f"/parties/{own}", {"code": "OWN", "name_zh": "测试敷料厂", "name_en": "Test Dressings", "country": "CN",
                                   "region": "江苏", "city": "苏州", "address": "星湖街 1 号", "postcode": "215000",
                                   "fei": "3001234567", "srn": "CN-MF-000012345"})
    api.post(f"/parties/{own}/contacts", {"name": "Wang Li", "duty": "Safety", "email": "safety@maker.example",
                                          "phone": "+86 512 6000 0000"})
    hospital = house.maker.hospital
    api.change(f"/parties/{hospital.id}", {"code": hospital.code, "name_zh": hospital.name_zh, "country": "DE",
                                           "name_en": hospital.name_en})
    agent = api.post("/parties", {"code": "REP", "name_zh": "欧盟代表", "name_en": "European Agent", "country": "DE",
                                  "srn": "DE-AR-000012345"})["id"]
    plaster = f"/products/{house.maker.plaster.id}/registrations"
    said = {"brand": "Plaster", "common_name": "Adhesive plaster", "model": "P", "origin": "CN", "holder_id": own,
            "specification": "7 x 10 cm", "manufacturer_id": own, "marketed_from": "2026-01-01", "gmdn": "34077",
            "udi_di": "06901234500011"}
    home = api.get(plaster)[0]
    api.change(f"/registrations/{home['id']}", said | {
        "market": "CN", "number": home["number"], "risk_class": "II", "category": "无源"})
    for more in ({"market": "US", "number": "K261234", "risk_class": "2", "fda_product_code": "KGX"},
                 {"market": "EU", "number": "EU-1", "risk_class": "I", "emdn": "M0401", "basic_udi_di": "069012345AB",
                  "representative_id": agent}):
        api.post(plaster, said | more)
    return Ground(console, api, house)


def errors(report: RenderedReport) -> list[tuple[str, str, str]]:
    return [(one.element, one.code, one.message) for one in report.findings if one.is_error]


@pytest.mark.parametrize(("form", "jurisdiction"), [("emdr", "US"), ("mir", "EU"), ("nmpa-device", "CN")])
def test_a_device_case_that_is_entered_whole_is_exported_without_an_error(
        ground: Ground, form: str, jurisdiction: str) -> None:
    event = ground.enter(ground.house.first, DEVICE)
    found = errors(ground.export(event, form, jurisdiction))
    assert found == [], "\n".join(map(str, found))


@pytest.fixture(scope="module")
def drug(ground: Ground) -> Lot:
    told = ground.api.post("/products", {"code": "GEL", "kind": "drug", "name_zh": "凝胶", "name_en": "Gel", "unit": "EA",
                                         "registration_number": "国药准字H20260001"})
    with ground.console.database.read() as session:
        product = session.get_one(Product, told["id"])
    return make_lots(ground.console.database, ground.console.clock, product, "L-7")[0]


@pytest.mark.parametrize(("form", "jurisdiction"), [("e2b-r3", "CN"), ("e2b-r3", "US"), ("e2b-r3", "EU"), ("nmpa-drug", "CN")])
def test_a_drug_case_that_is_entered_whole_is_exported_without_an_error(
        ground: Ground, drug: Lot, form: str, jurisdiction: str) -> None:
    event = ground.enter(drug, DRUG)
    report = ground.export(event, form, jurisdiction)
    found = errors(report)
    assert found == [], "\n".join(map(str, found))


@pytest.mark.parametrize(("form", "left_out", "elements"), [
    ("e2b-r3", ("meddra_reactions",), {"E.i.2.1b"}), ("e2b-r3", ("meddra_indications", "meddra_history"), set())])
def test_a_drug_case_without_codes_says_which_elements_want_one(
        ground: Ground, drug: Lot, form: str, left_out: tuple[str, ...], elements: set[str]) -> None:
    event = ground.enter(drug, {name: value for name, value in DRUG.items() if name not in left_out})
    report = ground.export(event, form, "CN")
    assert {element for element, _code, _message in errors(report)} - {"E.i.2.1a"} == elements
    named = {one.element for one in report.findings if one.code in ("no-meddra", "not-submittable")}
    assert named == elements or (not elements and named == {"G.k.7.r.2b"})


def test_a_cosmetic_case_that_is_entered_whole_is_exported_without_an_error(ground: Ground) -> None:
    made = ground.api.post("/products", {"code": "SERUM", "kind": "cosmetic", "name_zh": "精华液", "name_en": "Serum",
                                         "unit": "EA", "registration_number": "苏G妆网备字2026000001"})
    with ground.console.database.read() as session:
        product = session.get_one(Product, made["id"])
    lot, = make_lots(ground.console.database, ground.console.clock, product, "S-7")
    report = ground.export(ground.enter(lot, COSMETIC), "nmpa-cosmetic", "CN")
    found = errors(report)
    assert found == [], "\n".join(map(str, found))


def test_what_was_used_at_the_same_time_stands_in_every_form(ground: Ground, drug: Lot) -> None:
    more = {"combined": "", "other_products": OTHERS}
    drug_event = ground.enter(drug, DRUG | more)
    safety = ground.export(drug_event, "e2b-r3", "CN")
    _, aspirin, gauze = reports(read_batch(safety.data))[0].each("G.k")
    assert [(one.text("G.k.1"), one.text("G.k.2.2")) for one in (aspirin, gauze)] == [("2", "Aspirin"), ("2", "Gauze")]
    dosage, indication = aspirin.each("G.k.4.r")[0], aspirin.each("G.k.7.r")[0]
    assert [dosage.text(f"G.k.4.r.{name}") for name in ("1a", "1b", "4", "7")] == ["100", "mg", "202603", "T-7"]
    assert (indication.text("G.k.7.r.1"), indication.text("G.k.7.r.2b"), aspirin.text("G.k.8")) == ("Heart", "10000005", "4")
    assert errors(safety) == [] == errors(ground.export(drug_event, "nmpa-drug", "CN"))
    event = ground.enter(ground.house.first, DEVICE | more)
    american = ground.export(event, "emdr", "US")
    assert b"Aspirin, lot T-7, 100 mg, since 2026-03-01 (day not known), Heart" in american.data
    european = ground.export(event, "mir", "EU").data.decode()
    assert "<deviceAssociated>Gauze, lot G-1</deviceAssociated>" in european and "Diabetes; Aspirin, lot T-7" in european
    assert errors(american) == errors(ground.export(event, "nmpa-device", "CN")) == []
