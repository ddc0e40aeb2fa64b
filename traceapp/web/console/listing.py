"""Lists: filters that stand in the address, pages by cursor, files of the rows as filtered."""
from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta
from typing import Any
from urllib.parse import quote
from zoneinfo import ZoneInfo

from flask import request, send_file, url_for
from werkzeug.wrappers import Response

from traceapp.core.errors import InvalidInput
from traceapp.db.page import Page
from traceapp.export.spreadsheet import Column, Record, table_file, write_table
from traceapp.submission.service import RecordExport, record_export
from traceapp.web.context import signed_in, world

PAGE_ROWS = 50
LIST_ZONE = "Asia/Shanghai"
_FORMS = ("xlsx", "csv")
Titles = tuple[tuple[str, Any], ...]  # (key of the value, title of the column, translated late)


def wished(*names: str) -> dict[str, str]:
    """What the address says under these names, trimmed; empty texts for what it does not."""
    return {name: request.args.get(name, "").strip()[:300] for name in names}


def choice(value: str, options: Iterable[str]) -> str | None:
    """The value when it is an option; None otherwise, so that an old address still shows a list."""
    return value if value in set(options) else None


def day_start(text: str, *, days: int = 0) -> datetime | None:
    """The first moment of a day of the address (plus `days`) in the list's zone; None for what is no day."""
    try:
        day = datetime.fromisoformat(text).date() + timedelta(days=days)
    except (ValueError, OverflowError):
        return None
    return datetime.combine(day, time.min, ZoneInfo(LIST_ZONE)).astimezone(UTC)


def address(endpoint: str, values: Mapping[str, str], **changes: str) -> str:
    """The address of a list with these filters; empty ones are left out."""
    kept = {name: value for name, value in {**values, **changes}.items() if value}
    return url_for(endpoint, **kept)  # type: ignore[arg-type]


def sort_link(endpoint: str, values: Mapping[str, str], key: str, default: str) -> dict[str, Any]:
    """What a column's head needs so that it sorts: `sort_url`, and `sorted` when it does."""
    present = values.get("sort") or default
    is_up, is_down = present == key, present == f"-{key}"
    return {"sort_url": address(endpoint, values, sort=f"-{key}" if is_up else key),
            "sorted": "ascending" if is_up else "descending" if is_down else None}


@dataclass(frozen=True, slots=True)
class Listed:
    """Where one stands in a list: the numbers of the rows shown, and the ways on and back."""

    first: int
    last: int
    total: int
    next_url: str | None
    first_url: str | None


def placed(page: Page[Any], endpoint: str, values: Mapping[str, str]) -> Listed:
    """The place of this page; the address carries the cursor and the number of its first row."""
    text = request.args.get("from", "")
    first = int(text) if text.isdecimal() and len(text) < 10 and request.args.get("after") else 1
    last = first + len(page.rows) - 1
    following = address(endpoint, values, after=page.next, **{"from": str(last + 1)}) if page.next else None
    return Listed(first, last, page.total, following, address(endpoint, values) if first > 1 else None)


def export_links(endpoint: str, values: Mapping[str, str]) -> list[tuple[str, str]]:
    """(text, address) of the files of a list as it is filtered."""
    return [(form.upper(), address(endpoint, values, format=form)) for form in _FORMS]


@dataclass(frozen=True, slots=True)
class Exported:
    """A table that leaves the house: `kind` names it in the record and in the file's name, `name` in the sheet."""

    kind: str
    name: str
    columns: Titles
    rows: Iterable[Record]
    filters: Mapping[str, str]


def exported(table: Exported, form: str) -> Response:
    """The file, written and recorded before its first byte is sent. Raises InvalidInput for another form."""
    if form not in (*_FORMS, "json"):
        raise InvalidInput("“%(form)s” is not one of: %(known)s.", code="unknown-format", place="format",
                           form=form[:20], known="csv, xlsx, json")
    here = world()
    now = here.clock.now()
    file = table_file()
    columns = [Column(key, str(title)) for key, title in table.columns]
    written = write_table(file, form, columns, table.rows, (table.name, now))
    with here.database.write() as session:
        record_export(session, signed_in(), here.clock, RecordExport(
            kind=table.kind, format=form, rows=written.rows, sha256=written.sha256,
            filters={name: value for name, value in table.filters.items() if value}))
    name = f"{table.kind}-{now.astimezone(ZoneInfo(LIST_ZONE)):%Y%m%d-%H%M}.{form}"
    return send_file(file, mimetype=written.media_type, as_attachment=True, download_name=name)


def disposition(kind: str, name: str) -> str:
    """A Content-Disposition with a name that may hold any letters. Source: RFC 6266."""
    plain = "".join(letter if letter.isascii() and letter.isprintable() and letter not in '"\\' else "_"
                    for letter in name)
    return f"{kind}; filename=\"{plain}\"; filename*=UTF-8''{quote(name, safe='')}"
