"""Places in the reader's language: the regions and cities of China, and the countries of the world."""
from __future__ import annotations

import csv
import re
from functools import cache, lru_cache
from pathlib import Path

from babel import Locale

_TABLE = Path(__file__).parent / "data" / "places.csv"
_CHINESE = re.compile(r"[\u4e00-\u9fff]")
# How the kinds of administrative regions are called, longest first.
_KINDS = re.compile(r"(?:壮族自治区|回族自治区|维吾尔自治区|特别行政区|自治区|省|市)")


@cache
def _regions() -> dict[str, str]:
    return {row["region"]: row["en"] for row in _rows() if not row["city"]}


@cache
def _cities() -> dict[str, str]:
    return {row["city"]: row["en"] for row in _rows() if row["city"]}


@cache
def _countries() -> dict[str, str]:
    english = Locale("en").territories
    return {name: english[code] for code, name in Locale("zh", script="Hans").territories.items()
            if len(code) == 2 and code in english}


def _rows() -> list[dict[str, str]]:
    with _TABLE.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


@lru_cache(maxsize=512)
def country(code: str, locale: str) -> str:
    """The name of a country by its code of two letters; the code itself where there is none."""
    return str(Locale.parse(locale, sep="-").territories.get(code, code))


@cache
def _parts() -> dict[str, dict[str, str]]:
    return {row["code"]: row for row in _rows() if row["code"]}


@lru_cache(maxsize=512)
def region(code: str, locale: str) -> str:
    """The name of a region by its code of ISO 3166, a country or a part of one; a part that is not of China has its
    code behind the country."""
    if part := _parts().get(code):
        return part["region"] if locale.lower().startswith("zh") else part["en"]
    whole, dash, _part = code.partition("-")
    return f"{country(whole, locale)} ({code})" if dash else country(code, locale)


@lru_cache(maxsize=2048)
def place(text: str, locale: str) -> str:
    """The place as readers of the language write it: 江苏常州 is Changzhou, Jiangsu; what is not known stays as it is.

    Only Chinese names are turned into English ones; a plant's own English stands as it was entered.
    """
    if locale.lower().startswith("zh") or not _CHINESE.search(text):
        return text
    bare = _KINDS.sub("", text.strip()).replace(" ", "")
    for region, english in _regions().items():
        if bare == region:
            return english
        city = bare.removeprefix(region)
        if city != bare and city in _cities():
            return f"{_cities()[city]}, {english}"
    return _cities().get(bare) or _countries().get(bare) or text
