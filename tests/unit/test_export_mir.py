"""The incident report of Europe and Great Britain: content, checks, similar incidents, XML under a schema."""
from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path

import pypdfium2
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from lxml import etree

from tests.factories_case_report import changed, coded, european_case
from tests.mir_schemas import write_schemas
from traceapp.config import SettingsError, read_settings
from traceapp.export.case_report import CaseReport, CodedTerm, Finding, PartialDate, ReportKind, SimilarPeriod
from traceapp.export.forms import FORMS, forms_with
from traceapp.export.mir.checks import check
from traceapp.export.mir.readers import READERS, age_parts, classification, names_of, report_type
from traceapp.export.mir.render import content, fill
from traceapp.export.mir.similar import similar_table
from traceapp.export.mir.tables import CONDITIONS, mir_table
from traceapp.export.mir.xml import elements, mir_xml

CASE = european_case()
FINAL = changed(CASE, head__kind=ReportKind.final, head__version=3, head__earlier_reference="AE-2611-7F3K2M-v2",
                head__report_number="BfArM-2026-88", assessment__is_cause_confirmed=True,
                assessment__is_risk_reviewed=True, assessment__is_risk_adequate=True)


@pytest.fixture(scope="module")
def schemas(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_schemas(tmp_path_factory.mktemp("mir"))


def codes(case: CaseReport, version: str = "7.2.1") -> list[tuple[str, str]]:
    return [(finding.element, finding.code) for finding in check(case, version)]


def xml_findings(case: CaseReport, schemas: Path | None) -> list[Finding]:
    return list(forms_with(schemas)["mir"].render(case, "xml").findings)


@pytest.mark.parametrize("version", ["7.2.1", "7.3.1"])
def test_every_row_of_the_table_can_be_read(version: str) -> None:
    table = mir_table(version)
    for field in table.fields:
        assert not field.source.startswith("=") or field.source[1:] in READERS, field
        assert field.need in ("required", "optional") or field.need in CONDITIONS, field
        assert field.kind in ("text", "date", "choice", "yesno", "terms"), field
        assert field.codes in table.codes if field.kind == "choice" else not field.codes, field
    assert len({field.key for field in table.fields}) == len(table.fields)


def test_the_versions_differ_in_the_numbers_after_the_second_awareness_date() -> None:
    old, new = ({field.key: field.number for field in mir_table(version).fields} for version in ("7.2.1", "7.3.1"))
    assert set(new) - set(old) == {"mfrReportabilityAwarenessDate"}
    assert (old["reportType"], new["reportType"], new["eventClassification"]) == ("1.2.d", "1.2.e", "1.2.g")


def test_the_content_stands_under_the_forms_section_numbers() -> None:
    found = content(CASE)["sections"]
    assert isinstance(found, dict)
    assert found["2.3"]["batchNum"] == "B26031501"
    assert found["1.2"]["reportType"] == "Initial"
    assert found["3.2"]["imdrfCodeChoice"] == [{"code": "A0501", "term": "Detachment of device or device component"}]
    assert found["2.5"] == {"distributionEEA": ["DE", "GB"], "otherCountries": ["CN"]}
    assert found["4.3"]["similarIncidents"][0] == {"year": 2026, "region": "DE", "incidents": 4, "units": "13750"}
    assert "refNumEudamed" not in found["1.1"]
    made = FORMS["mir-7.3.1"].render(CASE, "json")
    assert json.loads(made.data)["version"] == "7.3.1"


def test_a_complete_initial_and_a_complete_final_report_have_no_finding() -> None:
    assert codes(CASE) == []
    assert codes(FINAL) == []
    assert codes(CASE, "7.3.1") == []


@pytest.mark.parametrize(("places", "found"), [
    ({"product__ids": {}}, ("2.1", "missing")),
    ({"head__expected_next_on": None}, ("1.2.e", "missing")),
    ({"head__expected_next_on": date(2026, 11, 20)}, ("1.2.e", "next-not-later")),
    ({"event__began_on": PartialDate(date(2026, 11, 11))}, ("1.2.c", "known-before-event")),
    ({"event__began_on": PartialDate(date(2026, 12, 1))}, ("1.2.b", "in-the-future")),
    ({"lot__expires_on": date(2026, 3, 15)}, ("2.3", "expiry-before-production")),
    ({"head__created_at": datetime(2026, 11, 21, tzinfo=UTC)}, ("1.2.a", "late")),
    ({"event__outcome": "fatal"}, ("1.2.f", "class-against-outcome")),
    ({"event__is_expected": True}, ("1.2.f", "expected-serious")),
    ({"event__seriousness": ()}, ("1.2.f", "not-serious")),
    ({"assessment__problem_codes": ()}, ("3.2", "missing")),
    ({"assessment__problem_codes": (CodedTerm("own", "leak", "渗漏", "Leak"),)}, ("3.2", "not-imdrf")),
    ({"assessment__health_impact_codes": (coded("E", "E1703", "水疱", "Blister"),)}, ("3.3", "not-imdrf")),
    ({"assessment__uncoded_reasons": {"A": "new kind of fault"}}, ("3.2", "code-and-reason")),
    ({"use__implanted_on": PartialDate(date(2026, 5, 2)), "use__explanted_on": PartialDate(date(2026, 5, 1))},
     ("2.3", "explant-before-implant")),
    ({"product__representative": None}, ("1.3.3", "missing"))])
def test_what_an_authority_would_ask_back_is_found(places: dict[str, object], found: tuple[str, str]) -> None:
    assert found in codes(changed(CASE, **places))


@pytest.mark.parametrize(("places", "found"), [
    ({"assessment__cause": ""}, ("4.2", "no-cause")), ({"assessment__is_cause_confirmed": False}, ("4.2", "cause-not-confirmed")),
    ({"assessment__is_risk_reviewed": None}, ("4.2", "missing")), ({"assessment__conclusion_codes": ()}, ("4.2", "missing")),
    ({"head__earlier_reference": ""}, ("1.3.1.b", "no-earlier")), ({"similar": ()}, ("4.3", "similar-missing"))])
def test_a_final_report_must_end_the_case(places: dict[str, object], found: tuple[str, str]) -> None:
    assert found in codes(changed(FINAL, **places))


def test_a_reason_stands_for_codes_that_do_not_fit() -> None:
    none = {"assessment__problem_codes": (), "assessment__health_impact_codes": ()}
    assert ("3.2", "missing") not in codes(changed(CASE, **none, assessment__uncoded_reasons={"A": "a", "F": "f"}))
    final = changed(FINAL, assessment__finding_codes=(), assessment__uncoded_reasons={"C": "no test was possible"})
    assert ("4.2", "missing") not in codes(final)


@pytest.mark.parametrize(("places", "wanted"), [
    ({"head__rule_ids": ("UK-MD-01a",)}, "threat"), ({"event__seriousness": ("death", "hospitalised")}, "death"),
    ({}, "deterioration"), ({"event__is_expected": True}, "other"), ({"event__seriousness": ()}, "other")])
def test_the_gravest_class_holds(places: dict[str, object], wanted: str) -> None:
    assert classification(changed(CASE, **places)) == wanted


@pytest.mark.parametrize(("kind", "version", "wanted"), [
    (ReportKind.initial, 1, "initial"), (ReportKind.followup, 2, "followup"), (ReportKind.amendment, 2, "followup"),
    (ReportKind.final, 1, "combined"), (ReportKind.final, 2, "final"), (ReportKind.nullification, 2, "nonreportable")])
def test_the_type_of_report_follows_from_its_kind(kind: ReportKind, version: int, wanted: str) -> None:
    assert report_type(changed(CASE, head__kind=kind, head__version=version)) == wanted


@pytest.mark.parametrize(("age", "unit", "parts"), [
    (Decimal("68"), "a", {"years": 68}), (Decimal("1.5"), "a", {"years": 1, "months": 6}), (Decimal(7), "mo", {"months": 7}),
    (Decimal(2), "wk", {"days": 14}), (Decimal(3), "{decade}", {"years": 30}), (None, "a", {})])
def test_an_age_is_told_in_years_months_and_days(age: Decimal | None, unit: str, parts: dict[str, int]) -> None:
    assert age_parts(changed(CASE, patient__age=age, patient__age_unit=unit)) == parts


@pytest.mark.parametrize(("contact", "names"), [
    ("Anna Maria Beispiel", ("Anna Maria", "Beispiel")), ("周敏", ("敏", "周")), ("Support", ("Support", "Support")),
    ("", ("", ""))])
def test_a_contact_has_two_names(contact: str, names: tuple[str, str]) -> None:
    assert names_of(contact) == names


def test_similar_incidents_are_shown_by_region_and_year_with_their_rate() -> None:
    similar = (*CASE.similar, SimilarPeriod(2026, "XX", 9, Decimal(1)))
    table = similar_table(replace(CASE, similar=similar), "en")
    assert len(table.rows) == 12
    assert table.rows[0] == ("DE", "2026", "4", "13750", "290.9")
    unknown = similar_table(changed(CASE, similar=(SimilarPeriod(2026, "world", None, Decimal(0)),)), "en")
    assert unknown.rows[8] == ("World", "2026", "–", "0", "–")


def test_units_of_zero_with_incidents_are_seen() -> None:
    similar = tuple(replace(one, units=Decimal(0)) if (one.year, one.region) == (2026, "DE") else one
                    for one in CASE.similar)
    assert ("4.3", "similar-without-units") in codes(replace(FINAL, similar=similar))


@pytest.mark.parametrize("fmt", ["pdf", "pdf-zh"])
def test_the_pdf_has_sections_and_the_table_in_both_languages(fmt: str) -> None:
    document = pypdfium2.PdfDocument(FORMS["mir"].render(CASE, fmt).data)
    text = "".join(document[number].get_textpage().get_text_range() for number in range(len(document)))
    for words in (("4.3 Similar incidents", "290.9", "1.2.d Type of report") if fmt == "pdf" else
                  ("4.3 类似事件", "290.9", "1.2.d 报告类型", "阅读件")):
        assert words in text


def test_a_section_number_is_not_repeated_at_each_of_its_fields() -> None:
    cells = {cell.key: cell.label for group in fill(CASE).groups for cell in group.cells}
    assert (cells["batchNum"], cells["reportDate"]) == ("Lot or batch number", "1.2.a Date of submission")


LATER = {"head__version": 2, "head__report_number": "BfArM-2026-88", "head__earlier_reference": "v1"}
NOTHING_CODED = {f"assessment__{name}_codes": () for name in ("problem", "finding", "conclusion", "component",
                                                              "health_impact")}


@pytest.mark.parametrize("case", [
    CASE, FINAL, changed(CASE, **LATER, head__kind=ReportKind.followup),
    changed(FINAL, head__version=1, head__report_number=""),
    changed(CASE, **LATER, head__kind=ReportKind.nullification, head__reason="It was another maker's product.", similar=()),
    changed(FINAL, **NOTHING_CODED, event__reactions=(),
            assessment__uncoded_reasons=dict.fromkeys("ACDEFG", "There is no code for it."))],
    ids=["initial", "final", "followup", "combined", "not reportable", "without codes"])
def test_the_xml_holds_under_the_schema(case: CaseReport, schemas: Path) -> None:
    assert [finding.message for finding in xml_findings(case, schemas)] == []


def test_without_the_authoritys_number_a_later_report_is_refused_by_its_schema(schemas: Path) -> None:
    found = {finding.code for finding in xml_findings(changed(FINAL, head__report_number=""), schemas)}
    assert found >= {"schema", "xml-missing", "missing"}


def test_a_reason_for_having_no_code_puts_the_code_that_says_so() -> None:
    case = changed(CASE, assessment__problem_codes=(), assessment__uncoded_reasons={"A": "new kind of fault"})
    root = etree.fromstring(mir_xml(case)[0])
    place = "incident_info/clinical_event_info/imdrfCode"
    assert (root.findtext(f"{place}Choice1"), root.findtext(f"{place}Missing")) == ("A27", "new kind of fault")


def test_what_the_schema_refuses_is_told_with_its_line(schemas: Path) -> None:
    found = [finding for finding in xml_findings(changed(CASE, lot__number="X" * 1001), schemas)
             if finding.code == "schema"]
    assert "batchNum" in found[0].message and found[0].element == mir_number("batchNum")


def mir_number(key: str, version: str = "7.2.1") -> str:
    return next(field.number for field in mir_table(version).fields if field.key == key)


def test_the_schema_of_the_newer_version_is_asked_for_its_xml(tmp_path: Path) -> None:
    form = forms_with(write_schemas(tmp_path, "7.3.1"))["mir-7.3.1"]
    good = form.render(CASE, "xml")
    assert [finding.code for finding in good.findings if finding.code != "missing"] == ["names-of-7.2.1"]
    root = etree.fromstring(good.data)
    assert root.findtext("admin_info/mfrReportabilityAwarenessDate") == root.findtext("admin_info/mfrAwarenessDate")
    bad = form.render(changed(CASE, lot__number="X" * 1001), "xml")
    assert (mir_number("batchNum", "7.3.1"), "schema") in [(one.element, one.code) for one in bad.findings]


def test_a_schema_by_another_name_is_taken_when_it_is_the_only_one_of_the_version(tmp_path: Path) -> None:
    write_schemas(tmp_path, "7.3.1")
    (tmp_path / "incident-Initial-v7.3.1.xsd").rename(tmp_path / "MIR 7.3.1.xsd")
    codes = [one.code for one in forms_with(tmp_path)["mir-7.3.1"].render(CASE, "xml").findings]
    assert "no-schema" not in codes and "schema" not in codes


def test_a_file_that_is_no_schema_is_told(schemas: Path, tmp_path: Path) -> None:
    (tmp_path / "incident-Initial-v7.2.1.xsd").write_text("<a/>", encoding="utf-8")
    assert "bad-schema" in [one.code for one in xml_findings(CASE, tmp_path)]


def test_without_a_schema_the_report_says_that_nothing_checked_its_xml(schemas: Path) -> None:
    (found,) = xml_findings(CASE, None)
    assert (found.code, found.is_error) == ("no-schema", False)
    assert "incident-Initial-v7.2.1.xsd" in found.message
    assert "no-schema" in [finding.code for finding in xml_findings(CASE, schemas / "gone")]


@pytest.mark.parametrize(("places", "code"), [
    ({"lot__number": "X" * 1001}, "xml-too-long"), ({"product__ids": {"notified_body": "TÜV"}}, "xml-not-allowed"),
    ({"head__sender": replace(CASE.head.sender, postcode="")}, "xml-missing"), ({"use__device_location": ""}, "xml-missing")])
def test_the_table_of_elements_finds_what_the_schema_would(places: dict[str, object], code: str) -> None:
    assert code in [finding.code for finding in mir_xml(changed(CASE, **places))[1]]


@settings(max_examples=30, deadline=None)
@given(st.text(max_size=60), st.text(alphabet="\x00\x0b\ud800<&]]>\u2028 A", max_size=20))
def test_any_text_makes_a_document_that_can_be_read_back(narrative: str, name: str) -> None:
    data, _ = mir_xml(changed(CASE, event__narrative=f"a{narrative}{name}", product__brand=name))
    root = etree.fromstring(data)
    assert root.findtext("incident_info/clinical_event_info/eventDescription", "").startswith("a")


def test_no_more_than_six_codes_stand_in_the_xml() -> None:
    many = tuple(coded("A", f"A{number:04d}", "", "x") for number in range(9))
    data, findings = mir_xml(changed(CASE, assessment__problem_codes=many))
    assert [finding.values for finding in findings] == [{"most": 6, "count": 9}]
    root = etree.fromstring(data)
    found = [element.tag for element in root.iter() if str(element.tag).startswith("imdrfCodeChoice")]
    assert found == [f"imdrfCodeChoice{number}" for number in range(1, 7)]


def test_a_term_of_our_own_list_never_stands_for_an_imdrf_code() -> None:
    case = changed(CASE, assessment__problem_codes=(CodedTerm("own", "leak", "渗漏", "Leak"),))
    data, findings = mir_xml(case)
    assert (b"leak" in data, [finding.code for finding in findings]) == (False, ["xml-missing"])


def test_every_element_names_a_field_or_a_reader() -> None:
    keys = {field.key for field in mir_table().fields}
    assert [element for element in elements()
            if not (element.key in keys or (element.key.startswith("=") and element.key[1:] in READERS))] == []


def test_the_newer_version_says_that_its_names_are_not_confirmed() -> None:
    codes = {one.code: one.is_error for one in FORMS["mir-7.3.1"].render(CASE, "xml").findings}
    assert codes["names-of-7.2.1"] is False and codes["no-schema"] is False


def test_the_folder_of_the_schemas_is_a_setting(tmp_path: Path) -> None:
    assert read_settings({"TRACEAPP_MIR_XSD_DIR": str(tmp_path)}).mir_xsd_dir == tmp_path
    assert read_settings({}).mir_xsd_dir is None
    with pytest.raises(SettingsError, match="folder"):
        read_settings({"TRACEAPP_MIR_XSD_DIR": str(tmp_path / "gone")})
