"""Which stage a watched test is in, and with which line."""
from __future__ import annotations

from collections.abc import Callable

from traceapp.signals.stages import Plan, Stage, StagedTest, is_over, stage_at

from .watch_model import AlarmLine, WatchNode


def stage_of(test: WatchNode, expected: float, history: int | None, find: Callable[[Plan], AlarmLine]) -> Stage:
    """The stage that the test should be in while `expected` is to be expected."""
    own = StagedTest(test.kind, test.alpha or 0.0, test.first_plan, test.minimum_events)
    return stage_at(own, test.stage, expected, history, lambda plan: find(plan).value)


def put_stage(test: WatchNode, stage: Stage) -> None:
    """Make it the present stage of the test."""
    test.stage, test.planned, test.critical, test.history = stage.number, stage.planned, stage.critical, stage.history
    test.margin = stage.margin


def is_due(test: WatchNode, expected: float, history: int | None) -> bool:
    """Whether the test must be given a stage anew: it has none, grew beyond it, or knows less than it took."""
    if test.planned is None or is_over(test.planned, expected):
        return True
    if history is None:
        return False
    return test.history is None or history < test.history
