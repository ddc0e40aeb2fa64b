"""A learnt wait as a test may use it: short by two standard errors, so that its error raises no false alarms.

Early in the life of a lot few reports are expected, and how few hangs on the short waits, of which a history holds the
fewest. A test that takes the learnt wait as the true one expects too little in every second history, and then alarms
on chance. What is taken for granted here is the upper edge of what the history allows: where a share F of n waits is
no longer than t, F + 2 sqrt(F (1 - F) / n).
Source: the binomial standard error of a distribution function; Wald A, Wolfowitz J, Ann Math Stat 1939;10:105-118.
"""
from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from .errors import require_count
from .exposure import DelayLaw

STANDARD_ERRORS = 2.0


@dataclass(frozen=True, slots=True)
class CarefulDelay:
    """The law of a wait that was learnt from so many reports, at the edge at which most is expected early."""

    law: DelayLaw
    reports: int

    def __post_init__(self) -> None:
        require_count(self.reports, "reports", least=1)

    def cdf(self, days: NDArray[np.float64]) -> NDArray[np.float64]:
        """P(wait <= days) at the edge, same shape as `days`; between the law's own and 1, 0 where that is 0."""
        chances = self.law.cdf(days)
        return np.minimum(chances + STANDARD_ERRORS * np.sqrt(chances * (1 - chances) / self.reports), 1.0)
