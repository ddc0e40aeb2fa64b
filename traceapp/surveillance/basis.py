"""What is expected of a product: its rate of harm reports per unit, its delays, and how strict the detector is."""
from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import TYPE_CHECKING

from sqlalchemy import select
from sqlalchemy.orm import Session

from traceapp.audit import record, stream_of
from traceapp.catalog.model import Product
from traceapp.core.actor import Actor
from traceapp.core.clock import Clock
from traceapp.core.errors import Conflict, InvalidInput, NotFound
from traceapp.db import expect_revision
from traceapp.signals.delay import Delay

from .alarm import SeverityGroup
from .fits import Fitted, fits_in_force
from .model import DetectionBasis

if TYPE_CHECKING:
    from traceapp.signals.exposure import DelayLaw

# Stated defaults, shown as such on every screen until quality sets its own: 500 reports of harm per million units,
# use about two weeks after delivery, report about a week later; one false alarm in a hundred lots over their life,
# never on fewer than three reports.
DEFAULT_RATE = 0.0005
DEFAULT_ALPHA = 0.01
DEFAULT_MINIMUM = 3
# Of ten reports of harm one is of serious harm, until history says otherwise.
DEFAULT_SERIOUS_SHARE = 0.1


class Source(StrEnum):
    """Who says what is expected: the default that the program states, quality, or the product's own history."""

    default = "default"
    stated = "stated"
    history = "history"


@dataclass(frozen=True, slots=True)
class Basis:
    """What the detector uses for one product. `rate_per_unit`: reports of harm per unit over its whole life; `delay`:
    the wait as it is stated. `fitted`: the fit to history that is in force instead of what is stated."""

    product_id: str
    rate_per_unit: float = DEFAULT_RATE
    delay: Delay = Delay()
    alpha: float = DEFAULT_ALPHA
    minimum_events: int = DEFAULT_MINIMUM
    note: str = ""
    set_by: str = ""
    is_default: bool = True
    revision: int = 0
    fitted: Fitted | None = None

    @property
    def source(self) -> Source:
        """Who says so."""
        return Source.history if self.fitted else Source.default if self.is_default else Source.stated

    @property
    def law(self) -> DelayLaw:
        """The wait from despatch to report."""
        return self.fitted.law(self.delay) if self.fitted else self.delay

    @property
    def tested_law(self) -> DelayLaw:
        """The wait that curves and tests go by: a learnt one is taken two standard errors short (decision 0031)."""
        from traceapp.signals.careful import CarefulDelay

        history = self.history(SeverityGroup.harm)
        if self.fitted is None or self.fitted.waits is None or history is None:
            return self.law
        return CarefulDelay(self.law, max(1, history))

    @property
    def use_mean_days(self) -> float:
        """The mean wait until use, for what a hold stops."""
        return self.fitted.use_mean_days(self.delay) if self.fitted else self.delay.use_mean_days

    @property
    def has_regions(self) -> bool:
        """Whether regions are expected to differ."""
        return self.fitted is not None and self.fitted.has_regions

    def rate(self, group: SeverityGroup) -> float:
        """Reports of a severity group per unit over its whole life; of serious harm the stated share of all harm, until
        enough of them have come."""
        own = self.fitted.whole(group) if self.fitted else None
        if own is not None:
            return own.rate
        return self.rate_per_unit * (1.0 if group == SeverityGroup.harm else DEFAULT_SERIOUS_SHARE)

    def region_ratio(self, group: SeverityGroup, region: str) -> float:
        """How often a region reports, 1 being usual."""
        return self.fitted.ratio(group, region) if self.fitted else 1.0

    def history(self, group: SeverityGroup) -> int | None:
        """From how many reports the rate was learnt; None where it is stated, by quality or by default. A share of all
        harm that is stated was learnt with all harm."""
        if self.fitted is None:
            return None
        row = self.fitted.whole(group) or self.fitted.whole(SeverityGroup.harm)
        return row.history if row is not None else None


@dataclass(frozen=True, slots=True)
class SetBasis:
    """Rates in reports per unit, delays in mean days; `note` says where the numbers come from."""

    product_id: str
    rate_per_unit: float
    delay: Delay
    alpha: float = DEFAULT_ALPHA
    minimum_events: int = DEFAULT_MINIMUM
    note: str = ""
    revision: int | None = None


@dataclass(frozen=True, slots=True)
class FollowHistory:
    """Use the fit to history from now on, as it is renewed, and why."""

    product_id: str
    reason: str
    revision: int | None = None


def _of(row: DetectionBasis) -> Basis:
    delay = Delay(row.use_mean_days, row.report_shape, row.report_mean_days)
    return Basis(row.product_id, row.rate_per_unit, delay, row.alpha, row.minimum_events, row.note, row.set_by,
                 row.is_default, row.revision)


