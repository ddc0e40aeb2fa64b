"""The bridge from ASGI to WSGI: what an application sees, and what a client gets."""
from __future__ import annotations

import asyncio
import contextvars
import logging
import threading
import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import quote, unquote_to_bytes
from wsgiref.validate import validator

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from traceapp.web.at_once import TRIED, Done
from traceapp.web.bridge import Limits, WsgiBridge

Start = Callable[..., Any]
Environ = dict[str, Any]


@dataclass
class Client:
    """What an ASGI server would do for one connection."""

    messages: list[dict[str, Any]] = field(default_factory=lambda: [
        {"type": "http.request", "body": b"", "more_body": False}])
    leaves_after: int | None = None
    pace: float = 0.0
    sent: list[dict[str, Any]] = field(default_factory=list)

    async def receive(self) -> dict[str, Any]:
        if self.messages:
            return self.messages.pop(0)
        while self.leaves_after is None or len(self.bodies) < self.leaves_after:
            await asyncio.sleep(0.005)
        return {"type": "http.disconnect"}

    async def send(self, message: dict[str, Any]) -> None:
        self.sent.append(message)
        if message["type"] == "http.response.body":
            await asyncio.sleep(self.pace)

    @property
    def bodies(self) -> list[dict[str, Any]]:
        return [message for message in self.sent if message["type"] == "http.response.body"]

    @property
    def status(self) -> int:
        return int(self.sent[0]["status"])

    @property
    def headers(self) -> list[tuple[bytes, bytes]]:
        return list(self.sent[0]["headers"])

    @property
    def body(self) -> bytes:
        return b"".join(message["body"] for message in self.bodies)

    @property
    def is_whole(self) -> bool:
        return bool(self.bodies) and not self.bodies[-1]["more_body"]


def scope_of(target: str = "/", method: str = "GET", headers: Iterable[tuple[bytes, bytes]] = (),
             version: str = "1.1") -> dict[str, Any]:
    path, _, query = target.partition("?")
    return {"type": "http", "http_version": version, "method": method, "scheme": "http", "raw_path": path.encode(),
            "path": unquote_to_bytes(path).decode("utf-8", "replace"), "query_string": query.encode(),
            "headers": [(b"host", b"trace.example"), *headers], "server": ("127.0.0.1", "8000"),
            "client": ("192.0.2.7", "50000")}


def ask(app: Any, scope: dict[str, Any] | None = None, client: Client | None = None,
        limits: Limits | None = None) -> Client:
    """One request through a bridge of its own."""
    client = client or Client()
    bridge = WsgiBridge(app, limits or Limits(threads=2))

    async def run() -> None:
        async with asyncio.timeout(20):
            await bridge(scope or scope_of(), client.receive, client.send)

    try:
        asyncio.run(run())
    finally:
        bridge.threads.end()
    return client


def posting(*chunks: bytes) -> Client:
    last = len(chunks) - 1
    return Client([{"type": "http.request", "body": chunk, "more_body": number < last}
                   for number, chunk in enumerate(chunks)])


def seen_environ(scope: dict[str, Any], client: Client | None = None) -> Environ:
    seen: Environ = {}

    def app(environ: Environ, start: Start) -> list[bytes]:
        seen.update(environ)
        start("200 OK", [("Content-Type", "text/plain")])
        return [b"ok"]

    assert ask(app, scope, client).status == 200
    return seen


def echo(environ: Environ, start: Start) -> list[bytes]:
    body = environ["wsgi.input"].read()
    start("200 OK", [("Content-Type", "application/octet-stream"), ("Content-Length", str(len(body)))])
    return [body]


def test_an_encoded_slash_in_a_lot_survives_in_the_raw_uri_and_is_decoded_in_the_path() -> None:
    environ = seen_environ(scope_of("/01/09521234543213/10/A%2FB?s=%2F"))
    assert environ["REQUEST_URI"] == environ["RAW_URI"] == "/01/09521234543213/10/A%2FB?s=%2F"
    assert environ["PATH_INFO"] == "/01/09521234543213/10/A/B"
    assert environ["QUERY_STRING"] == "s=%2F"


