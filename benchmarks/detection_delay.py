"""Days until a bad lot or raw lot is found by a detector that has learnt rate and delay from earlier lots, beside an
oracle that knows both, at the same measured rate of false alarms.

Both watch the same plants: lots, raw lots and lines at once, one false alarm in a hundred lots promised. On plants
without a cause the alarm line of each is moved until it has exactly that many false alarms; then the delays are
compared. The wait as quality once stated it, which smooths what the fitted one learns, is half as long again as the
true one. The bound is ln(1 / false-alarm rate) over the information a day, for the planted ratio (see
`signals.simulation`). A ratio is the oracle's median over the fitted detector's, undetected plants counted as never.
"""
from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from traceapp.signals.delay import Delay
from traceapp.signals.plant import Kind, Plant, draw_reports, plant_cause
from traceapp.signals.simulation import Detector, holds_any, information_bound, watch_of

from .registry import Row, benchmark

ALPHA = 0.01
RATIOS = (3.0, 5.0, 10.0)
BATCHES = (2, 4, 8)
NULL_RUNS, RUNS, RESAMPLED = 200, 150, 400
SEED, NULL_SEED = 2, 1
# Stands for a median beyond all days watched.
NEVER = 9999.0
# The fitted detector may take three days for every ten that the oracle takes.
AIM = 1 / 1.3
STATED = Delay(use_mean_days=21.0, report_mean_days=10.5)
ORACLE = Detector(ALPHA)
FITTED = {
    "history 40 lots": Detector(ALPHA, knowledge="fitted", history=40, stated=STATED),
    "history 10 lots": Detector(ALPHA, knowledge="fitted", history=10, stated=STATED),
    "history 10 lots, 5 sister products": Detector(ALPHA, knowledge="fitted", history=10, family=5, stated=STATED),
}


@dataclass(frozen=True, slots=True)
class Line:
    """How far the alarm line of a detector was moved, and its false alarms in 100 lots where it stood."""

    shift: float
    before: float


def line_at(plant: Plant, detector: Detector, runs: int = NULL_RUNS) -> Line:
    """The line at which a detector has `ALPHA` false alarms a lot, measured on plants without a cause."""
    peaks = []
    for number in range(runs):
        reports = draw_reports(plant, (), 1.0, np.random.default_rng((NULL_SEED, number)))
        seen = watch_of(plant, detector, (NULL_SEED, number))
        peaks += [seen.excess(row, reports).max(axis=1) for row in seen.rows]
    highest = np.sort(np.concatenate(peaks))[::-1]
    allowed = int(ALPHA * plant.lots * runs)
    return Line(float(highest[allowed - 1]), 100 * float((highest >= 0).sum()) / (plant.lots * runs))


def delays(plant: Plant, detector: Detector, question: tuple[Kind, float], shifts: tuple[float, ...],
           runs: int = RUNS) -> NDArray[np.float64]:
    """Days from the first delivery of an affected lot to the first alarm of a node that holds one, for the line moved
    by each of `shifts`; inf for never; shape (shifts, runs)."""
    kind, ratio = question
    node = plant_cause(plant, kind)
    affected = plant.nodes[node or ""]
    touched = np.isin(np.arange(plant.lots), affected)
    found = np.full((len(shifts), runs), np.inf)
    for number in range(runs):
        reports = draw_reports(plant, affected, ratio, np.random.default_rng((SEED, number)))
        seen = watch_of(plant, detector, (SEED, number))
        for row in seen.rows:
            holds = holds_any(row.layer.node_of, len(row.layer.names), touched)
            highest = seen.excess(row, reports)[holds].max(axis=0)
            for at, shift in enumerate(shifts):
                if (highest >= shift).any():
                    day = float((highest >= shift).argmax() - plant.released[affected[0]])
                    found[at, number] = min(found[at, number], max(0.0, day))
    return found


def spread(fitted: NDArray[np.float64], oracle: NDArray[np.float64]) -> float:
    """The standard error of the ratio of medians, by resampling plants (both detectors saw the same ones)."""
    rng = np.random.default_rng(SEED)
    picked = rng.integers(fitted.size, size=(RESAMPLED, fitted.size))
    with np.errstate(invalid="ignore"):
        ratios = np.median(oracle[picked], axis=1) / np.median(fitted[picked], axis=1)
    return float(np.std(ratios[np.isfinite(ratios)]))


def questions() -> Iterator[tuple[str, Plant, Kind]]:
    """A single lot, and a raw lot in 2, 4 and 8 lots."""
    plant = Plant(lots=40)
    yield "lot", plant, "lot"
    for batches in BATCHES:
        yield f"raw lot in {batches}", replace(plant, lots_a_raw=batches), "raw"


@benchmark("detection_delay")
def detection_delay() -> Iterator[Row]:
    lines: dict[tuple[Plant, Detector], Line] = {}
    for name, plant, kind in questions():
        for detector in (ORACLE, *FITTED.values()):
            if (plant, detector) not in lines:
                lines[plant, detector] = line_at(plant, detector)
        for ratio in RATIOS:
            oracle = delays(plant, ORACLE, (kind, ratio), (lines[plant, ORACLE].shift,))[0]
            bound = information_bound(plant, plant.nodes[plant_cause(plant, kind) or ""], ratio, ALPHA)
            for words, detector in FITTED.items():
                line = lines[plant, detector]
                found, own = delays(plant, detector, (kind, ratio), (line.shift, 0.0))
                yield row(f"{name}, ratio {ratio:g}, {words}", (found, oracle),
                          f"bound {bound} days; at its own line {np.median(own):.0f} days and {line.before:.2f} false "
                          "alarms in 100 lots")


def row(name: str, pair: tuple[NDArray[np.float64], NDArray[np.float64]], note: str) -> Row:
    """One line of the table."""
    found, oracle = pair
    days, best = (min(float(np.median(each)), NEVER) for each in pair)
    return Row(f"detection delay: {name}", days, "days", "oracle", best, best / days if days else 1.0, AIM,
               f"ratio ±{spread(found, oracle):.2f}; found {np.isfinite(found).mean():.0%}, by the oracle "
               f"{np.isfinite(oracle).mean():.0%}; {note}")
