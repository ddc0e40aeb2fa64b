"""HIBC codes (`+A123ITEM1/$$3280115LOT…`): of the Health Industry Business Communications Council.

A primary code names the product, a secondary one lot and dates; both may stand in one, joined by a slash. The last
character checks all before it. A secondary code alone repeats the check character of its primary one as a link.
Source: ANSI/HIBC Supplier Labeling Standard 2.
"""
from __future__ import annotations

import re

from .agencies import PARTS, Field, Identified, Part, doubt
from .errors import Gs1Error

CHARACTERS = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ-. $/+%"
_WRONG_CHARACTER = re.compile(r"[^0-9A-Z\-. $/+%]")
_LOOKS_LIKE_ONE = re.compile(r"\*?\+(?:[A-Z]|\$|[0-9]{5})")
_LABELER = 4
_ROWS = PARTS["HIBCC"]
_DATES = {mark[2:]: part for (mark, name), part in _ROWS.items() if mark.startswith("$$") and name == "expires"}
_QUANTITIES = {"8": _ROWS["$$8", "quantity"], "9": _ROWS["$$9", "quantity"]}
_SUPPLEMENTS = sorted(
    (part for (mark, _), part in _ROWS.items() if mark.startswith("/")), key=lambda part: -len(part.mark)
)
_NO_DATE = "7"


def check_character(text: str) -> str:
    """The check character that belongs behind these (modulo 43)."""
    return CHARACTERS[sum(map(CHARACTERS.index, text)) % len(CHARACTERS)]


class _Reader:
    """One code being read; `offset`: where it begins in the text that was handed in."""

    def __init__(self, code: str, offset: int) -> None:
        self.code = code
        self.offset = offset
        self.fields: list[Field] = []
        self.flags: list[Gs1Error] = []

    def take(self, part: Part, start: int, end: int) -> None:
        """Takes a part. Raises Gs1Error when it is not of its form."""
        value = self.code[start:end]
        if not part.pattern.fullmatch(value):
            raise part.wrong(self.offset + start, len(value))
        self.fields.append(part.field(value))

    def primary(self, end: int) -> None:
        """Reads the product, which ends at `end`."""
        labeler_end = 1 + _LABELER
        self.take(_ROWS["+", "labeler"], 1, labeler_end)
        self.take(_ROWS["", "item"], labeler_end, end - 1)
        self.take(_ROWS["", "unit"], end - 1, end)
        self.fields.insert(0, Field("device", self.code[1:end]))

    def secondary(self, start: int, end: int) -> None:
        """Reads expiry date, quantity and lot or serial number between the two places."""
        if not self.code.startswith("$", start):
            part = _ROWS["", "expires"]
            self.take(part, start, min(start + part.length, end))
            self.number("$", start + part.length, end)
            return
        dated = self.code.startswith("$$", start)
        start += 1 + dated
        mark = "$+" if self.code.startswith("+", start) else "$"
        start += len(mark) - 1
        if dated:
            start = self.date(self.quantity(start, end), end)
        self.number(mark, start, end)

    def quantity(self, start: int, end: int) -> int:
        """Reads a quantity if there is one; answers where it ends."""
        part = _QUANTITIES.get(self.code[start:end][:1])
        if part is None:
            return start
        stop = start + 1 + part.length
        self.take(part, start + 1, min(stop, end))
        return stop

    def date(self, start: int, end: int) -> int:
        """Reads the expiry date if there is one; answers where it ends."""
        flag = self.code[start:end][:1]
        if flag == _NO_DATE:
            return start + 1
        part = _DATES.get(flag) or (_DATES[""] if flag in ("0", "1") else None)
        if part is None:
            return start
        start += flag in _DATES
        stop = start + part.length
        self.take(part, start, min(stop, end))
        return stop

    def number(self, mark: str, start: int, end: int) -> None:
        """Reads a lot number (mark $) or a serial number ($+), which may be empty."""
        if start < end:
            self.take(_ROWS[mark, "lot" if mark == "$" else "serial"], start, end)

    def supplement(self, start: int, end: int) -> None:
        """Reads what follows a slash, which stands at `start`; what is not known is kept and flagged."""
        for part in _SUPPLEMENTS:
            if self.code.startswith(part.mark, start):
                self.take(part, start + len(part.mark), end)
                return
        following = self.code[start + 1 : end][:1]
        if following == "$" or following.isdigit():
            self.secondary(start + 1, end)
            return
        self.fields.append(Field("rest", self.code[start + 1 : end]))
        self.flags.append(doubt(self.offset + start + 1, end - start - 1))


def read_hibc(text: str, offset: int) -> Identified | None:
    """The HIBC code that begins at `offset`, with or without the asterisks that people print around it; None when it
    does not look like one. Raises Gs1Error when it does and is wrong.
    """
    body = text[offset:]
    if not _LOOKS_LIKE_ONE.match(body):
        return None
    if len(body) > 2 and body.startswith("*") and body.endswith("*"):
        body, offset = body[1:-1], offset + 1
    if wrong := _WRONG_CHARACTER.search(body):
        raise Gs1Error("INVALID_HIBC_CHARACTER", offset + wrong.start(), 1)
    code, check = body[:-1], body[-1]
    numeric, alone = code[1:2].isdigit(), code[1:2].isdigit() or code.startswith("$", 1)
    if check_character(code) != check:
        if numeric:
            return None  # a plus and digits are a telephone number rather
        raise Gs1Error("INCORRECT_CHECK_CHARACTER", offset + len(code), 1)
    reader = _Reader(code, offset)
    if alone:
        # the last character before the check character is the link
        reader.secondary(1, len(code) - 1)
    else:
        _whole(reader)
    return Identified("HIBCC", text, tuple(reader.fields), tuple(reader.flags))


def _whole(reader: _Reader) -> None:
    """Reads a primary code and all that follows it, each behind a slash."""
    slashes = [place for place, character in enumerate(reader.code) if character == "/"]
    ends = [*slashes, len(reader.code)]
    reader.primary(ends[0])
    for start, end in zip(slashes, ends[1:], strict=True):
        reader.supplement(start, end)
