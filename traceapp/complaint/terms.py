"""The short list of what people say went wrong, with its words in Chinese and English. Pure."""
from __future__ import annotations

import csv
from dataclasses import dataclass
from functools import cache
from importlib.resources import files

from traceapp.core.errors import InvalidInput

_MOST = 20


@dataclass(frozen=True, slots=True)
class Term:
    """`kind`: `harm` to a person, `quality` of the product, `service` around it. `imdrf`: the code of the IMDRF terms
    (annex A or E) that says the same, "" where several do."""

    code: str
    kind: str
    zh: str
    en: str
    imdrf: str
    words: tuple[str, ...]


@cache
def terms() -> dict[str, Term]:
    """Every term by its code, in the order in which a form shows them."""
    text = files("traceapp.complaint").joinpath("data/terms.csv").read_text(encoding="utf-8")
    return {row["code"]: Term(row["code"], row["kind"], row["zh"], row["en"], row["imdrf"],
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
