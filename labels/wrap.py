"""Breaks a line of text to a width, where its reader may break it."""

from __future__ import annotations

import re
from collections.abc import Sequence
from itertools import pairwise

from labels.spec import Kind
from labels.typeface import is_wide

# The width of an unbreakable part and, within it, of the blank at its end that vanishes at the end of a row.
Width = tuple[float, float]
# A row as the first of its parts and the one after its last.
Span = tuple[int, int]

# Punctuation that may not begin, or may not end, a row of Chinese text.
_NOT_FIRST = frozenset("、。，．：；！？）》」』】〕〉…·%‰℃,.:;!?)]}")
_NOT_LAST = frozenset("（《「『【〔〈([{￥$")

_APPLICATION_IDENTIFIER = re.compile(r"\((?=\d{2,4}\))")


def wrap(widths: Sequence[Width], room: float) -> list[Span] | None:
    """The rows of these parts, or None when a part that may not be broken is wider than the room."""
    rows: list[Span] = []
    first, taken = 0, 0.0
    for at, (width, blank) in enumerate(widths):
        if at > first and taken + width - blank > room:
            rows.append((first, at))
            first, taken = at, 0.0
        taken += width
        if taken - blank > room:
            return None
    rows.append((first, len(widths)))
    return rows


def balanced(widths: Sequence[Width], room: float) -> list[Span] | None:
    """As `wrap`, with rows about equally long: no single character is left for the last one."""
    best = wrap(widths, room)
    if best is None or len(best) == 1:
        return best
    for narrower in range(19, 9, -1):
        rows = wrap(widths, room * narrower / 20)
        if rows is None or len(rows) > len(best):
            break
        best = rows
    return best


def parts(text: str, kind: Kind) -> list[str]:
    """The text in unbreakable parts; joined they are the text.

    An HRI breaks only before an application identifier, other text after a space and between Chinese characters.
    """
    if kind == "hri":
        starts = [0, *(found.start() for found in _APPLICATION_IDENTIFIER.finditer(text, 1)), len(text)]
        return [text[start:stop] for start, stop in pairwise(starts)]
    if text.isascii() and " " not in text:
        return [text]
    found: list[str] = []
    for character in text:
        if found and not _may_break(found[-1][-1], character):
            found[-1] += character
        else:
            found.append(character)
    return found


def _may_break(before: str, after: str) -> bool:
    if after.isspace() or after in _NOT_FIRST or before in _NOT_LAST:
        return False
    return before.isspace() or is_wide(before) or is_wide(after)