def bases_of(session: Session, product_ids: Iterable[str]) -> dict[str, Basis]:
    """The basis of each product that is in force: what quality set; where it set nothing or chose what history says,
    the fit to history once that is long enough; until then the stated default."""
    wanted = set(product_ids)
    rows = {row.product_id: row for row in session.scalars(
        select(DetectionBasis).where(DetectionBasis.product_id.in_(wanted)))}
    fits = fits_in_force(session, {key for key in wanted if key not in rows or rows[key].follows_history})
    found = {}
    for key in wanted:
        stated = _of(rows[key]) if key in rows else Basis(key)
        own, whole = fits.get(key), fits[key].whole(SeverityGroup.harm) if key in fits else None
        found[key] = replace(stated, rate_per_unit=whole.rate, fitted=own) if whole is not None else stated
    return found


def stated_basis(session: Session, product_id: str) -> Basis:
    """What is stated of a product, whatever history says."""
    row = session.get(DetectionBasis, product_id)
    return Basis(product_id) if row is None else _of(row)


def basis_of(session: Session, product_id: str) -> Basis:
    """The basis of one product."""
    return bases_of(session, [product_id])[product_id]


def history_of(session: Session, product_id: str, group: SeverityGroup = SeverityGroup.harm) -> int | None:
    """From how many reports the rate in force was learnt; None where it is stated, by quality or by default."""
    return basis_of(session, product_id).history(group)


def set_basis(session: Session, actor: Actor, clock: Clock, command: SetBasis) -> Basis:
    """Set what is expected of a product. Raises InvalidInput for a rate, level or count out of range."""
    if session.get(Product, command.product_id) is None:
        raise NotFound("There is no such product.", place="product_id")
    _check(command)
    row = session.get(DetectionBasis, command.product_id)
    before = None if row is None else _plain(_of(row))
    if row is None:
        row = DetectionBasis(product_id=command.product_id)
        session.add(row)
    else:
        expect_revision(row, command.revision)
    row.rate_per_unit, row.alpha, row.minimum_events = command.rate_per_unit, command.alpha, command.minimum_events
    row.use_mean_days, row.report_shape = command.delay.use_mean_days, command.delay.report_shape
    row.report_mean_days, row.note, row.is_default = command.delay.report_mean_days, command.note, False
    row.set_by, row.set_at, row.follows_history = actor.name or actor.id, clock.now(), False
    session.flush()
    record(session, actor, clock.now(), "detection_basis.set", stream_of("product", command.product_id),
           {"before": before, "after": _plain(_of(row))})
    return _of(row)


def follow_history(session: Session, actor: Actor, clock: Clock, command: FollowHistory) -> Basis:
    """Use what history says in place of what quality set, with a reason. Raises Conflict where history is in force
    already or too short."""
    row = session.get(DetectionBasis, command.product_id)
    if row is None or row.follows_history:
        raise Conflict("What history says is in force already, or will be by itself once it is long enough.",
                       code="follows-history")
    if not command.reason.strip():
        raise InvalidInput("Give the reason; it stays with the numbers.", place="reason")
    expect_revision(row, command.revision)
    if command.product_id not in fits_in_force(session, [command.product_id]):
        raise Conflict("The history of this product is too short to learn from.", code="short-history")
    before = _plain(_of(row))
    row.follows_history, row.note = True, command.reason.strip()
    row.set_by, row.set_at = actor.name or actor.id, clock.now()
    session.flush()
    after = basis_of(session, command.product_id)
    record(session, actor, clock.now(), "detection_basis.follow", stream_of("product", command.product_id),
           {"before": before, "after": _plain(after), "reason": row.note,
            "fit": after.fitted.number if after.fitted else None})
    return after


def _check(command: SetBasis) -> None:
    if not 0 < command.rate_per_unit < 1:
        raise InvalidInput("The rate must be above 0 and below 1 report per unit.", place="rate_per_unit")
    if not 0 < command.alpha < 0.5:
        raise InvalidInput("The false-alarm rate must be above 0 and below 0.5.", place="alpha")
    if not 1 <= command.minimum_events <= 50:
        raise InvalidInput("The least number of reports must lie between 1 and 50.", place="minimum_events")


def _plain(basis: Basis) -> dict[str, object]:
    return {"rate_per_unit": repr(basis.rate_per_unit), "use_mean_days": repr(basis.delay.use_mean_days),
            "report_shape": repr(basis.delay.report_shape), "report_mean_days": repr(basis.delay.report_mean_days),
            "alpha": repr(basis.alpha), "minimum_events": basis.minimum_events, "note": basis.note}
