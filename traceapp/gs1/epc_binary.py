"""EPC binary strings in Digital Link URIs (`/eh30…`, `/exMB…`), read and written.

Source: GS1 Digital Link URI: Compression Technical Standard for EPC binary strings 1.0.0; EPC Tag Data Standard 2.3,
sections 14 and 15.3. The schemes that end in ++ carry a host name, which a resolver passes over; they are read only.
"""
from __future__ import annotations

import re
from dataclasses import dataclass

from .epc_bits import (
    DATE,
    TIME,
    BitReader,
    BitWriter,
    Codec,
    Country,
    Delimited,
    Digits,
    Flag,
    Integer,
    Nibbles,
    Text,
    from_bits,
    malformed,
    to_bits,
)
from .epc_classic import CLASSIC, Classic
from .epc_schemes import Pairs
from .errors import Gs1Error
from .linters import LINTERS
from .parsed import Parsed, check_all
from .table import AI_LENGTH, TABLE, Component

_SEGMENT = re.compile(r"eh[0-9a-f]*|ex[A-Za-z0-9_-]*")
_HEADER, _TOGGLE, _FILTER = 8, 1, 3
_HEX_WORD, _TAG_WORD = 4, 16
_DATE_TYPES = ("11", "13", "15", "16", "17", "7006", "7007")


@dataclass(frozen=True, slots=True)
class Plus:
    """A scheme of TDS 2.0: the AIs that it holds and how; `dated`: a date stands in front."""

    name: str
    codecs: tuple[tuple[str, tuple[Codec, ...]], ...]
    dated: bool = False


