"""GTIN, GLN and SSCC as people and other systems write them: checked, padded to the form that is stored."""
from __future__ import annotations

from .errors import Gs1Error
from .linters import check_digit

_GTIN_LENGTHS = (8, 12, 13, 14)


def _is_digits(text: str) -> bool:
    return text.isascii() and text.isdigit()


def _is_key(text: str, lengths: tuple[int, ...]) -> bool:
    return len(text) in lengths and _is_digits(text) and check_digit(text[:-1]) == text[-1]


def is_gtin(text: str) -> bool:
    """Whether it is a GTIN of 8, 12, 13 or 14 digits with the right check digit."""
    return _is_key(text, _GTIN_LENGTHS)


def is_gln(text: str) -> bool:
    """Whether it is a GLN: 13 digits with the right check digit."""
    return _is_key(text, (13,))


def is_sscc(text: str) -> bool:
    """Whether it is an SSCC: 18 digits with the right check digit."""
    return _is_key(text, (18,))


def _checked(text: str, lengths: tuple[int, ...], name: str, place: str) -> str:
    allowed = " or ".join(str(length) for length in lengths)
    for position, character in enumerate(text):
        if not _is_digits(character):
            raise Gs1Error("NON_DIGIT_CHARACTER", position, 1, "A %(name)s has digits only", place=place, name=name)
    if len(text) not in lengths:
        message = "A %(name)s has %(allowed)s digits, this has %(count)s"
        count = len(text)
        raise Gs1Error("AI_VALUE_LENGTH", 0, count, message, place=place, name=name, allowed=allowed, count=count)
    expected = check_digit(text[:-1])
    if expected != text[-1]:
        message = "The check digit of this %(name)s is wrong: it ends in %(found)s and should end in %(expected)s"
        params = {"name": name, "found": text[-1], "expected": expected}
        raise Gs1Error("INCORRECT_CHECK_DIGIT", len(text) - 1, 1, message, place=place, **params)
    return text


def gtin14(text: str, *, place: str) -> str:
    """A GTIN of 8, 12, 13 or 14 digits as 14 digits. Raises Gs1Error at `place` when it is none."""
    return _checked(text, _GTIN_LENGTHS, "GTIN", place).zfill(14)


def gln(text: str, *, place: str) -> str:
    """A GLN, as it came. Raises Gs1Error at `place` when it is none."""
    return _checked(text, (13,), "GLN", place)


def sscc(text: str, *, place: str) -> str:
    """An SSCC, as it came. Raises Gs1Error at `place` when it is none."""
    return _checked(text, (18,), "SSCC", place)
