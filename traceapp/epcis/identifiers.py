"""GS1 keys inside events: their one canonical form, and what is odd about them."""
from __future__ import annotations

import re
from functools import lru_cache

from traceapp.gs1.digital_link import parse_uri
from traceapp.gs1.errors import Gs1Error
from traceapp.gs1.foreign import loose_canonical

_STARTS = ("http://", "https://", "HTTP://", "HTTPS://", "urn:epc:")
# A trade item with a lot or serial number that needs no escape anywhere: what stands before it decides everything.
_NUMBERED = re.compile(
    r"(urn:epc:id:sgtin:\d+\.\d+\.|urn:epc:class:lgtin:\d+\.\d+\.|https://id\.gs1\.org/01/\d{14}/(?:21|10)/)"
    r"([A-Za-z0-9_\-]{1,20})", re.ASCII
)  # fmt: skip
_KEY = re.compile(r"https://id\.gs1\.org/(01|8006|00|8004)/[^/]+(?:/(10|21|22|235)/)?")
_CONTAINER = re.compile(r"https://id\.gs1\.org/00/\d{18}", re.ASCII)
Oddities = tuple[tuple[str, str], ...]


def oddities(uri: str) -> Oddities:
    """(code, message) of what is wrong with a URI that carries a GS1 key; nothing for one that carries none."""
    if not uri.startswith(_STARTS):
        return ()
    numbered = _NUMBERED.fullmatch(uri)
    return () if numbered and _before_number(numbered[1])[1] else _read(uri)[1]


def level_of(uri: str) -> str:
    """`class` for a product or a lot of it, `instance` for one thing with a number of its own; empty where the URI does
    not say."""
    if not uri.startswith(_STARTS):
        return ""
    numbered = _NUMBERED.fullmatch(uri)
    return _level_of(numbered[1] + "A") if numbered else _level_of(uri)


def plain_level(uri: str) -> str:
    """The level of a GS1 key with nothing odd about it that is written plainly; empty for any other URI."""
    numbered = _NUMBERED.fullmatch(uri)
    return _level_of(numbered[1] + "A") if numbered and _before_number(numbered[1])[1] else ""


@lru_cache(maxsize=16384)
def _level_of(uri: str) -> str:
    if uri.startswith("urn:epc:idpat:"):
        return "class"
    match = _KEY.match(normal_form(uri))
    if match is None:
        return ""
    if match[1] in ("00", "8004"):
        return "instance"
    return "instance" if match[2] in ("21", "235") else "class"


def normal_form(uri: str) -> str:
    """The canonical Digital Link of the finest thing that `uri` names; `uri` itself where it carries no GS1 key.

    A wrong check digit does not stop it: what others sent must have one hash everywhere.
    """
    if not uri.startswith(_STARTS):
        return uri
    if _CONTAINER.fullmatch(uri):
        return uri
    numbered = _NUMBERED.fullmatch(uri)
    before = numbered and _before_number(numbered[1])[0]
    return before + numbered[2] if numbered and before else _read(uri)[0]


@lru_cache(maxsize=8192)
def _read(uri: str) -> tuple[str, Oddities]:
    canonical, flags = loose_canonical(uri)
    found = tuple((error.code, error.text) for error in flags)
    try:
        return parse_uri(canonical, legacy=True, flags=[]).constrained, found
    except Gs1Error:
        return canonical, found


@lru_cache(maxsize=16384)
def _before_number(head: str) -> tuple[str, bool]:
    """The canonical form up to the number, empty where there is none, and whether nothing is odd about it."""
    form, found = _read(head + "A")
    return form[:-1] if form.endswith("/A") else "", not found


def forget() -> None:
    """Empty the memory of identifiers, for measurements."""
    _read.cache_clear()
    _before_number.cache_clear()
    _level_of.cache_clear()
