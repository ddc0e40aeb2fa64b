"""The maker itself: people, sites, partners, materials, products, recipes, and what the detector is told."""
from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal

from sqlalchemy.orm import Session

from traceapp.catalog.model import Party, Product, Site
from traceapp.catalog.service import (
    GiveRole,
    Ingredient,
    Level,
    NewContact,
    NewParty,
    NewProduct,
    NewSite,
    create_party,
    create_product,
    create_site,
    give_role,
)
from traceapp.core.actor import Actor
from traceapp.core.clock import Clock
from traceapp.signals.delay import Delay
from traceapp.surveillance.basis import SetBasis, set_basis
from traceapp.worklist.rostering import AddShift, add_shift

from .acts import Consignee
from .consignees import gln, role_of
from .markets import sell
from .people import create_people
from .tables import Item, Material, items, materials, rates, recipes, suppliers

MAKER = "QINGHE-DEMO"
PHONE = "000-0000-0001"
_STORAGE = ("常温干燥", "Dry, at room temperature")


@dataclass(frozen=True, slots=True)
class House:
    """Everything that acts refer to, by code. The objects are held so that looking one up asks no database."""

    actors: dict[str, Actor]
    products: dict[str, Product]
    parties: dict[str, Party]
    plant: Site
    store: Site


_WEEK, _WEEKEND = (0, 1, 2, 3, 4), (5, 6)
_DUTY = (("quality", _WEEK, "08:00", "20:00"), ("manager", _WEEKEND, "08:00", "20:00"),
         ("manager", (*_WEEK, *_WEEKEND), "20:00", "08:00"))


def found_house(session: Session, clock: Clock, consignees: tuple[Consignee, ...]) -> House:
    """The maker with all that it knows before its first delivery."""
    actors = create_people(session, clock)
    admin = actors["admin"]
    maker = create_party(session, admin, clock, NewParty(
        MAKER, "青禾医疗用品（示例）", "Qinghe Medical Supplies (demo)", gln=gln(1), region="江苏", city="苏州",
        address="苏州示例路 1 号", postcode="215000",
        fei="0000000001", srn="CN-MF-000000001", duns="000000001", e2b_sender="QINGHE_DEMO",
        contacts=(NewContact("质量部值班", "质量部", "quality@qinghe.example", PHONE),)))
    plant = create_site(session, admin, clock, NewSite(maker.id, "QH-1", "青禾一厂", "Qinghe plant one", gln=gln(11),
                                                       city="苏州", is_own=True))
    store = create_site(session, admin, clock, NewSite(maker.id, "QH-W", "青禾成品库", "Qinghe warehouse", gln=gln(12),
                                                       city="苏州", is_own=True))
    parties = _suppliers(session, admin, clock) | _consignees(session, admin, clock, consignees)
    products = _products(session, admin, clock)
    for code in items():
        for role in ("registrant", "brand_owner"):
            give_role(session, admin, clock, GiveRole(maker.id, role, products[code].id))
    sell(session, admin, clock, maker, products["PLASTER"])
    for person, days, starts, ends in _DUTY:
        add_shift(session, actors["manager"], clock, AddShift(
            actors[person].id, days, starts, ends, clock.now().date()))
    for code, rate in rates().items():
        delay = Delay(rate.use_mean_days, rate.report_shape, rate.report_mean_days)
        set_basis(session, actors["manager"], clock, SetBasis(products[code].id, rate.harm, delay, note=rate.note))
    return House(actors, products, parties, plant, store)


def _suppliers(session: Session, actor: Actor, clock: Clock) -> dict[str, Party]:
    return {one.code: create_party(session, actor, clock, NewParty(
        one.code, f"{one.name_zh}（示例）", f"{one.name_en} (demo)", country=one.country, region=one.region,
        city=one.city, roles=("supplier",),
        contacts=(NewContact("销售部", "", f"sales@{one.code[4:].lower()}.example", gets_recalls=False),)))
        for one in suppliers().values()}


def _consignees(session: Session, actor: Actor, clock: Clock, consignees: tuple[Consignee, ...]) -> dict[str, Party]:
    return {one.code: create_party(session, actor, clock, NewParty(
        one.code, one.name_zh, one.name_en, gln=one.gln, region=one.region, city=one.city, address=one.address,
        roles=(role_of(one),),
        contacts=(NewContact("药械科" if one.kind == "hospital" else "质量负责人", "质量", one.email, one.phone,
                             one.language, mobile=one.mobile),))) for one in consignees}


def _products(session: Session, actor: Actor, clock: Clock) -> dict[str, Product]:
    found: dict[str, Product] = {}
    for material in materials().values():
        found[material.code] = create_product(session, actor, clock, _material(material, found))
    for item in items().values():
        found[item.code] = create_product(session, actor, clock, _item(item, found))
    return found


def _recipe(code: str, found: dict[str, Product]) -> tuple[tuple[Ingredient, ...], Decimal | None]:
    rows = recipes().get(code, ())
    lines = tuple(Ingredient(found[row.material].id, row.quantity, row.loss) for row in rows)
    return lines, rows[0].output if rows else None


def _material(material: Material, found: dict[str, Product]) -> NewProduct:
    recipe, output = _recipe(material.code, found)
    return NewProduct(material.code, "material", material.name_zh, material.name_en, material.unit, recipe=recipe,
                      recipe_output=output, shelf_life_days=material.shelf_days, storage_zh=_STORAGE[0],
                      storage_en=_STORAGE[1])


def _item(item: Item, found: dict[str, Product]) -> NewProduct:
    recipe, output = _recipe(item.code, found)
    levels = (Level("unit", item.gtin("unit")),
              *(Level(level, item.gtin(level), Decimal(units)) for level, units in item.packs))
    return NewProduct(
        item.code, item.kind, item.name_zh, item.name_en, "EA", levels, recipe, output,
        registration_number=item.registration, risk_class=item.risk_class, shelf_life_days=item.shelf_days,
        storage_zh=item.storage_zh, storage_en=item.storage_en, storage_min_c=item.min_c, storage_max_c=item.max_c,
        usage_zh=item.usage_zh, usage_en=item.usage_en, contact_phone=PHONE)
