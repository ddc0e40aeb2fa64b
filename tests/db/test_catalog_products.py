"""Products, packaging levels and recipes on both databases."""
from __future__ import annotations

from dataclasses import replace
from decimal import Decimal

import pytest
from sqlalchemy import select

from tests.factories_trace import CASE_GTIN, UNIT_GTIN, gtin, make_maker
from traceapp.audit.model import AuditEntry
from traceapp.catalog.model import Product
from traceapp.catalog.queries import ProductFilter, product_details, product_of_gtin, product_page
from traceapp.catalog.service import (
    ChangeProduct,
    Ingredient,
    Level,
    NewProduct,
    change_product,
    create_product,
)
from traceapp.core.actor import Actor
from traceapp.core.clock import FixedClock
from traceapp.core.errors import Conflict, InvalidInput, Stale
from traceapp.db import Database
from traceapp.gs1 import Gs1Error

DRESSING = NewProduct("DRESSING", "device", "敷料", "Dressing", "EA",
                      levels=(Level("unit", gtin(7)), Level("case", gtin(7, 1), Decimal(50))))


def test_any_gtin_leads_to_the_product_and_its_content_in_units(
        database: Database, actor: Actor, clock: FixedClock) -> None:
    with database.write() as session:
        maker = make_maker(session, actor, clock)
    with database.read() as session:
        found = product_of_gtin(session, CASE_GTIN)
        assert found is not None
        product, level = found
        assert (product.id, level.level, level.units) == (maker.plaster.id, "case", Decimal(200))
        assert product.identity_uri == f"https://id.gs1.org/01/{UNIT_GTIN}"
        assert product_of_gtin(session, gtin(999)) is None


def test_a_material_without_gtin_has_a_private_class(database: Database, actor: Actor, clock: FixedClock) -> None:
    with database.write() as session:
        product = create_product(session, actor, clock, NewProduct("GLUE/7", "material", "胶", "Glue", "KGM"))
        assert product.identity_uri == "urn:traceapp:class:GLUE%2F7"


def test_a_wrong_check_digit_is_refused_with_its_place(database: Database, actor: Actor, clock: FixedClock) -> None:
    wrong = replace(DRESSING, levels=(Level("unit", "06901234500017"),))
    with database.write() as session, pytest.raises(Gs1Error) as error:
        create_product(session, actor, clock, wrong)
    assert error.value.code == "INCORRECT_CHECK_DIGIT"
    assert error.value.place == "levels/0/gtin"


def test_a_gtin_of_thirteen_digits_is_stored_with_fourteen(
        database: Database, actor: Actor, clock: FixedClock) -> None:
    with database.write() as session:
        product = create_product(session, actor, clock, replace(DRESSING, levels=(Level("unit", gtin(7)[1:]),)))
    assert [level.gtin for level in product.levels] == [gtin(7)]


@pytest.mark.parametrize(("change", "place"), [
    ({"levels": (Level("unit", gtin(7)), Level("inner", gtin(7), Decimal(5)))}, "levels/1/gtin"),
    ({"levels": (Level("unit", gtin(7)), Level("unit", gtin(8)))}, "levels"),
    ({"levels": (Level("unit", gtin(7), Decimal(2)),)}, "levels/0/units"),
    ({"levels": (Level("case", gtin(7), Decimal(0)),)}, "levels/0/units"),
    ({"kind": "toy"}, "kind"),
    ({"unit": "BOX"}, "unit"),
    ({"code": "a b"}, "code"),
    ({"name_zh": "  "}, "name_zh"),
    ({"shelf_life_days": 0}, "shelf_life_days"),
    ({"storage_min_c": Decimal(30), "storage_max_c": Decimal(2)}, "storage_min_c"),
    ({"recipe_output": Decimal(100)}, "recipe_output"),
    ({"recipe": (Ingredient("nothing", Decimal(1)),), "recipe_output": Decimal(100)}, "recipe/0"),
])
def test_what_breaks_a_rule_is_refused_where_it_stands(
        sqlite: Database, actor: Actor, clock: FixedClock, change: dict[str, object], place: str) -> None:
    with sqlite.write() as session, pytest.raises(InvalidInput) as error:
        create_product(session, actor, clock, replace(DRESSING, **change))  # type: ignore[arg-type]
    assert error.value.place == place


