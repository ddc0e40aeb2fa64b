"""What sensors and inspections say of lots and suppliers: times outside limits, results near them, rising results."""
from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import TYPE_CHECKING, Any

from sqlalchemy import Select, func, select
from sqlalchemy.orm import Session

from traceapp.signals.covariates import Mark
from traceapp.signals.limits import is_near, share_used
from traceapp.trace.model import Lot, TestResult
from traceapp.trace.sensor_model import Excursion

from .exposure import chunks

if TYPE_CHECKING:
    from traceapp.signals.drift import Drift

# Lots of a supplier that are looked at, the newest: enough for the last twelve of several materials.
_NEWEST_LOTS = 240
NEWEST_TESTED = 1000
_LATELY = timedelta(days=183)
_RESULT = (TestResult.lot_key, TestResult.name_zh, TestResult.name_en, TestResult.value, TestResult.lower,
           TestResult.upper, TestResult.unit, TestResult.is_within)
_PER_CENT = frozenset({"%", "％"})


@dataclass(frozen=True, slots=True)
class Result:
    """A characteristic with the share of its tolerance that the result uses: the largest of the lot. `share` is None
    for a result in words, or one without a scale."""

    name_zh: str
    name_en: str
    share: float | None
    is_within: bool

    @property
    def is_near(self) -> bool:
        """Whether it is near a limit, or beyond."""
        return not self.is_within or is_near(self.share)

    @property
    def rank(self) -> tuple[bool, float]:
        """The greater, the nearer to a limit."""
        return not self.is_within, -1.0 if self.share is None else self.share


@dataclass(frozen=True, slots=True)
class LotCovariates:
    """`excursions`: how often it was outside its storage limits; `results`: the one nearest to its limit first."""

    excursions: int
    results: tuple[Result, ...]


@dataclass(frozen=True, slots=True)
class Point:
    """The result of one lot of a series."""

    lot_key: str
    number: str
    at: datetime
    share: float


@dataclass(frozen=True, slots=True)
class SupplierDrift:
    """The results of one characteristic of one material over the supplier's last lots, the oldest first."""

    product_id: str
    name_zh: str
    name_en: str
    drift: Drift
    points: tuple[Point, ...] = ()

    @property
    def higher(self) -> tuple[Point, ...]:
        """The lots from which on the results are higher; none where nothing rises."""
        return self.points[len(self.points) - self.drift.since:]

    @property
    def rank(self) -> tuple[bool, bool, float, str, str]:
        """Rising ones first, then those near a limit, then by the last result."""
        return not self.drift.is_rising, not self.drift.is_near, -self.drift.share, self.product_id, self.name_zh


@dataclass(frozen=True, slots=True)
class Covariates:
    """By lot, and by supplier: what is near a limit or rises, the most remarkable first. Nothing known: not there."""

    lots: dict[str, LotCovariates]
    suppliers: dict[str, tuple[SupplierDrift, ...]]

    def marks_of_lots(self) -> dict[str, frozenset[Mark]]:
        """What raises the odds of lots: an excursion, a result near or beyond a limit, a place in a rising series."""
        found: dict[str, set[Mark]] = defaultdict(set)
        for key, one in self.lots.items():
            if one.excursions:
                found[key].add(Mark.excursion)
            if any(result.is_near for result in one.results):
                found[key].add(Mark.drift)
        for series in self.suppliers.values():
            for point in (point for one in series for point in one.higher):
                found[point.lot_key].add(Mark.higher)
        return {key: frozenset(marks) for key, marks in found.items()}

    def rising(self) -> dict[str, date]:
        """Suppliers with results that rise, and since when: the day of the first of the higher lots, in the series
        where that is clearest."""
        return {key: one.higher[0].at.date() for key, series in self.suppliers.items()
                for one in series[:1] if one.drift.is_rising}


def covariates_of(session: Session, lot_keys: Iterable[str], supplier_ids: Iterable[str]) -> Covariates:
    """Two queries a chunk of lots, one a chunk of suppliers, whatever the number of results."""
    return Covariates(_of_lots(session, sorted(set(lot_keys))), {
        key: found for key, series in series_of(session, supplier_ids).items()
        if (found := tuple(one for one in series if one.drift.is_near or one.drift.is_rising))})


