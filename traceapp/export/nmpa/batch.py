"""Many device reports as one table, a row a case, under the column names of the national system. Pure."""
from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import datetime
from functools import cache
from typing import BinaryIO

from traceapp.export.case_report import CaseReport, ReportKind
from traceapp.export.form_fields import cell_of, read_rows
from traceapp.export.spreadsheet import Column, Record, Written, write_table

from .tables import device_table


@cache
def _sources() -> tuple[tuple[str, str], ...]:
    return tuple((row["zh"], row["source"]) for row in read_rows("traceapp.export.nmpa", "batch_columns.csv"))


def batch_columns() -> list[Column]:
    """The columns of the system in their order; those that the system itself fills stay empty."""
    return [Column(title, title) for title, _ in _sources()]


def batch_rows(cases: Iterable[CaseReport]) -> Iterator[Record]:
    """One row a case; of a field with options the ones that hold."""
    table = device_table()
    fields = {field.key: field for field in table.fields}
    for case in cases:
        row: dict[str, str] = {}
        for title, source in _sources():
            if source in fields:
                cell = cell_of(case, fields[source], table, "zh")
                row[title] = cell.text or "、".join(name for name, held in cell.choices if held)
        is_wrong = case.head.kind is ReportKind.nullification
        row["是否为错报误报报告"] = "是" if is_wrong else "否"
        row["错报误报说明"] = case.head.reason if is_wrong else ""
        yield row


def write_batch(file: BinaryIO, form: str, cases: Iterable[CaseReport], at: datetime) -> Written:
    """Write the cases as `xlsx` or `csv`. Raises InvalidInput for another form."""
    return write_table(file, form, batch_columns(), batch_rows(cases), ("医疗器械不良事件报告", at))
