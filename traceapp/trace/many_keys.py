"""A long list of keys as one value: a list of bound values ends at some ten thousand; or in parts."""
from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any, TypeVar

from sqlalchemy import ARRAY, String, cast, func, literal, select
from sqlalchemy.orm import Session

One = TypeVar("One")


def listed(session: Session, keys: Iterable[str]) -> Any:
    """The keys, for `column.in_(…)`; they are hexadecimal digits or ids without quotes. Written as one text: a driver
    that quotes each of ten thousand takes three times as long."""
    text = '"' + '","'.join(keys) + '"'
    if session.get_bind().dialect.name == "postgresql":
        return select(func.unnest(cast(literal("{" + text + "}"), ARRAY(String))))
    return select(func.json_each(f"[{text}]").table_valued("value").c.value)


def in_parts(values: Iterable[One], most: int) -> Iterator[list[One]]:
    """The values, so many at a time."""
    every = list(values)
    return (every[start:start + most] for start in range(0, len(every), most))
