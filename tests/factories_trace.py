"""A small maker for tests of the trace: materials, a product in three packs, a supplier, two consignees, a plant."""
from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, fields
from datetime import UTC, date, datetime
from decimal import Decimal

from sqlalchemy.orm import Session

from tests.made_once import made_once
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
from traceapp.core.quantity import Quantity
from traceapp.db import Database
from traceapp.gs1 import check_digit
from traceapp.trace.inspecting import NewResult, RecordInspection, record_inspection
from traceapp.trace.model import Inspection, Lot, Shipment
from traceapp.trace.production import InputLot, MadeAt, ProduceBatch, produce_batch
from traceapp.trace.receiving import ReceiveLot, receive_lot
from traceapp.trace.release import Decide, release_lot
from traceapp.trace.shipping import ShipLine, ShipLots, ship_lots

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


def at(day: int, hour: int = 1) -> datetime:
    """A moment in November 2026; hour 1 in UTC is nine in the morning at the plant."""
    return datetime(2026, 11, day, hour, tzinfo=UTC)


GOOD = (NewResult("剥离强度", "Peel strength", "N", Decimal("1.2"), Decimal("1.0"), Decimal("2.0")),)
BAD = (NewResult("剥离强度", "Peel strength", "N", Decimal("0.4"), Decimal("1.0"), Decimal("2.0")),)


@dataclass(frozen=True, slots=True)
class Hand:
    """One session with its actor and clock, so that a test reads as a list of acts."""

    session: Session
    actor: Actor
    clock: Clock
    maker: Maker

    def receive(self, product: Product, number: str, value: str, day: int = 1) -> Lot:
        """A raw lot, not yet released."""
        return receive_lot(self.session, self.actor, self.clock, ReceiveLot(
            product.id, number, self.maker.supplier.id, f"S-{number}", Quantity(Decimal(value), product.unit),
            at(day), self.maker.site.id, origin="江苏", expires_on=date(2027, 12, 31)))

    def inspect(self, lot: Lot, day: int = 2, results: tuple[NewResult, ...] = GOOD) -> Inspection:
        return record_inspection(self.session, self.actor, self.clock, RecordInspection(
            lot.lot_key, f"R-{lot.number}", "Own laboratory", at(day), Decimal(0), results))

    def release(self, lot: Lot) -> Lot:
        return release_lot(self.session, self.actor, self.clock, Decide(lot.lot_key, "ok"))

    def raw(self, product: Product, number: str, value: str, day: int = 1) -> Lot:
        """A raw lot, inspected and released."""
        lot = self.receive(product, number, value, day)
        self.inspect(lot, day)
        return self.release(lot)

    def make(self, product: Product, number: str, value: str, inputs: list[tuple[Lot, str]], day: int = 5) -> Lot:
        """A batch, not yet released."""
        return produce_batch(self.session, self.actor, self.clock, ProduceBatch(
            product.id, number, Quantity(Decimal(value), product.unit), at(day),
            tuple(InputLot(lot.lot_key, Quantity(Decimal(used), lot.unit or "EA")) for lot, used in inputs),
            MadeAt(work_order=f"WO-{number}", line="L1", shift="A", site_id=self.maker.site.id)))

    def ship(self, lot: Lot, consignee: Party, packs: str, gtin14: str | None = None, day: int = 10) -> Shipment:
        return ship_lots(self.session, self.actor, self.clock, ShipLots(
            consignee.id, f"D-{day}-{packs}", at(day), self.maker.site.id, "road",
            (ShipLine(lot.lot_key, gtin14, Decimal(packs)),)))


def make_hand(session: Session, actor: Actor, clock: Clock) -> Hand:
    """A hand with its maker."""
    return Hand(session, actor, clock, make_maker(session, actor, clock))


@contextmanager
def open_hand(database: Database, actor: Actor, clock: Clock) -> Iterator[Hand]:
    """A hand in an open unit of work; its maker was there before it."""
    maker = made_once(database, clock, lambda session: make_maker(session, actor, clock))
    with database.write() as session:
        session.add_all(getattr(maker, one.name) for one in fields(maker))
        yield Hand(session, actor, clock, maker)


def make_batch(hand: Hand, number: str = "B1", value: str = "1000") -> Lot:
    """A released batch of plaster out of one lot of glue and one of film."""
    glue = hand.raw(hand.maker.glue, f"G-{number}", "50")
    film = hand.raw(hand.maker.film, f"F-{number}", "1000")
    lot = hand.make(hand.maker.plaster, number, value, [(glue, "5.2"), (film, "80")])
    hand.inspect(lot, 6)
    return hand.release(lot)
