"""Putting lots under watch: their nodes, their memberships, and what they bring to be expected there."""
from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date

from sqlalchemy import bindparam, delete, select, update
from sqlalchemy.orm import Session

from traceapp.complaint.model import Complaint
from traceapp.core.clock import Clock
from traceapp.db.insert import insert_missing, insert_rows
from traceapp.signals.stages import Plan, first_plan
from traceapp.trace.many_keys import listed
from traceapp.trace.model import Lot

from .alarm import NodeKind, SeverityGroup
from .alarm_lines import line_of
from .budget import allot_levels
from .counting import NOTHING, Change, Tally, lock_lots, lock_nodes, recount
from .judging import PROJECTED_DAYS, expected_at
from .membership import Enrolled, Membership, Node, enrolled_lots
from .projecting import Projection, Rates, rates_of, written
from .staging import put_stage, stage_of
from .watch_model import AlarmLine, WatchLot, WatchMember, WatchNode

# A lot in more nodes than this joins those of single consignees by the night, unless reports name them.
MOST_AT_ONCE = 500
_NODE_COLUMNS = ("node_key", "severity_group", "kind", "subject", "period", "name", "product_id", "begun_on",
                 "minimum_events", "first_plan")


@dataclass(frozen=True, slots=True)
class Settled:
    """Lots as they stand under watch now: by how much each node is still to change, and the lots that are new in each
    node."""

    lots: tuple[Enrolled, ...]
    rates: Mapping[str, Rates]
    changes: tuple[Change, ...]
    joined: Mapping[str, tuple[tuple[Enrolled, Membership], ...]]


def settle_lots(session: Session, lots: Sequence[Lot], on: date) -> Settled:
    """Make memberships and counts of these lots what the records say. The nodes' own counts are for the caller to
    change, by `changes`."""
    return _settle(session, [one for one in enrolled_lots(session, lots) if one.lot.product_id], on)


def _settle(session: Session, enrolled: Sequence[Enrolled], on: date) -> Settled:
    rates = rates_of(session, {one.lot.product_id for one in enrolled if one.lot.product_id})
    _make_nodes(session, enrolled, rates, on)
    watched = _watched(session, enrolled)
    gone, joined = _settle_members(session, enrolled)
    return Settled(tuple(enrolled), rates, _together(gone, recount(session, watched)), joined)


def _watched(session: Session, enrolled: Sequence[Enrolled]) -> list[WatchLot]:
    keys = [one.lot.lot_key for one in enrolled]
    present = set(session.scalars(select(WatchLot.lot_key).where(WatchLot.lot_key.in_(listed(session, keys)))))
    insert_missing(session, WatchLot, [
        {"lot_key": one.lot.lot_key, "watched_until": one.watched_until, "harm": 0, "serious": 0}
        for one in sorted(enrolled, key=lambda one: one.lot.lot_key) if one.lot.lot_key not in present])
    ends = {one.lot.lot_key: one.watched_until for one in enrolled}
    watched = lock_lots(session, keys)
    for row in watched:
        if row.watched_until != ends[row.lot_key]:
            row.watched_until = ends[row.lot_key]
    return watched


def _make_nodes(session: Session, enrolled: Sequence[Enrolled], rates: Mapping[str, Rates], on: date) -> None:
    """The nodes that these lots are the first in, two tests each."""
    wanted: dict[str, tuple[Node, Enrolled]] = {}
    for one in enrolled:
        for member in one.members:
            wanted.setdefault(member.node.key, (member.node, one))
    present = set(session.scalars(select(WatchNode.node_key).where(
        WatchNode.node_key.in_(listed(session, sorted(wanted))))))
    rows: list[dict[str, object]] = []
    begun_on = {one.lot.lot_key: one.begun_on for one in enrolled}
    planned: dict[tuple[str, SeverityGroup], float] = {}
    for key in sorted(set(wanted) - present):
        node, lot = wanted[key]
        rate = rates[lot.lot.product_id or ""]
        for group in SeverityGroup:
            size = lot.lot.lot_key, group
            if size not in planned:
                planned[size] = Projection(lot, rate, on).planned(group)
            values = (key, str(group), str(node.kind), node.subject, node.period, node.name[:200], node.product_id,
                      begun_on[lot.lot.lot_key], rate.basis.minimum_events, first_plan(node.kind, planned[size]))
            rows.append(dict(zip(_NODE_COLUMNS, values, strict=True)) | {
                "test_key": f"{key}-{group}", "lots": 0, "observed": 0, "stage": 0, "expected": [], "nearness": 0.0,
                "alarmed": 0, "margin": 1.0})
    insert_missing(session, WatchNode, rows)


