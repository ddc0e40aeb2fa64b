"""A case becomes an E2B(R3) report that the checks pass, and a report that comes in is read for intake."""
from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from lxml import etree

from tests.e2b_cases import MEDDRA, NMPA, OWN, ROUTE, case
from traceapp.core.errors import InvalidInput
from traceapp.export.case_report import (
    Assessment,
    CaseReport,
    CodedTerm,
    Event,
    Organisation,
    PartialDate,
    Patient,
    Profile,
    ReportedLot,
    ReportKind,
)
from traceapp.export.e2b_r3.checking import SCHEMA, check_batch
from traceapp.export.e2b_r3.filling import in_full, shortened
from traceapp.export.e2b_r3.from_case import Route, batch_of_cases, report_id
from traceapp.export.e2b_r3.intake import incoming
from traceapp.export.e2b_r3.model import Icsr, reports
from traceapp.export.e2b_r3.reader import read_batch
from traceapp.export.e2b_r3.schema import schema_findings
from traceapp.export.e2b_r3.writer import write_batch
from traceapp.export.forms import FORMS

SET = Path(__file__).resolve().parents[3] / "shared" / "conformance" / "icsr" / "e2b-r3"
NOW = datetime(2024, 3, 10, 13, tzinfo=UTC)


def made(one: CaseReport, route: Route = ROUTE) -> Icsr:
    batch, _ = batch_of_cases([one], route)
    return reports(batch)[0]


def errors(one: CaseReport, route: Route = ROUTE) -> list[tuple[str, str]]:
    batch, findings = batch_of_cases([one], route)
    return [(finding.element, finding.code) for finding in [*findings, *check_batch(batch, now=NOW)] if finding.is_error]


def with_event(one: CaseReport, **changes: object) -> CaseReport:
    return replace(one, event=replace(one.event, **changes))  # type: ignore[arg-type]


MASKED = replace(case(), profile=Profile.masked)
COMBINED = replace(case(), product=replace(case().product, kind="combination", brand="FoamPlus"),
                   assessment=Assessment("possible", problem_codes=(CodedTerm("imdrf", "A0501", "脱落", "Detachment", "A"),),
                                         remedial_actions=("recall",)))


@pytest.mark.parametrize(("one", "route", "expected"), [
    (case(), ROUTE, []), (case(), NMPA, []), (COMBINED, ROUTE, []), (COMBINED, NMPA, []), (MASKED, NMPA, []),
    (MASKED, ROUTE, ["C.3.3.3", "C.3.3.5", "C.3.4.6", "C.3.4.8"])],
    ids=["full-fda", "full", "combined-fda", "combined", "masked", "masked-fda"])
def test_a_case_that_is_complete_is_a_report_without_errors(
        one: CaseReport, route: Route, expected: list[str]) -> None:
    """The FDA alone asks who in the house may be called, which a masked report does not say."""
    assert [element for element, _code in errors(one, route)] == expected
    batch, _ = batch_of_cases([one, replace(one, head=replace(one.head, reference="AE-2024-8"))], route)
    data = write_batch(batch)
    assert read_batch(data) == batch
    if SET.is_dir():
        assert schema_findings(etree.fromstring(data), SET / "xsd", SCHEMA, "") == []


@pytest.mark.parametrize(("qualification", "wanted"), [
    ("physician", ""), ("pharmacist", ""), ("other_professional", ""), ("lawyer", "false"), ("consumer", "false"),
    ("unknown", "")])
def test_whether_a_professional_confirmed_a_reaction_is_said_where_none_reported_it(qualification: str, wanted: str) -> None:
    one = case()
    report = made(replace(one, reporter=replace(one.reporter, qualification=qualification)))
    assert {reaction.text("E.i.8") for reaction in report.each("E.i")} == {wanted}


