"""The EPC binary schemes before TDS 2.0, such as SGTIN-96: filter, partition, company prefix, reference, serial.

Source: EPC Tag Data Standard 2.3, sections 14.3 and 14.6.
"""
from __future__ import annotations

from dataclasses import dataclass

from .epc_bits import BitReader, BitWriter, malformed
from .epc_schemes import SCHEMES, Pairs, ais_to_fields, fields_to_ais

# the bits of a company prefix, by the partition value; the partition is 12 less the number of its digits
_PREFIX_BITS = (40, 37, 34, 30, 27, 24, 20)
_LONGEST_PREFIX = 12
_SIX_BIT_END = 0


@dataclass(frozen=True, slots=True)
class Classic:
    """One layout. `bits`: of company prefix and reference together (0: the reference is text of six bits a character
    that ends with zeros). `reference`: how the reference is written, `serial` and `serial_bits`: what follows.

    Kinds: `digits` a number with the leading zeros that the scheme asks for, `integer` a number without, `text` seven
    bits a character filled up with zeros, `one` a number behind a 1 that keeps its zeros, empty for none.
    """

    name: str
    scheme: str
    bits: int
    serial: str = ""
    serial_bits: int = 0
    reference: str = "digits"

    @property
    def ais(self) -> set[str]:
        """The AIs that it can hold."""
        scheme = SCHEMES[self.scheme]
        return {scheme.ai, scheme.tail} - {""}

    def read(self, source: BitReader) -> tuple[int, int, Pairs]:
        """Filter value, length of the company prefix and the AIs. Raises Gs1Error."""
        filter_value, partition = source.number(3), source.number(3)
        if partition >= len(_PREFIX_BITS):
            raise malformed("The length of the company prefix in the EPC is not defined")
        length = _LONGEST_PREFIX - partition
        prefix = source.digits(_PREFIX_BITS[partition], length)
        reference = self._read_reference(source, partition)
        rest = [source.digits(7, 2) for _ in range(2)] if self.scheme == "itip" else []
        if SCHEMES[self.scheme].fields:
            rest.append(_read(source, self.serial, self.serial_bits))
        return filter_value, length, fields_to_ais(self.scheme, prefix, reference, rest)

    def _read_reference(self, source: BitReader, partition: int) -> str:
        if not self.bits:
            return _read_six_bit(source)
        size = self.bits - _PREFIX_BITS[partition]
        if self.reference == "digits":
            digits = SCHEMES[self.scheme].digits - _LONGEST_PREFIX + partition
            return source.digits(size, digits)
        return _read(source, self.reference, size)

    def write(self, values: dict[str, str], prefix_length: int, filter_value: int, target: BitWriter) -> None:
        """Everything behind the header. Raises Gs1Error when a value does not fit."""
        partition = _LONGEST_PREFIX - prefix_length
        if not 0 <= partition < len(_PREFIX_BITS):
            raise malformed("%(scheme)s needs a company prefix of 6 to 12 digits", scheme=self.name)
        prefix, reference, rest = ais_to_fields(self.scheme, values, prefix_length)
        target.number(filter_value, 3)
        target.number(partition, 3)
        target.number(int(prefix), _PREFIX_BITS[partition])
        if not self.bits:
            _write_six_bit(reference, target)
        else:
            kind = "integer" if self.reference == "integer" else self.reference
            _write(reference, kind, self.bits - _PREFIX_BITS[partition], target)
        if self.scheme == "itip":
            for field in rest[:2]:
                target.number(int(field), 7)
        if rest:
            _write(rest[-1], self.serial, self.serial_bits, target)
        elif self.serial_bits:
            target.number(0, self.serial_bits)


def _read(source: BitReader, kind: str, size: int) -> str:
    if kind == "text":
        codes = [source.number(7) for _ in range(size // 7)]
        source.number(size % 7)
        text = "".join(map(chr, codes)).rstrip("\0")
        if "\0" in text:
            raise malformed("There is a gap in a text of the EPC")
        return text
    digits = str(source.number(size))
    if kind == "one":
        if not digits.startswith("1"):
            raise malformed("A serial number of the EPC does not say how many zeros it begins with")
        return digits[1:]
    return digits


def _write(value: str, kind: str, size: int, target: BitWriter) -> None:
    if kind == "text":
        if len(value) > size // 7 or not value.isascii():
            raise malformed("The text has more than %(count)s characters: %(value)s", count=size // 7, value=value)
        for character in value.ljust(size // 7, "\0"):
            target.number(ord(character), 7)
        target.number(0, size % 7)
        return
    if value and not (value.isascii() and value.isdigit()):
        raise malformed("Only digits fit here: %(value)s", value=value)
    if kind == "one":
        value = "1" + value
    elif kind == "integer" and (not value or value != str(int(value))):
        raise malformed("A number without leading zeros is needed here: %(value)s", value=value)
    target.number(int(value or "0"), size)


def _read_six_bit(source: BitReader) -> str:
    text = ""
    while (code := source.number(6)) != _SIX_BIT_END:
        # the two upper bits of a character are those that its four lower ones and the fifth leave to be told
        text += chr(code | 0x40) if code < 0x20 else chr(code)
    return text


def _write_six_bit(value: str, target: BitWriter) -> None:
    for character in value:
        if not 0x20 <= ord(character) < 0x60 or character == "@":
            raise malformed("This character does not fit into six bits: %(character)s", character=character)
        target.number(ord(character) & 0x3F, 6)
    target.number(_SIX_BIT_END, 6)


CLASSIC = {
    0x2C: Classic("GDTI-96", "gdti", 41, "integer", 41),
    0x2D: Classic("GSRN-96", "gsrn", 58, "", 24),
    0x2E: Classic("GSRNP-96", "gsrnp", 58, "", 24),
    0x30: Classic("SGTIN-96", "sgtin", 44, "integer", 38),
    0x31: Classic("SSCC-96", "sscc", 58, "", 24),
    0x32: Classic("SGLN-96", "sgln", 41, "integer", 41),
    0x33: Classic("GRAI-96", "grai", 44, "integer", 38),
    0x34: Classic("GIAI-96", "giai", 82, reference="integer"),
    0x36: Classic("SGTIN-198", "sgtin", 44, "text", 140),
    0x37: Classic("GRAI-170", "grai", 44, "text", 112),
    0x38: Classic("GIAI-202", "giai", 188, reference="text"),
    0x39: Classic("SGLN-195", "sgln", 41, "text", 140),
    0x3C: Classic("CPI-96", "cpi", 51, "integer", 31, reference="integer"),
    0x3D: Classic("CPI-var", "cpi", 0, "integer", 40),
    0x3E: Classic("GDTI-174", "gdti", 41, "text", 119),
    0x3F: Classic("SGCN-96", "sgcn", 41, "one", 41),
    0x40: Classic("ITIP-110", "itip", 44, "integer", 38),
    0x41: Classic("ITIP-212", "itip", 44, "text", 140),
}
