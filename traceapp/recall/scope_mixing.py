"""Materials that lay in one container, a silo or a tank, with an affected one at the same time: some of it may be in
them, and in what was made of them from then on. Nobody has said how much."""
from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session, aliased

from traceapp.catalog.model import Product, ProductKind
from traceapp.trace.many_keys import listed
from traceapp.trace.model import Lot, LotEdge
from traceapp.trace.walk import DOWN

from .scope_asked import Because, Seeds
from .scope_reads import parts, walked

_CONTAINED = ("packed", "attached")
_MOST_ROUNDS = 10


@dataclass(frozen=True, slots=True)
class Mixed:
    """`came_from` with what the mixing adds, and why each lot that was mixed is in."""

    came_from: dict[str, str | None]
    seeds: Seeds


def with_mixed(session: Session, came_from: Mapping[str, str | None], downstream: bool,
               without: Collection[tuple[str, str]] = ()) -> Mixed:
    """What lay with the lots that are affected so far, and with what that adds, until nothing is added; the lines of
    `without` are not followed."""
    found, seeds, fresh = dict(came_from), Seeds(), set(came_from)
    for _round in range(_MOST_ROUNDS):
        beside = {key: because for key, because in _beside(session, fresh).items() if key not in found}
        if not beside:
            break
        seeds |= beside
        starts: dict[str, str | None] = dict.fromkeys(beside)
        if downstream:
            starts |= {child: parent for child, parent in _made_later(session, beside).items()
                       if child not in found and child not in beside and (parent, child) not in without}
        reached = walked(session, starts, beside, without) if downstream else starts
        fresh = set(reached) - set(found)
        found |= {key: before for key, before in reached.items() if key not in found}
    return Mixed(found, seeds)


def _beside(session: Session, keys: Iterable[str]) -> Seeds:
    """{lot key: with which of these lots, in what, from when until when}, materials only: packs on a pallet do not
    mix."""
    inside, other, container = aliased(LotEdge), aliased(LotEdge), aliased(Lot)
    found: Seeds = {}
    for part in parts(_materials(session, keys)):
        rows = session.execute(
            select(inside.lot_key, other.other_key, container.number, inside.at, inside.until, other.at, other.until)
            .join(other, (other.lot_key == inside.other_key) & (other.direction == "up") & other.kind.in_(_CONTAINED))
            .join(container, container.lot_key == inside.other_key)
            .where(inside.lot_key.in_(listed(session, part)), inside.direction == DOWN, inside.kind.in_(_CONTAINED),
                   other.other_key != inside.lot_key)
            .order_by(inside.at, inside.lot_key, other.other_key))
        for affected, beside, name, at, until, other_at, other_until in rows:
            span = _common(at, until, other_at, other_until)
            if span is not None:
                found.setdefault(beside, Because("mixed", name, span[0], span[1], affected))
    materials = set(_materials(session, found))
    return {key: because for key, because in found.items() if key in materials}


def _materials(session: Session, keys: Iterable[str]) -> list[str]:
    return [key for part in parts(keys) for key in session.scalars(
        select(Lot.lot_key).join(Product, Product.id == Lot.product_id)
        .where(Lot.lot_key.in_(listed(session, part)), Product.kind == ProductKind.material))]


def _common(since: datetime, until: datetime | None, other_since: datetime, other_until: datetime | None
            ) -> tuple[datetime, datetime | None] | None:
    """The time that both were there."""
    begin = max(since, other_since)
    ends = [one for one in (until, other_until) if one is not None]
    end = min(ends) if ends else None
    return None if end is not None and end <= begin else (begin, end)


def _made_later(session: Session, beside: Mapping[str, Because]) -> dict[str, str]:
    """{what was made of a mixed lot from the mixing on: the mixed lot}."""
    found: dict[str, str] = {}
    for part in parts(beside):
        for parent, child, at in session.execute(
                select(LotEdge.lot_key, LotEdge.other_key, LotEdge.at)
                .where(LotEdge.lot_key.in_(listed(session, part)), LotEdge.direction == DOWN,
                       LotEdge.kind.not_in(_CONTAINED)).order_by(LotEdge.at, LotEdge.other_key)):
            begun = beside[parent].at
            if begun is not None and at >= begun:
                found.setdefault(child, parent)
    return found
