"""A case as a device report, the report back into intake, and what a follow-up changes."""
from __future__ import annotations

from dataclasses import fields, replace
from datetime import UTC, date, datetime
from decimal import Decimal
from zoneinfo import ZoneInfo

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from tests.factories_mdr import LEAST, NOW, followup_case, mdr_case
from tests.unit.test_emdr_checking import SCHEMA
from traceapp.complaint.terms import terms
from traceapp.export.case_report import (
    CaseReport,
    CodedTerm,
    Event,
    PartialDate,
    Patient,
    Profile,
    ReportHead,
    ReportKind,
    Use,
)
from traceapp.export.emdr.followup import differences, followup_findings, replacing
from traceapp.export.emdr.from_case import Options
from traceapp.export.emdr.intake import incoming
from traceapp.export.emdr.message import Attachment, Batch, Mdr, read_batch, write_batch
from traceapp.export.emdr.places import Nothing
from traceapp.export.emdr.rendering import mdr_of, render_batch

PERSONS = ("Doe", "J.D.", "Ann", "Lee", "Xiulan", "0199", "0147", "1961")


def test_a_full_case_becomes_a_file_without_errors() -> None:
    rendered = render_batch([mdr_case()], now=NOW, xsd_dir=SCHEMA)
    assert [one for one in rendered.findings if one.is_error] == []
    assert (rendered.form, rendered.name) == ("emdr", "emdr-AE-2026-0007-v1.xml")
    batch = read_batch(rendered.data)
    assert batch.head()["batch.id"] == "3001234567-20261128180000"
    assert {key: batch.reports[0].text(key) for key in (
        "G9", "B1", "B2", "B3", "G4", "G7", "H1", "D2.code", "D4.lot", "D4.udi", "E3", "E4", "A4.weight", "D3.country",
        "H4", "D5")} == {
        "G9": "3001234567-2026-00007", "B1": "C55555", "B2": "C25179", "B3": "20261103", "G4": "20261111",
        "G7": "C53577", "H1": "C53569", "D2.code": "NAC", "D4.lot": "L2611A", "D4.udi": "06901234567892",
        "E3": "C25741", "E4": "false", "A4.weight": "61.5", "D3.country": "CHN", "H4": "20260601", "D5": "C53288"}
    assert batch.reports[0].get("H7") == ("C53609", "C17649")
    assert batch.reports[0].get("H7.other") == ("", "retraining")


@pytest.mark.parametrize(("age", "unit", "told"), [("5", "d", ("5", "DY")), ("7", "mo", ("7", "MO")), ("62", "a", ("62", "YR")),
                                                   ("6", "{decade}", ("60", "YR")), ("41", "", ("41", "YR"))])
def test_an_age_keeps_its_unit(age: str, unit: str, told: tuple[str, str]) -> None:
    case = replace(mdr_case(), patient=replace(mdr_case().patient, age=Decimal(age), age_unit=unit))
    report = mdr_of(case)
    assert (report.text("A2.age"), report.text("A2.age_unit")) == told


def test_a_masked_case_names_nobody_and_is_still_whole() -> None:
    full = render_batch([mdr_case()], now=NOW, xsd_dir=SCHEMA).data.decode()
    rendered = render_batch([replace(mdr_case(), profile=Profile.masked)], now=NOW, xsd_dir=SCHEMA)
    masked = rendered.data.decode()
    assert {one for one in PERSONS if one in full} == set(PERSONS) - {"Doe"}
    assert {one for one in PERSONS if one in masked} == set()
    assert [one for one in rendered.findings if one.is_error] == []
    assert "stuck to the wound" in masked


def test_days_are_those_of_the_sender() -> None:
    assert mdr_of(mdr_case()).text("G4") == "20261111"
    assert mdr_of(mdr_case(), Options(zone=ZoneInfo("America/New_York"))).text("G4") == "20261110"
    nowhere = replace(mdr_case().head, sender=replace(mdr_case().head.sender, country=""))
    assert mdr_of(replace(mdr_case(), head=nowhere)).text("G4") == "20261110"


def test_several_cases_go_in_one_batch_and_findings_say_which_they_are_about() -> None:
    head = replace(mdr_case().head, report_number="3001234567-2026-00008")
    other = replace(mdr_case(), head=head, event=replace(mdr_case().event, narrative=""))
    rendered = render_batch([mdr_case(), other], now=NOW, xsd_dir=SCHEMA)
    assert [(one.element, one.code) for one in rendered.findings if one.is_error] == [("2/B5", "required")]
    assert [one.text("G9") for one in read_batch(rendered.data).reports] == [
        "3001234567-2026-00007", "3001234567-2026-00008"]


def test_a_follow_up_says_which_it_is_and_counts_from_the_new_awareness() -> None:
    report = mdr_of(followup_case(3))
    assert [report.text(key) for key in ("G7", "G7.number", "H2", "G4")] == ["C53579", "3", "C53586", "20261120"]
    correction = replace(followup_case().head, kind=ReportKind.amendment)
    assert mdr_of(replace(followup_case(), head=correction)).text("H2") == "C53585"


