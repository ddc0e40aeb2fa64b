"""Learning from history what is usual of a product: the wait until a report, and its rates by group and region."""
from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from traceapp.audit import record, stream_of
from traceapp.catalog.model import Product, ProductKind
from traceapp.core.actor import Actor
from traceapp.core.clock import Clock
from traceapp.core.errors import NotFound
from traceapp.db import Database
from traceapp.signals.delay import ENOUGH_REPORTS
from traceapp.trace.model import Lot

from .alarm import SeverityGroup
from .basis import stated_basis
from .fit_model import DetectionFit, DetectionRate
from .fits import latest_fits, rates_of
from .past import Past, past_of

if TYPE_CHECKING:
    from traceapp.signals.exposure import DelayLaw
    from traceapp.signals.history import FittedDelay, Rate

WORK = "surveillance.refit"
# The stated wait counts for as many reports as this beside those that came; waits longer than this are not told apart.
STATED_WEIGHT = 10.0
LONGEST_WAIT = 540
MOST_REPORTS = 4000
# The other products of its kind lend a product at most so many reports' worth: half of what is enough is its own.
MOST_LENT = ENOUGH_REPORTS / 2


@dataclass(frozen=True, slots=True)
class _Counted:
    """Reports of a group and the exposure that they came from."""

    reports: int
    exposure: float


def products_to_fit(session: Session) -> list[str]:
    """The products of which anything was despatched."""
    return list(session.scalars(select(Product.id).where(
        Product.kind != ProductKind.material,
        select(Lot.lot_key).where(Lot.product_id == Product.id, Lot.shipped > 0).exists()).order_by(Product.id)))


@dataclass(frozen=True, slots=True)
class Learnt:
    """What the past of a product says, before it is kept. `after`: the number of the fit before it, 0 for none."""

    product_id: str
    after: int
    past: Past
    wait: FittedDelay | None
    rates: tuple[DetectionRate, ...]

    @property
    def harm(self) -> DetectionRate | None:
        """The rate of harm in all regions."""
        return next((row for row in self.rates if row.severity_group == SeverityGroup.harm and not row.region), None)


def refit_product(database: Database, actor: Actor, clock: Clock, product_id: str) -> DetectionFit | None:
    """Fit a product to its past: computed while others may write, then kept. None where nothing has changed since the
    last fit, or nothing can be said yet. Raises NotFound for a product that is not there."""
    with database.read() as session:
        learnt = learn(session, product_id, clock.now().date())
    if learnt is None:
        return None
    with database.write() as session:
        return keep_fit(session, actor, clock, learnt)


def learn(session: Session, product_id: str, today: date) -> Learnt | None:
    """What the past of a product says until yesterday; None where it says what it said at the last fit, or nothing.

    What changes it: reports, despatches, holds, signals; and once a week the time that went by.
    """
    product = session.get(Product, product_id)
    if product is None:
        raise NotFound("There is no such product.", place="product_id")
    past = past_of(session, product_id, today)
    last = latest_fits(session, [product_id]).get(product_id)
    if last is not None and last.digest == past.digest:
        return None
    stated = stated_basis(session, product_id).delay
    wait = _wait(past, stated)
    rates = _rates(session, product, past, wait or stated)
    return Learnt(product_id, last.number if last else 0, past, wait, tuple(rates)) if rates else None


def keep_fit(session: Session, actor: Actor, clock: Clock, learnt: Learnt) -> DetectionFit | None:
    """Keep what was learnt as the next fit of its product; None where somebody else has kept one meanwhile."""
    if learnt.after != (session.scalar(select(func.max(DetectionFit.number)).where(
            DetectionFit.product_id == learnt.product_id)) or 0):
        return None
    past, harm = learnt.past, learnt.harm
    is_enough = harm is not None and harm.history >= ENOUGH_REPORTS
    fit = DetectionFit(
        product_id=learnt.product_id, number=learnt.after + 1, fitted_at=clock.now(),
        fitted_by=actor.name or actor.id, in_force_from=clock.now() if is_enough else None, digest=past.digest,
        lots=len(past.lots), delay_reports=len(past.reports), unexposed=past.unexposed,
        waits=[round(chance, 6) for chance in learnt.wait.chances] if learnt.wait else [],
        left_out=[[one.lot_key, one.number, one.why] for one in past.left_out],
        publicity=[[first.isoformat(), end.isoformat()] for first, end in past.publicity])
    session.add(fit)
    for row in learnt.rates:
        row.number = fit.number
        session.add(row)
    session.flush()
    record(session, actor, clock.now(), "detection_basis.fitted", stream_of("product", learnt.product_id), {
        "number": fit.number, "reports": len(past.reports), "lots": fit.lots, "left_out": len(past.left_out),
        "is_enough": is_enough, "rate": repr(harm.rate) if harm else None})
    return fit


