"""Has this lot had more complaints than chance allows, looked at after every single one? Exact Poisson MaxSPRT.

The clock of this test is not the calendar but the cumulative expected count `mu`, so a lot that ships slowly is
judged slowly. Source: Kulldorff M et al., Sequential Analysis 2011;30:58-78; Kulldorff M, Silva I, REVSTAT
2015;13:53-78 (delayed start and minimum number of events).
"""
from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray
from scipy.special import gammaincinv, gammaln, lambertw, pdtrc

from traceapp.core.errors import InvalidInput

from .errors import require_count, require_exposed, require_not_negative, require_positive, require_rate

# A sentence without numbers, so that it can be translated as it stands.
NOTHING_TO_SPEND = ("Too few events are expected for the least number of events to be as likely as the false-alarm "
                    "rate, so no positive critical value exists; judge the lot on its node or product.")
LARGEST_UPPER = 20_000.0
# Below it the rounding of sums of probabilities would decide.
SMALLEST_ALPHA = 1e-12
_TOLERANCE = 1e-10
_LOST = 1e-17
_FEW = 32
# What a step of a long plan would work out anew each time.
_COUNTS = np.arange(1024)
_LOG_FACTORIALS = gammaln(_COUNTS + 1)


@dataclass(frozen=True, slots=True)
class CriticalValue:
    """`value`: the log-likelihood ratio that alarms, or None with the `reason`; `size`: the exact false-alarm rate.

    Where `value` is None, `size` is what the loosest test (alarm at the least number of events) would spend.
    """

    value: float | None
    size: float
    reason: str | None = None


@dataclass(frozen=True, slots=True)
class Performance:
    """What a test does at one true rate ratio; times are in expected events at the baseline rate.

    `time_to_signal` is the mean over the runs that signal (None when none can); `sample` is the mean end of
    surveillance, at the signal or at the planned end.
    """

    power: float
    time_to_signal: float | None
    sample: float


@dataclass(frozen=True, slots=True)
class Crossing:
    """The first look that alarms: its position in the input, and what was seen there."""

    index: int
    count: int
    expected: float
    llr: float


@dataclass(frozen=True, slots=True)
class _Step:
    """From `start` to `end` (in mu) the test alarms as soon as the count reaches `alarm`."""

    alarm: int
    start: float
    end: float


def llr(count: int, expected: float) -> float:
    """The log-likelihood ratio of the best raised rate against the baseline; 0 where no more than expected was seen.

    Raises NoExposure for a count above zero where nothing is expected; InvalidInput for negative or endless numbers.
    """
    count, expected = require_exposed(count, expected)
    if count <= expected:
        return 0.0
    return expected - count + count * math.log(count / expected)


def boundary(count: int, critical: float) -> float:
    """The largest expected count at which `count` events alarm: the count-th event alarms when it comes by then.

    With critical 0 it is `count` itself. Raises InvalidInput for a count below one or a negative critical value.
    """
    count = require_count(count, "count", least=1)
    return float(_boundaries(np.array([count]), require_not_negative(critical, "critical"))[0])


def _boundaries(counts: NDArray[np.int64], critical: float) -> NDArray[np.float64]:
    """mu_c = -c W0(-exp(-1 - critical/c)) for each count, increasing in c; shape as `counts`."""
    if critical == 0:
        return counts.astype(float)
    return -counts * lambertw(-np.exp(-1.0 - critical / counts), 0).real


def alarm_counts(expected: NDArray[np.float64], critical: float, minimum_events: int = 1) -> NDArray[np.int64]:
    """The smallest count that alarms at each expected count; never below `minimum_events`. Shape as `expected`."""
    minimum_events = require_count(minimum_events, "minimum_events", least=1)
    critical = require_not_negative(critical, "critical")
    expected = np.asarray(expected, dtype=float)
    if expected.size == 0:
        return np.zeros(expected.shape, dtype=np.int64)
    if not np.all(np.isfinite(expected)) or expected.min() < 0:
        raise InvalidInput("Every expected count must be finite and not below zero.", place="expected")
    bounds = _boundaries(_counts_up_to(float(expected.max()), critical, minimum_events), critical)
    return np.searchsorted(bounds, expected, side="left") + minimum_events


def _counts_up_to(upper: float, critical: float, minimum_events: int) -> NDArray[np.int64]:
    """Counts from the least up to one whose boundary is surely beyond `upper`.

    By Bernstein's inequality LLR(upper + x) >= x^2 / (2 (upper + x / 3)), which passes `critical` at the x below.
    """
    beyond = critical / 3 + math.sqrt(critical * critical / 9 + 2 * upper * critical)
    return np.arange(minimum_events, max(minimum_events, math.ceil(upper + beyond) + 1) + 1)


