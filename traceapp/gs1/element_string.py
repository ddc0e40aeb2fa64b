"""Element strings (`^01…`, FNC1 written as ^ or as the control character GS) and bracketed strings (`(01)…`).

Both may have a composite component behind a bar, as in `^01…|^99…`: it marks the same item.
"""
from __future__ import annotations

import re

from .errors import Gs1Error
from .parsed import Pairs, Parsed
from .table import AI_LENGTH, TABLE, Entry, excluded_pair, find_entry

GS = "\x1d"
BAR = "|"
# a bar that no bracket follows is no composite component; it belongs to the value, where it is refused
_BRACKETED = re.compile(r"\(([0-9]{2,4})\)((?:[^(\\|]+|\\\(?|\|(?!\())*)")
_BRACKETED_STEP = re.compile(r"\\\(|.", re.DOTALL)

PAIR = "AI %(first)s and AI %(second)s may not mark the same item"
EMPTY = "There is nothing after the FNC1"

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


def _entry_at(text: str, at: int, unknown_ais: bool) -> Entry:
    prefix = text[at : at + 2]
    length = AI_LENGTH.get(prefix, 2)
    entry = TABLE.get(text[at : at + length])
    if entry is None and unknown_ais and prefix in AI_LENGTH:
        # where the first digits do not tell how long the AI is, it cannot be told from its value
        entry = find_entry(text[at : at + length], unknown_ais)
    if entry is None:
        raise Gs1Error("UNKNOWN_AI", at, min(length, len(text) - at))
    return entry


def parse_element_string(text: str, *, unknown_ais: bool = False) -> Parsed:
    """Reads an element string that begins with FNC1; one more FNC1 than needed after a value is tolerated.

    With `unknown_ais`, an AI that GS1 has not given out is taken as text where its length is known. Raises Gs1Error.
    """
    marked = text.replace(GS, "^")
    found = Collector()
    bar = marked.find("|^")
    if bar < 0:
        _read_elements(marked, 0, found, unknown_ais)
    else:
        _read_elements(marked[:bar], 0, found, unknown_ais)
        _read_elements(marked, bar + 1, found, unknown_ais)
    return found.done()


def _read_elements(marked: str, at: int, found: Collector, unknown_ais: bool) -> None:
    """Reads from FNC1 at `at` to the end."""
    if not marked.startswith("^", at):
        raise Gs1Error("FNC1_MISSING", at, 0)
    at += 1
    if len(marked) == at:
        raise Gs1Error("NO_KEY", at, 0, EMPTY)
    while at < len(marked):
        entry = _entry_at(marked, at, unknown_ais)
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


def _bracketed_span(raw: str, start: int, length: int) -> Span:
    ends = [0, *(step.end() for step in _BRACKETED_STEP.finditer(raw))]
    first = ends[min(start, len(ends) - 1)]
    return first, ends[min(start + length, len(ends) - 1)] - first


def parse_bracketed(text: str, *, unknown_ais: bool = False) -> Parsed:
    r"""Reads AIs in brackets; an opening bracket inside a value is written `\(`.

    With `unknown_ais`, an AI that GS1 has not given out is taken as text. Raises Gs1Error.
    """
    found = Collector()
    at = 0
    composite = False
    while at < len(text):
        if found.values and not composite and text.startswith(BAR, at):
            composite = True
            at += 1
        match = _BRACKETED.match(text, at)
        if match is None:
            end = text.find(")", at)
            raise Gs1Error("MALFORMED_AI", at, (end + 1 if end >= 0 else len(text)) - at)
        ai, raw = match.groups()
        entry = find_entry(ai, unknown_ais)
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
