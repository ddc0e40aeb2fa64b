"""What sensors and inspections say about a node before any complaint: how much more likely it is to be the cause.

The odds are stated, not fitted: an excursion triples the prior odds of its node, results near or beyond a limit double
them, and together they never raise them more than tenfold, so that a sensor alone accuses nobody.
"""
from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from .errors import require_positive

MOST_ODDS = 10.0


class Mark(StrEnum):
    excursion = "excursion"
    drift = "drift"


@dataclass(frozen=True, slots=True)
class Odds:
    """By how much each mark multiplies the prior odds of a node: at least 1."""

    excursion: float = 3.0
    drift: float = 2.0

    def of(self, marks: frozenset[Mark]) -> float:
        """The factor of a node with these marks, within 1 and `MOST_ODDS`."""
        factor = 1.0
        for mark in marks:
            factor *= require_positive(getattr(self, mark.value), mark.value)
        return min(MOST_ODDS, max(1.0, factor))


STATED = Odds()


def raised(weights: Mapping[str, float], marks: Mapping[str, frozenset[Mark]], odds: Odds = STATED) -> dict[str, float]:
    """The weights of nodes with those of the marked ones raised."""
    return {node: weight * odds.of(marks.get(node, frozenset())) for node, weight in weights.items()}