def _settle_members(session: Session, enrolled: Sequence[Enrolled]
                    ) -> tuple[list[Change], dict[str, tuple[tuple[Enrolled, Membership], ...]]]:
    """Add the memberships that are new, change those whose consignees changed, end those that are no more; answers
    what the ended ones take from their nodes, and who is new in each node."""
    keys = [one.lot.lot_key for one in enrolled]
    present = {(row.lot_key, row.node_key): row for row in session.execute(
        select(WatchMember.lot_key, WatchMember.node_key, WatchMember.consignees, WatchMember.harm,
               WatchMember.serious).where(WatchMember.lot_key.in_(listed(session, keys))))}
    wanted = {(one.lot.lot_key, member.node.key): (one, member) for one in enrolled for member in one.members}
    joined: dict[str, list[tuple[Enrolled, Membership]]] = defaultdict(list)
    added, changed = [], []
    for (lot_key, node_key), (one, member) in wanted.items():
        consignees = None if member.consignees is None else list(member.consignees)
        row = present.get((lot_key, node_key))
        if row is None:
            added.append((lot_key, node_key, consignees, 0, 0))
            joined[node_key].append((one, member))
        elif row.consignees != consignees:
            changed.append({"at_lot": lot_key, "at_node": node_key, "consignees": consignees})
    gone = sorted(set(present) - set(wanted))
    insert_rows(session, WatchMember, ("lot_key", "node_key", "consignees", "harm", "serious"), added)
    if changed:
        session.connection().execute(_CHANGE_MEMBER, changed)
    if gone:
        session.connection().execute(_END_MEMBER, [{"at_lot": lot, "at_node": node} for lot, node in gone])
    taken = [Change(node, NOTHING.less(Tally(present[lot, node].harm, present[lot, node].serious)))
             for lot, node in gone]
    return taken, {key: tuple(found) for key, found in joined.items()}


def _together(*parts: Iterable[Change]) -> tuple[Change, ...]:
    by: dict[str, Tally] = defaultdict(Tally)
    for part in parts:
        for change in part:
            by[change.node_key] = by[change.node_key].plus(change.by)
    return tuple(Change(key, found) for key, found in by.items() if found != NOTHING)


def enrol_lot(session: Session, clock: Clock, lot: Lot) -> tuple[Change, ...]:
    """Put one lot under watch between two nightly runs: in its nodes, with what it brings to be expected there, and
    with lines for the nodes that begin with it. Answers by how much its nodes are still to change."""
    on = clock.now().date()
    settled = _settle(session, [_at_once(session, one) for one in enrolled_lots(session, [lot]) if lot.product_id], on)
    tests = lock_nodes(session, settled.joined)
    projected = {one.lot.lot_key: Projection(one, settled.rates[one.lot.product_id or ""], on) for one in settled.lots}
    for test in tests:
        _expect_more(test, [(projected[one.lot.lot_key], member) for one, member in settled.joined[test.node_key]])
    begin_tests(session, [test for test in tests if test.alpha is None], settled.rates, on)
    session.flush()
    return settled.changes


def _at_once(session: Session, enrolled: Enrolled) -> Enrolled:
    """What cannot wait for the night: of a lot that went to very many consignees, the nodes of those that reports
    name; whoever reports must not wait for ten thousand others."""
    if len(enrolled.members) <= MOST_AT_ONCE:
        return enrolled
    named = set(session.scalars(select(Complaint.consignee_id).where(
        Complaint.lot_key == enrolled.lot.lot_key, Complaint.consignee_id.is_not(None))))
    return replace(enrolled, members=tuple(
        member for member in enrolled.members
        if member.node.kind is not NodeKind.consignee or not named.isdisjoint(member.consignees or ())))


def _expect_more(test: WatchNode, joined: Sequence[tuple[Projection, Membership]]) -> None:
    """Add what the new lots bring to what is expected of a test from today on."""
    on = joined[0][0].on
    if test.projected_on is None:
        test.projected_on, test.expected = on, [0.0] * PROJECTED_DAYS
    offset = (on - test.projected_on).days
    total = [float(value) for value in test.expected]
    for projection, member in joined:
        more = projection.expected(member, test.severity_group)
        for position in range(max(0, offset), len(total)):
            total[position] += float(more[position - offset])
    test.expected, test.lots = written(total), test.lots + len(joined)


def begin_tests(session: Session, tests: Sequence[WatchNode], rates: Mapping[str, Rates], on: date) -> None:
    """Give each of these tests its part of the budget, and its first line."""
    ordered = sorted(tests, key=lambda test: (test.begun_on, test.node_key, test.severity_group))
    levels = allot_levels(session, [(test.kind, test.severity_group, test.begun_on) for test in ordered], on)
    lines: dict[str, AlarmLine] = {}

    def line(plan: Plan) -> AlarmLine:
        if plan.key not in lines:
            lines[plan.key] = line_of(session, plan)
        return lines[plan.key]

    for test, level in zip(ordered, levels, strict=True):
        own = rates.get(test.product_id or "") if test.kind == NodeKind.lot else None
        test.alpha = min(level, own.basis.alpha) if own else level
        put_stage(test, stage_of(test, expected_at(test, on) or 0.0, history_of(rates, test.severity_group), line))


def history_of(rates: Mapping[str, Rates], group: str) -> int | None:
    """The fewest reports that a rate of these products was learnt from; None where all are taken as known."""
    return min((found for rate in rates.values() if (found := rate.history(group)) is not None), default=None)


_CHANGE_MEMBER = (update(WatchMember.__table__)  # type: ignore[arg-type]
                  .where(WatchMember.lot_key == bindparam("at_lot"), WatchMember.node_key == bindparam("at_node"))
                  .values(consignees=bindparam("consignees")))
_END_MEMBER = (delete(WatchMember.__table__)  # type: ignore[arg-type]
               .where(WatchMember.lot_key == bindparam("at_lot"), WatchMember.node_key == bindparam("at_node")))
