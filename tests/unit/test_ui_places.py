"""Places as the reader knows them."""
from __future__ import annotations

import csv
from collections import Counter

import pytest

from traceapp.code.regions import circles
from traceapp.core.places import _TABLE, place, region


@pytest.mark.parametrize(("text", "english"), [
    ("江苏", "Jiangsu"), ("江苏常州", "Changzhou, Jiangsu"), ("江苏省常州市", "Changzhou, Jiangsu"), ("苏州", "Suzhou"),
    ("上海", "Shanghai"), ("上海市", "Shanghai"), ("广西壮族自治区", "Guangxi"), ("内蒙古 包头", "Baotou, Inner Mongolia"),
    ("德国", "Germany"), ("丹麦", "Denmark"), ("某某村", "某某村"), ("江苏某镇", "江苏某镇"), ("Koge", "Koge"), ("", "")])
def test_a_place_is_named_in_english(text: str, english: str) -> None:
    assert place(text, "en") == english


@pytest.mark.parametrize("text", ["江苏常州", "德国", "Koge"])
def test_chinese_readers_see_what_was_entered(text: str) -> None:
    assert place(text, "zh") == text


@pytest.mark.parametrize(("code", "chinese", "english"), [
    ("CN-JS", "江苏", "Jiangsu"), ("CN-SN", "陕西", "Shaanxi"), ("CN-HK", "香港", "Hong Kong"), ("DE", "德国", "Germany"),
    ("CN", "中国", "China"), ("US-CA", "美国 (US-CA)", "United States (US-CA)"), ("ZZ-1", "未知地区 (ZZ-1)", "Unknown Region (ZZ-1)"),
    ("Q9", "Q9", "Q9")])
def test_a_coarse_region_has_the_name_that_readers_know(code: str, chinese: str, english: str) -> None:
    assert (region(code, "zh"), region(code, "en")) == (chinese, english)


def test_every_region_that_can_be_placed_in_china_has_a_name() -> None:
    codes = [code for code in circles() if code.startswith("CN-")]
    assert len(codes) == 34
    assert not [code for code in codes if code in region(code, "zh")]


def test_every_city_stands_once_and_under_a_region_of_the_table() -> None:
    with _TABLE.open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    regions = {row["region"] for row in rows if not row["city"]}
    assert len(regions) == 34
    assert {row["region"] for row in rows} == regions
    assert [city for city, count in Counter(row["city"] for row in rows if row["city"]).items() if count > 1] == []
    assert all(row["en"].strip() for row in rows)
