"""Rescoring a lot after a complaint, opening a signal by itself, and deciding about it."""
from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from traceapp.audit import record, stream_of
from traceapp.complaint.model import UNKNOWN_LOT
from traceapp.core.actor import SYSTEM, Actor
from traceapp.core.clock import Clock
from traceapp.core.errors import InvalidInput, NotFound
from traceapp.core.ids import new_id, new_reference
from traceapp.db import expect_revision
from traceapp.trace.model import Lot
from traceapp.worklist.tasks import RaiseTask, complete_tasks, raise_task

from .model import Signal, SignalDecision
from .observe import LotCurve, lot_curve
from .states import SignalState, next_state

if TYPE_CHECKING:
    from traceapp.signals.curve import Curve

METHOD = "maxsprt"
_REVIEW_WITHIN = timedelta(days=1)
_OPEN = (SignalState.open, SignalState.validated, SignalState.confirmed)


@dataclass(frozen=True, slots=True)
class Decide:
    """`action` of `states.TRANSITIONS`, with the reason that the case will show."""

    lot_key: str
    signal_id: str
    action: str
    reason: str
    revision: int | None = None


def rescore_lot(session: Session, clock: Clock, lot_key: str) -> Signal | None:
    """Look at a lot again; open a signal when its complaints cross the alarm line. Answers the signal opened now.

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
    if not _may_open(session, lot_key, observed):
        return None
    return _open_signal(session, clock, seen, observed, expected)


def _may_open(session: Session, lot_key: str, observed: int) -> bool:
    earlier = session.scalars(select(Signal).where(Signal.lot_key == lot_key)).all()
    if any(signal.state in _OPEN for signal in earlier):
        return False
    return all(observed > signal.observed for signal in earlier)


def _open_signal(session: Session, clock: Clock, seen: LotCurve, observed: int, expected: float) -> Signal:
    from traceapp.signals.maxsprt import llr

    now = clock.now()
    assert seen.curve is not None and seen.critical is not None and seen.critical.value is not None
    assert seen.lot.product_id is not None and seen.curve.crossed_on is not None
    signal = Signal(
        lot_key=seen.lot.lot_key, id=new_id(now), reference=new_reference("SG", now), product_id=seen.lot.product_id,
        method=METHOD, opened_at=now, since=seen.curve.days[0], observed=observed, expected=expected,
        llr=llr(observed, expected), critical=seen.critical.value, evidence=evidence(seen), state=SignalState.open)
    session.add(signal)
    record(session, SYSTEM, now, "signal.opened", stream_of("signal", signal.id), {
        "lot": seen.lot.uri, "observed": observed, "expected": repr(expected), "llr": repr(signal.llr),
        "critical": repr(signal.critical), "crossed_on": seen.curve.crossed_on})
    raise_task(session, SYSTEM, clock, RaiseTask(
        kind="signal.review", about=f"signal:{signal.id}", role="quality", lot_key=seen.lot.lot_key,
        due_at=now + _REVIEW_WITHIN, params={"reference": signal.reference, "number": seen.lot.number,
                                             "observed": observed, "expected": f"{expected:.1f}"}))
    return signal


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


def decide_signal(session: Session, actor: Actor, clock: Clock, command: Decide) -> Signal:
    """Decide about a signal with a reason. Raises Conflict where the table does not allow the action."""
    signal = session.get(Signal, (command.lot_key, command.signal_id))
    if signal is None:
        raise NotFound("There is no such signal.")
    if not command.reason.strip():
        raise InvalidInput("Give the reason; it stays with the case.", place="reason")
    expect_revision(signal, command.revision)
    before = signal.state
    signal.state = next_state(before, command.action)
    if signal.state in (SignalState.refuted, SignalState.closed):
        lot = session.get(Lot, signal.lot_key)
        if lot is not None:
            signal.observed = max(signal.observed, len(lot_curve(session, lot, clock.now().date()).reports))
    position = (session.scalar(select(func.count()).select_from(SignalDecision).where(
        SignalDecision.lot_key == signal.lot_key, SignalDecision.signal_id == signal.id)) or 0) + 1
    session.add(SignalDecision(lot_key=signal.lot_key, signal_id=signal.id, position=position, action=command.action,
                               reason=command.reason.strip(), at=clock.now(), by=actor.name or actor.id))
    if signal.state != SignalState.open:
        complete_tasks(session, actor, clock, f"signal:{signal.id}", "signal.review", command.action)
    record(session, actor, clock.now(), f"signal.{command.action}", stream_of("signal", signal.id),
           {"before": str(before), "after": str(signal.state), "reason": command.reason.strip()})
    return signal
