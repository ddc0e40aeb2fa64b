"""Tables as CSV, XLSX and JSON files, row by row, safe to open in a spreadsheet program. Pure."""
from __future__ import annotations

import csv
import hashlib
import io
import json
import tempfile
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from decimal import Decimal
from itertools import chain
from typing import Any, BinaryIO

from traceapp.core.errors import InvalidInput
from traceapp.core.quantity import plain

from .workbook import Book, Notes, write_book

MEDIA_TYPES = {"csv": "text/csv; charset=utf-8", "json": "application/json",
               "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"}
# Source: OWASP, "CSV Injection": what makes a spreadsheet program take a cell for a formula.
_FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")

Value = str | int | float | bool | Decimal | date | datetime | None | Sequence[str]
Record = Mapping[str, Value]


@dataclass(frozen=True, slots=True)
class Column:
    """`key` finds the value in a row and names it in JSON; `title` stands above it for people; `width` of a sheet's
    column is in characters."""

    key: str
    title: str
    width: int = 18


@dataclass(frozen=True, slots=True)
class Written:
    """A file as it was written."""

    rows: int
    size_bytes: int
    sha256: str
    media_type: str


def _shown(value: Value) -> str | int | float | Decimal:
    """The value as a cell holds it: text or number. Times in UTC with their zone; lists with semicolons."""
    if value is None or isinstance(value, str):
        return value or ""
    if isinstance(value, bool):
        return "1" if value else "0"
    if isinstance(value, datetime):
        return value.astimezone(UTC).isoformat(timespec="seconds").replace("+00:00", "Z")
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, int | float | Decimal):
        return value
    return "; ".join(value)


def safe_text(text: str) -> str:
    """The text with an apostrophe before it where a spreadsheet program would take it for a formula."""
    return f"'{text}" if text.startswith(_FORMULA_STARTS) else text


def _csv_cell(value: Value) -> str:
    shown = _shown(value)
    if isinstance(shown, str):
        return safe_text(shown)
    return plain(shown) if isinstance(shown, Decimal) else str(shown)


def csv_chunks(columns: Sequence[Column], rows: Iterable[Record]) -> Iterator[bytes]:
    """A CSV file in pieces: UTF-8 with BOM (spreadsheet programs need it for Chinese), CRLF, titles first.

    Source: RFC 4180.
    """
    buffer = io.StringIO(newline="")
    writer = csv.writer(buffer)
    yield "\ufeff".encode()
    titles: Iterator[list[str]] = iter([[safe_text(column.title) for column in columns]])
    lines = ([_csv_cell(row.get(column.key)) for column in columns] for row in rows)
    for line in chain(titles, lines):
        writer.writerow(line)
        if buffer.tell() > 64_000:
            yield buffer.getvalue().encode("utf-8", "replace")
            buffer.seek(0)
            buffer.truncate()
    yield buffer.getvalue().encode("utf-8", "replace")


def _json_value(value: Value) -> object:
    if value is None or isinstance(value, str | int | float):
        return value
    if isinstance(value, Decimal):
        return plain(value)
    if isinstance(value, datetime | date):
        return _shown(value)
    return list(value)


def json_chunks(columns: Sequence[Column], rows: Iterable[Record],
                head: Mapping[str, object] | None = None) -> Iterator[bytes]:
    """A JSON object in pieces: the members of `head`, then `rows`, an array of objects by column key.

    Decimal numbers are text, so that no reader rounds them.
    """
    start = json.dumps(dict(head or {}), ensure_ascii=False, default=str)[:-1]
    yield f"{start}{', ' if head else ''}\"rows\": [".encode()
    separator = "\n"
    for row in rows:
        values = {column.key: _json_value(row.get(column.key)) for column in columns}
        yield (separator + json.dumps(values, ensure_ascii=False)).encode("utf-8", "replace")
        separator = ",\n"
    yield b"\n]}\n"


def write_table(file: BinaryIO, form: str, columns: Sequence[Column], rows: Iterable[Record],
                sheet: tuple[str, datetime], notes: Notes | None = None) -> Written:
    """Write the rows as `csv`, `xlsx` or `json` into an empty file that can be read back; tells its hash.

    `sheet` is the title and the time of the export, `notes` the second sheet of an XLSX. Rows are read once, one at a
    time. Raises InvalidInput for another form.
    """
    if form not in MEDIA_TYPES:
        raise InvalidInput("“%(form)s” is not one of: %(known)s.", code="unknown-format", place="format",
                           form=form[:20], known=", ".join(MEDIA_TYPES))
    counted = Counted(rows)
    if form == "xlsx":
        write_book(file, Book(*sheet, [column.title for column in columns], notes, [one.width for one in columns]),
                   ([_shown(row.get(column.key)) for column in columns] for row in counted))
    else:
        pieces = csv_chunks(columns, counted) if form == "csv" else json_chunks(
            columns, counted, {"title": sheet[0], "at": _shown(sheet[1])})
        for piece in pieces:
            file.write(piece)
    return told(file, counted.number, MEDIA_TYPES[form])


def told(file: BinaryIO, rows: int, media_type: str) -> Written:
    """What was written into the file; it can be read from its beginning then."""
    size_bytes = file.seek(0, io.SEEK_END)
    file.seek(0)
    digest = hashlib.sha256()
    while block := file.read(1 << 16):
        digest.update(block)
    file.seek(0)
    return Written(rows, size_bytes, digest.hexdigest(), media_type)


class Counted:
    """The rows, counted as they go by."""

    def __init__(self, rows: Iterable[Any]) -> None:
        self.rows, self.number = rows, 0

    def __iter__(self) -> Iterator[Any]:
        for row in self.rows:
            self.number += 1
            yield row


def table_file() -> BinaryIO:
    """An empty file for `write_table`: in memory while it is small, on disk beyond 4 MB, gone when closed."""
    return tempfile.SpooledTemporaryFile(max_size=4_000_000)  # type: ignore[return-value]  # noqa: SIM115
