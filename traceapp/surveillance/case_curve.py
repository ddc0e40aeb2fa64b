"""The curve of a case: the reports of all its lots together against what was to be expected of them together."""
from __future__ import annotations

from datetime import date, timedelta
from typing import TYPE_CHECKING

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from traceapp.trace.model import ShipmentLine

from .alarm import SeverityGroup
from .basis import bases_of
from .case_reads import CaseLots
from .model import Signal
from .observe import LONGEST_DAYS, expected_by_lot, report_days

if TYPE_CHECKING:
    from traceapp.signals.curve import Curve


def first_despatch(session: Session, lots: CaseLots) -> date | None:
    """The day on which the first of the lots was sent out."""
    at = session.scalar(select(func.min(ShipmentLine.shipped_at)).where(
        ShipmentLine.lot_key.in_(lots.keys), ShipmentLine.units > 0))
    return None if at is None else at.date()


def case_curve(session: Session, case: Signal, lots: CaseLots, on: date) -> Curve | None:
    """From the first despatch of any of the lots to `on`, with the alarm line of the strongest alarm. None where
    nothing is known of where the lots were shipped."""
    import numpy as np

    from traceapp.signals.curve import Test, cumulative

    first = first_despatch(session, lots)
    if first is None or first > on:
        return None
    group = SeverityGroup(case.severity_group)
    start = max(first, on - timedelta(days=LONGEST_DAYS))
    days = (on - start).days + 1
    expected = np.sum([np.zeros(days), *expected_by_lot(session, lots.keys, start, days, group).values()], axis=0)
    reports = sorted(day for found in report_days(session, lots.keys, group).values() for day in found if day <= on)
    bases = bases_of(session, {one.product_id for one in lots.seen if one.product_id}).values()
    least = min((basis.minimum_events for basis in bases), default=1)
    histories = {basis.history(group) for basis in bases}
    return cumulative(reports, expected.clip(min=1e-9), start, Test(
        case.critical, least, history=histories.pop() if len(histories) == 1 else None))
