"""A file of complaints through the ordinary import: every row checked, its lot matched to those that we issued, its
person sealed, looked for among the complaints of the lot and of the contact, noted in the trail, given its duties.

Shown at 1,000, 10,000 and 100,000 rows: the seconds a row must not grow. `TRACEAPP_BENCH_COMPLAINTS="1000 10000"`
runs these sizes only; `TRACEAPP_BENCH_DATABASE_URL` names an empty PostgreSQL database to use instead of SQLite. Each
size runs in a process of its own, so that its peak memory is its own.
"""
from __future__ import annotations

import csv
import io
import json
import os
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from random import Random
from typing import Any

from sqlalchemy import func, select

from traceapp.complaint.importing import ImportComplaints, import_complaints
from traceapp.complaint.model import UNKNOWN_LOT, Complaint
from traceapp.core.actor import Actor
from traceapp.core.clock import SystemClock
from traceapp.db import Database
from traceapp.vault.service import Vault

from .complaint_reports import AGES, Told, reports
from .many_lots import fill, make_tables, number_of
from .registry import Row, benchmark

SIZES = (1_000, 10_000, 100_000)
REPORTS_OF_A_LOT = 50
_LEAST_OF_FIRST = 0.5
"""The rate at the largest size, of that at the smallest: half of it at the least."""
_KEY = "YSBrZXkgb2YgdGhlIGJlbmNobWFyaywgMzIgYnl0ZXM="
_HEAD = ("received", "lot", "description", "event date", "age", "sex", "terms", "place", "phone", "guardian")


def table_of(rows: int, lots: int) -> bytes:
    """A CSV file with so many complaints about so many lots; one lot in five is written as people write them."""
    chance, out = Random(5), io.StringIO()
    writer = csv.writer(out)
    writer.writerow(_HEAD)
    writer.writerows(_cells(chance, told) for told in reports(rows, lots, 7))
    return out.getvalue().encode("utf-8")


def _cells(chance: Random, told: Told) -> tuple[object, ...]:
    lot = "" if told.lot is None else number_of(told.lot)
    if lot and chance.random() < 0.2:
        lot = chance.choice((f"批号：{lot}", lot.lower(), lot.replace("0", "O"), f"LOT {lot[:3]}-{lot[3:]}"))
    age = "" if told.band == "unknown" else chance.randint(*AGES[told.band])
    sex = "" if told.sex == "unknown" else told.sex
    return (told.learned, lot or "不详", told.text, told.happened or "", age, sex, ";".join(told.terms), told.place,
            told.contact or "", "parent" if told.contact and told.band in ("0-1", "2-13") else "")


def run(rows: int, url: str) -> dict[str, Any]:
    """Import so many rows into the empty database, and say how it went."""
    lots = max(20, rows // REPORTS_OF_A_LOT)
    database = Database(url)
    make_tables(database)
    fill(database, lots)
    file = io.BytesIO(table_of(rows, lots))
    before = resource.getrusage(resource.RUSAGE_SELF)
    begun = time.perf_counter()
    with database.write() as session:
        taken = import_complaints(session, Actor("bench", "quality"), SystemClock(), file,
                                  ImportComplaints("bench.csv", "good_rows"), vault=Vault(_KEY)).rows_taken
    seconds, after = time.perf_counter() - begun, resource.getrusage(resource.RUSAGE_SELF)
    with database.read() as session:
        bound = session.scalar(select(func.count()).where(Complaint.lot_key != UNKNOWN_LOT))
        suspected = session.scalar(select(func.count()).where(Complaint.possible_duplicate_of.is_not(None)))
    return {"rows": rows, "taken": taken, "seconds": seconds, "bound": bound, "suspected": suspected, "lots": lots,
            "processor": after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime,
            "before": before.ru_maxrss / 1024, "peak": after.ru_maxrss / 1024}


def _in_a_process(rows: int) -> dict[str, Any]:
    with tempfile.TemporaryDirectory(prefix="traceapp-bench-") as folder:
        url = os.environ.get("TRACEAPP_BENCH_DATABASE_URL") or f"sqlite:///{Path(folder, 'bench.sqlite')}"
        done = subprocess.run([sys.executable, "-m", "benchmarks.complaint_import", str(rows), url],
                              stdout=subprocess.PIPE, check=True, text=True)
    found: dict[str, Any] = json.loads(done.stdout)
    return found


@benchmark("complaint_import")
def complaint_import() -> Iterator[Row]:
    """Complaints a second at each size, beside the smallest."""
    sizes = tuple(int(size) for size in os.environ.get("TRACEAPP_BENCH_COMPLAINTS", "").split()) or SIZES
    first = 0.0
    for rows in sizes:
        found = _in_a_process(rows)
        rate = found["taken"] / found["processor"]
        first = first or rate
        yield Row(f"import of {rows:,} complaints", rate, "complaints/s of processor time", f"at {sizes[0]:,}", first,
                  rate / first, _LEAST_OF_FIRST,
                  f"{found['seconds']:.1f} s, {found['bound']:,} bound to {found['lots']:,} lots, "
                  f"{found['suspected']:,} suspected; peak {found['peak']:.0f} MB, {found['before']:.0f} before")


if __name__ == "__main__":
    print(json.dumps(run(int(sys.argv[1]), sys.argv[2])))
