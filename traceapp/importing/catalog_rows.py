"""Rows of products, partners and sites: made new, or brought up to the file where that was chosen."""
from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import fields
from decimal import Decimal
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import selectinload

from traceapp.catalog.model import Party, PartyContact, Product, Site
from traceapp.catalog.parties import ALL_PRODUCTS, IDENTIFIERS
from traceapp.catalog.service import (
    ChangeContact,
    ChangeParty,
    ChangeProduct,
    ChangeSite,
    GiveRole,
    Ingredient,
    Level,
    NewContact,
    NewParty,
    NewProduct,
    NewSite,
    add_contact,
    change_contact,
    change_party,
    change_product,
    change_site,
    create_party,
    create_product,
    create_site,
    give_role,
)
from traceapp.core.errors import InvalidInput
from traceapp.gs1.keys import gln, gtin14

from .desk import Desk, Line, Names, Outcome

_PLAIN = tuple(one.name for one in fields(NewProduct) if one.name not in ("levels", "recipe", "recipe_output"))
_PACKS = ("inner", "case", "pallet")
_LEVEL_PLACE = re.compile(r"levels/(\d+)/(gtin|units)")
_PARTY = ("code", "name_zh", "name_en", "country", "region", "city", "address", "gln", "postcode",
          *IDENTIFIERS)
_SITE = ("code", "name_zh", "name_en", "time_zone", "city", "is_own", "gln")
_CONTACT = {"contact_name": "name", "contact_duty": "duty", "contact_email": "email", "contact_phone": "phone",
            "contact_language": "language", "gets_recalls": "gets_recalls"}
PARTY_PLACES = {f"contacts/0/{name}": title for title, name in _CONTACT.items()} | {
    name: title for title, name in _CONTACT.items()} | {"role": "roles"}


def product_names(lines: Sequence[Line]) -> Names:
    """What a product is known by in the file."""
    said = lines[0]
    gtins = [(title, said.get(title)) for title in ("gtin", *(f"{pack}_gtin" for pack in _PACKS))]
    return (("code", f"code:{said.get('code')}"),
            *((title, f"gtin:{gtin.strip().zfill(14)}") for title, gtin in gtins if gtin))


def take_product(desk: Desk, lines: Sequence[Line]) -> Outcome:
    """A row as a product or material. Its recipe is left as it is."""
    said = _trimmed(lines[0].values)
    levels = _levels(said)
    try:
        return _product(desk, said, levels)
    except InvalidInput as problem:
        match = _LEVEL_PLACE.fullmatch(problem.place or "")
        if match is not None and int(match[1]) < len(levels):
            level = levels[int(match[1])].level
            problem.place = "gtin" if level == "unit" else f"{level}_{match[2]}"
        raise


def _product(desk: Desk, said: dict[str, Any], levels: tuple[Level, ...]) -> Outcome:
    session = desk.session
    plain = {name: said[name] for name in _PLAIN if name in said}
    found = session.scalar(select(Product).where(Product.code == said["code"]).options(
        selectinload(Product.levels), selectinload(Product.recipe)))
    if found is None:
        create_product(session, desk.actor, desk.clock, NewProduct(**_with_both_names(plain), levels=levels))
        return Outcome.stored
    present = {name: getattr(found, name) for name in _PLAIN}
    had = {level.level: (level.gtin, level.units) for level in found.levels}
    for level in levels:
        title = "gtin" if level.level == "unit" else f"{level.level}_gtin"
        plain[title], present[title] = (gtin14(level.gtin, place=title), level.units), had.get(level.level)
    outcome = desk.settle(plain, present, can_change=True)
    if outcome == Outcome.changed:
        kept = tuple(Level(level.level, level.gtin, level.units) for level in found.levels)
        new = tuple(level for level in levels if gtin14(level.gtin, place="gtin") not in {one.gtin for one in kept})
        merged = {name: plain.get(name, present[name]) for name in _PLAIN}
        recipe = tuple(Ingredient(line.material_id, line.quantity, line.loss) for line in found.recipe)
        change_product(session, desk.actor, desk.clock, ChangeProduct(found.id, NewProduct(
            **merged, levels=kept + new, recipe=recipe, recipe_output=found.recipe_output), found.is_active))
    return outcome


def _trimmed(values: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value.strip() if isinstance(value, str) else value for name, value in values.items()}


def _with_both_names(plain: Mapping[str, Any]) -> dict[str, Any]:
    """What a new thing is made of: where the row has a name in one language only, that one serves for both."""
    zh, en = plain.get("name_zh"), plain.get("name_en")
    if not (zh or en):
        raise InvalidInput("This must be filled in.", code="missing", place="name_zh")
    return {**plain, "name_zh": zh or en, "name_en": en or zh}


