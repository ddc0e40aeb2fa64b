"""How often a process looks for garbage in cycles."""
from __future__ import annotations

import gc

_NEW_OBJECTS, _ROUNDS = 10_000, 20


def collect_seldom() -> None:
    """Look for cycles after 10,000 new objects, not after 700: a document of a thousand events makes a quarter of a
    million that all stay until it is stored, and looking through them took a sixth of the time. For whole processes."""
    gc.set_threshold(_NEW_OBJECTS, _ROUNDS, _ROUNDS)
