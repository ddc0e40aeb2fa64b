"""The benchmarks by name, and the rows that they answer with."""
from __future__ import annotations

import json
import statistics
from collections.abc import Callable, Iterable, Sequence
from dataclasses import asdict, dataclass
from importlib import import_module
from pathlib import Path

RESULTS = Path("build/bench.json")
MODULES = ("benchmarks.gs1", "benchmarks.epcis_hash", "benchmarks.epcis_capture", "benchmarks.labels",
           "benchmarks.scan", "benchmarks.resolver", "benchmarks.genealogy", "benchmarks.picture",
           "benchmarks.caers_fit", "benchmarks.cause_ranking", "benchmarks.complaint_import",
           "benchmarks.detection_delay", "benchmarks.drill", "benchmarks.duplicates", "benchmarks.icsr_export",
           "benchmarks.notices", "benchmarks.recall", "benchmarks.recall_files", "benchmarks.recall_pages",
           "benchmarks.rescoring", "benchmarks.screen", "benchmarks.servers", "benchmarks.term_coding",
           "benchmarks.verdict")


@dataclass(frozen=True, slots=True)
class Row:
    """One measured value beside its reference. `aim` is the least ratio wanted; None: shown, not judged."""

    name: str
    value: float
    unit: str
    reference_name: str
    reference: float
    ratio: float
    aim: float | None = None
    note: str = ""

    @property
    def verdict(self) -> str:
        """`holds`, `below` or empty where nothing is aimed at."""
        if self.aim is None:
            return ""
        return "holds" if self.ratio >= self.aim else "below"


Benchmark = Callable[[], Iterable[Row]]
_benchmarks: dict[str, Benchmark] = {}


def benchmark(name: str) -> Callable[[Benchmark], Benchmark]:
    """Register the function under the name by which it is called for."""
    def register(function: Benchmark) -> Benchmark:
        _benchmarks[name] = function
        return function
    return register


def benchmarks() -> dict[str, Benchmark]:
    """Every benchmark by its name."""
    for module in MODULES:
        import_module(module)
    return dict(_benchmarks)


def median_of_ratios(values: Sequence[float], references: Sequence[float]) -> float:
    """The median of the ratios of pairs that were measured one after the other."""
    return statistics.median(value / reference for value, reference in zip(values, references, strict=True))


def table(rows: Sequence[Row]) -> str:
    """The rows as an aligned text table."""
    head = ("benchmark", "value", "unit", "reference", "value", "ratio", "aim", "", "note")
    lines = [head, *((row.name, f"{row.value:,.1f}", row.unit, row.reference_name, f"{row.reference:,.1f}",
                      f"{row.ratio:.2f}", "" if row.aim is None else f"{row.aim:.2f}", row.verdict, row.note)
                     for row in rows)]
    widths = [max(len(line[column]) for line in lines) for column in range(len(head))]
    right = {1, 4, 5, 6}
    return "\n".join("  ".join(
        cell.rjust(width) if column in right else cell.ljust(width)
        for column, (cell, width) in enumerate(zip(line, widths, strict=True))).rstrip() for line in lines)


def save(rows: Sequence[Row], path: Path = RESULTS) -> None:
    """Write the rows as JSON."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps([{**asdict(row), "verdict": row.verdict} for row in rows], indent=2) + "\n",
                    encoding="utf-8")
