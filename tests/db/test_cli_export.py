"""`export records` as a person or program calls it."""
from __future__ import annotations

import csv
import hashlib
import json
from pathlib import Path

import openpyxl
import pytest

from tests.db.test_cli_commands import here, run, upgraded
from traceapp.cli.settings import database
from traceapp.submission.service import ExportFilter, export_page

__all__ = ["here"]


@pytest.fixture
def stocked(capsys: pytest.CaptureFixture[str], shared: Path) -> None:
    files = sorted(str(path) for path in (shared / "conformance" / "epcis" / "trace").glob("*.jsonld"))
    assert run(capsys, "epcis", "capture", *files)[0] == 0


@pytest.mark.usefixtures("stocked")
def test_records_of_a_lot_and_all_that_it_came_from_are_written_and_recorded(
        capsys: pytest.CaptureFixture[str], here: Path) -> None:
    target = here / "records.xlsx"
    code, lines, _ = run(capsys, "export", "records", str(target), "--lot", "STEAKS20251107", "--direction", "both",
                         "--language", "zh")
    told = json.loads(lines[0])
    assert (code, told["rows"] > 5, told["format"]) == (0, True, "xlsx")
    assert told["sha256"] == hashlib.sha256(target.read_bytes()).hexdigest()
    book = openpyxl.load_workbook(target)
    assert book.sheetnames == ["追溯记录", "各列说明"]
    assert book["追溯记录"].max_row == told["rows"] + 1
    with database().read() as session:
        (row,) = export_page(session, ExportFilter()).rows
    assert (row.kind, row.sha256, row.rows, row.actor_id) == (
        "tracking_records", told["sha256"], told["rows"], "command-line")
    assert row.filters == {"lot": "STEAKS20251107", "direction": "both", "language": "zh"}
    assert list(here.glob("*.part")) == []


@pytest.mark.usefixtures("stocked")
def test_records_of_a_period_go_to_standard_output_in_two_forms(capsys: pytest.CaptureFixture[str], here: Path) -> None:
    code, lines, talk = run(capsys, "export", "records", "-", "--from", "2020-01-01", "--to", "2026-01-01T00:00:00Z")
    rows = list(csv.DictReader(line.lstrip("\ufeff") for line in lines))
    assert (code, len(rows) > 20, "sha256" in talk) == (0, True, True)
    assert {row["Recorded by"] for row in rows} == {"captured"}
    code, lines, _ = run(capsys, "export", "records", "-", "--to", "2026-01-01T00:00:00Z", "--format", "epcis")
    document = json.loads("\n".join(lines))
    identifiers = [event.get("eventID") for event in document["epcisBody"]["eventList"]]
    assert list(dict.fromkeys(row["Identifier of the event"] for row in rows)) == identifiers
    (here / "out.json").write_text("\n".join(lines), encoding="utf-8")
    assert run(capsys, "epcis", "check", str(here / "out.json"))[0] == 0


@pytest.mark.parametrize(("options", "said"), [
    ([], "Choose a lot or a period"), (["--direction", "both", "--from", "2026-01-01"], "belongs to a lot"),
    (["--from", "yesterday"], "neither a day"), (["--from", "2026-01-01T00:00"], "neither a day"),
    (["--lot", "NOBODY"], "There is no lot"), (["--from", "2026-01-01", "--product", "X"], "no such product"),
    (["--from", "2026-01-01", "--site", "X"], "no such site")])
def test_a_choice_that_cannot_be_made_is_refused_and_leaves_no_file(
        capsys: pytest.CaptureFixture[str], here: Path, options: list[str], said: str) -> None:
    upgraded()
    code, lines, talk = run(capsys, "export", "records", str(here / "x.csv"), *options)
    assert (code, lines) == (1, [])
    assert said in talk
    assert list(here.glob("x.csv*")) == []


def test_a_place_that_cannot_be_written_is_said(capsys: pytest.CaptureFixture[str], here: Path) -> None:
    upgraded()
    code, _, talk = run(capsys, "export", "records", str(here / "no" / "x.csv"), "--from", "2026-01-01")
    assert (code, "cannot be written" in talk) == (1, True)
