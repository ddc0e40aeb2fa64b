"""Moving what older keys sealed under the present one, some rows at a time; each package moves its own tables."""
from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TypeVar

from .cipher import VaultError

Row = TypeVar("Row")


@dataclass(frozen=True, slots=True)
class Step:
    """What one step came to: how many rows were moved, those that could not be opened (`key: code`), and the key of the
    last row that was looked at, after which the next step goes on; None: no row was left."""

    moved: int
    unreadable: tuple[str, ...]
    last: str | None


def step_over(rows: Sequence[Row], key_of: Callable[[Row], str], move: Callable[[Row], None]) -> Step:
    """Move each of the rows; one that cannot be opened stays as it is and does not hold up the others."""
    unreadable: list[str] = []
    for row in rows:
        try:
            move(row)
        except VaultError as error:
            unreadable.append(f"{key_of(row)}: {error.code}")
    return Step(len(rows) - len(unreadable), tuple(unreadable), key_of(rows[-1]) if rows else None)
