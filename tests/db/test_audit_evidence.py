"""Evidence that is checked without the service: the script in a bare interpreter."""
from __future__ import annotations

import json
import subprocess
import sys
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

import traceapp.audit.verify_evidence as script
from tests.db.test_legal_clocks import make_event
from tests.factories_reports import Desk, an_answer, make_desk
from tests.made_once import acted_once
from traceapp.audit.evidence import excerpt
from traceapp.audit.verify import sign_checkpoint
from traceapp.core.clock import FixedClock
from traceapp.db import Database
from traceapp.submission.report_cases import report_stream
from traceapp.submission.report_model import Report
from traceapp.submission.report_package import archive, package_of


@pytest.fixture
def evidence(database: Database, clock: FixedClock, tmp_path: Path) -> dict[str, Any]:
    """The trail of a report that was sent and confirmed, its file and its package in the folder."""
    def act() -> tuple[dict[str, Any], bytes, bytes]:
        desk = Desk(database, clock, make_desk(tmp_path / "files"))
        report = desk.sent(make_event(database, clock))
        desk.take(an_answer("accepted", report.number, number="N-1"))
        with database.write() as session:
            sign_checkpoint(session, clock.now(), "a key")
        with database.read() as session:
            package = package_of(session, desk.desk, session.get_one(Report, report.id))
            found = excerpt(session, report_stream(report.id))
        return found, package, desk.desk.store.path_of(report.sha256 or "").read_bytes()

    found, package, sent = acted_once(database, clock, act)
    (tmp_path / "package.zip").write_bytes(package)
    (tmp_path / "report.txt").write_bytes(sent)
    return found


def said(folder: Path, found: dict[str, Any], *files: str) -> tuple[int, str]:
    """What a Python without any library of ours says of it."""
    (folder / "excerpt.json").write_text(json.dumps(found), encoding="utf-8")
    done = subprocess.run([sys.executable, "-I", "-S", str(script.__file__), "excerpt.json", *files], cwd=folder,
                          capture_output=True, text=True, check=False)
    assert not done.stderr, done.stderr
    return done.returncode, done.stdout


def test_a_trail_its_file_and_its_package_hold_in_a_bare_interpreter(evidence: dict[str, Any], tmp_path: Path) -> None:
    code, text = said(tmp_path, evidence, "report.txt", "package.zip")
    assert code == 0, text
    assert f"{len(evidence['entries'])} entries, every link holds" in text and "signed checkpoint 1" in text
    assert text.count("ok ") == 3 and evidence["checkpoint"]["hash"] in text


def changed(path: list[Any], value: Any) -> Callable[[dict[str, Any]], None]:
    def change(found: dict[str, Any]) -> None:
        for step in path[:-1]:
            found = found[step]
        found[path[-1]] = value
    return change


@pytest.mark.parametrize(("change", "words"), [
    (changed(["entries", 1, "data"], "{}"), "entry 2 is not what was sealed"),
    (changed(["entries", 0, "at"], "2026-11-22T08:00:01.000000+00:00"), "entry 1 is not what was sealed"),
    (changed(["entries", 0, "actor_id"], "somebody"), "entry 1 is not what was sealed"),
    (lambda found: found["entries"].pop(1), "entry 2 is missing"),
    (lambda found: found["entries"].pop(), "the head says"),
    (changed(["head", "hash"], "0" * 64), "the head says"),
    (changed(["checkpoint", "heads"], "[]"), "checkpoint 1 is not what was signed")])
def test_whatever_is_changed_is_named(evidence: dict[str, Any], change: Callable[[dict[str, Any]], None],
                                      words: str) -> None:
    change(evidence)
    assert words in " ".join(script.check_excerpt(evidence))


def test_a_changed_file_and_a_changed_package_are_told(evidence: dict[str, Any], tmp_path: Path) -> None:
    (tmp_path / "report.txt").write_bytes(b"other words")
    code, text = said(tmp_path, evidence, "report.txt")
    assert code == 1 and "does NOT stand in the trail" in text
    with zipfile.ZipFile(tmp_path / "package.zip") as file:
        inside = {name: file.read(name) for name in file.namelist()}
    for changed_file in ({"findings.json": b"[1]"}, {"more.txt": b""}):
        (tmp_path / "package.zip").write_bytes(archive([*(inside | changed_file).items()]))
        code, text = said(tmp_path, evidence, "package.zip")
        assert code == 1 and "are NOT those of its list" in text
    (tmp_path / "package.zip").write_bytes(archive([("report.txt", b"")]))
    assert "is no whole package" in said(tmp_path, evidence, "package.zip")[1]


def test_a_chain_that_was_written_anew_from_its_start_differs_from_the_checkpoint(evidence: dict[str, Any]) -> None:
    prev = script.GENESIS
    for entry in evidence["entries"]:
        entry["actor_id"], entry["prev_hash"] = "somebody", prev
        prev = entry["hash"] = script.entry_hash(prev, evidence["stream"], entry)
    evidence["head"]["hash"] = prev
    assert "differs from checkpoint 1" in script.check_excerpt(evidence)[0]


def test_an_archive_in_place_of_the_trail_is_told_so(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    archive = tmp_path / "package.zip"
    archive.write_bytes(b"PK\x03\x04\xff\xfe")
    for name in (str(archive), str(tmp_path / "nothing.json")):
        assert script.main([name]) == 1
        assert "The trail comes first" in capsys.readouterr().out