def _of_lots(session: Session, keys: list[str]) -> dict[str, LotCovariates]:
    outside: dict[str, int] = {}
    results: dict[str, dict[str, Result]] = defaultdict(dict)
    for some in chunks(keys):
        outside.update((key, count) for key, count in session.execute(
            select(Excursion.lot_key, func.count()).where(Excursion.lot_key.in_(some)).group_by(Excursion.lot_key)))
        for row in session.execute(select(*_RESULT).where(TestResult.lot_key.in_(some))):
            result = Result(row.name_zh, row.name_en, share_of(row), row.is_within)
            known = results[row.lot_key].get(row.name_zh)
            if known is None or result.rank > known.rank:
                results[row.lot_key][row.name_zh] = result
    return {key: LotCovariates(outside.get(key, 0), tuple(sorted(
        results.get(key, {}).values(), key=lambda one: ([-part for part in one.rank], one.name_zh))))
        for key in keys if key in outside or results.get(key)}


@dataclass(frozen=True, slots=True)
class NearLot:
    """A lot with its result nearest to a limit, or beyond."""

    lot_key: str
    number: str
    product_id: str | None
    supplier_id: str | None
    at: datetime
    result: Result


def lots_near_limits(session: Session, now: datetime, limit: int = NEWEST_TESTED) -> tuple[list[NearLot], int]:
    """(lots with a result near or beyond a limit, the nearest first, how many lots were looked at) among the newest
    with test results of half a year, whoever made them; one query, and two a chunk of lots."""
    tested = select(TestResult.lot_key).where(TestResult.lot_key == Lot.lot_key).exists()
    lots = {row.lot_key: row for row in session.execute(
        select(Lot.lot_key, Lot.number, Lot.product_id, Lot.supplier_id, Lot.started_at)
        .where(Lot.created_at > now - _LATELY, tested).order_by(Lot.created_at.desc(), Lot.lot_key).limit(limit))}
    found = [NearLot(key, row.number, row.product_id, row.supplier_id, row.started_at, one.results[0])
             for key, one in _of_lots(session, sorted(lots)).items()
             if (row := lots[key]) and one.results and one.results[0].is_near]
    return sorted(found, key=lambda one: one.result.rank, reverse=True), len(lots)


def share_of(row: Any) -> float | None:
    """The share of its tolerance that a stored result uses; None for a result in words."""
    if row.value is None:
        return None
    lower, upper = (None if limit is None else float(limit) for limit in (row.lower, row.upper))
    return share_used(float(row.value), lower, upper, most=100.0 if row.unit in _PER_CENT else None)


@dataclass(slots=True)
class _Series:
    """One characteristic of one material of one supplier, while it is read."""

    english: str = ""
    points: dict[str, Point] = field(default_factory=dict)

    def add(self, point: Point) -> None:
        """The largest share of a lot counts."""
        known = self.points.get(point.lot_key)
        if known is None or point.share > known.share:
            self.points[point.lot_key] = point


def series_of(session: Session, supplier_ids: Iterable[str]) -> dict[str, tuple[SupplierDrift, ...]]:
    """The series of each supplier over its newest lots, the most remarkable first; one query a chunk of suppliers."""
    found: dict[tuple[str, str, str], _Series] = defaultdict(_Series)
    for some in chunks(sorted(set(supplier_ids))):
        for row in session.execute(_results_of(some)):
            share = share_of(row)
            if share is not None:
                series = found[row.supplier_id, row.product_id, row.name_zh]
                series.english = row.name_en
                series.add(Point(row.lot_key, row.number, row.started_at, share))
    by_supplier: dict[str, list[SupplierDrift]] = defaultdict(list)
    for (supplier_id, product_id, name), series in found.items():
        by_supplier[supplier_id].append(_judged(product_id, name, series))
    return {key: tuple(sorted(all_of, key=lambda one: one.rank)) for key, all_of in by_supplier.items()}


def _results_of(supplier_ids: list[str]) -> Select[Any]:
    """The results of the newest lots of each of these suppliers, the oldest lot first."""
    newest = (select(Lot.lot_key, Lot.supplier_id, Lot.product_id, Lot.number, Lot.started_at,
                     func.row_number().over(partition_by=Lot.supplier_id,
                                            order_by=(Lot.started_at.desc(), Lot.lot_key)).label("place"))
              .where(Lot.supplier_id.in_(supplier_ids), Lot.product_id.is_not(None)).subquery())
    return (select(newest.c.supplier_id, newest.c.product_id, newest.c.number, newest.c.started_at, *_RESULT)
            .join(newest, newest.c.lot_key == TestResult.lot_key).where(newest.c.place <= _NEWEST_LOTS)
            .order_by(newest.c.started_at, newest.c.lot_key))


def _judged(product_id: str, name: str, series: _Series) -> SupplierDrift:
    from traceapp.signals.drift import LAST_LOTS, drift

    points = tuple(series.points.values())[-LAST_LOTS:]
    return SupplierDrift(product_id, name, series.english, drift([point.share for point in points]), points)
