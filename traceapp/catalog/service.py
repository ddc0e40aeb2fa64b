"""Use cases of products, materials, recipes and packaging. Parties and sites: `catalog.parties`."""
from __future__ import annotations

from dataclasses import dataclass, fields
from decimal import Decimal

from sqlalchemy import select
from sqlalchemy.orm import Session
from sqlalchemy.orm.attributes import flag_modified

from traceapp.audit import record, stream_of
from traceapp.core.actor import Actor
from traceapp.core.clock import Clock
from traceapp.core.errors import Conflict, InvalidInput, NotFound
from traceapp.core.ids import new_id
from traceapp.core.quantity import known_unit, plain
from traceapp.db import expect_revision
from traceapp.gs1.escapes import escape
from traceapp.gs1.keys import gtin14
from traceapp.worklist.work import add_work

from .model import PackagingLevel, PackagingLevelName, Product, ProductKind, RecipeLine
from .parties import (
    ChangeContact,
    ChangeParty,
    ChangeSite,
    GiveRole,
    NewContact,
    NewParty,
    NewSite,
    add_contact,
    change_contact,
    change_party,
    change_site,
    create_party,
    create_site,
    give_role,
    take_role,
)
from .registrations import follow_product
from .texts import code_text, required_text, short_text

LIMITS_CHANGED = "storage.limits"  # work for whoever judges by them
STORAGE = ("storage_min_c", "storage_max_c", "storage_min_rh", "storage_max_rh", "storage_allowed_minutes")
STEM = "https://id.gs1.org/01/"
PRIVATE_CLASS = "urn:traceapp:class:"


@dataclass(frozen=True, slots=True)
class Level:
    """One pack of a product: `units` of the product's own unit under one GTIN."""

    level: str
    gtin: str
    units: Decimal = Decimal(1)


@dataclass(frozen=True, slots=True)
class Ingredient:
    """What one recipe output takes of a material, in the material's unit; `loss` is the share expected to be lost."""

    material_id: str
    quantity: Decimal
    loss: Decimal = Decimal(0)


@dataclass(frozen=True, slots=True)
class NewProduct:
    """`recipe_output` is how many units the recipe makes; it and `recipe` are given together or not at all. Storage is
    limited in °C and percent of relative humidity; `balance_tolerance` is in percent."""

    code: str
    kind: str
    name_zh: str
    name_en: str
    unit: str
    levels: tuple[Level, ...] = ()
    recipe: tuple[Ingredient, ...] = ()
    recipe_output: Decimal | None = None
    registration_number: str = ""
    risk_class: str = ""
    shelf_life_days: int | None = None
    storage_zh: str = ""
    storage_en: str = ""
    storage_min_c: Decimal | None = None
    storage_max_c: Decimal | None = None
    storage_min_rh: Decimal | None = None
    storage_max_rh: Decimal | None = None
    storage_allowed_minutes: int = 0
    balance_tolerance: Decimal = Decimal(0)
    usage_zh: str = ""
    usage_en: str = ""
    contact_phone: str = ""


@dataclass(frozen=True, slots=True)
class ChangeProduct:
    """The whole of a product as it shall be. Code, kind, unit and every GTIN that it has must stay."""

    product_id: str
    product: NewProduct
    is_active: bool = True
    revision: int | None = None


_TEXTS = {"name_zh": 200, "name_en": 200, "registration_number": 80, "risk_class": 20, "storage_zh": 300,
          "storage_en": 300, "usage_zh": 2000, "usage_en": 2000, "contact_phone": 40}
_PLAIN = tuple(field.name for field in fields(NewProduct) if field.name not in ("levels", "recipe"))


def create_product(session: Session, actor: Actor, clock: Clock, command: NewProduct) -> Product:
    """A new product or material. Raises InvalidInput for what breaks a rule, Conflict for a code or GTIN in use."""
    code = code_text(command.code, place="code")
    _check_product(command)
    levels = _checked_levels(command.levels)
    if session.scalar(select(Product.id).where(Product.code == code)):
        raise Conflict("There is a product with the code “%(text)s” already.", code="code-in-use", place="code",
                       text=code)
    _refuse_taken_gtins(session, levels, None)
    now = clock.now()
    unit_gtin = next((level.gtin for level in levels if level.level == PackagingLevelName.unit), None)
    product = Product(id=new_id(now), identity_uri=f"{STEM}{unit_gtin}" if unit_gtin else PRIVATE_CLASS + escape(code),
                      is_active=True, created_at=now, **{**_plain(command), "code": code})
    product.levels = [PackagingLevel(gtin=level.gtin, level=level.level, units=level.units) for level in levels]
    session.add(product)
    session.flush()
    product.recipe = _recipe(session, product, command)
    follow_product(session, clock, product)
    record(session, actor, now, "product.created", stream_of("product", product.id), _shown(command, levels))
    return product


