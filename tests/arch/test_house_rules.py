"""The habits of the house, checked over the source itself."""
from __future__ import annotations

import ast
import re
import subprocess
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
SOURCES = sorted(path for folder in ("traceapp", "labels") for path in (ROOT / folder).rglob("*.py"))
MOST_LINES, MOST_FUNCTION_LINES = 400, 50
# A file or function that may be longer, with the reason.
LONGER: dict[str, str] = {}
FORBIDDEN_NAMES = {"util", "utils", "helper", "helpers", "common", "misc", "manager"}


@cache
def tree_of(path: Path) -> ast.Module:
    return ast.parse(path.read_text(encoding="utf-8"))


def trees() -> Iterator[tuple[Path, ast.Module]]:
    for path in SOURCES:
        yield path, tree_of(path)


def name_of(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


def test_no_file_is_longer_than_the_budget() -> None:
    long = {name_of(path): count for path in SOURCES
            if (count := path.read_text(encoding="utf-8").count("\n")) > MOST_LINES and name_of(path) not in LONGER}
    assert long == {}


def test_no_function_is_longer_than_the_budget() -> None:
    long = {}
    for path, tree in trees():
        for node in ast.walk(tree):
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
                lines = (node.end_lineno or node.lineno) - node.lineno + 1
                if lines > MOST_FUNCTION_LINES:
                    long[f"{name_of(path)}:{node.name}"] = lines
    assert long == {}


def test_no_module_has_a_name_that_says_nothing() -> None:
    assert [name_of(path) for path in SOURCES if path.stem in FORBIDDEN_NAMES or path.parent.name in FORBIDDEN_NAMES] == []


def calls(tree: ast.Module) -> Iterator[tuple[int, str]]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Call):
            yield node.lineno, ast.unparse(node.func)


READS_THE_TIME = re.compile(r"(^|\.)(datetime\.now|datetime\.utcnow|date\.today|time\.time|time\.monotonic)$")
# Durations of a request, and the machine's own clock that `doctor` looks at, are not the product's time.
TIME_READERS = {"traceapp/core/clock.py", "traceapp/cli/doctor.py"}


def test_only_the_clock_reads_the_time() -> None:
    found = [f"{name_of(path)}:{line} {call}" for path, tree in trees() if name_of(path) not in TIME_READERS
             for line, call in calls(tree) if READS_THE_TIME.search(call)]
    assert found == []


def test_only_the_unit_of_work_commits() -> None:
    found = [f"{name_of(path)}:{line} {call}" for path, tree in trees() if not name_of(path).startswith("traceapp/db/")
             for line, call in calls(tree) if call.endswith((".commit", ".begin_nested"))]
    assert found == []


def test_every_public_name_has_a_docstring() -> None:
    missing = []
    for path, tree in trees():
        if ast.get_docstring(tree) is None and path.read_text(encoding="utf-8").strip():
            missing.append(name_of(path))
        for node in tree.body:
            if isinstance(node, ast.FunctionDef) and not node.name.startswith("_") and ast.get_docstring(node) is None:
                missing.append(f"{name_of(path)}:{node.name}")
    assert missing == []


def tracked() -> list[Path]:
    try:
        listed = subprocess.run(["git", "ls-files"], cwd=ROOT, check=True, capture_output=True, text=True).stdout
        return [ROOT / line for line in listed.splitlines() if (ROOT / line).is_file()]
    except (OSError, subprocess.CalledProcessError):
        return [path for folder in ("traceapp", "labels", "tests", "docs", "benchmarks", "migrations")
                for path in (ROOT / folder).rglob("*") if path.is_file() and "__pycache__" not in path.parts]


MACHINE = re.compile(r"(?<![A-Za-z0-9_.])/(?:w[o]rk|h[o]me|r[o]ot)/\w|(?:f[i]les\.pythonhosted|p[y]pi\.org/simple|d[e]b\.debian)")


def test_no_file_names_a_machine_or_a_registry() -> None:
    found = []
    for path in tracked():
        if path.suffix in {".png", ".ttf", ".pdf", ".lock"}:
            continue
        text = path.read_text(encoding="utf-8", errors="replace")
        found += [f"{name_of(path)}: {match.group(0)}" for match in MACHINE.finditer(text)]
    assert found == []


def test_nothing_in_the_repository_points_out_of_it() -> None:
    try:
        listed = subprocess.run(["git", "ls-files", "--stage"], cwd=ROOT, check=True, capture_output=True, text=True).stdout
    except (OSError, subprocess.CalledProcessError):
        pytest.skip("this is no checkout: there is nothing to list")
    symlink, submodule = "120000", "160000"
    assert [line for line in listed.splitlines() if line[:6] in (symlink, submodule)] == []


@pytest.mark.parametrize("path", [path for path in SOURCES if path.name in ("states.py", "policy.py")], ids=name_of)
def test_decisions_import_neither_web_nor_database(path: Path) -> None:
    imported = set()
    for node in ast.walk(tree_of(path)):
        if isinstance(node, ast.Import):
            imported |= {alias.name.split(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            imported.add(node.module.split(".")[0])
    assert imported & {"flask", "sqlalchemy", "marshmallow", "apscheduler"} == set()


def test_only_one_place_imports_the_symbol_libraries() -> None:
    found = []
    for path, tree in trees():
        for node in ast.walk(tree):
            module = node.module or "" if isinstance(node, ast.ImportFrom) else ""
            names = [alias.name for alias in node.names] if isinstance(node, ast.Import) else [module]
            if any(name.split(".")[0] in ("qrcode", "zint") for name in names) and path.parts[-2] != "labels":
                found.append(name_of(path))
    assert found == []
