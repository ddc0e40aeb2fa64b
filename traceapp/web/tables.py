"""A table as a file that leaves the house: written whole, recorded with its hash, then sent."""
from __future__ import annotations

import hashlib
import io
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, BinaryIO

from flask import Response

from traceapp.export.spreadsheet import Column, Record, Written, table_file, write_table
from traceapp.submission.service import RecordExport, record_export

from .context import actor, world
from .reading import ZONE

_BLOCK = 1 << 16
Titles = tuple[tuple[str, Any], ...]  # (key of the value, title of the column, translated late)


@dataclass(frozen=True, slots=True)
class Table:
    """`kind` is what the record of the export says, `title` what the sheet is called; of `filters` the empty ones
    are left out of the record."""

    kind: str
    title: str
    columns: Sequence[Column]
    rows: Iterable[Record]
    filters: Mapping[str, object]


def titled(titles: Titles) -> list[Column]:
    """The columns with their titles in the reader's language."""
    return [Column(key, str(title)) for key, title in titles]


def send_table(table: Table, form: str) -> Response:
    """The file as `csv`, `xlsx` or `json`. Its record is committed before the first byte goes out.

    Raises InvalidInput for another form.
    """
    at = world().clock.now()
    return send_file(NewFile(table.kind, form, table.filters),
                     lambda file: write_table(file, form, table.columns, table.rows, (table.title, at)))


@dataclass(frozen=True, slots=True)
class NewFile:
    """What the record of a file says; `ending` of its name, where it is not the form."""

    kind: str
    form: str
    filters: Mapping[str, object]
    ending: str = ""


def send_file(new: NewFile, write: Callable[[BinaryIO], Written]) -> Response:
    """What `write` puts into an empty file. Its record is committed before the first byte goes out."""
    here = world()
    file = table_file()
    try:
        written = write(file)
        with here.database.write() as db:
            record_export(db, actor(), here.clock, RecordExport(
                new.kind, new.form, written.rows, written.sha256,
                {name: value for name, value in new.filters.items() if value}))
    except BaseException:
        file.close()
        raise
    name = f"{new.kind}-{here.clock.now().astimezone(ZONE):%Y%m%d-%H%M}.{new.ending or new.form}"
    return _answer(file, written, name)


_TEXTS = {"epcis": ("application/json", "json"), "dot": ("text/vnd.graphviz; charset=utf-8", "dot")}


def send_text(kind: str, form: str, text: str, rows: int, filters: Mapping[str, object]) -> Response:
    """A text as a file, `epcis` or `dot`. Its record is committed before the first byte goes out."""
    here, content = world(), text.encode("utf-8")
    media_type, ending = _TEXTS[form]
    written = Written(rows, len(content), hashlib.sha256(content).hexdigest(), media_type)
    with here.database.write() as db:
        record_export(db, actor(), here.clock, RecordExport(
            kind, form, rows, written.sha256, {name: value for name, value in filters.items() if value}))
    return _answer(io.BytesIO(content), written, f"{kind}-{here.clock.now().astimezone(ZONE):%Y%m%d-%H%M}.{ending}")


def _answer(file: BinaryIO, written: Written, name: str) -> Response:
    def blocks() -> Iterator[bytes]:
        with file:
            while block := file.read(_BLOCK):
                yield block

    answer = Response(blocks(), mimetype=written.media_type.partition(";")[0])
    answer.headers["Content-Type"] = written.media_type
    answer.headers["Content-Length"] = str(written.size_bytes)
    answer.headers["Content-Disposition"] = f'attachment; filename="{name}"'
    answer.headers["X-Content-SHA256"] = written.sha256
    return answer
