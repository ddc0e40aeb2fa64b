"""Numbers that a text message can be sent to. Pure."""
from __future__ import annotations

import re
import unicodedata

from .errors import InvalidInput

LONGEST = 16
_BETWEEN = re.compile(r"[\s().\-/·]+")
_E164 = re.compile(r"\+[1-9]\d{6,14}", re.ASCII)
_CHINESE = re.compile(r"1[3-9]\d{9}", re.ASCII)


def text_number(text: str) -> str:
    """The number as E.164 writes it, empty for what is none. A Chinese mobile number needs no country code.

    Source: ITU-T E.164 (2010), 6.2: a plus sign, then at most fifteen digits, the country code first.
    """
    plain = _BETWEEN.sub("", unicodedata.normalize("NFKC", text))
    if plain.startswith("00"):
        plain = "+" + plain[2:]
    if _CHINESE.fullmatch(plain):
        plain = "+86" + plain
    if plain.startswith("+86") and not _CHINESE.fullmatch(plain[3:]):
        return ""  # a line in an office takes no text message
    return plain if _E164.fullmatch(plain) else ""


def checked_text_number(text: str, *, place: str) -> str:
    """The same; nothing for nothing. Raises InvalidInput for what is no such number."""
    if not text.strip():
        return ""
    number = text_number(text)
    if not number:
        raise InvalidInput("Write a mobile number with its country code, as +86 138 0000 0000.",
                           code="bad-mobile", place=place)
    return number
