"""EPC binary strings in Digital Link URIs (`/eh30…`, `/exMB…`), read and written.

Source: GS1 Digital Link URI: Compression Technical Standard for EPC binary strings 1.0.0; EPC Tag Data Standard 2.3,
sections 14 and 15.3.
"""
from __future__ import annotations

import re
from dataclasses import dataclass

from .epc_bits import (
    DATE,
    BitReader,
    BitWriter,
    Codec,
    Delimited,
    Digits,
    Nibbles,
    Text,
    from_bits,
    malformed,
    read_parts,
    to_bits,
    write_parts,
)
from .epc_classic import CLASSIC, Classic
from .epc_data import read_ais, write_ais
from .epc_host import read_host, write_host
from .epc_schemes import SCHEMES, Pairs
from .errors import Gs1Error
from .parsed import Parsed, check_all

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
PLUS = {
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
# schemes whose keys have no Digital Link, so that no URI can carry them
_WITHOUT_LINK = {0x2F: "USDOD-96", 0x35: "GID-96", 0x3B: "ADI-var"}
# the same schemes as in PLUS with a host name behind the key
_PLUS_PLUS = {
    0xE6: 0xF0, 0xE7: 0xF4, 0xE8: 0xF5, 0xE9: 0xF2, 0xEA: 0xF6, 0xEB: 0xF1,
    0xEC: 0xF8, 0xED: 0xF3, 0xEE: 0xFA, 0xEF: 0xF9, 0xFC: 0xFB, 0xFD: 0xF7,
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class EpcBinary:
    """What an EPC binary string holds: `prefix_length` is known for the schemes before TDS 2.0 only (else 0), `host`
    for the schemes that end in ++ (else empty); a resolver does not go by it.
    """

    scheme: str
    filter_value: int
    prefix_length: int
    ai: tuple[tuple[str, str], ...]
    host: str = ""

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
    if header in _WITHOUT_LINK:
        raise malformed("An EPC of scheme %(scheme)s has no Digital Link URI", scheme=_WITHOUT_LINK[header])
    plus = PLUS.get(_PLUS_PLUS.get(header, header))
    if plus is None:
        raise malformed("The header %(header)s is none of an EPC that has a Digital Link URI", header=f"{header:02X}")
    source.number(_TOGGLE)  # says that more data follow, and so does the length
    filter_value = source.number(_FILTER)
    dated = _read_date(source) if plus.dated else []
    ais = [(ai, read_parts(source, codecs)) for ai, codecs in plus.codecs]
    host = read_host(source) if header in _PLUS_PLUS else ""
    ais = [pair for pair in ais if pair != ("254", "0")]
    name = plus.name + ("+" if header in _PLUS_PLUS else "")
    return EpcBinary(name, filter_value, 0, tuple(ais + dated + read_ais(source)), host)


def _read_date(source: BitReader) -> Pairs:
    kind = source.number(4)
    if kind >= len(_DATE_TYPES):
        raise malformed("The date type %(kind)s is not defined", kind=kind)
    return [(_DATE_TYPES[kind], DATE.read(source))]


def encode_epc_binary(
    parsed: Parsed,
    scheme: str = "",
    *,
    prefix_length: int = 0,
    filter_value: int = 0,
    host: str = "",
    base64: bool = False,
) -> str:
    """The compression string for a key with its serial, lot or extension, and with other AIs behind it.

    `scheme` is the name of one, such as SGTIN-96 (then `prefix_length`, the digits of the company prefix, is needed),
    SGTIN+ or SGTIN++ (then `host` is); without it, the one of TDS 2.0 for the key. The schemes before TDS 2.0 hold the
    key alone. Raises Gs1Error when the scheme cannot hold the AIs.
    """
    check_all(parsed.ai)
    target = BitWriter()
    classic = next((item for item in CLASSIC.items() if item[1].name == scheme), None)
    if classic is not None:
        _encode_classic(classic, parsed, prefix_length, filter_value, target)
        return from_bits(target.bits, word=_TAG_WORD, base64=base64)
    with_host = scheme.endswith("++") or bool(host and not scheme)
    header = _plus_header(parsed, scheme[:-1] if scheme.endswith("++") else scheme)
    if with_host:
        header = next(number for number, bare in _PLUS_PLUS.items() if bare == header)
    elif host:
        raise malformed("%(scheme)s holds no host name", scheme=scheme)
    _encode_plus(header, parsed.values, filter_value, host, target)
    return from_bits(target.bits, word=_TAG_WORD if with_host else _HEX_WORD, base64=base64)


def _encode_classic(
    classic: tuple[int, Classic], parsed: Parsed, prefix_length: int, filter_value: int, target: BitWriter
) -> None:
    header, layout = classic
    if left_over := parsed.values.keys() - layout.ais:
        raise malformed("%(scheme)s cannot hold AI %(ai)s", scheme=layout.name, ai=min(left_over))
    if SCHEMES[layout.scheme].ai not in parsed.values:
        raise malformed("%(scheme)s cannot hold these AIs", scheme=layout.name)
    target.number(header, _HEADER)
    layout.write(parsed.values, prefix_length, filter_value, target)


def _date_type(values: dict[str, str]) -> str:
    """The AI of the one date that may stand in front, or empty when there is none or more than one."""
    dates = [ai for ai in _DATE_TYPES if ai in values]
    return dates[0] if len(dates) == 1 and len(values[dates[0]]) == DATE.width else ""


def _plus_header(parsed: Parsed, scheme: str) -> int:
    """The header of the scheme, or of the best one for these AIs: with the date in front when there is one date."""
    values = parsed.values
    for header, plus in reversed(PLUS.items()):
        if scheme and plus.name != scheme:
            continue
        # an extension may be missing; a serial may not
        needed = {ai for ai, _ in plus.codecs} - {"254"}
        if needed <= values.keys() and plus.codecs[0][0] == parsed.key and (not plus.dated or _date_type(values)):
            return header
    if scheme:
        raise malformed("%(scheme)s cannot hold these AIs", scheme=scheme)
    raise malformed("No EPC scheme can hold these AIs")


def _encode_plus(header: int, values: dict[str, str], filter_value: int, host: str, target: BitWriter) -> None:
    plus = PLUS[_PLUS_PLUS.get(header, header)]
    date = _date_type(values) if plus.dated else ""
    held = {ai for ai, _ in plus.codecs} | {date}
    rest = [(ai, value) for ai, value in values.items() if ai not in held]
    target.number(header, _HEADER)
    target.number(int(bool(rest)), _TOGGLE)
    target.number(filter_value, _FILTER)
    if date:
        target.number(_DATE_TYPES.index(date), 4)
        DATE.write(values[date], target)
    for ai, codecs in plus.codecs:
        write_parts(values.get(ai, "0"), codecs, target)
    if header in _PLUS_PLUS:
        write_host(host, target)
    write_ais(rest, target)
