"""Which of the nodes of a case gives it its name and numbers: the strongest; of those that explain as much, the most
specific, so that a glue lot is named and not the supplier who delivered nothing else."""
from __future__ import annotations

import math
from collections.abc import Sequence
from datetime import date, datetime

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from .alarm import Alarm, NodeKind
from .judging import Standing, judge
from .membership import Node
from .model import Signal, SignalAlarm
from .watch_model import WatchNode

# Two nodes explain as much where neither makes the reports twice as likely as the other does.
AS_MUCH = math.log(2)
# Of nodes with the very same lots the one that says most about what to look at comes first.
_ORDER = (NodeKind.lot, NodeKind.upstream, NodeKind.load, NodeKind.equipment, NodeKind.line, NodeKind.operator,
          NodeKind.lane, NodeKind.consignee, NodeKind.site, NodeKind.supplier)


def takes_name(session: Session, case: Signal, alarm: Alarm, on: date) -> bool:
    """Whether a case is to be named after an alarm that joins it."""
    if (case.kind, case.node_key, case.severity_group) == (alarm.kind, alarm.node_key, alarm.group):
        return alarm.llr > case.llr
    present, order = present_llr(session, case, on), _narrower(_lots_of_name(session, case), case.kind, alarm)
    return alarm.llr > present - AS_MUCH * order


def watch_key(kind: str, node_key: str) -> str:
    """The key under which the node of a case or an alarm is watched: an alarm names an upstream lot by the lot."""
    return Node(NodeKind.upstream, node_key, "").key if kind == NodeKind.upstream else node_key


def present_llr(session: Session, case: Signal, on: date) -> float:
    """The log likelihood ratio of the node that names a case, as it is now: its alarms lag behind its reports."""
    test = session.get(WatchNode, (watch_key(case.kind, case.node_key), case.severity_group))
    if test is None:
        return case.llr
    seen = judge(test, test.observed, on)
    return max(case.llr, seen.llr) if seen.standing in (Standing.alarm, Standing.quiet) else case.llr


def named_at(session: Session, case: Signal) -> datetime:
    """When a case got the numbers that it bears."""
    own = select(Signal.id).where((Signal.id == case.id) | (Signal.merged_into_id == case.id))
    at = session.scalar(select(func.max(SignalAlarm.at)).where(
        SignalAlarm.signal_id.in_(own), SignalAlarm.kind == case.kind, SignalAlarm.node_key == case.node_key,
        SignalAlarm.observed == case.observed))
    return at or case.opened_at


def _lots_of_name(session: Session, case: Signal) -> frozenset[str]:
    return frozenset(session.scalars(select(SignalAlarm.lot_keys).where(
        SignalAlarm.lot_key == case.lot_key, SignalAlarm.signal_id == case.id, SignalAlarm.kind == case.kind,
        SignalAlarm.node_key == case.node_key).order_by(SignalAlarm.position.desc()).limit(1)).first() or ())


def _narrower(named: frozenset[str], kind: str, alarm: Alarm) -> int:
    """1: the alarm's node is more specific than the naming one, -1: less; 0: neither is part of the other."""
    lots = frozenset(alarm.lot_keys)
    if lots == named:
        return 1 if _place(alarm.kind, _ORDER) < _place(kind, _ORDER) else -1
    return 1 if lots < named else -1 if lots > named else 0


def _place(kind: str, order: Sequence[str]) -> int:
    return order.index(kind)
