"""EPC URNs (`urn:epc:id:sgtin:…`) and their Digital Link URIs, both ways.

Source: EPC Tag Data Standard 2.1, sections 6 and 8.
"""
from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass

from .digital_link import digital_link, parse_uri
from .errors import Gs1Error
from .linters import check_digit

_URN = re.compile(r"urn:epc:(id|class|idpat):([a-z]+):(.+)", re.DOTALL)
_ESCAPE = re.compile(r"%([0-9A-Fa-f]{2})")
_MUST_ESCAPE = re.compile(r"[\"%&/<>?#]")
_SHORTEST_PREFIX, _LONGEST_PREFIX = 4, 12

Pairs = list[tuple[str, str]]


@dataclass(frozen=True, slots=True)
class Scheme:
    """How one EPC scheme maps to AIs.

    `digits`: how many digits company prefix and reference have together (0: any number, with letters).
    `tail`: the AI of what follows, empty when it belongs to the key's own value; `fields`: how many fields follow.
    """

    ai: str
    digits: int
    fields: int = 0
    tail: str = ""
    indicator: bool = False
    lead: str = ""
    check: bool = True


SCHEMES = {
    "sgtin": Scheme("01", 13, 1, "21", indicator=True),
    "lgtin": Scheme("01", 13, 1, "10", indicator=True),
    "upui": Scheme("01", 13, 1, "235", indicator=True),
    "itip": Scheme("8006", 13, 3, "21", indicator=True),
    "sscc": Scheme("00", 17, indicator=True),
    "sgln": Scheme("414", 12, 1, "254"),
    "pgln": Scheme("417", 12),
    "gsrn": Scheme("8018", 17),
    "gsrnp": Scheme("8017", 17),
    "gsin": Scheme("402", 16),
    "gdti": Scheme("253", 12, 1),
    "sgcn": Scheme("255", 12, 1),
    "grai": Scheme("8003", 12, 1, lead="0"),
    "giai": Scheme("8004", 0, check=False),
    "ginc": Scheme("401", 0, check=False),
    "cpi": Scheme("8010", 0, 1, "8011", check=False),
}
_CLASS_ONLY = "lgtin"


def _wrong(urn: str, message: str) -> Gs1Error:
    return Gs1Error("EPC_URN", 0, len(urn), message)


def _unescape(field: str) -> str:
    return _ESCAPE.sub(lambda found: chr(int(found[1], 16)), field)


def _escape(value: str) -> str:
    return _MUST_ESCAPE.sub(lambda found: f"%{ord(found[0]):02X}", value)


def _key(urn: str, scheme: Scheme, prefix: str, reference: str) -> str:
    """The key's value: prefix and reference put together, the indicator digit in front, the check digit behind."""
    if not (prefix.isascii() and prefix.isdigit() and _SHORTEST_PREFIX <= len(prefix) <= _LONGEST_PREFIX):
        raise _wrong(urn, f"A company prefix has {_SHORTEST_PREFIX} to {_LONGEST_PREFIX} digits: {prefix}")
    if not scheme.digits:
        return prefix + _unescape(reference)
    digits = reference[:1] + prefix + reference[1:] if scheme.indicator else prefix + reference
    if len(digits) != scheme.digits or not (digits.isascii() and digits.isdigit()):
        raise _wrong(urn, f"Company prefix and reference have {scheme.digits} digits together: {prefix}.{reference}")
    return scheme.lead + digits + check_digit(digits)


def _with_tail(name: str, scheme: Scheme, key: str, fields: list[str]) -> Pairs:
    """The AIs of a key and of the fields behind it; a pattern's star stands for all and adds nothing."""
    if name == "itip":
        if "*" not in fields[:2]:
            key += "".join(field.zfill(2) for field in fields[:2])
        fields = fields[2:]
    tail = _unescape(fields[0]) if fields and fields[0] != "*" else ""
    if name == "sgln" and tail == "0":
        tail = ""
    if not scheme.tail:
        return [(scheme.ai, key + tail)]
    return [(scheme.ai, key)] + ([(scheme.tail, tail)] if tail else [])


def epc_urn_to_uri(urn: str) -> str:
    """The canonical Digital Link URI of an EPC URN; a pattern with a star gives the class. Raises Gs1Error."""
    found = _URN.fullmatch(urn)
    if found is None:
        raise _wrong(urn, "An EPC URN is urn:epc:id:SCHEME:…, urn:epc:class:lgtin:… or urn:epc:idpat:SCHEME:…")
    kind, name, body = found.groups()
    scheme = SCHEMES.get(name)
    if scheme is None or (kind == "class") != (name == _CLASS_ONLY):
        raise _wrong(urn, f"There is no EPC scheme urn:epc:{kind}:{name}")
    fields = body.split(".", 1 + scheme.fields)
    if len(fields) != 2 + scheme.fields or not all(fields):
        raise _wrong(urn, f"An EPC of scheme {name} has {2 + scheme.fields} fields separated by dots")
    if kind != "idpat" and "*" in fields[2:] and fields[2:] == ["*"] * scheme.fields:
        raise _wrong(urn, "A star is for urn:epc:idpat only")
    pairs = _with_tail(name, scheme, _key(urn, scheme, fields[0], fields[1]), fields[2:])
    try:
        return digital_link(pairs)
    except Gs1Error as error:
        raise _wrong(urn, error.message) from None


def _split_key(scheme: Scheme, value: str, prefix_length: int) -> tuple[str, str, str]:
    """Company prefix, reference and what follows in the value of a key."""
    value = value[len(scheme.lead) :]
    if not scheme.digits:
        return value[:prefix_length], _escape(value[prefix_length:]), ""
    digits, rest = value[: scheme.digits], value[scheme.digits + 1 :]
    if not scheme.indicator:
        return digits[:prefix_length], digits[prefix_length:], rest
    return digits[1 : prefix_length + 1], digits[0] + digits[prefix_length + 1 :], rest


def _scheme_for(key: str, get: Callable[[str], str | None]) -> str:
    if key == "01":
        return "sgtin" if get("21") or not (get("10") or get("235")) else "lgtin" if get("10") else "upui"
    return next((name for name, scheme in SCHEMES.items() if scheme.ai == key), "")


def uri_to_epc_urn(uri: str, prefix_length: int) -> str:
    """The EPC URN of a Digital Link URI whose company prefix has `prefix_length` digits (4 to 12).

    A GTIN alone, or another key without its serial, gives the pattern (`urn:epc:idpat:…*`). Raises Gs1Error.
    """
    parsed = parse_uri(uri)
    name = _scheme_for(parsed.key, parsed.get)
    value = parsed.get(parsed.key)
    if not name or value is None or not _SHORTEST_PREFIX <= prefix_length <= _LONGEST_PREFIX:
        raise Gs1Error("EPC_URN", 0, len(uri), "There is no EPC URN for this key and this length of company prefix")
    scheme = SCHEMES[name]
    prefix, reference, rest = _split_key(scheme, value, prefix_length)
    fields = [prefix, reference]
    if name == "itip":
        fields += [rest[:2], rest[2:]]
        rest = ""
    if scheme.fields:
        tail = parsed.get(scheme.tail) if scheme.tail else rest
        fields.append(_escape(tail) if tail else "0" if name == "sgln" else "*")
    kind = "idpat" if fields[-1] == "*" else "class" if name == _CLASS_ONLY else "id"
    return f"urn:epc:{kind}:{name}:{'.'.join(fields)}"