@given(st.text(min_size=1, max_size=30).filter(lambda text: text.isprintable()))
@settings(max_examples=40, deadline=None)
def test_any_text_as_a_path_segment_comes_out_as_it_went_in(text: str) -> None:
    environ = seen_environ(scope_of("/t/" + quote(text, safe="")))
    assert environ["PATH_INFO"].encode("latin-1").decode("utf-8") == "/t/" + text
    assert environ["REQUEST_URI"] == "/t/" + quote(text, safe="")


def test_bytes_that_are_not_utf_8_reach_the_application_unharmed() -> None:
    assert seen_environ(scope_of("/t/%FF%00"))["PATH_INFO"] == "/t/\xff\x00"


def test_the_environ_and_the_calls_keep_to_pep_3333_by_its_validator() -> None:
    def app(environ: Environ, start: Start) -> list[bytes]:
        environ["wsgi.input"].read(10)
        start("200 OK", [("Content-Type", "text/plain")])
        return [b"fine"]

    scope = scope_of("/a?b=c", "POST", [(b"content-length", b"4"), (b"content-type", b"text/plain")])
    client = ask(validator(app), scope, posting(b"body"))
    assert (client.status, client.body) == (200, b"fine")


def test_repeated_headers_are_joined_and_cookies_with_a_semicolon() -> None:
    environ = seen_environ(scope_of(headers=[
        (b"accept", b"text/html"), (b"accept", b"text/plain"), (b"cookie", b"a=1"), (b"cookie", b"b=2"),
        (b"x-text", b"\xe4")]))
    assert environ["HTTP_ACCEPT"] == "text/html, text/plain"
    assert environ["HTTP_COOKIE"] == "a=1; b=2"
    assert environ["HTTP_X_TEXT"] == "\xe4"


@pytest.mark.parametrize("name", [b"x_forwarded_for", b"proxy", b"content_length"])
def test_headers_that_could_pass_for_another_are_dropped(name: bytes) -> None:
    environ = seen_environ(scope_of(headers=[(name, b"7")]))
    assert "7" not in [value for key, value in environ.items() if key.startswith(("HTTP_", "CONTENT_"))]


@pytest.mark.parametrize("headers", [[(b"host", b"")], [(b"host", b"a"), (b"host", b"b")],
                                     [(b"host", b"a"), (b"content-type", b"a/b"), (b"content-type", b"c/d")]])
def test_a_request_with_an_unclear_host_or_type_is_refused(headers: list[tuple[bytes, bytes]]) -> None:
    client = ask(echo, {**scope_of(), "headers": headers})
    assert client.status == 400
    assert (b"connection", b"close") in client.headers


def test_an_old_client_without_host_is_served() -> None:
    assert "HTTP_HOST" not in seen_environ({**scope_of(version="1"), "headers": [(b"host", b"")]})


def test_a_chunked_body_arrives_whole_with_its_length() -> None:
    scope = scope_of(method="POST", headers=[(b"transfer-encoding", b"chunked")])
    environ = seen_environ(scope, posting(b"hel", b"", b"lo"))
    assert environ["CONTENT_LENGTH"] == "5"
    assert "HTTP_TRANSFER_ENCODING" not in environ
    assert ask(echo, scope, posting(b"hel", b"", b"lo")).body == b"hello"


def test_a_body_above_the_spool_size_goes_to_a_file_and_is_closed_afterwards() -> None:
    seen: list[Any] = []

    def app(environ: Environ, start: Start) -> list[bytes]:
        seen.append((environ["wsgi.input"], environ["wsgi.input"]._rolled))
        return echo(environ, start)

    scope = scope_of(method="POST", headers=[(b"content-length", b"3000")])
    client = ask(app, scope, posting(b"x" * 1000, b"y" * 2000), Limits(threads=1, spool_bytes=1500))
    assert client.body == b"x" * 1000 + b"y" * 2000
    stream, rolled = seen[0]
    assert rolled
    assert stream.closed


