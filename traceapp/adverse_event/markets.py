"""Which authorities may ask for a report, why each of them, and what we are for the product there."""
from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from enum import StrEnum

from sqlalchemy import select
from sqlalchemy.orm import Session

from traceapp.catalog.markets import home_market, own_parties, sold_by
from traceapp.catalog.model import Party, PartyRole, Registration, Site
from traceapp.rules import Role
from traceapp.trace.model import ShipmentLine

from .reportability import jurisdiction_of, roles_of

_CLASSES = {"1": "I", "2": "II", "3": "III", "一": "I", "二": "II", "三": "III", "IIA": "IIa", "IIB": "IIb"} | {
    name: name for name in ("I", "II", "III", "A", "B", "C", "D")}
_AROUND_CLASS = re.compile(r"CLASS|TYPE|第|类|類|\s")
_MOST_LOTS = 500


class Ground(StrEnum):
    """Why an authority is asked, the strongest first: we are at home there, it happened there, goods of the lot went
    there, the product is sold there."""

    home = "home"
    happened = "happened"
    shipped = "shipped"
    sold = "sold"


@dataclass(frozen=True, slots=True)
class Market:
    """One authority. `device_class` is the one there; empty where it is not known or products differ."""

    jurisdiction: str
    ground: Ground
    roles: frozenset[Role]
    device_class: str


def markets_of(session: Session, product_ids: Iterable[str], on: date,
               places: Mapping[str, Ground]) -> tuple[Market, ...]:
    """Home, the markets of the products, and further `places` (countries), each authority once, by its strongest
    ground."""
    products = sorted(set(product_ids))
    registered: dict[str, list[Registration]] = {}
    for one in sold_by(session, products, on):
        registered.setdefault(jurisdiction_of(one.market), []).append(one)
    grounds = [(jurisdiction, Ground.sold) for jurisdiction in registered]
    grounds += [(jurisdiction_of(country), ground) for country, ground in places.items()]
    grounds.append((jurisdiction_of(home_market(session)), Ground.home))
    strongest: dict[str, Ground] = {}
    for jurisdiction, ground in sorted(grounds, key=lambda pair: list(Ground).index(pair[1])):
        strongest.setdefault(jurisdiction, ground)
    own, house = own_parties(session), _house_roles(session, products)
    return tuple(Market(jurisdiction, strongest[jurisdiction],
                        roles_of(house | _named_roles(registered.get(jurisdiction, ()), own)),
                        class_there(registered.get(jurisdiction, ())))
                 for jurisdiction in sorted(strongest))


def countries_of_lots(session: Session, lot_keys: Iterable[str]) -> frozenset[str]:
    """The countries to which units of these lots went."""
    keys, found = sorted(set(lot_keys)), set[str]()
    for start in range(0, len(keys), _MOST_LOTS):
        found |= set(session.scalars(
            select(Party.country).where(Party.id.in_(select(ShipmentLine.consignee_id).where(
                ShipmentLine.lot_key.in_(keys[start:start + _MOST_LOTS]))))))
    return frozenset(found)


def class_of(text: str) -> str:
    """A class of device as rules write it, II or IIa; empty for words that are not understood, which fit every rule."""
    return _CLASSES.get(_AROUND_CLASS.sub("", unicodedata.normalize("NFKC", text).upper()), "")


def class_there(registrations: Iterable[Registration]) -> str:
    """The class that all registrations of one authority share, else empty."""
    classes = {class_of(one.risk_class) for one in registrations}
    return classes.pop() if len(classes) == 1 else ""


def roles_for(session: Session, registration: Registration) -> frozenset[Role]:
    """What we are for a product in the market of one registration."""
    return roles_of(_house_roles(session, [registration.product_id])
                    | _named_roles([registration], own_parties(session)))


def _named_roles(registrations: Iterable[Registration], own: frozenset[str]) -> set[str]:
    """What we are by name of the registrations."""
    found: set[str] = set()
    for one in registrations:
        if {one.holder_id, one.manufacturer_id} & own:
            found.add(Role.registrant)
        if one.representative_id in own:
            found.add(Role.representative)
    return found


def _house_roles(session: Session, product_ids: list[str]) -> set[str]:
    """What we are for the products: the roles of the parties whose sites are ours."""
    return set(session.scalars(
        select(PartyRole.role).join(Site, Site.party_id == PartyRole.party_id)
        .where(Site.is_own, PartyRole.product_id.in_([*product_ids, "*"])).distinct()))
