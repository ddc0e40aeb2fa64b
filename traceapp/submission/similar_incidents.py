"""Similar incidents and what was distributed, by calendar year and region, from complaints and despatches."""
from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

from sqlalchemy import ColumnElement, String, case, cast, func, or_, select
from sqlalchemy.orm import Session

from traceapp.adverse_event.reportability import jurisdiction_of
from traceapp.catalog.model import Party
from traceapp.complaint.model import Complaint, TriageResult
from traceapp.complaint.terms import terms
from traceapp.export.case_report import SimilarPeriod
from traceapp.trace.model import Lot, ShipmentLine

YEARS_BEFORE = 3
# Source: MIR 7.2.1, section 4: the European area is counted with Switzerland and Turkey.
_BESIDE_EUROPE = frozenset({"CH", "TR"})


@dataclass(frozen=True, slots=True)
class Likeness:
    """What makes an incident similar: the same product, and one of these terms at least. `country` is the one that
    is counted by itself, `last_year` the latest of the years."""

    product_id: str
    terms: tuple[str, ...]
    country: str
    last_year: int

    @property
    def years(self) -> range:
        """The years that are counted, the earliest first."""
        return range(self.last_year - YEARS_BEFORE, self.last_year + 1)


def similar_periods(session: Session, like: Likeness) -> tuple[SimilarPeriod, ...]:
    """The counts of each year for the country, for Europe and for the world.

    Nobody can know (None): what was before the first despatch of the product that is recorded; and, for a part of the
    world, the incidents of a year in which one happened nobody knows where.
    """
    if not like.terms:
        return ()
    incidents, units = _incidents(session, like), _units(session, like)
    first = min((row[1] for row in units if row[1] is not None), default=None)
    found = []
    for region in dict.fromkeys((like.country, "EEA", "world")):
        for at, year in enumerate(like.years):
            is_known = first is not None and year >= first.year
            counted = [row for row in incidents if _is_in(row[0], region)]
            homeless = sum(row[2 + at] or 0 for row in incidents if not row[0])
            number = sum(row[2 + at] or 0 for row in counted)
            found.append(SimilarPeriod(
                year, region, number if is_known and (region == "world" or not homeless) else None,
                sum((row[2 + at] or Decimal(0) for row in units if _is_in(row[0], region)), Decimal(0))
                if is_known else None))
    return tuple(found)


def basis_of(codes: Iterable[str], language: str) -> str:
    """What counts as similar, in words."""
    names = [getattr(terms()[code], language) for code in codes if code in terms()]
    if not names:
        return ""
    return f"同一产品，且有以下情况之一：{'、'.join(names)}" if language == "zh" else (
        f"Same product, and one of these: {', '.join(names)}")


def _is_in(country: str | None, region: str) -> bool:
    if region == "world":
        return True
    if region == "EEA":
        return bool(country) and (jurisdiction_of(str(country)) == "EU" or country in _BESIDE_EUROPE)
    return country == region


def _by_year(like: Likeness, moment: Any, amount: Any) -> list[ColumnElement[Any]]:
    """A sum for each year."""
    starts = [datetime(year, 1, 1, tzinfo=UTC) for year in (*like.years, like.last_year + 1)]
    return [func.sum(case(((moment >= first) & (moment < after), amount), else_=None))
            for first, after in zip(starts, starts[1:], strict=False)]


def _units(session: Session, like: Likeness) -> Sequence[Any]:
    """Country, earliest despatch, units of each year, what came back taken off."""
    return session.execute(
        select(Party.country, func.min(ShipmentLine.shipped_at),
               *_by_year(like, ShipmentLine.shipped_at, ShipmentLine.units))
        .join(Lot, Lot.lot_key == ShipmentLine.lot_key).join(Party, Party.id == ShipmentLine.consignee_id)
        .where(Lot.product_id == like.product_id).group_by(Party.country)).all()


def _incidents(session: Session, like: Likeness) -> Sequence[Any]:
    """Country, earliest complaint, complaints of each year; each event once. The country is the consignee's, else the
    only one that the lot was sent to, else not known."""
    sent = (select(ShipmentLine.lot_key, func.min(Party.country).label("low"), func.max(Party.country).label("high"))
            .join(Lot, Lot.lot_key == ShipmentLine.lot_key).join(Party, Party.id == ShipmentLine.consignee_id)
            .where(Lot.product_id == like.product_id).group_by(ShipmentLine.lot_key).subquery())
    country = func.coalesce(Party.country, case((sent.c.low == sent.c.high, sent.c.low), else_=None))
    said = cast(Complaint.terms, String)
    return session.execute(
        select(country, func.min(Complaint.awareness_at), *_by_year(like, Complaint.awareness_at, 1))
        .outerjoin(Party, Party.id == Complaint.consignee_id).outerjoin(sent, sent.c.lot_key == Complaint.lot_key)
        .where(Complaint.product_id == like.product_id, Complaint.master_id.is_(None),
               Complaint.triage_result == TriageResult.complaint,
               or_(*(said.like(f'%"{code}"%') for code in like.terms)))
        .group_by(country)).all()
