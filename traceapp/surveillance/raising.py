"""What an alarm becomes: a case of its own, or more about one that stands."""
from __future__ import annotations

from sqlalchemy.orm import Session

from traceapp.core.clock import Clock

from .alarming import alarm_of, key_of
from .cases import is_told_already, open_or_join
from .judging import Judgement, WatchedTest
from .model import Signal
from .watch_model import WatchNode


def raise_alarm(session: Session, clock: Clock, test: WatchNode | WatchedTest, seen: Judgement) -> Signal | None:
    """The case that this test opened or joined now; None where it says nothing new or is to be silent."""
    on = clock.now().date()
    if is_told_already(session, (test.kind, key_of(test), test.severity_group), seen, on):
        return None
    node = test if isinstance(test, WatchNode) else session.get_one(
        WatchNode, (test.node_key, test.severity_group), populate_existing=True)
    alarm = alarm_of(session, node, seen, on)
    node.alarmed = max(node.alarmed, seen.observed)
    return open_or_join(session, clock, alarm)
