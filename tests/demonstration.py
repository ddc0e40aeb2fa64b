"""The demonstration as `dev.py run` has it made on a machine where nothing is set: once a run, for all processes."""
from __future__ import annotations

import fcntl
import os
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
SETTINGS = ("TRACEAPP_DATABASE_URL", "TRACEAPP_BASE_URL", "TRACEAPP_SECRET_KEY", "TRACEAPP_VAULT_KEY", "HOST", "PORT",
            "TRACEAPP_HOST", "TRACEAPP_PORT")


@dataclass(frozen=True, slots=True)
class Demonstration:
    """A small plant's folder, to be copied; what the command printed: a line a code, and what it said to people."""

    folder: Path
    codes: dict[str, str]
    said: str

    def copy_to(self, folder: Path) -> None:
        shutil.copytree(self.folder, folder, dirs_exist_ok=True)


def demonstration(factory: pytest.TempPathFactory) -> Demonstration:
    """What `demo load` makes; the first process that asks makes it, and the others wait."""
    run = factory.getbasetemp()
    run = run.parent if "PYTEST_XDIST_WORKER" in os.environ else run
    made, printed, said = (run / f"demonstration{end}" for end in ("", ".out", ".err"))
    with (run / "demonstration.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not printed.exists():
            environment = {name: value for name, value in os.environ.items() if name not in SETTINGS}
            done = subprocess.run(
                [sys.executable, "-m", "traceapp", "demo", "load", "--scale", "0.1", "--if-empty"], cwd=ROOT, text=True,
                env=environment | {"TRACEAPP_VAR_DIR": str(made), "TRACEAPP_DEVELOPMENT": "1", "PYTHONPATH": str(ROOT)},
                capture_output=True, check=False)
            assert done.returncode == 0, done.stderr
            said.write_text(done.stderr, encoding="utf-8")
            printed.write_text(done.stdout, encoding="utf-8")
    lines = printed.read_text(encoding="utf-8").splitlines()
    return Demonstration(made, {name: address for name, address in (line.split("\t") for line in lines)},
                         said.read_text(encoding="utf-8"))
