"""Files for spreadsheets: safe to open, exact, and written row by row."""
from __future__ import annotations

import csv
import hashlib
import io
import json
import tracemalloc
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta, timezone
from decimal import Decimal
from typing import Any

import openpyxl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from traceapp.core.errors import InvalidInput
from traceapp.export import spreadsheet, workbook
from traceapp.export.spreadsheet import Column, Record, csv_chunks, json_chunks, table_file, write_table

COLUMNS = [Column("name", "名称 Name"), Column("value", "Value")]
AT = datetime(2026, 11, 22, 8, 0, tzinfo=UTC)


def written(form: str, rows: list[dict[str, Any]]) -> tuple[bytes, spreadsheet.Written]:
    with table_file() as file:
        result = write_table(file, form, COLUMNS, rows, ("Adverse events", AT))
        return file.read(), result


def read_csv(content: bytes) -> list[list[str]]:
    return list(csv.reader(io.StringIO(content.decode("utf-8-sig"), newline="")))


def test_a_csv_begins_with_a_byte_order_mark_and_its_titles() -> None:
    content, result = written("csv", [{"name": "敷料, “A”\nB", "value": Decimal("1.50")}, {"name": None}])
    assert content.startswith(b"\xef\xbb\xbf")
    assert read_csv(content) == [["名称 Name", "Value"], ["敷料, “A”\nB", "1.5"], ["", ""]]
    assert (result.rows, result.size_bytes) == (2, len(content))
    assert result.sha256 == hashlib.sha256(content).hexdigest()


@pytest.mark.parametrize("text", ["=1+1", "+86", "-1", "@SUM(A1)", "\t=1", "\r=1", "＝1", "=HYPERLINK(\"x\")"])
def test_a_text_that_looks_like_a_formula_is_disarmed_and_a_number_is_not(text: str) -> None:
    content = b"".join(csv_chunks(COLUMNS, [{"name": text, "value": Decimal("-2.5")}]))
    row = read_csv(content)[1]
    assert row == [f"'{text}", "-2.5"]
    xlsx, _ = written("xlsx", [{"name": text, "value": -3}])
    cells = list(openpyxl.load_workbook(io.BytesIO(xlsx)).active.iter_rows(min_row=2))[0]
    assert (cells[0].data_type, cells[1].value) == ("s", -3)


@given(st.lists(st.text(st.characters(exclude_categories=("Cs", "Cc")), max_size=12), max_size=4))
@settings(max_examples=60)
def test_no_cell_of_a_csv_starts_like_a_formula_and_every_text_comes_back(texts: list[str]) -> None:
    content = b"".join(csv_chunks(COLUMNS, [{"name": text} for text in texts]))
    for text, row in zip(texts, read_csv(content)[1:], strict=True):
        assert row[0].removeprefix("'") == text.removeprefix("'")
        assert not row[0].startswith(("=", "+", "-", "@"))


def test_an_xlsx_holds_texts_numbers_and_times_in_utc() -> None:
    shanghai = timezone(timedelta(hours=8))
    content, result = written("xlsx", [
        {"name": datetime(2026, 11, 22, 0, 30, tzinfo=shanghai), "value": Decimal("0.1")},
        {"name": ("redness", "itching"), "value": True}, {"name": date(2026, 2, 28), "value": Decimal("1" * 18)},
        {"name": "x" * 40_000, "value": None}])
    rows = list(openpyxl.load_workbook(io.BytesIO(content)).active.iter_rows(values_only=True))
    assert rows[0] == ("名称 Name", "Value")
    assert rows[1] == ("2026-11-21T16:30:00Z", 0.1)
    assert rows[2] == ("redness; itching", "1")
    assert rows[3] == ("2026-02-28", "1" * 18)
    assert len(rows[4][0]) == 32_767
    assert result.sha256 == hashlib.sha256(content).hexdigest()


def test_a_json_keeps_numbers_exact_and_lists_as_lists() -> None:
    content, result = written("json", [{"name": ["a", "b"], "value": Decimal("0.10")}, {"name": AT, "value": False}])
    document = json.loads(content)
    assert document["title"] == "Adverse events"
    assert document["rows"] == [{"name": ["a", "b"], "value": "0.1"},
                                {"name": "2026-11-22T08:00:00Z", "value": False}]
    assert json.loads(b"".join(json_chunks(COLUMNS, []))) == {"rows": []}
    assert result.rows == 2


@pytest.mark.parametrize("form", ["csv", "xlsx", "json"])
def test_memory_does_not_grow_with_the_number_of_rows(form: str) -> None:
    def rows(number: int) -> Iterator[Record]:
        return ({"name": f"row {i} " + "x" * 200, "value": i} for i in range(number))

    def peak(number: int) -> int:
        tracemalloc.start()
        with table_file() as file:
            assert write_table(file, form, COLUMNS, rows(number), ("T", AT)).rows == number
            _, most = tracemalloc.get_traced_memory()
        tracemalloc.stop()
        return most

    peak(10)
    assert peak(8_000) < 2 * peak(2_000) + 1_000_000


def test_what_a_sheet_cannot_hold_goes_on_in_further_sheets(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(workbook, "MOST_ROWS", 3)
    with table_file() as file:
        notes = workbook.Notes("Columns", [["Column"], ["=name"]])
        write_table(file, "xlsx", COLUMNS, [{"name": str(number)} for number in range(7)], ("Rows", AT), notes)
        book = openpyxl.load_workbook(file)
    assert book.sheetnames == ["Rows", "Columns", "Rows 2", "Rows 3"]
    told = [[row[0] for row in book[name].iter_rows(values_only=True)] for name in book.sheetnames]
    assert told == [["名称 Name", "0", "1", "2"], ["Column", "=name"], ["名称 Name", "3", "4", "5"], ["名称 Name", "6"]]
    assert [book[name].auto_filter.ref for name in book.sheetnames] == ["A1:B4", None, "A1:B4", "A1:B2"]
    assert {book[name].freeze_panes for name in book.sheetnames} == {"A2"}
    assert book["Columns"]["A2"].data_type == "s"


def test_an_unknown_format_is_refused() -> None:
    with pytest.raises(InvalidInput) as refused:
        written("xls", [])
    assert refused.value.place == "format"
