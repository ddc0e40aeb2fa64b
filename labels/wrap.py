"""Breaks a line of text to a width, where its reader may break it."""

from __future__ import annotations

import re
from collections.abc import Callable

from labels.spec import Kind
from labels.typeface import is_wide

Measure = Callable[[str], float]

# Punctuation that may not begin, or may not end, a row of Chinese text.
_NOT_FIRST = frozenset("、。，．：；！？）》」』】〕〉…·%‰℃,.:;!?)]}")
_NOT_LAST = frozenset("（《「『【〔〈([{￥$")

_APPLICATION_IDENTIFIER = re.compile(r"(?=\(\d{2,4}\))")


def wrap(text: str, kind: Kind, width_mm: float, measure: Measure) -> list[str] | None:
    """The rows of the text, or None when a part that may not be broken is wider than `width_mm`."""
    rows: list[str] = []
    row = ""
    for part in parts(text.strip(), kind):
        if not row or measure((row + part).rstrip()) <= width_mm:
            row += part
        else:
            rows.append(row.rstrip())
            row = part
        if measure(row.rstrip()) > width_mm:
            return None
    rows.append(row.rstrip())
    return rows


def balanced(text: str, kind: Kind, width_mm: float, measure: Measure) -> list[str] | None:
    """As `wrap`, with rows about equally long: no single character is left for the last one."""
    best = wrap(text, kind, width_mm, measure)
    if best is None or len(best) == 1:
        return best
    for narrower in range(19, 9, -1):
        rows = wrap(text, kind, width_mm * narrower / 20, measure)
        if rows is None or len(rows) > len(best):
            break
        best = rows
    return best


def parts(text: str, kind: Kind) -> list[str]:
    """The text in unbreakable parts; joined they are the text.

    An HRI breaks only before an application identifier, other text after a space and between Chinese characters.
    """
    if kind == "hri":
        return [part for part in _APPLICATION_IDENTIFIER.split(text) if part]
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
