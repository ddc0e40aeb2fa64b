"""Where an item is or was, through the containers that it is in; and what places and parties are called."""
from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any
from urllib.parse import unquote

from sqlalchemy import or_, select
from sqlalchemy.orm import Session

from traceapp.catalog.model import Party, Site
from traceapp.db.page import Order, Page, page_of

from .genealogy import names_of
from .model import ItemPosition, Lot, PositionState

MOST_PLACES = 200
_DEEPEST = 10
_P = ItemPosition
_GLN = re.compile(r"https://id\.gs1\.org/41[47]/(\d{13})(?:/.*)?")
_OURS = re.compile(r"urn:traceapp:(party|site):(.+)")


@dataclass(frozen=True, slots=True)
class Whereabouts:
    """So much of an item at one place from `since` to `until`. `inside`: the URIs of the containers around it, the
    nearest first; state and place are then those of the outermost. Owner and possessor are empty where nobody said."""

    state: PositionState
    place: str
    owner: str
    possessor: str
    quantity: Decimal | None
    unit: str | None
    since: datetime
    until: datetime | None
    is_stock: bool
    inside: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class PlaceName:
    """What a place, party or container is called; `party_id`: a partner of ours."""

    name_zh: str
    name_en: str
    party_id: str | None = None


def positions_at(session: Session, lot_key: str, at: datetime | None, limit: int = MOST_PLACES) -> list[Whereabouts]:
    """Where the item was at a moment (None: by the last that was told), our own stock first; empty: nobody knows."""
    found = []
    for row in session.scalars(select(_P).where(_P.lot_key == lot_key, _standing(at), _has_some())
                               .order_by(_P.is_stock.desc(), _P.since.desc(), _P.spot_key).limit(limit)):
        inside: list[str] = []
        outer = row
        while outer.state == PositionState.inside and len(inside) < _DEEPEST:
            inside.append(outer.place)
            around = session.scalars(select(_P).where(_P.lot_key == outer.spot_key, _standing(at), _has_some())
                                     .limit(1)).first()
            if around is None:
                break
            outer = around
        state = PositionState.unknown if outer.state == PositionState.inside else PositionState(outer.state)
        found.append(Whereabouts(
            state, "" if state is PositionState.unknown else outer.place, row.owner or outer.owner,
            row.possessor or outer.possessor, row.quantity, row.unit, max(row.since, outer.since), row.until,
            row.is_stock, tuple(inside)))
    return found


def position_page(session: Session, lot_key: str, after: str | None, limit: int) -> Page[ItemPosition]:
    """All that is known of where the item was, by its own events, in the order of time, page by page."""
    return page_of(session, select(_P).where(_P.lot_key == lot_key, _has_some()), Order(_P.since, _P.spot_key), after,
                   limit)


def _standing(at: datetime | None) -> Any:
    return _P.until.is_(None) if at is None else (_P.since <= at) & or_(_P.until.is_(None), _P.until > at)


def _has_some() -> Any:
    return or_(_P.quantity.is_(None), _P.quantity > 0)


def named_places(session: Session, uris: Iterable[str]) -> dict[str, PlaceName]:
    """The names of these places, parties and containers, by our records, else by the master data of documents."""
    wanted = sorted({uri for uri in uris if uri})
    found: dict[str, PlaceName] = {uri: PlaceName(name, name) for uri, name in names_of(session, wanted).items()}
    by_gln = {match[1]: uri for uri in wanted if (match := _GLN.fullmatch(uri))}
    by_code = {(match[1], unquote(match[2])): uri for uri in wanted if (match := _OURS.fullmatch(uri))}
    for party in session.scalars(select(Party).where(or_(Party.gln.in_(list(by_gln)), Party.code.in_(
            [code for kind, code in by_code if kind == "party"])))):
        found[by_gln.get(party.gln or "") or by_code["party", party.code]] = PlaceName(
            party.name_zh, party.name_en, party.id)
    for site in session.scalars(select(Site).where(or_(Site.gln.in_(list(by_gln)), Site.code.in_(
            [code for kind, code in by_code if kind == "site"])))):
        found[by_gln.get(site.gln or "") or by_code["site", site.code]] = PlaceName(site.name_zh, site.name_en)
    for uri, number in session.execute(select(Lot.uri, Lot.number).where(
            Lot.uri.in_([uri for uri in wanted if uri not in found]))):
        found[uri] = PlaceName(number, number)
    return found
