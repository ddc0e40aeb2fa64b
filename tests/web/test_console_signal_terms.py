"""Lots by terms on their page: what stands out is marked by a sign and a number, not by shade alone."""
from __future__ import annotations

import re
from datetime import timedelta

import pytest

from tests.factories_surveillance import add_complaint, add_lot, add_product
from tests.factories_web import Browser, Console


@pytest.fixture(scope="module")
def product_id(console: Console) -> str:
    at = console.clock.now() - timedelta(days=90)
    with console.database.write() as session:
        product = add_product(session, at, "HEAT")
        for number, term in (("H-1", "term-red"), ("H-2", "term-loose")):
            lot = add_lot(session, product, number, 1000, at)
            for _ in range(12):
                add_complaint(session, lot, console.clock.now() - timedelta(days=100 if number == "H-2" else 10),
                              terms=[term])
        return product.id


@pytest.fixture
def quality(console: Console, product_id: str) -> Browser:
    return console.browser("quality")


def test_a_cell_that_stands_out_has_a_sign_and_a_word_and_a_number(quality: Browser, product_id: str) -> None:
    page = quality.get(f"/console/signals/terms?product={product_id}").get_data(as_text=True)
    cells = re.findall(r'<td class="h(\d)( out)?">(.*?)</td>', page)
    assert [(shade, bool(out)) for shade, out, _ in cells] == [("2", True), ("2", True)]
    assert all("▲" in text and "stands out" in text and "<b>12</b>" in text and "×1.9" in text for _, _, text in cells)
    assert "2 cells stand out" in page


def test_a_shorter_time_leaves_out_older_reports_and_an_address_with_nonsense_shows_the_usual_time(
        quality: Browser, product_id: str) -> None:
    short = quality.get(f"/console/signals/terms?product={product_id}&months=3").get_data(as_text=True)
    assert "H-1" in short and "H-2" not in short
    usual = quality.get(f"/console/signals/terms?product={product_id}&months=999").get_data(as_text=True)
    assert "H-2" in usual


def test_the_page_reads_in_chinese(quality: Browser, product_id: str) -> None:
    quality.language = "zh"
    page = quality.get(f"/console/signals/terms?product={product_id}").get_data(as_text=True)
    assert "明显偏多" in page and "stands out" not in page


def test_the_production_floor_does_not_see_it(console: Console) -> None:
    assert console.browser("operator").get("/console/signals/terms").status_code == 403
