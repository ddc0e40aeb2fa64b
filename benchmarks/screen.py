"""The full lot × term screen over ten million reports in one Parquet file, beside DuckDB with two threads.

Both begin as a new process with the file and end with the table in memory: counts, margins, E, PRR, IC. `alike` is
just that; `plain` adds ROR and the exact lower limit of IC, which SQL has no function for; `fitted` adds EBGM of every
pair and EB05. DuckDB is also the reader of our side, so that both pay for the same reading. The answers must agree,
cell by cell in sums. All sides take turns within a round, and a ratio is that of one round.
"""
from __future__ import annotations

import json
import math
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np

from traceapp.core.process import compute_on_one_core

from .registry import Row, benchmark, median_of_ratios

REPORTS, LOTS, TERMS, SEED = 10_000_000, 20_000, 2_000, 7
PLANTED, EACH = 30, 60
ROUNDS = 3
_SIDES = ("duckdb", "alike", "plain", "fitted")
# A sum over millions of cells in another order differs in its last digits.
_SAME = 1e-9
_KEY = 1009

_SQL = f"""
create temp table screened as
with pair as (select batch, term, count(*)::double as a from read_parquet(?) group by batch, term),
     lot as (select batch, sum(a) as n from pair group by batch),
     word as (select term, sum(a) as m from pair group by term),
     whole as (select sum(a) as total from pair)
select batch, term, a, n, m, n * m / total as e,
       case when m = a then 'infinity'::double else a * (total - n) / ((m - a) * n) end as prr,
       log2((a + 0.5) / (n * m / total + 0.5)) as ic
from pair join lot using (batch) join word using (term) cross join whole;
select count(*), sum(a * ((batch * 31 + term) % {_KEY})), sum(e * ((batch * 31 + term) % {_KEY})),
       sum(ic * ((batch * 31 + term) % {_KEY})), sum(case when isinf(prr) then 0 else prr end),
       count(*) filter (isinf(prr)), count(*) filter (a >= 3 and prr >= 2) from screened;
"""


def make_file(path: Path, reports: int = REPORTS, seed: int = SEED) -> None:
    """Lots and terms by Zipf's law, independent of each other, and thirty pairs with sixty reports more."""
    import duckdb

    rng = np.random.default_rng(seed)
    columns = {}
    for name, number in (("batch", LOTS), ("term", TERMS)):
        chances = 1 / np.arange(1, number + 1)
        drawn = rng.choice(number, reports, p=chances / chances.sum())
        drawn[: PLANTED * EACH] = np.repeat(rng.integers(number // 2, number, PLANTED), EACH)
        columns[name] = rng.permutation(number)[drawn].astype(np.int32)
    order = rng.permutation(reports)
    data = {name: values[order] for name, values in columns.items()}
    data["day"] = np.sort(rng.integers(0, 3650, reports)).astype(np.int32)
    with duckdb.connect() as connection:
        connection.register("data", data)
        connection.execute("copy (select batch, term, date '2016-01-01' + day as date from data) "
                           f"to '{path}' (format parquet)")


def screen_file(path: str, side: str) -> list[float]:
    """Our side: a digest of the table."""
    import duckdb

    from traceapp.signals.screen import count_codes, screen, shrink

    with duckdb.connect(config={"threads": 2}) as connection:
        columns = connection.execute("select batch, term from read_parquet(?)", [path]).fetchnumpy()
    batch, term = (np.ma.getdata(columns.pop(name)) for name in ("batch", "term"))
    found = screen(count_codes(batch, term, (int(batch.max()) + 1, int(term.max()) + 1)), only_sql=side == "alike")
    if side == "fitted":
        shrunk = shrink(found)
        return [float(np.nansum(shrunk.ebgm)), float(np.sum(shrunk.eb05 >= 2)), float(np.sum(found.ic025 > 0))]
    counts = found.counts
    key = (counts.lots * 31 + counts.terms) % _KEY
    alone = np.isinf(found.prr)
    return [counts.a.size, float(key @ counts.a.astype(float)), float(key @ found.expected), float(key @ found.ic),
            float(found.prr[~alone].sum()), float(alone.sum()), float(np.sum((counts.a >= 3) & (found.prr >= 2)))]


def ask_duckdb(path: str) -> list[float]:
    """DuckDB's side: the same digest."""
    import duckdb

    with duckdb.connect(config={"threads": 2}) as connection:
        create, digest = (part for part in _SQL.split(";") if part.strip())
        connection.execute(create, [path])
        row = connection.execute(digest).fetchone()
    assert row is not None
    return [float(value) for value in row]


def measured(side: str, path: Path) -> dict[str, Any]:
    """A side in a process of its own: seconds from its start to its end, peak memory, digest."""
    begun = time.perf_counter()
    done = subprocess.run([sys.executable, "-m", "benchmarks.screen", side, str(path)], check=True,
                          stdout=subprocess.PIPE, text=True)
    return {"seconds": time.perf_counter() - begun, **json.loads(done.stdout)}


def agree(ours: list[float], theirs: list[float]) -> bool:
    """Whether both digests are the same to rounding."""
    return len(ours) == len(theirs) and all(math.isclose(one, other, rel_tol=_SAME)
                                            for one, other in zip(ours, theirs, strict=True))


@benchmark("screen")
def screen_benchmark() -> Iterator[Row]:
    """Seconds beside DuckDB's; aims: no more than 1.5 times as long, 4 times with the fitted measures."""
    # What every process of ours takes on at its start; those of the sides inherit it.
    compute_on_one_core()
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "reports.parquet"
        make_file(path)
        rounds = [{side: measured(side, path) for side in _SIDES} for _ in range(ROUNDS)]
        size = path.stat().st_size / 1e6
    for one in rounds:
        for side in ("alike", "plain"):
            if not agree(one[side]["digest"], one["duckdb"]["digest"]):
                raise RuntimeError(f"the answers differ: {one[side]['digest']} and {one['duckdb']['digest']}")
    pairs, flags = rounds[0]["plain"]["digest"][0], rounds[0]["fitted"]["digest"]
    for side, aim, note in (
        ("alike", 1 / 1.5, "just what the SQL computes: counts, margins, E, PRR, IC"),
        ("plain", 1 / 1.5,
         f"with ROR and exact IC025; {REPORTS:,} reports, {size:.0f} MB, {pairs:,.0f} pairs; answers agree"),
        ("fitted", 1 / 4, f"of {PLANTED} planted pairs EB05 >= 2 flags {flags[1]:.0f}; IC025 > 0 flags {flags[2]:.0f}"),
    ):
        own, other = ([one[name]["seconds"] for one in rounds] for name in (side, "duckdb"))
        memory = max(one[side]["memory"] for one in rounds), max(one["duckdb"]["memory"] for one in rounds)
        yield Row(f"screen, {side}", sorted(own)[ROUNDS // 2], "s", "DuckDB, 2 threads", sorted(other)[ROUNDS // 2],
                  median_of_ratios(other, own), aim,
                  f"{note}; peak memory {memory[0]:.0f} MB, DuckDB {memory[1]:.0f} MB")


def _side(side: str, path: str) -> None:
    digest = ask_duckdb(path) if side == "duckdb" else screen_file(path, side)
    peak = next(line for line in Path("/proc/self/status").read_text().splitlines() if line.startswith("VmHWM"))
    print(json.dumps({"digest": digest, "memory": int(peak.split()[1]) / 1024}))


if __name__ == "__main__":
    _side(*sys.argv[1:])
