"""Answers that need no thread: given where the server reads the request, because making them takes no longer than
handing it on.

An application has them as `at_once`. It must never wait for another machine or for a lock: while it works, nobody else
is answered. What is not answered at once takes the ordinary way.
"""
from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

Environ = dict[str, Any]
# In the environ of a request that was not answered at once: what reads a file need not look there a second time.
TRIED = "traceapp.tried_at_once"


class Done(NamedTuple):
    """A whole answer: the status as it is sent ("200 OK"), headers, body. The body of a HEAD is empty."""

    status: str
    headers: list[tuple[str, str]]
    body: bytes


def is_same(if_none_match: str, etag: str) -> bool:
    """Whether the asker holds this version already; weak comparison. No version, no answer of that kind."""
    return bool(etag) and (if_none_match.strip() == "*" or etag.removeprefix("W/") in {
        part.strip().removeprefix("W/") for part in if_none_match.split(",")})


def without_content(headers: list[tuple[str, str]]) -> list[tuple[str, str]]:
    """What is left to say when nothing is sent."""
    return [pair for pair in headers if not pair[0].startswith("Content-") or pair[0] == "Content-Security-Policy"]


AtOnce = Callable[[Environ], Done | None]


def first_of(*ways: AtOnce) -> AtOnce:
    """The answer of the first that has one."""
    def answer(environ: Environ) -> Done | None:
        for way in ways:
            done = way(environ)
            if done is not None:
                return done
        return None

    return answer
