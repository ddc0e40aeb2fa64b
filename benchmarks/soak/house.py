"""The house of a soak run, made by the product's own use cases: people, consignees with addresses, lots they hold."""
from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from decimal import Decimal

from sqlalchemy.orm import Session

from traceapp.catalog.parties import NewContact, NewParty, NewSite, create_party, create_site
from traceapp.catalog.service import Ingredient, Level, NewProduct, create_product
from traceapp.core.actor import SYSTEM, Actor
from traceapp.core.quantity import Quantity
from traceapp.gs1 import check_digit
from traceapp.identity.model import User
from traceapp.identity.service import NewToken, NewUser, actor_of, create_token, create_user
from traceapp.trace.production import InputLot, ProduceBatch, produce_batch
from traceapp.trace.receiving import ReceiveLot, receive_lot
from traceapp.trace.release import Decide, release_lot
from traceapp.trace.shipping import ShipLine, ShipLots, ship_lots
from traceapp.world import World

from .installation import PASSWORD

CONSIGNEES = 12
CONTACTS = 2
LETTERS_OF_A_RECALL = CONSIGNEES * CONTACTS
_STEM = "0952123456701"
GTIN = _STEM + check_digit(_STEM)
_UNITS = 100


@dataclass(frozen=True, slots=True)
class Team:
    """Tokens of who writes recalls and of who approves them; each may sign ten times in a quarter of an hour."""

    writer: str
    manager: str


@dataclass(frozen=True, slots=True)
class SoakHouse:
    """`reporter` is the token of who reports complaints about `reported`; `recalled` are lots to recall one by one,
    each held by every consignee."""

    reporter: str
    teams: tuple[Team, ...]
    reported: tuple[str, ...]
    recalled: tuple[str, ...]


def make_house(world: World, reported: int, recalled: int, teams: int) -> SoakHouse:
    """Fill an empty installation."""
    with world.database.write() as session:
        quality = _person(session, world, "soak", "quality")
        reporter = _token(session, world, quality, "complaint.write")
        pairs = tuple(Team(_token(session, world, _person(session, world, f"writer{number}", "quality"), "recall.write",
                                  "recall.read"),
                           _token(session, world, _person(session, world, f"manager{number}", "quality_manager"),
                                  "recall.approve", "recall.read")) for number in range(teams))
    lots = _lots(world, actor_of(quality), reported + recalled)
    return SoakHouse(reporter, pairs, lots[:reported], lots[reported:])


def _person(session: Session, world: World, name: str, role: str) -> User:
    return create_user(session, SYSTEM, world.clock, NewUser(name, f"Soak {name}", role, PASSWORD))


def _token(session: Session, world: World, user: User, *scopes: str) -> str:
    return create_token(session, SYSTEM, world.clock, NewToken("soak", user.id, scopes))[1]


def _lots(world: World, who: Actor, count: int) -> tuple[str, ...]:
    """Batches of one product out of one raw lot, all released and shipped to every consignee."""
    clock, at = world.clock, world.clock.now() - timedelta(days=20)
    with world.database.write() as session:
        own = create_party(session, who, clock, NewParty("OWN", "示例敷料厂", "Example Dressings"))
        create_site(session, who, clock, NewSite(own.id, "PLANT", "一厂", "Plant one", is_own=True))
        supplier = create_party(session, who, clock, NewParty("SUP", "胶厂", "Glue works", roles=("supplier",)))
        glue = create_product(session, who, clock, NewProduct("GLUE", "material", "压敏胶", "Adhesive", "KGM"))
        plaster = create_product(session, who, clock, NewProduct(
            "PLASTER", "device", "创可贴", "Plaster", "EA", levels=(Level("unit", GTIN),), shelf_life_days=730,
            recipe=(Ingredient(glue.id, Decimal(1)),), recipe_output=Decimal(1000)))
        raw = receive_lot(session, who, clock, ReceiveLot(
            glue.id, "G-1", supplier.id, "S-1", Quantity(Decimal(10_000), "KGM"), at))
        release_lot(session, who, clock, Decide(raw.lot_key, "certificate"))
    keys = []
    for number in range(count):
        with world.database.write() as session:
            lot = produce_batch(session, who, clock, ProduceBatch(
                plaster.id, f"P-{number:04}", Quantity(Decimal(_UNITS * CONSIGNEES * 2), "EA"), at + timedelta(days=1),
                (InputLot(raw.lot_key, Quantity(Decimal(2), "KGM")),)))
            keys.append(release_lot(session, who, clock, Decide(lot.lot_key, "tested")).lot_key)
    for number in range(CONSIGNEES):
        with world.database.write() as session:
            contacts = tuple(NewContact(f"Ward {part}", email=f"ward{part}@h{number:02}.example")
                             for part in range(CONTACTS))
            party = create_party(session, who, clock, NewParty(
                f"H-{number:02}", f"第{number}医院", f"Hospital {number}", contacts=contacts, roles=("user_facility",)))
            ship_lots(session, who, clock, ShipLots(party.id, f"D-{number}", at + timedelta(days=3), None, "", tuple(
                ShipLine(key, None, Decimal(_UNITS)) for key in keys)))
    return tuple(keys)
