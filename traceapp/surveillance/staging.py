"""Which stage a test is in, and with which line; see `spending` for why a test has stages."""
from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from .alarm import NodeKind
from .alarm_lines import Plan
from .spending import stage_alpha, stage_end, stage_for
from .watch_model import AlarmLine, WatchNode

_LAST_STAGE = 40
_HAIR = 1e-9


@dataclass(frozen=True, slots=True)
class Stage:
    """A stage of a test: its number, planned end and line, the history that the line was worked out for, and the
    margin of the rate where the line is not made for a history."""

    number: int
    planned: float
    critical: float | None
    history: int | None
    margin: float = 1.0

    def put(self, test: WatchNode) -> None:
        """Make it the present stage of the test."""
        test.stage, test.planned, test.critical, test.history = self.number, self.planned, self.critical, self.history
        test.margin = self.margin


def stage_of(test: WatchNode, expected: float, history: int | None, find: Callable[[Plan], AlarmLine]) -> Stage:
    """The stage that the test should be in while `expected` is to be expected. A stage of a growing node at which no
    count could alarm is passed over and spends nothing; a lot too small for that has no line at all."""
    alpha = test.alpha or 0.0
    number = min(_LAST_STAGE, stage_for(test.first_plan, expected * (1 - _HAIR), test.stage))
    if alpha <= 0:
        return Stage(number, stage_end(test.first_plan, number), None, None)
    while True:
        plan = Plan(stage_alpha(test.kind, alpha, number), stage_end(test.first_plan, number), test.minimum_events,
                    history)
        line = find(plan)
        if line.value is not None or test.kind == NodeKind.lot or number >= _LAST_STAGE:
            return Stage(number, plan.planned, line.value, None if plan.is_late else plan.shared_history, plan.margin)
        number += 1


def is_due(test: WatchNode, expected: float, history: int | None) -> bool:
    """Whether the test must be given a stage anew: it has none, grew beyond it, or knows less than it took."""
    if test.planned is None or expected * (1 - _HAIR) > test.planned:
        return True
    if history is None:
        return False
    return test.history is None or history < test.history
