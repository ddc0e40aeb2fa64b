"""What goes on the labels of a lot, its cases, its serial numbers and pallets."""
from __future__ import annotations

from datetime import date
from decimal import Decimal
from itertools import count, islice

import pytest

import labels
from traceapp import models
from traceapp.catalog.model import PackagingLevel, Product
from traceapp.code.labels import (
    case_content,
    lot_content,
    lot_label_lines,
    lot_link,
    pallet_content,
    serial_contents,
    serial_links,
)
from traceapp.code.model import SerialRange
from traceapp.code.signature import CodeKeys
from traceapp.core.errors import InvalidInput
from traceapp.gs1 import Gs1Error, parse, parse_uri
from traceapp.trace.model import Lot

BASE = "https://trace.example/"
UNIT, CASE, PALLET = "06901234500011", "16901234500018", "26901234500015"
SSCC = "106901234500000010"


@pytest.fixture
def product() -> Product:
    assert models.metadata.tables
    levels = (("unit", UNIT, 1), ("case", CASE, 200), ("pallet", PALLET, 8000))
    return Product(name_zh="创可贴", name_en="Plaster", unit="EA", levels=[
        PackagingLevel(gtin=gtin, level=level, units=Decimal(units)) for level, gtin, units in levels])


@pytest.fixture
def lot() -> Lot:
    return Lot(lot_key="k1", number="A/1", made_on=date(2026, 3, 1), expires_on=date(2029, 2, 28))


def test_a_label_of_a_lot_has_its_link_and_the_identifiers_in_their_order(product: Product, lot: Lot) -> None:
    content = lot_content(BASE, product, lot)
    assert content.link == f"https://trace.example/01/{UNIT}/10/A%2F1"
    assert content.link_hri == f"(01){UNIT}(10)A/1"
    (code,) = content.codes
    assert code.ais == (("01", UNIT), ("11", "260301"), ("17", "290228"), ("10", "A/1"))
    assert code.hri == f"(01){UNIT}(11)260301(17)290228(10)A/1"
    assert content.facts == (("lot", "A/1"), ("made", "2026-03-01"), ("expires", "2029-02-28"))
    assert (content.name_zh, content.name_en) == ("创可贴", "Plaster")


def test_each_serial_number_is_a_label_of_its_own_that_reads_back(product: Product, lot: Lot) -> None:
    lot_alone = lot_content(BASE, product, lot)
    contents = list(serial_contents(lot_alone, ["001", "a/2%"]))
    for content, serial in zip(contents, ("001", "a/2%"), strict=True):
        assert parse_uri(content.link).ai == (("01", UNIT), ("10", "A/1"), ("21", serial))
        assert parse(content.codes[0].hri).ai == (*lot_alone.codes[0].ais, ("21", serial))
        assert content.codes[0].ais == (*lot_alone.codes[0].ais, ("21", serial))
        assert content.facts[-1] == ("serial", serial)
        assert content.link_hri.endswith(f"(10)A/1(21){serial}")


def test_a_signed_range_has_its_signed_addresses_in_the_codes_and_only_there(product: Product, lot: Lot) -> None:
    keys = CodeKeys("A" * 43 + "=")
    given = SerialRange(lot_key="k1", prefix="K", width=4, first=7, count=3, key_id=keys.present)
    links = list(serial_links(BASE, product.levels, lot, given, keys))
    contents = list(serial_contents(lot_content(BASE, product, lot), given.run, links))
    assert [content.link for content in contents] == links
    assert [content.link_hri for content in contents] == [f"(01){UNIT}(10)A/1(21)K{number:04}" for number in (7, 8, 9)]
    assert all("?s=" in link for link in links)


def test_serial_numbers_are_taken_one_at_a_time(product: Product, lot: Lot) -> None:
    endless = serial_contents(lot_content(BASE, product, lot), map(str, count(1)))
    assert [content.facts[-1][1] for content in islice(endless, 3)] == ["1", "2", "3"]


@pytest.mark.parametrize("serial", ["", "a b", "a#", "x" * 21, "批"])
def test_a_serial_number_that_gs1_does_not_allow_is_named(product: Product, lot: Lot, serial: str) -> None:
    with pytest.raises(InvalidInput) as refused:
        list(serial_contents(lot_content(BASE, product, lot), ["ok", serial]))
    assert refused.value.place == "serials.1"
    assert serial in refused.value.text


def test_a_serial_number_needs_a_gtin(product: Product, lot: Lot) -> None:
    product.levels = []
    content = lot_content(BASE, product, lot)
    assert (content.link, content.codes) == ("https://trace.example/t/k1", ())
    with pytest.raises(InvalidInput):
        list(serial_contents(content, ["1"]))


def test_a_case_has_the_gtin_of_a_case_and_says_how_much_is_in_it(product: Product, lot: Lot) -> None:
    content = case_content(BASE, product, lot)
    assert content.link == f"https://trace.example/01/{CASE}/10/A%2F1"
    assert content.codes[0].ais == (("01", CASE), ("17", "290228"), ("10", "A/1"))
    assert content.facts[-1] == ("quantity", "200 EA")


def test_without_a_date_of_expiry_a_case_says_none(product: Product, lot: Lot) -> None:
    lot.expires_on = None
    assert case_content(BASE, product, lot).codes[0].ais == (("01", CASE), ("10", "A/1"))


def test_a_case_without_a_gtin_of_its_own_has_no_gs1_symbol(product: Product, lot: Lot) -> None:
    product.levels = product.levels[:1]
    content = case_content(BASE, product, lot)
    assert (content.link, content.codes) == (f"https://trace.example/01/{UNIT}/10/A%2F1", ())


def test_a_pallet_has_its_sscc_in_the_lowest_symbol_and_what_is_on_it_above(product: Product, lot: Lot) -> None:
    content = pallet_content(BASE, SSCC, product, lot, 40)
    assert content.link == f"https://trace.example/00/{SSCC}"
    assert [code.ais for code in content.codes] == [
        (("02", CASE), ("37", "40")), (("17", "290228"), ("10", "A/1")), (("00", SSCC),)]
    assert dict(content.facts) == {"sscc": SSCC, "lot": "A/1", "made": "2026-03-01", "expires": "2029-02-28",
                                   "content": CASE, "quantity": "40"}


def test_a_pallet_of_which_only_the_number_is_known_has_that_alone() -> None:
    content = pallet_content(BASE, SSCC)
    assert [code.ais for code in content.codes] == [(("00", SSCC),)]
    assert content.facts == (("sscc", SSCC),)


def test_an_sscc_with_a_wrong_check_digit_is_refused() -> None:
    with pytest.raises(Gs1Error):
        pallet_content(BASE, "106901234500000018")


def test_the_usual_label_of_a_lot_says_what_it_always_said(product: Product, lot: Lot) -> None:
    spec = labels.template("unit").spec(lot_content(BASE, product, lot))
    assert spec.text == lot_link(BASE, product.levels, lot)
    assert spec.lines == lot_label_lines((product.name_zh, product.name_en), product.levels, lot)
