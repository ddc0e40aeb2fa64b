"""The nightly run: every lot is counted anew, every node is given what is to be expected of it in the coming days, new
tests begin, and every test is judged.

It is a row of steps, each for a transaction of its own, each leaving the tables whole: a run that was killed has only
done less, and one that runs beside another does the same. Lots are taken in parts, product by product; only the sums
of the nodes that lots share stay in memory. Lines are worked out between the transactions, never in one.
"""
from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import TYPE_CHECKING

import structlog
from sqlalchemy import exists, func, select, update
from sqlalchemy.orm import Session

from traceapp.core.clock import Clock
from traceapp.signals.stages import Plan, Stage
from traceapp.trace.many_keys import listed
from traceapp.trace.model import ItemKind, Lot, ShipmentLine

from .alarm import NodeKind, SeverityGroup
from .alarm_lines import keep_line, worked_out
from .budget import allot_levels
from .counting import Tally, count_in_nodes, lock_nodes
from .enrolling import Settled, settle_lots
from .judging import PROJECTED_DAYS, Standing, judge
from .projecting import Projection, count_product, written
from .raising import raise_alarm
from .screening import products_to_screen
from .staging import is_due, put_stage, stage_of
from .watch_model import AlarmLine, WatchLot, WatchMember, WatchNode

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

log = structlog.get_logger()
Step = Callable[[Session], None]
Test = tuple[str, str]
LOTS_AT_ONCE = 200
LINES_AT_ONCE = 2000
NODES_AT_ONCE = 200


@dataclass(slots=True)
class _Total:
    """What the lots of a node bring to it; `expected` and `history` for each group."""

    begun_on: date
    expected: dict[str, NDArray[np.float64]]
    history: dict[str, int | None]
    lots: int = 0
    strictest: float = 1.0


