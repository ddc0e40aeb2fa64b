"""Does a node stand out? Its count beside what is expected by now, and the line of the stage that it is in."""
from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from math import floor
from typing import NamedTuple

from traceapp.signals.stages import is_in_stage
from traceapp.trace.quick_reads import listed

from .watch_model import WatchNode

PROJECTED_DAYS = 15


class Standing(StrEnum):
    """What can be said of a test. `uncounted`: nothing counted yet; `unexposed`: reports where nothing is expected yet;
    `unprojected`: the nightly run has not said what is expected today; `too_small`: no count could alarm within the
    part of the budget; `beyond`: what is expected is not what the stage was planned for, the nightly run
    begins the next."""

    quiet = "quiet"
    alarm = "alarm"
    unexposed = "unexposed"
    unprojected = "unprojected"
    too_small = "too_small"
    beyond = "beyond"


class WatchedTest(NamedTuple):
    """Of a test what a judgement needs, by the names of `WatchNode`; `expected` as it is stored."""

    node_key: str
    severity_group: str
    kind: str
    subject: str
    observed: int
    alpha: float | None
    minimum_events: int
    planned: float | None
    critical: float | None
    history: int | None
    margin: float
    expected: str
    projected_on: date | None
    nearness: float


@dataclass(frozen=True, slots=True)
class Judgement:
    """A look at a test: what it counts, what is expected by the day, the log-likelihood ratio, and how near the line
    is (1 alarms), in whole hundredths, rounded down: what is told, and what changes with few complaints."""

    standing: Standing
    observed: int
    expected: float
    llr: float = 0.0
    nearness: float = 0.0


def expected_at(test: WatchNode | WatchedTest, on: date) -> float | None:
    """The cumulative expected reports by the end of a day; None where they were not worked out."""
    if test.projected_on is None:
        return None
    offset, known = (on - test.projected_on).days, listed(test.expected)
    return float(known[offset]) if 0 <= offset < len(known) else None


def judge(test: WatchNode | WatchedTest, observed: int, on: date) -> Judgement:
    """The standing of a test that counts `observed` on a day. Never waits for a critical value."""
    expected = expected_at(test, on)
    if expected is None:
        return Judgement(Standing.unprojected, observed, 0.0)
    if expected <= 0:
        return Judgement(Standing.unexposed if observed else Standing.quiet, observed, expected)
    if test.critical is None or test.planned is None:
        return Judgement(Standing.too_small if test.alpha is not None else Standing.unprojected, observed, expected)
    if not is_in_stage(test.planned, expected):
        return Judgement(Standing.beyond, observed, expected)
    ratio = ratio_of(observed, expected * test.margin, test.history)
    nearness = min(ratio / test.critical if test.critical > 0 else 1.0, observed / test.minimum_events)
    standing = Standing.alarm if nearness >= 1 else Standing.quiet
    return Judgement(standing, observed, expected, ratio, floor(100 * nearness) / 100)


def ratio_of(observed: int, expected: float, history: int | None) -> float:
    """The log-likelihood ratio: of a known rate, or of one that was learnt from `history` reports."""
    if history is None:
        from traceapp.signals.maxsprt import llr

        return llr(observed, expected)
    from traceapp.signals.conditional import conditional_llr

    return conditional_llr(observed, expected, history)
