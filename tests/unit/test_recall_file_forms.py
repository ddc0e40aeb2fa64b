"""Files for authorities of a recall: every field that the law lists, nothing blank, nothing made up."""
from __future__ import annotations

import io
import json
import re
import zipfile
from dataclasses import replace
from decimal import Decimal as D
from xml.etree import ElementTree as ET

import openpyxl
import pypdfium2
import pytest

from tests.factories_recall_files import FIRM, make_consignees, make_dossier
from traceapp.export.recall_files import KINDS, answer_readers
from traceapp.export.recall_files.fields import missing_fields, said, untranslated_fields, writable_fields
from traceapp.export.recall_files.readers import address
from traceapp.export.recall_files.rendering import LISTED_CONSIGNEES, bytes_of, copies_of

_WORD = "{http://schemas.openxmlformats.org/wordprocessingml/2006/main}"
WHOLE = make_dossier()


def copy_of(name: str, form: str, language: str = "", count: int = 2, **changes: object) -> bytes:
    """The bytes of one form of a file."""
    return next(bytes_of(one) for one in copies_of(KINDS[name], make_dossier(**changes), make_consignees(count))
                if one.form == form and one.language in (language, "" if form == "json" else language))


def words_of_docx(data: bytes) -> str:
    with zipfile.ZipFile(io.BytesIO(data)) as package:
        return "\n".join(one.text or "" for one in ET.fromstring(package.read("word/document.xml")).iter(f"{_WORD}t"))


def words_of_pdf(data: bytes) -> str:
    document = pypdfium2.PdfDocument(data)
    return "\n".join(page.get_textpage().get_text_range() for page in document)


@pytest.mark.parametrize(("name", "paragraphs"), [
    ("us_806", [f"21 CFR 806.10(c)({number})" for number in range(1, 14)]),
    ("us_746", [f"21 CFR 7.46(a)({number})" for number in range(1, 10)]),
    ("us_status", [f"21 CFR 7.53(b)({number})" for number in range(1, 7)])])
def test_every_paragraph_of_the_law_has_a_field(name: str, paragraphs: list[str]) -> None:
    assert set(paragraphs) <= {one.place for one in KINDS[name].fields}


def test_the_chinese_forms_have_every_item_of_their_annexes() -> None:
    event = {one.zh for one in KINDS["cn_event"].fields}
    for item in ("产品名称", "注册证或者备案凭证编码", "生产企业", "产品的适用范围", "涉及地区和国家", "涉及产品型号、规格",
                 "涉及产品生产（或进口中国）数量", "涉及产品在中国的销售数量", "识别信息（如批号）"):
        assert item in event
    progress = {one.zh for one in KINDS["cn_progress"].fields}
    assert {"应当通知数", "已通知数", "通知时间", "通知方式", "应当召回数量", "有效性检查情况", "召回产品的处理措施",
            "完成召回需要时间估计"} <= progress
    assert [one.mark for one in KINDS["cn_assessment"].groups[1].fields] == [
        f"（{number}）" for number in "一二三四五六七八"]


@pytest.mark.parametrize("kind", KINDS.values(), ids=KINDS)
def test_a_field_has_its_own_key_both_names_and_a_source(kind) -> None:  # type: ignore[no-untyped-def]
    keys = [one.key for one in kind.fields]
    assert len(keys) == len(set(keys))
    for one in kind.fields:
        assert one.zh and one.en and one.source
        assert one.read is not None or not one.table
        assert re.search(r"[\u4e00-\u9fff]", one.zh) and not re.search(r"[\u4e00-\u9fff]", one.en)
        assert len(one.key) <= 40


def test_what_a_case_holds_is_never_asked_of_a_person() -> None:
    asked = {name: {one.key for one in missing_fields(kind, WHOLE)} for name, kind in KINDS.items()}
    assert asked == {
        "cn_event": {"responsible", "head"}, "cn_assessment": {"conformity"},
        "cn_plan": {"responsible", "publication", "expected", "disposal"},
        "cn_progress": {"responsible", "disposal", "completion", "head"},
        "cn_closing": {"responsible", "effect", "disposal", "ended_at", "head"},
        "us_806": {"sequence_number", "report_type", "responsible", "listing_number"}, "us_746": set(),
        "us_status": {"completion"}, "eu_fsca": {"authority", "other_authorities"},
        "eu_fsn": {"attention", "follow_up", "authority_told"}}


def test_a_required_field_without_content_says_so_where_it_stands_and_at_the_end() -> None:
    text = words_of_docx(copy_of("us_806", "docx", "en"))
    assert text.count("NOT AVAILABLE. Required by 21 CFR 806.10(c).") == 4
    assert "Required and not available" in text
    assert "Device listing number" in text.split("Required and not available")[1]
    chinese = words_of_pdf(copy_of("cn_plan", "pdf", "zh")).replace("\r\n", "")
    assert "未提供。" in chinese and "召回信息的公布途径与范围" in chinese.split("法规要求但尚未提供的内容")[1]


