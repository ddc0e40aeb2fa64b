"""A long list of keys as one value: a list of bound values ends at some ten thousand."""
from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from sqlalchemy import ARRAY, String, cast, func, select
from sqlalchemy.orm import Session


def listed(session: Session, keys: Iterable[str]) -> Any:
    """The keys, for `column.in_(…)`; they are hexadecimal digits or ids without quotes."""
    if session.get_bind().dialect.name == "postgresql":
        return select(func.unnest(cast(list(keys), ARRAY(String))))
    return select(func.json_each('["' + '","'.join(keys) + '"]').table_valued("value").c.value)
