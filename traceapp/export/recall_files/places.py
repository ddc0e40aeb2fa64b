"""Which places of the laws were seen in their text, as the facts of this product record it.

A file prints those alone. A field may know its paragraph or article more closely than that; then the house is told of
it as not verified, and the paper names what was seen. Once the text was seen, its place belongs into SEEN.
"""
from __future__ import annotations

ORDER_29 = "《医疗器械召回管理办法》（原国家食药监总局令第 29 号）"
SEEN = frozenset({
    ORDER_29,
    "21 CFR 806.10(c)", "21 CFR 806.10(c)(5)", "21 CFR 806.10(c)(9)", "21 CFR 806.10(c)(10)", "21 CFR 806.10(c)(11)",
    "21 CFR 7.46(a)", "21 CFR 7.53(b)", "MDR art. 87", "MDR art. 87, FSCA form", "MDR art. 89(8)"})


def named(place: str, language: str) -> str:
    """A place for a reader of the house: a law with a Chinese name by its number in English."""
    return place.replace(ORDER_29, "CFDA Order 29 (2017)") if language == "en" else place


def seen_part(place: str) -> str:
    """What of a place was seen: all of it, else its longest beginning that was; empty where nothing was."""
    return max((one for one in SEEN if place.startswith(one)), key=len, default="")
