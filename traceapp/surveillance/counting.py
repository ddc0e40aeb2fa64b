"""Counting the complaints of lots exactly, and carrying the differences to the nodes that the lots are in.

Nothing is ever added by hearsay: a lot is counted anew by its index and compared with how it was counted last, so that
the same work done twice, or by two at once, leaves the same numbers. Rows are locked in the order lots, nodes.
"""
from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, NamedTuple

from sqlalchemy import (
    ARRAY,
    Float,
    Integer,
    String,
    bindparam,
    case,
    func,
    literal,
    or_,
    select,
    type_coerce,
    union_all,
    update,
)
from sqlalchemy.orm import Session

from traceapp.complaint.model import Complaint
from traceapp.db import UtcTime
from traceapp.db.among import among_few, unseen
from traceapp.trace.many_keys import listed
from traceapp.trace.model import Lot
from traceapp.trace.quick_reads import listed as decoded

from .alarm import SeverityGroup
from .judging import WatchedTest
from .observe import SERIOUS, counted
from .watch_model import WatchLot, WatchMember, WatchNode


class Tally(NamedTuple):
    """Complaints of each group; the serious ones are among those of harm."""

    harm: int = 0
    serious: int = 0

    def plus(self, other: Tally) -> Tally:
        return Tally(self.harm + other.harm, self.serious + other.serious)

    def less(self, other: Tally) -> Tally:
        return Tally(self.harm - other.harm, self.serious - other.serious)


NOTHING = Tally()


class WatchedLot(NamedTuple):
    """A lot as counted last, and what its record says of it."""

    lot_key: str
    watched_until: datetime
    harm: int
    serious: int
    product_id: str | None
    number: str
    started_at: datetime
    is_recalled: bool


@dataclass(slots=True)
class LotTally:
    """The counted complaints of one lot: all of them, and those that name each consignee."""

    whole: Tally = NOTHING
    named: dict[str, Tally] = field(default_factory=dict)

    def within(self, consignees: Iterable[str] | None) -> Tally:
        """What counts in a node that holds the whole lot (None) or what these consignees were sent."""
        if consignees is None:
            return self.whole
        found = NOTHING
        for consignee in consignees:
            found = found.plus(self.named.get(consignee, NOTHING))
        return found


class Change(NamedTuple):
    """By how much the tests of a node change."""

    node_key: str
    by: Tally


def tallies(session: Session, lot_keys: Sequence[str]) -> dict[str, LotTally]:
    """The counted complaints of lots that are watched, in one query."""
    rows = _rows_of(session, _TALLIES, Complaint.lot_key, lot_keys)
    found: dict[str, LotTally] = defaultdict(LotTally)
    for lot_key, consignee, harm, grave in rows:
        own, seen = found[lot_key], Tally(harm, grave)
        own.whole = own.whole.plus(seen)
        if consignee is not None:
            own.named[consignee] = seen
    return found


def lock_lots(session: Session, lot_keys: Sequence[str]) -> list[WatchLot]:
    """The lots as counted last, locked; those that are not watched yet are missing."""
    return list(_rows_of(session, _LOTS, WatchLot.lot_key, lot_keys).scalars())


def lock_lot(session: Session, lot_key: str) -> WatchedLot | None:
    """One lot as counted last, locked, with what its record says; None where it is not watched yet."""
    found = session.connection().execute(_LOT, {"key": lot_key}).first()
    return None if found is None else WatchedLot(*found)


def recount_lot(session: Session, lot: WatchedLot, until: datetime) -> list[Change]:
    """What `recount` does, for one lot that is locked and is watched until then: one query, one statement for each of
    the differences (a new complaint makes one), and one for the lot."""
    connection, own = session.connection(), LotTally()
    members = []
    for node_key, named, *counts in connection.execute(_LOT_COUNT, {"key": lot.lot_key, "until": until}):
        if node_key:
            members.append((node_key, named, Tally(*counts)))
            continue
        own.whole = own.whole.plus(Tally(*counts))
        if named is not None:
            own.named[named] = Tally(*counts)
    by: dict[Tally, list[str]] = defaultdict(list)
    for node_key, named, last in members:
        by[own.within(None if named is None else decoded(named)).less(last)].append(node_key)
    by.pop(NOTHING, None)
    for difference, nodes in by.items():
        connection.execute(_MORE_IN_MEMBERS, {"at_lot": lot.lot_key, "at_nodes": nodes, "more": difference.harm,
                                              "more_serious": difference.serious})
    if (until, own.whole) != (lot.watched_until, Tally(lot.harm, lot.serious)):
        connection.execute(_COUNT_LOT, {"at_lot": lot.lot_key, "until": until, "now": own.whole.harm,
                                        "now_serious": own.whole.serious})
    return [Change(node_key, difference) for difference, nodes in by.items() for node_key in nodes]


