"""What a page was asked for, as typed values."""
from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from flask import request, url_for

from traceapp.core.errors import InvalidInput

ZONE = ZoneInfo("Asia/Shanghai")


def given(name: str, limit: int = 200) -> str:
    """A query parameter without blanks at the ends, cut at `limit`."""
    return request.args.get(name, "").strip()[:limit]


def chosen(name: str, known: Mapping[str, object]) -> str:
    """A query parameter that is one of the known codes, else ""."""
    value = given(name)
    return value if value in known else ""


def period(values: Mapping[str, str] | None = None) -> tuple[datetime | None, datetime | None]:
    """First moment of the day `since`, and the end of the day `until`, of the query or of these values; days are those
    of our zone.

    Raises InvalidInput for what is no day, and for a period that ends before it begins.
    """
    first, last = (_day(name, given(name) if values is None else values[name]) for name in ("since", "until"))
    if first and last and last < first:
        raise InvalidInput("The period ends before it begins.", place="until")
    return (_midnight(first) if first else None, _midnight(last + timedelta(days=1)) if last else None)


def _day(name: str, text: str) -> date | None:
    if not text:
        return None
    try:
        day = date.fromisoformat(text)
    except ValueError:
        raise InvalidInput("“%(text)s” is not a day; write it as 2026-03-09.", code="not-a-day", place=name,
                           text=text[:40]) from None
    if not 1990 <= day.year <= 9000:
        raise InvalidInput("“%(text)s” is not a day; write it as 2026-03-09.", code="not-a-day", place=name,
                           text=text[:40])
    return day


def _midnight(day: date) -> datetime:
    return datetime.combine(day, time(), ZONE).astimezone(UTC)


def same_page(**changes: str | None) -> str:
    """The address of this page with some parameters of its query changed (None: removed)."""
    kept = {name: value for name, value in request.args.items() if name not in ("after", "lang")} | changes
    values = {name: value for name, value in kept.items() if value}
    return url_for(request.endpoint or "", **(request.view_args or {}), **values)  # type: ignore[arg-type]