def _levels(said: Mapping[str, Any]) -> tuple[Level, ...]:
    found = [Level("unit", said["gtin"])] if "gtin" in said else []
    for pack in _PACKS:
        gtin, units = said.get(f"{pack}_gtin"), said.get(f"{pack}_units")
        if gtin is not None and units is None:
            raise InvalidInput("A pack with a GTIN needs the number of units in it.", code="missing",
                               place=f"{pack}_units")
        if gtin is not None:
            found.append(Level(pack, gtin, Decimal(units or 0)))
    return tuple(found)


def party_names(lines: Sequence[Line]) -> Names:
    """What a partner is known by in the file."""
    return tuple((name, f"{name}:{lines[0].get(name)}") for name in ("code", "gln") if lines[0].get(name))


def take_party(desk: Desk, lines: Sequence[Line]) -> Outcome:
    """A row as a partner with roles for all products and one contact."""
    said = _trimmed(lines[0].values)
    plain = {name: said[name] for name in _PARTY if name in said}
    if "gln" in plain:
        plain["gln"] = gln(plain["gln"], place="gln")
    contact = {name: said[title] for title, name in _CONTACT.items() if title in said}
    roles: tuple[str, ...] = said.get("roles", ())
    found = desk.session.scalar(select(Party).where(Party.code == plain["code"]).options(
        selectinload(Party.contacts), selectinload(Party.roles)))
    if found is None:
        create_party(desk.session, desk.actor, desk.clock, NewParty(
            **_with_both_names(plain), contacts=(_contact(contact),) if contact else (), roles=roles))
        return Outcome.stored
    present = {name: getattr(found, name) for name in _PARTY}
    held = {role.role for role in found.roles if role.product_id == ALL_PRODUCTS}
    known = next((one for one in found.contacts if one.name == contact.get("name")), None)
    compared = plain | {title: contact[name] for title, name in _CONTACT.items() if name in contact}
    present |= {title: getattr(known, name, None) for title, name in _CONTACT.items()}
    if roles:
        compared["roles"], present["roles"] = roles, roles if held >= set(roles) else tuple(sorted(held))
    outcome = desk.settle(compared, present, can_change=True)
    if outcome == Outcome.changed:
        _change_party(desk, found, plain, (contact, known), set(roles) - held)
    return outcome


def _contact(said: Mapping[str, Any]) -> NewContact:
    return NewContact(**{"name": "", **said})


def _change_party(desk: Desk, found: Party, plain: Mapping[str, Any],
                  contact: tuple[Mapping[str, Any], PartyContact | None], roles: set[str]) -> None:
    who = (desk.session, desk.actor, desk.clock)
    present = {name: getattr(found, name) for name in _PARTY}
    if any(present[name] != value for name, value in plain.items()):
        change_party(*who, ChangeParty(found.id, NewParty(**{**present, **plain}), found.is_active))
    for role in sorted(roles):
        give_role(*who, GiveRole(found.id, role))
    said, known = contact
    if said and known is None:
        add_contact(*who, found.id, _contact(said))
    elif known is not None and any(getattr(known, name) != value for name, value in said.items()):
        present = {name: getattr(known, name) for name in (*_CONTACT.values(), "mobile", "notice_way")}
        change_contact(*who, ChangeContact(known.id, NewContact(**{**present, **said}), known.is_active))


def site_names(lines: Sequence[Line]) -> Names:
    """What a site is known by in the file."""
    return party_names(lines)


def take_site(desk: Desk, lines: Sequence[Line]) -> Outcome:
    """A row as a place of a partner."""
    said = _trimmed(lines[0].values)
    plain = {name: said[name] for name in _SITE if name in said}
    if "gln" in plain:
        plain["gln"] = gln(plain["gln"], place="gln")
    owner = desk.party(said["party"])
    found = desk.session.scalar(select(Site).where(Site.code == plain["code"]))
    if found is None:
        create_site(desk.session, desk.actor, desk.clock, NewSite(
            party_id=owner.id, **_with_both_names(plain)))
        return Outcome.stored
    present = {name: getattr(found, name) for name in _SITE}
    outcome = desk.settle(plain | {"party": owner.id}, present | {"party": found.party_id}, can_change=True)
    if outcome == Outcome.changed:
        change_site(desk.session, desk.actor, desk.clock, ChangeSite(
            found.id, NewSite(**{"party_id": owner.id, **present, **plain})))
    return outcome