def test_what_somebody_wrote_stands_in_the_file_and_is_missing_no_more() -> None:
    told = make_dossier(written={"completion": "by 31 January 2027"})
    assert missing_fields(KINDS["us_status"], told) == ()
    assert "by 31 January 2027" in words_of_docx(copy_of("us_status", "docx", "en", written=told.written))
    assert "Complete: every required field is filled." in words_of_docx(
        copy_of("us_status", "docx", "en", written=told.written))


def test_what_the_case_says_is_not_written_over_unless_it_is_in_another_language() -> None:
    kind = KINDS["us_746"]
    reason = next(one for one in kind.fields if one.key == "reason")
    forged = make_dossier(written={"reason": "nothing happened"})
    assert said(reason, forged, "en") == "14 complaints where 3 were expected"
    assert reason not in writable_fields(kind, forged)
    chinese = replace(forged, reason="投诉 14 件，预期 3 件")
    assert said(reason, chinese, "en") == "nothing happened"
    assert reason in untranslated_fields(kind, replace(chinese, written={}))


def test_every_form_of_a_file_says_the_same() -> None:
    for words in (words_of_docx(copy_of("us_806", "docx", "en")), words_of_pdf(copy_of("us_806", "pdf", "en"))):
        assert "1234567-2026-00001" in words
        assert "1,000 pcs" in words
        assert "Clinic 1" in words
    sheet = openpyxl.load_workbook(io.BytesIO(copy_of("us_806", "xlsx", "en"))).active
    cells = {str(cell.value) for row in sheet.iter_rows() for cell in row if cell.value}
    assert "K123456" in cells and "Clinic 1" in cells
    data = json.loads(copy_of("us_806", "json"))
    by_key = {one["key"]: one for one in data["fields"]}
    assert by_key["marketing_status"]["value"] == {"en": "K123456"}
    assert by_key["listing_number"]["value"] == {"en": None}
    assert data["missing"] == ["sequence_number", "report_type", "responsible", "listing_number"]
    assert data["rows"][1]["shipments"] == ["2026-03-01: 6", "2026-03-09: -1"]


@pytest.mark.parametrize("kind", KINDS.values(), ids=KINDS)
def test_every_field_of_every_file_is_printed_in_each_of_its_languages(kind) -> None:  # type: ignore[no-untyped-def]
    for language in kind.languages:
        words = words_of_docx(copy_of(kind.name, "docx", language)).splitlines()
        for one in kind.fields:
            assert f"{one.number} {one.title(language)}".strip() in words
            assert set(said(one, WHOLE, language).splitlines()) <= {line.strip() for line in words}


def test_the_reconciliation_of_a_safety_action_names_every_place_of_a_unit() -> None:
    progress = next(one for one in KINDS["eu_fsca"].fields if one.key == "progress")
    assert said(progress, WHOLE, "en").endswith(
        "shipped 550 pcs; returned 150 pcs; destroyed 0 pcs; corrected 0 pcs; used 200 pcs; passed on 0 pcs; "
        "not accounted for 100 pcs")


def test_a_long_list_of_consignees_is_complete_beside_the_document() -> None:
    count = LISTED_CONSIGNEES + 50
    text = words_of_docx(copy_of("us_806", "docx", "en", count))
    assert f"{count} lines. The first {LISTED_CONSIGNEES} follow" in text
    assert "RC-2611-AAAA-us_806-v1-consignees.xlsx" in text
    assert f"Clinic {count - 1}" not in text
    sheet = openpyxl.load_workbook(io.BytesIO(copy_of("us_806", "consignees", "en", count)), read_only=True).active
    rows = list(sheet.iter_rows(values_only=True))
    assert len(rows) == count + 1
    assert rows[-1][1] == f"Clinic {count - 1}" and rows[-1][6] == f"{count - 1} Main Road"
    assert (rows[-1][7], rows[-1][8], rows[-1][11]) == ("215000", "0512-3333", 5)  # numbers of things stay text
    assert len(json.loads(copy_of("us_806", "json", count=count))["rows"]) == count


def test_the_list_of_consignees_keeps_its_head_in_sight_and_room_for_addresses() -> None:
    sheet = openpyxl.load_workbook(io.BytesIO(copy_of("cn_plan", "consignees", "zh"))).active
    assert sheet.freeze_panes == "A2" and sheet.auto_filter.ref == "A1:X3"
    assert sheet["G1"].value == "地址" and sheet.column_dimensions["G"].width > sheet.column_dimensions["K"].width


def test_a_day_and_a_gtin_fit_into_their_columns_of_the_sheet() -> None:
    sheet = openpyxl.load_workbook(io.BytesIO(copy_of("us_806", "xlsx", "en"))).active
    width = sheet.column_dimensions["A"].width  # one for all of the grid
    spans = {str(sheet.cell(one.min_row, one.min_col).value): (one.max_col - one.min_col + 1) * width
             for one in sheet.merged_cells.ranges}
    assert spans["2026-02-10"] >= len("2026-02-10") and spans["06901234500011"] >= 14
    assert len({one.max_col for one in sheet.merged_cells.ranges if one.min_col == 1 and one.max_col > 40}) == 1


