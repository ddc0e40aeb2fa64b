"""Scan data: what a barcode reader sends, with the symbology identifier in front (`]d2…`).

Source: GS1 General Specifications, 7.8 (symbology identifiers); ISO/IEC 15424.
"""
from __future__ import annotations

import re
from collections.abc import Callable
from functools import partial

from .digital_link import parse_uri
from .element_string import BAR, EMPTY, GS, parse_bracketed, parse_element_string
from .errors import Gs1Error
from .keys import is_gtin
from .linters import check_digit
from .parsed import Parsed, write_element_string
from .table import entry_of

_WITH_FNC1 = ("]C1", "]d2", "]Q3", "]J1", "]e0", "]e1", "]e2")
PLAIN = frozenset(
    ("]Q0", "]Q1", "]Q2", "]d0", "]d1", "]J0", "]C0", "]C4", "]z0", "]L0", "]L1", "]L2", *(f"]A{n}" for n in range(8)))
)
"""The identifiers of symbols that hold any text."""
_RETAIL = {"]E0": 13, "]E4": 8, "]I0": 14, "]I1": 14}
_COMPOSITE = "]e0"
ID_LENGTH = 3

_MATRIX = {"QR": ("]Q1", "]Q3"), "DM": ("]d1", "]d2"), "DotCode": ("]J0", "]J1")}
# the highest first digit of the GTIN that the symbol can hold
_DATABAR = {
    "DataBarOmni": 9, "DataBarTruncated": 9, "DataBarStacked": 9, "DataBarStackedOmni": 9, "DataBarLimited": 1,
}  # fmt: skip
_GS1_LINEAR = {"DataBarExpanded": "]e0", "GS1_128_CCA": "]C1", "GS1_128_CCC": "]C1"}
_EAN_UPC = {"EAN13": ("]E0", 13), "UPCA": ("]E0", 12), "UPCE": ("]E0", 12), "EAN8": ("]E4", 8)}
_ESCAPED_FNC1 = re.compile(r"\\+\^")
_GTIN_ELEMENT = "^01"
_LONG_GTIN = "The symbol holds %(count)s digits and this GTIN needs more"
SYMBOLOGIES = (*_MATRIX, *_DATABAR, *_GS1_LINEAR, *_EAN_UPC)


def parse_scan(text: str, *, legacy: bool = False, unknown_ais: bool = False) -> Parsed:
    """Reads scan data that begins with a symbology identifier; the options are those of `parse`. Raises Gs1Error."""
    identifier, data = text[:ID_LENGTH], text[ID_LENGTH:]
    read_elements = partial(parse_element_string, unknown_ais=unknown_ais)
    try:
        if identifier in _WITH_FNC1:
            return _elements(read_elements, data, ID_LENGTH)
        if identifier in _RETAIL:
            return _retail(read_elements, identifier, data)
        if identifier in PLAIN and data[:8].lower().startswith(("http://", "https://")):
            return _moved_by(ID_LENGTH, partial(parse_uri, legacy=legacy, unknown_ais=unknown_ais), data)
    except Gs1Error as error:
        # the FNC1 that was put in front is not part of the text
        start = min(max(0, error.start), len(text))
        raise error.moved(start, min(error.length, len(text) - start)) from None
    if identifier in PLAIN:
        raise Gs1Error("NOT_A_GS1_TEXT", ID_LENGTH, len(data), "The symbol holds text that is not GS1 data")
    raise Gs1Error("UNKNOWN_SYMBOLOGY", 0, len(identifier), "This symbology identifier is not one of GS1 data")


def _moved_by(offset: int, read: Callable[[str], Parsed], text: str) -> Parsed:
    try:
        return read(text)
    except Gs1Error as error:
        raise error.moved(error.start + offset) from None


def _elements(read: Callable[[str], Parsed], data: str, at: int, before: str = "^") -> Parsed:
    """What a reader sends at `at` in place of an element string: no FNC1 in front, and only GS for those inside.

    `before`: what is put in front of it, the FNC1 that the reader drops or a whole element string.
    """
    if not data:
        raise Gs1Error("NO_KEY", at, 0, EMPTY)
    for wrong in ("^", BAR):
        if (found := data.find(wrong)) >= 0:
            raise Gs1Error("INVALID_CSET82_CHARACTER", at + found, 1)
    return _moved_by(at - len(before), read, before + data)


def _retail(read: Callable[[str], Parsed], identifier: str, data: str) -> Parsed:
    """An EAN or UPC symbol, perhaps with a composite component behind it (`|]e0…`)."""
    digits, bar, composite = data.partition(BAR)
    if len(digits) != _RETAIL[identifier] or not is_gtin(digits):
        message = "The symbol holds a GTIN of %(count)s digits"
        raise Gs1Error("INCORRECT_CHECK_DIGIT", ID_LENGTH, len(digits), message, count=_RETAIL[identifier])
    item = _GTIN_ELEMENT + digits.zfill(14)
    if not bar:
        return read(item)
    at = ID_LENGTH + len(digits) + 1
    if not composite.startswith(_COMPOSITE):
        raise Gs1Error("UNKNOWN_SYMBOLOGY", at, min(ID_LENGTH, len(composite)))
    return _elements(read, composite[ID_LENGTH:], at + ID_LENGTH, item)


