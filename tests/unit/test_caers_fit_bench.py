"""The bench of the shrinkage fit: skipped by name without the extract, judged by score and not by parameters with it."""
from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from benchmarks import caers_fit
from traceapp.signals.shrinkage import fit, squash


def written(folder: Path, header: str) -> Path:
    rng = np.random.default_rng(3)
    rows = [f"{rng.integers(300)},p{rng.integers(12)},e{rng.integers(9)}" for _ in range(800)]
    path = folder / "signals" / "caers.csv"
    path.parent.mkdir(exist_ok=True)
    path.write_text("\n".join([header, *rows]) + "\n", encoding="utf-8")
    return path


def test_without_the_extract_it_says_that_it_skips(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(caers_fit, "extract", lambda: None)
    assert list(caers_fit.caers_fit()) == []
    assert "skipped" in capsys.readouterr().err


@pytest.mark.parametrize("header", ["report,product,event", "id,var1,var2"])
def test_an_extract_is_fitted_in_full_and_squashed_beside_known_scores(tmp_path: Path, header: str) -> None:
    path = written(tmp_path, header)
    from_folder = caers_fit.cells_of(path)
    known = {"all cells": fit(from_folder).score, "squashed": fit(squash(from_folder)).score - 1}
    rows = list(caers_fit.rows_of(from_folder, known))
    verdicts = {row.name: row.verdict for row in rows if "score" in row.name}
    assert verdicts == {"GPS score, all cells": "holds", "GPS score, squashed": "below"}
    assert [row.name for row in rows][::2] == ["GPS fit, all cells", "GPS fit, squashed"]


def test_other_columns_are_named(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=r"caers\.csv has none"):
        caers_fit.cells_of(written(tmp_path, "a,b,c"))
