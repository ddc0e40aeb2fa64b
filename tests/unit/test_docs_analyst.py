"""What the document for analysts promises is executed: its Python and its commands, without service or database."""
from __future__ import annotations

import doctest
import re
import shlex
import subprocess
import sys
from pathlib import Path

import pytest

from traceapp.cli import main

ROOT = Path(__file__).resolve().parents[2]
DOCUMENT = ROOT / "docs" / "analyst.md"


def test_the_examples_give_what_is_printed_and_the_commands_run(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    found = doctest.testfile(str(DOCUMENT), module_relative=False, encoding="utf-8")
    assert found.failed == 0 and found.attempted > 30, capsys.readouterr().out
    blocks = re.findall(r"```console\n(.*?)```", DOCUMENT.read_text(encoding="utf-8"), re.DOTALL)
    commands = [shlex.split(line) for block in blocks for line in block.splitlines()]
    assert {command[2] for command in commands} == {
        "disproportionality", "critical-value", "power", "cusum-arl", "scan", "causes", "simulate"}
    for command in commands:
        assert command[0] == "traceapp" and main(command[1:]) == 0
        assert capsys.readouterr().out.strip()


def test_none_of_it_loads_the_service_or_a_database() -> None:
    modules = sorted(set(re.findall(r"from (traceapp\.signals\.\w+) import", DOCUMENT.read_text(encoding="utf-8"))))
    told = "import sys; print(sorted({'flask', 'sqlalchemy', 'pandas'} & set(sys.modules)))"
    done = subprocess.run([sys.executable, "-c", f"import {', '.join(modules)}; {told}"], cwd=ROOT, check=True,
                          capture_output=True, text=True)
    assert done.stdout.strip() == "[]"


def test_the_readme_leads_to_it() -> None:
    assert "(docs/analyst.md)" in (ROOT / "README.md").read_text(encoding="utf-8")
