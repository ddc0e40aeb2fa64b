"""QR Codes: the same symbol from either of two encoders.

`encode` asks the encoder that is written in Python, which makes a single code as well as any; `encode_fast` asks the
compiled one, for labels by the thousand. Both divide the text into the same segments, take the smallest version and
weigh all eight masks, so the modules are the same. Only past version 9, and in a text that changes between digits and
letters all the time, the two may divide it in different ways of the same length. Source: ISO/IEC 18004.
"""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Literal

import qrcode
import zint
from qrcode.constants import ERROR_CORRECT_H, ERROR_CORRECT_L, ERROR_CORRECT_M, ERROR_CORRECT_Q
from qrcode.exceptions import DataOverflowError
from qrcode.util import BIT_LIMIT_TABLE, MODE_8BIT_BYTE, MODE_ALPHA_NUM, MODE_NUMBER, QRData

from labels.compiled import packed_symbol
from labels.errors import LabelError, shown
from labels.symbol import Symbol

ErrorCorrection = Literal["L", "M", "Q", "H"]
Mode = Literal["byte", "alphanumeric", "numeric"]

_LEVELS = {"L": ERROR_CORRECT_L, "M": ERROR_CORRECT_M, "Q": ERROR_CORRECT_Q, "H": ERROR_CORRECT_H}
_COMPILED_LEVELS = {"L": 1, "M": 2, "Q": 3, "H": 4}
_MODES: dict[Mode, int] = {"byte": MODE_8BIT_BYTE, "alphanumeric": MODE_ALPHA_NUM, "numeric": MODE_NUMBER}
_ALPHANUMERIC = frozenset("0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ $%*+-./:")

# In how many bits the number of characters is written, by mode, for the versions of each range.
_COUNT_BITS: dict[range, dict[Mode, int]] = {
    range(1, 10): {"byte": 8, "alphanumeric": 9, "numeric": 10},
    range(10, 27): {"byte": 16, "alphanumeric": 11, "numeric": 12},
    range(27, 41): {"byte": 16, "alphanumeric": 13, "numeric": 14},
}
# What a character costs, in sixths of a bit. Where two ways cost the same, the first of this order is taken on the way
# and the first of the other one at the end, as the compiled encoder does.
_SIXTHS: dict[Mode, int] = {"byte": 48, "numeric": 20, "alphanumeric": 33}
_AT_THE_END: tuple[Mode, ...] = ("numeric", "alphanumeric", "byte")

_NOT_PRINTABLE = re.compile(r"[^ -~]")
_RUN_OF_FIVE = re.compile("0{5,}|1{5,}")
_FINDER_BEFORE_LIGHT = re.compile("(?=10111010000)")
_FINDER_AFTER_LIGHT = re.compile("(?=00001011101)")
_FINDER_IN_LIGHT = re.compile("(?=000010111010000)")


@lru_cache(maxsize=512)
def encode(text: str, error_correction: ErrorCorrection = "M") -> Symbol:
    """The smallest QR Code that holds `text`, with the mask that the standard's rules rate best.

    Raises LabelError for text that is empty, too long, or not printable ASCII: a QR Code without an ECI has no agreed
    meaning for other characters, so a URI is written with percent escapes.
    """
    check(text, error_correction)
    for versions, bits in _COUNT_BITS.items():
        code = qrcode.QRCode(version=versions.start, error_correction=_LEVELS[error_correction], border=0)
        for mode, part in segments(text, bits):
            code.add_data(QRData(part.encode("ascii"), mode=_MODES[mode], check_data=False))
        try:
            code.version = code.best_fit(start=versions.start)
        except (DataOverflowError, ValueError):
            continue
        if code.version in versions:
            return min((_masked(code, mask) for mask in range(8)), key=_penalty)
    raise _too_long(text, error_correction)


def encode_fast(text: str, error_correction: ErrorCorrection = "M") -> Symbol:
    """The same as `encode`, by the compiled encoder. Raises LabelError."""
    check(text, error_correction)
    symbol = zint.Symbol()
    symbol.symbology = zint.Symbology.QRCODE
    symbol.option_1 = _COMPILED_LEVELS[error_correction]
    try:
        symbol.encode(text)
    except RuntimeError as refused:
        raise _too_long(text, error_correction) from refused
    return packed_symbol(symbol)


def check(text: str, error_correction: ErrorCorrection) -> None:
    """Raises LabelError for what cannot be a QR Code."""
    if not text:
        raise LabelError("%(name)s is empty; a symbol must encode something.", "text", name="text")
    if wrong := _NOT_PRINTABLE.search(text):
        raise LabelError(
            "%(name)s has '%(character)s' at position %(position)s; only printable ASCII can be encoded. "
            "Write other characters as percent escapes.",
            "text",
            name="text",
            character=shown(wrong[0]),
            position=str(wrong.start()),
        )
    if error_correction not in _LEVELS:
        raise LabelError(
            "%(name)s is %(value)s; it must be L, M, Q or H.",
            "error_correction",
            name="error_correction",
            value=repr(error_correction),
        )


