"""The host name that the EPC schemes ending in ++ carry behind their key.

It is written in units of seven bits: a unit is a character or an ending such as .com; two units are an ending of the
longer lists. A name in capitals may be written in groups of three characters instead; it means the same in small ones.
Source: EPC Tag Data Standard 2.3, section 14.5.16, tables 14-11 to 14-15.
"""
from __future__ import annotations

import re

from .epc_bits import BitReader, BitWriter, malformed, read_urn_code

_HOST = re.compile(r"[A-Za-z0-9.\-]+(?::[0-9]+)?")
_UNIT, _COUNT = 7, 6
_MOST_UNITS = 2**_COUNT - 1
_ONE = {
    0x1E: "qr.", 0x1F: "www.", 0x20: "id.", 0x5B: ".com", 0x5C: ".org", 0x5D: ".net", 0x5E: ".int", 0x60: ".edu",
    0x7B: ".gov", 0x7C: ".mil", 0x7D: ".biz", 0x7E: ".eco", 0x7F: ".med",
}  # fmt: skip
_COUNTRIES = (
    "ac ad ae af ag ai al am ao aq ar as at au aw ax az ba bb bd be bf bg bh bi bj bm bn bo bq br bs bt bw by bz ca cc "
    "cd cf cg ch ci ck cl cm cn co cr cu cv cw cx cy cz de dj dk dm do dz ec ee eg eh er es et eu fi fj fk fm fo fr ga "
    "gd ge gf gg gh gi gl gm gn gp gq gr gs gt gu gw gy hk hm hn hr ht hu id ie il im in io iq ir is it je jm jo jp ke "
    "kg kh ki km kn kp kr kw ky kz la lb lc li",
    "lk lr ls lt lu lv ly ma mc md me mg mh mk ml mm mn mo mp mq mr ms mt mu mv mw mx my mz na nc ne nf ng ni nl no np "
    "nr nu nz om pa pe pf pg ph pk pl pm pn pr ps pt pw py qa re ro rs ru rw sa sb sc sd se sg sh si sk sl sm sn sr ss "
    "st su sv sx sy sz tc td tf tg th tj tk tl tm tn to tr tt tv tw tz ua ug us uy uz va vc ve vg vi vn vu wf ws ye yt "
    "za zm zw",
    "com.au net.au org.au co.at com.bd co.bd com.br net.br co.nz com.ng com.pk co.in com.in co.il co.jp co.za co.kr "
    "com.es com.lk co.th co.tt com.tt com.tr biz.tr com.ua co.uk co.zm com.zm com.cn org.cn net.cn gov.cn",
    "tech",
)
_TWO = tuple(tuple("." + name for name in names.split()) for names in _COUNTRIES)
# every ending with the units that stand for it, the longest first
_ENDINGS = sorted(
    [(text, (unit,)) for unit, text in _ONE.items()]
    + [(text, (page, row)) for page, texts in enumerate(_TWO) for row, text in enumerate(texts)],
    key=lambda ending: -len(ending[0]),
)


def read_host(source: BitReader) -> str:
    """The host name, in small letters where it was written in capitals alone. Raises Gs1Error."""
    in_units = source.number(1)
    count = source.number(_COUNT)
    host = _read_units(source, count) if in_units else read_urn_code(source, count).lower()
    if not _HOST.fullmatch(host):
        raise malformed("The host name in the EPC is not one")
    return host


def _read_units(source: BitReader, count: int) -> str:
    host = ""
    while count > 0:
        unit = source.number(_UNIT)
        if unit < len(_TWO):
            row = source.number(_UNIT)
            if row >= len(_TWO[unit]):
                raise malformed("The host name in the EPC is not one")
            host += _TWO[unit][row]
            count -= 2
        else:
            host += _ONE.get(unit, chr(unit))
            count -= 1
    if count < 0:
        raise malformed("The host name in the EPC is not one")
    return host


def write_host(host: str, target: BitWriter) -> None:
    """Writes a host name, with a port if it has one. Raises Gs1Error when it is none or too long."""
    if not _HOST.fullmatch(host):
        raise malformed("The EPC needs a host name, which this is not: %(host)s", host=host)
    units: list[int] = []
    at = 0
    while at < len(host):
        text, found = next(((text, found) for text, found in _ENDINGS if host.startswith(text, at)),
                           (host[at], (ord(host[at]),)))
        units += found
        at += len(text)
    if len(units) > _MOST_UNITS:
        raise malformed("The host name is too long for an EPC: %(host)s", host=host)
    target.number(1, 1)
    target.number(len(units), _COUNT)
    for unit in units:
        target.number(unit, _UNIT)