def _steps(critical: float, upper: float, minimum_events: int, delay: float) -> Iterator[_Step]:
    counts = _counts_up_to(upper, critical, minimum_events)
    at = 0.0
    for count, bound in zip(counts.tolist(), _boundaries(counts, critical).tolist(), strict=True):
        if at < delay <= bound:
            yield _Step(count, at, delay)
            at = delay
        if at >= delay and bound > at:
            end = min(bound, upper)
            yield _Step(count, at, end)
            at = end
        if at >= upper:
            return


def _poisson(mean: float, terms: int) -> NDArray[np.float64]:
    """P(N = 0..terms-1) for a Poisson mean, cut where the rest is far below anything that counts."""
    if mean == 0:
        return np.ones(1)
    size = min(terms, int(mean + 12 * math.sqrt(mean)) + 40)
    if size > _COUNTS.size:
        n = np.arange(size)
        return np.exp(n * math.log(mean) - mean - gammaln(n + 1))
    return np.exp(_COUNTS[:size] * math.log(mean) - mean - _LOG_FACTORIALS[:size])


@dataclass(slots=True)
class _Walk:
    """The law of the count of a lot that has not alarmed; `alive[i]` is the probability of the count `low + i`.

    What falls off at either end of the window counts as alarmed, so a size is never understated.
    """

    alive: NDArray[np.float64]
    low: int = 0

    def advance(self, step: _Step, relative_risk: float) -> None:
        room = step.alarm - self.low
        if self.alive.size == 0:
            return
        moved = np.convolve(self.alive, _poisson(relative_risk * (step.end - step.start), room))[:room]
        # Hardly ever more than a few: the sums of the whole window are not needed to find them.
        drop = int(np.searchsorted(moved[:_FEW].cumsum(), _LOST))
        if drop == _FEW:
            drop = int(np.searchsorted(np.cumsum(moved), _LOST))
        self.alive, self.low = moved[drop:], self.low + drop


def signal_probability(
    critical: float, upper: float, *, relative_risk: float = 1.0, minimum_events: int = 1, delay: float = 0.0
) -> float:
    """P(alarm by `upper`) at a true rate ratio, exact; at ratio 1 it is the size of the test.

    `upper` and `delay` (the first look) are in expected events. Raises InvalidInput for values out of range.
    """
    critical, minimum_events = _check_plan(critical, upper, minimum_events, delay)
    require_positive(relative_risk, "relative_risk")
    walk = _Walk(np.ones(1))
    for step in _steps(critical, upper, minimum_events, delay):
        walk.advance(step, relative_risk)
    return max(0.0, 1.0 - float(walk.alive.sum()))


def _check_plan(critical: float, upper: float, minimum_events: int, delay: float) -> tuple[float, int]:
    require_positive(upper, "upper")
    if upper > LARGEST_UPPER:
        raise InvalidInput("upper must be at most %(largest)s expected events, not %(value)s.", place="upper",
                           largest=LARGEST_UPPER, value=upper)
    require_not_negative(delay, "delay")
    if delay >= upper:
        raise InvalidInput("delay must be below upper: the first look comes before the last.", place="delay")
    return require_not_negative(critical, "critical"), require_count(minimum_events, "minimum_events", least=1)


def require_alpha(alpha: float) -> float:
    """`alpha` when a critical value can be computed for it. Raises InvalidInput otherwise."""
    if require_rate(alpha, "alpha") < SMALLEST_ALPHA:
        raise InvalidInput("alpha must be at least %(least)s.", place="alpha", least=SMALLEST_ALPHA)
    return alpha


@lru_cache(maxsize=4096)
def critical_value(
    alpha: float, upper: float, *, minimum_events: int = 1, delay: float = 0.0
) -> CriticalValue:
    """The smallest critical value whose false-alarm rate over the whole surveillance is at most `alpha`, exact.

    `upper` is the planned end and `delay` the first look, both in expected events. The value is rounded up, by less
    than 1e-9, never down. Raises InvalidInput for values out of range.
    """
    require_alpha(alpha)
    _, minimum_events = _check_plan(0.0, upper, minimum_events, delay)

    def size(critical: float) -> float:
        return signal_probability(critical, upper, minimum_events=minimum_events, delay=delay)

    loosest = size(0.0)
    if loosest <= alpha:
        return CriticalValue(None, loosest, NOTHING_TO_SPEND)
    return CriticalValue(*smallest_within(size, alpha, loosest))


def smallest_within(size: Callable[[float], float], alpha: float, loosest: float) -> tuple[float, float]:
    """The smallest argument, from above, at which the falling function `size` is at most `alpha`, and its size."""
    low, low_size, high = 0.0, loosest, 1.0
    high_size = size(high)
    while high_size > alpha:
        low, low_size, high = high, high_size, high * 2
        high_size = size(high)
    turn = 0
    while high - low > _TOLERANCE:
        middle = _next_guess(turn, (low, math.log(low_size / alpha)), (high, math.log(max(high_size, 1e-300) / alpha)))
        turn += 1
        found = size(middle)
        if found > alpha:
            low, low_size = middle, found
        else:
            high, high_size = middle, found
    return high, high_size


