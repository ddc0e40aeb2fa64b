"""Which trace items a scanned code can mean: the keys to look under, and the product that its GTIN names."""
from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache

from sqlalchemy import Connection, text

from traceapp.core.ids import name_key
from traceapp.gs1 import STEM, Gs1Error, Parsed, parse_path
from traceapp.gs1.escapes import escape
from traceapp.trace.identity import lot_key


@dataclass(frozen=True, slots=True)
class ScannedCode:
    """What stands in a code: a GTIN with 14 digits, and lot and serial where it has them."""

    gtin: str
    lot: str | None = None
    serial: str | None = None

    @property
    def is_product(self) -> bool:
        """Whether it names the product only."""
        return self.lot is None and self.serial is None


@dataclass(frozen=True, slots=True)
class KnownProduct:
    """The product of a GTIN, of whichever packaging level."""

    id: str
    identity_uri: str
    name_zh: str
    name_en: str
    contact_phone: str


def scanned_code(parsed: Parsed) -> ScannedCode:
    """The code that was read. Raises Gs1Error when it does not name a trade item."""
    gtin = parsed.get("01")
    if gtin is None:
        raise Gs1Error("NO_KEY", 0, 0)
    return ScannedCode(gtin, parsed.get("10"), parsed.get("21"))


# What nearly every code holds: a GTIN and a lot of letters and digits, to which no rule but their length applies.
_PLAIN = re.compile(r"(?:/s)?/01/([0-9]{14})/10/([0-9A-Za-z]{1,20})")


def code_of_path(raw_path: str) -> ScannedCode:
    """The code in the path of a request, as it came over the wire. Raises Gs1Error."""
    plain = _PLAIN.fullmatch(raw_path)
    if plain is not None and _is_gtin(plain[1]):
        return ScannedCode(plain[1], plain[2])
    return scanned_code(parse_path(raw_path))


@lru_cache(maxsize=1024)
def _is_gtin(digits: str) -> bool:
    """Whether a path may begin with this GTIN; few products stand in many codes."""
    try:
        parse_path(f"/01/{digits}")
    except Gs1Error:
        return False
    return True


def code_path(code: ScannedCode) -> str:
    """The path of its Digital Link, as our own pages link to it."""
    path = f"/01/{code.gtin}"
    path += f"/10/{escape(code.lot)}" if code.lot is not None else ""
    return path + (f"/21/{escape(code.serial)}" if code.serial is not None else "")


def signed_path(code: ScannedCode) -> str:
    """What the signature in a code is about: its path in the one form in which it is written, without the host."""
    return code_path(code).removeprefix("/")


def keys_of_code(code: ScannedCode, identity_uri: str | None = None) -> tuple[str, ...]:
    """Where the thing may stand, the likeliest first: the lot under its product, under its GTIN, the single piece.

    `identity_uri` is that of the product that the GTIN belongs to, where it is known.
    """
    own = f"{STEM}/01/{code.gtin}"
    keys: list[str] = []
    if code.lot is not None:
        keys += [lot_key(uri, code.lot) for uri in dict.fromkeys((identity_uri, own)) if uri]
    if code.serial is not None:
        keys.append(name_key(f"{own}/21/{escape(code.serial)}"))
    return tuple(keys)


_PRODUCT = text("SELECT p.id, p.identity_uri, p.name_zh, p.name_en, p.contact_phone FROM packaging_level l "
                "JOIN product p ON p.id = l.product_id WHERE l.gtin = :gtin")


def product_of_code(connection: Connection, gtin: str) -> KnownProduct | None:
    """The product that a GTIN of any packaging level belongs to; None when it is not ours."""
    row = connection.execute(_PRODUCT, {"gtin": gtin}).first()
    return None if row is None else KnownProduct(*row)