@pytest.mark.parametrize("headers", [[(b"content-length", b"3000")], [(b"transfer-encoding", b"chunked")]])
def test_a_body_above_the_limit_gets_a_clear_413_and_never_reaches_the_application(
        headers: list[tuple[bytes, bytes]]) -> None:
    limits = Limits(threads=1, body_bytes=2000)
    called: list[Environ] = []
    client = posting(b"x" * 1500, b"x" * 1500)
    ask(lambda environ, start: called.append(environ) or [], scope_of(method="POST", headers=headers), client, limits)
    assert (client.status, called, client.messages) == (413, [], [])
    assert "MiB" in client.body.decode()


def test_a_body_that_stalls_is_answered_408() -> None:
    client = Client([{"type": "http.request", "body": b"x", "more_body": True}])
    ask(echo, scope_of(method="POST", headers=[(b"content-length", b"9")]), client, Limits(1, idle_seconds=0.05))
    assert client.status == 408


def test_a_client_that_leaves_while_sending_never_reaches_the_application() -> None:
    called: list[Environ] = []
    client = Client([{"type": "http.request", "body": b"x", "more_body": True}, {"type": "http.disconnect"}])
    ask(lambda environ, start: called.append(environ) or [],
        scope_of(method="POST", headers=[(b"content-length", b"9")]), client)
    assert (called, client.sent) == ([], [])


def test_an_exception_is_logged_and_answered_500(caplog: pytest.LogCaptureFixture) -> None:
    def app(environ: Environ, start: Start) -> list[bytes]:
        start("200 OK", [("Content-Type", "text/plain")])
        raise ZeroDivisionError

    with caplog.at_level(logging.ERROR, "traceapp.server"):
        client = ask(app, scope_of("/broken/secret-of-a-link"))
    assert (client.status, client.is_whole) == (500, True)
    assert "/broken" in caplog.text
    assert "secret" not in caplog.text, "what follows the first part of a path may be the secret of a link"
    assert "ZeroDivisionError" in caplog.text


def test_an_exception_after_the_first_block_breaks_the_answer_off() -> None:
    sent = threading.Event()

    class Watching(Client):
        async def send(self, message: dict[str, Any]) -> None:
            await super().send(message)
            if self.bodies:
                sent.set()

    def app(environ: Environ, start: Start) -> Iterator[bytes]:
        start("200 OK", [("Content-Type", "text/csv")])
        yield b"first line\n"
        sent.wait(5)
        raise ZeroDivisionError

    client = ask(app, client=Watching())
    assert (client.status, client.body, client.is_whole) == (200, b"first line\n", False)


def test_an_answer_shorter_than_promised_is_not_passed_off_as_whole() -> None:
    def app(environ: Environ, start: Start) -> list[bytes]:
        start("200 OK", [("Content-Length", "10")])
        return [b"short"]

    client = ask(app)  # the block may be on its way before the end is seen
    assert client.status == 500 or not client.is_whole


def test_what_is_beyond_the_promised_length_is_cut() -> None:
    def app(environ: Environ, start: Start) -> list[bytes]:
        start("200 OK", [("Content-Length", "4")])
        return [b"abc", b"def"]

    assert ask(app).body == b"abcd"


@pytest.mark.parametrize(("method", "status"), [("HEAD", "200 OK"), ("GET", "304 Not Modified"),
                                                ("GET", "204 No Content")])
def test_an_answer_that_has_no_body_sends_none_and_keeps_its_length_header(method: str, status: str) -> None:
    def app(environ: Environ, start: Start) -> list[bytes]:
        start(status, [("Content-Length", "5")])
        return [b"hello"]

    client = ask(app, scope_of(method=method))
    assert (client.body, client.is_whole) == (b"", True)
    assert (b"content-length", b"5") in client.headers


def test_headers_of_the_connection_are_not_the_applications_to_set() -> None:
    def app(environ: Environ, start: Start) -> list[bytes]:
        start("200 OK", [("Connection", "close"), ("Transfer-Encoding", "chunked"), ("X-Kept", "a"), ("X-Kept", "b")])
        return [b""]

    assert ask(app).headers == [(b"x-kept", b"a"), (b"x-kept", b"b")]


