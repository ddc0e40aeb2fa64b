"""A small model of a thermal printer: reads ZPL II as the manual describes it and prints it in dots.

It shares nothing with the package that writes the ZPL: QR Codes are made by the encoder in Python as one segment of
bytes, bars from the table of Code 128, pictures from their shorthand.
"""
from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field

import numpy as np
import qrcode
import zint
from PIL import Image, ImageDraw, ImageFont
from qrcode.util import MODE_8BIT_BYTE, QRData

from labels import fonts

_COMMAND = re.compile(rb"[\^~]([A-Z][A-Z0-9@])([^\^~]*)")
_WIDTHS = (
    "212222222122222221121223121322131222122213122312132212221213221312231212112232122132122231113222123122123221223211"
    "221132221231213212223112312131311222321122321221312212322112322211212123212321232121111323131123131321112313132113"
    "132311211313231113231311112133112331132131113123113321133121313121211331231131213113213311213131311123311321331121"
    "312113312311332111314111221411431111111224111422121124121421141122141221112214112412122114122411142112142211241211"
    "221114413111241112134111111242121142121241114212124112124211411212421112421211212141214121412121111143111341131141"
    "114113114311411113411311113141114131311141411131211412211214211232"
)
CODE_128 = [_WIDTHS[start : start + 6] for start in range(0, len(_WIDTHS), 6)]
STOP = "2331112"
_LEVELS = {"L": 1, "M": 0, "Q": 3, "H": 2}


@dataclass
class Field:
    """One field as it was asked for: place, what it is, its parameters and data (as bytes, escapes undone)."""

    x: int
    y: int
    kind: str
    values: list[str]
    data: bytes = b""
    is_reversed: bool = False
    bar_dots: int = 2
    bar_height: int = 10
    is_baseline: bool = False


@dataclass
class Printed:
    """One label: size in dots, copies, fields in their order."""

    width: int = 0
    height: int = 0
    copies: int = 1
    fields: list[Field] = field(default_factory=list)

    def image(self) -> Image.Image:
        """The label, black on white."""
        dots = np.zeros((self.height, self.width), np.uint8)
        for one in self.fields:
            ink, x, y = _ink(one)
            top, left = max(0, y), max(0, x)
            target = dots[top : y + ink.shape[0], left : x + ink.shape[1]]
            ink = ink[top - y : top - y + target.shape[0], left - x : left - x + target.shape[1]]
            if one.is_reversed:
                target ^= ink
            else:
                target |= ink
        return Image.fromarray((1 - dots) * 255)

    def data(self, kind: str) -> list[bytes]:
        """The data of the fields of a kind."""
        return [one.data for one in self.fields if one.kind == kind]


def commands(zpl: bytes) -> list[tuple[str, bytes]]:
    """Every command with what stands behind it; nothing may stand before the first."""
    assert zpl.startswith(b"^XA")
    return [(name.decode(), rest) for name, rest in _COMMAND.findall(zpl)]


def printed(zpl: bytes) -> list[Printed]:
    """The labels of a file."""
    return list(_labels(zpl))


def _labels(zpl: bytes) -> Iterator[Printed]:
    state = _State()
    for name, rest in commands(zpl):
        if name == "XZ":
            yield state.label
        else:
            state.take(name, rest)


class _State:
    """What the printer has been told of the label so far."""

    def __init__(self) -> None:
        self.label = Printed()
        self.place = (0, 0, False)
        self.field: Field | None = None
        self.reverse = False
        self.escape = b""
        self.bar = (2, 10)

    def take(self, name: str, rest: bytes) -> None:
        values = rest.decode("ascii").rstrip("\n").split(",") if name not in ("FD", "GF") else []
        if name == "XA":
            self.__init__()  # type: ignore[misc]
        elif name in ("PW", "LL", "PQ"):
            setattr(self.label, {"PW": "width", "LL": "height", "PQ": "copies"}[name], int(values[0]))
        elif name == "BY":
            self.bar = int(values[0]), int(values[2])
        elif name in ("CI", "LH"):
            assert values in (["28"], ["0", "0"])
        else:
            self._take_of_field(name, rest, values)

    def _take_of_field(self, name: str, rest: bytes, values: list[str]) -> None:
        if name in ("FO", "FT"):
            self.place = int(values[0]), int(values[1]), name == "FT"
            self.field, self.reverse, self.escape = None, False, b""
        elif name == "FR":
            self.reverse = True
        elif name == "FH":
            self.escape = rest.strip() or b"_"
        elif name in ("FD", "FS"):
            assert self.field is not None
            if name == "FS":
                self.label.fields.append(self.field)
            else:
                self.field.data = _unescaped(rest, self.escape)
        else:
            assert name in ("A0", "BQ", "BX", "BC", "GB", "GF"), name
            parameters = rest.decode("ascii").split(",", 4) if name == "GF" else values
            x, y, is_baseline = self.place
            self.field = Field(x, y, name, parameters, b"", self.reverse, *self.bar, is_baseline)


def _unescaped(data: bytes, escape: bytes) -> bytes:
    if not escape:
        return data
    return re.sub(re.escape(escape) + b"([0-9A-F]{2})", lambda found: bytes.fromhex(found[1].decode()), data)


