"""The budget of false alarms: what the house promises, how it is split, what was spent, and what came of it."""
from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from traceapp.audit import record
from traceapp.core.actor import Actor
from traceapp.core.clock import Clock
from traceapp.core.errors import InvalidInput, Stale
from traceapp.identity.policy import permit
from traceapp.signals.budget import (
    DEFAULT_PER_HUNDRED_LOTS,
    DEFAULT_WEIGHTS,
    SCREENS,
    YEAR,
    Begun,
    Split,
    Year,
    levels,
    shares,
)

from .alarm import NodeKind, SeverityGroup
from .model import SignalDecision
from .screen_model import ScreenRun
from .watch_model import FalseAlarmBudget, WatchNode

ABOUT = "service:false-alarm-budget"
KINDS = (*(str(kind) for kind in NodeKind), SCREENS)


@dataclass(frozen=True, slots=True)
class Promise:
    """What holds: false alarms for a hundred lots, percent for each kind; `version` 0 is the stated default."""

    per_hundred_lots: float = DEFAULT_PER_HUNDRED_LOTS
    weights: Mapping[str, float] = field(default_factory=lambda: dict(DEFAULT_WEIGHTS))
    version: int = 0
    reason: str = ""
    set_at: datetime | None = None
    set_by: str = ""

    @property
    def split(self) -> Split:
        """The same as the rule takes it."""
        return Split(self.per_hundred_lots, self.weights)


@dataclass(frozen=True, slots=True)
class KindSpent:
    """One kind of node in the year: its weight; `share`, the percent it may spend now (of a kind that the house has
    not, what is kept for it) and what that comes to; what the nodes begun have spent, how many they are."""

    kind: str
    weight: float
    share: float
    promised: float
    spent: float
    nodes: int

    @property
    def left(self) -> float:
        return max(0.0, self.promised - self.spent)


@dataclass(frozen=True, slots=True)
class BudgetState:
    """The year until `on`: false alarms promised, spent (the sum of the levels of the tests begun) and left; `lots`
    begun in it; what became of the signals decided in it."""

    promise: Promise
    on: date
    lots: int
    promised: float
    spent: float
    kinds: tuple[KindSpent, ...]
    refuted: int
    confirmed: int

    @property
    def left(self) -> float:
        return max(0.0, self.promised - self.spent)


@dataclass(frozen=True, slots=True)
class SetBudget:
    """`weights` in percent for every kind and the screens, together 100. `version`: the latest that was seen."""

    per_hundred_lots: float
    weights: Mapping[str, float]
    reason: str
    version: int | None = None


def promise_now(session: Session) -> Promise:
    """What the house promises now."""
    row = session.scalars(select(FalseAlarmBudget).order_by(FalseAlarmBudget.version.desc()).limit(1)).first()
    if row is None:
        return Promise()
    return Promise(row.per_hundred_lots, {kind: float(weight) for kind, weight in row.weights.items()}, row.version,
                   row.reason, row.set_at, row.set_by)


def budget_versions(session: Session) -> list[FalseAlarmBudget]:
    """Every version, the latest first."""
    return list(session.scalars(select(FalseAlarmBudget).order_by(FalseAlarmBudget.version.desc())))


def set_budget(session: Session, actor: Actor, clock: Clock, command: SetBudget) -> FalseAlarmBudget:
    """A new version; tests that run keep what they were given. Raises Forbidden, InvalidInput, Stale."""
    permit(actor, "surveillance.configure")
    before = promise_now(session)
    if command.version is not None and command.version != before.version:
        raise Stale("This was changed by somebody else in the meantime. Reload the page, look at the change, and try "
                    "again. Nothing was saved.")
    _check(command)
    weights = {kind: float(command.weights[kind]) for kind in KINDS}
    now = clock.now()
    made = FalseAlarmBudget(version=before.version + 1, per_hundred_lots=command.per_hundred_lots, weights=weights,
                            reason=command.reason.strip(), set_at=now, set_by=actor.name or actor.id)
    session.add(made)
    record(session, actor, now, "false_alarm_budget.set", ABOUT, {
        "version": made.version, "reason": made.reason,
        "per_hundred_lots": {"before": repr(before.per_hundred_lots), "after": repr(made.per_hundred_lots)},
        "weights": {"before": {kind: repr(weight) for kind, weight in before.weights.items()},
                    "after": {kind: repr(weight) for kind, weight in weights.items()}}})
    session.flush()
    return made


