"""Answers that need no thread: given where the server reads the request, because making them takes no longer than
handing it on.

An application has them as `at_once`. It must never wait for another machine or for a lock: while it works, nobody else
is answered. What is not answered at once takes the ordinary way.
"""
from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

Environ = dict[str, Any]


class Done(NamedTuple):
    """A whole answer: the status as it is sent ("200 OK"), headers, body. The body of a HEAD is empty."""

    status: str
    headers: list[tuple[str, str]]
    body: bytes


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
