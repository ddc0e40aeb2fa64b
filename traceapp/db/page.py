"""One page of a list, and where the next one begins."""
from __future__ import annotations

import base64
import json
import math
from dataclasses import dataclass
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any, Generic, TypeVar

from sqlalchemy import Select, func, literal, select, tuple_
from sqlalchemy.orm import InstrumentedAttribute, Session

from traceapp.core.errors import InvalidInput

Row = TypeVar("Row")
LARGEST_PAGE = 1000


@dataclass(frozen=True, slots=True)
class Page(Generic[Row]):
    """`total` counts all pages; `next` is the cursor of the page after this one, None on the last."""

    rows: tuple[Row, ...]
    total: int
    next: str | None


@dataclass(frozen=True, slots=True)
class Order:
    """Sorted by `column` (never null), then by `key`, which is unique; both the same way round."""

    column: InstrumentedAttribute[Any]
    key: InstrumentedAttribute[str]
    descending: bool = False


def page_of(session: Session, found: Select[Row], order: Order, after: str | None, limit: int) -> Page[Row]:
    """The page of `found` (whole entities) that begins after the cursor `after`. Raises InvalidInput for a cursor
    that is not ours."""
    limit = max(1, min(limit, LARGEST_PAGE))
    ends = (order.column, order.key)
    statement = found.order_by(*(end.desc() if order.descending else end.asc() for end in ends))
    if after:
        value, key = _read_cursor(after, order)
        here, place = tuple_(*ends), tuple_(literal(value, order.column.type), literal(key, order.key.type))
        statement = statement.where(here < place if order.descending else here > place)
    rows = session.scalars(statement.limit(limit + 1)).unique().all()
    shown, goes_on = tuple(rows[:limit]), len(rows) > limit
    # Where the first page holds all, they are counted already.
    total = _count(session, found) if after or goes_on else len(shown)
    return Page(shown, total, _cursor(shown[-1], order) if goes_on else None)


def _count(session: Session, found: Select[Row]) -> int:
    return session.scalar(select(func.count()).select_from(found.order_by(None).subquery())) or 0


def _cursor(row: object, order: Order) -> str:
    value = getattr(row, order.column.key)
    text = value.isoformat() if isinstance(value, date | datetime) else value
    packed = json.dumps([text, getattr(row, order.key.key)], default=str).encode()
    return base64.urlsafe_b64encode(packed).decode("ascii").rstrip("=")


def _read_cursor(text: str, order: Order) -> tuple[Any, str]:
    try:
        value, key = json.loads(base64.urlsafe_b64decode(text + "=" * (-len(text) % 4)))
        return _sorted_by(value, type(order.column.type).__name__), _text(key)
    except (ValueError, TypeError, ArithmeticError):
        raise InvalidInput("This is not the place of a page; begin again with the first page.", code="bad-cursor",
                           place="after") from None


def _sorted_by(value: Any, kind: str) -> Any:
    """The value as the column of this type holds it. Raises ValueError, TypeError or ArithmeticError."""
    if kind == "UtcTime":
        moment = datetime.fromisoformat(value)
        if moment.tzinfo is None:
            raise ValueError("a stored time is aware")
        return moment.astimezone(UTC)
    if kind == "Date":
        return date.fromisoformat(value)
    if kind == "Float":
        number = float(value)
        if not math.isfinite(number):
            raise ValueError("no such number is stored")
        return number
    if kind == "Amount":
        amount = Decimal(value)
        if not amount.is_finite() or abs(amount) >= 10**12:
            raise ValueError("no amount is that large")
        return amount
    if kind == "Float":
        number = float(value)
        if not math.isfinite(number):
            raise ValueError("no number that a list is sorted by")
        return number
    return _text(value)


def _text(value: Any) -> str:
    if not isinstance(value, str) or "\0" in value:
        raise TypeError("no text that the database holds")
    value.encode()  # half of a character is none
    return value