def test_the_values_of_a_case_stand_at_their_elements() -> None:
    report = made(case())
    assert [report.text(name) for name in ("C.1.1", "C.1.4", "C.1.5", "C.1.7", "FDA.C.1.7.1", "D.2.2a", "D.2.2b", "D.5")
            ] == ["CN-SUZHOUDRESSINGS-AE-2024-7", "20240301000000+0000", "20240305000000+0000", "true", "1", "61", "a", "2"]
    reaction, = report.each("E.i")
    assert [reaction.text(name) for name in ("E.i.1.1a", "E.i.1.1b", "E.i.2.1b", "E.i.2.1a", "E.i.3.2c", "E.i.4", "E.i.7")
            ] == ["Skin irritation", "eng", "10040880", "27.0", "true", "202402", "2"]
    assert reaction.null("E.i.3.2a") == "NI"
    drug, = report.each("G.k")
    assert [drug.text(name) for name in ("G.k.1", "G.k.2.2", "G.k.3.1", "G.k.3.2", "G.k.8")] == [
        "1", "Foam dressing", "NDA012345", "US", "1"]
    assert drug.each("G.k.4.r")[0].text("G.k.4.r.7") == "L240101"
    assert drug.each("G.k.10.r")[0].text("G.k.10.r") == "5"
    assert [(section.text("G.k.9.i.2.r.2"), section.text("G.k.9.i.2.r.3")) for section in drug.each("G.k.9.i.2.r")] == [
        ("WHO-UMC", "possible"), ("Naranjo", "4")]


def test_the_device_in_a_combination_has_its_block() -> None:
    device, = made(COMBINED).each("G.k")[0].each("FDA.G.k.12.r")
    assert [device.text(f"FDA.G.k.12.r.{name}") for name in ("1", "4", "9")] == ["true", "FoamPlus", "L240101"]
    assert device.each("FDA.G.k.12.r.3.r")[0].text("FDA.G.k.12.r.3.r") == "A0501"
    assert device.each("FDA.G.k.12.r.11.r")[0].text("FDA.G.k.12.r.11.r") == "1"


def test_a_masked_report_says_nobody_s_name_number_or_birthday() -> None:
    data = write_batch(batch_of_cases([MASKED], ROUTE)[0]).decode()
    for secret in ("Zhang", "ZS", "MRN-5", "19630504", "Ann", "Lee", "12025550100", "ann@", "13912345678"):
        assert secret not in data
    report = made(MASKED)
    assert [report.null(name) for name in ("D.1", "D.1.1.3", "D.2.1")] == ["MSK"] * 3
    assert [report.each("C.2.r")[0].null(name) for name in ("C.2.r.1.2", "C.2.r.1.4", "C.2.r.2.7", "FDA.C.2.r.2.8")
            ] == ["MSK"] * 4


def test_a_reaction_without_meddra_has_its_words_and_is_not_submittable() -> None:
    one = with_event(case(), reactions=(OWN,), language="zh")
    reaction, = made(one).each("E.i")
    assert [reaction.text(name) for name in ("E.i.1.1a", "E.i.1.1b", "E.i.1.2", "E.i.2.1b")] == [
        "皮肤撕裂", "zho", "Skin tear", ""]
    assert ("E.i.2.1b", "not-submittable") in errors(one)
    assert {("E.i.2.1a", "missing"), ("E.i.2.1b", "missing")} <= set(errors(one))


def test_harm_without_a_term_is_a_reaction_in_words_and_no_harm_is_none() -> None:
    words = with_event(case(), reactions=(), harm="Redness")
    assert made(words).each("E.i")[0].text("E.i.1.1a") == "Redness"
    assert ("E.i", "no-reaction") in errors(with_event(case(), reactions=(), harm=""))


def test_a_long_batch_number_is_shortened_and_comes_back_whole() -> None:
    long = "GTIN-06912345678901-LOT-2024-0001-A = left half"
    one = replace(case(), lot=ReportedLot(long))
    assert errors(one) == []
    report = made(one)
    short = report.each("G.k")[0].each("G.k.4.r")[0].text("G.k.4.r.7")
    assert len(short) == 35
    found, = incoming(read_batch(write_batch(batch_of_cases([one], ROUTE)[0])))
    assert found.products[0].lots == (long,)


@given(st.text(st.characters(exclude_categories=("C", "Z")), min_size=36, max_size=80), st.text(max_size=40))
def test_whatever_is_shortened_is_found_again(whole: str, narrative: str) -> None:
    short = shortened(whole, 35)
    assert len(short) == 35
    assert in_full(short, f"{narrative}\nG.k.4.r.7 in full: {short} = {whole}") == whole