def recount(session: Session, lots: Sequence[WatchLot]) -> list[Change]:
    """Count lots anew, note it for them and their memberships; answers by how much each node is to change. The lots
    must be locked. Three queries and at most two statements, however many complaints, lots and nodes."""
    keys = [lot.lot_key for lot in lots]
    session.flush()
    found = tallies(session, keys)
    changed_members: list[dict[str, object]] = []
    by: dict[str, Tally] = defaultdict(Tally)
    for lot_key, node_key, consignees, harm, serious in _rows_of(session, _MEMBERS, WatchMember.lot_key, keys):
        seen = found[lot_key].within(consignees) if lot_key in found else NOTHING
        difference = seen.less(Tally(harm, serious))
        if difference != NOTHING:
            by[node_key] = by[node_key].plus(difference)
            changed_members.append({"at_lot": lot_key, "at_node": node_key, "harm": seen.harm, "serious": seen.serious})
    if changed_members:
        session.connection().execute(_COUNT_MEMBER, changed_members)
    for lot in lots:
        seen = found[lot.lot_key].whole if lot.lot_key in found else NOTHING
        lot.harm, lot.serious = seen.harm, seen.serious
    session.flush()
    return [Change(node_key, difference) for node_key, difference in by.items()]


def lock_nodes(session: Session, node_keys: Iterable[str]) -> list[WatchNode]:
    """The tests of these nodes, locked in one order for everybody."""
    return list(session.scalars(
        select(WatchNode).where(WatchNode.node_key.in_(listed(session, sorted(set(node_keys)))))
        .order_by(WatchNode.node_key, WatchNode.severity_group).with_for_update()
        .execution_options(populate_existing=True)))


def lock_changed(session: Session, lot_key: str, changes: Mapping[str, Tally]) -> list[WatchedTest]:
    """The tests that these changes reach, and both of the lot's own node, locked in the same order."""
    groups = [group for group in SeverityGroup if any(getattr(by, group) for by in changes.values())]
    values = {"nodes": sorted({lot_key, *changes}), "groups": groups, "own": lot_key}
    return [WatchedTest(*row) for row in session.connection().execute(_CHANGED, values)]


def count_in_nodes(session: Session, tests: Sequence[WatchNode | WatchedTest], changes: Iterable[Change],
                   nearness: Mapping[tuple[str, str], float]) -> None:
    """Add the differences to the tests by the database itself, with how near each is to its line now. A test that
    counts as many as before is left to the nightly run."""
    by = {change.node_key: change.by for change in changes}
    rows = [(test.node_key, test.severity_group, difference,
             nearness.get((test.node_key, test.severity_group), test.nearness))
            for test in tests if (difference := difference_of(test, by))]
    if not rows:
        return
    names, connection = ("at_node", "at_group", "by", "near"), session.connection()
    if connection.dialect.name == "postgresql":  # one by one, each would be waited for
        columns = zip(*rows, strict=True)
        connection.execute(_COUNT_NODES, {name: list(values) for name, values in zip(names, columns, strict=True)})
    else:
        connection.execute(_COUNT_NODE, [dict(zip(names, row, strict=True)) for row in rows])


def difference_of(test: WatchNode | WatchedTest, changes: Mapping[str, Tally]) -> int:
    """By how much this test changes."""
    found = changes.get(test.node_key, NOTHING)
    return found.harm if test.severity_group == SeverityGroup.harm else found.serious


def _rows_of(session: Session, wanted: Any, column: Any, keys: Sequence[str]) -> Any:
    """What is wanted of these lots: of one by its key as a value, for which any database takes the index and whose
    statement is made but once; of many by one list."""
    if len(keys) == 1:
        return session.execute(_OF_ONE[wanted], {"key": keys[0]})
    return session.execute(wanted.where(column.in_(listed(session, keys))))


