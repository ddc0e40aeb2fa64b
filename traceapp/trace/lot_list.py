"""The list of lots: filters, order, pages."""
from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import date, datetime
from typing import Any

from sqlalchemy import ColumnElement, Select, and_, or_, select, true
from sqlalchemy.orm import Session

from traceapp.catalog.model import Product
from traceapp.catalog.queries import contains
from traceapp.core.ids import name_key
from traceapp.db.page import Order, Page, page_of

from .model import Lot
from .policy import ReleaseState, Verdict

SORTS: dict[str, Order] = {
    "created": Order(Lot.created_at, Lot.lot_key), "started": Order(Lot.started_at, Lot.lot_key),
    "number": Order(Lot.number, Lot.lot_key)}
DEFAULT_SORT = "-created"


@dataclass(frozen=True, slots=True)
class LotFilter:
    """What the list shows; None: does not matter. `text` looks into number, supplier's number and name, or is a whole
    URI; `verdict` is the one that holds on `today`; the period is about making or receipt, `until` not included.
    `sort` is one of SORTS, with a minus for the other way round."""

    today: date
    text: str = ""
    product_id: str | None = None
    kind: str | None = None
    verdict: str | None = None
    since: datetime | None = None
    until: datetime | None = None
    only_own: bool = False
    sort: str = DEFAULT_SORT
    after: str | None = None
    limit: int = 50


@dataclass(frozen=True, slots=True)
class ListedLot:
    """A lot with its product; None for somebody else's."""

    lot: Lot
    product: Product | None


def lot_page(session: Session, wanted: LotFilter) -> Page[ListedLot]:
    """One page of lots with their products, in three statements."""
    order = SORTS.get(wanted.sort.removeprefix("-"), SORTS["created"])
    found = page_of(session, _matching(wanted), replace(order, descending=wanted.sort.startswith("-")), wanted.after,
                    wanted.limit)
    ids = {lot.product_id for lot in found.rows if lot.product_id}
    products = {product.id: product for product in session.scalars(select(Product).where(Product.id.in_(ids)))}
    rows = tuple(ListedLot(lot, products.get(lot.product_id or "")) for lot in found.rows)
    return Page(rows, found.total, found.next)


def all_lots(session: Session, wanted: LotFilter, batch: int = 1000) -> Iterator[ListedLot]:
    """Every lot of the filter in its order, read in pages."""
    after: str | None = None
    while True:
        found = lot_page(session, replace(wanted, after=after, limit=batch))
        yield from found.rows
        if found.next is None:
            return
        after = found.next


def _matching(wanted: LotFilter) -> Select[Any]:
    found = select(Lot)
    text = wanted.text.strip()
    if text:
        pattern = contains(text)
        columns = (Lot.number, Lot.supplier_lot_number, Lot.name)
        found = found.where(or_(Lot.lot_key == name_key(text), Lot.uri == text,
                                *(column.ilike(pattern, escape="\\") for column in columns)))
    if wanted.product_id:
        found = found.where(Lot.product_id == wanted.product_id)
    if wanted.kind:
        found = found.where(Lot.product_id.in_(select(Product.id).where(Product.kind == wanted.kind)))
    if wanted.since is not None:
        found = found.where(Lot.started_at >= wanted.since)
    if wanted.until is not None:
        found = found.where(Lot.started_at < wanted.until)
    if wanted.only_own:
        found = found.where(Lot.is_own == 1)
    if wanted.verdict:
        found = found.where(has_verdict(wanted.verdict, wanted.today))
    return found


def has_verdict(name: str, today: date) -> ColumnElement[bool]:
    """The condition of `policy.verdict`: each holds only where no stronger one does."""
    is_past = and_(Lot.expires_on.is_not(None), Lot.expires_on < today)
    strongest_first = (
        (Verdict.recalled, Lot.is_recalled.is_(True)),
        (Verdict.rejected, Lot.release_state == ReleaseState.rejected),
        (Verdict.on_hold, Lot.is_on_hold.is_(True)),
        (Verdict.not_released, Lot.release_state != ReleaseState.released),
        (Verdict.expired, is_past),
        (Verdict.released, true()))
    stronger: list[ColumnElement[bool]] = []
    for verdict, holds in strongest_first:
        if verdict == name:
            return and_(holds, *(~condition for condition in stronger))
        stronger.append(holds)
    return true()
