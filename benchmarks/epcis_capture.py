"""Capture of others' documents beside what the machine can do with the same bytes, and beside a schema validator.

Ours reads, checks, hashes, stores, finds the terms and derives items, lines, lots and positions; a transaction a
document. The first reference is `json.loads` of the document and one batched insert of its events, whose texts were cut
out beforehand; the second is the jsonschema package saying whether the document fits the published schema, no more.
"""
from __future__ import annotations

import gc
import json
import os
import sqlite3
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path

from benchmarks import event_mix
from traceapp import models
from traceapp.core.actor import Actor
from traceapp.core.clock import SystemClock
from traceapp.core.process import take_habits
from traceapp.db import Database
from traceapp.trace.capture import CaptureDocument, capture_document, read_document

from .registry import Row, benchmark

NUMBER = "BENCH_EPCIS_CAPTURE_EVENTS"
EVENTS = 100_000
OF_EACH = 1000
SEED = 20261129
SCHEMA = Path(__file__).resolve().parents[2] / "shared" / "conformance" / "epcis" / "EPCIS-JSON-Schema.json"
VALIDATED = 5
AIM_OF_BARE, AIM_OF_SCHEMA = 0.05, 10.0
_WHO = Actor(id="command-line", role="system", name="bench", source="cli")


@contextmanager
def _database() -> Iterator[Database]:
    with tempfile.TemporaryDirectory(prefix="traceapp-bench-") as folder:
        database = Database(f"sqlite:///{folder}/bench.db")
        models.metadata.create_all(database.engine)
        try:
            yield database
        finally:
            database.close()


@contextmanager
def _bare() -> Iterator[sqlite3.Connection]:
    """A table of texts, as durable as ours."""
    with tempfile.TemporaryDirectory(prefix="traceapp-bench-") as folder:
        connection = sqlite3.connect(f"{folder}/bare.db", isolation_level=None)
        connection.execute("PRAGMA journal_mode=WAL")
        connection.execute("PRAGMA synchronous=FULL")
        connection.execute("CREATE TABLE event (id INTEGER PRIMARY KEY, document TEXT NOT NULL)")
        yield connection
        connection.close()


def _captured(database: Database, content: bytes, name: str) -> float:
    """Processor seconds of one capture."""
    begun = time.process_time()
    document = read_document(CaptureDocument(name, content))
    with database.write() as session:
        capture_document(session, _WHO, SystemClock(), document)
    return time.process_time() - begun


def _barely(connection: sqlite3.Connection, content: bytes, texts: list[tuple[str]]) -> float:
    """Processor seconds of reading the document and inserting its events."""
    begun = time.process_time()
    json.loads(content)
    connection.execute("BEGIN")
    connection.executemany("INSERT INTO event (document) VALUES (?)", texts)
    connection.execute("COMMIT")
    return time.process_time() - begun


def _texts(content: bytes) -> list[tuple[str]]:
    events = json.loads(content)["epcisBody"]["eventList"]
    return [(json.dumps(event, ensure_ascii=False, separators=(",", ":")),) for event in events]


@benchmark("epcis_capture")
def epcis_capture() -> Iterable[Row]:
    """Document by document: ours, the bare way and, now and then, the validator; then the memory of whole runs."""
    take_habits()  # as every process of ours does
    events = int(os.environ.get(NUMBER, EVENTS))
    count = -(-events // OF_EACH)
    validate = _validator()
    ours, bare, checked = [], [], []
    begun = time.monotonic()
    with _database() as database, _bare() as connection:
        for number, content in enumerate(event_mix.documents(events, OF_EACH, SEED)):
            texts = _texts(content)
            gc.collect()
            ours.append(_captured(database, content, f"document {number}"))
            bare.append(_barely(connection, content, texts))
            if validate is not None and number % max(1, count // VALIDATED) == 0:
                checked.append((validate(content), ours[-1]))
        with database.read() as session:
            stored = session.connection().exec_driver_sql("SELECT count(*) FROM event").scalar()
    if stored != events:
        raise SystemExit(f"{stored} of {events} events are stored: nothing is measured")
    return _rows(events, (ours, bare, checked), time.monotonic() - begun)


def _rows(events: int, times: tuple[list[float], list[float], list[tuple[float, float]]], seconds: float) -> list[Row]:
    ours, bare, checked = times
    rate, bare_rate = events / sum(ours), events / sum(bare)
    tenth = max(1, len(ours) // 10)
    first, last = (OF_EACH / statistics.median(part) for part in (ours[:tenth], ours[-tenth:]))
    rows = [Row(f"capture of {events:,} events", rate, "events/s", "json.loads and bare insert", bare_rate,
                rate / bare_rate, AIM_OF_BARE,
                f"documents of {OF_EACH}; first tenth {first:,.0f}, last tenth {last:,.0f} events/s; processor time; "
                f"the whole run took {seconds:.0f} s")]
    if checked:
        theirs = OF_EACH * len(checked) / sum(validating for validating, _ in checked)
        here = OF_EACH * len(checked) / sum(own for _, own in checked)
        rows.append(Row("capture, the same documents", here, "events/s", "jsonschema validates", theirs, here / theirs,
                        AIM_OF_SCHEMA, f"{len(checked)} documents; the validator is made once and finds no fault"))
    else:
        print("bench: the schema is not in ../shared: nothing is measured beside jsonschema", file=sys.stderr)
    small, large = (_peak_mb(number) for number in (max(OF_EACH, events // 10), events))
    rows.append(Row(f"peak memory, {events:,} events", large, "MB", f"{max(OF_EACH, events // 10):,} events", small,
                    large / small, None, "the whole process; flat is 1.0"))
    return rows


def _validator() -> Callable[[bytes], float] | None:
    """What says how many processor seconds the validation of a document takes; None without the schema."""
    if not SCHEMA.is_file():
        return None
    import jsonschema

    validator = jsonschema.Draft7Validator(json.loads(SCHEMA.read_text(encoding="utf-8")))

    def validate(content: bytes) -> float:
        read = json.loads(content)
        begun = time.process_time()
        fault = next(validator.iter_errors(read), None)
        if fault is not None:
            raise SystemExit(f"the schema refuses the document: {fault.message[:200]}")
        return time.process_time() - begun

    return validate


def _peak_mb(events: int) -> float:
    """The most memory that a process of its own takes to capture so many events."""
    done = subprocess.run([sys.executable, "-m", "benchmarks.epcis_capture", str(events)], capture_output=True,
                          text=True, check=True)
    return float(done.stdout)


def main() -> None:
    take_habits()
    events = int(sys.argv[1])
    with _database() as database:
        for number, content in enumerate(event_mix.documents(events, OF_EACH, SEED)):
            _captured(database, content, f"document {number}")
    said = dict(line.split(":", 1) for line in Path("/proc/self/status").read_text().splitlines())
    print(int(said["VmHWM"].split()[0]) * 1024 / 1e6)


if __name__ == "__main__":
    main()
