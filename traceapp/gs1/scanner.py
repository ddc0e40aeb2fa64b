"""What scanners and keyboards make of a code on its way into a text field, undone.

A scanner that types like a keyboard is at the mercy of the keyboard's settings: caps lock swaps the case of letters, a
Chinese input method makes digits and signs wide, and the separator GS, which no key types, arrives spelled out.
"""
from __future__ import annotations

import re

from .element_string import GS
from .scan import ID_LENGTH, PLAIN

_WIDE = {wide: wide - 0xFEE0 for wide in range(0xFF01, 0xFF5F)} | {
    0x3000: " ", 0x3002: ".", 0x3001: "/", 0x241D: GS, 0xFEFF: None, 0x200B: None}
# Spellings of GS: of scanners' settings, of test tools, of programmers.
_SPELLED = re.compile(r"\{(?:GS|FNC1)\}|<(?:GS|FNC1)>|\[(?:GS|FNC1)\]|~d029|\\x1d|\\u001d|\\035|\\F", re.IGNORECASE)
_AROUND = "".join(map(chr, range(0x21))) + "\x7f"
_IDENTIFIER = re.compile(r"\][A-Za-z][0-9A-Fa-f]")
_BARE_ADDRESS = re.compile(r"(?://)?(?:[0-9A-Za-z-]+\.)+[A-Za-z]{2,}(?::[0-9]+)?/.*", re.DOTALL)
_ADDRESS = re.compile(r"https?://", re.IGNORECASE)


def readings(text: str) -> tuple[str, ...]:
    """The forms in which a scan can be meant, the likeliest first; at least one, which may be empty."""
    tidy = text.translate(_WIDE).strip(_AROUND)
    if _IDENTIFIER.match(tidy):
        tidy = tidy[:ID_LENGTH] + tidy[ID_LENGTH:].lstrip(" ")
    if _BARE_ADDRESS.fullmatch(tidy):
        tidy = "https://" + tidy.lstrip("/")
    found = [tidy if _ADDRESS.match(tidy) else _SPELLED.sub(GS, tidy), tidy, tidy.swapcase()]
    found += [bare_text(one) for one in (tidy, tidy.swapcase())]
    return tuple(dict.fromkeys(found))


def bare_text(text: str) -> str:
    """The text of a symbol that holds any text, without the symbology identifier; any other text as it is."""
    return text[ID_LENGTH:] if text[:ID_LENGTH] in PLAIN else text