def test_a_code_and_a_gtin_are_given_once(database: Database, actor: Actor, clock: FixedClock) -> None:
    with database.write() as session:
        create_product(session, actor, clock, DRESSING)
    for again in (DRESSING, replace(DRESSING, code="OTHER")):
        with pytest.raises(Conflict), database.write() as session:
            create_product(session, actor, clock, again)
    with database.read() as session:
        assert len(session.scalars(select(Product)).all()) == 1


def test_a_recipe_can_change_and_a_pack_can_be_added(database: Database, actor: Actor, clock: FixedClock) -> None:
    with database.write() as session:
        maker = make_maker(session, actor, clock)
        product = create_product(session, actor, clock, DRESSING)
    wanted = replace(DRESSING, levels=(*DRESSING.levels, Level("pallet", gtin(7, 2), Decimal(1000))),
                     recipe=(Ingredient(maker.glue.id, Decimal("0.25"), Decimal("0.1")),), recipe_output=Decimal(10))
    with database.write() as session:
        change_product(session, actor, clock, ChangeProduct(product.id, wanted, revision=1))
    with database.read() as session:
        found = product_details(session, product.id)
        assert found is not None
        assert [(level.level, level.units) for level in found.levels] == [("unit", 1), ("case", 50), ("pallet", 1000)]
        assert [(line.material.code, line.quantity, line.loss) for line in found.recipe] == [
            ("GLUE", Decimal("0.25"), Decimal("0.1"))]
        assert found.revision > 1


@pytest.mark.parametrize("wanted", [
    replace(DRESSING, code="NEW"), replace(DRESSING, unit="KGM"), replace(DRESSING, kind="drug"),
    replace(DRESSING, levels=DRESSING.levels[:1]),
    replace(DRESSING, levels=(DRESSING.levels[0], Level("case", gtin(7, 1), Decimal(60)))),
])
def test_what_codes_and_lots_hang_on_cannot_change(
        sqlite: Database, actor: Actor, clock: FixedClock, wanted: NewProduct) -> None:
    with sqlite.write() as session:
        product = create_product(session, actor, clock, DRESSING)
    with pytest.raises(Conflict), sqlite.write() as session:
        change_product(session, actor, clock, ChangeProduct(product.id, wanted))


def test_a_stale_form_changes_nothing(database: Database, actor: Actor, clock: FixedClock) -> None:
    with database.write() as session:
        product = create_product(session, actor, clock, DRESSING)
    with database.write() as session:
        change_product(session, actor, clock, ChangeProduct(product.id, replace(DRESSING, name_en="Gauze"), revision=1))
    with pytest.raises(Stale), database.write() as session:
        change_product(session, actor, clock, ChangeProduct(product.id, replace(DRESSING, name_en="Wool"), revision=1))
    with database.read() as session:
        assert session.scalar(select(Product.name_en)) == "Gauze"
        assert session.scalars(select(AuditEntry.action).order_by(AuditEntry.seq)).all() == [
            "product.created", "product.changed"]


def test_the_list_is_searched_and_paged_without_losing_a_row(
        database: Database, actor: Actor, clock: FixedClock) -> None:
    with database.write() as session:
        for number in range(25):
            create_product(session, actor, clock, replace(DRESSING, code=f"P{number:02d}", levels=(
                Level("unit", gtin(100 + number)),)))
    with database.read() as session:
        first = product_page(session, ProductFilter(limit=10))
        second = product_page(session, ProductFilter(limit=10, after=first.next))
        third = product_page(session, ProductFilter(limit=10, after=second.next))
        codes = [row.code for page in (first, second, third) for row in page.rows]
        assert codes == [f"P{number:02d}" for number in range(25)]
        assert (first.total, third.next) == (25, None)
        assert [row.code for row in product_page(session, ProductFilter(text=gtin(103))).rows] == ["P03"]
        assert product_page(session, ProductFilter(text="100%")).total == 0
        with pytest.raises(InvalidInput):
            product_page(session, ProductFilter(after="nonsense"))
