"""Columns out of an analyst's CSV file, with the row and column of whatever is wrong."""
from __future__ import annotations

import csv
from collections.abc import Iterable, Sequence
from typing import TypeVar

from traceapp.core.errors import InvalidInput

Number = TypeVar("Number", int, float)


# Above it a count is not exact any more when it is divided.
LARGEST_CELL = 10**15
# What analysts' files call the same thing.
_OTHER_NAMES = {"leaf": "node", "id": "node", "count": "cases", "c": "cases", "pop": "population",
                "trials": "population", "units": "population", "from": "parent", "to": "child"}


def read_columns(lines: Iterable[str], required: Sequence[str], optional: Sequence[str] = ()) -> dict[str, list[str]]:
    """The named columns of CSV text with a header, in any order; other columns are passed over.

    Cells are trimmed, blank lines skipped, a byte order mark ignored, some other names of a column understood.
    Optional columns that are not there are not in the answer. Raises InvalidInput for a missing column, a row that
    is too short, or no row at all.
    """
    rows = csv.reader(lines)
    header = [name.strip().lstrip("\ufeff").strip().lower() for name in next(rows, [])]
    header = [_known(name, header, required) for name in header]
    missing = [name for name in required if name not in header]
    if missing:
        raise InvalidInput("The header lacks %(missing)s; it has %(found)s.", code="missing-column", place="row 1",
                           missing=", ".join(missing), found=", ".join(header) or "nothing")
    wanted = {name: header.index(name) for name in (*required, *optional) if name in header}
    columns: dict[str, list[str]] = {name: [] for name in wanted}
    last = max(wanted.values())
    for row in rows:
        if not any(cell.strip() for cell in row):
            continue
        if len(row) <= last:
            raise InvalidInput("Row %(row)s has %(found)s cells, fewer than the header names.", code="short-row",
                               place=f"row {rows.line_num}", row=rows.line_num, found=len(row))
        for name, position in wanted.items():
            columns[name].append(row[position].strip())
    if not columns[next(iter(wanted))]:
        raise InvalidInput("There is no row below the header.", place="row 2")
    return columns


def _known(name: str, header: Sequence[str], required: Sequence[str]) -> str:
    """The name asked for that a column goes by under another one, unless a column bears it already."""
    other = _OTHER_NAMES.get(name, name)
    return other if other in required and other not in header else name


def numbers(columns: dict[str, list[str]], name: str, kind: type[Number]) -> list[Number]:
    """A column as whole numbers or as fractions. Raises InvalidInput with row and column for what is no number."""
    found: list[Number] = []
    for row, cell in enumerate(columns[name], start=1):
        try:
            value = kind(cell)
            if value != value or value in (float("inf"), float("-inf")):
                raise ValueError
        except ValueError:
            raise InvalidInput("“%(cell)s” in column %(column)s is not a number (data row %(row)s).",
                               code="not-a-number", place=f"data row {row}, {name}", cell=cell, column=name,
                               row=row) from None
        if not -LARGEST_CELL <= value <= LARGEST_CELL:
            raise InvalidInput("“%(cell)s” in column %(column)s is too large (data row %(row)s).", code="too-large",
                               place=f"data row {row}, {name}", cell=cell, column=name, row=row)
        found.append(value)
    return found
