"""The numbers of a curve as plain values, as alarms and the interface tell them."""
from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from traceapp.signals.curve import Curve


def curve_values(curve: Curve) -> dict[str, Any]:
    """A curve as lists: days, seen, expected, alarm line, and the day of the crossing."""
    return {
        "days": [day.isoformat() for day in curve.days],
        "observed": [int(count) for count in curve.observed],
        "expected": [round(float(value), 6) for value in curve.expected],
        "alarm": None if curve.alarm is None else [int(count) for count in curve.alarm],
        "crossed_on": curve.crossed_on.isoformat() if curve.crossed_on else None,
    }
