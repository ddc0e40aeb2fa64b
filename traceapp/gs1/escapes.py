"""Percent-encoding as Digital Link URIs use it: a plus is a space in the query and a plus in the path."""
from __future__ import annotations

import re

_ESCAPE = re.compile(r"%([0-9A-Fa-f]{2})")
_STEP = re.compile(r"%[0-9A-Fa-f]{2}|.", re.DOTALL)
_RESERVED = re.compile(r"[^A-Za-z0-9\-._~]")


def unescape(text: str, *, query: bool = False) -> str:
    """The text with its escapes undone, one character a byte; a truncated escape stays as it is."""
    if query:
        text = text.replace("+", " ")
    if "%" not in text:
        return text
    return _ESCAPE.sub(lambda found: chr(int(found[1], 16)), text)


def escape(text: str, *, query: bool = False) -> str:
    """The text with everything but letters, digits and - . _ ~ escaped (UTF-8)."""
    if text.isalnum() and text.isascii():
        return text
    escaped = _RESERVED.sub(lambda found: "".join(f"%{byte:02X}" for byte in _bytes(found[0])), text)
    return escaped.replace("%20", "+") if query else escaped


def _bytes(character: str) -> bytes:
    return character.encode("utf-8", "surrogatepass")


def raw_span(raw: str, start: int, length: int) -> tuple[int, int]:
    """Where in the escaped text the characters `start` .. `start + length` of the unescaped text stand."""
    ends = [0]
    for step in _STEP.finditer(raw):
        ends.append(step.end())
    first = ends[min(start, len(ends) - 1)]
    return first, ends[min(start + length, len(ends) - 1)] - first
