"""The wait from delivery to report as quality states it for a product. Light, so that forms need no numerics."""
from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from traceapp.core.errors import InvalidInput

from .errors import require_not_negative, require_positive

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

# With fewer reports than this in its past the stated default is the better guess.
ENOUGH_REPORTS = 50


@dataclass(frozen=True, slots=True)
class Delay:
    """An exponential wait until use, then a gamma wait until the report; means in days, 0 for no wait at all.

    The defaults hold for a fast-moving dressing until a product has a history of its own.
    """

    use_mean_days: float = 14.0
    report_shape: float = 1.5
    report_mean_days: float = 7.0

    def __post_init__(self) -> None:
        require_not_negative(self.use_mean_days, "use_mean_days")
        if require_positive(self.report_shape, "report_shape") > 100:
            raise InvalidInput("report_shape must be at most 100.", place="report_shape")
        require_not_negative(self.report_mean_days, "report_mean_days")

    def cdf(self, days: NDArray[np.float64]) -> NDArray[np.float64]:
        """P(use and report within `days`), same shape as `days`."""
        from .exposure import delay_chances

        return delay_chances(self, days)
