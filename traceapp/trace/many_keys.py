"""A long list of keys as one value: a list of bound values ends at some ten thousand; or in parts."""
from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any, TypeVar

from sqlalchemy import ARRAY, Select, String, cast, func, literal, select
from sqlalchemy.orm import InstrumentedAttribute, Session

One = TypeVar("One")
Found = TypeVar("Found", bound="Select[*tuple[Any, ...]]")


def listed(session: Session, keys: Iterable[str]) -> Any:
    """The keys, for `column.in_(…)`; they are hexadecimal digits or ids without quotes. Written as one text: a driver
    that quotes each of ten thousand takes three times as long."""
    if session.get_bind().dialect.name == "postgresql":
        return select(func.unnest(_array(keys)))
    return select(func.json_each(f"[{_quoted(keys)}]").table_valued("value").c.value)


def among(session: Session, found: Found, column: InstrumentedAttribute[str], keys: Iterable[str]) -> Found:
    """`found` for the rows whose column is one of these keys. Faster than `listed` for thousands: PostgreSQL looks them
    up in their order, so that neighbours lie in one page of the index; SQLite does so anyway."""
    ordered = sorted(set(keys))
    if session.get_bind().dialect.name != "postgresql":
        return found.where(column.in_(listed(session, ordered)))
    hidden = select(_array(ordered)).scalar_subquery()  # else it is planned by its length, with whole tables read
    one = func.unnest(hidden).table_valued("key").render_derived()
    return found.join(one, column == one.c.key)


def _array(keys: Iterable[str]) -> Any:
    return cast(literal("{" + _quoted(keys) + "}"), ARRAY(String))


def _quoted(keys: Iterable[str]) -> str:
    return '"' + '","'.join(keys) + '"'


def in_parts(values: Iterable[One], most: int) -> Iterator[list[One]]:
    """The values, so many at a time."""
    every = list(values)
    return (every[start:start + most] for start in range(0, len(every), most))