@dataclass(slots=True)
class NightlyRun:
    """One run; `steps` are to be done in order, each in a transaction. What it found stands here afterwards."""

    clock: Clock
    lots: int = 0
    nodes: int = 0
    recounted: int = 0
    drifted: int = 0
    alarms: int = 0
    _totals: dict[str, _Total] = field(default_factory=dict)
    _lines: dict[str, AlarmLine] = field(default_factory=dict)
    _new_lines: list[AlarmLine] = field(default_factory=list)
    _products: list[str] = field(default_factory=list)
    _keys: list[str] = field(default_factory=list)
    _taken: int = 0
    _tests: list[WatchNode] = field(default_factory=list)
    _settled: Settled | None = None

    @property
    def on(self) -> date:
        return self.clock.now().date()

    def steps(self) -> Iterator[Step]:
        """Every step of the run; each may be done only before the next is asked for."""
        yield self._begin
        for product_id in self._products:
            yield lambda session, product_id=product_id: self._look_at(session, product_id)  # type: ignore[misc]
            done = 0
            while keys := self._keys[done:done + LOTS_AT_ONCE]:
                yield lambda session, keys=keys: self._settle(session, keys)  # type: ignore[misc]
                done += self._taken
                yield from self._project(self._add_up())
        shared = sorted(self._totals, key=lambda key: (self._totals[key].begun_on, key))
        for some in _parts(shared, NODES_AT_ONCE):
            yield from self._project(some)
        yield self._end

    def _begin(self, session: Session) -> None:
        self._lines = {line.key: line for line in session.scalars(select(AlarmLine))}
        self._products = products_to_screen(session)

    def _look_at(self, session: Session, product_id: str) -> None:
        """The lots of a product to be watched: sent out, or complained about before."""
        session.merge(count_product(session, product_id, self.on))
        self._keys = list(session.scalars(
            select(Lot.lot_key).where(Lot.product_id == product_id, Lot.item_kind == ItemKind.lot, Lot.is_own == 1,
                                      (Lot.shipped > 0) | exists().where(WatchLot.lot_key == Lot.lot_key))
            .order_by(Lot.lot_key)))

    def _settle(self, session: Session, keys: Sequence[str]) -> None:
        """Settle the first of these lots, as many as a transaction takes in a moment."""
        lines = {key: count for key, count in session.execute(
            select(ShipmentLine.lot_key, func.count()).where(ShipmentLine.lot_key.in_(listed(session, keys)))
            .group_by(ShipmentLine.lot_key))}
        keys = first_part([(key, lines.get(key, 0)) for key in keys])
        self._taken = len(keys)
        lots = list(session.scalars(select(Lot).where(Lot.lot_key.in_(listed(session, keys))).order_by(Lot.lot_key)))
        settled = settle_lots(session, lots, self.on)
        tests = lock_nodes(session, [change.node_key for change in settled.changes])
        count_in_nodes(session, tests, settled.changes, {})
        self.lots += len(lots)
        self.recounted += sum(change.by != Tally() for change in settled.changes)
        self._settled = settled

    def _add_up(self) -> list[str]:
        """Add what the lots bring to the sums of their nodes, outside of any transaction; answers the lots."""
        settled, self._settled = self._settled, None
        assert settled is not None
        for one in settled.lots:
            rates, begun_on = settled.rates[one.lot.product_id or ""], one.begun_on
            projection = Projection(one, rates, self.on)
            whole = {str(group): projection.expected(one.members[0], group) for group in SeverityGroup}
            for member in one.members:
                total = self._totals.setdefault(member.node.key, _Total(
                    begun_on, {}, {str(group): rates.history(group) for group in SeverityGroup}))
                for group in map(str, SeverityGroup):
                    more = whole[group] if member.consignees is None else projection.expected(member, group)
                    total.expected[group] = total.expected[group] + more if group in total.expected else more
                    total.history[group] = _fewest(total.history[group], rates.history(group))
                total.lots, total.begun_on = total.lots + 1, min(total.begun_on, begun_on)
                if member.node.kind is NodeKind.lot:
                    total.strictest = rates.basis.alpha
        return [one.lot.lot_key for one in settled.lots]

    def _project(self, keys: Sequence[str]) -> Iterator[Step]:
        """Give nodes what is expected of them; their sums are forgotten then."""
        totals = {key: self._totals.pop(key) for key in keys}
        yield lambda session: self._allot(session, totals)
        stages = self._stages(totals)
        yield lambda session: self._write(session, totals, stages)

    def _allot(self, session: Session, totals: Mapping[str, _Total]) -> None:
        """Give each test that has none its part of the budget."""
        self._tests = lock_nodes(session, totals)
        new = sorted((test for test in self._tests if test.alpha is None),
                     key=lambda test: (totals[test.node_key].begun_on, test.node_key, test.severity_group))
        for test in new:
            test.begun_on = totals[test.node_key].begun_on
        session.flush()
        levels = allot_levels(session, [(test.kind, test.severity_group, test.begun_on) for test in new], self.on)
        for test, level in zip(new, levels, strict=True):
            test.alpha = min(level, totals[test.node_key].strictest)

    def _stages(self, totals: Mapping[str, _Total]) -> dict[Test, Stage]:
        """The stage of each test that needs one, worked out outside of any transaction."""
        stages = {}
        for test in self._tests:
            total = totals[test.node_key]
            tomorrow, history = float(total.expected[test.severity_group][1]), total.history[test.severity_group]
            if is_due(test, tomorrow, history):
                stages[test.node_key, test.severity_group] = stage_of(test, tomorrow, history, self._line)
        return stages

    def _line(self, plan: Plan) -> AlarmLine:
        found = self._lines.get(plan.key)
        if found is None:
            found = self._lines[plan.key] = worked_out(plan)
            self._new_lines.append(found)
        return found

    def _write(self, session: Session, totals: Mapping[str, _Total], stages: Mapping[Test, Stage]) -> None:
        while self._new_lines:
            keep_line(session, self._new_lines.pop())
        tests = lock_nodes(session, totals)
        sums = {key: (lots, Tally(int(harm), int(serious))) for key, lots, harm, serious in session.execute(
            select(WatchMember.node_key, func.count(), func.sum(WatchMember.harm), func.sum(WatchMember.serious))
            .where(WatchMember.node_key.in_(listed(session, sorted(totals)))).group_by(WatchMember.node_key))}
        for test in tests:
            self._write_test(test, totals[test.node_key], sums.get(test.node_key, (0, Tally())),
                             stages.get((test.node_key, test.severity_group)))
        session.flush()
        for test in tests:
            self._judge(session, test)
        self.nodes += len(totals)

    def _write_test(self, test: WatchNode, total: _Total, counted: tuple[int, Tally], stage: Stage | None) -> None:
        lots, tally = counted
        observed = tally.harm if test.severity_group == SeverityGroup.harm else tally.serious
        if test.observed != observed:
            self.drifted += 1
            log.error("watch_drifted", node=test.node_key, group=test.severity_group, was=test.observed, now=observed)
            test.observed = observed
        if lots != total.lots:
            log.warning("watch_not_projected", node=test.node_key, lots=lots, seen=total.lots)
            return
        test.lots, test.projected_on = lots, self.on
        test.expected = written(total.expected[test.severity_group])
        if stage is not None:
            put_stage(test, stage)

    def _judge(self, session: Session, test: WatchNode) -> None:
        seen = judge(test, test.observed, self.on)
        test.nearness = seen.nearness
        if seen.standing is Standing.alarm:
            self.alarms += raise_alarm(session, self.clock, test, seen) is not None

    def _end(self, session: Session) -> None:
        """Nodes that no lot is in any more expect nothing."""
        session.execute(update(WatchNode).where(WatchNode.lots > 0, ~exists().where(
            WatchMember.node_key == WatchNode.node_key)).values(lots=0, nearness=0.0, expected=[0.0] * PROJECTED_DAYS)
            .execution_options(synchronize_session=False))


def watch_all_in(session: Session, clock: Clock) -> NightlyRun:
    """The whole run in one transaction, for stories and tests; a plant's runs step by step."""
    run = NightlyRun(clock)
    for step in run.steps():
        step(session)
        session.flush()
    return run


def _fewest(one: int | None, other: int | None) -> int | None:
    return min((found for found in (one, other) if found is not None), default=None)


def first_part(lots: Sequence[tuple[str, int]]) -> list[str]:
    """Of lots, each with its number of despatches, the first ones that make no more than LINES_AT_ONCE together; one
    at least."""
    room = LINES_AT_ONCE
    part: list[str] = []
    for key, lines in lots:
        if part and lines > room:
            break
        part.append(key)
        room -= lines
    return part


def _parts(keys: Sequence[str], size: int) -> Iterable[Sequence[str]]:
    return [keys[start:start + size] for start in range(0, len(keys), size)]
