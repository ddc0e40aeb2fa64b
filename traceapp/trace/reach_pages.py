"""What a lot reaches, page by page: the nearest lots first, within one distance by key.

A page walks up to its end and no further, so that the first one costs what is on it and not what the whole trace would.
"""
from __future__ import annotations

import re
from dataclasses import dataclass

from sqlalchemy import Connection

from traceapp.core.errors import InvalidInput, NotFound

from .reach import Reached, Walk, Wanted

LARGEST_PAGE = 1000
_CURSOR = re.compile(r"([0-9]{1,7})\.([0-9a-f]{1,32})", re.ASCII)


@dataclass(frozen=True, slots=True)
class ReachedPage:
    """`next`: the cursor of the page after this one, None on the last."""

    rows: tuple[Reached, ...]
    next: str | None


def reached_page(connection: Connection, wanted: Wanted, after: str | None = None,
                 limit: int = LARGEST_PAGE) -> ReachedPage:
    """The page that begins after the cursor; the root is the first lot of the first page. Raises NotFound for an
    unknown root, InvalidInput for a cursor that is not ours."""
    limit = max(1, min(limit, LARGEST_PAGE))
    begin = _place(after)
    walk, is_known = Walk(connection, wanted), False
    found: list[Reached] = []
    for depth, keys in walk.levels_of_keys():
        is_known = True
        if depth < begin[0]:
            continue
        wanted_keys = sorted(key for key in keys if (depth, key) > begin)[:limit + 1 - len(found)]
        found += walk.reached(depth, wanted_keys)
        if len(found) > limit:
            break
    if not is_known:
        raise NotFound("There is no lot %(lot)s.", code="unknown-lot", place="lot_key", lot=wanted.root)
    shown = tuple(found[:limit])
    return ReachedPage(shown, f"{shown[-1].depth}.{shown[-1].lot_key}" if len(found) > limit else None)


def _place(after: str | None) -> tuple[int, str]:
    if not after:
        return -1, ""
    read = _CURSOR.fullmatch(after)
    if read is None:
        raise InvalidInput("This is not the place of a page; begin again with the first page.", code="bad-cursor",
                           place="after")
    return int(read[1]), read[2]
