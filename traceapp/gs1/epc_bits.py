"""Values as bits: the encodings that EPC binary strings are made of, each read and written by one class.

Source: EPC Tag Data Standard 2.3, section 14.5.
"""
from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Protocol

from .errors import Gs1Error

_FILE_SAFE = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
URN_CODE = "\0ABCDEFGHIJKLMNOPQRSTUVWXYZ-.:0123456789"
_UPPER_HEX, _LOWER_HEX = "0123456789ABCDEF", "0123456789abcdef"
_DELIMITER, _TERMINATOR = 0b1110, 0b1111
_NUMERIC, _BASE64, _ASCII, _URN = 0, 3, 4, 5
_ALPHABETS = {1: (_UPPER_HEX, 4), 2: (_LOWER_HEX, 4), _BASE64: (_FILE_SAFE, 6)}
_LEADING_DIGITS = re.compile(r"[0-9]*")


def malformed(message: str, **params: object) -> Gs1Error:
    """The complaint about bits, or about a value that these bits cannot hold."""
    return Gs1Error("EPC_BINARY", 0, 0, message, place=None, **params)


def integer_bits(digits: int) -> int:
    """How many bits hold any number of so many decimal digits."""
    return (10**digits - 1).bit_length() if digits else 0


class BitReader:
    """A text of 0 and 1, read from the left."""

    def __init__(self, bits: str) -> None:
        self.bits = bits
        self.at = 0

    @property
    def remaining(self) -> int:
        return len(self.bits) - self.at

    def number(self, size: int) -> int:
        """The next `size` bits as a number. Raises Gs1Error when there are fewer."""
        if size > self.remaining:
            raise malformed("The EPC ends before its last value does")
        self.at += size
        return int(self.bits[self.at - size : self.at] or "0", 2)

    def digits(self, size: int, count: int) -> str:
        """The next `size` bits as a number of exactly `count` decimal digits."""
        text = str(self.number(size)).zfill(count)
        if len(text) > max(count, 1):
            raise malformed("A number in the EPC has more than %(count)s digits", count=count)
        return text if count else ""

    def rest_is_padding(self) -> bool:
        """Whether only zeros are left."""
        return self.bits.find("1", self.at) < 0


class BitWriter:
    """Bits, written from the left."""

    def __init__(self) -> None:
        self.parts: list[str] = []

    def number(self, value: int, size: int) -> None:
        """A number in `size` bits. Raises Gs1Error when it doesn't fit."""
        if value < 0 or value.bit_length() > size:
            raise malformed("%(value)s does not fit into %(size)s bits", value=value, size=size)
        if size:
            self.parts.append(format(value, f"0{size}b"))

    @property
    def bits(self) -> str:
        return "".join(self.parts)


class Codec(Protocol):
    """One way to put a value into bits. `width`: how many of its characters it takes; None: all that are left."""

    @property
    def width(self) -> int | None: ...

    def read(self, source: BitReader) -> str: ...

    def write(self, value: str, target: BitWriter) -> None: ...


def read_parts(source: BitReader, codecs: tuple[Codec, ...]) -> str:
    """A value whose parts are written one after the other."""
    return "".join(codec.read(source) for codec in codecs)


def write_parts(value: str, codecs: tuple[Codec, ...], target: BitWriter) -> None:
    """The same the other way. Raises Gs1Error when something does not fit."""
    for codec in codecs:
        part = value if codec.width is None else value[: codec.width]
        codec.write(part, target)
        value = value[len(part) :]


class _Rest:
    """A codec that takes all that is left of a value."""

    __slots__ = ()

    @property
    def width(self) -> int | None:
        return None


@dataclass(frozen=True, slots=True)
class Nibbles:
    """A fixed number of digits, four bits each (14.5.4)."""

    count: int

    @property
    def width(self) -> int | None:
        return self.count

    def read(self, source: BitReader) -> str:
        digits = [source.number(4) for _ in range(self.count)]
        if max(digits, default=0) > 9:
            raise malformed("A digit in the EPC is more than 9")
        return "".join(map(str, digits))

    def write(self, value: str, target: BitWriter) -> None:
        for digit in value:
            target.number(int(digit), 4)


