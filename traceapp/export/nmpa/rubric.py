"""How complete a device report is, by the items and points with which Chinese centres review reports. Pure.

Source: a public review tool of a Chinese monitoring centre: 23 items with 92 points; timeliness, the 24th, is judged
apart and has none. The process of use counts in four parts (`process_parts`).
"""
from __future__ import annotations

import csv
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files

from traceapp.complaint.terms import terms
from traceapp.export.case_report import CaseReport, Finding

from . import dates, values


@dataclass(frozen=True, slots=True)
class Item:
    """One row of the rubric: `element` is the field of the form, `where_*` what is to be written there."""

    number: int
    key: str
    points: int
    zh: str
    en: str
    element: str
    where_zh: str
    where_en: str


@dataclass(frozen=True, slots=True)
class ScoredItem:
    """The points that an item got, and why it did not get the others."""

    item: Item
    points: int
    reasons: tuple[Finding, ...] = ()

    @property
    def missing(self) -> int:
        """The points that can still be gained."""
        return self.item.points - self.points


@dataclass(frozen=True, slots=True)
class Score:
    """`items` in the order of the rubric."""

    items: tuple[ScoredItem, ...]

    @property
    def points(self) -> int:
        """All points that were got."""
        return sum(scored.points for scored in self.items)

    @property
    def of(self) -> int:
        """All points that there are."""
        return sum(scored.item.points for scored in self.items)

    @property
    def gains(self) -> tuple[ScoredItem, ...]:
        """What would gain points, the most first."""
        return tuple(sorted((scored for scored in self.items if scored.missing), key=lambda scored: -scored.missing))


@dataclass(frozen=True, slots=True)
class Part:
    """One part of the process of use: it is told where a clause holds one of its words."""

    name: str
    points: int
    zh: str
    en: str
    words: tuple[str, ...]


@cache
def items() -> tuple[Item, ...]:
    """The rows of the rubric in their order."""
    return tuple(Item(int(row["number"]), row["key"], int(row["points"]), row["zh"], row["en"], row["element"],
                      row["where_zh"], row["where_en"]) for row in _rows("rubric.csv"))


@cache
def parts() -> tuple[Part, ...]:
    """The parts of the process of use. To the words of the event come those for faults of a product, to the words of
    the effect those for harm."""
    known = {kind: [word for term in terms().values() if term.kind == kind for word in term.words]
             for kind in ("harm", "quality")}
    more = {"event": known["quality"] + known["harm"], "effect": known["harm"]}
    return tuple(Part(row["part"], int(row["points"]), row["zh"], row["en"],
                      (*row["words"].split("|"), *more.get(row["part"], ()))) for row in _rows("process_parts.csv"))


def _rows(name: str) -> Iterator[dict[str, str]]:
    text = files("traceapp.export.nmpa").joinpath(f"data/{name}").read_text(encoding="utf-8")
    return csv.DictReader(text.splitlines())


_CLAUSE = re.compile(r"[，,。；;！!？?\n]+|\.\s")
_FEWEST = 4
# Holds the word of an operation, but is a treatment.
_STOPPED = re.compile("(?:停止|不再|暂停)使用|(?:stopped|no longer) using", re.IGNORECASE)


@cache
def _pattern(part: Part) -> re.Pattern[str]:
    """Chinese words anywhere, Latin ones where a word begins."""
    bare = [re.escape(word.rstrip("$")) for word in part.words if word]
    return re.compile("|".join(rf"\b{word}" if word.isascii() else word for word in bare), re.IGNORECASE)


def process_parts(text: str) -> Mapping[str, int]:
    """The points of each part of the process of use.

    A part is told where a clause (up to a comma or a stop) of at least four characters holds one of its words. One
    clause may tell several parts, but a text without a second clause is a headline: it gets the points of one part.
    """
    clauses = [clause.strip() for clause in _CLAUSE.split(text) if len(clause.strip()) >= _FEWEST]
    told = {part.name: any(_tells(part, clause) for clause in clauses) for part in parts()}
    found = {part.name: part.points if told[part.name] else 0 for part in parts()}
    if len(clauses) < 2:
        best = max(found, key=lambda name: found[name])
        return {name: points if name == best else 0 for name, points in found.items()}
    return found


