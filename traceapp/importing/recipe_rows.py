"""Rows of recipes: what a product is made of, one row a material, those of one product together."""
from __future__ import annotations

from collections.abc import Sequence
from dataclasses import fields
from decimal import Decimal
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import selectinload

from traceapp.catalog.model import Product
from traceapp.catalog.service import ChangeProduct, Ingredient, Level, NewProduct, change_product
from traceapp.core.errors import InvalidInput
from traceapp.core.quantity import Quantity
from traceapp.trace import guards

from .desk import Desk, Line, Names, Outcome, shared

_PLAIN = tuple(one.name for one in fields(NewProduct) if one.name not in ("levels", "recipe", "recipe_output"))
# Where the use case finds a fault, without the number of the line -> the column.
RECIPE_PLACES = {"#": "material", "recipe_output": "made"}
_LINE = "recipe/"


def recipe_names(lines: Sequence[Line]) -> Names:
    """What a recipe is known by in the file."""
    return (("product", f"recipe:{lines[0].get('product')}"),)


def take_recipe(desk: Desk, lines: Sequence[Line]) -> Outcome:
    """Rows as the recipe of a product; where it has one, it is replaced where that was chosen."""
    said = shared(lines, ("product", "made"))
    product = desk.product(said["product"])
    found = desk.session.scalars(select(Product).where(Product.id == product.id).options(
        selectinload(Product.levels), selectinload(Product.recipe))).one()
    recipe = tuple(_ingredient(desk, line, place) for place, line in enumerate(lines))
    wanted: dict[str, Any] = {"made": said["made"], "material": _compared(recipe)}
    had = tuple(Ingredient(line.material_id, line.quantity, line.loss) for line in found.recipe)
    outcome = Outcome.stored if not had else desk.settle(
        wanted, {"made": found.recipe_output, "material": _compared(had)}, can_change=True)
    if outcome in (Outcome.stored, Outcome.changed):
        kept = tuple(Level(level.level, level.gtin, level.units) for level in found.levels)
        plain = {name: getattr(found, name) for name in _PLAIN}
        _change(desk, ChangeProduct(found.id, NewProduct(**plain, levels=kept, recipe=recipe,
                                                         recipe_output=said["made"]), found.is_active))
    return outcome


def _ingredient(desk: Desk, line: Line, place: int) -> Ingredient:
    """A row as one material, in the material's own unit."""
    material = desk.product(line.values["material"], f"{place}/material")
    amount = Quantity(line.values["quantity"], line.get("unit", material.unit))
    quantity = guards.amount_in(amount, material.unit, place=f"{place}/quantity")
    return Ingredient(material.id, quantity, line.get("loss", Decimal(0)) / 100)


def _compared(recipe: Sequence[Ingredient]) -> list[tuple[str, Decimal, Decimal]]:
    return sorted((line.material_id, line.quantity, line.loss) for line in recipe)


def _change(desk: Desk, command: ChangeProduct) -> None:
    try:
        change_product(desk.session, desk.actor, desk.clock, command)
    except InvalidInput as problem:
        if (problem.place or "").startswith(_LINE):
            problem.place = problem.place.removeprefix(_LINE)  # type: ignore[union-attr]
        raise
