"""The fields of a form as rows of a table, and what a case says in each of them. Pure."""
from __future__ import annotations

import csv
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from functools import cache
from importlib.resources import files
from itertools import groupby

from traceapp.core.quantity import plain

from .case_report import CaseReport, CodedTerm, Finding, Organisation, PartialDate
from .form_sheet import COLUMNS, Cell, Group
from .periods import first_day

# What a field of a case may hold, or a reader may answer.
Value = (str | int | bool | Decimal | date | PartialDate | Organisation | CodedTerm | None
         | tuple[str, ...] | tuple[CodedTerm, ...])
Reader = Callable[[CaseReport, str], Value]
Condition = Callable[[CaseReport], bool]


@dataclass(frozen=True, slots=True)
class FormField:
    """One row: `source` is a path in CaseReport, or `=name` of a reader; `kind`: text, date, choice, yesno, terms,
    lines; `need`: required, optional, or the name of a condition; `width` in columns of the sheet."""

    number: str
    group_zh: str
    group_en: str
    zh: str
    en: str
    source: str
    kind: str
    need: str
    codes: str
    width: int
    key: str = ""

    @property
    def place(self) -> str:
        """How a finding names it: by its number, or by its title where the form has none (“-”)."""
        return self.zh if self.number == "-" else self.number

    def title(self, language: str) -> str:
        """The title in a language."""
        return self.zh if language == "zh" else self.en

    def group(self, language: str) -> str:
        """The title of its group in a language."""
        return self.group_zh if language == "zh" else self.group_en


@dataclass(frozen=True, slots=True)
class FormTable:
    """All that a form knows: its fields, the readers that `source` names, its code lists, when a field is needed, and
    the day on which a moment falls where the form is read."""

    fields: tuple[FormField, ...]
    codes: Mapping[str, tuple[tuple[str, str, str], ...]]
    readers: Mapping[str, Reader]
    conditions: Mapping[str, Condition]
    day_of: Callable[[datetime], date]


def read_rows(package: str, name: str) -> Iterator[dict[str, str]]:
    """The rows of a table that ships with a package."""
    return csv.DictReader(files(package).joinpath(f"data/{name}").read_text(encoding="utf-8").splitlines())


@cache
def read_fields(package: str, name: str, number: str = "number") -> tuple[FormField, ...]:
    """The fields of a table in their order; those without a number in this column are not in the form."""
    return tuple(FormField(row[number], row["group_zh"], row["group_en"], row["zh"], row["en"], row["source"],
                           row["kind"], row["need"], row["codes"], int(row["width"]), row.get("key", ""))
                 for row in read_rows(package, name) if row[number])


@cache
def read_codes(package: str) -> Mapping[str, tuple[tuple[str, str, str], ...]]:
    """The code lists of a package: by name, each option as our word, Chinese and English."""
    rows = sorted(read_rows(package, "codes.csv"), key=lambda row: row["list"])
    return {name: tuple((row["code"], row["zh"], row["en"]) for row in options)
            for name, options in groupby(rows, key=lambda row: row["list"])}


def value_of(case: CaseReport, field: FormField, table: FormTable, language: str) -> Value:
    """What the case says in a field; nothing for a field that a case does not hold."""
    if field.source.startswith("="):
        return table.readers[field.source[1:]](case, language)
    value: object = case if field.source else None
    for name in field.source.split("."):
        value = getattr(value, name, None)
    return table.day_of(value) if isinstance(value, datetime) else value  # type: ignore[return-value]


def term_name(term: CodedTerm, language: str) -> str:
    """The name in a language, or in the other where that is all there is."""
    names = (term.name_zh, term.name_en) if language == "zh" else (term.name_en, term.name_zh)
    return next(filter(None, names), "")


def term_words(term: CodedTerm, language: str) -> str:
    """The code with the name; the codes of our own list mean nothing to others."""
    name = term_name(term, language)
    return f"{term.code} {name}".strip() if term.system != "own" else name