_LOTS = (select(WatchLot).order_by(WatchLot.lot_key).with_for_update()
         .execution_options(populate_existing=True))
_MEMBERS = select(WatchMember.lot_key, WatchMember.node_key, WatchMember.consignees, WatchMember.harm,
                  WatchMember.serious)
_TALLIES = (select(Complaint.lot_key, Complaint.consignee_id, func.count(),
                   func.sum(case((Complaint.severity.in_(SERIOUS), 1), else_=0)))
            .join(WatchLot, WatchLot.lot_key == Complaint.lot_key)
            .where(Complaint.received_at < WatchLot.watched_until, *counted(SeverityGroup.harm))
            .group_by(Complaint.lot_key, Complaint.consignee_id))
_WANTED: tuple[tuple[Any, Any], ...] = (
    (_LOTS, WatchLot.lot_key), (_MEMBERS, WatchMember.lot_key), (_TALLIES, Complaint.lot_key))
_OF_ONE = {wanted: wanted.where(column == bindparam("key")) for wanted, column in _WANTED}
_lot, _member, _complaint, _record = (model.__table__.c for model in (WatchLot, WatchMember, Complaint, Lot))
_LOT = (select(_lot.lot_key, _lot.watched_until, _lot.harm, _lot.serious, _record.product_id, _record.number,
               _record.started_at, _record.is_recalled)
        .where(_lot.lot_key == bindparam("key"), _record.lot_key == _lot.lot_key)
        .with_for_update(of=WatchLot.__table__))
_LOT_COUNT = union_all(
    select(literal("").label("node_key"), _complaint.consignee_id, func.count(),
           func.sum(case((or_(*(_complaint.severity == grave for grave in SERIOUS)), 1), else_=0)))
    .where(_complaint.lot_key == bindparam("key"), _complaint.received_at < bindparam("until", type_=UtcTime),
           *counted(SeverityGroup.harm)).group_by(_complaint.consignee_id),
    select(_member.node_key, type_coerce(_member.consignees, String), _member.harm, _member.serious)
    .where(_member.lot_key == bindparam("key")))
_MORE_IN_MEMBERS = (update(WatchMember.__table__)  # type: ignore[arg-type]
                    .where(_member.lot_key == bindparam("at_lot"),
                           among_few(_member.node_key, "at_nodes"))
                    .values(harm=_member.harm + bindparam("more"), serious=_member.serious + bindparam("more_serious")))
_COUNT_LOT = (update(WatchLot.__table__).where(_lot.lot_key == bindparam("at_lot"))  # type: ignore[arg-type]
              .values(watched_until=bindparam("until"), harm=bindparam("now"), serious=bindparam("now_serious")))
_test = WatchNode.__table__.c
_CHANGED = (select(*(type_coerce(_test.expected, String) if name == "expected" else _test[name]
                     for name in WatchedTest._fields))
            .where(among_few(_test.node_key, "nodes"),
                   or_(among_few(_test.severity_group, "groups"), _test.node_key == bindparam("own")))
            .order_by(_test.node_key, _test.severity_group).with_for_update())
_COUNT_MEMBER = (update(WatchMember.__table__)  # type: ignore[arg-type]
                 .where(WatchMember.lot_key == bindparam("at_lot"), WatchMember.node_key == bindparam("at_node"))
                 .values(harm=bindparam("harm"), serious=bindparam("serious")))
_COUNT_NODE = (update(WatchNode.__table__)  # type: ignore[arg-type]
               .where(WatchNode.node_key == bindparam("at_node"), WatchNode.severity_group == bindparam("at_group"))
               .values(observed=WatchNode.observed + bindparam("by"), nearness=bindparam("near")))
_more = func.unnest(unseen("at_node", ARRAY(String)), unseen("at_group", ARRAY(String)),
                    unseen("by", ARRAY(Integer)), unseen("near", ARRAY(Float))
                    ).table_valued("node_key", "severity_group", "by", "near").render_derived(name="more")
_COUNT_NODES = (update(WatchNode.__table__)  # type: ignore[arg-type]
                .where(WatchNode.node_key == _more.c.node_key, WatchNode.severity_group == _more.c.severity_group)
                .values(observed=WatchNode.observed + _more.c.by, nearness=_more.c.near))