def _tells(part: Part, clause: str) -> bool:
    return bool(_pattern(part).search(_STOPPED.sub("", clause) if part.name == "operation" else clause))


def score(case: CaseReport) -> Score:
    """The score of a case, item by item."""
    return Score(tuple(_scored(item, case) for item in items()))


def _scored(item: Item, case: CaseReport) -> ScoredItem:
    if item.key == "process":
        return _process(item, case)
    if item.key == "timely":
        return ScoredItem(item, 0, tuple(_finding(item, late) for late in dates.lateness(case)))
    faults = _FAULTS[item.key](case) if item.key in _FAULTS else ()
    if not _VALUES[item.key](case):
        faults = (Finding(item.element, "empty", "Nothing is said yet."),)
    return ScoredItem(item, 0 if faults else item.points, tuple(_finding(item, fault) for fault in faults))


def _finding(item: Item, fault: Finding) -> Finding:
    return Finding(item.element, fault.code, fault.text, is_error=False, values=fault.values)


def _process(item: Item, case: CaseReport) -> ScoredItem:
    text = values.process_text(case)
    if not text:
        return ScoredItem(item, 0, (Finding(item.element, "empty", "Nothing is said yet.", is_error=False),))
    found = process_parts(text)
    reasons = tuple(Finding(item.element, f"process-{part.name}", _PARTS[part.name], is_error=False,
                            values={"points": part.points}) for part in parts() if not found[part.name])
    return ScoredItem(item, sum(found.values()), reasons)


_PARTS = {
    "operation": "Say how it was used: who did what, step by step (%(points)s points).",
    "event": "Say what happened, and when in the course of use (%(points)s points).",
    "effect": "Say what it did to the person, or that nobody was harmed (%(points)s points).",
    "treatment": "Say what was done about it and how it ended (%(points)s points).",
}


def _harm_or_none(case: CaseReport) -> str:
    """Of an event that is neither death nor serious injury the harm may be blank where a fault is told."""
    if values.harm_class(case) == "other" and not values.harm_text(case):
        return values.fault_text(case)
    return values.harm_text(case)


_VALUES: dict[str, Callable[[CaseReport], object]] = {
    "reporter": values.reporter_text, "contact": lambda case: values.said(case.head.sender.contact_name),
    "phone": lambda case: values.said(case.head.sender.phone),
    "registration_number": lambda case: values.said(case.product.registration_number),
    "product_name": lambda case: values.said(case.product.name_zh),
    "model": lambda case: values.said(case.product.model) or values.said(case.product.specification),
    "lot": lambda case: values.said(case.lot.number) or values.said(case.lot.serial),
    "made_on": lambda case: case.lot.made_on, "expires_on": lambda case: case.lot.expires_on,
    "event_date": lambda case: case.event.began_on, "known_date": lambda case: case.head.awareness_at,
    "harm_class": values.harm_class, "harm": _harm_or_none, "fault": values.fault_text,
    "age": lambda case: values.age_text(case) or case.patient.born_on,
    "sex": lambda case: case.patient.sex in ("male", "female"), "purpose": values.purpose_text,
    "used_on": lambda case: case.use.began_on, "place": lambda case: case.event.place_kind,
    "combined": values.combined_text, "cause": lambda case: values.said(case.assessment.cause),
    "first_handling": lambda case: values.said(case.assessment.first_handling),
}
_FAULTS: dict[str, Callable[[CaseReport], tuple[Finding, ...]]] = {
    "lot": dates.lot_number_faults, "expires_on": dates.shelf_life_faults, "event_date": dates.event_date_faults,
    "known_date": dates.known_date_faults, "harm_class": dates.harm_class_faults,
}
