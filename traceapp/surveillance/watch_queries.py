"""Reading what is watched: nodes, nearest to their line first, and one node with its curve."""
from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, timedelta
from typing import TYPE_CHECKING

from sqlalchemy import select
from sqlalchemy.orm import Session

from traceapp.complaint.model import Complaint
from traceapp.db.page import Order, Page, page_of
from traceapp.signals.stages import is_in_stage
from traceapp.trace.many_keys import listed
from traceapp.trace.model import Lot

from .alarm import SeverityGroup
from .exposure import chunks
from .membership import Enrolled, Membership, enrolled_lots
from .observe import LONGEST_DAYS, counted
from .projecting import Projection, rates_of
from .watch_model import WatchLot, WatchMember, WatchNode

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from traceapp.signals.curve import Curve

# A curve over more lots than these would keep a reader waiting; its two last numbers stand in the row of the test.
MOST_LOTS_OF_A_CURVE = 1000


@dataclass(frozen=True, slots=True)
class WatchFilter:
    """Which tests; empty values do not narrow. `least_nearness`: 0 to 1 of the way to the line, and beyond;
    `least_observed`: reports counted."""

    kind: str = ""
    group: str = ""
    product_id: str = ""
    least_nearness: float = 0.0
    least_observed: int = 0
    after: str | None = None
    limit: int = 50


@dataclass(frozen=True, slots=True)
class NodeMember:
    """A lot in a node, with the reports counted there for each group."""

    lot: Lot
    harm: int
    serious: int
    consignees: tuple[str, ...] | None


def watched_page(session: Session, wanted: WatchFilter) -> Page[WatchNode]:
    """Tests, the nearest to its line first."""
    found = select(WatchNode)
    for column, value in ((WatchNode.kind, wanted.kind), (WatchNode.severity_group, wanted.group),
                          (WatchNode.product_id, wanted.product_id)):
        if value:
            found = found.where(column == value)
    if wanted.least_nearness > 0:
        found = found.where(WatchNode.nearness >= wanted.least_nearness)
    if wanted.least_observed > 0:
        found = found.where(WatchNode.observed >= wanted.least_observed)
    return page_of(session, found, Order(WatchNode.nearness, WatchNode.test_key, descending=True), wanted.after,
                   wanted.limit)


def tests_of(session: Session, node_key: str) -> list[WatchNode]:
    """The tests of a node, one for each group; none where there is no such node."""
    return list(session.scalars(select(WatchNode).where(WatchNode.node_key == node_key)
                                .order_by(WatchNode.severity_group)))


def nodes_by_key(session: Session, keys: Iterable[str]) -> list[WatchNode]:
    """One test of each of these nodes."""
    found = {test.node_key: test for some in chunks(sorted(set(keys))) for test in session.scalars(
        select(WatchNode).where(WatchNode.node_key.in_(some)))}
    return list(found.values())


def members_of(session: Session, node_key: str, limit: int) -> list[NodeMember]:
    """The lots of a node, those with most reports first."""
    rows = session.execute(
        select(Lot, WatchMember).join(WatchMember, WatchMember.lot_key == Lot.lot_key)
        .where(WatchMember.node_key == node_key)
        .order_by(WatchMember.harm.desc(), WatchMember.lot_key).limit(limit))
    return [NodeMember(lot, member.harm, member.serious,
                       None if member.consignees is None else tuple(member.consignees)) for lot, member in rows]


def node_curve(session: Session, test: WatchNode, on: date) -> Curve | None:
    """Reports of a node against what was expected, with the line of its present stage; a fixed number of queries. None
    where nothing is expected yet, or the node has more lots than can be drawn."""
    members = {member.lot.lot_key: member for member in members_of(session, test.node_key, MOST_LOTS_OF_A_CURVE + 1)}
    if not members or len(members) > MOST_LOTS_OF_A_CURVE or on < test.begun_on:
        return None
    from traceapp.signals.curve import Test, cumulative

    start = max(test.begun_on, on - timedelta(days=LONGEST_DAYS))
    enrolled = enrolled_lots(session, [member.lot for member in members.values()])
    parts = {one.lot.lot_key: Membership(one.members[0].node, members[one.lot.lot_key].consignees) for one in enrolled}
    expected = _expected(session, test.severity_group, enrolled, parts, (start, (on - start).days + 1))
    if expected[-1] <= 0:
        return None
    reports = [day for day in _reports(session, test.severity_group, members) if day <= on]
    curve = cumulative(reports, expected.clip(min=1e-9), start, Test(None))
    return _with_line(curve, test)


def _expected(session: Session, group: str, enrolled: list[Enrolled], parts: dict[str, Membership],
              span: tuple[date, int]) -> NDArray[np.float64]:
    import numpy as np

    rates = rates_of(session, {one.lot.product_id for one in enrolled if one.lot.product_id})
    total = np.zeros(span[1])
    for one in enrolled:
        if one.lot.product_id:
            total = total + Projection(one, rates[one.lot.product_id], *span).expected(parts[one.lot.lot_key], group)
    return total


def _reports(session: Session, group: str, members: dict[str, NodeMember]) -> list[date]:
    rows = select(Complaint.lot_key, Complaint.consignee_id, Complaint.received_at).join(
        WatchLot, WatchLot.lot_key == Complaint.lot_key).where(
        Complaint.lot_key.in_(listed(session, sorted(members))), Complaint.received_at < WatchLot.watched_until,
        *counted(SeverityGroup(group)))
    return [received_at.date() for lot_key, consignee, received_at in session.execute(rows)
            if (wanted := members[lot_key].consignees) is None or consignee in wanted]


def _with_line(curve: Curve, test: WatchNode) -> Curve:
    """The curve with the counts that alarm in the present stage of the test, and the day of the crossing."""
    import numpy as np

    from traceapp.signals.curve import Curve, Test

    line = Test(test.critical, test.minimum_events, history=test.history).alarm(curve.expected * test.margin)
    if line is None:
        return curve
    judged = np.array([is_in_stage(test.planned or 0.0, float(value)) for value in curve.expected])
    crossings = np.flatnonzero(judged & (curve.observed >= line))
    crossed_on = curve.days[crossings[0]] if crossings.size else None
    return Curve(curve.days, curve.observed, curve.expected, line, crossed_on, curve.unexposed)
