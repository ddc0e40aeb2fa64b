"""Element strings (`^01…`, FNC1 written as ^ or as the control character GS) and bracketed strings (`(01)…`)."""
from __future__ import annotations

import re

from .errors import Gs1Error
from .parsed import Pairs, Parsed
from .table import AI_LENGTH, TABLE, Entry, excluded_pair

GS = "\x1d"
_BRACKETED = re.compile(r"\(([0-9]{2,4})\)((?:\\\(|[^(])*)")
_BRACKETED_STEP = re.compile(r"\\\(|.", re.DOTALL)

PAIR = "AI %(first)s and AI %(second)s may not mark the same item"

Span = tuple[int, int]


class Collector:
    """The AIs read so far, with the place of each, so that a later clash can be shown."""

    def __init__(self) -> None:
        self.values: dict[str, str] = {}
        self.spans: dict[str, Span] = {}

    def add(self, entry: Entry, value: str, span: Span) -> None:
        """Takes a checked value. Raises Gs1Error when the AI came before with another one."""
        known = self.values.setdefault(entry.ai, value)
        if known != value:
            raise Gs1Error("REPEATED_AI", *span)
        self.spans.setdefault(entry.ai, span)

    def done(self, other: Pairs = ()) -> Parsed:
        """What was read. Raises Gs1Error when two of the AIs may not mark the same item."""
        if clash := excluded_pair(self.values):
            first, second = clash
            span = max(self.spans[first], self.spans[second])
            raise Gs1Error("EXCLUDED_PAIR", *span, PAIR, first=first, second=second)
        return Parsed(tuple(self.values.items()), other)


def _entry_at(text: str, at: int) -> Entry:
    length = AI_LENGTH.get(text[at : at + 2], 2)
    entry = TABLE.get(text[at : at + length])
    if entry is None:
        raise Gs1Error("UNKNOWN_AI", at, min(length, len(text) - at))
    return entry


def parse_element_string(text: str) -> Parsed:
    """Reads an element string that begins with FNC1; one more FNC1 than needed after a value is tolerated.

    Raises Gs1Error.
    """
    marked = text.replace(GS, "^")
    if not marked.startswith("^"):
        raise Gs1Error("FNC1_MISSING", 0, 0)
    if len(marked) == 1:
        raise Gs1Error("NO_KEY", 1, 0, "There is nothing after the FNC1")
    found = Collector()
    at = 1
    while at < len(marked):
        entry = _entry_at(marked, at)
        start = at + len(entry.ai)
        end = marked.find("^", start)
        end = len(marked) if end < 0 else end
        if entry.predefined:
            end = min(end, start + entry.length)
        try:
            entry.check(marked[start:end])
        except Gs1Error as error:
            raise error.moved(start + error.start) from None
        found.add(entry, marked[start:end], (at, end - at))
        at = end + 1 if marked[end : end + 1] == "^" else end
    return found.done()


def _bracketed_span(raw: str, start: int, length: int) -> Span:
    ends = [0, *(step.end() for step in _BRACKETED_STEP.finditer(raw))]
    first = ends[min(start, len(ends) - 1)]
    return first, ends[min(start + length, len(ends) - 1)] - first


def parse_bracketed(text: str) -> Parsed:
    r"""Reads AIs in brackets; an opening bracket inside a value is written `\(`. Raises Gs1Error."""
    found = Collector()
    at = 0
    while at < len(text):
        match = _BRACKETED.match(text, at)
        if match is None:
            end = text.find(")", at)
            raise Gs1Error("MALFORMED_AI", at, (end + 1 if end >= 0 else len(text)) - at)
        ai, raw = match.groups()
        entry = TABLE.get(ai)
        if entry is None:
            raise Gs1Error("UNKNOWN_AI", match.start(1), len(ai))
        try:
            value = raw.replace(r"\(", "(")
            entry.check(value)
        except Gs1Error as error:
            start, length = _bracketed_span(raw, error.start, error.length)
            raise error.moved(match.start(2) + start, length) from None
        found.add(entry, value, (at, match.end() - at))
        at = match.end()
    if not found.values:
        raise Gs1Error("NO_KEY", 0, 0)
    return found.done()
