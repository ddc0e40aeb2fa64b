"""One request in the hands of a WSGI application: threads run it, the event loop empties it.

A thread is never held by a slow client: an answer that is far ahead of its reader gives its thread back until the
reader has caught up. All steps of one request run in one `contextvars.Context`, so Flask's own contexts survive the
change of thread.
"""
from __future__ import annotations

import asyncio
import contextvars
import logging
import queue
import threading
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from functools import lru_cache
from typing import IO, Any

Headers = list[tuple[bytes, bytes]]
WsgiApp = Callable[[dict[str, Any], Callable[..., Any]], Iterable[bytes]]

log = logging.getLogger("traceapp.server")

# What belongs to the connection is the server's to say; an application must not (PEP 3333).
_HOP_BY_HOP = frozenset({"connection", "keep-alive", "proxy-connection", "te", "trailer", "transfer-encoding",
                         "upgrade"})
_AHEAD_BYTES = 256 * 1024


class Threads:
    """A fixed number of threads that take jobs in the order of their coming."""

    def __init__(self, count: int) -> None:
        self._jobs: queue.SimpleQueue[Callable[[], None] | None] = queue.SimpleQueue()
        self.count = max(1, count)
        for number in range(self.count):
            threading.Thread(target=self._work, name=f"request-{number}", daemon=True).start()

    def _work(self) -> None:
        while (job := self._jobs.get()) is not None:
            try:
                job()
            except Exception:
                log.exception("a request could not be handed back")

    def submit(self, job: Callable[[], None]) -> None:
        """Have a thread do the job, after those that wait already."""
        self._jobs.put(job)

    def end(self) -> None:
        """Let the threads end once the jobs that wait are done."""
        for _ in range(self.count):
            self._jobs.put(None)


class Doorbell:
    """How threads wake the loop: the first news ring, what comes before it is answered goes along."""

    def __init__(self) -> None:
        self._waiting: deque[asyncio.Future[None]] = deque()
        self._is_ringing = False

    def ring(self, news: asyncio.Future[None]) -> None:
        """Settle the future in its loop; called on any thread."""
        self._waiting.append(news)
        if not self._is_ringing:
            self._is_ringing = True
            news.get_loop().call_soon_threadsafe(self._answer)

    def _answer(self) -> None:
        self._is_ringing = False  # before emptying: what is added from now on rings anew
        while self._waiting:
            news = self._waiting.popleft()
            if not news.done():
                news.set_result(None)


