"""Words of the command line, or lines of standard input."""
from __future__ import annotations

import sys
from collections.abc import Iterator, Sequence


def items(words: Sequence[str]) -> Iterator[str]:
    """Each word; `-`, or no word at all, stands for standard input, one item a line."""
    for word in words or ["-"]:
        if word == "-":
            yield from (line.rstrip("\r\n") for line in sys.stdin if line.strip())
        else:
            yield word
