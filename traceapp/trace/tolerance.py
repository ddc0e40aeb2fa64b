"""By how much what came in and what went out of a lot may differ: a percentage of its product."""
from __future__ import annotations

from decimal import Decimal
from typing import Any

from sqlalchemy import BigInteger, ColumnElement, Float, cast, func, select, type_coerce

from traceapp.catalog.model import Product

from .model import Lot

# The tolerance is kept in millionths of a percent.
_WHOLE = 100.0 * 10**6
_TOLERANCE: ColumnElement[Any] = (
    select(func.coalesce(func.max(type_coerce(Product.balance_tolerance, BigInteger)), 0))
    .where(Product.id == Lot.product_id).correlate(Lot).scalar_subquery())


def is_beyond(difference: Decimal, whole: Decimal, percent: Decimal) -> bool:
    """Whether more of the whole differs than so many percent."""
    return abs(difference) * 100 > whole * percent


def beyond(difference: Any, whole: Any) -> ColumnElement[bool]:
    """The same of lots in the database, by the tolerance of their products; without a product nothing is tolerated."""
    return (cast(type_coerce(difference, BigInteger), Float) * _WHOLE
            > cast(type_coerce(whole, BigInteger), Float) * cast(_TOLERANCE, Float))
