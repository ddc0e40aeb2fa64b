"""How much of its tolerance does a test result use, and is that near the limit? No numerics, so that pages may ask."""
from __future__ import annotations

# A result that uses nine tenths of its tolerance is near the limit.
NEAR = 0.9


def share_used(value: float, lower: float | None, upper: float | None, *, most: float | None = None) -> float | None:
    """The share of its tolerance that a result uses: 0 in the middle of two limits, 1 on a limit, more beyond; with one
    limit only, its share of that limit. None where no limit gives a scale.

    A lower limit of 0 below an upper one is none: what is limited to 0–10 is good at 0. With `most`, the greatest value
    there can be (100 for per cent), what has a lower limit only uses of the room between: a purity of 97 % where 95 %
    are demanded uses three fifths, not all but two hundredths.
    """
    if lower is not None and upper is not None and not lower == 0 < upper:
        half = (upper - lower) / 2
        return abs(value - (lower + upper) / 2) / half if half > 0 else None
    if upper is not None:
        return value / upper if upper > 0 else None
    if lower is not None and most is not None and lower < most:
        return (most - value) / (most - lower)
    if lower is not None:
        return lower / value if value > 0 and lower > 0 else None
    return None


def is_near(share: float | None) -> bool:
    """Whether a result that uses this share of its tolerance is near its limit, or beyond."""
    return share is not None and share >= NEAR
