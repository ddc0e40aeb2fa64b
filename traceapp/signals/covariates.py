"""What sensors and inspections say about a node before any complaint: how much more likely it is to be the cause.

A mark multiplies the prior odds of its node by how much likelier it stands on a cause than on another node (Bayes):
`mark_odds`. Of all causes one in ten is taken to be of a kind that shows in a sensor or a test at all, since most
faults show in none that is made. Together marks never raise odds more than tenfold: a sensor alone accuses nobody.
"""
from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from .errors import require_positive

MOST_ODDS = 10.0


class Mark(StrEnum):
    """`excursion`: it was outside its storage limits; `drift`: a test result is near a limit or beyond; `trend`: test
    results of this supplier rise; `higher`: this lot is one of the higher ones in such a rise."""

    excursion = "excursion"
    drift = "drift"
    trend = "trend"
    higher = "higher"


# What is stated of each mark: how often a fault that can show in it does, and on which share of other nodes it stands.
# The last is the level of the test for a trend; the others are usual of stores and of capable processes.
STATED_RATES: dict[Mark, tuple[float, float]] = {
    Mark.excursion: (0.7, 0.03), Mark.drift: (0.3, 0.02), Mark.trend: (0.3, 0.01),
    Mark.higher: (0.2, 0.01)}
SHOWING = 0.1


def mark_odds(shown: float, elsewhere: float, showing: float = SHOWING) -> float:
    """The factor of the odds for a mark: `shown` by so many of the causes that can show it, which are the share
    `showing` of all; the other causes bear it as often as any node, `elsewhere`."""
    return (showing * shown + (1 - showing) * elsewhere) / elsewhere


@dataclass(frozen=True, slots=True)
class Odds:
    """By how much each mark multiplies the prior odds of a node: at least 1. The defaults are those of `STATED_RATES`,
    rounded down."""

    excursion: float = 3.0
    drift: float = 2.0
    trend: float = 3.0
    higher: float = 2.0

    def of(self, marks: frozenset[Mark]) -> float:
        """The factor of a node with these marks, within 1 and `MOST_ODDS`."""
        factor = 1.0
        for mark in marks:
            factor *= require_positive(getattr(self, mark.value), mark.value)
        return min(MOST_ODDS, max(1.0, factor))


STATED = Odds()


def change_part(odds: Odds = STATED) -> float:
    """Of the belief in the fault of a supplier whose results rise, the part that is in a fault that shows in the rise
    and so began with it: what the mark adds to the odds."""
    return 1 - 1 / odds.of(frozenset({Mark.trend}))


def raised(weights: Mapping[str, float], marks: Mapping[str, frozenset[Mark]], odds: Odds = STATED) -> dict[str, float]:
    """The weights of nodes with those of the marked ones raised."""
    return {node: weight * odds.of(marks.get(node, frozenset())) for node, weight in weights.items()}