def test_what_is_signed_by_hand_has_a_line_and_the_scope_its_hash() -> None:
    report = words_of_docx(copy_of("cn_event", "docx", "zh"))
    assert report.count("签字：____") == 2 and f"SHA-256 {'ab' * 32}" in report
    notice = words_of_docx(copy_of("eu_fsn", "docx", "en"))
    assert notice.count("Signature: ____") == 1 and "SHA-256" not in notice


@pytest.mark.parametrize(("language", "country", "said"), [
    ("zh", "CN", "江苏Suzhou1 Canal Road；邮编 215000"), ("zh", "DE", "德国江苏Suzhou1 Canal Road；邮编 215000"),
    ("en", "CN", "1 Canal Road, 215000 Suzhou, Jiangsu, China"), ("en", "", "1 Canal Road, 215000 Suzhou, Jiangsu")])
def test_an_address_reads_as_its_reader_writes_it(language: str, country: str, said: str) -> None:
    assert address(replace(FIRM, country=country, postcode="215000"), language) == said


def test_what_is_told_and_answered_is_a_sentence() -> None:
    words = words_of_docx(copy_of("us_status", "docx", "en"))
    assert "2 of 2 told" in words and "1 of 2 answered" in words
    assert "应通知 2 家，已通知 2 家" in words_of_docx(copy_of("cn_event", "docx", "zh"))
    assert "中国（2 家）" in words_of_docx(copy_of("cn_plan", "docx", "zh"))


def test_a_notice_to_users_has_no_figures_of_our_stock_and_both_languages() -> None:
    english, chinese = (words_of_docx(copy_of("eu_fsn", "docx", language)) for language in ("en", "zh"))
    assert "1,000 pcs" not in english and "450 pcs" not in english
    assert "A0001–A0900" in english
    assert "Urgent field safety notice" in english and "现场安全通知" in chinese
    assert "Stop using it" in english and "停止使用" in chinese
    assert not {"voluntary", "precautionary"} & set(english.lower().split())


def test_units_that_were_destroyed_corrected_or_passed_on_are_counted_where_the_law_asks_for_them() -> None:
    figures = (replace(WHOLE.figures[0], passed_on=D(40), destroyed=D(7), corrected=D(3)),)
    told = replace(WHOLE, figures=figures, disposed=(("destroy", "EA", D(120)),), classes={"CN": "I"},
                   told=replace(WHOLE.told, passed_named=3, passed_told=2, passed_names=("Ward 7",)))

    def text(kind: str, key: str, language: str) -> str:
        return said(next(one for one in KINDS[kind].fields if one.key == key), told, language)

    assert text("us_status", "returned", "en") == "160 pcs"  # 150 + 7 + 3
    assert text("us_status", "accounted", "en") == "500 pcs"  # 100 + 200 + 40 + 150 + 7 + 3
    assert text("us_status", "checks", "en").endswith("share of all direct consignees, with 95 % certainty: 70% – 90%")
    assert text("cn_progress", "recalled", "zh") == "160 件"
    assert text("cn_closing", "disposal", "zh") == "销毁 120 件"
    assert text("us_806", "other_recipients", "en") == "named so far: 3, told: 2: Ward 7 … (and 2 more)"
    assert (text("cn_closing", "grade", "zh"), text("us_746", "strategy", "en").split("\n")[0]) == ("一级召回", "Class II")


def test_a_file_of_a_drill_says_that_it_is_one() -> None:
    assert "DRILL: not to be sent." in words_of_docx(copy_of("us_status", "docx", "en", is_drill=True))
    assert json.loads(copy_of("us_status", "json", is_drill=True))["is_drill"] is True


def test_equal_cases_give_equal_documents() -> None:
    for form in ("docx", "pdf", "json"):
        assert copy_of("cn_event", form, "zh") == copy_of("cn_event", form, "zh")


def test_what_was_on_hand_when_the_notice_came_counts_what_left_since() -> None:
    (sums,) = make_dossier().figures
    dossier = make_dossier(figures=(replace(sums, on_hand=D(5), returned=D(150), destroyed=D(40), corrected=D(5)),))
    assert answer_readers.answered(dossier, "en") == "1 of 2 answered; on hand when the notice was received: 200 pcs"


def test_the_manufacturer_is_named_beside_the_reporter_only_where_it_is_another() -> None:
    dossier = make_dossier()
    (place,) = [one for one in KINDS["us_806"].fields if one.key == "manufacturer"]
    other = replace(FIRM, name_en="Other Maker", contact_name="Wu", phone="0571-1", email="wu@other.example")
    assert place.read is not None
    assert place.read(dossier, "en") == ""
    found = place.read(replace(dossier, markets=tuple(replace(one, manufacturer=other) for one in dossier.markets)), "en")
    assert found.startswith("Other Maker; ")
    assert "Wu, 0571-1, wu@other.example" in found
