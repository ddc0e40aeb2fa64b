"""The stages of a test and their lines; `budget` says why a test has stages. Pure; numerics are loaded when needed."""
from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache

from .budget import FIRST_PLAN, LOT, stage_alpha, stage_end, stage_for

# Exact lines of longer plans take seconds to minutes.
LARGEST_EXACT = 256.0
LAST_STAGE = 40
HAIR = 1e-9


@dataclass(frozen=True, slots=True)
class Plan:
    """A test to find the line of: level, planned end in expected reports, least count, and how many reports the rate
    was learnt from (None: it is taken as known). Ends and histories are put on grids, so that many tests share a line.

    A plan beyond `LARGEST_EXACT` has its line from the closed bound of `late`: it is judged in its second half only,
    the first being the stage before; a learnt rate is then taken at its upper limit for half of the level."""

    alpha: float
    planned: float
    minimum_events: int
    history: int | None

    @property
    def key(self) -> str:
        """What the line is kept under."""
        if self.is_late:
            return f"{self.alpha!r} late {'known' if self.history is None else 'learnt'}"
        return f"{self.alpha!r} {self.upper!r} {self.minimum_events} {self.shared_history or 'known'}"

    @property
    def is_late(self) -> bool:
        """Whether it is judged by the closed bound, in its second half."""
        return self.planned > LARGEST_EXACT

    @property
    def margin(self) -> float:
        """What the expected count is multiplied by before the ratio is taken."""
        if not self.is_late or self.shared_history is None:
            return 1.0
        from .late import rate_margin

        return rate_margin(self.shared_history, self.alpha / 2)

    @property
    def upper(self) -> float:
        """The planned end as the line takes it."""
        from .maxsprt import LARGEST_UPPER, planned_upper

        return min(planned_upper(self.planned), LARGEST_UPPER)

    @property
    def shared_history(self) -> int | None:
        """The history that the line is for; the ratio must be taken with it."""
        if self.history is None:
            return None
        from .conditional import known_at_least

        return known_at_least(self.history)


@dataclass(frozen=True, slots=True)
class Line:
    """A critical value, None where no count can alarm, and the exact rate of false alarms."""

    value: float | None
    size: float


def line(plan: Plan) -> Line:
    """The line of a plan; may take seconds for a long one."""
    from .conditional import conditional_critical_value
    from .late import late_critical_value
    from .maxsprt import critical_value

    if plan.is_late:
        level = plan.alpha if plan.history is None else plan.alpha / 2
        return Line(late_critical_value(level), level)
    history = plan.shared_history
    found = (critical_value(plan.alpha, plan.upper, minimum_events=plan.minimum_events) if history is None else
             conditional_critical_value(plan.alpha, plan.upper, history, minimum_events=plan.minimum_events))
    return Line(found.value, found.size)


@lru_cache(maxsize=4096)
def kept_value(plan: Plan) -> float | None:
    """The critical value of a plan, worked out once a process: for simulations."""
    return line(plan).value


@dataclass(frozen=True, slots=True)
class StagedTest:
    """What the stages of a test hang on: the kind of node, its level over all stages, the end of the first one, the
    least count that alarms."""

    kind: str
    alpha: float
    first_plan: float
    minimum_events: int


@dataclass(frozen=True, slots=True)
class Stage:
    """A stage of a test: its number, planned end and line, the history that the line was worked out for, and the
    margin of the rate where the line is not made for a history."""

    number: int
    planned: float
    critical: float | None
    history: int | None
    margin: float = 1.0


def first_plan(kind: str, planned: float) -> float:
    """Until how many expected reports the first stage runs: a lot's whole life, as far as its line can be exact."""
    return min(planned, LARGEST_EXACT) if kind == LOT else FIRST_PLAN


def stage_at(test: StagedTest, present: int, expected: float, history: int | None,
             find: Callable[[Plan], float | None]) -> Stage:
    """The stage that a test should be in while `expected` is to be expected, the `present` one or a later one; `find`
    gives the critical value of a plan. A stage of a growing node at which no count could alarm is passed over and
    spends nothing; a lot too small for that has no line at all."""
    number = min(LAST_STAGE, stage_for(test.first_plan, expected * (1 - HAIR), present))
    if test.alpha <= 0:
        return Stage(number, stage_end(test.first_plan, number), None, None)
    while True:
        plan = Plan(stage_alpha(test.kind, test.alpha, number), stage_end(test.first_plan, number),
                    test.minimum_events, history)
        value = find(plan)
        if value is not None or test.kind == LOT or number >= LAST_STAGE:
            return Stage(number, plan.planned, value, None if plan.is_late else plan.shared_history, plan.margin)
        number += 1


def is_over(planned: float, expected: float) -> bool:
    """Whether more is expected than the stage was planned for."""
    return expected * (1 - HAIR) > planned


def is_in_stage(planned: float, expected: float) -> bool:
    """Whether a stage is to be judged at this expected count; see `Plan`."""
    return expected <= planned * (1 + HAIR) and (planned <= LARGEST_EXACT or expected > planned / 2)
