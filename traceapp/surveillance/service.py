"""Rescoring a lot after a complaint, and the numbers that an alarm keeps."""
from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

from sqlalchemy.orm import Session

from traceapp.complaint.model import UNKNOWN_LOT
from traceapp.core.actor import SYSTEM
from traceapp.core.clock import Clock
from traceapp.trace.model import Lot
from traceapp.worklist.tasks import RaiseTask, raise_task

from .alarm import Alarm, NodeKind, SeverityGroup
from .cases import open_or_join
from .model import Signal
from .observe import LotCurve, lot_curve

if TYPE_CHECKING:
    from traceapp.signals.curve import Curve

METHOD = "maxsprt"
_REVIEW_WITHIN = timedelta(days=1)


def rescore_lot(session: Session, clock: Clock, lot_key: str) -> Signal | None:
    """Look at a lot again; raise an alarm when its complaints cross the alarm line. Answers the case that it
    opened or joined now.

    A lot without exposure raises a task instead of a number. A recalled lot is no longer judged: publicity brings
    reports that would have come from any lot. After a signal was refuted or closed only a further complaint can
    open another.
    """
    lot = None if lot_key == UNKNOWN_LOT else session.get(Lot, lot_key)
    if lot is None or lot.is_recalled:
        return None
    seen = lot_curve(session, lot, clock.now().date())
    if seen.curve is None:
        if seen.reports and seen.reason == "no-exposure":
            raise_task(session, SYSTEM, clock, RaiseTask(
                kind="exposure.missing", about=f"lot:{lot_key}", role="quality", lot_key=lot_key,
                due_at=clock.now() + _REVIEW_WITHIN, params={"number": lot.number, "complaints": len(seen.reports)}))
        return None
    observed, expected = int(seen.curve.observed[-1]), float(seen.curve.expected[-1])
    if seen.curve.crossed_on is None or seen.critical is None or seen.critical.value is None:
        return None
    return open_or_join(session, clock, _alarm(seen, observed, expected))


def _alarm(seen: LotCurve, observed: int, expected: float) -> Alarm:
    from traceapp.signals.maxsprt import llr

    assert seen.curve is not None and seen.critical is not None and seen.critical.value is not None
    return Alarm(
        kind=NodeKind.lot, node_key=seen.lot.lot_key, name=seen.lot.number, group=SeverityGroup.harm, method=METHOD,
        product_id=seen.lot.product_id, lot_keys=(seen.lot.lot_key,), since=seen.curve.days[0], observed=observed,
        expected=expected, llr=llr(observed, expected), critical=seen.critical.value, evidence=evidence(seen))


def evidence(seen: LotCurve) -> dict[str, Any]:
    """The numbers of a curve as plain values, so that they can be kept as they were."""
    assert seen.curve is not None
    basis = seen.basis
    return {
        "basis": {"rate_per_unit": basis.rate_per_unit, "use_mean_days": basis.delay.use_mean_days,
                  "report_shape": basis.delay.report_shape, "report_mean_days": basis.delay.report_mean_days,
                  "alpha": basis.alpha, "minimum_events": basis.minimum_events, "is_default": basis.is_default},
        "planned": seen.planned,
        "critical": seen.critical.value if seen.critical else None,
        "false_alarm_rate": seen.critical.size if seen.critical else None,
        "shipped": [[day.isoformat(), units] for day, units in seen.shipped],
        "reports": [day.isoformat() for day in seen.reports],
        "curve": curve_values(seen.curve),
    }


def curve_values(curve: Curve) -> dict[str, Any]:
    """A curve as lists: days, seen, expected, alarm line, and the day of the crossing."""
    return {
        "days": [day.isoformat() for day in curve.days],
        "observed": [int(count) for count in curve.observed],
        "expected": [round(float(value), 6) for value in curve.expected],
        "alarm": None if curve.alarm is None else [int(count) for count in curve.alarm],
        "crossed_on": curve.crossed_on.isoformat() if curve.crossed_on else None,
    }
