"""The server as a process of its own: what goes over the wire, and how it stops."""
from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from http.client import HTTPConnection
from pathlib import Path
from typing import Any

import pytest

from traceapp.web.server import load_application

_START = """
import sys
from traceapp.web.bridge import Limits
from traceapp.web.server import serve
serve("tests.unit.test_server_process:make_application", host="127.0.0.1", port=int(sys.argv[1]),
      workers=int(sys.argv[2]), limits=Limits(threads=4, body_bytes=3_000_000, spool_bytes=100_000))
"""
_ROOT = Path(__file__).resolve().parents[2]


def make_application() -> Callable[..., Any]:
    closed: list[str] = []

    def blocks(environ: dict[str, Any]) -> Iterator[bytes]:
        try:
            for number in range(2000):
                if environ["PATH_INFO"] == "/break" and number == 3:
                    raise ZeroDivisionError
                time.sleep(0.005)
                yield b"x" * 10_000
        finally:
            closed.append(environ["QUERY_STRING"])

    def application(environ: dict[str, Any], start: Callable[..., Any]) -> Any:
        path = environ["PATH_INFO"]
        if path in ("/blocks", "/break"):
            start("200 OK", [("Content-Type", "text/csv")])
            return blocks(environ)
        if path == "/sleep":
            time.sleep(float(environ["QUERY_STRING"]))
        text = {"/closed": ",".join(closed), "/pid": str(os.getpid()),
                "/length": str(len(environ["wsgi.input"].read()))}.get(path, environ["REQUEST_URI"])
        start("200 OK", [("Content-Type", "text/plain"), ("Content-Length", str(len(text)))])
        return [text.encode("latin-1")]

    return application


def _start(workers: int = 1) -> tuple[subprocess.Popen[bytes], int]:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    process = subprocess.Popen([sys.executable, "-c", _START, str(port), str(workers)], cwd=_ROOT,
                               start_new_session=True, stderr=subprocess.PIPE)
    until = time.monotonic() + 60
    while time.monotonic() < until:
        assert process.poll() is None, process.stderr and process.stderr.read()
        try:
            _get(port, "/")
        except OSError:
            time.sleep(0.05)
        else:
            return process, port
    raise AssertionError("the server did not start")


def _get(port: int, target: str, method: str = "GET", body: Any = None, **headers: str) -> tuple[int, bytes]:
    with closing(HTTPConnection("127.0.0.1", port, timeout=20)) as connection:
        connection.request(method, target, body, headers)
        answer = connection.getresponse()
        return answer.status, answer.read()


def _raw(port: int, request: bytes, until: bytes) -> bytes:
    """What comes back on a bare connection, up to `until` or to its end."""
    with socket.create_connection(("127.0.0.1", port), timeout=10) as connection:
        connection.sendall(request)
        got = b""
        while until not in got:
            part = connection.recv(65536)
            if not part:
                break
            got += part
        return got


def _end(process: subprocess.Popen[bytes], number: int = signal.SIGTERM) -> float:
    begun = time.monotonic()
    process.send_signal(number)
    try:
        process.wait(20)
    finally:
        if process.poll() is None:
            os.killpg(process.pid, signal.SIGKILL)
        if process.stderr:
            process.stderr.close()
    return time.monotonic() - begun


@pytest.fixture(scope="module")
def port() -> Iterator[int]:
    process, port = _start()
    yield port
    _end(process)


def test_the_raw_path_reaches_the_application_through_the_real_server(port: int) -> None:
    target = "/01/09521234543213/10/A%2FB%20%E6%89%B9?x=%2F&y"
    assert _get(port, target) == (200, target.encode())


def test_a_chunked_body_and_a_large_one_arrive(port: int) -> None:
    assert _get(port, "/length", "POST", iter([b"hel", b"lo"])) == (200, b"5")
    assert _get(port, "/length", "POST", b"x" * 2_500_000) == (200, b"2500000")


def test_a_body_above_the_limit_is_refused_in_words_although_the_client_sends_all_of_it(port: int) -> None:
    status, text = _get(port, "/length", "POST", b"x" * 9_000_000)
    assert status == 413
    assert b"larger than" in text


def test_a_client_that_waits_for_100_continue_gets_it(port: int) -> None:
    head = b"POST /length HTTP/1.1\r\nHost: h\r\nExpect: 100-continue\r\nContent-Length: 5\r\nConnection: close\r\n\r\n"
    assert _raw(port, head, b"\r\n\r\n").startswith(b"HTTP/1.1 100 Continue")


def test_two_lengths_that_differ_are_refused(port: int) -> None:
    request = b"POST /length HTTP/1.1\r\nHost: h\r\nContent-Length: 5\r\nContent-Length: 6\r\n\r\nhello!"
    assert _raw(port, request, b"\r\n\r\n").startswith(b"HTTP/1.1 400")


def test_a_head_request_has_the_length_and_no_body(port: int) -> None:
    got = _raw(port, b"HEAD /pid HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n", b"never")
    assert b"content-length: " in got
    assert got.endswith(b"\r\n\r\n")


def test_an_answer_that_breaks_in_the_middle_does_not_end_like_a_whole_one(port: int) -> None:
    got = _raw(port, b"GET /break HTTP/1.1\r\nHost: h\r\n\r\n", b"never")
    assert got.startswith(b"HTTP/1.1 200")
    assert b"x" * 10_000 in got
    assert not got.endswith(b"0\r\n\r\n")


def test_a_client_that_hangs_up_has_its_answer_closed(port: int) -> None:
    _raw(port, b"GET /blocks?gone HTTP/1.1\r\nHost: h\r\n\r\n", b"x" * 5000)
    until = time.monotonic() + 5
    while b"gone" not in _get(port, "/closed")[1]:
        assert time.monotonic() < until, "the answer was not closed"
        time.sleep(0.05)


def test_sigterm_lets_the_request_in_flight_finish_and_ends_in_under_five_seconds() -> None:
    process, port = _start(workers=2)
    answers: list[tuple[int, bytes]] = []
    asking = threading.Thread(target=lambda: answers.append(_get(port, "/sleep?1.5")))
    asking.start()
    time.sleep(0.5)
    took = _end(process)
    asking.join()
    assert answers == [(200, b"/sleep?1.5")]
    assert 0.5 < took < 5
    assert process.returncode == 0


def test_a_request_that_never_ends_does_not_keep_the_server_from_stopping() -> None:
    process, port = _start()
    with socket.create_connection(("127.0.0.1", port)) as connection:
        connection.sendall(b"GET /sleep?60 HTTP/1.1\r\nHost: h\r\n\r\n")
        time.sleep(0.3)
        assert _end(process, signal.SIGINT) < 20  # the request takes a minute


def test_a_worker_ends_when_the_main_process_was_killed() -> None:
    process, port = _start()
    worker = int(_get(port, "/pid")[1])
    assert worker != process.pid
    process.kill()
    process.wait()
    until = time.monotonic() + 5
    with pytest.raises(OSError, match="refused"):
        while time.monotonic() < until:
            _get(port, "/")
            time.sleep(0.05)
    if process.stderr:
        process.stderr.close()


def test_an_application_path_without_a_name_is_refused_in_words() -> None:
    with pytest.raises(ValueError, match="module:name"):
        load_application("traceapp.app")
