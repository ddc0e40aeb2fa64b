"""A small maker for tests of the trace: materials, a product in three packs, a supplier, two consignees, a plant."""
from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal

from sqlalchemy.orm import Session

from traceapp.catalog.model import Party, Product, Site
from traceapp.catalog.service import (
    Ingredient,
    Level,
    NewContact,
    NewParty,
    NewProduct,
    NewSite,
    create_party,
    create_product,
    create_site,
)
from traceapp.core.actor import Actor
from traceapp.core.clock import Clock
from traceapp.gs1 import check_digit

UNIT_GTIN, CASE_GTIN, PALLET_GTIN = "06901234500011", "16901234500018", "26901234500015"


def gtin(number: int, indicator: int = 0) -> str:
    """A valid GTIN-14 of our test prefix."""
    body = f"{indicator}6901234{number:05d}"
    return body + check_digit(body)


@dataclass(frozen=True, slots=True)
class Maker:
    """`glue` in kilograms and `film` in metres make `plaster` (recipe: 100 pieces take 0.5 kg and 8 m)."""

    site: Site
    supplier: Party
    clinic: Party
    hospital: Party
    glue: Product
    film: Product
    bulk: Product
    plaster: Product


def make_maker(session: Session, actor: Actor, clock: Clock) -> Maker:
    """The maker with everything that its acts need."""
    own = create_party(session, actor, clock, NewParty("OWN", "测试敷料厂", "Test Dressings", city="苏州"))
    site = create_site(session, actor, clock, NewSite(own.id, "PLANT", "一厂", "Plant one", city="苏州", is_own=True))
    supplier = create_party(session, actor, clock, NewParty("SUP", "胶厂", "Glue Works", roles=("supplier",)))
    contact = NewContact("质量部", email="quality@clinic.example")
    clinic = create_party(session, actor, clock, NewParty(
        "CLINIC", "第一诊所", "Clinic One", region="江苏", contacts=(contact,), roles=("user_facility",)))
    hospital = create_party(session, actor, clock, NewParty(
        "HOSPITAL", "第二医院", "Hospital Two", region="浙江", contacts=(contact,), roles=("user_facility",)))
    glue = create_product(session, actor, clock, NewProduct("GLUE", "material", "胶", "Adhesive", "KGM"))
    film = create_product(session, actor, clock, NewProduct("FILM", "material", "薄膜", "Film", "MTR"))
    bulk = create_product(session, actor, clock, NewProduct(
        "BULK", "material", "涂布卷", "Coated roll", "MTR", recipe_output=Decimal(10),
        recipe=(Ingredient(glue.id, Decimal("0.5")), Ingredient(film.id, Decimal(10)))))
    plaster = create_product(session, actor, clock, NewProduct(
        "PLASTER", "device", "创可贴", "Plaster", "EA", recipe_output=Decimal(100), shelf_life_days=730,
        registration_number="苏械注准20262140001",
        levels=(Level("unit", UNIT_GTIN), Level("case", CASE_GTIN, Decimal(200)),
                Level("pallet", PALLET_GTIN, Decimal(8000))),
        recipe=(Ingredient(glue.id, Decimal("0.5"), Decimal("0.02")), Ingredient(film.id, Decimal(8)))))
    return Maker(site, supplier, clinic, hospital, glue, film, bulk, plaster)
