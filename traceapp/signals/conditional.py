"""The same test when the baseline rate is not known but learnt from a limited number of earlier reports.

With n earlier reports the expected count is itself uncertain by one part in the square root of n; a test that takes
it as known alarms falsely too often on nodes that expect as many reports as the history had. Here the null law of the
count is that of a Poisson process whose rate was estimated by its n-th event: negative binomial steps, exact.
The likelihood ratio compares one rate for history and watch with two.
Source: Li L, Kulldorff M, Stat Med 2010;29:284-295 (conditional MaxSPRT; there by Monte Carlo).
"""
from __future__ import annotations

import math
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray
from scipy.special import gammaln, xlogy

from traceapp.core.errors import InvalidInput

from .errors import NoExposure, require_count, require_exposed, require_not_negative, require_positive
from .maxsprt import LARGEST_UPPER, NOTHING_TO_SPEND, CriticalValue, planned_upper, require_alpha, smallest_within

LARGEST_HISTORY = 1_000_000
_HALVINGS = 80
_LOST = 1e-17


def conditional_llr(count: int, expected: float, history: int) -> float:
    """ln of the likelihood of two rates against one, for `count` events where `expected` were, by `history` events.

    c ln(c / mu) + (n + c) ln((n + mu) / (n + c)) where c > mu, else 0; without end of n it is `maxsprt.llr`.
    Raises NoExposure for a count above zero where nothing is expected; InvalidInput for numbers out of range.
    """
    history = _history(history)
    count, expected = require_exposed(count, expected)
    if count <= expected:
        return 0.0
    return float(_ratio(np.array([count]), np.array([expected]), history)[0])


def ratios(
    counts: NDArray[np.int64], expected: NDArray[np.float64], history: int | None
) -> NDArray[np.float64]:
    """`conditional_llr` of whole arrays of one shape; with `history` None, `maxsprt.llr`, of a rate that is known.

    Raises NoExposure for a count above zero where nothing is expected.
    """
    if np.any((counts > 0) & (expected <= 0)):
        raise NoExposure("Complaints are counted where no exposure is recorded.", place="expected")
    means = np.where(expected > 0, expected, 1.0)
    gain = xlogy(counts, counts / means)
    if history is None:
        found = gain - counts + means
    else:
        count = _history(history)
        found = gain + (count + counts) * np.log1p((means - counts) / (count + counts))
    return np.where(counts > expected, np.maximum(found, 0.0), 0.0)


def conditional_alarm_counts(
    expected: NDArray[np.float64], critical: float, history: int, minimum_events: int = 1
) -> NDArray[np.int64]:
    """The smallest count that alarms at each expected count; never below `minimum_events`. Shape as `expected`."""
    expected = np.asarray(expected, dtype=float)
    if expected.size == 0:
        return np.zeros(expected.shape, dtype=np.int64)
    if not np.all(np.isfinite(expected)) or expected.min() < 0:
        raise InvalidInput("Every expected count must be finite and not below zero.", place="expected")
    counts, bounds = _bounds(float(expected.max()), require_not_negative(critical, "critical"), _history(history),
                             require_count(minimum_events, "minimum_events", least=1))
    return counts[0] + np.searchsorted(bounds, expected, side="left")


def conditional_signal_probability(
    critical: float, upper: float, history: int, *, relative_risk: float = 1.0, minimum_events: int = 1
) -> float:
    """P(alarm while the expected count is at most `upper`) at a true rate ratio, over history and watch; exact.

    At ratio 1 it is the size of the test. Raises InvalidInput for values out of range.
    """
    history = _history(history)
    require_positive(relative_risk, "relative_risk")
    if require_positive(upper, "upper") > LARGEST_UPPER:
        raise InvalidInput("upper must be at most %(largest)s expected events, not %(value)s.", place="upper",
                           largest=LARGEST_UPPER, value=upper)
    counts, bounds = _bounds(upper, require_not_negative(critical, "critical"), history,
                             require_count(minimum_events, "minimum_events", least=1))
    alive, low, at = np.ones(1), 0, 0.0
    for alarm, bound in zip(counts.tolist(), bounds.tolist(), strict=True):
        end = min(bound, upper)
        if end > at:
            alive, low = _advance((alive, low), alarm, (at * relative_risk, end * relative_risk), history)
            at = end
        if at >= upper or alive.size == 0:
            break
    return max(0.0, 1.0 - float(alive.sum()))