def _check(command: SetBudget) -> None:
    if not 0 < command.per_hundred_lots <= 100:
        raise InvalidInput("The promise must be above 0 and at most 100 false alarms per 100 lots.",
                           place="per_hundred_lots")
    for kind in KINDS:
        if not 0 <= command.weights.get(kind, -1.0) <= 100:
            raise InvalidInput("Every kind needs a weight from 0 to 100 percent.", place=kind)
    if abs(sum(command.weights[kind] for kind in KINDS) - 100) > 0.001:
        raise InvalidInput("The weights must add up to 100 percent.", place="weights")
    if not command.reason.strip():
        raise InvalidInput("Give the reason; it stays with the case.", place="reason")


def budget_state(session: Session, on: date) -> BudgetState:
    """The budget of the year until `on`."""
    promise = promise_now(session)
    spent: dict[str, float] = {}
    nodes: dict[str, int] = {}
    for kind, group, alpha, number in session.execute(
            select(WatchNode.kind, WatchNode.severity_group, func.coalesce(func.sum(WatchNode.alpha), 0.0),
                   func.count())
            .where(WatchNode.begun_on > on - YEAR, WatchNode.begun_on <= on)
            .group_by(WatchNode.kind, WatchNode.severity_group)):
        spent[kind] = spent.get(kind, 0.0) + float(alpha or 0.0)
        nodes[kind] = max(nodes.get(kind, 0), number) if group else 0
    lots = nodes.get(NodeKind.lot, 0)
    promised = promise.split.promised(lots)
    # The screens look at everything every night: their part of the year is given away with the first of them.
    if session.scalar(select(ScreenRun.product_id).limit(1)) is not None:
        spent[SCREENS] = promised * promise.weights.get(SCREENS, 0.0) / 100
    share = shares(promise.weights, nodes)
    kinds = tuple(KindSpent(kind, promise.weights.get(kind, 0.0), share.get(kind, 0.0),
                            promised * share.get(kind, 0.0) / 100, spent.get(kind, 0.0), nodes.get(kind, 0))
                  for kind in KINDS)
    return BudgetState(promise, on, lots, promised, sum(spent.values()), kinds, *_decided(session, on))


def _decided(session: Session, on: date) -> tuple[int, int]:
    """(signals refuted, signals confirmed) in the year until `on`."""
    first, last = (datetime.combine(day, time.max, UTC) for day in (on - YEAR, on))
    found = {action: number for action, number in session.execute(
        select(SignalDecision.action, func.count(func.distinct(SignalDecision.signal_id)))
        .where(SignalDecision.at > first, SignalDecision.at <= last,
               SignalDecision.action.in_(("refute", "confirm"))).group_by(SignalDecision.action))}
    return found.get("refute", 0), found.get("confirm", 0)


def lots_of_year(session: Session, on: date) -> int:
    """How many lots came under watch in the year until `on`."""
    return session.scalar(select(func.count()).select_from(WatchNode).where(
        WatchNode.kind == NodeKind.lot, WatchNode.severity_group == SeverityGroup.harm,
        WatchNode.begun_on > on - YEAR, WatchNode.begun_on <= on)) or 0


def allot_levels(session: Session, begun: Sequence[tuple[str, str, date]], on: date) -> list[float]:
    """The level of each test that begins, given as (kind, group, day) in order of time, by what holds now."""
    split, lots = promise_now(session).split, lots_of_year(session, on)
    years: dict[str, list[Begun]] = {}
    places: dict[tuple[date, str, str], list[int]] = {}
    for place, (kind, group, day) in enumerate(begun):
        places.setdefault((day, kind, group), []).append(place)
    found: dict[int, float] = {}
    for (day, kind, group), same in places.items():
        if kind != NodeKind.lot and group not in years:
            years[group] = _tests_near(session, group, begun[0][2], begun[-1][2])
        tests = years.get(group, [])
        given = levels(split, (kind, group), (day, len(same)), Year(tests, lots))
        if kind != NodeKind.lot:
            tests.append(Begun(day, kind, 0, sum(given)))
        found |= dict(zip(same, given, strict=True))
    return [found[place] for place in range(len(begun))]


def _tests_near(session: Session, group: str, first: date, last: date) -> list[Begun]:
    """The tests of every kind of node but lots that matter to those that begin between two days, by kind and day."""
    rows = session.execute(
        select(WatchNode.begun_on, WatchNode.kind, func.count(), func.coalesce(func.sum(WatchNode.alpha), 0.0))
        .where(WatchNode.kind != NodeKind.lot, WatchNode.severity_group == group,
               WatchNode.begun_on > first - 2 * YEAR, WatchNode.begun_on < last + YEAR)
        .group_by(WatchNode.begun_on, WatchNode.kind))
    return [Begun(day, kind, number, float(spent or 0.0)) for day, kind, number, spent in rows]
