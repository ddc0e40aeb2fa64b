"""The benchmark of the screen: both sides answer the same, and what is planted is what stands out."""
from __future__ import annotations

from pathlib import Path

import pytest

from benchmarks.screen import PLANTED, agree, ask_duckdb, make_file, screen_file


def test_both_sides_give_the_same_table_and_only_planted_pairs_have_a_large_shrunken_rate(tmp_path: Path) -> None:
    pytest.importorskip("duckdb")
    path = tmp_path / "reports.parquet"
    make_file(path, reports=200_000)
    ours = screen_file(str(path), "plain")
    assert agree(ours, ask_duckdb(str(path)))
    assert agree(ours, screen_file(str(path), "alike"))
    assert not agree(ours, [*ours[:-1], ours[-1] + 1])
    _, flagged, loose = screen_file(str(path), "fitted")
    assert flagged > PLANTED - 4 and flagged < 2 * PLANTED < loose
