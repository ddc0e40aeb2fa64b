"""One case takes another: by a decision of people, or because one alarm explains both and nobody has begun."""
from __future__ import annotations

from typing import Any

from sqlalchemy import func, select, update
from sqlalchemy.orm import Session

from traceapp.audit import record, stream_of
from traceapp.core.actor import SYSTEM
from traceapp.core.clock import Clock
from traceapp.worklist.tasks import drop_tasks

from .alarm import Alarm
from .case_lots import refresh_lots
from .model import Signal, SignalDecision, SignalLot
from .states import SignalState


def take_over(session: Session, case: Signal, taker: Signal) -> dict[str, Any]:
    """Let `taker` have the alarms and lots of `case`, and of those that it took before."""
    session.execute(update(Signal).where(Signal.merged_into_id == case.id).values(merged_into_id=taker.id))
    case.state, case.merged_into_id = SignalState.merged, taker.id
    session.flush()
    refresh_lots(session, case)
    refresh_lots(session, taker)
    return {"into": taker.id, "into_reference": taker.reference}


def is_explained(session: Session, case: Signal, alarm: Alarm) -> bool:
    """Whether nobody has begun with `case`, and an alarm that is stronger covers all of its lots."""
    if case.state != SignalState.open or alarm.llr <= case.llr:
        return False
    lots = set(session.scalars(select(SignalLot.lot_key).where(SignalLot.signal_id == case.id)))
    return lots <= set(alarm.lot_keys)


def absorb(session: Session, clock: Clock, case: Signal, taker: Signal, alarm: Alarm) -> None:
    """Merge without a person; the case says by which alarm."""
    now = clock.now()
    details = take_over(session, case, taker) | {"explained_by": alarm.name}
    case.due_at = None
    session.add(SignalDecision(
        lot_key=case.lot_key, signal_id=case.id, position=next_position(session, case), action="merge", reason="",
        at=now, by=SYSTEM.name, details=details))
    drop_tasks(session, SYSTEM, clock, f"signal:{case.id}")
    record(session, SYSTEM, now, "signal.merge", stream_of("signal", case.id),
           {"before": str(SignalState.open), "after": str(SignalState.merged)} | details)


def next_position(session: Session, case: Signal) -> int:
    """The number of the next decision about a case."""
    return (session.scalar(select(func.count()).select_from(SignalDecision).where(
        SignalDecision.lot_key == case.lot_key, SignalDecision.signal_id == case.id)) or 0) + 1