_SGTIN = (("01", (Nibbles(14),)), ("21", (Text(20),)))
_PLUS = {
    0xF0: Plus("CPI+", (("8010", (Delimited(30),)), ("8011", (Digits(12),)))),
    0xF1: Plus("GRAI+", (("8003", (Nibbles(14), Text(16))),)),
    0xF2: Plus("SGLN+", (("414", (Nibbles(13),)), ("254", (Text(20),)))),
    0xF3: Plus("ITIP+", (("8006", (Nibbles(18),)), ("21", (Text(20),)))),
    0xF4: Plus("GSRN+", (("8018", (Nibbles(18),)),)),
    0xF5: Plus("GSRNP+", (("8017", (Nibbles(18),)),)),
    0xF6: Plus("GDTI+", (("253", (Nibbles(13), Text(17))),)),
    0xF7: Plus("SGTIN+", _SGTIN),
    0xF8: Plus("SGCN+", (("255", (Nibbles(13), Digits(12))),)),
    0xF9: Plus("SSCC+", (("00", (Nibbles(18),)),)),
    0xFA: Plus("GIAI+", (("8004", (Delimited(30),)),)),
    0xFB: Plus("DSGTIN+", _SGTIN, dated=True),
}
# the same schemes with a host name behind the key
_PLUS_PLUS = {
    0xE6: 0xF0, 0xE7: 0xF4, 0xE8: 0xF5, 0xE9: 0xF2, 0xEA: 0xF6, 0xEB: 0xF1,
    0xEC: 0xF8, 0xED: 0xF3, 0xEE: 0xFA, 0xEF: 0xF9, 0xFC: 0xFB, 0xFD: 0xF7,
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class EpcBinary:
    """What an EPC binary string holds: `prefix_length` is known for the schemes before TDS 2.0 only (else 0)."""

    scheme: str
    filter_value: int
    prefix_length: int
    ai: tuple[tuple[str, str], ...]

    @property
    def parsed(self) -> Parsed:
        """The AIs, ready to be written in other ways."""
        return Parsed(self.ai)


def is_epc_binary(segment: str) -> bool:
    """Whether the last segment of a path has the form of a compression string."""
    return _SEGMENT.fullmatch(segment) is not None


def decode_epc_binary(segment: str) -> EpcBinary:
    """What a compression string holds; all values are checked. Raises Gs1Error with the whole text as its place."""
    try:
        if not is_epc_binary(segment):
            raise malformed("An EPC binary string is eh and hexadecimal digits, or ex and base64url characters")
        found = _decode(BitReader(to_bits(segment)))
        check_all(found.ai)
    except Gs1Error as error:
        raise error.moved(0, len(segment)) from None
    return found


def _decode(source: BitReader) -> EpcBinary:
    header = source.number(_HEADER)
    if header in CLASSIC:
        filter_value, prefix_length, ais = CLASSIC[header].read(source)
        if not source.rest_is_padding():
            raise malformed("There are bits after the end of the EPC")
        return EpcBinary(CLASSIC[header].name, filter_value, prefix_length, tuple(ais))
    plus = _PLUS.get(_PLUS_PLUS.get(header, header))
    if plus is None:
        raise malformed("The header %(header)s is none of an EPC that has a Digital Link URI", header=f"{header:02X}")
    source.number(_TOGGLE)  # says that more data follow, and so does the length
    filter_value = source.number(_FILTER)
    dated = _read_date(source) if plus.dated else []
    ais = [(ai, "".join(codec.read(source) for codec in codecs)) for ai, codecs in plus.codecs]
    if header in _PLUS_PLUS:
        _skip_host(source)
    ais = [pair for pair in ais if pair != ("254", "0")]
    name = plus.name + ("+" if header in _PLUS_PLUS else "")
    return EpcBinary(name, filter_value, 0, tuple(ais + dated + _more(source)))


def _read_date(source: BitReader) -> Pairs:
    kind = source.number(4)
    if kind >= len(_DATE_TYPES):
        raise malformed("The date type %(kind)s is not defined", kind=kind)
    return [(_DATE_TYPES[kind], DATE.read(source))]


def _skip_host(source: BitReader) -> None:
    """Passes over the host name (14.5.16): units of seven bits, or groups of three characters in 16."""
    in_units = source.number(1)
    length = source.number(6)
    if not length:
        raise malformed("The host name in the EPC is empty")
    source.number(length * 7 if in_units else -(-length // 3) * 16)


def _codec(part: Component) -> Codec:
    """How a component of an AI is written in the data behind an EPC (15.3). Raises Gs1Error."""
    checks = set(part.checks)
    for names, codec in (
        (("yymmd0", "yymmdd"), DATE),
        (("hhmi",), TIME),
        (("yesno",), Flag("0", "1")),
        (("hyphen",), Flag("", "-")),
        (("iso3166alpha2",), Country()),
    ):
        if checks & {LINTERS[name] for name in names}:
            return codec
    fixed = part.shortest == part.longest
    if part.characters == "N":
        if not fixed:
            return Digits(part.longest)
        return Nibbles(part.longest) if LINTERS["csum"] in checks else Integer(part.longest)
    if part.characters == "X" and not fixed:
        return Text(part.longest)
    raise malformed("This AI cannot be read out of an EPC")


def _ai_codecs(ai: str) -> list[Codec]:
    if ai not in TABLE:
        raise malformed("There is no AI %(ai)s", ai=ai)
    parts = TABLE[ai].components
    # how a value says that a part is absent differs from AI to AI; only text and the minus sign say it by themselves
    if any(part.optional and part.characters == "N" and ai != "255" for part in parts):
        raise malformed("AI %(ai)s cannot be read out of an EPC", ai=ai)
    if ai in ("8006", "8026"):
        return [Nibbles(18)]
    if ai in ("8004", "8010"):
        return [Delimited(parts[0].longest)]
    return [Nibbles(14), Text(16)] if ai == "8003" else [_codec(part) for part in parts]


def _more(source: BitReader) -> Pairs:
    """The AIs behind the EPC, each with its number in front, digit by digit."""
    ais: Pairs = []
    while source.remaining >= 8 and not source.rest_is_padding():
        first = Nibbles(2).read(source)
        if first not in AI_LENGTH:
            raise malformed("There is no AI that begins with %(first)s", first=first)
        ai = first + Nibbles(AI_LENGTH[first] - 2).read(source)
        ais.append((ai, "".join(codec.read(source) for codec in _ai_codecs(ai))))
    return ais


def encode_epc_binary(
    parsed: Parsed, scheme: str = "", *, prefix_length: int = 0, filter_value: int = 0, base64: bool = False
) -> str:
    """The compression string for a key with its serial, lot or extension.

    `scheme` is the name of one, such as SGTIN-96 (then `prefix_length`, the digits of the company prefix, is needed)
    or SGTIN+; without it, the one of TDS 2.0 for the key. Raises Gs1Error when it cannot hold all the AIs.
    """
    target = BitWriter()
    classic = next((item for item in CLASSIC.items() if item[1].name == scheme), None)
    if classic is not None:
        _encode_classic(classic, parsed, prefix_length, filter_value, target)
        return from_bits(target.bits, word=_TAG_WORD, base64=base64)
    _encode_plus(_plus_header(parsed, scheme), parsed.values, filter_value, target)
    return from_bits(target.bits, word=_HEX_WORD, base64=base64)


def _encode_classic(
    classic: tuple[int, Classic], parsed: Parsed, prefix_length: int, filter_value: int, target: BitWriter
) -> None:
    header, layout = classic
    if left_over := parsed.values.keys() - layout.ais:
        raise malformed("%(scheme)s cannot hold AI %(ai)s", scheme=layout.name, ai=min(left_over))
    target.number(header, _HEADER)
    layout.write(parsed.values, prefix_length, filter_value, target)


def _plus_header(parsed: Parsed, scheme: str) -> int:
    for header, plus in _PLUS.items():
        held = {ai for ai, _ in plus.codecs}
        dates = parsed.values.keys() & set(_DATE_TYPES)
        fits = plus.codecs[0][0] in parsed.values and plus.dated == (len(dates) == 1)
        # an extension may be missing; a serial may not
        needed = held - {"254"}
        if (plus.name == scheme or not scheme) and fits and needed <= parsed.values.keys() <= held | dates:
            return header
    if scheme:
        raise malformed("%(scheme)s cannot hold exactly these AIs", scheme=scheme)
    raise malformed("No EPC scheme can hold exactly these AIs")


def _encode_plus(header: int, values: dict[str, str], filter_value: int, target: BitWriter) -> None:
    plus = _PLUS[header]
    target.number(header, _HEADER)
    target.number(0, _TOGGLE)
    target.number(filter_value, _FILTER)
    if plus.dated:
        ai = next(ai for ai in _DATE_TYPES if ai in values)
        target.number(_DATE_TYPES.index(ai), 4)
        DATE.write(values[ai], target)
    for ai, codecs in plus.codecs:
        _write_value(values.get(ai, "0"), codecs, target)


def _write_value(value: str, codecs: tuple[Codec, ...], target: BitWriter) -> None:
    for codec in codecs:
        part = value[: codec.count] if isinstance(codec, Nibbles) else value
        codec.write(part, target)
        value = value[len(part) :]
