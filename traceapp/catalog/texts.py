"""What a name or a code may look like."""
from __future__ import annotations

import re

from traceapp.core.errors import InvalidInput

_CODE = re.compile(r"[0-9A-Za-z][0-9A-Za-z._/\-]{0,39}")


def code_text(text: str, *, place: str) -> str:
    """A code that people type and files carry: up to 40 letters, digits and . _ / -. Raises InvalidInput."""
    cleaned = text.strip()
    if not _CODE.fullmatch(cleaned):
        raise InvalidInput("A code has 1 to 40 letters, digits or . _ / - and begins with a letter or digit; this is "
                           "“%(text)s”.", code="bad-code", place=place, text=cleaned[:60])
    return cleaned


def required_text(text: str, *, place: str) -> str:
    """`text` trimmed. Raises InvalidInput when nothing is left."""
    cleaned = text.strip()
    if not cleaned:
        raise InvalidInput("This must be filled in.", code="missing", place=place)
    return cleaned


def one_line(text: str, *, place: str) -> str:
    """`text` as it is. Raises InvalidInput for more than one line, whatever parts them: none fits the head of a
    letter."""
    if len(text.splitlines()) > 1:
        raise InvalidInput("This goes on one line.", code="line-break", place=place)
    return text


def short_text(text: str, size: int, *, place: str) -> str:
    """`text` trimmed. Raises InvalidInput when it is longer than `size` or holds control characters or halves of
    characters."""
    cleaned = text.strip()
    if len(cleaned) > size:
        raise InvalidInput("This is longer than %(size)d characters.", code="too-long", place=place, size=size)
    if any(character < " " and character not in "\n\r\t" or character == "\x7f" or "\ud800" <= character <= "\udfff"
           for character in cleaned):
        raise InvalidInput("This holds characters that cannot be printed.", code="control-character", place=place)
    return cleaned


def reason_of(text: str, size: int = 4000, *, place: str = "reason") -> str:
    """Why something is done, in somebody's words. Raises InvalidInput."""
    return short_text(required_text(text, place=place), size, place=place)
