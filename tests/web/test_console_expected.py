"""The page of what is expected of a product: in force, stated, by history, and what was left out."""
from __future__ import annotations

import pytest
from sqlalchemy import select

from tests.db.test_surveillance_refit import add_history, add_party
from tests.factories_surveillance import add_product
from tests.factories_web import Browser, Console
from tests.http_clients import ApiClient
from traceapp.core.actor import SYSTEM
from traceapp.surveillance.basis import Source, basis_of
from traceapp.surveillance.refit import WORK, refit_product
from traceapp.trace.model import Lot
from traceapp.worklist.model import WorkRow


@pytest.fixture(scope="module")
def product_id(console: Console) -> str:
    with console.database.write() as session:
        product = add_product(session, console.clock.now(), "WD-1")
        often, seldom = add_party(session, "GD", "CN", "广东"), add_party(session, "DE", "DE")
        add_history(session, console.clock, product, 60, consignees=((often, 1.5), (seldom, 0.5)))
        first = session.scalars(select(Lot).where(Lot.product_id == product.id).order_by(Lot.number)).first()
        assert first is not None
        first.is_recalled = True
    return product.id


@pytest.fixture
def quality(console: Console) -> Browser:
    return console.browser("quality_manager")


def text(browser: Browser, address: str) -> str:
    return browser.get(address).get_data(as_text=True)


def sent(browser: Browser, address: str, act: str, values: dict[str, str]) -> int:
    """The status after the form of an act was filled in and sent."""
    carried = browser.hidden(f"{address}?do={act}")
    return browser.post(address if act == "set" else f"{address}/{act}", {**carried, **values}).status_code


def test_the_page_goes_from_the_default_to_history_to_what_quality_sets_and_back(console: Console, quality: Browser,
                                                                               product_id: str) -> None:
    address = f"/console/products/{product_id}/expected"
    page = text(quality, address)
    assert "stated default, not measured" in page
    assert "Nothing yet." in page
    assert address in text(quality, f"/console/products/{product_id}")

    assert sent(quality, address, "learn", {}) == 303
    with console.database.read() as session:
        assert session.scalars(select(WorkRow.subject_key).where(WorkRow.kind == WORK)).all() == [product_id]
    refit_product(console.database, SYSTEM, console.clock, product_id)
    page = text(quality, address)
    assert "learnt from the product’s own history" in page
    assert "Guangdong" in page
    assert "Germany" in page
    assert "WD-1-0</a>: recalled" in page
    quality.language = "zh"
    page = text(quality, address)
    quality.language = "en"
    assert "由本产品的历史数据得出" in page
    assert "广东" in page

    numbers = {"rate_per_unit": "900", "use_mean_days": "5", "report_shape": "2", "report_mean_days": "3", "alpha": "2",
               "minimum_events": "4", "note": "two years of sales"}
    assert sent(quality, address, "set", numbers) == 303
    page = text(quality, address)
    assert "Quality set these numbers." in page
    assert ">900<" in page

    assert sent(quality, address, "history", {"reason": ""}) == 422
    assert sent(quality, address, "history", {"reason": "it is longer"}) == 303
    with console.database.read() as session:
        assert basis_of(session, product_id).source is Source.history


def test_a_machine_reads_and_does_the_same(console: Console, product_id: str) -> None:
    api = ApiClient(console.app, console.database, console.clock, "quality_manager")
    refit_product(console.database, SYSTEM, console.clock, product_id)
    found = api.get(f"/products/{product_id}/expectation")
    fit = found["fit"]
    assert fit["in_force_from"]
    assert {row["region"] for row in fit["rates"]} == {"", "CN/广东", "DE"}
    assert fit["left_out"][0]["why"] == "recalled"
    whole = next(row for row in fit["rates"] if row["group"] == "harm" and not row["region"])
    assert whole["low"] < whole["rate_per_unit"] < whole["high"]
    assert found["in_force"]["half_days"] < found["in_force"]["most_days"]
    api.post(f"/products/{product_id}/detection/refits", {}, 200)
    api.get("/products/unknown/expectation", 404)


def test_who_may_not_read_signals_is_refused(console: Console, product_id: str) -> None:
    assert console.browser("operator").get(f"/console/products/{product_id}/expected").status_code == 403
