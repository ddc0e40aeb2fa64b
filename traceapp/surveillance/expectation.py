"""What is expected of one product: what is in force, what is stated, what its history says, and why."""
from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from sqlalchemy.orm import Session

from traceapp.audit import record, stream_of
from traceapp.catalog.model import Product
from traceapp.core.actor import Actor
from traceapp.core.clock import Clock
from traceapp.core.errors import NotFound
from traceapp.worklist.work import add_work

from .alarm import SeverityGroup
from .basis import Basis, basis_of, stated_basis
from .fit_model import DetectionFit, DetectionRate
from .fits import Fitted, fitted, latest_fits, rates_of
from .refit import WORK

if TYPE_CHECKING:
    from traceapp.signals.exposure import DelayLaw

_LONGEST = 2048


@dataclass(frozen=True, slots=True)
class Expectation:
    """What is expected of a product. `fit` is the newest one, whether it is in force or not."""

    product: Product
    in_force: Basis
    stated: Basis
    fit: DetectionFit | None
    rates: tuple[DetectionRate, ...]

    @property
    def by_history(self) -> Fitted | None:
        """The newest fit as values."""
        return fitted(self.fit, self.rates) if self.fit is not None else None

    def rate(self, group: SeverityGroup) -> DetectionRate | None:
        """What history says of a severity group in all regions."""
        return next((row for row in self.rates if row.severity_group == group and not row.region), None)


def expectation_of(session: Session, product_id: str) -> Expectation:
    """What is expected of a product and why. Raises NotFound."""
    product = session.get(Product, product_id)
    if product is None:
        raise NotFound("There is no such product.", place="product_id")
    fits = latest_fits(session, [product_id])
    rates = rates_of(session, fits).get(product_id, [])
    return Expectation(product, basis_of(session, product_id), stated_basis(session, product_id),
                       fits.get(product_id), tuple(rates))


def days_until(law: DelayLaw, share: float) -> int | None:
    """Within how many days after that of despatch this share of all reports has come; None: beyond five years."""
    chances = came_by(law, _LONGEST)
    return next((day for day, chance in enumerate(chances) if chance >= share), None)


def came_by(law: DelayLaw, days: int) -> Sequence[float]:
    """The share of all reports that has come by the end of each day from that of despatch on."""
    from traceapp.signals.exposure import day_chances

    return [float(chance) for chance in day_chances(law, days)]


def ask_refit(session: Session, actor: Actor, clock: Clock, product_id: str) -> None:
    """Have the jobs learn a product's past anew within the minute. Raises NotFound."""
    if session.get(Product, product_id) is None:
        raise NotFound("There is no such product.", place="product_id")
    add_work(session, clock, WORK, product_id)
    record(session, actor, clock.now(), "detection_basis.refit_asked", stream_of("product", product_id), {})
