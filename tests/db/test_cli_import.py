"""`traceapp import`: counts on stdout, faults with their cell on stderr, exit codes, and going on after a kill."""
from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import func, select, text

from tests.factories_imports import table
from tests.migrated import put_newest
from traceapp.catalog.model import Product
from traceapp.cli import main
from traceapp.cli.settings import database
from traceapp.importing.model import ImportJob

HEAD = "编码,类别,品名,单位,有效期（天）"


@pytest.fixture(autouse=True)
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Every command works in a folder of its own."""
    for name in ("TRACEAPP_DATABASE_URL", "TRACEAPP_BASE_URL", "TRACEAPP_SECRET_KEY", "TRACEAPP_VAULT_KEY"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("TRACEAPP_VAR_DIR", str(tmp_path / "var"))
    monkeypatch.setenv("TRACEAPP_DEVELOPMENT", "1")
    return tmp_path


def run(capsys: pytest.CaptureFixture[str], *arguments: str) -> tuple[int, dict[str, Any], list[str]]:
    """(exit code, the counts, what stderr says to a person: a slow machine may log beside it)."""
    code = main(("import", *arguments))
    captured = capsys.readouterr()
    talk = [line for line in captured.err.splitlines() if not line.startswith("{")]
    return code, json.loads(captured.out) if captured.out else {}, talk


def upgraded(here: Path) -> None:
    """A database that was upgraded before, in the folder of the commands; they would do it too."""
    put_newest(here / "var" / "traceapp.db")


def number_of_products() -> int:
    found = database()
    with found.read() as session:
        number = session.scalar(select(func.count()).select_from(Product)) or 0
    found.close()
    return number


def test_a_table_with_faults_is_not_taken_in_unless_they_are_skipped(
        here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    upgraded(here)
    (here / "p.csv").write_bytes(table(HEAD, "G1,原料,胶,公斤,", "G2,飞机,膜,米,"))
    code, said, talk = run(capsys, "product", str(here / "p.csv"))
    assert (code, said["stored"], said["refused"], said["dry_run"]) == (1, 1, 1, True)
    assert any(line.startswith("row 3, column B 类别: “飞机” is not understood here.") for line in talk)
    assert number_of_products() == 0
    code, said, _ = run(capsys, "product", str(here / "p.csv"), "--skip-faulty", "--dry-run")
    assert (code, said["dry_run"], number_of_products()) == (0, True, 0)
    code, said, _ = run(capsys, "product", str(here / "p.csv"), "--skip-faulty")
    assert (code, said["stored"], said["refused"], said["dry_run"]) == (0, 1, 1, False)
    assert number_of_products() == 1


def test_columns_are_named_by_their_titles(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    upgraded(here)
    (here / "p.csv").write_bytes(table("Nr,Art,Name,Unit,Code", "G1,material,Glue,KGM,x"))
    arguments = ("product", str(here / "p.csv"), "--map", "Nr=code", "--map", "Art=kind", "--map", "Code=")
    assert run(capsys, *arguments)[:2][0] == 0
    code, _, talk = run(capsys, "product", str(here / "p.csv"), "--map", "Number=code")
    assert code == 1 and "There is no column “Number”" in talk[0]


def test_a_template_can_be_taken_in_as_it_is(here: Path, capsysbinary: pytest.CaptureFixture[bytes]) -> None:
    for form in ("csv", "xlsx"):
        assert main(("import", "product", "--template", form)) == 0
        (here / f"t.{form}").write_bytes(capsysbinary.readouterr().out)
        assert main(("import", "product", str(here / f"t.{form}"))) == 0
        capsysbinary.readouterr()
    assert number_of_products() == 1


@pytest.mark.parametrize(("arguments", "says"), [
    (("colour", "x.csv"), "“colour” is not one of: product"), (("product", "x.csv"), "x.csv cannot be read"),
    (("product",), "Say which file")])
def test_what_cannot_be_begun_is_told_before_anything_is_made(
        here: Path, capsys: pytest.CaptureFixture[str], arguments: tuple[str, ...], says: str) -> None:
    code, _, talk = run(capsys, *arguments)
    assert code == 1 and says in talk[0]
    assert list(here.iterdir()) == []


def test_the_same_command_goes_on_where_a_killed_one_was(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    upgraded(here)
    (here / "p.csv").write_bytes(table(HEAD, *(f"M{place:05d},原料,物料,公斤," for place in range(400))))
    killed = subprocess.Popen([sys.executable, "-m", "traceapp", "import", "product", str(here / "p.csv")],
                              env=os.environ, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    until = time.monotonic() + 60
    while time.monotonic() < until and number_of_products() < 100:
        time.sleep(0.1)
    killed.send_signal(signal.SIGKILL)
    killed.wait()
    found = database()
    with found.write() as session:
        stored, at_row = session.execute(select(ImportJob.stored, ImportJob.at_row)).one()
        session.execute(text("UPDATE import_job SET lease_until = NULL, holder = NULL"))
    found.close()
    assert stored == number_of_products() == at_row - 1
    code, said, talk = run(capsys, "product", str(here / "p.csv"))
    if stored < 400:
        assert (code, said["stored"]) == (0, 400)
        assert f"going on after row {at_row}" in talk
    assert number_of_products() == 400
