"""What the newest fit of a product to its history says, as plain values."""
from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from traceapp.signals.delay import ENOUGH_REPORTS, Delay

from .alarm import SeverityGroup
from .fit_model import DetectionFit, DetectionRate

if TYPE_CHECKING:
    from traceapp.signals.exposure import DelayLaw


@dataclass(frozen=True, slots=True)
class Fitted:
    """One fit: `waits` is the chance of a report within so many whole days, None where the stated wait holds; rates by
    severity group and region, the region empty for all together."""

    number: int
    fitted_at: datetime
    waits: tuple[float, ...] | None
    rates: Mapping[tuple[str, str], DetectionRate]

    def whole(self, group: SeverityGroup) -> DetectionRate | None:
        """The rate of a group in all regions, where enough reports speak for it."""
        row = self.rates.get((group, ""))
        return row if row is not None and row.history >= ENOUGH_REPORTS else None

    def ratio(self, group: SeverityGroup, region: str) -> float:
        """How often a region reports beside the whole; 1 where nobody knows."""
        row, whole = self.rates.get((group, region)), self.rates.get((group, ""))
        return row.rate / whole.rate if region and row is not None and whole is not None else 1.0

    @property
    def has_regions(self) -> bool:
        """Whether regions differ."""
        return any(region for _, region in self.rates)

    def law(self, stated: Delay) -> DelayLaw:
        """The wait that was fitted, or the stated one."""
        from traceapp.signals.history import FittedDelay

        return stated if self.waits is None else FittedDelay(self.waits)

    def use_mean_days(self, stated: Delay) -> float:
        """The mean wait until use. Reports tell the whole wait alone; of it the stated share is taken for use, and use
        for as memoryless as the stated law has it: an approximation, which matters only while a lot is on hold."""
        whole = stated.use_mean_days + stated.report_mean_days
        if self.waits is None or whole <= 0:
            return stated.use_mean_days
        return sum(1 - chance for chance in self.waits) * stated.use_mean_days / whole


def latest_fits(session: Session, product_ids: Collection[str]) -> dict[str, DetectionFit]:
    """The newest fit of each product that has one."""
    newest = select(DetectionFit.product_id, func.max(DetectionFit.number).label("number")).where(
        DetectionFit.product_id.in_(product_ids)).group_by(DetectionFit.product_id).subquery()
    return {fit.product_id: fit for fit in session.scalars(select(DetectionFit).join(
        newest, (DetectionFit.product_id == newest.c.product_id) & (DetectionFit.number == newest.c.number)))}


def rates_of(session: Session, fits: Mapping[str, DetectionFit]) -> dict[str, list[DetectionRate]]:
    """The rates of these fits, by product; the larger exposure first."""
    found: dict[str, list[DetectionRate]] = defaultdict(list)
    if fits:
        rows = session.scalars(select(DetectionRate).where(
            DetectionRate.product_id.in_(list(fits)),
            DetectionRate.number.in_({fit.number for fit in fits.values()})).order_by(
            DetectionRate.severity_group, DetectionRate.exposure.desc(), DetectionRate.region))
        for row in rows:
            if fits[row.product_id].number == row.number:
                found[row.product_id].append(row)
    return found


def fitted(fit: DetectionFit, rates: Collection[DetectionRate]) -> Fitted:
    """A fit as values."""
    return Fitted(fit.number, fit.fitted_at, tuple(float(chance) for chance in fit.waits) or None,
                  {(row.severity_group, row.region): row for row in rates})


def fits_in_force(session: Session, product_ids: Collection[str]) -> dict[str, Fitted]:
    """The newest fit of each product whose history is long enough; in two queries."""
    found = {key: fit for key, fit in latest_fits(session, product_ids).items() if fit.in_force_from is not None}
    rates = rates_of(session, found)
    return {key: fitted(fit, rates[key]) for key, fit in found.items()}
