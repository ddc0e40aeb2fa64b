"""The lot that a typed number means, among the finished lots that we issued."""
from __future__ import annotations

from collections.abc import Iterator

from sqlalchemy import ColumnElement, Select, func, or_, select
from sqlalchemy.orm import Session

from traceapp.catalog.model import Product, ProductKind
from traceapp.trace.model import ItemKind, Lot

from .lot_text import IssuedLot, LotIndex, LotMatch, MatchKind, folded_lot, halves, normalised_lot

__all__ = ["IssuedLot", "LotIndex", "LotMatch", "MatchKind", "index_of_lots", "lot_of_key", "match_lot"]


def _issued() -> Select[str, str, str | None]:
    return (select(Lot.lot_key, Lot.number, Lot.product_id)
            .join(Product, Product.id == Lot.product_id)
            .where(Lot.is_own == 1, Lot.item_kind == ItemKind.lot, Product.kind != ProductKind.material))


def _rows(session: Session, wanted: Select[str, str, str | None]) -> Iterator[IssuedLot]:
    for lot_key, number, product_id in session.execute(wanted):
        yield IssuedLot(lot_key, number, product_id)


def _folded_number() -> ColumnElement[str]:
    """What `folded_lot(normalised_lot(number))` is, as far as SQL can say it for numbers that we issue."""
    column: ColumnElement[str] = func.upper(Lot.number)
    for sign in " -_./":
        column = func.replace(column, sign, "")
    for sign, meant in ("O", "0"), ("I", "1"), ("B", "8"), ("S", "5"):
        column = func.replace(column, sign, meant)
    return column


def _may_be_meant(folded: str) -> ColumnElement[bool]:
    """Beginning or end in common: a rough sieve in the database before the exact one."""
    column = _folded_number()
    heads, tails = halves(folded)
    tests = [func.substr(column, 1, len(head)) == head for head in heads]
    tests += [func.substr(column, func.length(column) - len(tail) + 1, len(tail)) == tail for tail in tails]
    return or_(*tests) & func.length(column).between(len(folded) - 1, len(folded) + 1)


def match_lot(session: Session, text: str, product_id: str | None = None) -> LotMatch:
    """The lot that `text` means: asked by number first, then sieved among all that could be meant."""
    wanted = normalised_lot(text)
    if not wanted:
        return LotMatch(MatchKind.absent)
    by_product = _issued() if product_id is None else _issued().where(Lot.product_id == product_id)
    direct = LotIndex(_rows(session, by_product.where(Lot.number.in_({text.strip(), wanted})))).match(text)
    if direct.kind is MatchKind.exact:
        return direct
    sieved = by_product.where(_may_be_meant(folded_lot(wanted)))
    return LotIndex(_rows(session, sieved)).match(text)


def index_of_lots(session: Session) -> LotIndex:
    """All finished lots that we issued, for matching many numbers in one go."""
    return LotIndex(_rows(session, _issued()))


def lot_of_key(session: Session, lot_key: str) -> Lot | None:
    """The lot, own or not, by its key."""
    return session.get(Lot, lot_key)