def test_a_report_that_is_taken_back_is_a_correction_that_says_so() -> None:
    head = replace(followup_case().head, kind=ReportKind.nullification)
    rendered = render_batch([replace(followup_case(), head=head)], now=NOW)
    assert "no-nullification" in {one.code for one in rendered.findings}


def test_a_five_day_report_is_known_by_its_rule() -> None:
    head = replace(mdr_case().head, rule_ids=("US-MD-01", "US-MD-02"))
    assert mdr_of(replace(mdr_case(), head=head)).text("G7") == "C53573"


def test_a_malfunction_and_a_death_are_told_apart() -> None:
    quiet = replace(mdr_case().event, seriousness=(), reactions=(), harm="", fault="Seal open")
    assert [mdr_of(replace(mdr_case(), event=quiet)).text(key) for key in ("B1", "H1", "B2")] == ["C53054", "C25745", ""]
    died = replace(mdr_case().event, seriousness=("death",), died_on=PartialDate(date(2026, 11, 5)))
    report = mdr_of(replace(mdr_case(), event=died))
    assert [report.text(key) for key in ("H1", "B2", "B2.death")] == ["C28554", "C28554", "20261105"]


def test_dates_are_as_exact_as_they_are_known() -> None:
    for precision, written in (("month", "202611"), ("year", "2026")):
        event = replace(mdr_case().event, began_on=PartialDate(date(2026, 11, 1), precision))
        assert mdr_of(replace(mdr_case(), event=event)).text("B3") == written
    unknown = replace(mdr_case().event, began_on=None)
    assert mdr_of(replace(mdr_case(), event=unknown)).get("B3") == (Nothing("NI"),)


def test_a_long_lot_number_is_cut_and_stands_whole_in_the_narrative() -> None:
    number = "LOT-2026-11-29-SUZHOU-LINE-7-SHIFT-B"
    case = replace(mdr_case(), lot=replace(mdr_case().lot, number=number))
    report = mdr_of(case)
    assert report.text("D4.lot") == number[:30]
    assert number in report.text("H10")


def test_terms_go_by_fdas_code_where_it_is_given_and_own_terms_are_named() -> None:
    coded = (CodedTerm("imdrf", "A010101", "", "Biocompatibility"), CodedTerm("own", "mystery", "", "Mystery"))
    case = replace(mdr_case(), assessment=replace(mdr_case().assessment, problem_codes=coded))
    assert mdr_of(case, Options(fda_codes={"A010101": "2886"})).get("H6.device") == ("2886",)
    assert mdr_of(case).get("H6.device") == ("A010101",)
    assert "“mystery”" in next(one.message for one in render_batch([case], now=NOW).findings if one.code == "term-left-out")


def test_a_term_of_our_own_list_goes_by_its_imdrf_code_to_the_box_of_its_annex() -> None:
    own = {kind: next(one for one in terms().values() if one.imdrf.startswith(kind)) for kind in "AE"}
    reactions = tuple(CodedTerm("own", one.code, one.zh, one.en) for one in own.values())
    case = replace(mdr_case(), event=replace(mdr_case().event, reactions=reactions),
                   assessment=replace(mdr_case().assessment, problem_codes=()))
    report = mdr_of(case)
    assert (report.get("H6.device"), report.get("H6.patient")) == ((own["A"].imdrf,), (own["E"].imdrf,))
    assert "term-left-out" not in {one.code for one in render_batch([case], now=NOW).findings}


def test_a_recall_goes_by_fdas_number_and_never_by_our_own() -> None:
    head = replace(mdr_case().head, recall_references=("RC-2026-0003", "3001234567-11/21/26-001-R"))
    assert mdr_of(replace(mdr_case(), head=head)).text("H9") == "3001234567-11/21/26-001-R"
    assert "removal-number" in {one.code for one in render_batch([mdr_case()], now=NOW).findings}


def test_text_that_xml_cannot_carry_does_not_stop_a_report() -> None:
    event = replace(mdr_case().event, narrative="Torn\x0b open\x00")
    assert mdr_of(replace(mdr_case(), event=event)).text("B5") == "Torn\ufffd open\ufffd"
    render_batch([replace(mdr_case(), event=event)], now=NOW)


def test_other_products_and_files_go_along() -> None:
    other = (replace(mdr_case().product, name_en="Tape"), replace(mdr_case().lot, number="T1"),
             Use(began_on=PartialDate(date(2026, 11, 1))))
    photo = Attachment("photo.png", b"\x89PNG", "image/png")
    made = mdr_of(replace(mdr_case(), other_products=(other,)), attachments=[photo])
    report = read_batch(write_batch(Batch.of({}, [made]))).reports[0]
    assert (report.get("D11"), report.get("D11.date")) == (
        ("Tape, lot T1, since 2026-11-01",), ("20261101",))
    assert report.attachments() == (photo,)


