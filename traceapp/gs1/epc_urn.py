"""EPC URNs (`urn:epc:id:sgtin:…`) and their Digital Link URIs, both ways.

Source: EPC Tag Data Standard 2.3, sections 6 and 8.
"""
from __future__ import annotations

import re
from collections.abc import Callable

from .digital_link import digital_link, parse_uri
from .epc_schemes import LONGEST_PREFIX, SCHEMES, SHORTEST_PREFIX, WITHOUT_LINK, ais_to_fields, fields_to_ais
from .errors import Gs1Error

_URN = re.compile(r"urn:epc:(id|class|idpat):([a-z]+):(.+)", re.DOTALL)
_ESCAPE = re.compile(r"%([0-9A-Fa-f]{2})")
_MUST_ESCAPE = re.compile(r"[\"%&/<>?#]")
_CLASS_ONLY = "lgtin"
_ALL = "*"


def _wrong(urn: str, message: str, **params: object) -> Gs1Error:
    return Gs1Error("EPC_URN", 0, len(urn), message, place=None, **params)


def _unescape(field: str) -> str:
    return _ESCAPE.sub(lambda found: chr(int(found[1], 16)), field)


def _escape(value: str) -> str:
    return _MUST_ESCAPE.sub(lambda found: f"%{ord(found[0]):02X}", value)


def is_without_link(urn: str) -> bool:
    """Whether it is a well-formed EPC URN of a scheme that is no GS1 key, so that it has no Digital Link URI."""
    found = _URN.fullmatch(urn)
    if found is None or found[1] != "id" or found[2] not in WITHOUT_LINK:
        return False
    return WITHOUT_LINK[found[2]].fullmatch(found[3]) is not None


def epc_urn_to_uri(urn: str) -> str:
    """The canonical Digital Link URI of an EPC URN; a pattern with a star gives the class. Raises Gs1Error."""
    found = _URN.fullmatch(urn)
    if found is None:
        raise _wrong(urn, "An EPC URN is urn:epc:id:SCHEME:…, urn:epc:class:lgtin:… or urn:epc:idpat:SCHEME:…")
    kind, name, body = found.groups()
    if kind == "id" and name in WITHOUT_LINK:
        raise _wrong(urn, "An EPC of scheme %(scheme)s has no Digital Link URI", scheme=name)
    scheme = SCHEMES.get(name)
    if scheme is None or (kind == "class") != (name == _CLASS_ONLY):
        raise _wrong(urn, "There is no EPC scheme urn:epc:%(kind)s:%(name)s", kind=kind, name=name)
    fields = body.split(".", 1 + scheme.fields)
    # the reference is empty when the company prefix takes all digits that there are
    if len(fields) != 2 + scheme.fields or not all(fields[:1] + fields[2:]):
        message = "An EPC of scheme %(name)s has %(count)s fields separated by dots"
        raise _wrong(urn, message, name=name, count=2 + scheme.fields)
    prefix, reference, *rest = fields
    if kind == "idpat":
        # elsewhere a star is a serial like any other
        rest = ["" if field == _ALL else field for field in rest]
    try:
        return digital_link(fields_to_ais(name, prefix, _unescape(reference), [_unescape(field) for field in rest]))
    except Gs1Error as error:
        raise _wrong(urn, error.message, **error.params) from None


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
    if not name or not SHORTEST_PREFIX <= prefix_length <= LONGEST_PREFIX:
        raise Gs1Error("EPC_URN", 0, len(uri), "There is no EPC URN for this key and this length of company prefix")
    try:
        prefix, reference, rest = ais_to_fields(name, parsed.values, prefix_length)
    except Gs1Error as error:
        raise error.moved(0, len(uri)) from None
    pattern = bool(rest) and not rest[-1]
    fields = [prefix, _escape(reference), *(_escape(field) or _ALL for field in rest)]
    kind = "idpat" if pattern else "class" if name == _CLASS_ONLY else "id"
    return f"urn:epc:{kind}:{name}:{'.'.join(fields)}"
