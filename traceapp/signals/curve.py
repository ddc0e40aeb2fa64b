"""The picture of a lot over time: complaints so far, complaints expected so far, and where the alarm line runs."""
from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.special import gammaincinv

from traceapp.core.errors import InvalidInput

from .conditional import conditional_alarm_counts
from .errors import require_count, require_exposed
from .maxsprt import alarm_counts


@dataclass(frozen=True, slots=True, eq=False)
class Curve:
    """One value a day, all of one length, ready to draw.

    `observed` and `expected` are cumulative at the end of the day; `alarm` is the count that alarms at that
    expected count, None where no critical value exists. `crossed_on` is the first day with observed >= alarm.
    `unexposed` counts the reports that came while nothing was expected yet: they stay counted, but no day on which
    nothing is expected can alarm.
    """

    days: tuple[date, ...]
    observed: NDArray[np.int64]
    expected: NDArray[np.float64]
    alarm: NDArray[np.int64] | None
    crossed_on: date | None
    unexposed: int

    def plain(self) -> dict[str, Any]:
        """Values that can be kept as JSON: days, seen, expected, alarm line, and the day of the crossing."""
        return {
            "days": [day.isoformat() for day in self.days],
            "observed": [int(count) for count in self.observed],
            "expected": [round(float(value), 6) for value in self.expected],
            "alarm": None if self.alarm is None else [int(count) for count in self.alarm],
            "crossed_on": self.crossed_on.isoformat() if self.crossed_on else None,
        }


@dataclass(frozen=True, slots=True)
class Test:
    """When a lot alarms: its critical value (None: never), on how many reports at least, and until which planned end
    in expected reports. `history`: from how many reports the rate was learnt, for which the critical value was
    computed (see `conditional`); None for a rate that is known."""

    __test__ = False

    critical: float | None
    minimum_events: int = 1
    upper: float | None = None
    history: int | None = None

    def alarm(self, expected: NDArray[np.float64]) -> NDArray[np.int64] | None:
        """The count that alarms at each expected count, shape as `expected`; None without a critical value."""
        if self.critical is None:
            return None
        if self.history is None:
            return alarm_counts(expected, self.critical, self.minimum_events)
        return conditional_alarm_counts(expected, self.critical, self.history, self.minimum_events)


def cumulative(report_days: Sequence[date], expected: NDArray[np.float64], start: date, test: Test) -> Curve:
    """The curve of a lot from `start`, one day for each value of `expected`, with the day on which it alarms.

    `report_days` in any order: earlier ones count from the first day on, later ones than the curve are left out.
    `expected` is cumulative, shape (days,), and never falls (see `exposure.expected_curve`). Days on which it is
    beyond the planned end cannot alarm. Looking once a day instead of at every report never raises the false-alarm
    rate. Raises NoExposure where there are complaints but nothing is expected to the last day.
    """
    expected = np.asarray(expected, dtype=float)
    _check(expected)
    offsets = np.array([max(0, (day - start).days) for day in report_days], dtype=np.int64)
    observed = np.cumsum(np.bincount(offsets[offsets < expected.size], minlength=expected.size))
    require_exposed(int(observed[-1]), float(expected[-1]))
    days = tuple(start + timedelta(days=offset) for offset in range(expected.size))
    alarm = test.alarm(expected)
    crossed_on = None
    if alarm is not None:
        judged = (expected > 0) & (expected <= (np.inf if test.upper is None else test.upper))
        crossings = np.flatnonzero(judged & (observed >= alarm))
        crossed_on = days[crossings[0]] if crossings.size else None
    unexposed = int(observed[expected == 0].max(initial=0))
    return Curve(days, observed, expected, alarm, crossed_on, unexposed)


def expected_band(
    expected: NDArray[np.float64], history: int, *, coverage: float = 0.9
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Between which values the expected count lies when its rate was learnt from `history` reports; shapes as given.

    The rate times its exposure has a gamma law of shape history + 1/2 (Jeffreys' prior). Delays count as known. Raises
    InvalidInput for a history below 1.
    Source: Brown LD, Cai TT, DasGupta A, Stat Sin 2003;13:19-49 (Jeffreys' interval of a Poisson mean).
    """
    shape = require_count(history, "history", least=1) + 0.5
    low, high = gammaincinv(shape, [(1 - coverage) / 2, (1 + coverage) / 2]) / history
    return expected * low, expected * high


def _check(expected: NDArray[np.float64]) -> None:
    if expected.ndim != 1 or expected.size == 0:
        raise InvalidInput("The expected counts must be a row of at least one day.", place="expected")
    if not np.all(np.isfinite(expected)) or expected[0] < 0 or np.any(np.diff(expected) < 0):
        raise InvalidInput("Cumulative expected counts must be finite, not negative, and never fall.",
                           place="expected")
