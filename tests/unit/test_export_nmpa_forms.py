"""The Chinese forms: every field in its place, and what a reviewer would send back."""
from __future__ import annotations

import csv
from datetime import UTC, date, datetime
from decimal import Decimal
from io import BytesIO, StringIO
from typing import get_type_hints

import openpyxl
import pypdfium2
import pytest

from tests.factories_case_report import changed, cosmetic_case, device_case, drug_case
from traceapp.core.errors import InvalidInput
from traceapp.export.case_report import CaseReport, Finding, PartialDate, ReportKind
from traceapp.export.form_fields import FormField, columns_are_full
from traceapp.export.forms import FORMS
from traceapp.export.nmpa.batch import batch_columns
from traceapp.export.nmpa.checks import check_cosmetic, check_device, check_drug, check_paper
from traceapp.export.nmpa.render import fill
from traceapp.export.nmpa.tables import CONDITIONS, cosmetic_table, device_table, drug_table, paper_table

TABLES = {"nmpa-device": device_table, "nmpa-device-paper": paper_table, "nmpa-drug": drug_table,
          "nmpa-cosmetic": cosmetic_table}
CASES = {"nmpa-device": device_case, "nmpa-device-paper": device_case, "nmpa-drug": drug_case,
         "nmpa-cosmetic": cosmetic_case}


def cells(form: str, case: CaseReport, language: str = "zh") -> dict[str, str]:
    return {cell.key: cell.words for group in fill(form, case, language).groups for cell in group.cells}


def codes(findings: list[Finding]) -> list[tuple[str, str]]:
    return [(finding.element, finding.code) for finding in findings]


def resolves(path: str) -> bool:
    kind: object = CaseReport
    for name in path.split("."):
        hints = get_type_hints(kind)
        if name not in hints:
            return False
        kind = hints[name]
        kind = next((one for one in getattr(kind, "__args__", ()) if hasattr(one, "__dataclass_fields__")), kind)
    return True


@pytest.mark.parametrize("form", TABLES)
def test_every_row_of_a_table_can_be_read(form: str) -> None:
    table = TABLES[form]()
    for field in table.fields:
        assert field.source[1:] in table.readers if field.source.startswith("=") else resolves(field.source), field
        assert field.need in ("required", "optional") or field.need in CONDITIONS, field
        assert field.kind in ("text", "date", "choice", "yesno"), field
        assert field.codes in table.codes if field.kind == "choice" else not field.codes, field
    assert len({field.key for field in table.fields}) == len(table.fields)
    assert columns_are_full(table.fields)


def test_a_table_whose_rows_leave_holes_is_seen() -> None:
    field = FormField("1", "组", "Group", "项", "Item", "lot.number", "text", "optional", "", 6)
    assert not columns_are_full([field])


def test_the_paper_form_has_its_23_items() -> None:
    numbers = [field.number for field in paper_table().fields]
    assert [number for number in numbers if number.isdigit()] == [str(number) for number in range(1, 24)]


def test_the_device_form_has_its_seven_groups_with_what_the_case_says() -> None:
    form = fill("nmpa-device", device_case())
    assert [group.title[0] for group in form.groups] == list("一二三四五六七")
    found = cells("nmpa-device", device_case())
    assert found["lot"] == "B26031501"
    assert found["harm_class"] == "☐\u00a0死亡  ☑\u00a0严重伤害  ☐\u00a0其他"
    assert (found["made_on"], found["known_date"], found["age"]) == ("2026-03-15", "2026-11-10", "68 岁")
    assert found["category"] == "☐\u00a0有源  ☑\u00a0无源  ☐\u00a0体外诊断试剂"
    assert cells("nmpa-device", device_case(), "en")["product_name"] == "Hydrocolloid dressing"


@pytest.mark.parametrize("form", TABLES)
@pytest.mark.parametrize("fmt", ["pdf", "xlsx", "pdf-en"])
def test_a_form_is_a_file_with_its_batch_number(form: str, fmt: str) -> None:
    case = CASES[form]()
    made = FORMS[form].render(case, fmt)
    assert made.name == f"{form}-AE-2611-7F3K2M-v1{'-en' if fmt == 'pdf-en' else ''}.{fmt[:4].rstrip('-')}"
    if fmt == "xlsx":
        sheet = openpyxl.load_workbook(BytesIO(made.data)).active
        assert sheet is not None
        text = "\n".join(str(cell.value) for row in sheet.iter_rows() for cell in row if cell.value)
    else:
        document = pypdfium2.PdfDocument(made.data)
        text = "\n".join(document[number].get_textpage().get_text_range() for number in range(len(document)))
    assert case.lot.number in text
    assert ("批号" if fmt != "pdf-en" else "Reading copy") in text


