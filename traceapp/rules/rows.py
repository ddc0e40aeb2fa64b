"""The rows of the legal clocks: one limit, one article, one source each. A row in force is never edited: it gets an
end, and a row of its own follows it."""
from __future__ import annotations

import csv
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from functools import cache
from importlib.resources import files

from .words import Kind, Role, Trigger


class Unit(StrEnum):
    """`none`: the law gives no number; a person has to set the day."""

    hour = "hour"
    calendar_day = "calendar_day"
    working_day = "working_day"
    business_day = "business_day"
    month = "month"
    none = "none"


class Mark(StrEnum):
    """How sure the row is: the article was seen, a summary of it, or it is from memory and not verified."""

    seen = "V"
    summary = "S"
    unverified = "M"


@dataclass(frozen=True, slots=True)
class Rule:
    """`limit` in `unit` counts from the fact `starts`; 0 means at once. `kinds` None: any product. `classes`: only for
    these classes of device. `limit_text`: what the law says where a number is not all of it. `event` to `report`, and
    `article`, are for readers."""

    id: str
    jurisdiction: str
    kinds: frozenset[Kind] | None
    classes: frozenset[str]
    roles: frozenset[Role]
    triggers: frozenset[Trigger]
    starts: str
    limit: int | None
    unit: Unit
    repeats: bool
    limit_text: str
    event: str
    product: str
    actor: str
    recipient: str
    report: str
    article: str
    mark: Mark
    source: str
    effective_from: date | None
    effective_to: date | None

    def is_in_force(self, on: date) -> bool:
        return (self.effective_from is None or self.effective_from <= on) \
            and (self.effective_to is None or on <= self.effective_to)


@cache
def rules() -> tuple[Rule, ...]:
    """All rows, in the order of the file."""
    text = files("traceapp.rules").joinpath("data/legal_clocks.csv").read_text(encoding="utf-8")
    return tuple(_rule(row) for row in csv.DictReader(text.splitlines()))


def _rule(row: dict[str, str]) -> Rule:
    kinds = row["kinds"].split()
    return Rule(
        **{name: row[name] for name in ("id", "jurisdiction", "starts", "limit_text", "event", "product", "actor",
                                        "recipient", "report", "article", "source")},
        kinds=None if kinds == ["any"] else frozenset(map(Kind, kinds)), classes=frozenset(row["classes"].split()),
        roles=frozenset(map(Role, row["roles"].split())), triggers=frozenset(map(Trigger, row["triggers"].split())),
        limit=int(row["limit"]) if row["limit"] else None, unit=Unit(row["unit"]), repeats=row["repeats"] == "yes",
        mark=Mark(row["mark"]), effective_from=_day(row["effective_from"]), effective_to=_day(row["effective_to"]))


def _day(text: str) -> date | None:
    return date.fromisoformat(text) if text else None
