"""Which items, places and steps the events name: each once, a page at a time."""
from __future__ import annotations

import re

from sqlalchemy import func, select
from sqlalchemy.orm import Session, aliased

from traceapp.core.errors import InvalidInput

from .derive_foreign import PROCESS
from .model import EventItem, Lot
from .query_model import EventTerm
from .terms import ITEMS

_TOKEN = re.compile(r"(\d)-([0-9a-f]{32})", re.ASCII)


def values_page(session: Session, names: tuple[str, ...], after: str | None, size: int) -> tuple[list[str], str | None]:
    """At most `size` values of these terms from behind the token `after`, and the token of the next page. One value
    is one however often and under however many of the names it stands. Raises InvalidInput for a token not
    of ours.
    """
    if names[0] in ITEMS:
        return _items_page(session, after, size)
    position, key = _read(after, len(names))
    found: list[tuple[str, str]] = []
    while position < len(names) and len(found) <= size:
        rows = _keys(session, names[position], key, size + 1 - len(found))
        seen = _seen_before(session, names[:position], [row[0] for row in rows])
        found += [(f"{position}-{row_key}", value) for row_key, value in rows if row_key not in seen]
        if rows and len(found) <= size:
            key = rows[-1][0]
        else:
            position, key = position + 1, ""
    shown = found[:size]
    return [value for _, value in shown], shown[-1][0] if len(found) > size else None


def _items_page(session: Session, after: str | None, size: int) -> tuple[list[str], str | None]:
    """The same of all items, which lie in one order whatever their roles."""
    rows = _item_keys(session, _read(after, 1)[1], size + 1)
    return [value for _, value in rows[:size]], f"0-{rows[size - 1][0]}" if len(rows) > size else None


def is_named(session: Session, names: tuple[str, ...], key: str) -> bool:
    """Whether any event has this term; of items, whether any event names it."""
    if names[0] in ITEMS:
        return session.scalar(select(EventItem.event_id).where(
            EventItem.lot_key == key, EventItem.role != PROCESS).limit(1)) is not None
    return session.scalar(select(EventTerm.event_id).where(
        EventTerm.name.in_(names), EventTerm.key == key).limit(1)) is not None


def _read(after: str | None, count: int) -> tuple[int, str]:
    if after is None:
        return 0, ""
    match = _TOKEN.fullmatch(after)
    if match is None or int(match.group(1)) >= count:
        raise InvalidInput("This is not the place of a page; begin again with the first page.", code="query-parameter",
                           place="nextPageToken")
    return int(match.group(1)), match.group(2)


def _keys(session: Session, name: str, after: str, limit: int) -> list[tuple[str, str]]:
    """Each key once with one value of it, by stepping from key to key in the index: events per key do not matter."""
    first = select(func.min(EventTerm.key).label("key")).where(EventTerm.name == name, EventTerm.key > after)
    step = first.cte("step", recursive=True)
    later = aliased(EventTerm)
    following = select(func.min(later.key)).where(later.name == name, later.key > step.c.key).scalar_subquery()
    step = step.union_all(select(following).where(step.c.key.is_not(None)))
    one = aliased(EventTerm)
    value = select(one.value).where(one.name == name, one.key == step.c.key).limit(1).scalar_subquery()
    rows = session.execute(select(step.c.key, value).where(step.c.key.is_not(None)).limit(limit))
    return [(str(row[0]), str(row[1])) for row in rows]


def _item_keys(session: Session, after: str, limit: int) -> list[tuple[str, str]]:
    """Each item once as some event writes it, by stepping from item to item in the key."""
    first = select(func.min(EventItem.lot_key).label("key")).where(EventItem.lot_key > after, EventItem.role != PROCESS)
    step = first.cte("step", recursive=True)
    later, one = aliased(EventItem), aliased(EventItem)
    following = select(func.min(later.lot_key)).where(
        later.lot_key > step.c.key, later.role != PROCESS).scalar_subquery()
    step = step.union_all(select(following).where(step.c.key.is_not(None)))
    value = (select(func.coalesce(one.value, Lot.uri)).select_from(one).outerjoin(Lot, Lot.lot_key == one.lot_key)
             .where(one.lot_key == step.c.key, one.role != PROCESS).limit(1).scalar_subquery())
    rows = session.execute(select(step.c.key, value).where(step.c.key.is_not(None)).limit(limit))
    return [(str(row[0]), str(row[1])) for row in rows]


def _seen_before(session: Session, names: tuple[str, ...], keys: list[str]) -> set[str]:
    if not names or not keys:
        return set()
    return set(session.scalars(
        select(EventTerm.key).where(EventTerm.name.in_(names), EventTerm.key.in_(keys)).distinct()))
