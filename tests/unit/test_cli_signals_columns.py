"""The help of `signals …` explains the columns that the commands print, all of them and no others."""
from __future__ import annotations

import csv
import io
from pathlib import Path

import pytest

from traceapp.cli import main
from traceapp.cli.signals_columns import COLUMNS

FILES = {
    "reports.csv": "report,product,event\n1,a,x\n2,a,y\n3,b,x\n4,b,y\n5,b,y\n",
    "nodes.csv": "node,cases,population\na,4,10\nb,1,10\n",
    "days.csv": "node,cases,day\na,4,1\na,1,5\nb,1,3\n",
    "edges.csv": "parent,child\nr,a\nr,b\n",
    "lots.csv": "lot,complaints,exposure\na,4,2\nb,1,2\n",
}
CALLS = {
    "critical-value": ["--alpha", ".05", "--upper", "5", "--csv"],
    "power": ["--upper", "5", "--rr", "2", "--csv"],
    "cusum-arl": ["5", "2", "1", "--csv"],
    "disproportionality": ["reports.csv"],
    "scan": ["--nodes", "days.csv", "--edges", "edges.csv", "--model", "tree-temporal", "--reps", "19"],
    "causes": ["--lots", "lots.csv", "--edges", "edges.csv", "--reps", "19"],
    "simulate": ["--cause", "lot", "--rr", "5", "--runs", "1", "--lots", "6", "--knowledge", "true"],
}


@pytest.fixture(autouse=True)
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name, text in FILES.items():
        (tmp_path / name).write_text(text, encoding="utf-8")
    monkeypatch.chdir(tmp_path)


@pytest.mark.parametrize("name", COLUMNS)
def test_every_printed_column_is_explained(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["signals", name, *CALLS[name]]) == 0
    header = next(csv.reader(io.StringIO(capsys.readouterr().out)))
    with pytest.raises(SystemExit):
        main(["signals", name, "--help"])
    told = capsys.readouterr().out.partition("columns of the result:\n")[2]
    explained = [line.split()[0] for line in told.splitlines() if line.startswith("  ") and line[2] != " "]
    assert explained == list(COLUMNS[name]) and explained == header


def test_a_simulated_plant_may_have_machines_loads_and_consignees(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["signals", "simulate", "--cause", "none", "--runs", "2", "--lots", "8", "--equipment", "2",
                 "--load-lots", "2", "--consignees", "3", "--serious", ".2", "--family", "2", "--history", "8"]) == 0
    rows = list(csv.DictReader(io.StringIO(capsys.readouterr().out)))
    assert [row["knowledge"] for row in rows] == ["true", "fitted"]
