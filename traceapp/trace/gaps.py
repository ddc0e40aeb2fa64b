"""What is missing in the records of lots, each with the amount where there is one. Set by set, page by page."""
from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum
from typing import Any

from sqlalchemy import ColumnElement, Select, TextClause, and_, func, literal, or_, select, text, type_coerce, union_all
from sqlalchemy.orm import Session

from traceapp.core.errors import InvalidInput
from traceapp.db import Amount

from .many_keys import listed
from .model import CONSUMED, IN_USE, OF_NOWHERE, OVERDRAWN, UNSTATED, Inspection, Lot, LotEdge
from .tolerance import beyond

LARGEST_PAGE = 500


class GapKind(StrEnum):
    """`more_out_than_in`: more was used, shipped and lost than was made; `unknown_input`: used, but nobody says where
    it came from; `no_receipt`: passed on, but nobody says where it came from; `no_inspection`: a lot of ours was used
    or shipped without a report; `unaccounted`: more of it was used than went into lots that we know; `no_quantity`: it
    went into another lot, but not how much."""

    more_out_than_in = "more_out_than_in"
    unknown_input = "unknown_input"
    no_receipt = "no_receipt"
    no_inspection = "no_inspection"
    unaccounted = "unaccounted"
    no_quantity = "no_quantity"


class Repair(StrEnum):
    """What closes a gap, by a new event: `receive` the lot, `inspect` it, `correct` what was captured by an error
    declaration and a new event."""

    receive = "receive"
    inspect = "inspect"
    correct = "correct"


REPAIRS = {
    GapKind.more_out_than_in: Repair.correct, GapKind.unknown_input: Repair.receive,
    GapKind.no_receipt: Repair.receive, GapKind.no_inspection: Repair.inspect, GapKind.unaccounted: Repair.correct,
    GapKind.no_quantity: Repair.correct,
}


@dataclass(frozen=True, slots=True)
class Gap:
    """One thing missing about one lot. `amount` in `unit`; None where it is not an amount."""

    kind: GapKind
    lot_key: str
    uri: str
    number: str
    name: str
    product_id: str | None
    amount: Decimal | None
    unit: str | None
    repair: Repair


@dataclass(frozen=True, slots=True)
class GapFilter:
    """Which gaps: of one kind, of these lots; None: of all. `after`: the cursor of the page before."""

    kind: GapKind | None = None
    lot_keys: tuple[str, ...] | None = None
    after: str | None = None
    limit: int = 100


@dataclass(frozen=True, slots=True)
class GapPage:
    """`next`: the cursor of the page after this one, None on the last."""

    rows: tuple[Gap, ...]
    next: str | None


_IN: ColumnElement[Any] = Lot.made + Lot.returned
_OUT: ColumnElement[Any] = Lot.consumed + Lot.shipped + Lot.sampled + Lot.lost
_NONE: ColumnElement[Any] = type_coerce(literal(None), Amount())


def _in_index(where: str) -> TextClause:
    """The condition of an index of its own: values written out, as the database knows the index by its words."""
    return text(f"({where})")


def _lines(direction: str, *conditions: ColumnElement[bool]) -> ColumnElement[bool]:
    return select(LotEdge.lot_key).where(LotEdge.lot_key == Lot.lot_key, LotEdge.direction == direction,
                                         *conditions).exists()


_IS_OF_NOWHERE = and_(_in_index(OF_NOWHERE), ~_lines("up"))
_IS_USED = or_(Lot.consumed > 0, _lines("down", LotEdge.kind == "made"))
_WENT: ColumnElement[Any] = (
    select(func.coalesce(func.sum(LotEdge.quantity), 0)).where(
        LotEdge.lot_key == Lot.lot_key, LotEdge.direction == "down", LotEdge.kind == "made")
    .correlate(Lot).scalar_subquery())
_HAS_ONE_UNIT = ~_lines("down", LotEdge.kind == "made", or_(
    LotEdge.unit.is_(None), LotEdge.unit != Lot.unit, LotEdge.quantity.is_(None)))