def test_two_long_batch_numbers_that_begin_alike_stay_apart() -> None:
    assert shortened("L" * 40 + "1", 35) != shortened("L" * 40 + "2", 35)


@pytest.mark.parametrize(("kind", "version"), [(ReportKind.followup, 2), (ReportKind.amendment, 2), (ReportKind.final, 3)])
def test_a_report_that_follows_needs_the_one_before(kind: ReportKind, version: int) -> None:
    head = replace(case().head, kind=kind, version=version, reason="Typing error")
    assert ("C.1.1", "no-earlier-report") in errors(replace(case(), head=head))
    followed = replace(case(), head=replace(head, earlier_reference="AE-2024-7"))
    assert errors(followed) == []
    assert report_id(followed) == report_id(case())


@pytest.mark.parametrize(("kind", "code"), [(ReportKind.nullification, "1"), (ReportKind.amendment, "2")])
def test_what_takes_a_report_back_or_corrects_it_needs_a_reason(kind: ReportKind, code: str) -> None:
    head = replace(case().head, kind=kind, version=2, earlier_reference="AE-2024-7")
    assert errors(replace(case(), head=head)) == [("C.1.11.2", "missing-here")]
    report = made(replace(case(), head=replace(head, reason="Wrong patient")))
    assert [report.text(name) for name in ("C.1.11.1", "C.1.11.2")] == [code, "Wrong patient"]


def test_a_patient_of_whom_nothing_is_known_is_no_report() -> None:
    assert ("D.1", "no-patient") in errors(replace(case(), patient=Patient()))


def test_a_death_is_told_with_its_date_and_cause() -> None:
    one = with_event(case(), seriousness=("death",), outcome="fatal", died_on=PartialDate(date(2024, 3, 2)),
                     death_cause="Sepsis")
    report = made(one)
    assert (report.text("D.9.1"), report.null("D.9.3"), report.each("D.9.2.r")[0].text("D.9.2.r.2")) == (
        "20240302", "UNK", "Sepsis")
    assert errors(one) == []


def test_intake_reads_what_we_wrote() -> None:
    found, = incoming(read_batch(write_batch(batch_of_cases([case()], ROUTE)[0])))
    assert (found.report_id, found.correction, found.sender) == ("CN-SUZHOUDRESSINGS-AE-2024-7", "", "Suzhou Dressings")
    assert (found.received_at, found.latest_at) == (datetime(2024, 3, 1, tzinfo=UTC), datetime(2024, 3, 5, tzinfo=UTC))
    assert (found.age, found.age_unit, found.sex, found.weight_kg) == (Decimal(61), "a", "female", Decimal("58.5"))
    assert (found.seriousness, found.reporter_qualification, found.reporter_country) == (
        ("hospitalised",), "other_professional", "US")
    reaction, = found.reactions
    assert (reaction.words, reaction.meddra_code, reaction.outcome, reaction.began_on) == (
        MEDDRA.name_en, MEDDRA.code, "recovering", PartialDate(date(2024, 2, 1), "month"))
    product, = found.products
    assert (product.name, product.role, product.lots, product.registration_number) == (
        "Foam dressing", "suspect", ("L240101",), "NDA012345")
    assert found.narrative == case().event.narrative
    assert "Zhang" not in repr(found) and "skin came off" not in repr(found)


@pytest.mark.skipif(not SET.is_dir(), reason="../shared/conformance is not here")
def test_intake_reads_the_fda_s_combination_product() -> None:
    found, = incoming(read_batch((SET / "samples" / "FAERS2022Scenario2.xml").read_bytes()))
    assert found.products[0].device_names == ("Brand Name",)
    assert "4577BN2-product-2-device1" in found.products[0].lots
    assert found.reporter_qualification == "physician"


