"""Table forms on A4: what was filled in stands there, long rows go on over pages, boxes are ticked."""
from __future__ import annotations

from datetime import UTC, datetime
from io import BytesIO

import openpyxl
import pypdfium2
import pytest

from traceapp.export.form_pdf import form_pdf
from traceapp.export.form_sheet import Cell, FilledForm, Group, Table
from traceapp.export.form_xlsx import form_xlsx

AT = datetime(2026, 11, 20, 2, 30, tzinfo=UTC)


def filled(*cells: Cell, table: Table | None = None, language: str = "zh", masked: bool = False) -> FilledForm:
    return FilledForm("报告表", "R-1", AT, [Group("一、情况", cells, table)], language, is_masked=masked)


def pages(form: FilledForm) -> list[str]:
    document = pypdfium2.PdfDocument(form_pdf(form))
    return [document[number].get_textpage().get_text_range() for number in range(len(document))]


def dark(form: FilledForm) -> int:
    """How many dots of the first page are dark."""
    picture = pypdfium2.PdfDocument(form_pdf(form))[0].render(scale=2).to_pil().convert("L")
    return sum(count for grey, count in enumerate(picture.histogram()) if grey < 100)


def test_titles_values_the_code_and_the_page_stand_on_the_sheet() -> None:
    (text,) = pages(filled(Cell("1.1", "产品批号", "B26031501", width=6), Cell("1.2", "型号", "10 cm×10 cm", width=6)))
    for words in ("报告表", "一、情况", "1.1 产品批号", "B26031501", "10 cm×10 cm", "报告编码：R-1", "第 1 页，共 1 页"):
        assert words in text


def test_a_page_is_a4_and_equal_forms_are_equal_bytes() -> None:
    form = filled(Cell("1", "项目", "值"))
    assert form_pdf(form) == form_pdf(form)
    size = pypdfium2.PdfDocument(form_pdf(form))[0].get_size()
    assert [round(length / 72 * 25.4) for length in size] == [210, 297]


def test_a_long_text_goes_on_over_pages_and_nothing_is_lost() -> None:
    sentences = [f"第{number}句说明发生了什么。" for number in range(900)]
    found = pages(filled(Cell("4.5", "使用过程", "".join(sentences)), Cell("4.6", "合并用药", "无")))
    assert len(found) > 2
    whole = "".join(found)
    assert [whole.count(character) for character in "第说么"] == [900 + len(found), 900, 1800 // 2]
    assert whole.count("（续）") == len(found) - 1
    assert f"第 {len(found)} 页，共 {len(found)} 页" in found[-1]


def test_a_short_row_is_never_parted() -> None:
    cells = [Cell(str(number), "项目", "两行\n文字") for number in range(40)]
    found = pages(filled(*cells))
    assert len(found) > 1
    assert all(page.count("两行") == page.count("文字") for page in found)


def test_a_word_longer_than_its_room_is_broken() -> None:
    (text,) = pages(filled(Cell("1", "UDI", "X" * 300)))
    assert text.count("X") == 300


def test_a_ticked_box_is_darker_than_an_open_one() -> None:
    assert dark(filled(Cell("1", "伤害", choices=(("死亡", True),)))) > dark(filled(Cell("1", "伤害", choices=(("死亡", False),))))


@pytest.mark.parametrize("text", ["a\x00b\x1bc", "😀 表情", "\ud800", "tab\tstop", "", "a\u202eb", "ℬ₂", "行一\r\n行二"])
def test_any_text_can_be_set(text: str) -> None:
    assert pages(filled(Cell("1", "项目", text)))


def test_a_table_has_its_heads_and_numbers() -> None:
    (text,) = pages(filled(table=Table(("年份", "数量"), (("2026", "41250"), ("2025", "96000")), (3, 2))))
    assert all(word in text for word in ("年份", "41250", "96000"))


def test_a_long_table_repeats_its_heads_on_every_page() -> None:
    rows = tuple((f"第{number}行", str(number)) for number in range(120))
    found = pages(filled(table=Table(("名称", "数量"), rows, (3, 2))))
    assert len(found) > 2
    assert all("名称 数量" in page for page in found)
    assert "".join(found).count("行") == 120


def test_a_masked_form_says_so_on_every_page() -> None:
    found = pages(filled(Cell("1", "过程", "句子。" * 3000), masked=True))
    assert all("已隐去个人信息" in page for page in found)
    assert "Personal details masked" in pages(filled(Cell("1", "a", "b"), language="en", masked=True))[0]


def test_the_spreadsheet_has_the_same_words_and_no_formula() -> None:
    form = filled(Cell("1", "项目", "=1+1", width=6), Cell("2", "伤害", choices=(("死亡", False), ("其他", True)), width=6),
                  table=Table(("年份", "数量"), (("2026", "41250"),), (3, 2)))
    sheet = openpyxl.load_workbook(BytesIO(form_xlsx(form))).active
    assert sheet is not None
    values = [cell.value for row in sheet.iter_rows() for cell in row if cell.value]
    assert values == ["报告表", "一、情况", "1 项目", "=1+1", "2 伤害", "☐\u00a0死亡  ☑\u00a0其他", "年份", "数量", "2026", "41250"]
    assert all(cell.data_type != "f" for row in sheet.iter_rows() for cell in row)
    assert sheet.page_setup.paperSize == 9