def test_a_line_break_in_a_header_is_refused() -> None:
    def app(environ: Environ, start: Start) -> list[bytes]:
        start("200 OK", [("Location", "/a\r\nSet-Cookie: b=c")])
        return [b""]

    client = ask(app)
    assert client.status == 500
    assert b"set-cookie" not in dict(client.headers)


def test_start_response_with_exc_info_replaces_an_answer_that_was_not_sent() -> None:
    def app(environ: Environ, start: Start) -> list[bytes]:
        start("200 OK", [("X-First", "1")])
        error = ValueError("late")
        start("503 Service Unavailable", [("X-Second", "2")], (ValueError, error, None))
        return [b"sorry"]

    client = ask(app)
    assert (client.status, client.headers) == (503, [(b"x-second", b"2")])


def test_the_old_write_function_sends_before_the_iterable() -> None:
    def app(environ: Environ, start: Start) -> list[bytes]:
        write = start("200 OK", [("Content-Length", "6")])
        write(b"abc")
        return [b"def"]

    client = ask(app)
    assert (client.body, client.is_whole) == (b"abcdef", True)


class Answer:
    """An iterable that knows whether it was closed, how far it was read, and on which threads."""

    def __init__(self, blocks: int, size: int = 1000, pause: float = 0.0) -> None:
        self.blocks = blocks
        self.size = size
        self.pause = pause
        self.given = 0
        self.closed = 0
        self.ahead: list[int] = []

    def __call__(self, environ: Environ, start: Start) -> Answer:
        start("200 OK", [("Content-Type", "text/csv")])
        return self

    def __iter__(self) -> Iterator[bytes]:
        while self.given < self.blocks:
            self.given += 1
            time.sleep(self.pause)
            yield b"x" * self.size

    def close(self) -> None:
        self.closed += 1


def test_an_answer_is_closed_once_when_it_was_sent_and_when_it_failed() -> None:
    whole = Answer(3)
    assert ask(whole).body == b"x" * 3000
    _wait_until(lambda: whole.closed > 0)  # the client has its answer a moment before

    class Failing(Answer):
        def __iter__(self) -> Iterator[bytes]:
            raise ZeroDivisionError

    failing = Failing(1)
    ask(failing)
    _wait_until(lambda: failing.closed > 0)
    assert (whole.closed, failing.closed) == (1, 1)


def _wait_until(condition: Callable[[], bool], seconds: float = 5.0) -> None:
    until = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < until, "it did not happen"
        time.sleep(0.01)


def test_a_client_that_leaves_stops_the_answer_and_closes_it() -> None:
    answer = Answer(100_000, pause=0.001)
    client = ask(answer, client=Client(leaves_after=2))
    assert not client.is_whole
    _wait_until(lambda: answer.closed == 1)
    assert answer.given < 10_000


def test_an_answer_is_not_collected_before_it_is_sent() -> None:
    answer = Answer(8_000, size=1000)
    behind: list[int] = []

    class Slow(Client):
        async def send(self, message: dict[str, Any]) -> None:
            await super().send(message)
            behind.append(answer.given * answer.size - len(self.body))

    client = ask(answer, client=Slow(pace=0.002))
    assert len(client.body) == 8_000_000
    assert max(behind) < 2_000_000


def test_a_client_that_stops_reading_is_given_up_and_the_answer_closed() -> None:
    answer = Answer(10_000)
    client = ask(answer, client=Client(pace=30), limits=Limits(threads=1, idle_seconds=0.1))
    assert not client.is_whole
    _wait_until(lambda: answer.closed == 1)


