"""What was seen and what was to be expected, lot by lot: complaints of harm beside units in use.

Counted: complaints about us, of harm or not yet judged, not set aside, each cluster of duplicates once.
Days are UTC days.
"""
from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from typing import TYPE_CHECKING

from sqlalchemy import ColumnElement, func, or_, select
from sqlalchemy.orm import Session

from traceapp.complaint.model import Complaint
from traceapp.complaint.states import Severity
from traceapp.complaint.triage import TriageResult
from traceapp.signals.budget import stage_alpha
from traceapp.trace.lookup import lots_by_key
from traceapp.trace.model import Lot

from .alarm import SeverityGroup
from .basis import Basis, bases_of
from .exposure import chunks, deliveries_of, entries_of, holds_of, regions_of
from .watch_model import WatchNode

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from traceapp.signals.curve import Curve
    from traceapp.signals.maxsprt import CriticalValue

LONGEST_DAYS = 1500
_COUNTED = (or_(Complaint.is_harm.is_(None), Complaint.is_harm.is_(True)), Complaint.is_quarantined.is_(False),
            Complaint.master_id.is_(None),
            or_(Complaint.triage_result == TriageResult.untriaged, Complaint.triage_result == TriageResult.complaint))
SERIOUS = (Severity.critical, Severity.major)


@dataclass(frozen=True, slots=True)
class Observation:
    """One lot until `on`: reports seen and expected, and the units that they come from."""

    lot_key: str
    product_id: str | None
    number: str
    made: Decimal
    observed: int
    expected: float
    units: Decimal


@dataclass(frozen=True, slots=True, eq=False)
class LotCurve:
    """The curve of a lot with what it was computed from. `curve` is None with a `reason` where there is none.
    `history`: the number of earlier reports that `critical` allows for; None: the rate counts as known."""

    lot: Lot
    basis: Basis
    shipped: tuple[tuple[date, int], ...]
    reports: tuple[date, ...]
    planned: float
    critical: CriticalValue | None
    curve: Curve | None
    reason: str | None
    history: int | None = None

    @property
    def llr(self) -> float:
        """By how much the last day speaks against the usual rate: the ratio that `critical` is for."""
        from traceapp.signals.conditional import conditional_llr
        from traceapp.signals.maxsprt import llr

        assert self.curve is not None
        observed, expected = int(self.curve.observed[-1]), float(self.curve.expected[-1])
        if self.history is None:
            return llr(observed, expected)
        return conditional_llr(observed, expected, self.history)


def counted(group: SeverityGroup) -> tuple[ColumnElement[bool], ...]:
    """The conditions of a complaint that counts in a severity group."""
    return _COUNTED if group == SeverityGroup.harm else (*_COUNTED, Complaint.severity.in_(SERIOUS))


def report_days(session: Session, lot_keys: Iterable[str],
                group: SeverityGroup = SeverityGroup.harm) -> dict[str, list[date]]:
    """The days on which counted complaints came in, for each lot."""
    found: dict[str, list[date]] = defaultdict(list)
    for keys in chunks(lot_keys):
        rows = session.execute(
            select(Complaint.lot_key, Complaint.received_at)
            .where(Complaint.lot_key.in_(keys), *counted(group))
            .order_by(Complaint.received_at))
        for lot_key, received_at in rows:
            found[lot_key].append(received_at.date())
    return found


@dataclass(frozen=True, slots=True)
class CountedReport:
    """A counted complaint of one lot: its day of receipt, how grave it is, and where the case is."""

    complaint_id: str
    reference: str
    day: date
    severity: str
    terms: tuple[str, ...]


def reports_by_consignee(session: Session, lot_keys: Iterable[str], on: date) -> list[tuple[str, str, int]]:
    """(lot, consignee, how many) of the complaints that count, until `on`, of which the consignee is known."""
    found: list[tuple[str, str, int]] = []
    before = datetime.combine(on + timedelta(days=1), time.min, UTC)
    for keys in chunks(lot_keys):
        rows = session.execute(
            select(Complaint.lot_key, Complaint.consignee_id, func.count())
            .where(Complaint.lot_key.in_(keys), Complaint.consignee_id.is_not(None), Complaint.received_at < before,
                   *counted(SeverityGroup.harm)).group_by(Complaint.lot_key, Complaint.consignee_id)
            .order_by(Complaint.lot_key, Complaint.consignee_id))
        found += [(lot_key, str(consignee), count) for lot_key, consignee, count in rows]
    return found


def expected_by_lot(session: Session, lot_keys: Iterable[str], start: date, days: int,
                    group: SeverityGroup = SeverityGroup.harm) -> dict[str, NDArray[np.float64]]:
    """Cumulative expected reports at the end of each of `days` days from `start`, of each lot that is there.

    In a fixed number of queries for every few hundred lots. All zero where nothing was despatched, and where the
    lot has no product.
    """
    lots = lots_by_key(session, lot_keys)
    uses = _uses(session, lots, group)
    return {key: _expected(uses[key], group, start, days) for key in lots}


