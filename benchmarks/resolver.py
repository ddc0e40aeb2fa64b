"""Redirects and linksets beside a bare Flask hello, on the same server in the same run (20,000 lots)."""
from __future__ import annotations

import statistics
import tempfile
from collections.abc import Iterable, Iterator
from urllib.request import Request, urlopen

from traceapp.db import Database

from .load import Load, Plan, generator, put_load
from .many_lots import code_path_of, fill, make_tables
from .registry import Row, benchmark, median_of_ratios
from .scan import _HELLO as HELLO
from .scan import _threads as threads
from .scan import environment_of as environment_in
from .serving import Server, measured, own_server, served

LOTS = 20_000
ROUNDS = 5
SECONDS = 3.0
_LINKSET = "application/linkset+json"
_REFERENCE = "bare Flask hello"
# name -> (form asked for, how many codes in turn, least ratio)
_LOADS = {"redirect, uncached": ("", LOTS, 0.4), "redirect, cached": ("", 1, 0.8),
          "linkset, uncached": (_LINKSET, LOTS, 0.4), "linkset, cached": (_LINKSET, 1, 0.8)}


def _checked(server: Server) -> None:
    """Raise RuntimeError when the answers are not those that are to be measured."""
    with urlopen(Request(f"http://127.0.0.1:{server.port}{code_path_of(1)}", headers={"Accept": _LINKSET}),
                 timeout=10) as answer:
        if answer.headers["Content-Type"] != _LINKSET or b"recallStatus" not in answer.read():
            raise RuntimeError("the resolver did not answer with the linkset of a lot")


def _rounds(server: Server) -> dict[str, list[Load]]:
    every = tuple(code_path_of(index) for index in range(LOTS))
    loads: dict[str, list[Load]] = {name: [] for name in ("hello", *_LOADS)}
    asked = 0
    for plan in (Plan(server.port, (HELLO,), 2.0), Plan(server.port, every[-2000:], 2.0, accept=_LINKSET)):
        put_load(plan)
    for _ in range(ROUNDS):
        loads["hello"].append(measured(server, Plan(server.port, (HELLO,), SECONDS)))
        for name, (form, codes, _aim) in _LOADS.items():
            # Every code is asked for again only after all others, long after its kept answer has gone stale.
            plan = Plan(server.port, every[:codes], SECONDS, first=asked if codes > 1 else 0, accept=form)
            loads[name].append(measured(server, plan))
            asked += loads[name][-1].requests if codes > 1 else 0
    return loads


def _rows(loads: dict[str, list[Load]]) -> Iterator[Row]:
    hello = loads["hello"]
    rate = statistics.median(load.rate for load in hello)
    for name, (_form, _codes, aim) in _LOADS.items():
        found = loads[name]
        yield Row(f"resolver, {name}", statistics.median(load.rate for load in found), "requests/s", _REFERENCE, rate,
                  median_of_ratios([load.rate for load in found], [load.rate for load in hello]), aim,
                  f"at 32 clients p99 {_middle(found, 'p99_ms')} ms (hello {_middle(hello, 'p99_ms')}); "
                  f"{_middle(found, 'cpu_us')} µs CPU (hello {_middle(hello, 'cpu_us')}); "
                  f"{sum(load.errors for load in found)} errors; {generator()}")


def _middle(loads: list[Load], field: str) -> str:
    return f"{statistics.median(getattr(load, field) for load in loads):.1f}"


@benchmark("resolver")
def resolver() -> Iterable[Row]:
    """Redirects and linksets, from the database and kept, and hello, in turn; five rounds."""
    with tempfile.TemporaryDirectory() as folder:
        environment = environment_in(folder)
        database = Database(environment["TRACEAPP_DATABASE_URL"])
        make_tables(database)
        fill(database, LOTS)
        database.close()
        with served(own_server("benchmarks.scan:application", 1, threads()), HELLO, environment) as server:
            _checked(server)
            return list(_rows(_rounds(server)))
