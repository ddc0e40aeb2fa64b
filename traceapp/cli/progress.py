"""A bar on standard error that moves where somebody looks."""
from __future__ import annotations

import sys
from collections.abc import Callable, Iterable, Iterator
from typing import TypeVar

_BAR = 40
_STEP = 200

Item = TypeVar("Item")


def shown(items: Iterable[Item], what: str, total: int | None) -> Iterator[Item]:
    """The items as they are; how many have gone by shows on a terminal, as a share where the total is known."""
    if not sys.stderr.isatty():
        yield from items
        return
    step = _STEP if total is None else max(1, total // 100)
    done = 0
    try:
        for done, item in enumerate(items, 1):
            yield item
            if not done % step or done == total:
                print(f"\r{_line(what, done, total)}", end="", file=sys.stderr, flush=True)
    finally:
        if done:
            print(file=sys.stderr)


def _line(what: str, done: int, total: int | None) -> str:
    if not total:
        return f"{done:,} {what}"
    filled = _BAR * done // total
    return f"[{'#' * filled}{'.' * (_BAR - filled)}] {100 * done // total:3d} % of {total:,} {what}"


def bar(what: str, total: int) -> Callable[[int], None]:
    """What moves the bar on by so many; nothing where nobody looks."""
    done = 0

    def move(number: int) -> None:
        nonlocal done
        done += number
        if sys.stderr.isatty():
            ending = "\n" if done >= total else ""
            print(f"\r{_line(what, done, total)}", end=ending, file=sys.stderr, flush=True)

    return move
