"""ISBT 128 codes (`=/…=,…=>…`): of the International Council for Commonality in Blood Banking Automation.

Parts of fixed lengths follow one another, each with two or three characters in front that say what it is.
Source: UDI formats by FDA-accredited issuing agency, version 1.3.
"""
from __future__ import annotations

from .agencies import PARTS, Field, Identified, Part, doubt
from .errors import Gs1Error

# the longest mark first: a donation has only the = that other marks begin with
_PARTS = sorted(PARTS["ICCBBA"].values(), key=lambda part: -len(part.mark))


def _part_at(text: str, at: int) -> tuple[Part, int] | None:
    """The part that stands here and where it ends; None when it is none that is known."""
    for part in _PARTS:
        if text.startswith(part.mark, at):
            end = at + len(part.mark) + part.length
            if part.mark != "=" or part.pattern.fullmatch(text[at + 1 : end]):
                return part, end
    return None


def read_isbt(text: str, offset: int) -> Identified | None:
    """The ISBT 128 code that begins at `offset`; None when it does not look like one. Raises Gs1Error when it does and
    a part of it is wrong.
    """
    if _part_at(text, offset) is None:
        return None
    fields: list[Field] = []
    flags: list[Gs1Error] = []
    at = offset
    while at < len(text):
        found = _part_at(text, at)
        if found is None:
            # what else the standard has is not known here
            fields.append(Field("rest", text[at:]))
            flags.append(doubt(at, len(text) - at))
            break
        part, end = found
        start = at + len(part.mark)
        value = text[start:end]
        if not part.pattern.fullmatch(value):
            raise part.wrong(start, len(value))
        fields.append(part.field(value))
        if not part.is_verified:
            flags.append(doubt(start, len(value)))
        at = end
    return Identified("ICCBBA", text, tuple(fields), tuple(flags))
