"""Products and partners in the console."""
from __future__ import annotations

from decimal import Decimal

import pytest
from sqlalchemy import select

from tests.factories_trace import CASE_GTIN, UNIT_GTIN, Maker, gtin, make_maker
from tests.factories_web import Browser, Console
from traceapp.catalog.model import Party, PartyRole, Product, Site
from traceapp.catalog.queries import party_details, product_details
from traceapp.core.actor import Actor

ACTOR = Actor(id="u-manager", role="quality_manager", name="Li Wen")


@pytest.fixture(scope="module")
def maker(console: Console) -> Maker:
    with console.database.write() as session:
        return make_maker(session, ACTOR, console.clock)


@pytest.fixture
def quality(console: Console) -> Browser:
    return console.browser("quality")


def product_form(maker: Maker, code: str, **changes: str) -> dict[str, str]:
    return {"code": code, "kind": "device", "unit": "EA", "name_zh": "敷贴", "name_en": "Patch",
            "shelf_life_days": "365", "levels-0-level": "unit", "levels-0-gtin": gtin(777), "levels-0-units": "1",
            "levels-2-level": "case", "levels-2-gtin": gtin(777, 1), "levels-2-units": "50", "recipe_output": "100",
            "recipe-1-material_id": maker.glue.id, "recipe-1-quantity": "0.25", "recipe-1-loss": "2"} | changes


def test_a_product_is_entered_with_packs_and_recipe(console: Console, quality: Browser, maker: Maker) -> None:
    answer = quality.submit("/console/products/new", product_form(maker, "PATCH"))
    assert answer.status_code == 303, answer.get_data(as_text=True)[-2500:]
    with console.database.read() as session:
        product = product_details(session, session.scalars(select(Product.id).where(Product.code == "PATCH")).one())
    assert product is not None
    assert [(level.level, level.units) for level in product.levels] == [("unit", Decimal(1)), ("case", Decimal(50))]
    assert [(line.material_id, line.loss) for line in product.recipe] == [(maker.glue.id, Decimal("0.02"))]
    page = quality.get(answer.headers["Location"]).get_data(as_text=True)
    assert "Patch" in page and gtin(777, 1) in page and "0.25" in page


def test_a_wrong_check_digit_stands_at_its_row(console: Console, quality: Browser, maker: Maker) -> None:
    wrong = UNIT_GTIN[:-1] + str((int(UNIT_GTIN[-1]) + 1) % 10)
    answer = quality.submit("/console/products/new", product_form(maker, "PATCH-2", **{"levels-2-gtin": wrong}))
    page = answer.get_data(as_text=True)
    assert answer.status_code == 422 and 'id="e-levels-2-gtin"' in page
    assert 'value="Patch"' in page and f'value="{wrong}"' in page


def test_a_gtin_of_another_product_is_refused(quality: Browser, maker: Maker) -> None:
    answer = quality.submit("/console/products/new", product_form(maker, "PATCH-3", **{"levels-0-gtin": CASE_GTIN}))
    assert answer.status_code == 409
    assert "belongs to another product" in answer.get_data(as_text=True)


def test_a_product_is_changed_and_an_old_form_refused(console: Console, quality: Browser, maker: Maker) -> None:
    url = f"/console/products/{maker.plaster.id}/change"
    page = quality.get(url).get_data(as_text=True)
    assert UNIT_GTIN in page and 'value="0.5"' in page
    typed = {"name_zh": "创可贴", "name_en": "Sticking plaster", "is_active": "1", "recipe_output": "100",
             "recipe-0-material_id": maker.glue.id, "recipe-0-quantity": "0.6", "recipe-0-loss": "2",
             "levels-0-level": "unit", "levels-0-gtin": UNIT_GTIN, "levels-0-units": "1",
             "levels-1-level": "case", "levels-1-gtin": CASE_GTIN, "levels-1-units": "200",
             "levels-2-level": "pallet", "levels-2-gtin": "26901234500015", "levels-2-units": "8000"}
    old = {**quality.hidden(url), **typed}
    assert quality.post(url, old).status_code == 303
    with console.database.read() as session:
        product = product_details(session, maker.plaster.id)
    assert product is not None and product.name_en == "Sticking plaster"
    assert [line.quantity for line in product.recipe] == [Decimal("0.6")]
    stale = quality.post(url, {**old, "form_token": "another", "name_en": "Third"})
    assert stale.status_code == 412 and 'value="Third"' in stale.get_data(as_text=True)


def test_more_rows_of_a_table_keep_the_rest(quality: Browser, maker: Maker) -> None:
    page = quality.submit("/console/products/new", product_form(maker, "PATCH-4", more="levels")).get_data(as_text=True)
    assert 'name="levels-7-gtin"' in page and 'value="PATCH-4"' in page


