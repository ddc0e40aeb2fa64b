"""Scoring a lot again after a complaint, and with it every node that it is in.

A lot that is watched costs five statements, however many complaints it has and however many lots its nodes hold; one
that is not is put under watch first. What is expected was worked out by the nightly run and is looked up.
"""
from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date, datetime, timedelta

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from traceapp.complaint.model import UNKNOWN_LOT
from traceapp.core.actor import SYSTEM
from traceapp.core.clock import Clock
from traceapp.trace.model import Hold, HoldKind, Lot
from traceapp.worklist.tasks import RaiseTask, raise_task

from .alarm import SeverityGroup
from .counting import (
    Change,
    Tally,
    WatchedLot,
    count_in_nodes,
    difference_of,
    lock_changed,
    lock_lot,
    lock_nodes,
    recount_lot,
)
from .enrolling import enrol_lot
from .judging import Judgement, Standing, WatchedTest, judge
from .membership import enrolled_lots
from .model import Signal
from .observe import LONGEST_DAYS
from .projecting import Projection, rates_of, written
from .raising import raise_alarm

_REVIEW_WITHIN = timedelta(days=1)
# What a nightly run left out, or what has run out since, is worked out anew for the lot itself.
_NOT_KNOWN = (Standing.unprojected, Standing.unexposed)


def rescore_lot(session: Session, clock: Clock, lot_key: str) -> Signal | None:
    """Count a lot again, carry the difference to its nodes, and raise the alarms of those that cross their line.
    Answers the signal opened or joined now, the lot's own before any other.

    A lot without exposure raises a task instead of a number. Reports about a recalled lot after its recall are not
    counted: publicity brings reports that would have come from any lot.
    """
    if lot_key == UNKNOWN_LOT:
        return None
    session.flush()
    lot = lock_lot(session, lot_key) or session.get(Lot, lot_key)
    if lot is None or not lot.product_id:
        return None
    changes = {change.node_key: change.by for change in (
        enrol_lot(session, clock, lot) if isinstance(lot, Lot)
        else recount_lot(session, lot, _watched_until(session, lot)))}
    tests = lock_changed(session, lot_key, changes)
    on = clock.now().date()
    seen = _judged(tests, changes, on)
    if any(one.standing in _NOT_KNOWN for (node_key, _group), one in seen.items() if node_key == lot_key):
        _project_again(session, lot_key, on)
        tests = lock_changed(session, lot_key, changes)
        seen = _judged(tests, changes, on)
    count_in_nodes(session, tests, [Change(key, by) for key, by in changes.items()],
                   {key: one.nearness for key, one in seen.items()})
    if lot.is_recalled:
        return None
    _ask_for_exposure(session, clock, lot, seen.get((lot_key, SeverityGroup.harm)))
    raised = [raise_alarm(session, clock, test, seen[test.node_key, test.severity_group])
              for test in sorted(tests, key=lambda test: test.node_key != lot_key)
              if seen[test.node_key, test.severity_group].standing is Standing.alarm
              and (test.node_key == lot_key or difference_of(test, changes) > 0)]
    return next((signal for signal in raised if signal is not None), None)


def _watched_until(session: Session, lot: WatchedLot) -> datetime:
    end = lot.started_at + timedelta(days=LONGEST_DAYS)
    if not lot.is_recalled:
        return end
    recalled = session.scalar(select(func.min(Hold.placed_at)).where(
        Hold.lot_key == lot.lot_key, Hold.kind == HoldKind.recall, Hold.lifted_at.is_(None)))
    return min(end, recalled) if recalled else end


def _judged(tests: Sequence[WatchedTest], changes: Mapping[str, Tally], on: date) -> dict[tuple[str, str], Judgement]:
    return {(test.node_key, test.severity_group): judge(test, test.observed + difference_of(test, changes), on)
            for test in tests}


def _project_again(session: Session, lot_key: str, on: date) -> None:
    """What is to be expected of a lot in its own node, from its lines as they are now."""
    lot = session.get_one(Lot, lot_key)
    (enrolled,) = enrolled_lots(session, [lot])
    product_id = lot.product_id or ""
    projection = Projection(enrolled, rates_of(session, [product_id])[product_id], on)
    for test in lock_nodes(session, [lot_key]):
        test.expected = written(projection.expected(enrolled.members[0], test.severity_group))
        test.projected_on = on
    session.flush()


def _ask_for_exposure(session: Session, clock: Clock, lot: Lot | WatchedLot, seen: Judgement | None) -> None:
    if seen is None or seen.standing is not Standing.unexposed:
        return
    raise_task(session, SYSTEM, clock, RaiseTask(
        kind="exposure.missing", about=f"lot:{lot.lot_key}", role="quality", lot_key=lot.lot_key,
        due_at=clock.now() + _REVIEW_WITHIN, params={"number": lot.number, "complaints": seen.observed}))
