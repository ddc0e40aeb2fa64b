"""A WSGI application behind an ASGI server: every request with its raw path, bodies bounded, answers streamed.

The event loop only moves bytes; the application runs on a few threads (`exchange`).
"""
from __future__ import annotations

import asyncio
import logging
import sys
import tempfile
from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable, MutableMapping
from contextlib import aclosing
from dataclasses import dataclass
from io import BytesIO
from typing import IO, Any
from urllib.parse import unquote_to_bytes

from .at_once import TRIED, AtOnce, Done
from .exchange import Doorbell, Exchange, Headers, Threads, WsgiApp, plain_headers, wire_headers

Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
Send = Callable[[dict[str, Any]], Awaitable[None]]

log = logging.getLogger("traceapp.server")

# HTTP_PROXY would be taken for the process's own proxy setting; the transfer coding is undone before the
# application sees the body.
_DROPPED = frozenset({b"proxy", b"transfer-encoding"})
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


class WsgiBridge:
    """The ASGI face of `app`.

    The environ is PEP 3333's; `REQUEST_URI` and `RAW_URI` hold path and query as they came, before percent-decoding.
    A request whose headers or body break the limits is answered here and never reaches the application.
    """

    def __init__(self, app: WsgiApp, limits: Limits | None = None, *, is_multiprocess: bool = False) -> None:
        self.app = app
        self.limits = limits or Limits()
        self.threads = Threads(self.limits.threads)
        self.bell = Doorbell()
        self._at_once: AtOnce | None = getattr(app, "at_once", None)
        self.open_requests = 0
        self._names: dict[bytes, str] = {b"content-type": "CONTENT_TYPE", b"content-length": "CONTENT_LENGTH"}
        self._base: dict[str, Any] = {
            "SCRIPT_NAME": "", "SERVER_SOFTWARE": "traceapp", "wsgi.version": (1, 0), "wsgi.errors": sys.stderr,
            "wsgi.multithread": self.limits.threads > 1, "wsgi.multiprocess": is_multiprocess,
            "wsgi.run_once": False, "wsgi.input_terminated": True}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            return
        self.open_requests += 1
        try:
            environ, has_body = self._environ(scope)
            if not has_body and (done := self._done_at_once(environ)) is not None:
                await send({"type": "http.response.start", "status": int(done.status[:3]),
                            "headers": wire_headers(done.headers)[1]})
                await send({"type": "http.response.body", "body": done.body, "more_body": False})
                return
            environ["wsgi.input"] = await self._read_body(environ, receive) if has_body else BytesIO()
            await self._relay(Exchange(self.app, self.threads, self.bell, environ), receive, send)
        except _Refused as refusal:
            await _refuse(refusal, send)
        except _ClientGone:
            log.debug("the client left before the request was complete")
        finally:
            self.open_requests -= 1

    def _done_at_once(self, environ: dict[str, Any]) -> Done | None:
        """The answer that needs no thread; what fails there is asked for the ordinary way."""
        if self._at_once is None:
            return None
        try:
            done = self._at_once(environ)
        except Exception:
            log.exception("an answer at once failed")
            return None
        if done is None:
            environ[TRIED] = True
        return done

    def _environ(self, scope: Scope) -> tuple[dict[str, Any], bool]:
        """The environ without its input, and whether the request has a body."""
        raw, query = scope["raw_path"], scope["query_string"].decode("latin-1")
        path = raw.decode("latin-1")
        if not path.startswith("/") and path != "*":
            raise _Refused(400, "The request's path must begin with a slash.")
        uri = f"{path}?{query}" if query else path
        environ = self._base.copy()
        environ.update(
            REQUEST_METHOD=scope["method"], REQUEST_URI=uri, RAW_URI=uri, QUERY_STRING=query,
            PATH_INFO=unquote_to_bytes(raw).decode("latin-1") if b"%" in raw else path,
            SERVER_PROTOCOL="HTTP/1.0" if scope["http_version"] == "1" else f"HTTP/{scope['http_version']}")
        environ["SERVER_NAME"], environ["SERVER_PORT"] = scope["server"]
        environ["REMOTE_ADDR"], environ["REMOTE_PORT"] = scope["client"]
        environ["wsgi.url_scheme"] = scope["scheme"]
        is_chunked = self._add_headers(environ, scope["headers"])
        if not environ.get("HTTP_HOST"):
            if scope["http_version"] == "1.1":
                raise _Refused(400, "The request has no Host header.")
            environ.pop("HTTP_HOST", None)
        return environ, is_chunked or environ.get("CONTENT_LENGTH", "0") != "0"

    def _add_headers(self, environ: dict[str, Any], headers: Headers) -> bool:
        """Put the request's headers into the environ; whether the body is chunked."""
        is_chunked = False
        for name, value in headers:
            if name in _DROPPED:
                is_chunked = is_chunked or name == b"transfer-encoding"
                continue
            if b"_" in name:  # X_Forwarded_For would be read as X-Forwarded-For
                continue
            key = self._names.get(name) or self._key(name)
            text = value.decode("latin-1")
            if key not in environ:
                environ[key] = text
            elif key in ("HTTP_HOST", "CONTENT_TYPE", "CONTENT_LENGTH"):
                raise _Refused(400, f"The request has more than one {name.decode('latin-1')} header.")
            else:
                environ[key] += ("; " if key == "HTTP_COOKIE" else ", ") + text
        return is_chunked

    def _key(self, name: bytes) -> str:
        key = "HTTP_" + name.decode("latin-1").upper().replace("-", "_")
        if len(self._names) < _NAMES_KEPT:
            self._names[name] = key
        return key

    async def _read_body(self, environ: dict[str, Any], receive: Receive) -> IO[bytes]:
        """The whole body, in memory or in a temporary file; sets CONTENT_LENGTH to what came."""
        limits = self.limits
        spool = tempfile.SpooledTemporaryFile(max_size=limits.spool_bytes)  # noqa: SIM115 - closed by the exchange
        size, promised = 0, int(environ.get("CONTENT_LENGTH", "0"))
        try:
            async with aclosing(self._body_chunks(receive)) as chunks:
                async for chunk in chunks:
                    size += len(chunk)
                    if max(size, promised) > limits.body_bytes:
                        await self._discard(chunks)
                        raise self._too_large()
                    if size > limits.spool_bytes:
                        await asyncio.to_thread(spool.write, chunk)
                    else:
                        spool.write(chunk)
        except BaseException:
            spool.close()
            raise
        spool.seek(0)
        environ["CONTENT_LENGTH"] = str(size)
        return spool

    async def _body_chunks(self, receive: Receive) -> AsyncGenerator[bytes, None]:
        more = True
        while more:
            try:
                async with asyncio.timeout(self.limits.idle_seconds):
                    message = await receive()
            except TimeoutError:
                raise _Refused(408, "The request's body did not arrive in time.") from None
            if message["type"] == "http.disconnect":
                raise _ClientGone
            more = message.get("more_body", False)
            yield message.get("body", b"")

    async def _discard(self, chunks: AsyncIterator[bytes]) -> None:
        """Read on for a while: a browser shows an answer only after it has sent its whole body."""
        size = 0
        async for chunk in chunks:
            size += len(chunk)
            if size > 4 * self.limits.body_bytes:
                return

    def _too_large(self) -> _Refused:
        size = self.limits.body_bytes // (1024 * 1024)
        return _Refused(413, f"What was sent is larger than {size} MiB. Send a smaller file.\n"
                             f"上传内容超过 {size} MiB，请上传较小的文件。")

    async def _relay(self, exchange: Exchange, receive: Receive, send: Send) -> None:
        """Send what the application gives, at the client's pace."""
        done = False
        watcher: asyncio.Task[None] | None = None
        exchange.go_on()
        try:
            while not done:
                await exchange.news
                part, done = exchange.take()
                if exchange.failed or exchange.client_gone:
                    return
                if watcher is None:
                    await send({"type": "http.response.start", "status": exchange.status,
                                "headers": exchange.headers})
                    if done:
                        await send({"type": "http.response.body", "body": part, "more_body": False})
                        return
                    watcher = asyncio.create_task(_watch(exchange, receive))
                async with asyncio.timeout(self.limits.idle_seconds):
                    await send({"type": "http.response.body", "body": part, "more_body": not done})
        except TimeoutError:
            log.info("the client stopped reading %s", exchange.place)
        finally:
            if watcher is not None:
                watcher.cancel()
            if not done:
                exchange.leave()


async def _watch(exchange: Exchange, receive: Receive) -> None:
    """Tell the exchange when its client closes the connection."""
    while (await receive())["type"] != "http.disconnect":
        pass
    exchange.leave()


async def _refuse(refusal: _Refused, send: Send) -> None:
    text = (refusal.text + "\n").encode()
    headers = [*plain_headers(text), (b"connection", b"close")]
    await send({"type": "http.response.start", "status": refusal.status, "headers": headers})
    await send({"type": "http.response.body", "body": text, "more_body": False})
