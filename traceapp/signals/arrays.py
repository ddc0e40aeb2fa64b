"""Arrays as the statistics take them: numbers, of shapes that fit each other."""
from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

from traceapp.core.errors import InvalidInput

# Above it a whole number is not exact any more when it is divided.
LARGEST_WHOLE = 10**15


def number_arrays(place: str, *values: ArrayLike) -> tuple[NDArray[np.float64], ...]:
    """The values as arrays of one shape. Raises InvalidInput for text, or shapes that do not broadcast."""
    try:
        return np.broadcast_arrays(*(np.asarray(value, dtype=float) for value in values))
    except (ValueError, TypeError, OverflowError):
        raise InvalidInput("These must be numbers, in arrays of shapes that fit each other.", place=place) from None


def whole_numbers(place: str, values: ArrayLike) -> NDArray[np.int64]:
    """The values as whole numbers. Raises InvalidInput for fractions, NaN or what is beyond `LARGEST_WHOLE`."""
    (found,) = number_arrays(place, values)
    if not np.all(np.abs(found) <= LARGEST_WHOLE) or np.any(found != np.floor(found)):
        raise InvalidInput("These must be whole numbers of at most %(most)s.", place=place, most=LARGEST_WHOLE)
    return found.astype(np.int64)


def counts_and_expected(counts: ArrayLike, expected: ArrayLike) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Counts and what was expected, of one shape. Raises InvalidInput for what is not finite or below zero."""
    seen, means = number_arrays("expected", counts, expected)
    if not (np.all(np.isfinite(seen)) and np.all(seen >= 0) and np.all(np.isfinite(means)) and np.all(means >= 0)):
        raise InvalidInput("Counts and expected counts must be finite and not below zero.", place="expected")
    return seen, means