@dataclass(frozen=True, slots=True)
class Integer:
    """A fixed number of digits as one number (14.5.2)."""

    count: int

    @property
    def width(self) -> int | None:
        return self.count

    def read(self, source: BitReader) -> str:
        return source.digits(integer_bits(self.count), self.count)

    def write(self, value: str, target: BitWriter) -> None:
        target.number(int(value), integer_bits(self.count))


@dataclass(frozen=True, slots=True)
class Digits(_Rest):
    """Up to `longest` digits: how many, then one number (14.5.13)."""

    longest: int

    def read(self, source: BitReader) -> str:
        count = source.number(self.longest.bit_length())
        if count > self.longest:
            raise malformed("A value in the EPC is longer than %(count)s digits", count=self.longest)
        return source.digits(integer_bits(count), count)

    def write(self, value: str, target: BitWriter) -> None:
        target.number(len(value), self.longest.bit_length())
        target.number(int(value or "0"), integer_bits(len(value)))


@dataclass(frozen=True, slots=True)
class Text(_Rest):
    """Up to `longest` characters: how they are encoded, how many there are, and then they (14.5.6)."""

    longest: int

    def read(self, source: BitReader) -> str:
        method = source.number(3)
        count = source.number(self.longest.bit_length())
        if count > self.longest:
            raise malformed("A value in the EPC is longer than %(count)s characters", count=self.longest)
        if method == _NUMERIC:
            return source.digits(integer_bits(count), count)
        if method in _ALPHABETS:
            alphabet, width = _ALPHABETS[method]
            return "".join(alphabet[source.number(width)] for _ in range(count))
        if method == _ASCII:
            return "".join(chr(source.number(7)) for _ in range(count))
        if method == _URN:
            return read_urn_code(source, count)
        raise malformed("The EPC uses the encoding %(method)s, which is not defined", method=method)

    def write(self, value: str, target: BitWriter) -> None:
        if len(value) > self.longest:
            raise malformed("The text has more than %(count)s characters: %(value)s", count=self.longest, value=value)
        method = self._shortest(value)
        target.number(method, 3)
        target.number(len(value), self.longest.bit_length())
        if method == _NUMERIC:
            target.number(int(value or "0"), integer_bits(len(value)))
        elif method in _ALPHABETS:
            alphabet, width = _ALPHABETS[method]
            for character in value:
                target.number(alphabet.index(character), width)
        elif method == _URN:
            _write_urn_code(value, target)
        else:
            for character in value:
                target.number(ord(character), 7)

    @staticmethod
    def _shortest(value: str) -> int:
        """The method that takes the fewest bits."""
        if value.isascii() and (value.isdigit() or not value):
            return _NUMERIC
        present = set(value)
        for method in (1, 2):
            if present <= set(_ALPHABETS[method][0]):
                return method
        in_urn, in_base64 = present <= set(URN_CODE[1:]), present <= set(_FILE_SAFE)
        # three characters take 16 bits, a group that is not full takes them too
        if in_urn and (not in_base64 or -(-len(value) // 3) * 16 < 6 * len(value)):
            return _URN
        return _BASE64 if in_base64 else _ASCII


def read_urn_code(source: BitReader, count: int) -> str:
    """`count` characters, three to every 16 bits (14.5.6.5). Raises Gs1Error."""
    text = ""
    for _ in range(-(-count // 3)):
        code = source.number(16) - 1
        if not 0 <= code < 64000:
            raise malformed("A group of three characters in the EPC has no meaning")
        text += URN_CODE[code // 1600] + URN_CODE[code // 40 % 40] + URN_CODE[code % 40]
    text = text.rstrip("\0")
    if len(text) != count or "\0" in text:
        raise malformed("A text in the EPC is not as long as it says")
    return text


def _write_urn_code(value: str, target: BitWriter) -> None:
    for start in range(0, len(value), 3):
        first, second, third = (URN_CODE.index(character) for character in value[start : start + 3].ljust(3, "\0"))
        target.number(1600 * first + 40 * second + third + 1, 16)


@dataclass(frozen=True, slots=True)
class Delimited(_Rest):
    """Digits at four bits each, and then, if any, the rest as text (14.5.5)."""

    longest: int

    def read(self, source: BitReader) -> str:
        digits = ""
        while (digit := source.number(4)) <= 9:
            digits += str(digit)
        if digit == _TERMINATOR:
            return digits
        if digit == _DELIMITER:
            return digits + Text(self.longest).read(source)
        raise malformed("A digit in the EPC is more than 9")

    def write(self, value: str, target: BitWriter) -> None:
        found = _LEADING_DIGITS.match(value)
        digits = found[0] if found else ""
        Nibbles(len(digits)).write(digits, target)
        target.number(_DELIMITER if len(digits) < len(value) else _TERMINATOR, 4)
        if len(digits) < len(value):
            Text(self.longest).write(value[len(digits) :], target)


@dataclass(frozen=True, slots=True)
class Clock:
    """Numbers of two digits each, of so many bits: a date (7, 4, 5), a time (5, 6) (14.5.8, 14.5.9)."""

    widths: tuple[int, ...]

    @property
    def width(self) -> int | None:
        return 2 * len(self.widths)

    def read(self, source: BitReader) -> str:
        return "".join(source.digits(width, 2) for width in self.widths)

    def write(self, value: str, target: BitWriter) -> None:
        for place, width in enumerate(self.widths):
            target.number(int(value[2 * place : 2 * place + 2]), width)


DATE = Clock((7, 4, 5))
TIME = Clock((5, 6))


@dataclass(frozen=True, slots=True)
class Either(_Rest):
    """One of several forms of a value: `size` bits say which, then it follows (14.5.10, 14.5.11).

    `forms`: the parts of each form, in the order of the number that stands for it.
    """

    size: int
    forms: tuple[tuple[Clock, ...], ...]

    def read(self, source: BitReader) -> str:
        return read_parts(source, self.forms[source.number(self.size)])

    def write(self, value: str, target: BitWriter) -> None:
        lengths = [sum(part.width or 0 for part in form) for form in self.forms]
        if len(value) not in lengths:
            raise malformed("A date in the EPC cannot have %(count)s digits", count=len(value))
        form = lengths.index(len(value))
        target.number(form, self.size)
        write_parts(value, self.forms[form], target)


@dataclass(frozen=True, slots=True)
class Sequence(_Rest):
    """Two digits with a slash between them (14.5.15)."""

    def read(self, source: BitReader) -> str:
        return f"{Nibbles(1).read(source)}/{Nibbles(1).read(source)}"

    def write(self, value: str, target: BitWriter) -> None:
        for digit in (value[:1], value[2:]):
            Nibbles(1).write(digit, target)


@dataclass(frozen=True, slots=True)
class Flag(_Rest):
    """One bit that stands for one of two texts (14.5.7, 14.5.14)."""

    off: str
    on: str

    def read(self, source: BitReader) -> str:
        return self.on if source.number(1) else self.off

    def write(self, value: str, target: BitWriter) -> None:
        target.number(int(value == self.on), 1)


@dataclass(frozen=True, slots=True)
class Country:
    """Two capital letters (14.5.12)."""

    @property
    def width(self) -> int | None:
        return 2

    def read(self, source: BitReader) -> str:
        codes = [source.number(6) for _ in range(2)]
        if max(codes) > 25:
            raise malformed("A country in the EPC is not two letters")
        return "".join(_FILE_SAFE[code] for code in codes)

    def write(self, value: str, target: BitWriter) -> None:
        for character in value:
            target.number(_FILE_SAFE.index(character), 6)


def to_bits(segment: str) -> str:
    """The bits of a compression string: `eh` and hexadecimal digits, or `ex` and base64url characters."""
    alphabet, width = (_LOWER_HEX, 4) if segment.startswith("eh") else (_FILE_SAFE, 6)
    return "".join(format(alphabet.index(character), f"0{width}b") for character in segment[2:])


def from_bits(bits: str, *, word: int, base64: bool) -> str:
    """The compression string for these bits, filled up with zeros to a multiple of `word` bits."""
    alphabet, width, prefix = (_FILE_SAFE, 6, "ex") if base64 else (_LOWER_HEX, 4, "eh")
    bits += "0" * (-len(bits) % (width if base64 else word))
    return prefix + "".join(alphabet[int(bits[at : at + width], 2)] for at in range(0, len(bits), width))
