"""What a process loads before it is told what to do: tests, commands and workers start often."""
from __future__ import annotations

import subprocess
import sys

import pytest

# Loaded where something is done with them: numerics, spreadsheets, pictures and symbols, XML, sweeps, migrations.
LATE = {"numpy", "scipy", "openpyxl", "xlsxwriter", "reportlab", "PIL", "qrcode", "zint", "lxml", "apscheduler",
        "alembic"}
NEVER_FOR_HELP = LATE | {"sqlalchemy", "flask", "babel", "cryptography", "argon2"}


def loaded(program: str) -> set[str]:
    """The packages that a fresh process has loaded after `program`."""
    done = subprocess.run([sys.executable, "-c", f"import sys\n{program}\nprint(*sys.modules, file=sys.stderr)"],
                          check=True, capture_output=True, text=True)
    return {name.partition(".")[0] for name in done.stderr.split()}


@pytest.mark.parametrize(("program", "unwanted"), [
    ("import traceapp.app", LATE),
    ("from traceapp.cli import main\ntry:\n    main(['--help'])\nexcept SystemExit:\n    pass", NEVER_FOR_HELP)],
    ids=["application", "help"])
def test_a_start_loads_no_library_that_only_some_work_needs(program: str, unwanted: set[str]) -> None:
    found = loaded(program)
    assert "traceapp" in found
    assert found & unwanted == set()
