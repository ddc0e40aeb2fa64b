"""GS1 keys inside events: their one canonical form, and what is odd about them."""
from __future__ import annotations

from functools import lru_cache

from traceapp.gs1.digital_link import parse_uri
from traceapp.gs1.errors import Gs1Error
from traceapp.gs1.foreign import loose_canonical

_STARTS = ("http://", "https://", "HTTP://", "HTTPS://", "urn:epc:")


@lru_cache(maxsize=65536)
def oddities(uri: str) -> tuple[tuple[str, str], ...]:
    """(code, message) of what is wrong with a URI that carries a GS1 key; nothing for one that carries none."""
    if not uri.startswith(_STARTS):
        return ()
    return tuple((error.code, error.text) for error in loose_canonical(uri)[1])


@lru_cache(maxsize=65536)
def normal_form(uri: str) -> str:
    """The canonical Digital Link of the finest thing that `uri` names; `uri` itself where it carries no GS1 key.

    A wrong check digit does not stop it: what others sent must have one hash everywhere.
    """
    if not uri.startswith(_STARTS):
        return uri
    canonical, _flags = loose_canonical(uri)
    try:
        return parse_uri(canonical, legacy=True, flags=[]).constrained
    except Gs1Error:
        return canonical