def test_slow_readers_hold_no_thread() -> None:
    def app(environ: Environ, start: Start) -> Iterable[bytes]:
        if environ["PATH_INFO"] == "/quick":
            return echo(environ, start)
        return Answer(2000)(environ, start)

    async def run() -> float:
        bridge = WsgiBridge(app, Limits(threads=1))
        slow = [Client(pace=0.2) for _ in range(8)]
        tasks = [asyncio.create_task(bridge(scope_of("/slow"), client.receive, client.send)) for client in slow]
        await asyncio.sleep(0.3)
        begun = time.monotonic()
        quick = Client()
        await bridge(scope_of("/quick"), quick.receive, quick.send)
        took = time.monotonic() - begun
        assert quick.is_whole
        assert not any(client.is_whole for client in slow)
        await asyncio.gather(*tasks)
        assert all(len(client.body) == 2_000_000 and client.is_whole for client in slow)
        return took

    assert asyncio.run(run()) < 1.0


def test_context_variables_live_through_a_change_of_thread() -> None:
    variable: contextvars.ContextVar[str] = contextvars.ContextVar("variable")
    threads: set[int] = set()

    def app(environ: Environ, start: Start) -> Iterator[bytes]:
        token = variable.set("mine")
        start("200 OK", [])
        for _ in range(3000):
            threads.add(threading.get_ident())
            assert variable.get() == "mine"
            yield b"x" * 1000
        variable.reset(token)
        yield b"end"

    async def run() -> list[Client]:
        bridge = WsgiBridge(app, Limits(threads=4))
        clients = [Client(pace=0.01) for _ in range(6)]
        await asyncio.gather(*(bridge(scope_of(), client.receive, client.send) for client in clients))
        return clients

    clients = asyncio.run(run())
    assert all(client.body.endswith(b"end") and client.is_whole for client in clients)
    assert len(threads) > 1


def test_a_slow_request_does_not_hold_up_a_quick_one() -> None:
    def app(environ: Environ, start: Start) -> list[bytes]:
        if environ["PATH_INFO"] == "/slow":
            time.sleep(1.0)
        return echo(environ, start)

    async def run() -> list[str]:
        order: list[str] = []
        bridge = WsgiBridge(app, Limits(threads=2))

        async def one(path: str) -> None:
            client = Client()
            await bridge(scope_of(path), client.receive, client.send)
            order.append(path)

        await asyncio.gather(one("/slow"), one("/quick"), one("/quick"))
        return order

    assert asyncio.run(run()) == ["/quick", "/quick", "/slow"]


class Prompt:
    """An application that answers some paths at once; `threads` are those on which it was asked the ordinary way."""

    def __init__(self) -> None:
        self.ways: list[str] = []

    def at_once(self, environ: Environ) -> Done | None:
        if environ["PATH_INFO"] == "/broken":
            raise RuntimeError("out of order")
        if environ["PATH_INFO"] != "/quick":
            return None
        self.ways.append(threading.current_thread().name)
        return Done("200 OK", [("Content-Type", "text/plain"), ("Content-Length", "5"), ("Connection", "close")],
                    b"" if environ["REQUEST_METHOD"] == "HEAD" else b"quick")

    def __call__(self, environ: Environ, start: Start) -> list[bytes]:
        self.ways.append(threading.current_thread().name)
        start("200 OK", [("Content-Type", "text/plain")])
        return [b"tried" if TRIED in environ else b"slow"]


@pytest.mark.parametrize(("method", "body"), [("GET", b"quick"), ("HEAD", b"")])
def test_what_can_be_answered_at_once_needs_no_thread(method: str, body: bytes) -> None:
    app = Prompt()
    client = ask(app, scope_of("/quick", method))
    assert (client.status, client.body, client.is_whole) == (200, body, True)
    assert client.headers == [(b"content-type", b"text/plain"), (b"content-length", b"5")]
    assert app.ways == [threading.current_thread().name]


@pytest.mark.parametrize(("path", "body"), [("/slow", b"tried"), ("/broken", b"slow")])
def test_what_cannot_be_answered_at_once_takes_the_ordinary_way(path: str, body: bytes) -> None:
    app = Prompt()
    client = ask(app, scope_of(path))
    assert (client.status, client.body) == (200, body)
    assert app.ways[0].startswith("request-")


def test_a_request_with_a_body_is_never_answered_at_once() -> None:
    app = Prompt()
    client = ask(app, scope_of("/quick", "POST", [(b"content-length", b"2")]), posting(b"no"))
    assert client.body == b"slow"
