"""Where an item is or was, through the containers that it is in; and what places and parties are called."""
from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime
from decimal import Decimal
from typing import Any
from urllib.parse import unquote

from sqlalchemy import or_, select
from sqlalchemy.orm import Session

from traceapp.catalog.model import Party, Site
from traceapp.db.among import among
from traceapp.db.page import Order, Page, page_of

from .model import ItemPosition, Lot, PositionState
from .naming import names_of

MOST_PLACES = 200
_DEEPEST = 10
_AT_ONCE = 1000
_P = ItemPosition
_GLN = re.compile(r"https://id\.gs1\.org/41[47]/(\d{13})(?:/.*)?")
_OURS = re.compile(r"urn:traceapp:(party|site):(.+)")
_SOME = or_(_P.quantity.is_(None), _P.quantity > 0)
_NOW = (select(_P).where(among(_P.lot_key, "keys"), _P.until.is_(None), _SOME)
        .order_by(_P.lot_key, _P.since, _P.spot_key))


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
class Place:
    """So much of an item at one place since then."""

    lot_key: str
    place: str
    quantity: Decimal | None
    unit: str | None
    since: datetime


@dataclass(frozen=True, slots=True)
class PlaceName:
    """What a place, party or container is called; `party_id`: a partner of ours."""

    name_zh: str
    name_en: str
    party_id: str | None = None


def positions_at(session: Session, lot_key: str, at: datetime | None, limit: int = MOST_PLACES) -> list[Whereabouts]:
    """Where the item was at a moment (None: by the last that was told), our own stock first; empty: nobody knows."""
    found = []
    for row in session.scalars(select(_P).where(_P.lot_key == lot_key, _standing(at), _SOME)
                               .order_by(_P.is_stock.desc(), _P.since.desc(), _P.spot_key).limit(limit)):
        inside: list[str] = []
        outer = row
        while outer.state == PositionState.inside and len(inside) < _DEEPEST:
            inside.append(outer.place)
            around = session.scalars(select(_P).where(_P.lot_key == outer.spot_key, _standing(at), _SOME)
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


def places_of(session: Session, lot_keys: Iterable[str]) -> list[Place]:
    """Where these items are, through the containers around them; nothing of what is nobody knows where. In the order of
    lots and times, with a statement a thousand and depth."""
    wave: dict[str, list[Place]] = {}  # the thing around it, or the item itself -> what is there
    for row in _standing_now(session, lot_keys):
        wave.setdefault(row.spot_key if row.state == PositionState.inside else "", []).append(
            Place(row.lot_key, row.place, row.quantity, row.unit, row.since))
    found = [place for place in wave.pop("", []) if place.place]
    for _level in range(_DEEPEST):
        if not wave:
            break
        around: dict[str, list[Place]] = {}
        first = {row.lot_key: row for row in reversed(_standing_now(session, wave))}
        for key, outer in first.items():
            moved = [replace(one, place=outer.place, since=max(one.since, outer.since)) for one in wave[key]]
            if outer.state == PositionState.inside:
                around.setdefault(outer.spot_key, []).extend(moved)
            elif outer.place:
                found += moved
        wave = around
    return sorted(found, key=lambda one: (one.lot_key, one.since, one.place))


def _standing_now(session: Session, keys: Iterable[str]) -> list[ItemPosition]:
    """Where these have something now, by key, the place that something came to first at the front."""
    wanted, found = sorted(keys), list[ItemPosition]()
    for start in range(0, len(wanted), _AT_ONCE):
        found += session.scalars(_NOW, {"keys": wanted[start:start + _AT_ONCE]})
    return found


def position_page(session: Session, lot_key: str, after: str | None, limit: int) -> Page[ItemPosition]:
    """All that is known of where the item was, by its own events, in the order of time, page by page."""
    return page_of(session, select(_P).where(_P.lot_key == lot_key, _SOME), Order(_P.since, _P.spot_key), after,
                   limit)


def _standing(at: datetime | None) -> Any:
    return _P.until.is_(None) if at is None else (_P.since <= at) & or_(_P.until.is_(None), _P.until > at)


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
