"""A WSGI application behind an ASGI server: every request with its raw path, bodies bounded, answers streamed.

The event loop only moves bytes. The application runs on a few threads; a thread is never held by a slow client:
what is sent waits in the loop, and an answer that is far ahead of its reader gives its thread back until the reader
has caught up. All steps of one request run in one `contextvars.Context`, so Flask's own contexts survive the change
of thread.
"""
from __future__ import annotations

import asyncio
import contextvars
import logging
import queue
import sys
import tempfile
import threading
from collections.abc import Awaitable, Callable, Iterable, Iterator, MutableMapping
from dataclasses import dataclass
from io import BytesIO
from typing import IO, Any
from urllib.parse import unquote_to_bytes

Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
Send = Callable[[dict[str, Any]], Awaitable[None]]
Headers = list[tuple[bytes, bytes]]
WsgiApp = Callable[[dict[str, Any], Callable[..., Any]], Iterable[bytes]]

log = logging.getLogger("traceapp.server")

# What belongs to the connection is the server's to say; an application must not (PEP 3333).
_HOP_BY_HOP = frozenset({"connection", "keep-alive", "proxy-connection", "te", "trailer", "transfer-encoding",
                         "upgrade"})
# HTTP_PROXY would be taken for the process's own proxy setting; the transfer coding is undone before the
# application sees the body.
_DROPPED = frozenset({b"proxy", b"transfer-encoding"})
_AHEAD_BYTES = 256 * 1024
_NAMES_KEPT = 512


@dataclass(frozen=True, slots=True)
class Limits:
    """What one request may take. Bytes and seconds; a body above `spool_bytes` goes to a temporary file."""

    threads: int = 8
    body_bytes: int = 64 * 1024 * 1024
    spool_bytes: int = 1024 * 1024
    idle_seconds: float = 60.0


class _Refused(Exception):
    """The request is answered here: status and a text for the person."""

    def __init__(self, status: int, text: str) -> None:
        super().__init__(text)
        self.status = status
        self.text = text


class _ClientGone(Exception):
    """Nobody waits for the answer any more."""


class _Threads:
    """A fixed number of threads that take jobs in the order of their coming."""

    def __init__(self, count: int) -> None:
        self._jobs: queue.SimpleQueue[Callable[[], None]] = queue.SimpleQueue()
        for number in range(max(1, count)):
            threading.Thread(target=self._work, name=f"request-{number}", daemon=True).start()

    def _work(self) -> None:
        while True:
            self._jobs.get()()

    def submit(self, job: Callable[[], None]) -> None:
        self._jobs.put(job)


