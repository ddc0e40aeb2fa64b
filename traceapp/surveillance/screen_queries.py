"""Reading what the nightly screen found."""
from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from sqlalchemy import select
from sqlalchemy.orm import Session

from traceapp.db.page import Order, Page, page_of

from .screen_model import ScreenCell, ScreenRun

# What a list may be sorted by; every one falls.
SORTS = {"ic025": ScreenCell.ic025, "ebgm": ScreenCell.ebgm, "expected": ScreenCell.expected}


@dataclass(frozen=True, slots=True)
class ScreenFilter:
    """Which pairs a list shows; empty values do not narrow it. `sort` is a key of SORTS."""

    product_id: str = ""
    lot_key: str = ""
    term: str = ""
    only_flagged: bool = False
    sort: str = "ic025"
    after: str | None = None
    limit: int = 50


def screen_page(session: Session, wanted: ScreenFilter) -> Page[ScreenCell]:
    """Pairs of lot and term, the most remarkable first."""
    found = select(ScreenCell)
    for column, value in ((ScreenCell.product_id, wanted.product_id), (ScreenCell.lot_key, wanted.lot_key),
                          (ScreenCell.term, wanted.term)):
        if value:
            found = found.where(column == value)
    if wanted.only_flagged:
        found = found.where(ScreenCell.is_flagged.is_(True))
    return page_of(session, found, Order(SORTS[wanted.sort], ScreenCell.id, descending=True), wanted.after,
                   wanted.limit)


def screen_runs(session: Session, product_ids: Iterable[str] | None = None) -> list[ScreenRun]:
    """The last screen of each of these products (of all, where none are named)."""
    found = select(ScreenRun).order_by(ScreenRun.product_id)
    return list(session.scalars(found if product_ids is None else found.where(
        ScreenRun.product_id.in_(list(product_ids)))))
