"""GS1 keys inside events: their one canonical form, and what is odd about them."""
from __future__ import annotations

from functools import lru_cache

from traceapp import gs1

_STARTS = ("http://", "https://", "HTTP://", "HTTPS://", "urn:epc:")


@lru_cache(maxsize=65536)
def oddities(uri: str) -> tuple[str, ...]:
    """What is wrong with a URI that carries a GS1 key, as codes; nothing for one that carries none."""
    return tuple(gs1.loose_canonical(uri)[1]) if uri.startswith(_STARTS) else ()


@lru_cache(maxsize=65536)
def normal_form(uri: str) -> str:
    """The canonical Digital Link of the finest thing that `uri` names; `uri` itself where it carries no GS1 key."""
    return gs1.constrained(gs1.loose_canonical(uri)[0]) if uri.startswith(_STARTS) else uri
