"""The gamma-Poisson fit of the public CAERS extract, all cells and squashed, beside the published R figures.

Reads `shared/conformance/signals/caers*.csv` beside the checkout (columns `report,product,event`, or `id,var1,var2`);
without it nothing is measured, and it is said. The best minus log likelihoods known are 4162.1808 for all 17,189 cells
and 4161.657 squashed; a score is compared, not parameters, for the likelihood is flat. R ran on other hardware.
"""
from __future__ import annotations

import csv
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

from traceapp.signals.pairs import count_rows
from traceapp.signals.shrinkage import Fit, Points, fit, points, squash

from .registry import Row, benchmark

SHARED = Path(__file__).resolve().parents[2] / "shared" / "conformance"
CELLS = 17_189
SCORES = {"all cells": 4162.1808, "squashed": 4161.657}
R_SECONDS = {"all cells": 9.8, "squashed": 0.9}
# The scores are printed to so many digits; worse by more is another optimum.
TOLERANCE = 0.001
_NAMES = (("report", "product", "event"), ("id", "var1", "var2"))


def extract(folder: Path = SHARED) -> Path | None:
    """The extract, wherever it lies below the folder."""
    return next(iter(sorted(folder.rglob("*[cC][aA][eE][rR][sS]*.csv"))), None)


def cells_of(path: Path) -> Points:
    """Counts and expected counts of every pair that occurs, by reports. Raises ValueError for other columns."""
    with path.open(encoding="utf-8-sig", newline="") as file:
        rows = list(csv.DictReader(file))
    names = next((names for names in _NAMES if rows and set(names) <= set(rows[0])), None)
    if names is None:
        raise ValueError(f"{path.name} has none of the columns {_NAMES}.")
    counts = count_rows(*([row[name] for row in rows] for name in names))
    return points(counts.a, counts.expected)


@benchmark("caers_fit")
def caers_fit() -> Iterator[Row]:
    path = extract()
    if path is None:
        print("bench: caers_fit is skipped: there is no CAERS extract below shared/conformance", file=sys.stderr)
        return
    cells = cells_of(path)
    yield from rows_of(cells, SCORES if cells.counts.size == CELLS else {})


def rows_of(cells: Points, known: dict[str, float]) -> Iterator[Row]:
    """Time and score of both fits; scores are only compared where they are known for these cells."""
    for name, given in (("all cells", cells), ("squashed", squash(cells))):
        found, seconds = _timed(lambda given=given: fit(given))  # type: ignore[misc]
        yield Row(f"GPS fit, {name}", seconds, "s", "R autoHyper", R_SECONDS[name], R_SECONDS[name] / seconds, 1.0,
                  f"{given.counts.size:,} points")
        if name in known:
            yield Row(f"GPS score, {name}", found.score, "-log L", "best known", known[name],
                      (known[name] + TOLERANCE) / found.score, 1.0, f"{found.prior}")


def _timed(act: Callable[[], Fit]) -> tuple[Fit, float]:
    begun = time.perf_counter()
    return act(), time.perf_counter() - begun