def test_a_format_that_a_form_has_not_is_refused() -> None:
    with pytest.raises(InvalidInput, match="docx"):
        FORMS["nmpa-device"].render(device_case(), "docx")


def test_complete_cases_have_no_finding() -> None:
    assert list(check_device(device_case())) == []
    assert list(check_paper(device_case())) == []
    assert codes(list(check_drug(drug_case()))) == [("3.11", "missing")]
    assert list(check_drug(changed(drug_case(), event__disease_effect="none"))) == []
    assert list(check_cosmetic(cosmetic_case())) == []


@pytest.mark.parametrize(("places", "found"), [
    ({"product__registration_number": ""}, ("2.2", "missing")),
    ({"lot__number": "YY/T 0471-2004"}, ("2.8", "lot-is-standard")),
    ({"lot__number": ""}, ("2.8", "missing")),
    ({"lot__expires_on": date(2026, 3, 1)}, ("2.12", "expiry-before-production")),
    ({"lot__expires_on": date(2029, 3, 25)}, ("2.12", "shelf-life-not-months")),
    ({"event__began_on": PartialDate(date(2026, 11, 6))}, ("3.1", "event-before-use")),
    ({"event__began_on": PartialDate(date(2026, 11, 8), "month")}, ("3.1", "day-not-known")),
    ({"event__began_on": PartialDate(date(2026, 11, 12))}, ("3.2", "known-before-event")),
    ({"use__began_on": PartialDate(date(2027, 1, 1)), "event__began_on": None}, ("3.2", "known-before-use")),
    ({"lot__made_on": date(2026, 12, 1), "lot__expires_on": date(2029, 11, 30)}, ("2.11", "in-the-future")),
    ({"event__outcome": "fatal"}, ("3.3", "class-against-outcome")),
    ({"head__created_at": datetime(2026, 11, 30, 16, 0, tzinfo=UTC)}, ("1.2", "late")),
    ({"assessment__measures": "", "assessment__remedial_actions": ()}, ("7.3", "missing")),
    ({"assessment__risk_evaluation_due_on": None}, ("6.5", "missing")),
    ({"event__place_name": ""}, ("4.4", "missing"))])
def test_what_a_reviewer_would_send_back_is_found(places: dict[str, object], found: tuple[str, str]) -> None:
    assert found in codes(list(check_device(changed(device_case(), **places))))


@pytest.mark.parametrize(("criteria", "days", "is_late"), [
    (("death",), 7, False), (("death",), 8, True), (("disabling",), 20, False), (("disabling",), 21, True),
    ((), 30, False), ((), 31, True)])
def test_a_device_report_is_late_by_its_class_of_harm(criteria: tuple[str, ...], days: int, is_late: bool) -> None:
    # Learned on 10 November in China; the last second of the last day is still in time.
    made = datetime(2026, 11, 10, 15, 59, 59, tzinfo=UTC).timestamp() + days * 86_400
    case = changed(device_case(), event__seriousness=criteria, head__created_at=datetime.fromtimestamp(made, UTC),
                   head__rule_ids=())
    assert ("late" in [code for _, code in codes(list(check_device(case)))]) is is_late


def test_what_could_have_harmed_has_the_days_of_serious_harm() -> None:
    case = changed(device_case(), event__seriousness=(), head__created_at=datetime(2026, 12, 1, tzinfo=UTC))
    assert ("1.2", "late") in codes(list(check_device(case)))
    assert ("1.2", "late") not in codes(list(check_device(changed(case, head__rule_ids=("CN-MD-11",)))))


def test_what_happened_abroad_has_thirty_days() -> None:
    case = changed(device_case(), head__created_at=datetime(2026, 12, 5, tzinfo=UTC))
    assert ("1.2", "late") in codes(list(check_device(case)))
    assert ("1.2", "late") not in codes(list(check_device(changed(case, event__is_overseas=True))))