def change_product(session: Session, actor: Actor, clock: Clock, command: ChangeProduct) -> Product:
    """Change a product. Raises Conflict for what must stay, because lots were made and codes printed with it."""
    product = session.get(Product, command.product_id)
    if product is None:
        raise NotFound("There is no such product.", place="product_id")
    expect_revision(product, command.revision)
    wanted = command.product
    _check_product(wanted)
    for name in ("code", "kind", "unit"):
        if getattr(wanted, name).strip() != getattr(product, name):
            raise Conflict("The %(field)s of a product cannot change: its lots are named and counted by it. Make a "
                           "new product instead.", code="fixed-field", place=name, field=name)
    levels = _checked_levels(wanted.levels)
    _refuse_taken_gtins(session, levels, product.id)
    _take_levels(product, levels)
    before = {name: getattr(product, name) for name in _PLAIN} | {"is_active": product.is_active}
    after = _plain(wanted) | {"is_active": command.is_active}
    for name, value in after.items():
        setattr(product, name, value)
    recipe_before = [(line.material_id, line.quantity, line.loss) for line in product.recipe]
    if recipe_before != [(line.material_id, line.quantity, line.loss) for line in wanted.recipe]:
        _replace_recipe(session, product, wanted)
    # A change of a GTIN or of the recipe alone is a change of the product too.
    flag_modified(product, "code")
    if any(before[name] != after[name] for name in STORAGE):
        add_work(session, clock, LIMITS_CHANGED, product.id)
    follow_product(session, clock, product)
    record(session, actor, clock.now(), "product.changed", stream_of("product", product.id), {
        "before": {name: value for name, value in before.items() if value != after[name]},
        "after": {name: value for name, value in after.items() if value != before[name]},
        "levels": [(level.gtin, level.units) for level in levels],
        "recipe": [(line.material_id, line.quantity, line.loss) for line in wanted.recipe]})
    session.flush()
    return product


def _replace_recipe(session: Session, product: Product, wanted: NewProduct) -> None:
    for line in list(product.recipe):
        session.delete(line)
    session.flush()
    session.expire(product, ["recipe"])
    product.recipe = _recipe(session, product, wanted)


def _take_levels(product: Product, levels: tuple[Level, ...]) -> None:
    wanted = {level.gtin: level for level in levels}
    present = {level.gtin for level in product.levels}
    for level in product.levels:
        new = wanted.get(level.gtin)
        if new is None or new.units != level.units or new.level != level.level:
            raise Conflict("GTIN %(gtin)s must stay as it is: codes printed with it keep leading here. A pack with "
                           "another content needs a new GTIN.", code="fixed-gtin", place="levels", gtin=level.gtin)
    product.levels.extend(PackagingLevel(gtin=level.gtin, level=level.level, units=level.units)
                          for level in levels if level.gtin not in present)


def _check_product(command: NewProduct) -> None:
    if command.kind not in set(ProductKind):
        raise InvalidInput("“%(kind)s” is no kind of product.", place="kind", kind=command.kind)
    known_unit(command.unit, place="unit")
    required_text(command.name_zh, place="name_zh")
    required_text(command.name_en, place="name_en")
    for name, size in _TEXTS.items():
        short_text(getattr(command, name), size, place=name)
    if command.shelf_life_days is not None and not 0 < command.shelf_life_days <= 36_500:
        raise InvalidInput("The shelf life is a number of days, 1 to 36500.", place="shelf_life_days")
    _check_storage(command)
    if bool(command.recipe) != (command.recipe_output is not None):
        raise InvalidInput("A recipe needs both its materials and how many units they make.", place="recipe_output")
    if command.recipe_output is not None and command.recipe_output <= 0:
        raise InvalidInput("The quantity must be more than zero.", code="not-positive", place="recipe_output")