def modules_in_bytes(text: str, error_correction: ErrorCorrection = "M") -> int:
    """Modules a side when the whole text is one segment of bytes, as a label printer is told to encode it.

    Raises LabelError.
    """
    check(text, error_correction)
    modules = _modules_of_bytes(len(text), error_correction)
    if modules is None:
        raise _too_long(text, error_correction)
    return modules


@lru_cache(maxsize=512)
def _modules_of_bytes(count: int, error_correction: ErrorCorrection) -> int | None:
    limits = BIT_LIMIT_TABLE[_LEVELS[error_correction]]
    for versions, bits in _COUNT_BITS.items():
        for version in versions:
            if 4 + bits["byte"] + 8 * count <= limits[version]:
                return 4 * version + 17
    return None


def segments(text: str, count_bits: dict[Mode, int]) -> list[tuple[Mode, str]]:
    """The text divided into the modes that together take the fewest bits."""
    head = {mode: (4 + bits) * 6 for mode, bits in count_bits.items()}
    cost = dict(head)
    came_from: list[dict[Mode, Mode]] = []
    for character in text:
        able = [mode for mode in _SIXTHS if _can(mode, character)]
        step: dict[Mode, Mode] = {}
        after: dict[Mode, int] = {}
        for mode in _SIXTHS:
            choices = {
                before: cost[before] + _SIXTHS[before]
                if before == mode
                else _whole_bits(cost[before] + _SIXTHS[before]) + head[mode]
                for before in able
            }
            step[mode] = min(choices, key=choices.__getitem__)
            after[mode] = choices[step[mode]]
        came_from.append(step)
        cost = after
    mode = min(_AT_THE_END, key=lambda mode: _whole_bits(cost[mode]))
    found: list[tuple[Mode, str]] = []
    for character, step in zip(reversed(text), reversed(came_from), strict=True):
        mode = step[mode]
        if found and found[-1][0] == mode:
            found[-1] = mode, character + found[-1][1]
        else:
            found.append((mode, character))
    return found[::-1]


def _whole_bits(sixths: int) -> int:
    return -(-sixths // 6) * 6


def _can(mode: Mode, character: str) -> bool:
    return mode == "byte" or (character in _ALPHANUMERIC if mode == "alphanumeric" else character.isdigit())


def _masked(code: qrcode.QRCode, mask: int) -> Symbol:
    code.makeImpl(False, mask)
    return Symbol(tuple(bytes(1 if dark else 0 for dark in row) for row in code.modules))


def _penalty(symbol: Symbol) -> int:
    """The standard's rating of a masked symbol, the format information in it and light all round; less is better."""
    rows = ["".join("1" if dark else "0" for dark in row) for row in symbol.rows]
    columns = ["".join(column) for column in zip(*rows, strict=True)]
    return sum(map(_line_penalty, rows + columns)) + _block_penalty(rows) + _balance_penalty(rows)


def _line_penalty(line: str) -> int:
    """Three points for five alike in a line and one for each more; forty for what looks like a finder in light."""
    alike = sum(len(run) - 2 for run in _RUN_OF_FIVE.findall(line))
    framed = f"0000{line}0000"
    finders = len(_FINDER_BEFORE_LIGHT.findall(framed)) + len(_FINDER_AFTER_LIGHT.findall(framed))
    return alike + 40 * (finders - len(_FINDER_IN_LIGHT.findall(framed)))


def _block_penalty(rows: list[str]) -> int:
    """Three points for each square of two by two alike."""
    size = len(rows)
    inner = (1 << (size - 1)) - 1
    numbers = [int(row, 2) for row in rows]
    squares = 0
    for upper, lower in zip(numbers, numbers[1:], strict=False):
        alike = ~(upper ^ lower)
        squares += (alike & (alike >> 1) & ~(upper ^ (upper >> 1)) & inner).bit_count()
    return 3 * squares


def _balance_penalty(rows: list[str]) -> int:
    """Ten points for every full twentieth by which the dark part is off one half."""
    modules = len(rows) ** 2
    dark = sum(row.count("1") for row in rows)
    return 10 * (abs(2 * dark - modules) * 10 // modules)


def _too_long(text: str, error_correction: ErrorCorrection) -> LabelError:
    return LabelError(
        "%(name)s has %(count)s characters; that is more than a QR Code holds at level %(level)s.",
        "text",
        name="text",
        count=str(len(text)),
        level=error_correction,
    )
