"""How lots, partners and places are named: URIs and the keys that follow from them. Pure."""
from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache
from urllib.parse import unquote

from traceapp.core.errors import InvalidInput
from traceapp.core.ids import name_key
from traceapp.epcis.identifiers import normal_form, oddities
from traceapp.gs1 import TABLE, Gs1Error
from traceapp.gs1.escapes import escape

PRIVATE_CLASS, PRIVATE_LOT = "urn:traceapp:class:", "urn:traceapp:lot:"
_GS1 = "https://id.gs1.org/"
_LONGEST_NUMBER = 80
# GDST names a lot by its product class, a dot, and the lot number.
_GDST_LOT, _GDST_CLASS = ":product:lot:class:", ":product:class:"
_KEY = re.compile(r"https://id\.gs1\.org/(\d+)/([^/]+)(?:/(10|21|22|235)/([^/]+))?")
_CONTAINERS = frozenset({"00", "8003", "8004", "401", "402"})


@dataclass(frozen=True, slots=True)
class Item:
    """A thing that events name. `gtin` has 14 digits, where there is one; `flags` are codes of what is odd."""

    uri: str
    key: str
    kind: str
    class_uri: str | None
    number: str
    gtin: str | None = None
    flags: tuple[str, ...] = ()


def checked_lot_number(identity_uri: str, number: str, *, place: str = "number") -> str:
    """`number` trimmed, when it can name a lot of the product. Raises InvalidInput, for a product with a GTIN by the
    rules of AI (10)."""
    text = number.strip()
    if not text:
        raise InvalidInput("A lot needs a number.", code="missing", place=place)
    if len(text) > _LONGEST_NUMBER or not text.isprintable():
        raise InvalidInput("A lot number has at most 80 printable characters.", code="bad-lot-number", place=place)
    if identity_uri.startswith(_GS1):
        try:
            TABLE["10"].check(text)
        except Gs1Error as error:
            raise InvalidInput(
                "“%(number)s” cannot be a lot number beside a GTIN: at most 20 letters, digits and signs that GS1 "
                "allows; character %(position)d is wrong.", code="bad-lot-number", place=place, number=text,
                position=error.start + 1) from None
    return text


def lot_uri(identity_uri: str, number: str) -> str:
    """The URI of a lot of the product with this class URI."""
    if identity_uri.startswith(PRIVATE_CLASS):
        return f"{PRIVATE_LOT}{identity_uri.removeprefix(PRIVATE_CLASS)}:{escape(number)}"
    return f"{identity_uri}/10/{escape(number)}"


def lot_key(identity_uri: str, number: str) -> str:
    """The key under which a lot of the product is stored."""
    return name_key(lot_uri(identity_uri, number))


def party_uri(gln: str | None, code: str) -> str:
    """The URI of a partner: by GLN, else a private one."""
    return f"{_GS1}417/{gln}" if gln else f"urn:traceapp:party:{escape(code)}"


def site_uri(gln: str | None, code: str) -> str:
    """The URI of a place: by GLN, else a private one."""
    return f"{_GS1}414/{gln}" if gln else f"urn:traceapp:site:{escape(code)}"


@lru_cache(maxsize=8192)
def item_of(uri: str, *, is_class: bool, is_parent: bool = False) -> Item:
    """What a URI in an event names. `is_class`: it stood in a list of quantities, so it is a lot or a product."""
    canonical = normal_form(uri)
    flags = tuple(code for code, _message in oddities(uri))
    match = _KEY.fullmatch(canonical)
    if match is not None:
        return _gs1_item(canonical, match, flags)
    class_uri, number = _private_parts(canonical)
    kind = "container" if is_parent else "lot" if is_class else "instance"
    return Item(canonical, name_key(canonical), kind, class_uri, number, None, flags)


def _gs1_item(uri: str, match: re.Match[str], flags: tuple[str, ...]) -> Item:
    ai, key, qualifier, value = match.groups()
    key_value = unquote(key)
    gtin = key_value if ai == "01" else None
    class_uri = f"{_GS1}{ai}/{key}" if qualifier else None
    if ai in _CONTAINERS:
        kind = "container"
    elif qualifier == "10":
        kind = "lot"
    elif qualifier in ("21", "235"):
        kind = "instance"
    else:
        kind, class_uri = "class_only", uri
    return Item(uri, name_key(uri), kind, class_uri, unquote(value) if value else key_value, gtin, flags)


def _private_parts(uri: str) -> tuple[str | None, str]:
    """Class and number of a URI without a GS1 key; the class is None where the URI does not say."""
    if uri.startswith(PRIVATE_LOT):
        code, _, number = uri.removeprefix(PRIVATE_LOT).partition(":")
        return PRIVATE_CLASS + code, unquote(number)
    if _GDST_LOT in uri:
        body, dot, number = uri.rpartition(".")
        if dot:
            return body.replace(_GDST_LOT, _GDST_CLASS, 1), unquote(number)
    return None, unquote(re.split(r"[:/]", uri.rstrip(":/"))[-1])[-200:]
