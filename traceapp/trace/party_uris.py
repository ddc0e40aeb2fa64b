"""Which partners the parties and places of others' events are."""
from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from urllib.parse import unquote

from sqlalchemy import select
from sqlalchemy.orm import Session

from traceapp.catalog.lookup import own_party
from traceapp.catalog.model import Party, Site

_GLN = re.compile(r"https://id\.gs1\.org/41[47]/(\d{13})(?:/254/.*)?")
_PARTY, _SITE = "urn:traceapp:party:", "urn:traceapp:site:"


@dataclass(frozen=True, slots=True)
class Known:
    """A partner of ours, or we ourselves."""

    party_id: str
    name_zh: str
    name_en: str
    is_own: bool


def partners_of(session: Session, uris: Iterable[str]) -> dict[str, Known]:
    """{URI: partner} for those of these that name a partner or a place of one, in three statements."""
    every = sorted(set(uris))
    glns = {found[1]: uri for uri in every if (found := _GLN.fullmatch(uri))}
    by_gln: dict[str, list[str]] = {}
    for uri in every:
        if found := _GLN.fullmatch(uri):
            by_gln.setdefault(found[1], []).append(uri)
    parties = {unquote(uri.removeprefix(_PARTY)): uri for uri in every if uri.startswith(_PARTY)}
    places = {unquote(uri.removeprefix(_SITE)): uri for uri in every if uri.startswith(_SITE)}
    if not glns and not parties and not places:
        return {}
    own = own_party(session)
    own_id = own.id if own else ""
    result: dict[str, Known] = {}
    for site, party in session.execute(select(Site, Party).join(Party, Party.id == Site.party_id).where(
            Site.gln.in_(glns) | Site.code.in_(places))):
        known = Known(party.id, party.name_zh, party.name_en, site.is_own or party.id == own_id)
        result.update({uri: known for uri in by_gln.get(site.gln or "", ())})
        if site.code in places:
            result[places[site.code]] = known
    for party in session.scalars(select(Party).where(Party.gln.in_(glns) | Party.code.in_(parties))):
        known = Known(party.id, party.name_zh, party.name_en, party.id == own_id)
        result.update({uri: known for uri in by_gln.get(party.gln or "", ())})
        if party.code in parties:
            result[parties[party.code]] = known
    return result
