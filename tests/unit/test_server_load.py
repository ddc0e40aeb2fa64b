"""The instruments: the load generator, the table of ratios, and the writers of the soak run."""
from __future__ import annotations

import json
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from http.client import HTTPConnection
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from tempfile import TemporaryFile

import pytest

from benchmarks.load import Plan, _by_own, _by_wrk, generator
from benchmarks.registry import Row, median_of_ratios, save, table
from benchmarks.serving import Server
from benchmarks.soak.writers import Ledger, Said, Writer, at_work


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    asked: list[str] = []

    def do_GET(self) -> None:
        self.asked.append(self.path)
        body = b"x" * 500
        self.send_response(404 if self.path == "/missing" else 200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:
        pass


@pytest.fixture
def port() -> Iterator[int]:
    _Handler.asked.clear()
    server = ThreadingHTTPServer(("127.0.0.1", 0), _Handler)
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield server.server_port
    server.shutdown()
    server.server_close()
    thread.join()


@pytest.mark.parametrize(("seconds", "connections", "paths"), [(31, 4, ("/",)), (0, 4, ("/",)), (1, 129, ("/",)),
                                                               (1, 0, ("/",)), (1, 4, ())])
def test_a_load_without_bounds_is_refused(seconds: float, connections: int, paths: tuple[str, ...]) -> None:
    with pytest.raises(ValueError, match="at most"):
        Plan(1, paths, seconds, connections)


def test_our_own_generator_asks_for_every_path_in_turn_and_counts_refusals(port: int) -> None:
    load = _by_own(Plan(port, ("/a", "/b", "/missing"), 0.5, connections=3))
    assert load.requests > 10
    assert abs(load.errors - load.requests / 3) <= 3
    assert {"/a", "/b", "/missing"} == set(_Handler.asked)
    assert 0 < load.p50_ms <= load.p99_ms
    assert 0.4 < load.seconds < 5


def test_wrk_gives_the_same_kind_of_figures_where_it_is_installed(port: int) -> None:
    if generator() != "wrk":
        pytest.skip("wrk is not here (apt-get install wrk)")
    load = _by_wrk(Plan(port, ("/a", "/missing"), 1, connections=2, first=1))
    assert load.requests > 10
    assert abs(load.errors - load.requests / 2) <= 3
    assert {"/a", "/missing"} == set(_Handler.asked)


def test_the_ratio_is_the_median_of_pairs_measured_together() -> None:
    assert median_of_ratios([10, 40, 90], [100, 100, 100]) == 0.4
    assert median_of_ratios([50, 10, 30], [100, 20, 30]) == 0.5


def test_the_table_and_the_file_show_value_reference_ratio_and_verdict(tmp_path: Path) -> None:
    rows = [Row("page", 250, "requests/s", "hello", 1000, 0.25, 0.25), Row("cached", 500, "requests/s", "hello", 1000,
                                                                          0.5, 0.8, "noted")]
    lines = table(rows).splitlines()
    assert "holds" in lines[1]
    assert "below" in lines[2]
    assert lines[2].endswith("noted")
    save(rows, tmp_path / "build" / "bench.json")
    kept = json.loads((tmp_path / "build" / "bench.json").read_text(encoding="utf-8"))
    assert [(row["name"], row["verdict"]) for row in kept] == [("page", "holds"), ("cached", "below")]


def test_who_is_stopped_in_the_middle_waits_for_no_writer_and_kills_the_servers() -> None:
    def way(connection: HTTPConnection, mark: str) -> Said:
        raise ConnectionResetError

    ledger = Ledger()
    writer = Writer("one", 1, way, ledger)
    process = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(60)"], start_new_session=True)
    begun = time.monotonic()
    with TemporaryFile() as log, pytest.raises(SystemExit):
        server = Server(process, 1, log)
        with at_work([writer], lambda: [server, server]):
            while not ledger.uncertain and time.monotonic() < begun + 5:
                time.sleep(0.01)
            raise SystemExit(143)
    writer.join(5)
    assert not writer.is_alive()
    assert process.returncode == -signal.SIGKILL
    assert time.monotonic() < begun + 10


def test_a_writer_sends_an_interrupted_report_again_under_the_same_mark() -> None:
    marks: list[str] = []

    def way(connection: HTTPConnection, mark: str) -> Said:
        marks.append(mark)
        if len(marks) == 1:
            raise ConnectionResetError
        time.sleep(0.005)
        return Said(500 if len(marks) == 3 else 201, is_replayed=len(marks) == 2)

    ledger = Ledger()
    writer = Writer("one", 1, way, ledger)
    writer.start()
    until = time.monotonic() + 5
    while len(marks) < 5 and time.monotonic() < until:
        time.sleep(0.01)
    writer.finish()
    writer.join(5)
    assert marks[0] == marks[1] != marks[2] != marks[3]
    assert ledger.interrupted == 1
    assert marks[0] in ledger.acknowledged
    assert ledger.uncertain == {marks[2]}
    assert ledger.retried == {"replayed": 1}