def _advance(
    walk: tuple[NDArray[np.float64], int], alarm: int, span: tuple[float, float], history: int
) -> tuple[NDArray[np.float64], int]:
    """The law of the count of what has not alarmed, one stretch of expected events later.

    From c events the next ones are negative binomial with n + c trials. Written as a Poisson step between two
    weightings of the counts it is one convolution of positive numbers.
    """
    alive, low = walk
    before, after = low + np.arange(alive.size), low + np.arange(alarm - low)
    log_stay = math.log((history + span[0]) / (history + span[1]))
    centre = float(alive @ before) / float(alive.sum())
    step = -(history + centre) * math.expm1(log_stay)
    scale = math.log(history + centre)
    more = np.arange(alarm - low)
    kernel = np.exp(xlogy(more, step) - step - gammaln(more + 1))
    level = gammaln(history + centre) - centre * scale

    def weight(counts: NDArray[np.int64]) -> NDArray[np.float64]:
        return np.asarray(gammaln(history + counts) - counts * scale - level)

    leaving = alive * np.exp((history + before) * log_stay + step - weight(before))
    moved = np.convolve(leaving, kernel)[: after.size] * np.exp(weight(after))
    drop = int(np.searchsorted(np.cumsum(moved), _LOST))
    return moved[drop:], low + drop


@lru_cache(maxsize=4096)
def conditional_critical_value(
    alpha: float, upper: float, history: int, *, minimum_events: int = 1
) -> CriticalValue:
    """The smallest critical value whose false-alarm rate is at most `alpha`; see `maxsprt.critical_value`.

    `upper` is the planned end in expected events as `history` events make one expect.
    """
    require_alpha(alpha)

    def size(critical: float) -> float:
        return conditional_signal_probability(critical, upper, history, minimum_events=minimum_events)

    loosest = size(0.0)
    if loosest <= alpha:
        return CriticalValue(None, loosest, NOTHING_TO_SPEND)
    return CriticalValue(*smallest_within(size, alpha, loosest))


def planned_conditional_value(
    alpha: float, upper: float, history: int, *, minimum_events: int = 1
) -> tuple[CriticalValue, int]:
    """The critical value for `upper` rounded up and `history` rounded down, so that many nodes share one; with the
    history that it is for, which `conditional_alarm_counts` must be given.

    Knowing less than one does, and watching longer than one will, never raises the false-alarm rate.
    """
    shared = known_at_least(history)
    return conditional_critical_value(alpha, min(planned_upper(upper), LARGEST_UPPER), shared,
                                      minimum_events=minimum_events), shared


def known_at_least(history: int) -> int:
    """`history` rounded down to the next of four steps a doubling."""
    return max(1, math.floor(2.0 ** (math.floor(4 * math.log2(_history(history)) + 1e-9) / 4)))


def _history(history: int) -> int:
    return min(require_count(history, "history", least=1), LARGEST_HISTORY)


def _ratio(counts: NDArray[np.int64], expected: NDArray[np.float64], history: int) -> NDArray[np.float64]:
    return np.asarray(counts * np.log(counts / expected)
                      + (history + counts) * np.log1p((expected - counts) / (history + counts)))


def _bounds(
    upper: float, critical: float, history: int, minimum_events: int
) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
    """Counts from the least one on, and the largest expected count at which each alarms; the last is beyond `upper`."""
    last = max(minimum_events, math.ceil(upper) + 1)
    while _ratio(np.array([last]), np.array([max(upper, 1e-300)]), history)[0] < critical or last <= upper:
        last = math.ceil(1.25 * last) + 1
    counts = np.arange(minimum_events, last + 1)
    if critical == 0:
        return counts, counts.astype(float)
    # The ratio falls as more is expected; bisect on the logarithm, where it is nearly straight.
    low, high = np.full(counts.size, -700.0), np.log(counts)
    for _ in range(_HALVINGS):
        middle = (low + high) / 2
        passes = _ratio(counts, np.exp(middle), history) >= critical
        low, high = np.where(passes, middle, low), np.where(passes, high, middle)
    return counts, np.exp(low)
