"""Files of a recall and its archive for a hundred thousand consignees: processor time beside that of a bare XLSX and
JSON of the same lines, and how much the memory grows. `TRACEAPP_BENCH_CONSIGNEES` takes another number."""
from __future__ import annotations

import json
import os
import resource
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from time import process_time

from traceapp.jobs.recall_file_sweep import make_recall_files
from traceapp.recall.model import Recall
from traceapp.submission.recall_consignees import consignee_lines
from traceapp.submission.recall_file_jobs import PACKAGE, file_job, order_file
from traceapp.world import World

from .many_consignees import Team, make_case, submit_and_approve
from .registry import Row, benchmark
from .soak.installation import Installation

CONSIGNEES = 100_000
_FIELDS = ("consignee", "name_zh", "name_en", "lot", "shipped", "told_at", "letter")


@benchmark("recall-files")
def recall_files() -> Iterator[Row]:
    """On a database with this one recall."""
    count = int(os.environ.get("TRACEAPP_BENCH_CONSIGNEES", CONSIGNEES))
    with tempfile.TemporaryDirectory() as folder:
        installation = Installation(folder, 1)
        installation.run("db", "upgrade")
        world = installation.world()
        team, recall = make_case(world, count)
        submit_and_approve(world, team, recall)
        bare = _bare_seconds(world, recall, folder)
        for kind in ("us_806", "cn_closing", PACKAGE):
            yield _making(world, team, recall, (kind, bare, count))
        world.database.close()


def _making(world: World, team: Team, recall: Recall, wanted: tuple[str, float, int]) -> Row:
    kind, bare, count = wanted
    with world.database.write() as session:
        job_id = order_file(session, team.writer, world.clock, recall.id, kind).id
    before, begun = _peak_megabytes(), process_time()
    make_recall_files(world)
    seconds = process_time() - begun
    with world.database.read() as session:
        state = file_job(session, recall.id, job_id).state
    return Row(f"{kind} of {count:,} consignees", seconds, "s of processor", "bare XLSX and JSON", bare, bare / seconds,
               None, f"{state}; the peak of memory grew by {_peak_megabytes() - before:.0f} MB")


def _peak_megabytes() -> float:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / (1024 * 1024 if sys.platform == "darwin" else 1024)


def _bare_seconds(world: World, recall: Recall, folder: str) -> float:
    """The lines in hand, written once as a sheet and once as JSON with nothing around them."""
    import xlsxwriter

    with world.database.snapshot() as session:
        lines = [[str(getattr(line, name)) for name in _FIELDS]
                 for line in consignee_lines(session, recall.id, lambda _count: None)]
    begun = process_time()
    book = xlsxwriter.Workbook(f"{folder}/bare.xlsx", {"constant_memory": True})
    page = book.add_worksheet()
    for number, values in enumerate(lines):
        page.write_row(number, 0, values)
    book.close()
    with (Path(folder) / "bare.json").open("w", encoding="utf-8") as file:
        json.dump(lines, file)
    return process_time() - begun