def organisation_name(found: Organisation | None, language: str) -> str:
    """The name in a language, or in the other where that is all there is."""
    if found is None:
        return ""
    return (found.name_zh or found.name_en) if language == "zh" else (found.name_en or found.name_zh)


_PRECISION = {("zh", "month"): "（仅知年月）", ("zh", "year"): "（仅知年份）", ("en", "month"): " (day not known)",
              ("en", "year"): " (only the year is known)"}


def date_words(known: PartialDate, language: str) -> str:
    """The first day of what is known, with how much of it is known."""
    return first_day(known).isoformat() + _PRECISION.get((language, known.precision), "")


def words_of(value: Value, language: str) -> str:
    """A value as text; nothing that is not known is empty."""
    if value is None or isinstance(value, bool):
        return ""
    if isinstance(value, str):
        return value.strip()
    if isinstance(value, Decimal):
        return plain(value)
    if isinstance(value, PartialDate):
        return date_words(value, language)
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, CodedTerm | Organisation):
        return term_words(value, language) if isinstance(value, CodedTerm) else organisation_name(value, language)
    if isinstance(value, tuple):
        return ("；" if language == "zh" else "; ").join(words_of(one, language) for one in value)
    return str(value)


MISSING = "“%(en)s” (%(zh)s) must be filled in."
_YESNO = (("yes", "是", "Yes"), ("no", "否", "No"))


def options_of(field: FormField, table: FormTable) -> Sequence[tuple[str, str, str]]:
    """The options of a field that is ticked; none for one that is written."""
    if field.kind == "yesno":
        return _YESNO
    return table.codes[field.codes] if field.kind == "choice" else ()


def ticked(value: Value) -> tuple[str, ...]:
    """The codes that a value ticks."""
    if isinstance(value, bool):
        return ("yes" if value else "no",)
    if isinstance(value, tuple):
        return tuple(one for one in value if isinstance(one, str))
    return (value,) if isinstance(value, str) and value else ()


def cell_of(case: CaseReport, field: FormField, table: FormTable, language: str) -> Cell:
    """A field as it is filled. A word that no option has is an option more, at the end."""
    value = value_of(case, field, table, language)
    options = options_of(field, table)
    number = "" if field.number == "-" else field.number
    if not options:
        return Cell(number, field.title(language), words_of(value, language), (), field.width, field.key)
    held = ticked(value)
    known = {code for code, _, _ in options}
    choices = tuple((zh if language == "zh" else en, code in held) for code, zh, en in options)
    others = [word for word in held if word not in known]
    if others:
        choices += ((f"其他：{'、'.join(others)}" if language == "zh" else f"Other: {', '.join(others)}", True),)
    return Cell(number, field.title(language), "", choices, field.width, field.key)


def groups_of(case: CaseReport, table: FormTable, language: str) -> list[Group]:
    """All fields as they are filled, in their groups."""
    return [Group(title, tuple(cell_of(case, field, table, language) for field in fields))
            for title, fields in groupby(table.fields, key=lambda field: field.group(language))]


def is_said(cell: Cell) -> bool:
    """Whether anything stands in a field."""
    return bool(cell.text) or any(held for _, held in cell.choices)


def missing_fields(case: CaseReport, table: FormTable) -> Iterator[Finding]:
    """That a field which this case needs says nothing."""
    for field in table.fields:
        needed = field.need == "required" or (field.need in table.conditions and table.conditions[field.need](case))
        if needed and not is_said(cell_of(case, field, table, "en")):
            yield Finding(field.place, "missing", MISSING, values={"zh": field.zh, "en": field.en})


def columns_are_full(fields: Sequence[FormField]) -> bool:
    """Whether the rows of each group fill the sheet, so that no hole stays at their ends."""
    for _, group in groupby(fields, key=lambda field: field.group_en):
        taken = 0
        for field in group:
            taken = field.width if taken + field.width > COLUMNS else taken + field.width
        if taken != COLUMNS:
            return False
    return True
