"""Columns out of an analyst's CSV file, with the row and column of whatever is wrong."""
from __future__ import annotations

import csv
from collections.abc import Iterable, Sequence
from typing import TypeVar

from traceapp.core.errors import InvalidInput

Number = TypeVar("Number", int, float)


# Above it a count is not exact any more when it is divided.
LARGEST_CELL = 10**15
# What analysts' files call the same thing, in both languages; of several the first that is asked for.
_OTHER_NAMES = {
    "leaf": ("node",), "id": ("node",), "count": ("cases",), "c": ("cases",), "pop": ("population",),
    "trials": ("population",), "units": ("population",), "from": ("parent",), "to": ("child",),
    "报告": ("report",), "报告编号": ("report",), "报告号": ("report",), "产品": ("product",), "产品名称": ("product",),
    "批号": ("lot", "product"), "批次": ("lot", "product"), "事件": ("event",), "术语": ("event",),
    "不良事件": ("event",), "不良反应": ("event",), "例数": ("cases", "n"), "数量": ("n",), "节点": ("node",),
    "病例": ("cases",), "病例数": ("cases",), "人口": ("population",), "暴露": ("exposure", "population"),
    "暴露量": ("exposure", "population"), "天": ("day",), "投诉": ("complaints",), "投诉数": ("complaints",),
    "上级": ("parent",), "上游": ("parent",), "下级": ("child",), "下游": ("child",), "份额": ("share",),
    "占比": ("share",)}  # fmt: skip


class Columns(dict[str, list[str]]):
    """Columns by name; `source` says which of several files they come from."""

    def __init__(self, names: Iterable[str], source: str) -> None:
        super().__init__((name, []) for name in names)
        self.source = source

    def at(self, place: str) -> str:
        """A place in the file, with the file where there are several."""
        return f"{self.source}, {place}" if self.source else place


def read_columns(
    lines: Iterable[str], required: Sequence[str], optional: Sequence[str] = (), *, source: str = ""
) -> Columns:
    """The named columns of CSV text with a header, in any order; other columns are passed over.

    Cells are trimmed, blank lines skipped, a byte order mark ignored, some other names of a column understood, English
    and Chinese. Optional columns that are not there are not in the answer. `source` names the file in what is refused.
    Raises InvalidInput for a missing column, two that could be the same one, a row that is too short, what is no CSV,
    or no row at all.
    """
    rows = csv.reader(lines, strict=True)
    columns = Columns((), source)
    try:
        header = [name.strip().lstrip("\ufeff").strip().lower() for name in next(rows, [])]
        wanted = _positions(header, required, optional, columns)
        columns.update((name, []) for name in wanted)
        last = max(wanted.values())
        for row in rows:
            if not any(cell.strip() for cell in row):
                continue
            if len(row) <= last:
                raise InvalidInput("Row %(row)s has %(found)s cells, fewer than the header names.", code="short-row",
                                   place=columns.at(f"row {rows.line_num}"), row=rows.line_num, found=len(row))
            for name, position in wanted.items():
                columns[name].append(row[position].strip())
    except csv.Error as error:
        raise InvalidInput("Row %(row)s is not CSV: %(why)s.", code="no-csv", row=max(1, rows.line_num), why=str(error),
                           place=columns.at(f"row {max(1, rows.line_num)}")) from None
    if not columns[next(iter(wanted))]:
        raise InvalidInput("There is no row below the header.", place=columns.at("row 2"))
    return columns


def _positions(header: Sequence[str], required: Sequence[str], optional: Sequence[str], columns: Columns
               ) -> dict[str, int]:
    """Where each of the names asked for stands in the header."""
    known = [_known(name, header, (*required, *optional)) for name in header]
    missing = [name for name in required if name not in known]
    if missing:
        raise InvalidInput("The header lacks %(missing)s; it has %(found)s.", code="missing-column",
                           place=columns.at("row 1"), missing=", ".join(missing), found=", ".join(header) or "nothing")
    wanted = {}
    for name in (*required, *optional):
        found = [at for at, other in enumerate(known) if other == name]
        if len(found) > 1:
            raise InvalidInput("Several columns could be %(name)s: %(found)s. Name one of them so, and the others "
                               "otherwise.", code="ambiguous-column", place=columns.at("row 1"), name=name,
                               found=", ".join(header[at] for at in found))
        if found:
            wanted[name] = found[0]
    return wanted


def _known(name: str, header: Sequence[str], asked: Sequence[str]) -> str:
    """The name asked for that a column goes by under another one, unless a column bears it already."""
    return next((other for other in _OTHER_NAMES.get(name, ()) if other in asked and other not in header), name)


def numbers(columns: Columns, name: str, kind: type[Number], *, least: Number | None = None) -> list[Number]:
    """A column as whole numbers or as fractions. Raises InvalidInput with row and column for what is no number, or
    below the `least` one."""
    found: list[Number] = []
    for row, cell in enumerate(columns[name], start=1):
        try:
            value = kind(cell)
            if value != value or value in (float("inf"), float("-inf")):
                raise ValueError
        except ValueError:
            text = ("“%(cell)s” in column %(column)s is not a whole number (data row %(row)s)." if kind is int else
                    "“%(cell)s” in column %(column)s is not a number (data row %(row)s).")
            raise InvalidInput(text, code="not-a-number", place=columns.at(f"data row {row}, {name}"), cell=cell,
                               column=name, row=row) from None
        if not -LARGEST_CELL <= value <= LARGEST_CELL:
            raise InvalidInput("“%(cell)s” in column %(column)s is too large (data row %(row)s).", code="too-large",
                               place=columns.at(f"data row {row}, {name}"), cell=cell, column=name, row=row)
        if least is not None and value < least:
            raise InvalidInput("“%(cell)s” in column %(column)s must be at least %(least)s (data row %(row)s).",
                               code="too-small", place=columns.at(f"data row {row}, {name}"), cell=cell, column=name,
                               row=row, least=least)
        found.append(value)
    return found
