"""From a test that crossed its line to the alarm that opens a case, with every number that it was judged by."""
from __future__ import annotations

from datetime import date
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from traceapp.signals.budget import stage_alpha
from traceapp.trace.many_keys import listed
from traceapp.trace.model import Lot

from .alarm import Alarm, NodeKind, SeverityGroup
from .judging import Judgement, WatchedTest
from .watch_model import WatchMember, WatchNode
from .watch_queries import node_curve

POISSON, CONDITIONAL = "maxsprt", "conditional-maxsprt"
_TOLD_LOTS = 200
# The curve of a node with more lots is drawn from today's records where somebody looks; here it would keep a complaint
# waiting.
_DRAWN_LOTS = 50


def alarm_of(session: Session, test: WatchNode, seen: Judgement, on: date) -> Alarm:
    """The alarm of a test that stands out; with its curve until `on` where it says more than the last alarm did."""
    members = session.execute(select(WatchMember.lot_key, WatchMember.harm, WatchMember.serious).where(
        WatchMember.node_key == test.node_key).order_by(WatchMember.lot_key)).all()
    keys = tuple(row.lot_key for row in members)
    products = set(session.scalars(select(Lot.product_id).where(Lot.lot_key.in_(listed(session, keys))).distinct()))
    is_drawn = seen.observed > test.alarmed and len(keys) <= _DRAWN_LOTS
    curve = node_curve(session, test, on) if is_drawn else None
    return Alarm(
        kind=NodeKind(test.kind), node_key=key_of(test), name=name_of(test),
        group=SeverityGroup(test.severity_group), method=POISSON if test.history is None else CONDITIONAL,
        product_id=products.pop() if len(products) == 1 else None, lot_keys=keys, since=test.begun_on,
        observed=seen.observed, expected=seen.expected, llr=seen.llr, critical=test.critical or 0.0,
        evidence=evidence_of(test, seen) | {
            "curve": None if curve is None else curve.plain(),
            "lots": [{"lot": row.lot_key, "observed": getattr(row, test.severity_group)}
                     for row in members[:_TOLD_LOTS]]})


def key_of(test: WatchNode | WatchedTest) -> str:
    """The key of the lot or upstream lot that a node is, else its own."""
    return test.subject if test.kind in (NodeKind.lot, NodeKind.upstream) else test.node_key


def name_of(test: WatchNode) -> str:
    """What people call a node: its name, with its quarter where it has one."""
    return f"{test.name} · {test.period}" if test.period else test.name


def evidence_of(test: WatchNode, seen: Judgement) -> dict[str, Any]:
    """The numbers of a test as plain values. Where only what some consignees were sent counts, it says so."""
    return {
        "node": {"kind": test.kind, "name": test.name, "period": test.period, "lots": test.lots,
                 "counts_named_only": counts_named_only(test.kind)},
        "group": test.severity_group, "observed": seen.observed, "expected": seen.expected, "llr": seen.llr,
        "alpha": test.alpha, "stage": test.stage,
        "stage_alpha": stage_alpha(test.kind, test.alpha or 0.0, test.stage), "planned": test.planned,
        "critical": test.critical, "minimum_events": test.minimum_events, "history": test.history,
        "margin": test.margin, "projected_on": _day(test.projected_on), "begun_on": _day(test.begun_on)}


def counts_named_only(kind: str) -> bool:
    """Whether a node of this kind counts only complaints that name their consignee, and expects only that share."""
    return kind in (NodeKind.lane, NodeKind.consignee)


def _day(day: date | None) -> str | None:
    return day.isoformat() if day else None
