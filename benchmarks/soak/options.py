"""What a soak run is asked for."""
from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Options:
    """`rounds` None: the run's own number. `database`: `sqlite` or `postgresql`, where a run can have either."""

    seed: int
    rounds: int | None = None
    database: str = "sqlite"