class _Exchange:
    """One request in the hands of the application: run by the threads, emptied by the loop."""

    def __init__(self, bridge: WsgiBridge, environ: dict[str, Any]) -> None:
        self.environ = environ
        self.app = bridge.app
        self.threads = bridge.threads
        self.loop = asyncio.get_running_loop()
        self.news: asyncio.Future[None] = self.loop.create_future()
        self.status = 0
        self.headers: Headers = []
        self.failed = False
        self.is_done = False
        self.client_gone = False
        self._context = contextvars.copy_context()
        self._lock = threading.Lock()
        self._chunks: list[bytes] = []
        self._waiting_bytes = 0
        self._told = False
        self._parked = False
        self._begun = False
        self._left: int | None = None
        self._bodyless = environ["REQUEST_METHOD"] == "HEAD"
        self._body: Iterable[bytes] | None = None
        self._steps: Iterator[bytes] = iter(())

    def go_on(self) -> None:
        """Have a thread start the application, or continue it."""
        self.threads.submit(self._step)

    def take(self) -> bytes:
        """What the application has given since the last time; the loop's side."""
        with self._lock:
            taken = b"".join(self._chunks)
            self._chunks.clear()
            self._waiting_bytes = 0
            self._told = False
            if not self.is_done:
                self.news = self.loop.create_future()
            resume, self._parked = self._parked, False
        if resume:
            self.go_on()
        return taken

    def leave(self) -> None:
        """The client is gone: stop the application at its next block and close its iterable."""
        with self._lock:
            self.client_gone = True
            resume, self._parked = self._parked, False
        if resume:
            self.go_on()

    def _step(self) -> None:
        try:
            finished = self._context.run(self._advance)
        except BaseException:
            log.exception("the application failed on %s %s", self.environ["REQUEST_METHOD"],
                          self.environ["PATH_INFO"])
            self._fail()
            finished = True
        if finished:
            self._context.run(self._close)

    def _advance(self) -> bool:
        """Run until the end (True) or until far enough ahead of the client (False)."""
        if self._body is None:
            self._body = self.app(self.environ, self._start_response)
            if isinstance(self._body, (list, tuple)) and self._left is None:
                self._left = sum(map(len, self._body))
            self._steps = iter(self._body)
        for chunk in self._steps:
            if not self.status:
                raise RuntimeError("the application gave a body before it called start_response")
            if self.client_gone:
                return True
            ends = self._bodyless
            if self._left is not None:
                chunk = chunk[:self._left]
                self._left -= len(chunk)
                ends = ends or self._left == 0
            if self._give(b"" if self._bodyless else chunk, ends):
                return ends
        return self._end()

    def _end(self) -> bool:
        if not self.status:
            raise RuntimeError("the application returned without calling start_response")
        if self._left and not self._bodyless:
            raise RuntimeError(f"the application promised {self._left} bytes more than it gave")
        self._give(b"", True)
        return True

    def _give(self, chunk: bytes, ends: bool) -> bool:
        """Hand a block to the loop. True: stop here (the end, or far ahead of the client)."""
        with self._lock:
            if chunk:
                self._chunks.append(chunk)
                self._waiting_bytes += len(chunk)
            self._begun = True
            self.is_done = ends
            tell = not self._told and (ends or bool(chunk))
            self._told = self._told or tell
            self._parked = not ends and self._waiting_bytes >= _AHEAD_BYTES
            stop = ends or self._parked
        if tell:
            self.loop.call_soon_threadsafe(_announce, self.news)
        return stop

    def _fail(self) -> None:
        """Answer 500 when nothing was sent; else break the connection off, so that no half looks whole."""
        text = b"" if self._bodyless else b"Internal Server Error\n"
        with self._lock:
            if self.is_done:
                return
            self.failed = self._begun
            self.is_done = True
            if not self._begun:
                self.status = 500
                self.headers = _plain_headers(text)
                self._chunks = [text]
            tell = not self._told
            self._told = True
        if tell:
            self.loop.call_soon_threadsafe(_announce, self.news)

    def _close(self) -> None:
        with self._lock:
            self.is_done = True
            tell = not self._told
            self._told = True
        try:
            close = getattr(self._body, "close", None)
            if close is not None:
                close()
        except Exception:
            log.exception("closing the answer of %s failed", self.environ["PATH_INFO"])
        finally:
            self.environ["wsgi.input"].close()
        if tell:
            self.loop.call_soon_threadsafe(_announce, self.news)

    def _start_response(self, status: str, headers: list[tuple[str, str]],
                        exc_info: Any = None) -> Callable[[bytes], None]:
        if exc_info:
            try:
                if self._begun:
                    raise exc_info[1].with_traceback(exc_info[2])
            finally:
                exc_info = None
        elif self.status:
            raise AssertionError("start_response was called twice")
        code = int(status[:3])
        self._bodyless = self.environ["REQUEST_METHOD"] == "HEAD" or code in (204, 304) or code < 200
        self._left = None
        self.headers = []
        for name, value in headers:
            folded = name.lower()
            if folded in _HOP_BY_HOP:
                continue
            if "\n" in value or "\r" in value:
                raise ValueError(f"the header {name} has a line break")
            if folded == "content-length":
                self._left = int(value)
            self.headers.append((folded.encode("latin-1"), value.encode("latin-1")))
        self.status = code
        return self._write

    def _write(self, data: bytes) -> None:
        """PEP 3333's old way to send; kept in memory until the loop takes it."""
        if self._left is not None:
            data = data[:self._left]
            self._left -= len(data)
        self._give(b"" if self._bodyless else data, False)
        self._parked = False


def _announce(news: asyncio.Future[None]) -> None:
    if not news.done():
        news.set_result(None)


def _plain_headers(text: bytes) -> Headers:
    return [(b"content-type", b"text/plain; charset=utf-8"), (b"content-length", str(len(text)).encode())]
