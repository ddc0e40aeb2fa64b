"""What the statistics refuse, so that no infinity or NaN travels on as if it were a result."""
from __future__ import annotations

import math
from numbers import Real

from traceapp.core.errors import InvalidInput


class NoExposure(InvalidInput):
    """Complaints exist where nothing was in use: the shipments are missing or the lot is wrong."""

    code = "no-exposure"


def _is_number(value: object) -> bool:
    """Finite, and neither a truth value nor a text."""
    return isinstance(value, Real) and not isinstance(value, bool) and math.isfinite(value)


def require_positive(value: float, place: str) -> float:
    """`value` when it is finite and above zero. Raises InvalidInput otherwise."""
    if not _is_number(value) or value <= 0:
        raise InvalidInput("%(name)s must be a number above zero, not %(value)s.",
                           place=place, name=place, value=value)
    return value


def require_not_negative(value: float, place: str) -> float:
    """`value` when it is finite and not below zero. Raises InvalidInput otherwise."""
    if not _is_number(value) or value < 0:
        raise InvalidInput("%(name)s must be zero or a number above it, not %(value)s.",
                           place=place, name=place, value=value)
    return value


def require_rate(value: float, place: str) -> float:
    """`value` when it lies strictly between 0 and 1. Raises InvalidInput otherwise."""
    if not _is_number(value) or not 0 < value < 1:
        raise InvalidInput("%(name)s must lie between 0 and 1, not %(value)s.", place=place, name=place, value=value)
    return value


def require_count(value: int, place: str, *, least: int = 0) -> int:
    """`value` when it is a whole number of at least `least`. Raises InvalidInput otherwise."""
    if not _is_number(value) or value != math.floor(value) or value < least:
        raise InvalidInput("%(name)s must be a whole number of at least %(least)s, not %(value)s.",
                           place=place, name=place, least=least, value=value)
    return int(value)


def require_exposed(count: int, expected: float) -> tuple[int, float]:
    """A count and what was expected. Raises NoExposure for a count above zero where nothing is expected; InvalidInput
    for negative or endless numbers."""
    count, expected = require_count(count, "count"), require_not_negative(expected, "expected")
    if expected == 0 and count > 0:
        raise NoExposure("%(count)s complaints where no exposure is recorded: check the shipments or the lot.",
                         place="expected", count=count)
    return count, expected
