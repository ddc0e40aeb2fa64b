"""Did a product's reports of a term jump today against the last week? For short histories without a baseline.

A week of days before is all that is needed; a slow rise is not seen (that is what the sequential tests are for).
Source: Hutwagner L, Thompson W, Seeman GM, Treadwell T, J Urban Health 2003;80(2 Suppl 1):i89-i96; compared in
Fricker RD, Hegler BL, Dunfee DA, Stat Med 2008;27:3407-3429.
"""
from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from traceapp.core.errors import InvalidInput

from .arrays import number_arrays
from .errors import require_positive

BASELINE_DAYS = 7
_LAG = 2
C1_ALARM, C2_ALARM, C3_ALARM = 3.0, 3.0, 2.0
# A week with the same count every day has no spread; one report more must not be a jump without bound.
LEAST_SD = 0.5


@dataclass(frozen=True, slots=True, eq=False)
class Ears:
    """The three statistics, a value a day; masked on the first days, before there is a week to compare with.

    `c1`: standard deviations above the mean of the 7 days before; `c2`: of the 7 days that end two days earlier, so
    that a rise over three days does not hide in its own baseline; `c3`: the last three days' excesses of `c2` over 1
    added up. Alarm at 3, 3 and 2.
    """

    c1: np.ma.MaskedArray
    c2: np.ma.MaskedArray
    c3: np.ma.MaskedArray

    def alarms(self) -> NDArray[np.bool_]:
        """Whether c1, c2 and c3 alarm on each day; shape (3, days). Never on a masked day."""
        return np.stack([part.filled(-np.inf) >= limit for part, limit in
                         ((self.c1, C1_ALARM), (self.c2, C2_ALARM), (self.c3, C3_ALARM))])


def ears(counts: ArrayLike, *, least_sd: float = LEAST_SD) -> Ears:
    """C1, C2 and C3 of daily counts, shape (days,); days without a report are zeros, not left out.

    The spread of the baseline is its sample standard deviation, at least `least_sd`.
    Raises InvalidInput for counts that are no whole numbers of days.
    """
    (seen,) = number_arrays("counts", counts)
    require_positive(least_sd, "least_sd")
    if seen.ndim != 1 or not np.all(np.isfinite(seen)) or np.any(seen < 0) or np.any(seen != np.floor(seen)):
        raise InvalidInput("Counts must be a row of whole numbers, not below zero.", place="counts")
    c1, c2 = _excess(seen, 0, least_sd), _excess(seen, _LAG, least_sd)
    over = np.maximum(c2.filled(1.0) - 1, 0.0)
    total = over + np.append([0.0], over)[: seen.size] + np.append([0.0, 0.0], over)[: seen.size]
    first = min(seen.size, BASELINE_DAYS + 2 * _LAG)
    c3 = np.ma.MaskedArray(total, mask=np.arange(seen.size) < first)
    return Ears(c1, c2, c3)


def _excess(seen: NDArray[np.float64], lag: int, least_sd: float) -> np.ma.MaskedArray:
    """(count - mean) / spread of the baseline that ends `lag` days before the day before."""
    value = np.ma.MaskedArray(np.zeros(seen.size), mask=True)
    first = BASELINE_DAYS + lag
    if seen.size > first:
        weeks = np.lib.stride_tricks.sliding_window_view(seen, BASELINE_DAYS)[: seen.size - first]
        spread = np.maximum(weeks.std(axis=1, ddof=1), least_sd)
        value[first:] = (seen[first:] - weeks.mean(axis=1)) / spread
    return value
