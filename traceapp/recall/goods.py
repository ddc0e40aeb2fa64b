"""Which lots of a scope are goods that people can have, and the numbers that stand on their packs."""
from __future__ import annotations

import re

from sqlalchemy import or_, select
from sqlalchemy.orm import Session

from traceapp.catalog.model import Product, ProductKind
from traceapp.code.model import SerialRange

from .model import RecallLot

_GTIN = re.compile(r"/01/(\d{14})", re.ASCII)
# Products, and materials that were shipped; what was used up here nobody has. Asks with Product joined from outside.
ARE_GOODS = or_(Product.kind != ProductKind.material, Product.id.is_(None), RecallLot.shipped > 0)


def gtin_of(uri: str) -> str | None:
    """The GTIN in the identifier of a lot; None where it has none."""
    found = _GTIN.search(uri)
    return found[1] if found else None


def serials_of(session: Session, recall_id: str) -> dict[str, tuple[tuple[str, str], ...]]:
    """First and last of each range of serial numbers that was given out for a lot of the scope, by lot."""
    found: dict[str, list[tuple[str, str]]] = {}
    for one in session.scalars(select(SerialRange).join(RecallLot, RecallLot.lot_key == SerialRange.lot_key).where(
            RecallLot.recall_id == recall_id).order_by(SerialRange.lot_key, SerialRange.prefix, SerialRange.first)):
        first, last = (f"{one.prefix}{number:0{one.width}d}" for number in (one.first, one.first + one.count - 1))
        found.setdefault(one.lot_key, []).append((first, last))
    return {key: tuple(ranges) for key, ranges in found.items()}