class Exchange:
    """One request in the hands of the application: filled by the threads, emptied by the loop."""

    def __init__(self, app: WsgiApp, threads: Threads, bell: Doorbell, environ: dict[str, Any]) -> None:
        self.environ = environ  # the application may change it; what is needed later is kept apart
        # Enough to find the fault by; what follows may be the secret of a link.
        self.place: str = "/".join(environ["PATH_INFO"].split("/")[:2])
        self._method: str = environ["REQUEST_METHOD"]
        self._input: IO[bytes] = environ["wsgi.input"]
        self.status = 0
        self.headers: Headers = []
        self.failed = False
        self.client_gone = False
        self.loop = asyncio.get_running_loop()
        self.news: asyncio.Future[None] = self.loop.create_future()
        self._app = app
        self._threads = threads
        self._bell = bell
        self._context = contextvars.copy_context()
        self._lock = threading.Lock()
        self._chunks: list[bytes] = []
        self._waiting_bytes = 0
        self._told = False
        self._is_done = False
        self._is_sent = False
        self._parked = False
        self._bodyless = False
        self._left: int | None = None
        self._body: Iterable[bytes] | None = None
        self._steps: Iterator[bytes] = iter(())

    def go_on(self) -> None:
        """Have a thread start the application, or continue it."""
        self._threads.submit(self._step)

    def take(self) -> tuple[bytes, bool]:
        """What the application gave since the last time, and whether that was the last; for the loop."""
        with self._lock:
            taken = self._chunks[0] if len(self._chunks) == 1 else b"".join(self._chunks)
            self._chunks.clear()
            self._waiting_bytes = 0
            self._is_sent = True
            self._told = False
            done = self._is_done
            if not done:
                self.news = self.loop.create_future()
            resume, self._parked = self._parked, False
        if resume:
            self.go_on()
        return taken, done

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
            log.exception("the application failed on %s %s", self._method, self.place)
            self._fail()
            finished = True
        if finished:
            self._context.run(self._close)

    def _advance(self) -> bool:
        """Run until the end (True) or until far enough ahead of the client (False)."""
        if self._body is None:
            self._body = self._app(self.environ, self._start_response)
            if isinstance(self._body, (list, tuple)) and self._left is None:
                self._left = sum(map(len, self._body))
            self._steps = iter(self._body)
        while not self.client_gone:
            chunk = next(self._steps, None)
            if chunk is None:
                return self._end()
            if not self.status:
                raise RuntimeError("the application gave a body before it called start_response")
            ends, parks = self._give(chunk)
            if ends or parks:
                return ends
        return True

    def _end(self) -> bool:
        if not self.status:
            raise RuntimeError("the application returned without calling start_response")
        if self._left and not self._bodyless:
            raise RuntimeError(f"the application promised {self._left} bytes more than it gave")
        self._give(b"", ends=True)
        return True

    def _give(self, chunk: bytes, *, ends: bool = False, may_park: bool = True) -> tuple[bool, bool]:
        """Hand a block to the loop: whether it was the last, and whether the thread has to go."""
        if self._bodyless:
            chunk, ends = b"", True
        elif self._left is not None:
            chunk = chunk[:self._left]
            self._left -= len(chunk)
            ends = ends or self._left == 0
        if not chunk and not ends:
            return False, False
        with self._lock:
            if chunk:
                self._chunks.append(chunk)
                self._waiting_bytes += len(chunk)
            self._is_done = ends
            parks = self._parked = may_park and not ends and self._waiting_bytes >= _AHEAD_BYTES
            tell, self._told, news = not self._told, True, self.news
        if tell:
            self._bell.ring(news)
        return ends, parks

    def _fail(self) -> None:
        """Answer 500 when nothing was sent; else break the connection off, so that no half looks whole."""
        text = b"" if self._method == "HEAD" else b"Internal Server Error\n"
        with self._lock:
            if self._is_done:
                return
            self._is_done = True
            if self._is_sent:
                self.failed = True
            else:
                self.status, self.headers, self._chunks = 500, plain_headers(text), [text]
            tell, self._told, news = not self._told, True, self.news
        if tell:
            self._bell.ring(news)

    def _close(self) -> None:
        try:
            close = getattr(self._body, "close", None)
            if close is not None:
                close()
        except Exception:
            log.exception("closing the answer of %s failed", self.place)
        self._input.close()
        with self._lock:
            tell = not self._is_done and not self._told
            self._is_done = True
            news = self.news
        if tell:
            self._bell.ring(news)

    def _start_response(self, status: str, headers: list[tuple[str, str]],
                        exc_info: Any = None) -> Callable[[bytes], None]:
        if exc_info:
            try:
                if self._is_sent or self._told:
                    raise exc_info[1].with_traceback(exc_info[2])
            finally:
                exc_info = None
        elif self.status:
            raise AssertionError("start_response was called twice")
        code = int(status[:3])
        self._bodyless = self._method == "HEAD" or code in (204, 304) or code < 200
        self._left, self.headers = wire_headers(headers)
        self.status = code
        return self._write

    def _write(self, data: bytes) -> None:
        # PEP 3333's old way to send: it cannot give the thread back, so it waits in memory for the loop.
        if data and not self._bodyless:
            self._give(data, may_park=False)


def wire_headers(headers: list[tuple[str, str]]) -> tuple[int | None, Headers]:
    """The promised length, if any, and the headers as bytes. Raises ValueError for a line break in a value."""
    length: int | None = None
    wire: Headers = []
    for name, value in headers:
        folded = _wire_name(name)
        if folded is None:
            continue
        if "\n" in value or "\r" in value:
            raise ValueError(f"the header {name} has a line break")
        if folded == b"content-length":
            length = int(value)
        wire.append((folded, value.encode("latin-1")))
    return length, wire


@lru_cache(maxsize=512)
def _wire_name(name: str) -> bytes | None:
    """The name of a header as it is sent; None for what is not the application's to say."""
    folded = name.lower()
    return None if folded in _HOP_BY_HOP else folded.encode("latin-1")


def plain_headers(text: bytes) -> Headers:
    """The headers of a short text answered by the server itself."""
    return [(b"content-type", b"text/plain; charset=utf-8"), (b"content-length", str(len(text)).encode())]
