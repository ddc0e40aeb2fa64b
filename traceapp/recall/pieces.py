"""Of lots that are counted in pieces nobody has a part of one: what is said of them is whole."""
from __future__ import annotations

from collections.abc import Iterable
from decimal import Decimal

from sqlalchemy import select
from sqlalchemy.orm import Session

from traceapp.core.quantity import UNITS
from traceapp.trace.many_keys import in_parts
from traceapp.trace.model import Lot

WHOLE = "Pieces are whole. Write a number without a part."
_COUNTED = tuple(unit for unit, (dimension, _factor) in UNITS.items() if dimension == "count")


def is_part(value: Decimal | None) -> bool:
    """Whether it is no whole number."""
    return value is not None and value != value.to_integral_value()


def lots_in_pieces(session: Session, lot_keys: Iterable[str]) -> frozenset[str]:
    """Which of these lots are counted in pieces; no statement for none."""
    return frozenset(key for part in in_parts(sorted(set(lot_keys)), 500) for key in session.scalars(
        select(Lot.lot_key).where(Lot.lot_key.in_(part), Lot.unit.in_(_COUNTED))))