def scan_data(data: str, symbology: str) -> str:
    """What a reader sends for a symbol of this kind (one of `SYMBOLOGIES`) that holds `data`.

    `data` is an element string, AIs in brackets, a URI or other text; for EAN, UPC and DataBar the digits of a GTIN.
    A composite component follows after `|`. A text that really begins with ^ has a backslash before it.
    Raises Gs1Error when the symbol cannot hold it.
    """
    if data.startswith("("):
        data = _from_bracketed(data, symbology)
    if symbology in _MATRIX:
        return _matrix(data, *_MATRIX[symbology])
    if symbology in _GS1_LINEAR:
        return _gs1_linear(data, _GS1_LINEAR[symbology])
    if symbology in _DATABAR:
        return _databar(data, _DATABAR[symbology])
    if symbology in _EAN_UPC:
        return _ean_upc(data, *_EAN_UPC[symbology])
    raise Gs1Error("UNKNOWN_SYMBOLOGY", 0, 0, "The symbology is one of %(names)s", names=", ".join(SYMBOLOGIES))


def _from_bracketed(data: str, symbology: str) -> str:
    """The same as an element string, or as digits and a composite component for a symbol of digits."""
    parsed = parse_bracketed(data)
    gtin = parsed.get("01")
    if gtin is None or (symbology not in _DATABAR and symbology not in _EAN_UPC):
        linear, bar, composite = data.partition(BAR + "(")
        if not bar:
            return parsed.element_string
        return parse_bracketed(linear).element_string + BAR + parse_bracketed("(" + composite).element_string
    rest = tuple(pair for pair in parsed.ai if pair[0] != "01")
    return _GTIN_ELEMENT + gtin + (BAR + write_element_string(rest) if rest else "")


def _without_first_fnc1(element_string: str, at: int = 0) -> str:
    """What a reader sends for an element string, which stands at `at`; raises Gs1Error when it has a component."""
    if (bar := element_string.find(BAR)) >= 0:
        raise Gs1Error("EXCESS_DATA", at + bar, len(element_string) - bar, "There is no place for another component")
    _moved_by(at, parse_element_string, element_string)
    return element_string[1:].replace("^", GS)


def _matrix(data: str, plain: str, with_fnc1: str) -> str:
    if data.startswith("^"):
        return with_fnc1 + _without_first_fnc1(data)
    # one backslash keeps a ^ at the beginning of plain text from being read as FNC1
    return plain + (data[1:] if _ESCAPED_FNC1.match(data) else data)


def _gs1_linear(data: str, identifier: str) -> str:
    linear, bar, composite = data.partition(BAR)
    if not linear.startswith("^"):
        raise Gs1Error("FNC1_MISSING", 0, 0, "This symbol holds element strings only")
    text = _without_first_fnc1(linear)
    if not bar:
        return identifier + text
    last = parse_element_string(linear).ai[-1][0]
    separator = "" if entry_of(last).predefined or text.endswith(GS) else GS
    return _COMPOSITE + text + separator + _without_first_fnc1(composite, len(linear) + 1)


def _checked_gtin(data: str, size: int) -> str:
    """`size` digits with the right check digit, which is added when it is missing; or the element string of a GTIN."""
    digits = data
    if data.startswith(_GTIN_ELEMENT):
        digits = data[len(_GTIN_ELEMENT) :]
        zeros = 14 - size
        if len(digits) == 14 and digits[:zeros].strip("0"):
            raise Gs1Error("AI_VALUE_LENGTH", 0, len(data), _LONG_GTIN, count=size)
        digits = digits[zeros:]
    if not digits.isascii() or not digits.isdigit() or len(digits) not in (size - 1, size):
        message = "The symbol holds a GTIN of %(count)s digits"
        raise Gs1Error("AI_VALUE_LENGTH", 0, len(data), message, count=size)
    full = digits if len(digits) == size else digits + check_digit(digits)
    if not is_gtin(full):
        raise Gs1Error("INCORRECT_CHECK_DIGIT", len(data) - 1, 1)
    return full


def _databar(data: str, highest: int) -> str:
    digits, bar, composite = data.partition(BAR)
    gtin = _checked_gtin(digits, 14)
    if int(gtin[0]) > highest:
        raise Gs1Error("AI_VALUE_LENGTH", 0, len(digits), "The symbol holds GTINs that begin with 0 or 1 only")
    return _COMPOSITE + "01" + gtin + (_without_first_fnc1(composite, len(digits) + 1) if bar else "")


def _ean_upc(data: str, identifier: str, size: int) -> str:
    digits, bar, composite = data.partition(BAR)
    gtin = _checked_gtin(digits, size)
    text = identifier + ("0" + gtin if size == 12 else gtin)
    return text + (BAR + _COMPOSITE + _without_first_fnc1(composite, len(digits) + 1) if bar else "")
