"""What a row of each kind of table can say: the fields with their titles, and how a cell is read. Pure."""
from __future__ import annotations

import csv
import re
import unicodedata
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from traceapp.core.errors import InvalidInput
from traceapp.core.quantity import parse_amount
from traceapp.tables.cells import read_day, read_moment
from traceapp.tables.heads import by_title

_DATA = Path(__file__).parent / "data"
_SEPARATORS = re.compile(r"[;；、|]")
_MOST_DIGITS = 9
# Words that a spreadsheet shows where there is nothing.
_NOTHING = frozenset({"", "-", "--", "—", "/", "n/a", "null", "none", "#n/a"})


@dataclass(frozen=True, slots=True)
class Field:
    """One column of a kind of table. `reader` names how its cells are read, or a set of words."""

    name: str
    zh: str
    en: str
    titles: tuple[str, ...]
    is_required: bool
    reader: str
    example: str


@cache
def fields_of(kind: str) -> tuple[Field, ...]:
    """The fields of a kind of table, in the order of its template; empty for a kind that there is not."""
    with (_DATA / "fields.csv").open(encoding="utf-8", newline="") as file:
        return tuple(Field(row["field"], row["zh"], row["en"],
                           tuple(filter(None, (row["zh"], row["en"], *row["synonyms"].split("|")))),
                           row["required"] == "1", row["reader"], row["example"])
                     for row in csv.DictReader(file) if row["kind"] == kind)


@cache
def titles_of(kind: str) -> dict[str, str]:
    """Compared title -> field, for guessing."""
    return by_title({field.name: field.titles for field in fields_of(kind)})


@cache
def words_of(name: str) -> dict[str, str]:
    """A set of words: as it is written, folded -> the value; empty for a set that there is not."""
    found: dict[str, str] = {}
    with (_DATA / "words.csv").open(encoding="utf-8", newline="") as file:
        for row in csv.DictReader(file):
            if row["set"] == name:
                found.update({word.casefold(): row["value"] for word in (row["value"], *row["words"].split("|"))})
    return found


@cache
def _shown_words(name: str) -> tuple[str, ...]:
    """The values of a set of words, each with the first word that people use for it."""
    with (_DATA / "words.csv").open(encoding="utf-8", newline="") as file:
        return tuple(f"{row['value']} ({row['words'].partition('|')[0]})" for row in csv.DictReader(file)
                     if row["set"] == name)


def _word(name: str, text: str, place: str) -> str:
    known = words_of(name)
    found = known.get(unicodedata.normalize("NFKC", text).strip().casefold(), known.get(text.strip().casefold()))
    if found is None:
        raise InvalidInput("“%(text)s” is not understood here. Use one of: %(known)s.", code="unknown-value",
                           place=place, text=text[:40], known=", ".join(_shown_words(name)))
    return found


def _text(text: str, _place: str, _zone: ZoneInfo) -> str:
    return text


def _whole(text: str, place: str, _zone: ZoneInfo) -> int:
    if not (text.isascii() and text.isdigit()) or len(text) > _MOST_DIGITS:
        raise InvalidInput("“%(text)s” is not a whole number.", code="not-whole-number", place=place, text=text[:40])
    return int(text)


def _roles(text: str, place: str, _zone: ZoneInfo) -> tuple[str, ...]:
    return tuple(dict.fromkeys(_word("role", part, place) for part in _SEPARATORS.split(text) if part.strip()))


_READERS: dict[str, Callable[[str, str, ZoneInfo], Any]] = {
    "text": _text, "whole": _whole, "roles": _roles,
    "amount": lambda text, place, _zone: parse_amount(text, place=place),
    "number": lambda text, place, _zone: parse_amount(text, place=place, positive=False),
    "day": lambda text, place, _zone: read_day(text, place),
    "moment": lambda text, place, zone: read_moment(text, place, zone),
    "yes_no": lambda text, place, _zone: _word("yes_no", text, place) == "yes",
}


def read_cell(field: Field, text: str, zone: ZoneInfo) -> Any:
    """What a cell says; None for one that says nothing. Raises InvalidInput."""
    if text.strip().casefold() in _NOTHING:
        if field.is_required:
            raise InvalidInput("This must be filled in.", code="missing", place=field.name)
        return None
    reader = _READERS.get(field.reader)
    return reader(text, field.name, zone) if reader is not None else _word(field.reader, text, field.name)


def read_values(kind: str, cells: Sequence[str], places: Mapping[str, int],
                zone: ZoneInfo) -> tuple[dict[str, Any], list[tuple[str, InvalidInput, str]]]:
    """The fields that a row says, and each field with a cell that cannot be read (with what stands there)."""
    values: dict[str, Any] = {}
    wrong: list[tuple[str, InvalidInput, str]] = []
    for field in fields_of(kind):
        place = places.get(field.name)
        if place is None:
            continue
        text = cells[place] if place < len(cells) else ""
        try:
            value = read_cell(field, text, zone)
        except InvalidInput as problem:
            wrong.append((field.name, problem, text))
            continue
        if value is not None:
            values[field.name] = value
    return values, wrong
