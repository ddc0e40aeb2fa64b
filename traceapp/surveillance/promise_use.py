"""What became of the promise of few false alarms in the last year: promised, spent by tests, and refuted."""
from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from traceapp.catalog.model import Product
from traceapp.trace.model import Lot
from traceapp.trace.policy import ReleaseState

from .basis import DEFAULT_ALPHA, bases_of
from .model import SignalDecision

_YEAR = timedelta(days=365)


@dataclass(frozen=True, slots=True)
class PromiseUse:
    """The year until `on`: `promised` false alarms for its `lots`, `spent` by the levels of their tests, and how many
    signals were `refuted` and `confirmed`."""

    per_hundred_lots: float
    lots: int
    promised: float
    spent: float
    refuted: int
    confirmed: int


def promise_use(session: Session, on: date) -> PromiseUse:
    """By the lots of products released in the year, each tested once at its product's level."""
    last = datetime.combine(on, time.max, UTC)
    lots = {product_id: count for product_id, count in session.execute(
        select(Product.id, func.count()).join(Lot, Lot.product_id == Product.id).where(
            Product.kind != "material", Lot.created_at > last - _YEAR, Lot.created_at <= last,
            Lot.release_state == ReleaseState.released).group_by(Product.id))}
    bases = bases_of(session, lots)
    decided = {action: count for action, count in session.execute(
        select(SignalDecision.action, func.count(func.distinct(SignalDecision.signal_id)))
        .where(SignalDecision.at > last - _YEAR, SignalDecision.at <= last,
               SignalDecision.action.in_(("refute", "confirm"))).group_by(SignalDecision.action))}
    every = sum(lots.values())
    return PromiseUse(100 * DEFAULT_ALPHA, every, DEFAULT_ALPHA * every,
                      sum(bases[product_id].alpha * count for product_id, count in lots.items()),
                      decided.get("refute", 0), decided.get("confirm", 0))
