"""Who and what the identifiers of a few hundred events are: our lots, products, parties and places, else what master
data that came with documents call them."""
from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from traceapp.catalog.model import Party, Product, Site
from traceapp.epcis import Event as Said
from traceapp.epcis.identifiers import normal_form
from traceapp.gs1.escapes import unescape

from .derive_foreign import Resolver, items_by_key
from .identity import Item, party_uri, site_uri
from .model import Lot
from .naming import names_of
from .tracking_kinds import Place

_CHUNK = 500
_LOT = select(Lot.lot_key, Lot.uri, Lot.number, Lot.name, Lot.product_id, Lot.class_uri, Lot.supplier_id,
              Lot.supplier_lot_number, Lot.site_id, Lot.made_on, Lot.expires_on, Lot.is_own)
_PARTY = re.compile(r"(?:https://id\.gs1\.org/417/(\d{13})|urn:traceapp:party:(.+))", re.ASCII)
_SITE = re.compile(r"(?:https://id\.gs1\.org/414/(\d{13})|urn:traceapp:site:(.+))", re.ASCII)


@dataclass(frozen=True, slots=True)
class Names:
    """What was found: items and lots by key, products by id, parties and places by URI and by id."""

    resolver: Resolver
    items: dict[str, Item]
    lots: dict[str, Any]
    products: dict[str, Product]
    by_class: dict[str, Product]
    places: dict[str, Place]
    parties: dict[str, Place]
    sites: dict[str, Place]
    owners: dict[str, Place]

    def place(self, uri: str | None) -> Place | None:
        """The party or place of a URI; one that we know nothing of has no name. None: none is named."""
        return None if uri is None else self.places.get(normal_form(uri)) or Place(uri)

    def product(self, key: str) -> Product | None:
        """Our product that the item is, if it is one of ours."""
        lot, item = self.lots.get(key), self.items[key]
        if lot is not None and lot.product_id in self.products:
            return self.products[lot.product_id]
        pack = self.resolver.packs.get(item.gtin or "")
        return self.by_class.get(pack[0]) if pack is not None else None


def names_for(session: Session, said: list[Said]) -> Names:
    """Everything that these events name, with a fixed number of statements for every few hundred names."""
    resolver = Resolver.of(session, said)
    items = items_by_key(said, resolver)
    lots = {row.lot_key: row for row in _parts(session, _LOT, Lot.lot_key, items)}
    products = list(_parts(session, select(Product), Product.id, (lot.product_id for lot in lots.values()), True))
    classes = {pack[0] for pack in resolver.packs.values()} - {product.identity_uri for product in products}
    products += _parts(session, select(Product), Product.identity_uri, classes, True)
    uris = {normal_form(uri) for one in said for uri in _named(one)}
    sites = _sites(session, uris, {lot.site_id for lot in lots.values()})
    parties = _parties(session, uris, {lot.supplier_id for lot in lots.values()} | {site.party_id for site in sites})
    by_id = {party.id: _party(party) for party in parties}
    places = {place.uri: place for place in by_id.values()}
    owners, of_sites = {}, {}
    for site in sites:
        of_sites[site.id] = _site(site)
        places[of_sites[site.id].uri] = of_sites[site.id]
        owners[of_sites[site.id].uri] = by_id[site.party_id]
    foreign = names_of(session, sorted(uris - set(places)))
    places |= {uri: Place(uri, (name, name)) for uri, name in foreign.items()}
    return Names(resolver, items, lots, {product.id: product for product in products},
                 {product.identity_uri: product for product in products}, places, by_id, of_sites, owners)


def _named(said: Said) -> Iterable[str]:
    yield from (uri for uri in (said.read_point, said.biz_location) if uri)
    yield from (uri for _type, uri in (*said.sources, *said.destinations))


def _parts(session: Session, statement: Any, column: Any, keys: Iterable[str | None], is_entity: bool = False) -> Any:
    wanted = sorted({key for key in keys if key})
    for start in range(0, len(wanted), _CHUNK):
        found = session.execute(statement.where(column.in_(wanted[start:start + _CHUNK])))
        yield from found.scalars() if is_entity else found


def _sites(session: Session, uris: set[str], ids: set[str | None]) -> list[Site]:
    read = [match for uri in uris if (match := _SITE.fullmatch(uri))]
    glns, codes = {match[1] for match in read if match[1]}, {written(match[2]) for match in read if match[2]}
    return _either(session, Site, (glns, codes, {one for one in ids if one}))


def _parties(session: Session, uris: set[str], ids: set[str | None]) -> list[Party]:
    read = [match for uri in uris if (match := _PARTY.fullmatch(uri))]
    glns, codes = {match[1] for match in read if match[1]}, {written(match[2]) for match in read if match[2]}
    return _either(session, Party, (glns, codes, {one for one in ids if one}))


def _either(session: Session, model: Any, wanted: tuple[set[str], set[str], set[str]]) -> list[Any]:
    found: dict[str, Any] = {}
    for column, values in zip((model.gln, model.code, model.id), wanted, strict=True):
        found |= {row.id: row for row in _parts(session, select(model), column, values, True)}
    return list(found.values())


def written(escaped: str) -> str:
    """The text of a code or number that stands escaped in a URI of ours."""
    return unescape(escaped).encode("latin-1", "replace").decode("utf-8", "replace")


def _party(party: Party) -> Place:
    parts = dict.fromkeys(part for part in (party.address, party.city, party.region, party.country) if part)
    return Place(party_uri(party.gln, party.code), (party.name_zh, party.name_en), ", ".join(parts))


def _site(site: Site) -> Place:
    return Place(site_uri(site.gln, site.code), (site.name_zh, site.name_en), site.city or None)
