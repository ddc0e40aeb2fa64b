"""Reads of the catalog."""
from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import or_, select
from sqlalchemy.orm import Session, selectinload

from traceapp.db.page import Order, Page, page_of

from .model import PackagingLevel, Party, PartyContact, PartyRole, Product, RecipeLine, Site


@dataclass(frozen=True, slots=True)
class ProductFilter:
    """`text` looks into code, names, registration number and GTIN; `kind` and `is_active` None: all."""

    text: str = ""
    kind: str | None = None
    is_active: bool | None = None
    after: str | None = None
    limit: int = 50


@dataclass(frozen=True, slots=True)
class PartyFilter:
    """`text` looks into code, names, GLN, region and city; `role` None: all."""

    text: str = ""
    role: str | None = None
    is_active: bool | None = None
    after: str | None = None
    limit: int = 50


@dataclass(frozen=True, slots=True)
class SiteFilter:
    """`party_id` None: of all parties."""

    party_id: str | None = None
    after: str | None = None
    limit: int = 50


def contains(text: str) -> str:
    """The LIKE pattern for texts that hold `text` literally; the escape character is a backslash."""
    return "%" + text.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_") + "%"


def product_of_gtin(session: Session, gtin: str) -> tuple[Product, PackagingLevel] | None:
    """The product of a GTIN of any packaging level, with that level. `gtin` has 14 digits."""
    level = session.get(PackagingLevel, gtin)
    if level is None:
        return None
    product = session.get(Product, level.product_id)
    return (product, level) if product is not None else None


def product_by_code(session: Session, code: str) -> Product | None:
    """The product with this code."""
    return session.scalar(select(Product).where(Product.code == code))


def party_by_code(session: Session, code: str) -> Party | None:
    """The party with this code."""
    return session.scalar(select(Party).where(Party.code == code))


def product_page(session: Session, wanted: ProductFilter, *, with_recipes: bool = False) -> Page[Product]:
    """Products by code, each with its packaging levels, and with its recipe when asked."""
    found = select(Product).options(selectinload(Product.levels))
    if with_recipes:
        found = found.options(selectinload(Product.recipe))
    text = wanted.text.strip()
    if text:
        pattern = contains(text)
        by_gtin = select(PackagingLevel.product_id).where(PackagingLevel.gtin.like(pattern, escape="\\"))
        columns = (Product.code, Product.name_zh, Product.name_en, Product.registration_number)
        found = found.where(or_(*(column.ilike(pattern, escape="\\") for column in columns), Product.id.in_(by_gtin)))
    if wanted.kind:
        found = found.where(Product.kind == wanted.kind)
    if wanted.is_active is not None:
        found = found.where(Product.is_active == wanted.is_active)
    return page_of(session, found, Order(Product.code, Product.id), wanted.after, wanted.limit)


def product_details(session: Session, product_id: str) -> Product | None:
    """A product with its levels, and its recipe with the materials."""
    return session.scalar(select(Product).where(Product.id == product_id).options(
        selectinload(Product.levels), selectinload(Product.recipe).joinedload(RecipeLine.material)))


def all_products(session: Session, kinds: tuple[str, ...] = (), *, only_active: bool = True) -> tuple[Product, ...]:
    """Every product by code, for choosing one; `kinds` empty: of all kinds."""
    found = select(Product).options(selectinload(Product.levels)).order_by(Product.code)
    if kinds:
        found = found.where(Product.kind.in_(kinds))
    if only_active:
        found = found.where(Product.is_active)
    return tuple(session.scalars(found))


def party_page(session: Session, wanted: PartyFilter) -> Page[Party]:
    """Parties by code, each with its contacts and roles."""
    found = select(Party).options(selectinload(Party.contacts), selectinload(Party.roles))
    text = wanted.text.strip()
    if text:
        columns = (Party.code, Party.name_zh, Party.name_en, Party.gln, Party.region, Party.city)
        found = found.where(or_(*(column.ilike(contains(text), escape="\\") for column in columns)))
    if wanted.role:
        found = found.where(Party.id.in_(select(PartyRole.party_id).where(PartyRole.role == wanted.role)))
    if wanted.is_active is not None:
        found = found.where(Party.is_active == wanted.is_active)
    return page_of(session, found, Order(Party.code, Party.id), wanted.after, wanted.limit)


def party_details(session: Session, party_id: str) -> Party | None:
    """A party with contacts, roles and sites."""
    return session.scalar(select(Party).where(Party.id == party_id).options(
        selectinload(Party.contacts), selectinload(Party.roles), selectinload(Party.sites)))


def parties_in_role(session: Session, role: str, product_id: str | None = None) -> tuple[Party, ...]:
    """Active parties that hold `role` for the product (or for all products), by code."""
    held = select(PartyRole.party_id).where(PartyRole.role == role)
    if product_id is not None:
        held = held.where(PartyRole.product_id.in_((product_id, "*")))
    return tuple(session.scalars(select(Party).where(Party.id.in_(held), Party.is_active).order_by(Party.code)))


def recall_contacts(session: Session, party_ids: tuple[str, ...]) -> dict[str, list[PartyContact]]:
    """Per party the active contacts that get recall notices; a party without one is not in it."""
    found: dict[str, list[PartyContact]] = {}
    for start in range(0, len(party_ids), 500):
        for contact in session.scalars(select(PartyContact).where(
                PartyContact.party_id.in_(party_ids[start:start + 500]), PartyContact.gets_recalls,
                PartyContact.is_active).order_by(PartyContact.id)):
            found.setdefault(contact.party_id, []).append(contact)
    return found


def sites(session: Session, *, only_own: bool = False) -> tuple[Site, ...]:
    """Every site by code."""
    found = select(Site).order_by(Site.code)
    return tuple(session.scalars(found.where(Site.is_own) if only_own else found))


def site_page(session: Session, wanted: SiteFilter) -> Page[Site]:
    """Sites by code."""
    found = select(Site)
    if wanted.party_id is not None:
        found = found.where(Site.party_id == wanted.party_id)
    return page_of(session, found, Order(Site.code, Site.id), wanted.after, wanted.limit)


def site_by_id(session: Session, site_id: str) -> Site | None:
    """The site, or None."""
    return session.get(Site, site_id)
