"""Lists: filters that stand in the address, pages by cursor, files of the rows as filtered."""
from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from flask import request, url_for

from traceapp.db.page import Page

PAGE_ROWS = 50
LIST_ZONE = "Asia/Shanghai"
_FORMS = ("xlsx", "csv")


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