def _ink(one: Field) -> tuple[np.ndarray, int, int]:
    if one.kind == "GF":
        return picture(one.values), one.x, one.y
    if one.kind == "GB":
        return np.ones((int(one.values[1]), int(one.values[0])), np.uint8), one.x, one.y
    if one.kind == "BQ":
        return _enlarged(_qr(one.data), int(one.values[2]), int(one.values[2])), one.x, one.y + one.bar_height
    if one.kind == "BX":
        return _enlarged(_matrix(one), int(one.values[1]), int(one.values[1])), one.x, one.y
    if one.kind == "BC":
        signs = bar_signs(one.data.decode("ascii"))
        return _enlarged(_bars(signs), one.bar_dots, int(one.values[1])), one.x, one.y
    return _text(one)


def _enlarged(modules: np.ndarray, across: int, down: int) -> np.ndarray:
    return np.repeat(np.repeat(modules, across, axis=1), down, axis=0)


def picture(values: list[str]) -> np.ndarray:
    """The dots of a graphic field out of its shorthand."""
    assert values[0] == "A"
    size, row_bytes, data = int(values[2]), int(values[3]), values[4].rstrip("\n")
    rows: list[str] = []
    row, repeat = "", 0
    for sign in data:
        if sign == ":":
            assert not row
            rows.append(rows[-1])
        elif sign in ",!":
            rows.append(row.ljust(2 * row_bytes, "0" if sign == "," else "F"))
            row = ""
        elif "G" <= sign <= "Y":
            repeat += ord(sign) - ord("G") + 1
        elif "g" <= sign <= "z":
            repeat += 20 * (ord(sign) - ord("g") + 1)
        else:
            row += sign * (repeat or 1)
            repeat = 0
            if len(row) == 2 * row_bytes:
                rows.append(row)
                row = ""
    assert not row
    packed = np.frombuffer(bytes.fromhex("".join(rows)), np.uint8)
    assert packed.size == size == int(values[1])
    return np.unpackbits(packed.reshape(-1, row_bytes), axis=1)


def _qr(data: bytes) -> np.ndarray:
    level, mode, kind, count = chr(data[0]), chr(data[1]), chr(data[3]), int(data[4:8])
    assert (mode, data[2:3], kind, count) == ("M", b",", "B", len(data) - 8)
    code = qrcode.QRCode(error_correction=_LEVELS[level], border=0, mask_pattern=3)
    code.add_data(QRData(data[8:], mode=MODE_8BIT_BYTE))
    code.make()
    return np.array(code.modules, np.uint8)


def qr_text(data: bytes) -> str:
    """What a QR field holds."""
    return data[8:].decode("ascii")


def matrix_text(one: Field) -> str:
    """What a Data Matrix field holds, FNC1 as GS."""
    escape = one.values[6]
    text = one.data.decode("ascii")
    assert escape not in text.replace(escape + "1", "")
    return text.replace(escape + "1", "\x1d")


def _matrix(one: Field) -> np.ndarray:
    """The symbol in the size that was asked for; FNC1 by the encoder's own escape."""
    from traceapp.gs1 import parse

    columns, rows = int(one.values[3]), int(one.values[4])
    sides = [10, 12, 14, 16, 18, 20, 22, 24, 26, 32, 36, 40, 44, 48, 52, 64, 72, 80, 88, 96, 104, 120, 132, 144]
    flat = [(18, 8), (32, 8), (26, 12), (36, 12), (36, 16), (48, 16)]
    symbol = zint.Symbol()
    symbol.symbology = zint.Symbology.DATAMATRIX
    symbol.input_mode = zint.InputMode.GS1 | zint.InputMode.GS1NOCHECK
    symbol.option_2 = sides.index(columns) + 1 if columns == rows else 25 + flat.index((columns, rows))
    symbol.encode("".join(f"[{ai}]{value}" for ai, value in parse(matrix_text(one).replace("\x1d", "^")).ai))
    return np.array(
        [[symbol.encoded_data.tobytes()[y * 144 + x // 8] >> x % 8 & 1 for x in range(columns)] for y in range(rows)],
        np.uint8,
    )


def bar_signs(data: str) -> list[int]:
    """The values of a Code 128 from start to check sign, out of field data with invocation codes."""
    start = {">;": 105, ">:": 104, ">9": 103}[data[:2]]
    in_c, signs, at = start == 105, [start], 2
    while at < len(data):
        pair = data[at : at + 2]
        at += 2
        if pair == ">8":
            signs.append(102)
        elif pair in (">5", ">6"):
            assert in_c == (pair == ">6")
            in_c = pair == ">5"
            signs.append(99 if in_c else 100)
        elif in_c:
            signs.append(int(pair))
        elif pair == ">0":
            signs.append(ord(">") - 32)
        else:
            at -= 1
            assert pair[0] not in ">^~"
            signs.append(ord(pair[0]) - 32)
    check = (signs[0] + sum(place * sign for place, sign in enumerate(signs))) % 103
    return [*signs, check]


def _bars(signs: list[int]) -> np.ndarray:
    widths = "".join(CODE_128[sign] for sign in signs) + STOP
    row = [dark for number, width in enumerate(widths) for dark in [1 - number % 2] * int(width)]
    return np.array([row], np.uint8)


def _text(one: Field) -> tuple[np.ndarray, int, int]:
    assert one.is_baseline
    size = int(one.values[1])
    text = one.data.decode("utf-8")
    face = ImageFont.truetype(str(fonts.latin_with(None).bold), size * 0.8)
    image = Image.new("L", (int(face.getlength(text)) + 4, size * 2), 0)
    ImageDraw.Draw(image).text((0, size), text, fill=255, font=face, anchor="ls")
    return (np.asarray(image) > 127).astype(np.uint8), one.x, one.y - size
