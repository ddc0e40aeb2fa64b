"""What master data that came with documents calls things, however it spells their identifiers."""
from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from functools import lru_cache

from sqlalchemy import select
from sqlalchemy.orm import Session

from traceapp.db.among import among
from traceapp.gs1 import Gs1Error
from traceapp.gs1.epc_urn import uri_to_epc_urn

from .model import MasterRecord

_URN = "urn:epc:"
_GS1 = "https://id.gs1.org/"
_LONGEST = 300
_SHORTEST_PREFIX, _LONGEST_PREFIX = 6, 12
_ANY_URN = select(MasterRecord.uri).where(MasterRecord.uri >= _URN, MasterRecord.uri < "urn:epc;").limit(1)
_NAMED = select(MasterRecord.uri).where(among(MasterRecord.uri, "uris")).distinct()
_RECORDS = select(MasterRecord).where(among(MasterRecord.uri, "uris")).order_by(
    MasterRecord.capture_id, MasterRecord.position)
_NAMES = ("descriptionshort", "name", "tradeitemdescription", "functionalname", "productname", "regulatedproductname")


def names_of(session: Session, uris: Iterable[str]) -> dict[str, str]:
    """What master data calls these things; several names of one thing stand side by side. Where some master data was
    written in URNs, a thing is found under each URN that can mean it."""
    spelled: dict[str, list[str]] = defaultdict(list)
    has_urns = session.scalar(_ANY_URN) is not None
    for uri in sorted(set(uris)):
        for spelling in spellings(uri) if has_urns else (uri,):
            spelled[spelling].append(uri)
    named = list(session.connection().scalars(_NAMED, {"uris": list(spelled)})) if spelled else []
    found: dict[str, list[str]] = defaultdict(list)
    for record in session.scalars(_RECORDS, {"uris": sorted(named)}) if named else ():
        name = record_name(record)
        for uri in spelled[record.uri]:
            if name and name not in found[uri]:
                found[uri].append(name)
    return {uri: " / ".join(names)[:_LONGEST] for uri, names in found.items()}


@lru_cache(maxsize=16384)
def spellings(uri: str) -> tuple[str, ...]:
    """The URI, and for a GS1 Digital Link every EPC URN that can mean it: the link does not say how long the company
    prefix is. Source: TDS 2.1, sections 6 and 8.2.1 (6 to 12 digits); an SGLN without an extension ends in 0."""
    if not uri.startswith(_GS1):
        return (uri,)
    found = [uri]
    for length in range(_SHORTEST_PREFIX, _LONGEST_PREFIX + 1):
        try:
            urn = uri_to_epc_urn(uri, length)
        except Gs1Error:
            continue
        found.append(urn)
        if urn.startswith("urn:epc:idpat:sgln:"):
            found.append(urn.replace("idpat", "id", 1).removesuffix("*") + "0")
    return tuple(found)


def record_name(record: MasterRecord) -> str:
    """The name that one vocabulary element gives to its thing; empty where it gives none."""
    given: dict[str, str] = {}
    for name, value in record.attributes:
        short = name.replace("#", ":").replace("/", ":").rsplit(":", 1)[-1].casefold()
        if isinstance(value, str) and value.strip():
            given.setdefault(short, value.strip())
    return next((given[name] for name in _NAMES if name in given), "")
