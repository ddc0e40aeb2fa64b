"""What a text in XML is as a value of the JSON form."""
from __future__ import annotations

import re
from decimal import Decimal
from typing import Any

from .json_form import is_number_in_range
from .vocabulary import word_of
from .xml_names import NUMBERS, REPORT_WORDS, XSD, XSI

_DECIMAL = re.compile(r"[+-]?(?:\d+(?:\.\d*)?|\.\d+)(?:[eE][+-]?\d{1,3})?", re.ASCII)
_INTEGER_TYPES = frozenset(
    {"integer", "int", "long", "short", "byte", "nonNegativeInteger", "positiveInteger", "nonPositiveInteger",
     "negativeInteger", "unsignedInt", "unsignedLong", "unsignedShort", "unsignedByte"}
)  # fmt: skip
_DECIMAL_TYPES = frozenset({"decimal", "double", "float"})
_BOOLEANS = {"true": True, "1": True, "false": False, "0": False}


def number(text: str) -> int | Decimal | str:
    """The number that a text is; the text where it is none that JSON could hold, for the checker to find."""
    if not _DECIMAL.fullmatch(text) or not is_number_in_range(text):
        return text
    return int(text) if text.lstrip("+-").isdigit() else Decimal(text)


def report_value(name: str, text: str) -> Any:
    """The value of the attribute `name` of a sensor report."""
    if name in NUMBERS:
        return number(text.strip())
    if name == "booleanValue":
        return _BOOLEANS.get(text.strip(), text)
    if name == "stringValue":
        return text
    return word_of(REPORT_WORDS[name], text.strip()) if name in REPORT_WORDS else text.strip()


def typed(text: str, element: Any) -> Any:
    """The text as the type that `xsi:type` says."""
    prefix, _, kind = (element.get(f"{{{XSI}}}type") or "").strip().rpartition(":")
    if not kind or element.nsmap.get(prefix or None) != XSD:
        return text
    if kind == "boolean":
        return _BOOLEANS.get(text, text)
    if kind not in _INTEGER_TYPES | _DECIMAL_TYPES:
        return text
    value = number(text)
    return Decimal(value) if kind in _DECIMAL_TYPES and isinstance(value, int) else value
