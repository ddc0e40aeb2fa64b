"""Measures of service: shares with their interval, percentiles, what customers think. Pure."""
from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

LEAST_SHOWN = 5
"""Fewer answers than this are not shown as a score: they would tell of persons."""
_Z = 1.959963984540054


@dataclass(frozen=True, slots=True)
class Share:
    """`part` of `whole`, with its interval of 95 percent."""

    part: int
    whole: int

    @property
    def value(self) -> float | None:
        return self.part / self.whole if self.whole else None

    @property
    def interval(self) -> tuple[float, float] | None:
        return wilson(self.part, self.whole) if self.whole else None

    @property
    def is_shown(self) -> bool:
        """Whether there are answers enough to show it."""
        return self.whole >= LEAST_SHOWN


def wilson(part: int, whole: int) -> tuple[float, float]:
    """The interval of 95 percent of a share. Source: E. B. Wilson, JASA 22 (1927) 209."""
    share, square = part / whole, _Z * _Z
    middle = (share + square / (2 * whole)) / (1 + square / whole)
    half = _Z / (1 + square / whole) * math.sqrt(share * (1 - share) / whole + square / (4 * whole * whole))
    return max(0.0, middle - half), min(1.0, middle + half)


def percentile(values: Sequence[float], share: float) -> float | None:
    """The smallest value below or at which this share of all lies (nearest rank); None for none."""
    ordered = sorted(values)
    return ordered[max(1, math.ceil(share * len(ordered))) - 1] if ordered else None


@dataclass(frozen=True, slots=True)
class Promotion:
    """Who would recommend us: promoters say 9 or 10, detractors 0 to 6, of `whole` answers."""

    promoters: int
    detractors: int
    whole: int

    @property
    def score(self) -> float | None:
        """Promoters less detractors, from -100 to 100."""
        return 100 * (self.promoters - self.detractors) / self.whole if self.whole else None

    @property
    def interval(self) -> tuple[float, float] | None:
        """Its interval of 95 percent: Wilson's of both shares, added as squares with their correlation.

        Source: G. Y. Zou, A. Donner, Statistics in Medicine 27 (2008) 1693.
        """
        if not self.whole:
            return None
        one, other = self.promoters / self.whole, self.detractors / self.whole
        low, high = wilson(self.promoters, self.whole)
        other_low, other_high = wilson(self.detractors, self.whole)
        is_split = self.promoters + self.detractors == self.whole  # nobody between: one is what the other leaves
        tied = -1.0 if is_split else -math.sqrt(one * other / ((1 - one) * (1 - other)))
        down, up = (one - low, other_high - other), (high - one, other - other_low)
        below, above = (math.sqrt(max(0.0, a * a + b * b - 2 * tied * a * b)) for a, b in (down, up))
        return max(-100.0, 100 * (one - other - below)), min(100.0, 100 * (one - other + above))

    @property
    def is_shown(self) -> bool:
        """Whether there are answers enough to show it."""
        return self.whole >= LEAST_SHOWN


def promotion_of(answers: Sequence[int]) -> Promotion:
    """The counts of answers from 0 to 10."""
    return Promotion(sum(one >= 9 for one in answers), sum(one <= 6 for one in answers), len(answers))


def satisfaction_of(answers: Sequence[int]) -> Share:
    """How many of the answers from 1 to 5 are 4 or 5."""
    return Share(sum(one >= 4 for one in answers), len(answers))
