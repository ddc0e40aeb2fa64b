"""Reaching along the genealogy with one recursive statement."""
from __future__ import annotations

from sqlalchemy import CTE, cast, select
from sqlalchemy.orm import Session

from .model import LotEdge
from .reach import DOWN


def reached(root_key: str, direction: str) -> CTE:
    """The lots reached from `root_key` (itself included, as column `lot_key`): each once, nearest first.

    UNION drops what was seen, so a circle in others' events ends the walk instead of keeping it going.
    """
    walk = select(cast(root_key, LotEdge.other_key.type).label("lot_key")).cte(f"reached_{direction}", recursive=True)
    return walk.union(select(LotEdge.other_key).join(walk, LotEdge.lot_key == walk.c.lot_key)
                      .where(LotEdge.direction == direction))


def path_between(session: Session, ancestor_key: str, descendant_key: str) -> bool:
    """Whether `descendant_key` was made, over any number of steps, out of `ancestor_key`."""
    has_children = session.scalar(select(LotEdge.other_key).where(
        LotEdge.lot_key == ancestor_key, LotEdge.direction == DOWN).limit(1))
    if has_children is None:
        return False
    walk = reached(ancestor_key, DOWN)
    found = session.scalar(select(walk.c.lot_key).where(walk.c.lot_key == descendant_key).limit(1))
    return found is not None
