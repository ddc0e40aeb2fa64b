"""A short stretch of the long run over hostile texts."""
from __future__ import annotations

from benchmarks.soak.hostile_gs1 import complaint, hostile_gs1
from benchmarks.soak.options import Options
from traceapp.gs1 import Gs1Error, Parsed


def test_broken_texts_are_read_or_refused_at_a_place_within_them() -> None:
    figures = hostile_gs1(Options(seed=7, rounds=1000))
    assert figures["wrong"] == []
    assert figures["inputs"] > 1000
    assert min(figures["read"], figures["refused"]) > 100


def test_the_run_tells_what_goes_wrong() -> None:
    def crashing(text: str) -> object:
        raise KeyError(text)

    def misplacing(text: str) -> object:
        raise Gs1Error("NO_KEY", len(text), 1)

    def misreading(text: str) -> object:
        return Parsed((("10", f"{text}^"),))

    found = [complaint(read, "A") for read in (crashing, misplacing, misreading, len)]
    assert found[:2] == ["KeyError: 'A'", "place 1+1 outside"]
    assert found[2].startswith("after reading, Gs1Error")
    assert found[3] == ""
