"""Do a supplier's test results creep towards their limit, while each of them still passes?

A result is the share of its tolerance that it uses (`limits.share_used`). The trend over lots in order is Theil's
slope, its chance under no trend that of Kendall's one-sided test: exact for results without ties, else from seeded
permutations. From which lot on results are higher is told by Pettitt's statistic.
Sources: Theil H, Proc Kon Ned Akad Wet 1950;53:386-392; Sen PK, J Am Stat Assoc 1968;63:1379-1389; Kendall MG,
Rank Correlation Methods, 1948 (the distribution of S by recursion); Pettitt AN, Appl Stat 1979;28:126-135.
"""
from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from traceapp.core.errors import InvalidInput

from .limits import is_near

# A trend needs five lots at least (with fewer no order is improbable enough), is looked for in the last twelve, and
# counts from a chance of 1 in 100.
LEAST_LOTS, LAST_LOTS, ALPHA = 5, 12, 0.01
_PERMUTATIONS = 9_999


@dataclass(frozen=True, slots=True)
class Drift:
    """Results of one characteristic over lots in order. `share`: of the last lot; `slope` a lot; `p`: the chance of
    such an order without a trend, None for too few lots; `since`: how many of the last lots are the higher ones, 0
    where nothing rises."""

    lots: int
    share: float
    slope: float
    p: float | None
    since: int = 0

    @property
    def is_near(self) -> bool:
        """Whether the last result is near its limit, or beyond."""
        return is_near(self.share)

    @property
    def is_rising(self) -> bool:
        """Whether the results rise by more than chance."""
        return self.p is not None and self.p <= ALPHA and self.slope > 0


def drift(shares: Sequence[float], *, seed: int = 0) -> Drift:
    """The trend of the last lots' shares, oldest first. Raises InvalidInput for none, or for what is no number."""
    seen = np.asarray(shares[-LAST_LOTS:], dtype=float)
    if seen.size == 0 or not np.all(np.isfinite(seen)):
        raise InvalidInput("There must be a number for every lot, and at least one.", place="shares")
    if seen.size < LEAST_LOTS:
        return Drift(seen.size, float(seen[-1]), _slope(seen), None)
    found = Drift(seen.size, float(seen[-1]), _slope(seen), _chance(seen, seed))
    return replace(found, since=_since(seen)) if found.is_rising else found


def _since(seen: NDArray[np.float64]) -> int:
    """How many of the last lots lie above those before them: Pettitt's place of the change."""
    order = np.sign(seen[:, None] - seen[None, :])
    falls = [float(order[:at, at:].sum()) for at in range(1, seen.size)]
    return seen.size - 1 - int(np.argmin(falls))


def _slope(seen: NDArray[np.float64]) -> float:
    later, earlier = np.triu_indices(seen.size, 1)[::-1]
    return float(np.median((seen[later] - seen[earlier]) / (later - earlier))) if later.size else 0.0


def _rises(seen: NDArray[np.float64]) -> NDArray[np.float64]:
    """Kendall's S along the last axis: pairs that rise less pairs that fall."""
    earlier, later = np.triu_indices(seen.shape[-1], 1)
    return np.asarray(np.sign(seen[..., later] - seen[..., earlier]).sum(axis=-1))


def _chance(seen: NDArray[np.float64], seed: int) -> float:
    rises = float(_rises(seen))
    if np.unique(seen).size == seen.size:
        return _exact(seen.size, int(rises))
    rng = np.random.default_rng(seed)
    drawn = _rises(rng.permuted(np.tile(seen, (_PERMUTATIONS, 1)), axis=1))
    return (1 + int(np.sum(drawn >= rises))) / (_PERMUTATIONS + 1)


def _exact(size: int, rises: int) -> float:
    """P(S >= rises) over all orders: the law of the number of pairs that fall, built up lot by lot."""
    law = np.ones(1)
    for lots in range(2, size + 1):
        law = np.convolve(law, np.full(lots, 1 / lots))
    most_falls = (size * (size - 1) // 2 - rises) // 2
    return float(law[: most_falls + 1].sum())
