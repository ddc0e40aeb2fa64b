"""The data behind an EPC: AIs with their values, each in the bits that it has for itself.

Source: EPC Tag Data Standard 2.3, section 15.3 and its table of encodings (TDT table F).
"""
from __future__ import annotations

from functools import cache

from .epc_bits import (
    DATE,
    TIME,
    BitReader,
    BitWriter,
    Clock,
    Codec,
    Country,
    Delimited,
    Digits,
    Either,
    Flag,
    Integer,
    Nibbles,
    Sequence,
    Text,
    malformed,
    read_parts,
    write_parts,
)
from .epc_schemes import Pairs
from .linters import LINTERS
from .table import AI_LENGTH, TABLE, Component

_SHORTEST_AI = 8
_HOUR, _SECOND = Clock((5,)), Clock((6,))
_PARTLY_TIMED = Either(2, ((DATE, _HOUR), (DATE, TIME), (DATE, TIME, _SECOND), (DATE,)))
_RULES: tuple[tuple[tuple[str, ...], Codec], ...] = (
    (("yymmd0", "yymmdd"), DATE),
    (("hhmi",), TIME),
    (("yesno",), Flag("0", "1")),
    (("hyphen",), Flag("", "-")),
    (("iso3166alpha2",), Country()),
)
# the AIs whose parts are not written one by one as their format has them
_WHOLE: dict[str, tuple[Codec, ...]] = {
    "402": (Integer(17),),
    "423": (Digits(15),),
    "425": (Digits(15),),
    "4309": (Integer(20),),
    "7007": (Either(1, ((DATE,), (DATE, DATE))),),
    "7011": (_PARTLY_TIMED,),
    "7023": (Delimited(30),),
    "7040": (Text(4),),
    **{f"723{digit}": (Text(30),) for digit in range(10)},
    "7241": (Nibbles(2),),
    "7251": (Integer(12),),
    "7258": (Sequence(),),
    "8001": (Integer(14),),
    "8003": (Nibbles(14), Text(16)),
    "8004": (Delimited(30),),
    "8006": (Nibbles(18),),
    "8007": (Text(24),),
    "8008": (_PARTLY_TIMED,),
    "8010": (Delimited(30),),
    "8026": (Nibbles(18),),
    "8030": (Text(90),),
}
# AIs for which the table has no encoding
_WITHOUT = frozenset({"8014", "8040", "8041", "8042", "8043"})


def _codec(part: Component) -> Codec:
    """How a component of an AI is written when nothing else is said."""
    checks = set(part.checks)
    for names, codec in _RULES:
        if checks & {LINTERS[name] for name in names}:
            return codec
    if part.characters == "X":
        return Text(part.longest)
    if part.shortest != part.longest:
        return Digits(part.longest)
    return Nibbles(part.longest) if LINTERS["csum"] in checks else Integer(part.longest)


@cache
def ai_codecs(ai: str) -> tuple[Codec, ...]:
    """How the value of an AI is written. Raises Gs1Error for an AI that an EPC cannot carry."""
    if ai not in TABLE or ai in _WITHOUT:
        raise malformed("AI %(ai)s cannot stand behind an EPC", ai=ai)
    return _WHOLE.get(ai) or tuple(_codec(part) for part in TABLE[ai].components)


def read_ais(source: BitReader) -> Pairs:
    """The AIs behind an EPC, each with its number in front, digit by digit. Raises Gs1Error."""
    ais: Pairs = []
    while source.remaining >= _SHORTEST_AI and not source.rest_is_padding():
        first = Nibbles(2).read(source)
        if first not in AI_LENGTH:
            raise malformed("There is no AI that begins with %(first)s", first=first)
        ai = first + Nibbles(AI_LENGTH[first] - 2).read(source)
        ais.append((ai, read_parts(source, ai_codecs(ai))))
    if not source.rest_is_padding():
        raise malformed("There are bits after the end of the EPC")
    return ais


def write_ais(ais: Pairs, target: BitWriter) -> None:
    """Writes AIs behind an EPC. Raises Gs1Error when one of them cannot stand there."""
    for ai, value in ais:
        codecs = ai_codecs(ai)
        Nibbles(len(ai)).write(ai, target)
        write_parts(value, codecs, target)
