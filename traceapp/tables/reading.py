"""A table that somebody uploaded, read row by row: CSV in the usual encodings, or XLSX; bounded in every way."""
from __future__ import annotations

import codecs
import csv
import hashlib
import io
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date, datetime
from typing import BinaryIO

from traceapp.core.errors import InvalidInput, TooLarge

MOST_COLUMNS = 100
MOST_CELL = 20_000
_MOST_PART = {"xl/sharedStrings.xml": 60_000_000, "": 5_000_000}
_MOST_SHEET = 1_000_000_000
_BLOCK = 1 << 16
_BOMS = ((codecs.BOM_UTF8, "utf-8-sig"), (codecs.BOM_UTF16_LE, "utf-16"), (codecs.BOM_UTF16_BE, "utf-16"))


@dataclass(frozen=True, slots=True)
class Row:
    """`number` as a spreadsheet program shows it: the head is row 1."""

    number: int
    cells: tuple[str, ...]

    @property
    def is_empty(self) -> bool:
        return not any(self.cells)


@dataclass(frozen=True, slots=True)
class Limits:
    """How much one table may be; rows are counted without the head."""

    bytes: int = 50_000_000
    rows: int = 200_000


_USUAL = Limits()


def hash_of(file: BinaryIO, limits: Limits = _USUAL) -> str:
    """The SHA-256 of the file. Raises TooLarge beyond the limit, InvalidInput for an empty one."""
    file.seek(0)
    digest, size = hashlib.sha256(), 0
    while block := file.read(_BLOCK):
        size += len(block)
        if size > limits.bytes:
            raise TooLarge("The file is larger than %(most)s MB. Split it.", code="file-too-large",
                           most=limits.bytes // 1_000_000)
        digest.update(block)
    if not size:
        raise InvalidInput("The file is empty.", code="empty-file", place="file")
    return digest.hexdigest()


@contextmanager
def open_rows(file: BinaryIO, limits: Limits = _USUAL) -> Iterator[Iterator[Row]]:
    """The rows of the file, head first, each read when it is asked for; what it is, its content says.

    Raises InvalidInput for what is no table, with the row where it breaks; TooLarge for too much of anything.
    """
    file.seek(0)
    start = file.read(8)
    file.seek(0)
    if start.startswith(b"PK\x03\x04"):
        with _xlsx(file) as cells:
            yield _bounded(cells, limits.rows)
    elif start.startswith((b"\xd0\xcf\x11\xe0", b"%PDF", b"\x1f\x8b", b"\xff\xd8\xff", b"\x89PNG", b"{\\rtf")):
        raise InvalidInput("This is no table. Save it as .xlsx or .csv and upload that.", code="not-a-table",
                           place="file")
    else:
        encoding = _encoding(file)
        file.seek(0)
        text = io.TextIOWrapper(file, encoding=encoding, newline="")
        try:
            yield _bounded(_csv_cells(text), limits.rows)
        finally:
            text.detach()


def _bounded(rows: Iterator[tuple[str, ...]], most: int) -> Iterator[Row]:
    for number, cells in enumerate(rows, start=1):
        if number > most + 1:
            raise TooLarge("The table has more than %(most)s rows. Split it.", code="too-many-rows", most=most)
        if len(cells) > MOST_COLUMNS and any(cells[MOST_COLUMNS:]):
            raise TooLarge("Row %(row)s has more than %(most)s columns.", code="too-many-columns", row=number,
                           most=MOST_COLUMNS)
        for cell in cells:
            if len(cell) > MOST_CELL:
                raise TooLarge("A cell in row %(row)s holds more than %(most)s characters.", code="cell-too-long",
                               row=number, most=MOST_CELL)
        yield Row(number, tuple(cell.strip() for cell in cells[:MOST_COLUMNS]))


def _encoding(file: BinaryIO) -> str:
    """UTF-8 or UTF-16 by its mark, else UTF-8 when the whole file is, else GB18030 when the whole file is."""
    start = file.read(4)
    for mark, encoding in _BOMS:
        if start.startswith(mark):
            return encoding
    for encoding in ("utf-8", "gb18030"):
        file.seek(0)
        if _decodes(file, encoding):
            return encoding
    raise InvalidInput("The text is neither UTF-8 nor GB18030. Save the file as “CSV UTF-8” and upload that.",
                       code="unknown-encoding", place="file")


def _decodes(file: BinaryIO, encoding: str) -> bool:
    decoder = codecs.getincrementaldecoder(encoding)()
    try:
        while block := file.read(_BLOCK):
            if "\x00" in decoder.decode(block):
                return False
        decoder.decode(b"", final=True)
    except UnicodeDecodeError:
        return False
    return True


def _csv_cells(text: io.TextIOWrapper) -> Iterator[tuple[str, ...]]:
    reader: Iterator[list[str]] | None = None
    number = 0
    while True:
        number += 1
        try:
            if reader is None:
                head = text.readline(_BLOCK)
                text.seek(0)
                reader = csv.reader(text, delimiter=max(",;\t", key=head.count), strict=True)
            cells = next(reader)
        except StopIteration:
            return
        except csv.Error as error:
            raise InvalidInput("Row %(row)s cannot be read: a quotation mark is not closed, or stands in the middle of "
                               "a cell.", code="broken-row", place=f"row {number}", row=number) from error
        except UnicodeDecodeError as error:
            raise InvalidInput("Row %(row)s cannot be read in the encoding that the file says it has.",
                               code="broken-row", place=f"row {number}", row=number) from error
        yield tuple(cells)


@contextmanager
def _xlsx(file: BinaryIO) -> Iterator[Iterator[tuple[str, ...]]]:
    import openpyxl
    from openpyxl.utils.exceptions import InvalidFileException

    try:
        _check_parts(file)
        file.seek(0)
        book = openpyxl.load_workbook(file, read_only=True, data_only=True, keep_links=False)
    except (zipfile.BadZipFile, InvalidFileException, KeyError, ValueError, OSError, EOFError,
            NotImplementedError) as error:
        raise InvalidInput("This is no XLSX file, or it is damaged. Save it again and upload that.",
                           code="broken-xlsx", place="file") from error
    try:
        if not book.worksheets:
            raise InvalidInput("The workbook has no sheet with a table.", code="empty-file", place="file")
        page = book.worksheets[0]
        page.reset_dimensions()
        yield _sheet_cells(page.iter_rows(values_only=True, max_col=MOST_COLUMNS + 1))
    finally:
        book.close()


def _check_parts(file: BinaryIO) -> None:
    """Refuse an archive whose parts would unpack to more than a table needs, or that defines entities.

    What a part claims as its size bounds what is read of it.
    """
    with zipfile.ZipFile(file) as archive:
        parts = archive.infolist()
        if len(parts) > 500:
            raise TooLarge("The XLSX file has too many parts.", code="xlsx-too-large")
        for part in parts:
            if part.filename.startswith("xl/worksheets/"):
                most = _MOST_SHEET
            else:
                most = _MOST_PART.get(part.filename, _MOST_PART[""])
            if part.filename.startswith("xl/media/"):
                continue
            if part.file_size > most:
                raise TooLarge("The XLSX file unpacks to more than a table needs. Save the table as CSV.",
                               code="xlsx-too-large")
            with archive.open(part) as content:
                if b"<!DOCTYPE" in content.read(_BLOCK).replace(b"\x00", b""):
                    raise InvalidInput("This XLSX file holds what no spreadsheet program writes.",
                                       code="broken-xlsx", place="file")


def _sheet_cells(rows: Iterator[tuple[object, ...]]) -> Iterator[tuple[str, ...]]:
    number = 0
    while True:
        number += 1
        try:
            cells = next(rows)
        except StopIteration:
            return
        except Exception as error:  # the parser raises whatever a damaged part makes it stumble over
            raise InvalidInput("Row %(row)s of the XLSX file is damaged. Save it again and upload that.",
                               code="broken-row", place=f"row {number}", row=number) from error
        yield tuple(_cell_text(cell) for cell in cells)


def _cell_text(cell: object) -> str:
    """A cell as a person reads it: whole numbers without a point, days and times in ISO form."""
    if cell is None:
        return ""
    if isinstance(cell, datetime):
        return cell.date().isoformat() if (cell.hour, cell.minute, cell.second) == (0, 0, 0) else cell.isoformat(
            sep=" ", timespec="seconds")
    if isinstance(cell, date):
        return cell.isoformat()
    if isinstance(cell, float) and cell.is_integer() and abs(cell) < 1e15:
        return str(int(cell))
    return str(cell)
