"""The data elements of E2B(R3), from `data/elements.csv`: what each may hold and when it must stand there."""
from __future__ import annotations

import csv
from dataclasses import dataclass
from functools import cache
from importlib.resources import files


@dataclass(frozen=True, slots=True)
class Condition:
    """When an element must stand: `with`, `without`, `if`, `any` or `begun`, of these elements or sections; `values`
    of the first one for `if`. `any`: with anything else of its section; `begun`: with anything that starts so."""

    kind: str
    of: tuple[str, ...] = ()
    values: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Element:
    """`kind`: text, token (no spaces), number, whole (number), code, flag, true, second, day, year (dates known at
    least so far), expiry (a day that may be to come), country, language, unit, meddra, version, data, id, media, oid.
    `need`: `must` always, `fda` in a report to the FDA, `when` under `conditions`. `rule` is the FDA's number for that;
    `systems` the OIDs of its code lists; `fda_length` what the FDA allows where ICH says otherwise; `name` a message
    id. An element without a section has no place in a message: no code list of it is published."""

    id: str
    name: str
    section: str
    kind: str
    length: int | None
    fda_length: int | None
    codes: frozenset[str]
    systems: frozenset[str]
    nulls: frozenset[str]
    need: str
    conditions: tuple[Condition, ...]
    rule: str


def _condition(text: str) -> Condition:
    kind, _, rest = text.partition(" ")
    name, _, values = rest.partition("=")
    split = tuple(filter(None, name.split(",")))
    return Condition(kind, split, tuple(values.split(",")) if values else ())


def _number(text: str) -> int | None:
    return int(text) if text else None


def _element(row: dict[str, str]) -> Element:
    return Element(
        id=row["element"], name=row["name"], section=row["section"], kind=row["kind"],
        length=_number(row["length"]), fda_length=_number(row["fda_length"]) or _number(row["length"]),
        codes=frozenset(filter(None, row["codes"].split(","))), systems=frozenset(row["systems"].split()),
        nulls=frozenset(filter(None, row["nulls"].split(","))), need=row["need"],
        conditions=tuple(_condition(part) for part in row["when"].split(" and ") if part), rule=row["rule"])


@cache
def elements() -> dict[str, Element]:
    """Every element by its number."""
    with files(__package__).joinpath("data", "elements.csv").open(encoding="utf-8") as file:
        return {row["element"]: _element(row) for row in csv.DictReader(file)}


@cache
def of_section(name: str) -> tuple[Element, ...]:
    """The elements of one section, in the order of the table."""
    return tuple(element for element in elements().values() if element.section == name)
