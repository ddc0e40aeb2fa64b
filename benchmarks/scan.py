"""The scan page beside a bare Flask hello, on the same server in the same run (100,000 lots)."""
from __future__ import annotations

import os
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any
from urllib.request import Request, urlopen

from flask import Flask

from traceapp.db import Database

from .load import HEADERS, Load, Plan, generator, put_load
from .many_lots import fill, make_tables, path_of
from .registry import Row, benchmark, median_of_ratios
from .serving import Server, measured, own_server, served

LOTS = 100_000
ROUNDS = 5
SECONDS = 4.0
GOOD_P99_MS = 25
FIRST_VIEW_BYTES = 10 * 1024
_HELLO = "/bare-flask-hello"
_REFERENCE = "bare Flask hello"


def application() -> Callable[..., Any]:
    """The product, with a bare Flask beside it under one path."""
    from traceapp.app import from_environment

    product = from_environment()
    bare = Flask("bare")

    @bare.get(_HELLO)
    def hello() -> str:
        return "hello"

    def choose(environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
        return (bare if environ["PATH_INFO"] == _HELLO else product)(environ, start_response)

    # What the product answers without a thread, it answers so here too; the bare Flask has no such way.
    choose.at_once = product.at_once  # type: ignore[attr-defined]
    return choose


def environment_of(folder: str) -> dict[str, str]:
    """What a server over the database in `folder` is told."""
    return {"TRACEAPP_VAR_DIR": folder, "TRACEAPP_DATABASE_URL": f"sqlite:///{folder}/traceapp.db",
            "TRACEAPP_DEVELOPMENT": "1", "TRACEAPP_BASE_URL": "http://127.0.0.1"}


def _first_view(server: Server) -> int:
    """Bytes of the compressed scan page. Raises RuntimeError when it is not the page of the lot."""
    with urlopen(Request(f"http://127.0.0.1:{server.port}{path_of(1)}", headers=HEADERS), timeout=10) as answer:
        body = answer.read()
        if answer.headers.get("Content-Encoding") != "gzip" or "html" not in answer.headers["Content-Type"]:
            raise RuntimeError("the scan page did not come as compressed HTML")
    return len(body)


def _rounds(server: Server) -> dict[str, list[Load]]:
    every = tuple(path_of(index) for index in range(LOTS))
    loads: dict[str, list[Load]] = {"hello": [], "uncached": [], "cached": []}
    asked = 0
    for paths in ((_HELLO,), every[-2000:], every[:1]):
        put_load(Plan(server.port, paths, 2.0))
    for _ in range(ROUNDS):
        loads["hello"].append(measured(server, Plan(server.port, (_HELLO,), SECONDS)))
        loads["uncached"].append(measured(server, Plan(server.port, every, SECONDS, first=asked)))
        asked += loads["uncached"][-1].requests
        loads["cached"].append(measured(server, Plan(server.port, every[:1], SECONDS)))
    return loads


def _rows(loads: dict[str, list[Load]], size: int) -> Iterator[Row]:
    hello = loads["hello"]
    rate = statistics.median(load.rate for load in hello)
    for name, aim in (("uncached", 0.25), ("cached", 0.8)):
        page = loads[name]
        yield Row(f"scan page, {name}", statistics.median(load.rate for load in page), "requests/s", _REFERENCE, rate,
                  median_of_ratios([load.rate for load in page], [load.rate for load in hello]), aim,
                  f"at 32 clients p99 {_middle(page, 'p99_ms')} ms ({GOOD_P99_MS} is good; hello "
                  f"{_middle(hello, 'p99_ms')}); {_middle(page, 'cpu_us')} µs CPU (hello {_middle(hello, 'cpu_us')}); "
                  f"{sum(load.errors for load in page)} errors; {generator()}")
    yield Row("scan page, first view", size, "bytes", "limit", FIRST_VIEW_BYTES, FIRST_VIEW_BYTES / size, 1.0)


def _middle(loads: list[Load], field: str) -> str:
    return f"{statistics.median(getattr(load, field) for load in loads):.1f}"


@benchmark("scan")
def scan() -> Iterable[Row]:
    """The page from the database, the page from the cache, and hello, in turn; five rounds."""
    with tempfile.TemporaryDirectory() as folder:
        begun = time.monotonic()
        database = Database(environment_of(folder)["TRACEAPP_DATABASE_URL"])
        make_tables(database)
        fill(database, LOTS)
        database.close()
        size = Path(folder, "traceapp.db").stat().st_size / 1e6
        print(f"bench: {LOTS:,} lots filled in {time.monotonic() - begun:.0f} s, {size:,.0f} MB", file=sys.stderr)
        with served(own_server("benchmarks.scan:application", 1, _threads()), _HELLO, environment_of(folder)) as server:
            weight = _first_view(server)
            return list(_rows(_rounds(server), weight))


def _threads() -> int:
    """Threads of the server; the product's own number unless BENCH_THREADS says another."""
    from traceapp.web.bridge import Limits

    return int(os.environ.get("BENCH_THREADS", Limits().threads))
