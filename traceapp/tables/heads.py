"""Which column of a table holds which field, by the titles in its first row. Pure."""
from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from traceapp.core.errors import InvalidInput


@dataclass(frozen=True, slots=True)
class Heads:
    """Which column holds which field, and what its title is in this file."""

    places: Mapping[str, int]
    titles: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Guess:
    """The columns that were recognised, and the titles of those that were not or that stand there twice."""

    places: Mapping[str, int]
    unknown: tuple[str, ...]
    twice: tuple[str, ...]


def plain_title(title: str) -> str:
    """A title as it is compared: width, case, blanks, brackets and asterisks do not matter."""
    folded = unicodedata.normalize("NFKC", title).strip().lower().replace("_", " ")
    return re.sub(r"\s+", " ", re.sub(r"\(.*?\)|\*|[:：]$", "", folded)).strip()


def by_title(fields: Mapping[str, Sequence[str]]) -> dict[str, str]:
    """Compared title -> field; `fields`: field -> how people name its column."""
    return {plain_title(name): key for key, names in fields.items() for name in (*names, key)}


def guess_heads(cells: Sequence[str], known: Mapping[str, str]) -> Guess:
    """What the titles say; `known` as `by_title` makes it. Columns without a title are left out."""
    places: dict[str, int] = {}
    unknown, twice = [], []
    for place, title in enumerate(cells):
        if not title:
            continue
        key = known.get(plain_title(title))
        if key is None:
            unknown.append(title[:40])
        elif key in places:
            twice.append(title[:40])
        else:
            places[key] = place
    return Guess(places, tuple(unknown), tuple(twice))


def read_heads(cells: Sequence[str], fields: Mapping[str, Sequence[str]], required: Sequence[str]) -> Heads:
    """The fields of the first row.

    Raises InvalidInput that says which columns are missing, unknown or there twice.
    """
    guess = guess_heads(cells, by_title(fields))
    missing = [fields[key][0] for key in required if key not in guess.places]
    if missing or guess.unknown or guess.twice:
        errors = {kind: ", ".join(names) for kind, names in
                  (("missing", missing), ("unknown", guess.unknown), ("twice", guess.twice)) if names}
        raise InvalidInput("The columns do not fit. Missing: %(missing)s. Unknown: %(unknown)s. There twice: "
                           "%(twice)s. Known columns: %(known)s.", code="wrong-columns", place="row 1", errors=errors,
                           missing=", ".join(missing) or "-", unknown=", ".join(guess.unknown) or "-",
                           twice=", ".join(guess.twice) or "-",
                           known=", ".join(names[0] for names in fields.values()))
    return Heads(guess.places, {key: cells[place] for key, place in guess.places.items()})
