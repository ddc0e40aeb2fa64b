"""What the measures of a period are, read from complaints, promises and despatches."""
from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from sqlalchemy import ColumnElement, func, select
from sqlalchemy.orm import Session

from traceapp.core.quantity import rounded
from traceapp.trace.model import Lot, ShipmentLine

from .clock_model import ClockKind, ServiceClock
from .measures import Promotion, Share, percentile, promotion_of, satisfaction_of
from .model import Complaint
from .states import ENDED
from .triage import TriageResult


@dataclass(frozen=True, slots=True)
class ProductRate:
    """Complaints about a product beside what was shipped of it in the same period, in its own unit."""

    product_id: str
    complaints: int
    shipped: Decimal

    @property
    def per_ten_thousand(self) -> Decimal | None:
        """None where nothing was shipped: the number of complaints alone says nothing."""
        return rounded(Decimal(10_000) * self.complaints / self.shipped) if self.shipped > 0 else None


@dataclass(frozen=True, slots=True)
class Measures:
    """Of the complaints that came in between `since` and `until`. Hours by the wall clock."""

    received: int
    first_answer_hours: tuple[float | None, float | None]
    """The median and the 95th percentile."""
    attainment: dict[str, Share]
    reopened: Share
    answered_surveys: Share
    satisfaction: Share
    promotion: Promotion
    products: tuple[ProductRate, ...]


def measures_of(session: Session, since: datetime, until: datetime, now: datetime) -> Measures:
    """The measures of a period; `until` is not included. Held-back reports and duplicates do not count."""
    counted = (Complaint.received_at >= since, Complaint.received_at < until, Complaint.is_quarantined.is_(False),
               Complaint.master_id.is_(None))
    ended = session.scalar(select(func.count()).select_from(Complaint).where(
        *counted, Complaint.state.in_(ENDED) | (Complaint.times_reopened > 0))) or 0
    again = session.scalar(select(func.count()).select_from(Complaint).where(
        *counted, Complaint.times_reopened > 0)) or 0
    surveys = session.execute(select(Complaint.satisfaction, Complaint.recommendation).where(
        *counted, Complaint.surveyed_at.is_not(None))).all()
    answers = _answer_hours(session, counted)
    return Measures(
        session.scalar(select(func.count()).select_from(Complaint).where(*counted)) or 0,
        (percentile(answers, 0.5), percentile(answers, 0.95)), _attainment(session, counted, now), Share(again, ended),
        Share(len(surveys), max(ended, len(surveys))),
        satisfaction_of([row.satisfaction for row in surveys if row.satisfaction is not None]),
        promotion_of([row.recommendation for row in surveys if row.recommendation is not None]),
        _rates(session, counted, since, until))


def _answer_hours(session: Session, counted: tuple[ColumnElement[bool], ...]) -> list[float]:
    rows = session.execute(
        select(ServiceClock.started_at, ServiceClock.ended_at)
        .join(Complaint, Complaint.id == ServiceClock.complaint_id)
        .where(*counted, ServiceClock.kind == ClockKind.first_answer, ServiceClock.ended_at.is_not(None)))
    return [(ended - started).total_seconds() / 3600 for started, ended in rows if ended is not None]


def _attainment(session: Session, counted: tuple[ColumnElement[bool], ...], now: datetime) -> dict[str, Share]:
    """Of each kind of promise, how many were kept of those that were due: what runs on past its time was missed."""
    rows = session.execute(
        select(ServiceClock.kind, ServiceClock.ended_at <= ServiceClock.due_at, func.count())
        .join(Complaint, Complaint.id == ServiceClock.complaint_id)
        .where(*counted, ServiceClock.ended_at.is_not(None) | (ServiceClock.due_at < now))
        .group_by(ServiceClock.kind, ServiceClock.ended_at <= ServiceClock.due_at)).all()
    return {str(kind): Share(sum(number for one, kept, number in rows if one == kind and kept),
                             sum(number for one, _, number in rows if one == kind)) for kind in ClockKind}


def _rates(session: Session, counted: tuple[ColumnElement[bool], ...], since: datetime,
           until: datetime) -> tuple[ProductRate, ...]:
    complaints = {key: number for key, number in session.execute(
        select(Complaint.product_id, func.count()).where(
            *counted, Complaint.product_id.is_not(None),
            Complaint.triage_result.in_((TriageResult.untriaged, TriageResult.complaint)))
        .group_by(Complaint.product_id))}
    shipped = {key: units for key, units in session.execute(
        select(Lot.product_id, func.sum(ShipmentLine.units)).join(Lot, Lot.lot_key == ShipmentLine.lot_key)
        .where(ShipmentLine.shipped_at >= since, ShipmentLine.shipped_at < until, ShipmentLine.units > 0,
               Lot.product_id.is_not(None)).group_by(Lot.product_id))}
    found = [ProductRate(str(key), complaints.get(key, 0), shipped.get(key) or Decimal(0))
             for key in complaints.keys() | shipped.keys()]
    return tuple(sorted(found, key=lambda one: (-(one.per_ten_thousand or 0), -one.complaints, one.product_id)))
