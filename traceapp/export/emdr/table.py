"""The form as rows: its elements, where each stands in the message, its code lists and the order the schema wants."""
from __future__ import annotations

import csv
from dataclasses import dataclass
from functools import cache
from importlib.resources import files

NCI = "2.16.840.1.113883.3.26.1.1"
FDA = "2.16.840.1.113883.3.24"
_SYSTEMS = {"NCI": NCI, "FDA": FDA}


@dataclass(frozen=True, slots=True)
class Element:
    """A datum of Form 3500A in the numbering of 2015. `id` is the box, with a word for its part; `fills` what stands
    beside the value; `length` 0: no limit known."""

    id: str
    name_en: str
    name_zh: str
    place: str
    kind: str
    length: int
    need: str
    code_list: str
    fills: tuple[tuple[str, str], ...]

    @property
    def box(self) -> str:
        """The number that the form prints."""
        return self.id.partition(".")[0]


@dataclass(frozen=True, slots=True)
class Code:
    """A code of a list. `source`: `facts` and `sample` are FDA's own words, `seen` stood in messages that others send,
    `known` is from the thesaurus."""

    code: str
    meaning_en: str
    meaning_zh: str
    source: str


def _rows(name: str) -> list[dict[str, str]]:
    text = files("traceapp.export.emdr").joinpath(f"data/{name}.csv").read_text(encoding="utf-8")
    return list(csv.DictReader(text.splitlines()))


@cache
def _abbreviations() -> dict[str, str]:
    found: dict[str, str] = {}
    for row in _rows("places"):
        found[row["name"]] = _whole(row["place"], found)
    return found


def _whole(place: str, known: dict[str, str]) -> str:
    head, slash, rest = place.partition("/")
    return known[head] + slash + rest if head.startswith("$") else place


@cache
def elements() -> dict[str, Element]:
    """Every element by its id, in the order of the form."""
    return {row["id"]: Element(
        row["id"], row["name_en"], row["name_zh"], _whole(row["place"], _abbreviations()), row["kind"],
        int(row["length"] or 0), row["need"], row["list"], filled(row["with"])) for row in _rows("elements")}


def filled(text: str) -> tuple[tuple[str, str], ...]:
    """`name=value` words as pairs, with the code systems by their numbers."""
    pairs = (word.partition("=") for word in text.split())
    return tuple((name, _given(name, value)) for name, _, value in pairs)


def _given(name: str, value: str) -> str:
    return _SYSTEMS.get(value, value) if name.endswith(("codeSystem", "root")) else value


@cache
def codes() -> dict[str, dict[str, Code]]:
    """The codes of each list."""
    found: dict[str, dict[str, Code]] = {}
    for row in _rows("codes"):
        found.setdefault(row["list"], {})[row["code"]] = Code(
            row["code"], row["meaning_en"], row["meaning_zh"], row["source"])
    return found


@cache
def whole_lists() -> frozenset[str]:
    """The lists that name every code there is."""
    return frozenset(row["list"] for row in _rows("lists") if row["is_whole"] == "yes")


@cache
def concepts() -> dict[str, str]:
    """What a code that stands for a question is called in the message."""
    return {row["code"]: row["name"] for row in _rows("concepts")}


@cache
def minimum() -> dict[str, list[tuple[str, str]]]:
    """What the schema or FDA want inside an element whatever is known: place and value, by the element's name."""
    found: dict[str, list[tuple[str, str]]] = {}
    for row in _rows("minimum"):
        found.setdefault(row["within"], []).append((row["place"], _given(row["place"], row["value"])))
    return found


@cache
def _orders() -> dict[str, dict[str, int]]:
    return {row["parent"]: {tag: rank for rank, tag in enumerate(row["children"].split())} for row in _rows("order")}


def order_of(tag: str) -> dict[str, int]:
    """The rank of each child that the schema allows in that element."""
    return _orders().get(tag, {})


@cache
def _countries() -> dict[str, str]:
    return {row["two"]: row["three"] for row in _rows("countries")}


def country_of(two: str) -> str:
    """The three letters of a country that FDA wants, from its two; anything else as it is."""
    return _countries().get(two.upper(), two)


def two_letters_of(country: str) -> str:
    """The two letters of a country from what FDA's form writes; anything else as it is."""
    return next((two for two, three in _countries().items() if three == country.upper()), country)
