"""The finished lots of a case, which follow from its alarms, and whether they stand."""
from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import delete, insert, select, update
from sqlalchemy.orm import Session

from .alarm import NodeKind
from .exposure import chunks
from .model import Signal, SignalAlarm, SignalLot
from .states import STANDING, SignalState

# What one lot was made from, or was with in one sterilizer, is always about its lots. A line, a supplier or a site has
# many lots that have nothing to do with the case: its lots count only while it is the strongest.
_NARROW = frozenset({NodeKind.lot, NodeKind.upstream, NodeKind.load})


def refresh_lots(session: Session, case: Signal) -> None:
    """Make the lots of a case those that its alarms and those of the cases merged into it are about."""
    wanted = _lots_of(case, alarms_of_case(session, case)) if case.state != SignalState.merged else set()
    present = set(session.scalars(select(SignalLot.lot_key).where(SignalLot.signal_id == case.id)))
    for keys in chunks(sorted(present - wanted)):
        session.execute(delete(SignalLot).where(SignalLot.signal_id == case.id, SignalLot.lot_key.in_(keys)))
    is_standing = case.state in STANDING
    if wanted - present:
        session.execute(insert(SignalLot), [{"lot_key": key, "signal_id": case.id, "is_standing": is_standing}
                                            for key in sorted(wanted - present)])
    session.execute(update(SignalLot).where(SignalLot.signal_id == case.id, SignalLot.is_standing != is_standing)
                    .values(is_standing=is_standing))


def alarms_of_case(session: Session, case: Signal) -> list[SignalAlarm]:
    """Every alarm of a case and of those merged into it, in the order in which they came."""
    merged = select(Signal.id).where(Signal.merged_into_id == case.id)
    return list(session.scalars(select(SignalAlarm).where(
        (SignalAlarm.signal_id == case.id) | SignalAlarm.signal_id.in_(merged))
        .order_by(SignalAlarm.at, SignalAlarm.signal_id, SignalAlarm.position)))


def _lots_of(case: Signal, alarms: Sequence[SignalAlarm]) -> set[str]:
    latest = {(one.kind, one.node_key): one for one in alarms}
    strongest = max(alarms, key=lambda one: one.llr, default=None)
    return {key for one in latest.values() if one.kind in _NARROW for key in one.lot_keys} | set(
        latest[strongest.kind, strongest.node_key].lot_keys if strongest else (case.lot_key,))
