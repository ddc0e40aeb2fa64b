"""The AI table of data/ai.csv, read once: what a value may be, and which AIs go together."""
from __future__ import annotations

import csv
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import lru_cache
from importlib.resources import files
from itertools import combinations

from .errors import Gs1Error
from .linters import LINTERS, Linter

_COMPONENT = re.compile(r"([NXYZ])(?:([0-9]+)-)?([0-9]+)(\??)(?::([a-z0-9,]+))?")
_CHARACTERS = {"N": "[0-9]", "X": "[!\"%-/0-9:-?A-Z_a-z]", "Y": r"[#\-/0-9A-Z]", "Z": r"[0-9A-Za-z_\-=]"}
_SETS = {"N": "csetnumeric", "X": "cset82", "Y": "cset39", "Z": "cset64"}
_SERIALISED_LENGTH = {"253": 14, "255": 14, "8003": 15}
# the lengths that are predefined by the first two digits, for AIs that GS1 has not given out yet
_PREDEFINED = {
    "00": 18, "01": 14, "02": 14, "03": 14, "04": 16, "11": 6, "12": 6, "13": 6, "14": 6, "15": 6, "16": 6, "17": 6,
    "18": 6, "19": 6, "20": 2, "31": 6, "32": 6, "33": 6, "34": 6, "35": 6, "36": 6, "41": 13,
}  # fmt: skip
_LONGEST_VALUE = 90


@dataclass(frozen=True, slots=True)
class Component:
    """One part of a value: `shortest` to `longest` characters of one character set."""

    characters: str
    shortest: int
    longest: int
    optional: bool
    checks: tuple[Linter, ...]

    @classmethod
    def read(cls, text: str) -> Component:
        """A component as data/ai.csv writes it."""
        found = _COMPONENT.fullmatch(text)
        if found is None:
            raise ValueError(f"not a component: {text}")
        kind, least, most, optional, names = found.groups()
        checks = names.split(",") if names else []
        if kind == "Z":
            checks.insert(0, _SETS[kind])
        # the prefix of a key made of digits only cannot be malformed
        wanted = [name for name in checks if kind != "N" or not name.startswith("gcppos")]
        return cls(kind, int(least or most), int(most), bool(optional), tuple(LINTERS[name] for name in wanted))

    @property
    def pattern(self) -> str:
        """The component as a group of a regular expression."""
        repeats = str(self.longest) if self.shortest == self.longest else f"{self.shortest},{self.longest}"
        return f"({_CHARACTERS[self.characters]}{{{repeats}}})" + ("?" if self.optional else "")


@dataclass(frozen=True, slots=True)
class Entry:
    """One AI. `paths`: the qualifier sequences of a primary key, None for an AI that is no primary key."""

    ai: str
    title: str
    predefined: bool
    attribute: bool
    components: tuple[Component, ...]
    pattern: re.Pattern[str]
    checks: tuple[tuple[int, Linter], ...]
    requires: tuple[tuple[frozenset[str], ...], ...]
    excludes: frozenset[str]
    paths: tuple[tuple[str, ...], ...] | None

    @property
    def length(self) -> int:
        """The most characters that a value has."""
        return sum(component.longest for component in self.components)

    def check(self, value: str) -> None:
        """Raises Gs1Error with a place within the value when it is not one of this AI."""
        found = self.pattern.fullmatch(value)
        if found is None:
            raise self._misfit(value)
        for group, linter in self.checks:
            part = found[group]
            if part is not None:
                try:
                    linter(part)
                except Gs1Error as error:
                    raise error.moved(found.start(group) + error.start) from None

    def fits(self, value: str) -> bool:
        """Whether length and characters are right, whatever the other rules say."""
        return self.pattern.fullmatch(value) is not None

    def _misfit(self, value: str) -> Gs1Error:
        if not value:
            return Gs1Error("AI_EMPTY_VALUE", 0, 0)
        at = 0
        for component in self.components:
            part = value[at : at + component.longest]
            try:
                LINTERS[_SETS[component.characters]](part)
            except Gs1Error as error:
                return error.moved(at + error.start)
            if len(part) < component.shortest and not (component.optional and not part):
                return Gs1Error("AI_VALUE_LENGTH", 0, len(value))
            at += len(part)
        return Gs1Error("AI_VALUE_LENGTH", 0, len(value))


def _rows() -> Iterator[dict[str, str]]:
    text = files(__package__).joinpath("data/ai.csv").read_text(encoding="utf-8")
    for row in csv.DictReader(line for line in text.splitlines() if not line.startswith("#")):
        first, _, last = row["ai"].partition("-")
        for number in range(int(first), int(last or first) + 1):
            yield {**row, "ai": str(number).zfill(len(first))}