def _next_guess(turn: int, low: tuple[float, float], high: tuple[float, float]) -> float:
    """A point inside the bracket: the secant, a hair to either side in turn so that both ends close in.

    Every third guess bisects: a late first look makes the size jump, and a jump is found by bisection alone.
    """
    width = high[0] - low[0]
    if turn % 3 == 0 or low[1] == high[1]:
        return low[0] + width / 2
    nudge = max(_TOLERANCE / 3, width * 1e-4)
    guess = low[0] + width * low[1] / (low[1] - high[1]) + (nudge if turn % 3 == 1 else -nudge)
    return min(max(guess, low[0] + _TOLERANCE / 4), high[0] - _TOLERANCE / 4)


def smallest_upper(alpha: float, minimum_events: int) -> float:
    """The planned end, in expected events, at or below which no positive critical value exists (first look at 0).

    There the least number of events by itself is at most as likely as `alpha`: P(Poisson(upper) >= M) = alpha.
    """
    return float(gammaincinv(require_count(minimum_events, "minimum_events", least=1), require_rate(alpha, "alpha")))


def planned_upper(upper: float) -> float:
    """`upper` rounded up to the next of eight steps a doubling, so that many lots share one critical value.

    Up, never down: with the same critical value a longer plan alarms falsely at least as often, so the value of the
    longer plan keeps the shorter one at or below its rate. The price is a critical value higher by about .02.
    """
    require_positive(upper, "upper")
    # The hair keeps a value that is itself a step where it is, whatever the logarithm rounds to.
    return float(2.0 ** (math.ceil(8 * math.log2(upper) - 1e-9) / 8))


def planned_critical_value(alpha: float, upper: float, *, minimum_events: int = 1) -> CriticalValue:
    """The critical value of `planned_upper(upper)`: remembered, so that hardly any request waits for one.

    `size` is that of the longer plan, an upper limit for this one. A plan beyond `LARGEST_UPPER` has the value for
    that end: it is to be judged no further.
    """
    return critical_value(alpha, min(planned_upper(upper), LARGEST_UPPER), minimum_events=minimum_events)


def power(
    critical: float, upper: float, relative_risk: float, *, minimum_events: int = 1, delay: float = 0.0
) -> Performance:
    """Power, mean time to signal and mean length of surveillance at a true rate ratio, exact.

    All times are in expected events at the baseline rate. Raises InvalidInput for values out of range.
    """
    critical, minimum_events = _check_plan(critical, upper, minimum_events, delay)
    require_positive(relative_risk, "relative_risk")
    walk = _Walk(np.ones(1))
    weighted = 0.0
    for step in _steps(critical, upper, minimum_events, delay):
        before = float(walk.alive.sum())
        weighted += 0.0 if step.end == delay else _signal_time(walk, step, relative_risk)
        walk.advance(step, relative_risk)
        if step.end == delay:
            weighted += delay * (before - float(walk.alive.sum()))
    alive = float(walk.alive.sum())
    reached = max(0.0, 1.0 - alive)
    return Performance(reached, weighted / reached if reached > 0 else None, weighted + upper * alive)


def _signal_time(walk: _Walk, step: _Step, relative_risk: float) -> float:
    """E[time of alarm; alarm in this step]: the missing events come after a gamma distributed time."""
    missing = step.alarm - (walk.low + np.arange(walk.alive.size))
    mean = relative_risk * (step.end - step.start)
    # pdtrc(k, m) = P(Poisson(m) > k)
    times = step.start * pdtrc(missing - 1, mean) + missing / relative_risk * pdtrc(missing, mean)
    return float(walk.alive @ times)


def find_signal(
    looks: Sequence[tuple[int, float]], critical: float, minimum_events: int = 1, *, upper: float | None = None
) -> Crossing | None:
    """The first look at which the lot alarms, or None.

    `looks` are (cumulative count, cumulative expected), neither ever falling; looks beyond `upper` are not judged.
    Raises NoExposure for complaints where nothing is expected; InvalidInput when a series falls.
    """
    require_count(minimum_events, "minimum_events", least=1)
    require_not_negative(critical, "critical")
    if upper is not None:
        require_not_negative(upper, "upper")
    last_count, last_expected = 0, 0.0
    for index, (count, expected) in enumerate(looks):
        if count < last_count or expected < last_expected:
            raise InvalidInput("Cumulative numbers cannot fall: look %(index)s.", place=str(index), index=index)
        last_count, last_expected = count, expected
        if upper is not None and expected > upper:
            return None
        ratio = llr(count, expected)
        if count >= minimum_events and count > expected and ratio >= critical:
            return Crossing(index, count, expected, ratio)
    return None
