"""The servers that were candidates, beside each other: the figures of docs/decisions/0002-server.md."""
from __future__ import annotations

import json
import logging
import os
import sqlite3
import statistics
import sys
import tempfile
from collections.abc import Iterable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

from flask import Flask
from sqlalchemy import column, create_engine, select, table, text

from .load import Load, Plan, put_load
from .registry import Row, benchmark, median_of_ratios
from .serving import measured, own_server, served

ROUNDS = 5
SECONDS = 3.0
LOTS = 20_000
DATABASE = "BENCH_SERVERS_DATABASE"
_GTIN = "09521234543213"
_PAGE = """<!doctype html><title>{{ name }}</title><style>""" + ".card { color: #123456 }\n" * 220 + """</style>
<h1>{{ name }}</h1><table>{% for row in rows %}<tr><td>{{ row.material }}<td>{{ row.lot }}<td>{{ row.amount }}</tr>
{% endfor %}</table>"""


@dataclass(frozen=True, slots=True)
class Candidate:
    """A server with a number of processes and of threads that run the application in each."""

    kind: str
    workers: int
    threads: int

    @property
    def name(self) -> str:
        return f"{self.kind}, {self.workers} × {self.threads}"

    def command(self) -> list[str]:
        if self.kind == "granian + bridge":
            return own_server("benchmarks.servers:application", self.workers, self.threads)
        return [sys.executable, "-m", "benchmarks.servers", self.kind, str(self.workers), str(self.threads)]


CANDIDATES = (
    Candidate("granian wsgi", 1, 1), Candidate("granian wsgi", 1, 4), Candidate("granian + bridge", 1, 1),
    Candidate("granian + bridge", 1, 2), Candidate("granian + bridge", 1, 4), Candidate("granian + bridge", 1, 8),
    Candidate("waitress", 1, 4), Candidate("granian wsgi", 2, 1), Candidate("granian + bridge", 2, 4),
)


def application() -> Flask:
    """A bare hello, and a page of about 8 KB made of one statement and a template."""
    app = Flask(__name__)
    engine = create_engine(f"sqlite:///{os.environ[DATABASE]}")
    lot = table("lot", column("gtin"), column("number"), column("name"), column("materials"))
    template = app.jinja_env.from_string(_PAGE)
    query = select(lot.c.name, lot.c.materials).where(lot.c.gtin == text(":gtin"), lot.c.number == text(":number"))

    @app.get("/hello")
    def hello() -> str:
        return "hello"

    @app.get("/page/<gtin>/<number>")
    def page(gtin: str, number: str) -> str:
        with engine.connect() as connection:
            name, materials = connection.execute(query, {"gtin": gtin, "number": number}).one()
        return template.render(name=name, rows=json.loads(materials))

    return app


def fill(path: Path) -> None:
    """The lots of the page."""
    materials = json.dumps([{"material": f"material {index}", "lot": f"WB-{index}", "amount": "12.5 kg"}
                            for index in range(30)])
    connection = sqlite3.connect(path)
    with connection:
        connection.execute("PRAGMA journal_mode=WAL")
        connection.execute("CREATE TABLE lot (gtin TEXT, number TEXT, name TEXT, materials TEXT, "
                           "PRIMARY KEY (gtin, number)) WITHOUT ROWID")
        connection.executemany("INSERT INTO lot VALUES (?, ?, ?, ?)", (
            (_GTIN, f"L{index:05}", f"Plaster {index}", materials) for index in range(LOTS)))
    connection.close()


def _rows(seen: dict[tuple[str, str], list[Load]], memory: dict[str, float]) -> Iterator[Row]:
    for (name, page), loads in seen.items():
        first = seen[CANDIDATES[0].name, page]
        rates = [load.rate for load in loads]
        references = [load.rate for load in first]
        yield Row(
            f"{page}: {name}", statistics.median(rates), "requests/s", CANDIDATES[0].name,
            statistics.median(references), median_of_ratios(rates, references),
            note=f"p50 {statistics.median(load.p50_ms for load in loads):.1f} ms, "
                 f"p99 {statistics.median(load.p99_ms for load in loads):.1f} ms, "
                 f"{statistics.median(load.cpu_us for load in loads):.0f} µs CPU, {memory[name]:.0f} MB, "
                 f"{sum(load.errors for load in loads)} errors")


@benchmark("servers")
def servers() -> Iterable[Row]:
    """Every candidate, hello and page, in turn; five rounds."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "lots.db")
        fill(path)
        what = {"hello": ("/hello",), "page": tuple(f"/page/{_GTIN}/L{index:05}" for index in range(0, LOTS, 7))}
        seen: dict[tuple[str, str], list[Load]] = {}
        with ExitStack() as stack:
            running = {candidate.name: stack.enter_context(served(candidate.command(), "/hello", {DATABASE: str(path)}))
                       for candidate in CANDIDATES}
            for server in running.values():
                for paths in what.values():
                    put_load(Plan(server.port, paths, 1.0))
            for _ in range(ROUNDS):
                for page, paths in what.items():
                    for name, server in running.items():
                        seen.setdefault((name, page), []).append(
                            measured(server, Plan(server.port, paths, SECONDS)))
            memory = {name: server.memory_mb() for name, server in running.items()}
        return list(_rows(seen, memory))


def main() -> None:
    kind, workers, threads = sys.argv[1:]
    port = int(os.environ["TRACEAPP_PORT"])
    if kind == "waitress":
        import waitress  # type: ignore[import-untyped]

        logging.getLogger("waitress.queue").setLevel(logging.ERROR)  # a line for each waiting request costs a third
        waitress.serve(application(), host="127.0.0.1", port=port, threads=int(threads))
        return
    from granian import Granian
    from granian.constants import Interfaces
    from granian.log import LogLevels

    Granian("benchmarks.servers:application", factory=True, port=port, interface=Interfaces.WSGI,
            workers=int(workers), blocking_threads=int(threads), log_level=LogLevels.warning).serve()


if __name__ == "__main__":
    main()