_INSPECTED = select(Inspection.lot_key).where(Inspection.lot_key == Lot.lot_key).exists()
_HAS_NO_QUANTITY = Lot.lot_key.in_(select(LotEdge.lot_key).where(_in_index(UNSTATED)))
# kind -> (which lots, how much is missing)
_RULES: dict[GapKind, tuple[ColumnElement[bool] | TextClause, ColumnElement[Any]]] = {
    GapKind.more_out_than_in: (and_(_in_index(OVERDRAWN), beyond(_OUT - _IN, _IN)), _OUT - _IN),
    GapKind.unknown_input: (and_(_IS_OF_NOWHERE, _IS_USED), Lot.consumed + literal(0)),
    GapKind.no_receipt: (and_(_IS_OF_NOWHERE, ~_IS_USED, Lot.shipped > 0), Lot.shipped + literal(0)),
    GapKind.no_inspection: (and_(_in_index(IN_USE), ~_INSPECTED), _NONE),
    GapKind.unaccounted: (and_(_in_index(CONSUMED), _HAS_ONE_UNIT, Lot.consumed > _WENT,
                               beyond(Lot.consumed - _WENT, Lot.consumed)), Lot.consumed - _WENT),
    GapKind.no_quantity: (_HAS_NO_QUANTITY, _NONE),
}
_CURSOR = re.compile(rf"({'|'.join(GapKind)})\.([0-9a-f]{{1,32}})", re.ASCII)


def gap_page(session: Session, wanted: GapFilter) -> GapPage:
    """The gaps by kind, then by lot. Raises InvalidInput for a cursor that is not ours."""
    limit = max(1, min(wanted.limit, LARGEST_PAGE))
    found: list[Gap] = []
    for kind, after in _kinds_from(wanted):
        for gap in _gaps(session, kind, wanted.lot_keys, after, limit + 1 - len(found)):
            found.append(gap)
        if len(found) > limit:
            break
    shown = tuple(found[:limit])
    return GapPage(shown, f"{shown[-1].kind}.{shown[-1].lot_key}" if len(found) > limit else None)


def _kinds_from(wanted: GapFilter) -> Iterator[tuple[GapKind, str]]:
    """The kinds that are still to be read, each with the lot after which it goes on."""
    kinds = [wanted.kind] if wanted.kind else list(GapKind)
    if not wanted.after:
        return ((kind, "") for kind in kinds)
    read = _CURSOR.fullmatch(wanted.after)
    if read is None or GapKind(read[1]) not in kinds:
        raise InvalidInput("This is not the place of a page; begin again with the first page.", code="bad-cursor",
                           place="after")
    begin = kinds.index(GapKind(read[1]))
    return ((kind, read[2] if kind == kinds[begin] else "") for kind in kinds[begin:])


def gaps_of(session: Session, lot_key: str) -> tuple[Gap, ...]:
    """What is missing about one lot, with one statement."""
    parts = [_found(kind).add_columns(literal(str(kind)).label("kind")).where(Lot.lot_key == lot_key)
             for kind in GapKind]
    return tuple(sorted((_gap(GapKind(row.kind), row) for row in session.execute(union_all(*parts))),
                        key=lambda gap: list(GapKind).index(gap.kind)))


def _gaps(session: Session, kind: GapKind, lot_keys: tuple[str, ...] | None, after: str, limit: int) -> list[Gap]:
    found = _statement(kind, after).limit(limit)
    if lot_keys is not None:
        found = found.where(Lot.lot_key.in_(listed(session, lot_keys)))
    return [_gap(kind, row) for row in session.execute(found)]


def _statement(kind: GapKind, after: str) -> Select[*tuple[Any, ...]]:
    return _found(kind).where(Lot.lot_key > after).order_by(Lot.lot_key)


def _found(kind: GapKind) -> Select[*tuple[Any, ...]]:
    holds, amount = _RULES[kind]
    return select(Lot.lot_key, Lot.uri, Lot.number, Lot.name, Lot.product_id, type_coerce(amount, Amount()).label(
        "amount"), Lot.unit).where(holds)


def _gap(kind: GapKind, row: Any) -> Gap:
    return Gap(kind, row.lot_key, row.uri, row.number, row.name, row.product_id, row.amount or None, row.unit,
               REPAIRS[kind])