@lru_cache(maxsize=1024)
def _matching(pattern: str, known: tuple[str, ...]) -> frozenset[str]:
    # "n" stands for any digit and only ever ends a pattern
    prefix = pattern.rstrip("n")
    return frozenset(ai for ai in known if len(ai) == len(pattern) and ai.startswith(prefix))


def _paths(text: str) -> tuple[tuple[str, ...], ...] | None:
    if not text:
        return None
    return ((),) if text == "*" else tuple(tuple(alternative.split()) for alternative in text.split("|"))


def _entry(row: dict[str, str], known: tuple[str, ...]) -> Entry:
    components = tuple(Component.read(text) for text in row["format"].split())
    return Entry(
        ai=row["ai"],
        title=row["title"],
        predefined="P" in row["flags"],
        attribute="A" in row["flags"],
        components=components,
        pattern=re.compile("".join(component.pattern for component in components)),
        checks=tuple((group, check) for group, part in enumerate(components, 1) for check in part.checks),
        requires=tuple(
            tuple(_matching(pattern, known) for pattern in alternative.split("+"))
            for alternative in row["requires"].split()
        ),
        excludes=frozenset().union(*(_matching(pattern, known) for pattern in row["excludes"].split())) - {row["ai"]},
        paths=_paths(row["key"]),
    )


def _table() -> dict[str, Entry]:
    rows = list(_rows())
    known = tuple(row["ai"] for row in rows)
    return {row["ai"]: _entry(row, known) for row in rows}


def _sequences(table: dict[str, Entry]) -> dict[tuple[str, ...], frozenset[str]]:
    """Every sequence of AIs that a path may have, and the AIs that belong into the path and so not into the query."""
    sequences: dict[tuple[str, ...], frozenset[str]] = {}
    for key, entry in table.items():
        for path in entry.paths or ():
            for size in range(len(path) + 1):
                for chosen in combinations(path, size):
                    rest = frozenset(path) - frozenset(chosen)
                    sequence = (key, *chosen)
                    sequences[sequence] = sequences.get(sequence, frozenset()) | rest
    return sequences


TABLE = _table()
SEQUENCES = _sequences(TABLE)
AI_LENGTH = {ai[:2]: len(ai) for ai in TABLE}
"""How many digits an AI has, by its first two."""


@lru_cache(maxsize=4096)
def unassigned(ai: str) -> Entry | None:
    """The entry of a number that may become an AI one day: any text, as long as its first digits say. None for a
    number that is an AI already or cannot be one. Source: GS1 General Specifications, figures 7.8.1-1 and 7.8.5-2.
    """
    if not (2 <= len(ai) <= 4 and ai.isascii() and ai.isdigit()) or ai in TABLE:
        return None
    if AI_LENGTH.get(ai[:2], len(ai)) != len(ai):
        return None
    length = _PREDEFINED.get(ai[:2])
    part = Component("X", length or 1, length or _LONGEST_VALUE, False, ())
    return Entry(ai, "", length is not None, True, (part,), re.compile(part.pattern), (), (), frozenset(), None)


def find_entry(ai: str, unknown_ais: bool) -> Entry | None:
    """The entry of an AI; with `unknown_ais` also of a number that GS1 has not given out."""
    return TABLE.get(ai) or (unassigned(ai) if unknown_ais else None)


def entry_of(ai: str) -> Entry:
    """The entry of an AI that was read, assigned or not. Raises KeyError for a number that cannot be one."""
    entry = find_entry(ai, True)
    if entry is None:
        raise KeyError(ai)
    return entry


def missing_companions(ais: Iterable[str]) -> dict[str, tuple[tuple[frozenset[str], ...], ...]]:
    """The AIs that lack what they require, each with its alternatives (all of one alternative must be there).

    What is missing may stand in another symbol on the same item, so it is for the caller to say when all is read.
    """
    present = frozenset(ais)
    return {
        ai: requires
        for ai in present
        if (requires := entry_of(ai).requires)
        and not any(all(not wanted.isdisjoint(present) for wanted in group) for group in requires)
    }


def excluded_pair(values: dict[str, str]) -> tuple[str, str] | None:
    """Two AIs among these that may not mark the same item, or None."""
    present = values.keys()
    for ai in values:
        excludes = entry_of(ai).excludes
        if excludes and not excludes.isdisjoint(present):
            return ai, min(excludes & present)
    if "8030" in values:
        # a digital signature signs one thing, so these keys must carry their serial number
        for ai, length in _SERIALISED_LENGTH.items():
            if ai in values and len(values[ai]) < length:
                return "8030", ai
    return None