def observe_lots(session: Session, lot_keys: Sequence[str], on: date,
                 group: SeverityGroup = SeverityGroup.harm) -> dict[str, Observation]:
    """Seen and expected for many lots in a fixed number of queries."""
    lots, reports = lots_by_key(session, lot_keys), report_days(session, lot_keys, group)
    uses = _uses(session, lots, group)
    return {key: Observation(
        key, lot.product_id, lot.number, lot.made, sum(day <= on for day in reports.get(key, [])),
        float(_expected(uses[key], group, on, 1)[0]),
        Decimal(sum(units for day, units in uses[key].shipped if day <= on))) for key, lot in lots.items()}


@dataclass(frozen=True, slots=True)
class _Use:
    """What of a lot was despatched, and what of it was in use. `basis` None: it has no product."""

    basis: Basis | None
    shipped: tuple[tuple[date, int], ...]
    entries: list[tuple[date, float]]


def _uses(session: Session, lots: Mapping[str, Lot], group: SeverityGroup) -> dict[str, _Use]:
    deliveries, holds = deliveries_of(session, lots), holds_of(session, lots)
    bases = bases_of(session, {lot.product_id for lot in lots.values() if lot.product_id})
    regions = {}
    if any(basis.has_regions for basis in bases.values()):
        regions = regions_of(session, (one.consignee_id for own in deliveries.values() for one in own))
    found = {}
    for key, lot in lots.items():
        own, basis = deliveries.get(key, []), bases.get(lot.product_id or "")
        entries = entries_of((own, holds.get(key, [])), basis, group, regions) if basis else []
        found[key] = _Use(basis, tuple((one.day, one.units) for one in own), entries)
    return found


def _expected(use: _Use, group: SeverityGroup, start: date, days: int) -> NDArray[np.float64]:
    import numpy as np

    from traceapp.signals.exposure import expected_curve

    if use.basis is None or not use.entries:
        return np.zeros(days)
    return expected_curve(use.entries, use.basis.rate(group), use.basis.tested_law, start, days)


def lot_curve(session: Session, lot: Lot, on: date, group: SeverityGroup = SeverityGroup.harm) -> LotCurve:
    """The curve of one lot from its first despatch to `on`."""
    from traceapp.signals.curve import Test, cumulative

    use = _uses(session, {lot.lot_key: lot}, group)[lot.lot_key]
    reports = tuple(day for day in report_days(session, [lot.lot_key], group).get(lot.lot_key, []) if day <= on)
    if use.basis is None:
        return LotCurve(lot, Basis(""), use.shipped, reports, 0.0, None, None, "no-product")
    basis = use.basis
    if not any(units > 0 and day <= on for day, units in use.shipped):
        return LotCurve(lot, basis, use.shipped, reports, 0.0, None, None, "no-exposure")
    planned = planned_length(lot, use.shipped, basis.rate(group))
    watched = session.get(WatchNode, (lot.lot_key, group))
    critical, history = critical_for(basis, planned, group) if watched is None else line_of_watch(watched)
    first = min(day for day, units in use.shipped if units > 0)
    start = max(first, on - timedelta(days=LONGEST_DAYS))
    # On the very first day hardly anything is expected; a hair above zero keeps the curve defined.
    expected = _expected(use, group, start, (on - start).days + 1).clip(min=1e-9)
    curve = cumulative(reports, expected, start, Test(critical.value, basis.minimum_events, history=history))
    return LotCurve(lot, basis, use.shipped, reports, planned, critical, curve, critical.reason, history)


def line_of_watch(test: WatchNode) -> tuple[CriticalValue, int | None]:
    """The line of a lot under watch, within the budget of false alarms, and for how many earlier reports it is."""
    from traceapp.signals.maxsprt import NOTHING_TO_SPEND, CriticalValue

    level = stage_alpha(test.kind, test.alpha or 0.0, test.stage)
    return CriticalValue(test.critical, level, NOTHING_TO_SPEND if test.critical is None else None), test.history


def critical_for(basis: Basis, planned: float, group: SeverityGroup) -> tuple[CriticalValue, int | None]:
    """The critical value of a plan, and for how many earlier reports it is; None: the rate counts as known."""
    from traceapp.signals.conditional import planned_conditional_value
    from traceapp.signals.maxsprt import planned_critical_value

    history = basis.history(group)
    if history is None:
        return planned_critical_value(basis.alpha, planned, minimum_events=basis.minimum_events), None
    return planned_conditional_value(basis.alpha, planned, history, minimum_events=basis.minimum_events)


def planned_length(lot: Lot, shipped: Sequence[tuple[date, int]], rate: float) -> float:
    """All reports that the lot will cause at the baseline rate: by its size as made, so that the plan is fixed
    before the first unit leaves; by what was shipped where the size is not known."""
    from traceapp.signals.exposure import planned_expected

    if lot.made > 0:
        return max(float(lot.made) * rate, 1e-9)
    return max(planned_expected(shipped, rate), 1e-9)