def test_a_report_that_came_in_is_told_in_the_words_of_intake() -> None:
    read = incoming(read_batch(render_batch([mdr_case()], now=NOW).data).reports[0])
    assert read.seriousness == ("hospitalised",)
    assert (read.product_code, read.lot, read.udi, read.brand_name) == ("NAC", "L2611A", "06901234567892", "Softheal")
    assert (read.event_on, read.aware_on) == (PartialDate(date(2026, 11, 3)), date(2026, 11, 11))
    assert (read.age, read.age_unit, read.sex) == (Decimal("65"), "YR", "female")
    assert (read.reporter_occupation, read.reporter_organisation) == ("Physician", "City Clinic")
    assert (read.is_followup, read.followup_number, read.problem_codes) == (False, 0, ("2993",))


def test_intake_of_a_report_with_nothing_in_it_is_empty_and_not_an_error() -> None:
    read = incoming(Mdr.of({"G3": ("C17649",)}))
    assert {getattr(read, one.name) for one in fields(read)} <= {"", (), None, False, "unknown"}


def test_a_death_is_serious_wherever_the_report_says_it() -> None:
    assert incoming(Mdr.of({**LEAST, "B2": (), "H1": ("C28554",)})).seriousness == ("death",)
    assert incoming(Mdr.of({**LEAST, "B2": (), "H1": ("C53569",)})).seriousness == ("other_serious",)


def test_differences_name_each_box_once_in_the_order_of_the_form() -> None:
    earlier = Mdr.of(LEAST)
    later = Mdr.of({**LEAST, "B5": ("More is known.",), "D4.lot": ("L1",), "D1": ()})
    assert [(one.element, one.before, one.after) for one in differences(earlier, later)] == [
        ("B5", LEAST["B5"], ("More is known.",)), ("D1", ("Softheal",), ()), ("D4.lot", (), ("L1",))]
    assert differences(earlier, earlier) == []


def test_a_follow_up_cannot_empty_a_box_and_keeps_the_number() -> None:
    earlier = Mdr.of({**LEAST, "D4.lot": ("L1",)})
    following = {**LEAST, "G7": ("C53579",), "G7.number": ("1",), "H2": ("C53586",)}
    assert [(one.element, one.code) for one in followup_findings(earlier, Mdr.of(following))] == [("D4", "blanked")]
    assert list(followup_findings(earlier, Mdr.of({**following, "D4.lot": ("L2",)}))) == []
    other = Mdr.of({**following, "G9": ("1234567-2026-00099",), "D4.lot": ("L1",)})
    assert [(one.element, one.code, one.is_error) for one in followup_findings(earlier, other)] == [
        ("G9", "followup-of", True)]
    again = Mdr.of({**following, "D4.lot": ("L1",)})
    assert [one.code for one in followup_findings(again, again)] == ["followup-number"]


def test_what_fda_holds_after_a_follow_up_keeps_what_it_does_not_mention() -> None:
    held = replacing(Mdr.of({**LEAST, "D4.lot": ("L1",)}), Mdr.of({"B5": ("More.",), "D1": ("Hardheal",)}))
    assert [held.text(key) for key in ("B5", "D1", "D4.lot", "E3")] == ["More.", "Hardheal", "L1", "C25741"]


def test_nothing_said_of_a_person_stands_in_what_python_prints() -> None:
    case = mdr_case()
    assert "Doe" not in repr(mdr_of(case)) + repr(render_batch([case], now=NOW)) + repr(incoming(mdr_of(case)))
    assert datetime(2026, 11, 28, 10, tzinfo=UTC) == case.head.created_at


_MOMENTS = st.datetimes(datetime(1990, 1, 1), datetime(2030, 1, 1), timezones=st.just(UTC))
_AMOUNTS = st.decimals(0, 10**6, places=3, allow_nan=False)
_DATES = st.builds(PartialDate, st.dates(), st.sampled_from(["day", "month", "year"]))


# Shrinking a whole case takes minutes; what fails is printed as it is.
@settings(max_examples=25, deadline=None, suppress_health_check=list(HealthCheck), phases=(Phase.generate,))
@given(st.data())
def test_whatever_a_case_says_its_file_is_what_the_schema_allows(data: st.DataObject) -> None:
    case = data.draw(st.builds(
        CaseReport, head=st.builds(ReportHead, created_at=_MOMENTS, awareness_at=_MOMENTS, latest_awareness_at=_MOMENTS),
        patient=st.builds(Patient, born_on=_DATES, age=_AMOUNTS, weight_kg=_AMOUNTS),
        event=st.builds(Event, began_on=_DATES, died_on=_DATES, seriousness=st.sampled_from([(), ("death", "odd")]))))
    rendered = render_batch([case], now=NOW, xsd_dir=SCHEMA)
    assert [one for one in rendered.findings if one.code in ("schema", "not-xml", "too-large")] == []
    incoming(read_batch(rendered.data).reports[0])


def test_addresses_that_are_none_stand_as_they_were_typed() -> None:
    odd = "100% <me> @ home"
    case = replace(mdr_case(), reporter=replace(mdr_case().reporter, email=odd, phone="+1 (212) 555 0199 ext. 7"))
    report = read_batch(render_batch([case], now=NOW, xsd_dir=SCHEMA).data).reports[0]
    assert (report.text("E1.email"), report.text("E1.phone")) == (odd, "+1-(212)-555-0199-ext.-7")