def test_whatever_was_typed_the_file_is_one_that_the_schema_allows() -> None:
    typed = with_event(replace(case(), lot=ReportedLot("L\x0b1\ud800"),
                               use=replace(case().use, dose_unit="two drops")), narrative="a\x00b <&>]]>", country="Mars")
    batch, _ = batch_of_cases([typed], ROUTE)
    report, = reports(read_batch(write_batch(batch)))
    assert report.text("H.1") == "ab <&>]]>"
    assert report.each("G.k")[0].each("G.k.4.r")[0].text("G.k.4.r.7") == "L1"
    assert not report.each("E.i")[0].has("E.i.9")
    if SET.is_dir():
        assert schema_findings(etree.fromstring(write_batch(batch)), SET / "xsd", SCHEMA, "") == []


def test_the_form_of_a_case_says_what_is_wrong_in_it() -> None:
    made_file = FORMS["e2b-r3"].render(with_event(case(), narrative=""), "xml")
    assert (made_file.name, made_file.media_type) == ("e2b-r3-AE-2024-7-v1.xml", "application/xml")
    assert ("H.1", "missing") in [(finding.element, finding.code) for finding in made_file.findings]
    assert reports(read_batch(made_file.data))[0].text("N.2.r.3") == "CDER"


def test_a_form_of_several_cases_is_one_batch() -> None:
    render = FORMS["e2b-r3"].render_many
    assert render is not None
    second = replace(case(), head=replace(case().head, reference="AE-2024-8"))
    assert len(reports(read_batch(render([case(), second], "xml").data))) == 2
    with pytest.raises(InvalidInput):
        render([case()], "pdf")


def test_tests_of_any_length_are_kept() -> None:
    text = "x" * 4500
    report = made(with_event(case(), tests=text))
    assert "".join(section.text("F.r.3.4") for section in report.each("F.r")) == text
    assert Event().tests == ""


CHINA = ("C.1.CN.1", "C.1.CN.2", "D.CN.3", "D.CN.5", "G.k.CN.1", "G.k.CN.3", "G.k.CN.4", "G.k.4.r.CN.1")


def told_china(one: CaseReport, route: Route = NMPA) -> dict[str, str]:
    report = reports(read_batch(write_batch(batch_of_cases([one], route)[0])))[0]
    return {element: value.text or value.null for section in report.walk() for element, value in section.values.items()
            if ".CN." in element}


def test_a_report_to_china_has_what_its_guide_asks_for_and_says_what_is_left_out() -> None:
    one = with_event(case(), country="CN")
    one = replace(
        one, head=replace(one.head, jurisdiction="CN"),
        reporter=replace(one.reporter, qualification="consumer", phone="0512-5550100",
                         organisation=Organisation("苏州第一医院", "", "CN")),
        product=replace(one.product, common_name="泡沫敷料", registration_number="国药准字H1"),
        lot=replace(one.lot, expires_on=date(2026, 1, 31)))
    assert told_china(one) == dict(zip(CHINA, (
        "2", "12", "苏州第一医院", "0512-5550100", "泡沫敷料", "true", "国药准字H1", "20260131"), strict=True))
    assert told_china(one, ROUTE) == {}
    assert told_china(replace(one, profile=Profile.masked))["D.CN.5"] == "MSK"
    batch, findings = batch_of_cases([one], NMPA)
    assert {"china-left-out", "not-known"} <= {one.code for one in findings}
    assert [one for one in check_batch(batch, now=NOW) if ".CN." in one.element] == []


@pytest.mark.parametrize(("country", "qualification", "wanted"), [
    ("DE", "physician", {"C.1.CN.1": "3", "C.1.CN.2": "22"}), ("", "lawyer", {"C.1.CN.1": "8"})])
def test_source_and_category_for_china_follow_from_who_told_and_where(country: str, qualification: str,
                                                                      wanted: dict[str, str]) -> None:
    one = with_event(case(), country=country)
    told = told_china(replace(one, reporter=replace(one.reporter, qualification=qualification)))
    assert {name: text for name, text in told.items() if name.startswith("C.1.CN.")} == wanted


def test_a_code_that_china_does_not_know_is_found() -> None:
    batch = batch_of_cases([case()], NMPA)[0]
    reports(batch)[0].put("C.1.CN.1", "9")
    assert ("C.1.CN.1", "not-in-list") in [(one.element, one.code) for one in check_batch(batch, now=NOW)]