@pytest.mark.parametrize(("path", "found", "missing"), [
    ("/console/products?text=plas", "PLASTER", "GLUE"), ("/console/products?kind=material", "GLUE", "PLASTER"),
    ("/console/partners?text=浙江", "HOSPITAL", "CLINIC"), ("/console/partners?role=supplier", "SUP", "HOSPITAL")])
def test_lists_narrow(quality: Browser, maker: Maker, path: str, found: str, missing: str) -> None:
    page = quality.get(path).get_data(as_text=True)
    table = page[page.index("<tbody"):]
    assert f">{found}</a>" in table and f">{missing}</a>" not in table


@pytest.mark.parametrize("path", ["/console/products/export?format=xlsx", "/console/partners/export?format=csv"])
def test_lists_leave_as_files(quality: Browser, maker: Maker, path: str) -> None:
    answer = quality.get(path)
    assert answer.status_code == 200 and len(answer.get_data()) > 200
    assert "attachment" in answer.headers["Content-Disposition"]


def test_a_partner_is_entered_with_contact_and_roles(console: Console, quality: Browser, maker: Maker) -> None:
    answer = quality.submit("/console/partners/new", {
        "code": "NEW", "name_zh": "新医院", "name_en": "New Hospital", "country": "CN", "region": "上海",
        "roles": ["user_facility", "distributor"], "contact_name": "质量科", "email": "q@new.example",
        "language": "zh", "gets_recalls": "1"})
    assert answer.status_code == 303, answer.get_data(as_text=True)[-2500:]
    with console.database.read() as session:
        party = party_details(session, session.scalars(select(Party.id).where(Party.code == "NEW")).one())
    assert party is not None
    assert {role.role for role in party.roles} == {"user_facility", "distributor"}
    assert [contact.email for contact in party.contacts] == ["q@new.example"]


def test_a_contact_without_address_cannot_get_recalls(quality: Browser, maker: Maker) -> None:
    answer = quality.submit(f"/console/partners/{maker.clinic.id}/contact",
                            {"name": "Nobody", "language": "zh", "gets_recalls": "1", "email": "", "phone": ""})
    assert answer.status_code == 422 and 'id="e-email"' in answer.get_data(as_text=True)


def test_a_partner_changes_with_contacts_roles_and_sites(console: Console, quality: Browser, maker: Maker) -> None:
    home = f"/console/partners/{maker.hospital.id}"
    assert quality.submit(f"{home}/change", {"name_zh": "第二医院", "name_en": "Hospital 2", "country": "CN",
                                             "city": "杭州", "is_active": "1"}).status_code == 303
    assert quality.submit(f"{home}/contact", {"name": "设备科", "language": "zh", "phone": "0571-1",
                                              "gets_recalls": "1"}).status_code == 303
    assert quality.submit(f"{home}/site", {"code": "WARD-1", "name_zh": "一病区", "name_en": "Ward 1",
                                           "time_zone": "Asia/Shanghai"}).status_code == 303
    assert quality.post(f"{home}/roles", {"role": "distributor", "product_id": maker.plaster.id}).status_code == 303
    page = quality.get(home).get_data(as_text=True)
    assert "Hospital 2" in page and "设备科" in page and "WARD-1" in page and "Distributor" in page
    assert quality.post(f"{home}/roles/take", {"role": "distributor", "product_id": maker.plaster.id}).status_code == 303
    with console.database.read() as session:
        assert session.get(PartyRole, (maker.hospital.id, maker.plaster.id, "distributor")) is None
        site = session.scalars(select(Site).where(Site.code == "WARD-1")).one()
    changed = quality.submit(f"{home}/site?site={site.id}", {"name_zh": "二病区", "name_en": "Ward 2",
                                                             "time_zone": "No/Where"})
    assert changed.status_code in (404, 422)


def test_a_site_with_an_unknown_zone_is_refused(quality: Browser, maker: Maker) -> None:
    answer = quality.submit(f"/console/partners/{maker.clinic.id}/site", {
        "code": "W", "name_zh": "病区", "name_en": "Ward", "time_zone": "Mars/Base"})
    assert answer.status_code == 422 and 'id="e-time_zone"' in answer.get_data(as_text=True)


def test_an_operator_sees_products_but_cannot_change_them(console: Console, maker: Maker) -> None:
    operator = console.browser("operator")
    page = operator.get(f"/console/products/{maker.plaster.id}").get_data(as_text=True)
    assert "Change" not in page.split("<main")[1].split("</header>")[0]
    assert operator.get(f"/console/products/{maker.plaster.id}/change").status_code == 403