def test_the_other_forms_name_the_same_faults_at_their_own_fields() -> None:
    late = datetime(2026, 11, 30, tzinfo=UTC)
    wrong = {"lot__number": "GB 15979-2002", "lot__expires_on": date(2020, 1, 1), "head__created_at": late}
    assert set(codes(list(check_paper(changed(device_case(), **wrong))))) == {
        ("15.2", "lot-is-standard"), ("17", "expiry-before-production")}
    assert {("2.5", "lot-is-standard"), ("2.6", "expiry-before-production"), ("5.8", "late")} == {
        one for one in codes(list(check_drug(changed(drug_case(), **wrong)))) if one[1] != "missing"}
    large = changed(cosmetic_case(), head__rule_ids=("CN-CO-03",))
    assert ("报告日期", "late") in codes(list(check_cosmetic(large)))


def test_a_day_that_is_not_known_is_the_first_and_explained() -> None:
    found = cells("nmpa-device", changed(device_case(), event__began_on=PartialDate(date(2026, 11, 8), "month"),
                                         patient__born_on=PartialDate(date(1958, 4, 1), "year")))
    assert (found["event_date"], found["born_on"]) == ("2026-11-01（仅知年月）", "1958-01-01（仅知年份）")


def test_the_drug_form_lists_what_was_used_with_it() -> None:
    groups = fill("nmpa-drug", drug_case()).groups
    tables = [group.table for group in groups if group.table]
    assert tables[0] and tables[0].rows[0][1] == "阿司匹林肠溶片"
    found = cells("nmpa-drug", changed(drug_case(), event__is_expected=False))
    assert found["report_type"].count("☑") == 2
    assert found["causality"].split("  ")[1] == "☑\u00a0很可能"


def test_only_coded_terms_tick_the_signs_of_the_skin() -> None:
    found = cells("nmpa-cosmetic", cosmetic_case())
    assert found["symptoms"].startswith("☑\u00a0瘙痒")
    assert found["lesions"].startswith("☑\u00a0红斑  ☐")
    assert found["lesions"].endswith("☑\u00a0其他：伤口不愈合")


def test_sites_are_ticked_by_whole_words_in_either_language() -> None:
    words = ("面部", "Round the eyes", "颈", "手背")
    found = cells("nmpa-cosmetic", changed(cosmetic_case(), event__body_sites=words))["sites"]
    assert [word[2:] for word in found.split("  ") if word.startswith("☑")] == ["面部", "眼周", "颈部", "其他：手背"]


@pytest.mark.parametrize(("fmt", "first"), [("csv", "报告编码"), ("xlsx", "报告编码")])
def test_many_cases_are_one_table_under_the_systems_column_names(fmt: str, first: str) -> None:
    wrong = changed(device_case(), head__kind=ReportKind.nullification, head__reason="重复上报")
    render = FORMS["nmpa-device"].render_many
    assert render is not None
    made = render([device_case(), wrong], fmt)
    if fmt == "csv":
        rows = list(csv.reader(StringIO(made.data.decode("utf-8-sig"))))
    else:
        sheet = openpyxl.load_workbook(BytesIO(made.data)).active
        assert sheet is not None
        rows = [[str(value or "") for value in row] for row in sheet.iter_rows(values_only=True)]
    assert rows[0][0] == first
    assert rows[0] == [column.title for column in batch_columns()]
    one, two = (dict(zip(rows[0], row, strict=True)) for row in rows[1:])
    assert (one["产品批号"], one["伤害"], one["是否为错报误报报告"]) == ("B26031501", "严重伤害", "否")
    assert (two["是否为错报误报报告"], two["错报误报说明"], two["合并报告编码"]) == ("是", "重复上报", "")


def test_what_was_ticked_of_a_cosmetic_reaction_stands_in_the_form_of_cosmetics() -> None:
    told = changed(cosmetic_case(), event__symptoms=("burning",), event__lesions=("papule",), event__lesion_area="3 cm",
                   event__onset_after=(Decimal(1), "h"), event__patch_test="positive", event__patch_test_text="1:10",
                   use__dechallenge="abated", use__rechallenge="not_done")
    zh, en = cells("nmpa-cosmetic", told), cells("nmpa-cosmetic", told, "en")
    assert ("灼热感" in zh["symptoms"], "丘疹" in zh["lesions"], zh["latency"]) == (True, True, "开始使用后 1 小时")
    assert en["latency"] == "1 hour after first use"
    assert zh["process"].endswith("停用后：消失或减轻\n再次使用：未再使用\n皮损面积：3 cm\n斑贴试验：阳性，1:10")
    assert en["process"].endswith("Used again: not done\nSize of the area: 3 cm\nPatch test: positive, 1:10")
