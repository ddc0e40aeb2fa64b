"""What the parts of other issuing agencies' codes look like, by data/agencies.csv, and what was read of one code."""
from __future__ import annotations

import csv
import re
from dataclasses import dataclass, field
from importlib.resources import files
from typing import NamedTuple

from .errors import Gs1Error
from .parsed import Parsed

_DATE_PARTS = {
    "YYYY": "[0-9]{4}", "YY": "[0-9]{2}", "MM": "(?:0[1-9]|1[0-2])", "DD": "(?:0[1-9]|[12][0-9]|3[01])",
    "JJJ": "(?:00[1-9]|0[1-9][0-9]|[12][0-9]{2}|3[0-5][0-9]|36[0-6])", "HH": "(?:[01][0-9]|2[0-3])", "C": "[0-9]",
}  # fmt: skip
_DATE_PART = re.compile("|".join(_DATE_PARTS))


class Field(NamedTuple):
    """One part of a code as it stands there. `form`: of a date, such as YYMMDD; else empty."""

    name: str
    value: str
    form: str = ""


@dataclass(frozen=True, slots=True)
class Part:
    """One row of the data file; `length` 0: it differs."""

    agency: str
    mark: str
    name: str
    form: str
    pattern: re.Pattern[str]
    length: int
    is_verified: bool

    def field(self, value: str) -> Field:
        """The part with its value."""
        return Field(self.name, value, self.form)

    def wrong(self, start: int, length: int) -> Gs1Error:
        """The complaint about a value that is not of the form."""
        return Gs1Error("AGENCY_FORM", start, length, "The part %(part)s of this %(agency)s code is not well formed",
                        part=self.name, agency=self.agency)


def doubt(start: int, length: int) -> Gs1Error:
    """The flag for what is kept as text because its meaning is not known for certain."""
    return Gs1Error("UNVERIFIED", start, length)


@dataclass(frozen=True)
class Identified:
    """What a code says, whoever issued it: `fields` in their order, by the names of data/agencies.csv.

    `flags`: what was kept as text because nobody could say for certain what it means. `parsed`: the AIs of a GS1 code.
    """

    agency: str
    text: str
    fields: tuple[Field, ...]
    flags: tuple[Gs1Error, ...] = field(default=(), compare=False)
    parsed: Parsed | None = None

    @property
    def is_verified(self) -> bool:
        """Whether every part is of a form that is known for certain."""
        return not self.flags

    def get(self, name: str) -> str | None:
        """The value of the first field of this name, or None."""
        return next((one.value for one in self.fields if one.name == name), None)


def _pattern(form: str) -> re.Pattern[str]:
    if form.startswith("/"):
        return re.compile(form.strip("/"))
    if _DATE_PART.match(form):
        return re.compile(_DATE_PART.sub(lambda found: _DATE_PARTS[found[0]], form))
    return re.compile(r"[ -~]+")


def _parts() -> dict[str, dict[tuple[str, str], Part]]:
    text = files(__package__).joinpath("data/agencies.csv").read_text(encoding="utf-8")
    found: dict[str, dict[tuple[str, str], Part]] = {}
    for row in csv.DictReader(line for line in text.splitlines() if not line.startswith("#")):
        form = row["form"] if _DATE_PART.match(row["form"]) else ""
        pattern, length = _pattern(row["form"]), int(row["length"] or 0)
        part = Part(row["agency"], row["mark"], row["part"], form, pattern, length, row["verified"] == "yes")
        found.setdefault(part.agency, {})[part.mark, part.name] = part
    return found


PARTS = _parts()
"""By agency, then by mark and name."""
