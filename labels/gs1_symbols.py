"""GS1 DataMatrix and GS1-128: their modules, and how large a printer makes them that encodes by itself.

Sources: ISO/IEC 16022 (Data Matrix ECC 200), ISO/IEC 15417 (Code 128), GS1 General Specifications 5.4 and 5.6.
"""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Literal

import zint

from labels.compiled import packed_symbol
from labels.element_string import FNC1, Ais, element_string, in_brackets
from labels.errors import LabelError, Phrase
from labels.symbol import Symbol

CodeSet = Literal["B", "C"]

# Data codewords of each size, smallest first.
SQUARES = {
    10: 3, 12: 5, 14: 8, 16: 12, 18: 18, 20: 22, 22: 30, 24: 36, 26: 44, 32: 62, 36: 86, 40: 114, 44: 144, 48: 174,
    52: 204, 64: 280, 72: 368, 80: 456, 88: 576, 96: 696, 104: 816, 120: 1050, 132: 1304, 144: 1558,
}  # fmt: skip
# (height, width), and the number by which the compiled encoder knows the size.
RECTANGLES = {(8, 18): 5, (8, 32): 10, (12, 26): 16, (12, 36): 22, (16, 36): 32, (16, 48): 49}
_FIRST_RECTANGLE = 25

_PAIR = re.compile("[0-9]{2}")
_DIGITS_ALIKE = str.maketrans("123456789", "0" * 9)
_UNCHECKED = zint.InputMode.GS1 | zint.InputMode.GS1NOCHECK


def data_matrix(ais: Ais, rectangular: bool = False) -> Symbol:
    """The smallest GS1 DataMatrix, square unless `rectangular`. Raises LabelError when it is too much."""
    sizes = range(_FIRST_RECTANGLE, _FIRST_RECTANGLE + len(RECTANGLES)) if rectangular else (0,)
    for size in sizes:
        symbol = zint.Symbol()
        symbol.symbology = zint.Symbology.DATAMATRIX
        symbol.input_mode = _UNCHECKED
        if rectangular:
            symbol.option_2 = size
        else:
            symbol.option_3 = int(zint.DataMatrixOptions.SQUARE)
        try:
            symbol.encode(in_brackets(ais))
        except RuntimeError:
            continue
        return packed_symbol(symbol)
    raise _too_much(ais, rectangular)


def gs1_128(ais: Ais) -> Symbol:
    """The bars of a GS1-128 as one row of modules. Raises LabelError when it is too much."""
    symbol = zint.Symbol()
    symbol.symbology = zint.Symbology.GS1_128
    symbol.input_mode = _UNCHECKED
    try:
        symbol.encode(in_brackets(ais))
    except RuntimeError as refused:
        raise LabelError(
            "The application identifiers have %(count)s characters, more than a %(symbol)s can hold.",
            "ais",
            count=str(characters(ais)),
            symbol=Phrase("GS1-128"),
        ) from refused
    return packed_symbol(symbol)


def characters(ais: Ais) -> int:
    """What counts against the limit of a GS1-128: identifiers, values and separators, without the FNC1 in front."""
    return len(element_string(ais)) - 1


def printer_data_matrix(ais: Ais, rectangular: bool = False) -> tuple[int, int]:
    """(height, width) in modules that hold the data in the plainest encoding, two digits or one other character to a
    codeword: a printer that is told this size can always do it. Raises LabelError."""
    codewords = len(_PAIR.sub(FNC1, element_string(ais)))
    sizes = RECTANGLES if rectangular else {(side, side): held for side, held in SQUARES.items()}
    for size, held in sizes.items():
        if codewords <= held:
            return size
    raise _too_much(ais, rectangular)


def gs1_128_modules(ais: Ais) -> int:
    """Modules of a GS1-128 that is divided as `code_sets` says."""
    text = element_string(ais)
    divided = code_sets(text)
    signs = 0
    for kind, start, stop in divided:
        separators = text.count(FNC1, start, stop)
        signs += stop - start if kind == "B" else separators + (stop - start - separators) // 2
    # Each part begins with its code set's own sign, the first with the start; a check sign and the stop end it.
    return 11 * (len(divided) + signs + 1) + 13


def code_sets(text: str) -> tuple[tuple[CodeSet, int, int], ...]:
    """The element string divided between code sets B and C so that the symbol is shortest: (set, start, stop)."""
    return _divided(text.translate(_DIGITS_ALIKE))


@lru_cache(maxsize=1024)
def _divided(text: str) -> tuple[tuple[CodeSet, int, int], ...]:
    """As `code_sets`; which digits they are makes no difference."""
    size = len(text)
    far = 10 * size + 10
    # The fewest signs from each place on, while in a set.
    left: dict[CodeSet, list[int]] = {"B": [0] * (size + 2), "C": [0] * (size + 2)}
    for at in range(size - 1, -1, -1):
        one = 1 + left["B"][at + 1]
        if text[at] == FNC1:
            two = 1 + left["C"][at + 1]
        else:
            two = 1 + left["C"][at + 2] if text[at : at + 2] == "00" else far
        left["B"][at], left["C"][at] = min(one, two + 1), min(two, one + 1)
    kind: CodeSet = "C" if left["C"][0] <= left["B"][0] else "B"
    found: list[tuple[CodeSet, int, int]] = []
    start = at = 0
    while at < size:
        step = 1 if kind == "B" or text[at] == FNC1 else 2
        stays = step == 1 or text[at : at + 2] == "00"
        if not stays or left[kind][at] != 1 + left[kind][at + step]:
            found.append((kind, start, at))
            start, kind = at, "B" if kind == "C" else "C"
        else:
            at += step
    found.append((kind, start, size))
    return tuple(found)


def _too_much(ais: Ais, rectangular: bool) -> LabelError:
    return LabelError(
        "The application identifiers have %(count)s characters, more than a %(symbol)s holds.",
        "ais",
        count=str(characters(ais)),
        symbol=Phrase("rectangular GS1 DataMatrix") if rectangular else Phrase("GS1 DataMatrix"),
    )
