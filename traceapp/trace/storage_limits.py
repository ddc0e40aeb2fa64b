"""Within which limits things must be kept: those of their products."""
from __future__ import annotations

from collections.abc import Iterable
from datetime import timedelta
from typing import Any

from sqlalchemy import and_, or_, select
from sqlalchemy.orm import Session

from traceapp.catalog.model import PackagingLevel, Product
from traceapp.catalog.service import STEM
from traceapp.db.among import among

from .excursion_runs import Limits
from .identity import item_of
from .model import Lot
from .sensor_values import ReadingKind

_CHUNK = 500
_COLUMNS = (Product.storage_min_c, Product.storage_max_c, Product.storage_min_rh, Product.storage_max_rh,
            Product.storage_allowed_minutes)
_WITH_LIMITS = select(Product.id).where(or_(*(limit.is_not(None) for limit in _COLUMNS[:4])))
_LIMITED = select(Lot.lot_key).where(among(Lot.lot_key, "keys"), or_(
    among(Lot.product_id, "products"), and_(Lot.product_id.is_(None), among(Lot.class_uri, "classes"))))


def limits_of(session: Session, lot_keys: Iterable[str]) -> dict[str, dict[str, Limits]]:
    """The limits of these things by kind of reading; of a thing without a product there are none. Keys of places are
    left out."""
    found: dict[str, dict[str, Limits]] = {}
    serials: dict[str, str] = {}
    wanted = sorted(set(lot_keys))
    for start in range(0, len(wanted), _CHUNK):
        for lot_key, class_uri, product_id, *values in session.execute(
                select(Lot.lot_key, Lot.class_uri, Lot.product_id, *_COLUMNS)
                .outerjoin(Product, Product.id == Lot.product_id).where(Lot.lot_key.in_(wanted[start:start + _CHUNK]))):
            found[lot_key] = _limits(values) if product_id is not None else {}
            gtin = item_of(class_uri, is_class=True).gtin if class_uri and product_id is None else None
            if gtin:
                serials[lot_key] = gtin
    by_gtin = _of_gtins(session, sorted(set(serials.values())))
    return found | {key: by_gtin[gtin] for key, gtin in serials.items() if gtin in by_gtin}


def are_any(session: Session) -> bool:
    """Whether any product has limits."""
    return session.scalar(_WITH_LIMITS.limit(1)) is not None


def limited(session: Session, lot_keys: Iterable[str]) -> set[str]:
    """The things whose product has limits of any kind."""
    products = list(session.scalars(_WITH_LIMITS))
    keys = set(lot_keys)
    if not products or not keys:
        return set()
    gtins = session.scalars(select(PackagingLevel.gtin).where(among(PackagingLevel.product_id, "products")),
                            {"products": products})
    values = {"keys": sorted(keys), "products": products, "classes": [f"{STEM}{gtin}" for gtin in gtins]}
    return set(session.connection().scalars(_LIMITED, values))


def _of_gtins(session: Session, gtins: list[str]) -> dict[str, dict[str, Limits]]:
    found: dict[str, dict[str, Limits]] = {}
    for start in range(0, len(gtins), _CHUNK):
        found |= {gtin: _limits(values) for gtin, *values in session.execute(
            select(PackagingLevel.gtin, *_COLUMNS).join(Product, Product.id == PackagingLevel.product_id)
            .where(PackagingLevel.gtin.in_(gtins[start:start + _CHUNK])))}
    return found


def _limits(values: list[Any]) -> dict[str, Limits]:
    min_c, max_c, min_rh, max_rh, minutes = values
    allowed = timedelta(minutes=minutes)
    return {ReadingKind.temperature: Limits(min_c, max_c, allowed),
            ReadingKind.humidity: Limits(min_rh, max_rh, allowed)}