def _check_storage(command: NewProduct) -> None:
    for low, high, least, most, name in (
            (command.storage_min_c, command.storage_max_c, Decimal("-273.15"), Decimal(1000), "c"),
            (command.storage_min_rh, command.storage_max_rh, Decimal(0), Decimal(100), "rh")):
        for side, value in (("min", low), ("max", high)):
            if value is not None and not least <= value <= most:
                raise InvalidInput("The number %(text)s is out of range.", code="out-of-range",
                                   place=f"storage_{side}_{name}", text=plain(value))
        if low is not None and high is not None and low > high:
            raise InvalidInput("The lowest storage temperature is above the highest." if name == "c"
                               else "The lowest storage humidity is above the highest.", place=f"storage_min_{name}")
    if not 0 <= command.storage_allowed_minutes <= 100_000:
        raise InvalidInput("The time allowed outside the limits is a number of minutes, 0 to 100000.",
                           place="storage_allowed_minutes")
    if not 0 <= command.balance_tolerance <= 100:
        raise InvalidInput("The tolerance is a percentage, 0 to 100.", place="balance_tolerance")


def _checked_levels(levels: tuple[Level, ...]) -> tuple[Level, ...]:
    checked: list[Level] = []
    seen: set[str] = set()
    for number, level in enumerate(levels):
        place = f"levels/{number}"
        if level.level not in set(PackagingLevelName):
            raise InvalidInput("“%(level)s” is no packaging level.", place=place + "/level", level=level.level)
        gtin = gtin14(level.gtin.strip(), place=place + "/gtin")
        if gtin in seen:
            raise InvalidInput("GTIN %(gtin)s stands here twice.", code="gtin-twice", place=place + "/gtin", gtin=gtin)
        if level.units <= 0:
            raise InvalidInput("The quantity must be more than zero.", code="not-positive", place=place + "/units")
        if level.level == PackagingLevelName.unit and level.units != 1:
            raise InvalidInput("The pack “unit” holds exactly one unit.", place=place + "/units")
        seen.add(gtin)
        checked.append(Level(level.level, gtin, level.units))
    if sum(level.level == PackagingLevelName.unit for level in checked) > 1:
        raise InvalidInput("A product has one GTIN for its unit.", place="levels")
    return tuple(checked)


def _refuse_taken_gtins(session: Session, levels: tuple[Level, ...], product_id: str | None) -> None:
    gtins = [level.gtin for level in levels]
    for taken in session.scalars(select(PackagingLevel).where(PackagingLevel.gtin.in_(gtins))):
        if taken.product_id != product_id:
            raise Conflict("GTIN %(gtin)s belongs to another product.", code="gtin-in-use", place="levels",
                           gtin=taken.gtin)


def _recipe(session: Session, product: Product, command: NewProduct) -> list[RecipeLine]:
    ids = [line.material_id for line in command.recipe]
    known = set(session.scalars(select(Product.id).where(Product.id.in_(ids))))
    lines = []
    for position, line in enumerate(command.recipe):
        place = f"recipe/{position}"
        if line.material_id not in known:
            raise InvalidInput("There is no such material.", code="unknown-material", place=place)
        if line.material_id == product.id:
            raise InvalidInput("A product cannot be its own material.", code="own-material", place=place)
        if ids.count(line.material_id) > 1:
            raise InvalidInput("A material stands in a recipe once.", code="material-twice", place=place)
        if line.quantity <= 0 or not 0 <= line.loss < 1:
            raise InvalidInput("A recipe line needs a quantity above zero and a loss from 0 to below 1.", place=place)
        lines.append(RecipeLine(material_id=line.material_id, position=position, quantity=line.quantity,
                                loss=line.loss))
    return lines


def _plain(command: NewProduct) -> dict[str, object]:
    """The columns that a command states, texts trimmed."""
    values = {name: getattr(command, name) for name in _PLAIN}
    return {name: value.strip() if isinstance(value, str) else value for name, value in values.items()}


def _shown(command: NewProduct, levels: tuple[Level, ...]) -> dict[str, object]:
    return {name: value for name, value in _plain(command).items() if value not in ("", None)} | {
        "levels": [(level.level, level.gtin, level.units) for level in levels],
        "recipe": [(line.material_id, line.quantity, line.loss) for line in command.recipe]}


__all__ = ["ChangeContact", "ChangeParty", "ChangeProduct", "ChangeSite", "GiveRole", "Ingredient", "Level",
           "NewContact", "NewParty", "NewProduct", "NewSite", "add_contact", "change_contact", "change_party",
           "change_product", "change_site", "create_party", "create_product", "create_site", "give_role", "take_role"]
