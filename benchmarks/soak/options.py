"""What a soak run is asked for."""
from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Options:
    """`rounds` None: the run's own number."""

    seed: int
    rounds: int | None = None
