"""What was seen and what was to be expected, lot by lot: complaints of harm beside units in use.

Counted: complaints about us, of harm or not yet judged, not set aside, each cluster of duplicates once.
Days are UTC days.
"""
from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from typing import TYPE_CHECKING

from sqlalchemy import or_, select
from sqlalchemy.orm import Session

from traceapp.complaint.model import Complaint
from traceapp.complaint.triage import TriageResult
from traceapp.trace.model import Lot, ShipmentLine

from .basis import Basis, bases_of

if TYPE_CHECKING:
    from traceapp.signals.curve import Curve
    from traceapp.signals.maxsprt import CriticalValue

_CHUNK = 500
LONGEST_DAYS = 1500
_COUNTED = (or_(Complaint.is_harm.is_(None), Complaint.is_harm.is_(True)), Complaint.is_quarantined.is_(False),
            Complaint.master_id.is_(None),
            Complaint.triage_result.in_((TriageResult.untriaged, TriageResult.complaint)))


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
    """The curve of a lot with what it was computed from. `curve` is None with a `reason` where there is none."""

    lot: Lot
    basis: Basis
    shipped: tuple[tuple[date, int], ...]
    reports: tuple[date, ...]
    planned: float
    critical: CriticalValue | None
    curve: Curve | None
    reason: str | None


def shipped_units(session: Session, lot_keys: Iterable[str]) -> dict[str, list[tuple[date, int]]]:
    """Units by day of despatch for each lot, returns negative."""
    found: dict[str, list[tuple[date, int]]] = defaultdict(list)
    for keys in _chunks(lot_keys):
        rows = session.execute(select(ShipmentLine.lot_key, ShipmentLine.shipped_at, ShipmentLine.units)
                               .where(ShipmentLine.lot_key.in_(keys)).order_by(ShipmentLine.shipped_at))
        for lot_key, shipped_at, units in rows:
            found[lot_key].append((shipped_at.date(), int(units)))
    return found


def report_days(session: Session, lot_keys: Iterable[str]) -> dict[str, list[date]]:
    """The days on which counted complaints came in, for each lot."""
    found: dict[str, list[date]] = defaultdict(list)
    for keys in _chunks(lot_keys):
        rows = session.execute(
            select(Complaint.lot_key, Complaint.received_at)
            .where(Complaint.lot_key.in_(keys), *_COUNTED)
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


def counted_reports(session: Session, lot_key: str) -> list[CountedReport]:
    """The complaints that count for one lot, the oldest first; the same ones as `report_days`."""
    rows = session.execute(
        select(Complaint.id, Complaint.reference, Complaint.received_at, Complaint.severity, Complaint.terms)
        .where(Complaint.lot_key == lot_key, *_COUNTED).order_by(Complaint.received_at, Complaint.id))
    return [CountedReport(key, reference, received_at.date(), severity, tuple(codes))
            for key, reference, received_at, severity, codes in rows]


def observe_lots(session: Session, lot_keys: Sequence[str], on: date) -> dict[str, Observation]:
    """Seen and expected for many lots in a fixed number of queries."""
    from traceapp.signals.exposure import expected_reports

    lots: list[Lot] = []
    for keys in _chunks(lot_keys):
        lots += session.scalars(select(Lot).where(Lot.lot_key.in_(keys)))
    shipped, reports = shipped_units(session, lot_keys), report_days(session, lot_keys)
    bases = bases_of(session, {lot.product_id for lot in lots if lot.product_id})
    found = {}
    for lot in lots:
        lines = shipped.get(lot.lot_key, [])
        basis = bases.get(lot.product_id or "")
        expected = expected_reports(lines, basis.rate_per_unit, basis.delay, on) if basis and lines else 0.0
        found[lot.lot_key] = Observation(
            lot.lot_key, lot.product_id, lot.number, lot.made, sum(day <= on for day in reports.get(lot.lot_key, [])),
            expected, Decimal(sum(units for day, units in lines if day <= on)))
    return found


def lot_curve(session: Session, lot: Lot, on: date) -> LotCurve:
    """The curve of one lot from its first despatch to `on`."""
    from traceapp.signals.curve import cumulative
    from traceapp.signals.exposure import expected_curve
    from traceapp.signals.maxsprt import planned_critical_value

    shipped = tuple(shipped_units(session, [lot.lot_key]).get(lot.lot_key, []))
    reports = tuple(day for day in report_days(session, [lot.lot_key]).get(lot.lot_key, []) if day <= on)
    basis = bases_of(session, [lot.product_id])[lot.product_id] if lot.product_id else None
    if basis is None:
        return LotCurve(lot, Basis(""), shipped, reports, 0.0, None, None, "no-product")
    if not any(units > 0 and day <= on for day, units in shipped):
        return LotCurve(lot, basis, shipped, reports, 0.0, None, None, "no-exposure")
    planned = planned_length(lot, shipped, basis)
    critical = planned_critical_value(basis.alpha, planned, minimum_events=basis.minimum_events)
    first = min(day for day, units in shipped if units > 0)
    start = max(first, on - timedelta(days=LONGEST_DAYS))
    expected = expected_curve(shipped, basis.rate_per_unit, basis.delay, start, (on - start).days + 1)
    # On the very first day hardly anything is expected; a hair above zero keeps the curve defined.
    expected = expected.clip(min=1e-9)
    curve = cumulative(reports, expected, start, critical.value, basis.minimum_events)
    return LotCurve(lot, basis, shipped, reports, planned, critical, curve, critical.reason)


def planned_length(lot: Lot, shipped: Sequence[tuple[date, int]], basis: Basis) -> float:
    """All reports that the lot will cause at the baseline rate: by its size as made, so that the plan is fixed
    before the first unit leaves; by what was shipped where the size is not known."""
    from traceapp.signals.exposure import planned_expected

    if lot.made > 0:
        return max(float(lot.made) * basis.rate_per_unit, 1e-9)
    return max(planned_expected(shipped, basis.rate_per_unit), 1e-9)


def _chunks(keys: Iterable[str]) -> Iterable[list[str]]:
    listed = list(dict.fromkeys(keys))
    return (listed[start:start + _CHUNK] for start in range(0, len(listed), _CHUNK))
