"""What sensors and inspections say of lots and suppliers: times outside limits, results near them, rising results."""
from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from traceapp.signals.drift import LAST_LOTS, Drift, drift, share_used
from traceapp.trace.model import Lot, TestResult
from traceapp.trace.sensor_model import Excursion

from .exposure import chunks

# Lots of a supplier that are looked at, the newest: enough for the last twelve of several materials.
_NEWEST_LOTS = 20 * LAST_LOTS


@dataclass(frozen=True, slots=True)
class Result:
    """A characteristic with the share of its tolerance that the result uses: the largest of the lot."""

    name_zh: str
    name_en: str
    share: float


@dataclass(frozen=True, slots=True)
class LotCovariates:
    """`excursions`: how often it was outside its storage limits; `results`: the one nearest to its limit first."""

    excursions: int
    results: tuple[Result, ...]


@dataclass(frozen=True, slots=True)
class SupplierDrift:
    """The results of one characteristic of one material over the supplier's last lots."""

    product_id: str
    name_zh: str
    name_en: str
    drift: Drift


@dataclass(frozen=True, slots=True)
class Covariates:
    """By lot, and by supplier: what is near a limit or rises, the most remarkable first. Nothing known: not there."""

    lots: dict[str, LotCovariates]
    suppliers: dict[str, tuple[SupplierDrift, ...]]


def covariates_of(session: Session, lot_keys: Iterable[str], supplier_ids: Iterable[str]) -> Covariates:
    """Two queries a chunk of lots, one a supplier, whatever the number of results."""
    return Covariates(_of_lots(session, sorted(set(lot_keys))),
                      {key: found for key in sorted(set(supplier_ids)) if (found := _of_supplier(session, key))})


def _share(row: TestResult) -> float | None:
    if row.value is None:
        return None
    return share_used(float(row.value), *(None if limit is None else float(limit) for limit in (row.lower, row.upper)))


def _of_lots(session: Session, keys: list[str]) -> dict[str, LotCovariates]:
    outside: dict[str, int] = {}
    results: dict[str, dict[str, Result]] = defaultdict(dict)
    for some in chunks(keys):
        for key, count in session.execute(select(Excursion.lot_key, func.count()).where(Excursion.lot_key.in_(some))
                                          .group_by(Excursion.lot_key)):
            outside[key] = count
        for row in session.scalars(select(TestResult).where(TestResult.lot_key.in_(some))):
            share = _share(row)
            known = results[row.lot_key].get(row.name_zh)
            if share is not None and (known is None or share > known.share):
                results[row.lot_key][row.name_zh] = Result(row.name_zh, row.name_en, share)
    return {key: LotCovariates(outside.get(key, 0), tuple(sorted(results.get(key, {}).values(),
                                                                 key=lambda one: (-one.share, one.name_zh))))
            for key in keys if key in outside or results.get(key)}


def _of_supplier(session: Session, supplier_id: str) -> tuple[SupplierDrift, ...]:
    newest = (select(Lot.lot_key, Lot.product_id, Lot.started_at).where(
        Lot.supplier_id == supplier_id, Lot.product_id.is_not(None))
        .order_by(Lot.started_at.desc(), Lot.lot_key).limit(_NEWEST_LOTS).subquery())
    rows = session.execute(select(TestResult, newest.c.product_id).join(newest, newest.c.lot_key == TestResult.lot_key)
                           .order_by(newest.c.started_at, newest.c.lot_key))
    series: dict[tuple[str, str], dict[str, float]] = defaultdict(dict)
    english: dict[str, str] = {}
    for row, product_id in rows:
        share = _share(row)
        if share is not None:
            lots = series[(product_id, row.name_zh)]
            lots[row.lot_key] = max(share, lots.get(row.lot_key, share))
            english[row.name_zh] = row.name_en
    found = [SupplierDrift(product_id, name, english[name], drift(list(lots.values())))
             for (product_id, name), lots in series.items()]
    return tuple(sorted((one for one in found if one.drift.is_near or one.drift.is_rising),
                        key=lambda one: (not one.drift.is_rising, -one.drift.share, one.product_id, one.name_zh)))
