"""Habits of every process of ours, taken on at its start."""
from __future__ import annotations

import gc
import os
from collections.abc import Iterator
from contextlib import contextmanager

_NEW_OBJECTS, _ROUNDS = 10_000, 20


def take_habits() -> None:
    """What makes a process of ours faster whatever it does. Call it before numerics are loaded."""
    collect_seldom()
    compute_on_one_core()


def collect_seldom() -> None:
    """Look for cycles after 10,000 new objects, not after 700: a document of a thousand events makes a quarter of a
    million that all stay until it is stored, and looking through them took a sixth of the time. For whole processes."""
    gc.set_threshold(_NEW_OBJECTS, _ROUNDS, _ROUNDS)


@contextmanager
def collecting_seldom() -> Iterator[None]:
    """The same for as long as the block takes."""
    before = gc.get_threshold()
    collect_seldom()
    try:
        yield
    finally:
        gc.set_threshold(*before)


def compute_on_one_core() -> None:
    """Linear algebra without threads of its own: our matrices are small, and threads that wait for each other beside
    the web server's made fitting a baseline four times as slow. Who sets the variable is obeyed."""
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
