"""Writers of SQLite take turns, and none waits without end."""
from __future__ import annotations

import shutil
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import pytest
import structlog
from sqlalchemy import func, select

from traceapp.app import create_app
from traceapp.config import Settings, read_settings
from traceapp.core.clock import FixedClock
from traceapp.db import Database, write_lock
from traceapp.db.database import sqlite_module, sqlite_wal_is_safe
from traceapp.db.migrate import upgrade
from traceapp.db.write_lock import Busy, WriteLock
from traceapp.worklist.model import WorkRow
from traceapp.worklist.work import add_work

_HOLDER = """
import sys
from pathlib import Path
from traceapp.db.write_lock import WriteLock
with WriteLock(Path(sys.argv[2])).hold():
    print("held", flush=True)
    sys.stdin.read()
"""
_WRITER = """
import sys, time
from pathlib import Path
from traceapp.db.write_lock import WriteLock
print("ready", flush=True)
sys.stdin.readline()
lock, until, waits = WriteLock(Path(sys.argv[1])), time.monotonic() + 1.5, []
while time.monotonic() < until:
    begun = time.monotonic()
    with lock.hold():
        waits.append(time.monotonic() - begun)
        time.sleep(0.002)
print(len(waits), max(waits))
"""


@contextmanager
def held_elsewhere(path: Path) -> Iterator[subprocess.Popen[str]]:
    """Another process that writes until the block ends."""
    with subprocess.Popen([sys.executable, "-c", _HOLDER, "demo", str(path)], stdin=subprocess.PIPE,
                          stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "held\n"
        yield process
        process.kill()


def work_rows(database: Database) -> int:
    with database.read() as session:
        return session.scalar(select(func.count()).select_from(WorkRow)) or 0


def test_a_writer_gives_up_after_its_time_and_says_who_may_hold_the_lock(sqlite: Database, clock: FixedClock) -> None:
    path = Path(str(sqlite.url.database))
    database = Database(str(sqlite.url), is_durable=False, lock_wait_seconds=0.3)
    with held_elsewhere(path) as holder:
        begun = time.monotonic()
        with pytest.raises(Busy, match=f"process {holder.pid}, traceapp demo") as refused, database.write() as session:
            add_work(session, clock, "x", "lot:1")
        assert 0.3 <= time.monotonic() - begun < 5
        assert (refused.value.status, refused.value.retry_after > 0) == (503, True)
    with database.write() as session:  # its holder was killed: the lock is free at once
        add_work(session, clock, "x", "lot:1")
    assert work_rows(database) == 1
    database.close()


def test_a_reader_never_waits_for_a_writer(sqlite: Database) -> None:
    with held_elsewhere(Path(str(sqlite.url.database))):
        assert work_rows(sqlite) == 0


def test_a_thread_gives_up_too_and_the_next_one_gets_its_turn(tmp_path: Path) -> None:
    lock, patient, got = WriteLock(tmp_path / "x.db", 0.2), WriteLock(tmp_path / "x.db"), []

    def write() -> None:
        with patient.hold():
            got.append(time.monotonic())

    with lock.hold():
        with pytest.raises(Busy), lock.hold():
            raise AssertionError("two writers at once")
        waiting = threading.Thread(target=write)
        waiting.start()
        time.sleep(0.1)
        assert not got
        freed = time.monotonic()
    waiting.join(5)
    assert 0 <= got[0] - freed < 2
    with lock.hold():
        pass


def test_threads_write_in_the_order_in_which_they_came(tmp_path: Path) -> None:
    lock, order, threads = WriteLock(tmp_path / "x.db"), [], []

    def write(number: int) -> None:
        with lock.hold():
            order.append(number)

    with lock.hold():
        for number in range(12):
            threads.append(threading.Thread(target=write, args=(number,)))
            threads[-1].start()
            while len(lock._threads._waiting) <= number:
                time.sleep(0.001)
    for thread in threads:
        thread.join(5)
    assert order == list(range(12))


def test_a_thread_that_is_interrupted_while_it_waits_does_not_keep_its_place(tmp_path: Path,
                                                                            monkeypatch: pytest.MonkeyPatch) -> None:
    lock = WriteLock(tmp_path / "x.db", 1)

    def interrupted(*_: object) -> None:
        raise KeyboardInterrupt

    with lock.hold():
        with monkeypatch.context() as patch, pytest.raises(KeyboardInterrupt):
            patch.setattr(threading.Event, "wait", interrupted)
            lock._threads.enter(0.0)
        assert not lock._threads._waiting
    with lock.hold():
        pass


def test_no_process_is_shut_out_by_busy_ones(tmp_path: Path) -> None:
    writers = [subprocess.Popen([sys.executable, "-c", _WRITER, str(tmp_path / "x.db")], stdin=subprocess.PIPE,
                                stdout=subprocess.PIPE, text=True) for _ in range(3)]
    for writer in writers:
        assert writer.stdout is not None
        assert writer.stdout.readline() == "ready\n"
    for writer in writers:
        assert writer.stdin is not None
        writer.stdin.write("go\n")
        writer.stdin.flush()
    counts, waits = zip(*((int(count), float(wait)) for count, wait in
                          (writer.communicate(timeout=60)[0].split() for writer in writers)), strict=True)
    print(counts, waits)
    assert min(counts) > 20, counts
    assert min(counts) * 8 > max(counts), counts
    assert max(waits) < 2, waits


def test_who_keeps_the_others_waiting_for_long_stands_in_the_log(
        sqlite: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    now = [10.0]
    monkeypatch.setattr(write_lock, "monotonic_seconds", lambda: now[0])
    monkeypatch.setattr(write_lock, "log", structlog.get_logger())  # another test may have had the log set up
    with structlog.testing.capture_logs() as said:
        with sqlite.write():
            now[0] += write_lock.LONG_SECONDS
        with sqlite.write():
            now[0] += write_lock.LONG_SECONDS + 1.04
    assert [(one["event"], one["seconds"]) for one in said] == [("write_held_long", write_lock.LONG_SECONDS + 1.0)]
    assert said[0]["by"].startswith("db/test_write_lock.py:")
    assert said[0]["by"].endswith(" test_who_keeps_the_others_waiting_for_long_stands_in_the_log")


def test_bringing_a_new_database_up_may_last_without_a_word_in_the_log(
        tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(write_lock, "LONG_SECONDS", -1.0)
    monkeypatch.setattr(write_lock, "log", structlog.get_logger())
    empty = Database(f"sqlite:///{tmp_path / 'empty.db'}")
    with structlog.testing.capture_logs() as said:
        upgrade(empty)
        with empty.write():
            pass
    empty.close()
    assert len(said) == 1 and said[0]["by"].endswith("without_a_word_in_the_log")


def test_the_web_answers_503_with_a_time_to_come_back(settings: Settings, sqlite: Database) -> None:
    app = create_app(replace(settings, lock_wait_seconds=1))
    with held_elsewhere(Path(str(sqlite.url.database))):
        answer = app.test_client().post("/report", data={"narrative": "The skin turned red."},
                                        headers={"Accept": "application/json"})
    assert answer.status_code == 503, answer.data
    assert int(answer.headers["Retry-After"]) > 0
    assert answer.json["code"] == "database-busy"
    assert "process" in answer.json["detail"]


def test_the_time_is_a_setting(tmp_path: Path) -> None:
    assert read_settings({"TRACEAPP_VAR_DIR": str(tmp_path)}).lock_wait_seconds == 15
    assert read_settings({"TRACEAPP_VAR_DIR": str(tmp_path), "TRACEAPP_LOCK_WAIT_SECONDS": "3"}).lock_wait_seconds == 3


@pytest.mark.skipif(not sqlite_wal_is_safe(sqlite_module().sqlite_version_info), reason="folds only a safe log")
def test_what_is_folded_is_in_the_file_itself_while_a_writer_is_at_work(tmp_path: Path, clock: FixedClock) -> None:
    database = Database(f"sqlite:///{tmp_path / 'house.sqlite'}")
    WorkRow.__table__.create(database.engine)
    with database.write() as session:
        add_work(session, clock, "a", "first")
    with database.write() as session:
        add_work(session, clock, "a", "second")
        session.flush()
        database.fold_log()
    shutil.copy(tmp_path / "house.sqlite", tmp_path / "copy.sqlite")
    copy = Database(f"sqlite:///{tmp_path / 'copy.sqlite'}")
    with copy.read() as session:
        assert session.scalars(select(WorkRow.subject_key)).all() == ["first"]
    copy.close()
    database.close()