def _wait(past: Past, stated: DelayLaw) -> FittedDelay | None:
    """The wait by the newest reports, None where there are too few."""
    from traceapp.signals.spread import fit_spread_delay

    newest = past.newest(MOST_REPORTS)
    return fit_spread_delay(newest.supplies(), stated=stated, weight=STATED_WEIGHT, longest=LONGEST_WAIT,
                            enough=ENOUGH_REPORTS)


def _rates(session: Session, product: Product, past: Past, law: DelayLaw) -> list[DetectionRate]:
    """The rates of each severity group, of all regions together and of each."""
    from traceapp.signals.spread import chances_seen

    exposure: dict[str, float] = defaultdict(float)
    for key in past.lots:
        by_region = defaultdict(list)
        for one in past.deliveries[key]:
            by_region[past.regions.get(one.consignee_id, "")].append(one)
        for region, deliveries in by_region.items():
            exposure[region] += chances_seen(past.supply(key, deliveries), law)
    whole, rows = sum(exposure.values()), []
    for group in SeverityGroup:
        reports = past.of_group(group)
        own = _whole_rate(session, product, group, _Counted(len(reports), whole))
        if own is None:
            continue
        rows.append(own)
        by: dict[str, int] = defaultdict(int)
        for report in reports:
            by[report.region] += 1
        rows += _region_rates(own, {region: _Counted(by[region], units) for region, units in exposure.items()
                                    if region and units > 0})
    return rows


def _whole_rate(session: Session, product: Product, group: SeverityGroup, own: _Counted) -> DetectionRate | None:
    """The rate of a product, leaning on the last fits of the others of its kind; None where none has reports."""
    from traceapp.signals.history import fit_baseline, shrunken_rate

    others = [one for one in _kin(session, product, group) if one.exposure > 0]
    reports = sum(one.reports for one in others)
    if own.exposure <= 0 or own.reports + reports == 0:
        return None
    kin = fit_baseline([one.reports for one in others], [one.exposure for one in others]) if reports else None
    found = shrunken_rate(own.reports, own.exposure, kin, MOST_LENT)
    return _row(product.id, group, "", own, (found, kin.mean if kin else None, kin.shape if kin else math.inf))


def _kin(session: Session, product: Product, group: SeverityGroup) -> list[_Counted]:
    """What the last fits of the other products of the same kind counted."""
    kin = list(session.scalars(select(Product.id).where(Product.kind == product.kind, Product.id != product.id)))
    rates = rates_of(session, latest_fits(session, kin))
    return [_Counted(row.reports, row.exposure) for rows in rates.values() for row in rows
            if row.severity_group == group and not row.region]


def _region_rates(own: DetectionRate, regions: Mapping[str, _Counted]) -> list[DetectionRate]:
    """How the rate of a product differs by region, the small regions leaning on the others. Reports of which nobody
    knows the region are taken to be spread as the others are. None where too few are known, or there is one region."""
    from traceapp.signals.history import Rate, fit_baseline

    known, units = sum(one.reports for one in regions.values()), sum(one.exposure for one in regions.values())
    if len(regions) < 2 or known < ENOUGH_REPORTS:
        return []
    names = sorted(regions)
    base = fit_baseline([regions[name].reports for name in names], [regions[name].exposure for name in names])
    # In proportion to the whole, so that the regions together expect what the product does.
    mean = sum(rate * regions[name].exposure for name, rate in zip(names, base.rates, strict=True)) / units
    scale, rows = own.rate / mean, []
    for name, rate in zip(names, base.rates.tolist(), strict=True):
        one = regions[name]
        low, high = (scale * bound for bound in base.interval(one.reports, one.exposure))
        rows.append(_row(own.product_id, SeverityGroup(own.severity_group), name, one,
                         (Rate(scale * rate, low, high, base.history(one.reports)), scale * base.mean, base.shape)))
    return rows


def _row(product_id: str, group: SeverityGroup, region: str, seen: _Counted,
         found: tuple[Rate, float | None, float]) -> DetectionRate:
    rate, mean, shape = found
    return DetectionRate(product_id=product_id, severity_group=group, region=region, reports=seen.reports,
                         exposure=seen.exposure, rate=rate.rate, low=rate.low, high=rate.high, history=rate.history,
                         family_mean=mean, family_shape=None if math.isinf(shape) else shape)
