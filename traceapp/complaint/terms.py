"""The short list of what people say went wrong, with its words in Chinese and English. Pure."""
from __future__ import annotations

import csv
import re
import unicodedata
from dataclasses import dataclass
from functools import cache
from importlib.resources import files

from traceapp.core.errors import InvalidInput

_MOST = 20
_NEGATION_ZH = re.compile(r"(?:没有|没|无|未见|未|不是|不)[^，。；、,.;!?！？]{0,3}$")
_NEGATION_EN = re.compile(r"\b(?:no|not|without|never|nor)\b[^,.;!?]{0,18}$")


@dataclass(frozen=True, slots=True)
class Term:
    """`kind`: `harm` to a person, `quality` of the product, `service` around it."""

    code: str
    kind: str
    zh: str
    en: str
    words: tuple[str, ...]


@cache
def terms() -> dict[str, Term]:
    """Every term by its code, in the order in which a form shows them."""
    text = files("traceapp.complaint").joinpath("data/terms.csv").read_text(encoding="utf-8")
    return {row["code"]: Term(row["code"], row["kind"], row["zh"], row["en"],
                              tuple(sorted(filter(None, row["words"].split("|")), key=len, reverse=True)))
            for row in csv.DictReader(text.splitlines())}


def known_terms(codes: tuple[str, ...] | list[str]) -> list[str]:
    """The codes, each once, in their order. Raises InvalidInput for a code that the list lacks and for too many."""
    unique = list(dict.fromkeys(codes))
    if len(unique) > _MOST:
        raise InvalidInput("Choose at most %(most)s things that went wrong.", code="too-many-terms", place="terms",
                           most=_MOST)
    for code in unique:
        if code not in terms():
            raise InvalidInput("“%(term)s” is not in the list of what can go wrong.", code="unknown-term",
                               place="terms", term=code[:40])
    return unique


def means_harm(codes: tuple[str, ...] | list[str]) -> bool:
    """Whether any of the terms is harm to a person."""
    return any(terms()[code].kind == "harm" for code in codes if code in terms())


def suggest_terms(text: str) -> list[str]:
    """Terms that a free text may mean, in the order in which they appear; what the text denies is left out.

    A suggestion for a person to confirm, never an answer.
    """
    folded = unicodedata.normalize("NFKC", text).lower()
    found: list[tuple[int, str]] = []
    for term in terms().values():
        places = [start for word in term.words if (start := _stated(folded, word)) is not None]
        if places:
            found.append((min(places), term.code))
    return [code for _, code in sorted(found)]


def _stated(text: str, word: str) -> int | None:
    """Where `word` first stands without a negation before it in the same clause."""
    pattern = rf"\b{re.escape(word)}" if word.isascii() else re.escape(word)
    for match in re.finditer(pattern, text):
        before = text[max(0, match.start() - 24):match.start()]
        if not _NEGATION_ZH.search(before) and not _NEGATION_EN.search(before):
            return match.start()
    return None
