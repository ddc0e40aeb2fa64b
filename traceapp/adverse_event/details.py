"""The fields of an assessment that one table describes: who asks for them, what they may hold. Pure.

A value is kept as JSON has it: a number with a point as text, a date as far as it is known (`2026-03-09`, `2026-03`,
`2026`). A field without a value is not kept.
"""
from __future__ import annotations

import csv
import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import date, timedelta
from decimal import Decimal
from functools import cache
from importlib.resources import files
from typing import Any

from traceapp.complaint.policy import cleaned_text
from traceapp.core.errors import InvalidInput
from traceapp.core.quantity import parse_amount

from .reportability import iso_code

GROUPS = ("patient", "event", "use", "reporter", "assessment", "cause")
_DATE = re.compile(r"(\d{4})(?:-(\d{2})(?:-(\d{2}))?)?", re.ASCII)
_CODE = re.compile(r"[A-G]\d{2,7}", re.ASCII)
_MEDDRA = re.compile(r"[1-9]\d{7}", re.ASCII)
_PAIRS = (("age", "age_unit"), ("dose", "dose_unit"), ("onset_after", "onset_after_unit"))
_ORDER = (("use_began_on", "use_ended_on"), ("implanted_on", "explanted_on"), ("began_on", "ended_on"))


@dataclass(frozen=True, slots=True)
class Field:
    """`limit`: the most characters, the highest number, or how many codes; `kinds` empty: every kind of product asks
    for it. `title` and `hint` are message ids."""

    name: str
    group: str
    type: str
    limit: int
    choices: Mapping[str, str]
    kinds: frozenset[str]
    title: str
    hint: str

    def is_asked_for(self, kind: str | None) -> bool:
        """Whether a form for this kind of product shows it; for a product that is not known everything is asked."""
        return not self.kinds or kind is None or kind in self.kinds


def _rows(name: str) -> Iterable[dict[str, str]]:
    text = files("traceapp.adverse_event").joinpath(f"data/{name}.csv").read_text(encoding="utf-8")
    return csv.DictReader(text.splitlines())


@cache
def fields() -> dict[str, Field]:
    """Every field by its name, in the order in which a form shows them."""
    return _fields("fields")


@cache
def row_fields() -> dict[str, Field]:
    """What a row says of a product that was used at the same time."""
    return _fields("other_products")


def _fields(table: str) -> dict[str, Field]:
    choices: dict[str, dict[str, str]] = {}
    for row in _rows("choices"):
        choices.setdefault(row["choices"], {})[row["code"]] = row["title"]
    return {row["name"]: Field(
        row["name"], row["group"], row["type"], int(row["limit"] or 0), choices.get(row["choices"], {}),
        frozenset(filter(None, row["kinds"].split("|"))), row["title"], row["hint"]) for row in _rows(table)}


def fields_for(kind: str | None, kept: Mapping[str, Any] | None = None) -> list[Field]:
    """What a form for this kind of product shows: what the kind asks for, and what has a value already."""
    return [field for field in fields().values() if field.is_asked_for(kind) or field.name in (kept or {})]


def checked_details(given: Mapping[str, Any], today: date) -> dict[str, Any]:
    """The values as they are kept, those without content left out.

    Raises InvalidInput whose place is `details/` and the name of the field; an unknown field is refused.
    """
    read = {name: _kept(name, value, today) for name, value in given.items()}
    found = {name: read[name] for name in fields() if read.get(name) not in (None, "", [])}
    _check_together(found)
    return found


def readable_details(given: Mapping[str, Any], today: date) -> dict[str, Any]:
    """Those of the values that could be kept, for showing what they come to while somebody still types."""
    found: dict[str, Any] = {}
    for name, value in given.items():
        try:
            found |= checked_details({name: value}, today)
        except InvalidInput as error:
            if error.code == "belongs-together":
                found[name] = _kept(name, value, today)
    return found


def _kept(name: str, value: Any, today: date) -> Any:
    field = fields().get(name)
    if field is None:
        raise InvalidInput("“%(field)s” is not a field of an assessment.", code="unknown-field", place="details",
                           field=str(name)[:40])
    return _READERS[field.type](value, field, today)


def partial_date(text: str) -> tuple[date, str]:
    """The first day of what is known, and how far it is known: day, month, year. Raises ValueError."""
    match = _DATE.fullmatch(text)
    if match is None:
        raise ValueError(text)
    year, month, day = match.groups()
    precision = "day" if day else "month" if month else "year"
    return date(int(year), int(month or 1), int(day or 1)), precision


def _check_together(values: Mapping[str, Any], place: str = "details") -> None:
    for name, unit in _PAIRS:
        if (name in values) != (unit in values):
            missing = unit if name in values else name
            raise InvalidInput("A number and its unit belong together.", code="belongs-together",
                               place=f"{place}/{missing}")
    for first, last in _ORDER:
        begun, ended = values.get(first), values.get(last)
        if begun and ended and ended[:len(begun)] < begun[:len(ended)]:
            raise InvalidInput("This is before the beginning.", code="ends-before-it-begins", place=f"{place}/{last}")


def _refusal(field: Field, message: str, code: str, **params: Any) -> InvalidInput:
    return InvalidInput(message, code=code, place=f"details/{field.name}", **params)


def _text(value: Any, field: Field, today: date) -> str:
    if value is None:
        return ""
    if not isinstance(value, str):
        raise _refusal(field, "This must be text.", "not-text")
    return cleaned_text(value, place=f"details/{field.name}", limit=field.limit)


def _number(value: Any, field: Field, today: date) -> str | None:
    text = str(value).strip() if isinstance(value, str | int | float | Decimal) else ""
    if value is None or text == "":
        return None
    number = parse_amount(text, place=f"details/{field.name}", positive=True)
    if number > field.limit:
        raise _refusal(field, "This is more than %(limit)s.", "too-much", limit=field.limit)
    return f"{number.normalize():f}"


def _whole(value: Any, field: Field, today: date) -> int | None:
    if value in (None, ""):
        return None
    text = str(value).strip()
    if not (text.isascii() and text.isdecimal() and len(text) < 10) or not 0 < int(text) <= field.limit:
        raise _refusal(field, "This must be a whole number from 1 to %(limit)s.", "not-a-count", limit=field.limit)
    return int(text)


def _choice(value: Any, field: Field, today: date) -> str | None:
    if value in (None, ""):
        return None
    if not isinstance(value, str) or value not in field.choices:
        raise _refusal(field, "“%(value)s” is not one of: %(known)s.", "unknown-value", value=str(value)[:40],
                       known=", ".join(field.choices))
    return value


def _choices(value: Any, field: Field, today: date) -> list[str]:
    given = list(value) if isinstance(value, list | tuple) else [value]
    chosen = {_choice(one, field, today) for one in given}
    return [code for code in field.choices if code in chosen]


def _flag(value: Any, field: Field, today: date) -> bool | None:
    if value in (None, ""):
        return None
    if value not in (True, False, "yes", "no"):
        raise _refusal(field, "Say yes or no, or leave it empty.", "not-a-flag")
    return value in (True, "yes")


def _date(value: Any, field: Field, today: date) -> str | None:
    text = str(value or "").strip()
    if not text:
        return None
    try:
        first, _precision = partial_date(text)
    except ValueError:
        raise _refusal(field, "“%(text)s” is not a date. Write it as far as it is known: 2026-03-09, 2026-03 or 2026.",
                       "not-a-date", text=text[:40]) from None
    if first.year < 1900:
        raise _refusal(field, "This day is too long ago. Write the year with four digits.", "too-long-ago")
    if field.type == "date" and first > today + timedelta(days=1):
        raise _refusal(field, "This day is in the future.", "in-the-future")
    return text


def _country(value: Any, field: Field, today: date) -> str:
    text = _text(value, field, today).upper()
    if text and not (len(text) == 2 and text.isascii() and text.isalpha()):
        raise _refusal(field, "A country has two letters, as in CN.", "not-a-country")
    return iso_code(text)


def codes_in(field: Field, text: str) -> list[str] | None:
    """The codes that a text for this field consists of; None where it holds anything else, or nothing."""
    codes, pattern = split_codes(text), _MEDDRA if field.type == "meddra" else _CODE
    return codes if codes and all(pattern.fullmatch(code) for code in codes) else None


def split_codes(value: Any) -> list[str]:
    """What stands in a text between blanks and commas, or in a list, each once, in capitals."""
    given = re.split(r"[\s,;，；、]+", value.strip()) if isinstance(value, str) else list(value or ())
    return list(dict.fromkeys(str(code).upper() for code in given if code))


def _listed(value: Any, field: Field) -> list[str]:
    codes = split_codes(value)
    if len(codes) > field.limit:
        raise _refusal(field, "These are more than %(limit)s codes.", "too-many", limit=field.limit)
    return codes


def _meddra(value: Any, field: Field, today: date) -> list[str]:
    codes = _listed(value, field)
    for code in codes:
        if not _MEDDRA.fullmatch(code):
            raise _refusal(field, "“%(term)s” is not a MedDRA code: it has eight digits.", "unknown-code",
                           term=code[:40])
    return codes


def _codes(value: Any, field: Field, today: date) -> list[str]:
    codes = _listed(value, field)
    annex = field.name[-1].upper()
    for code in codes:
        if not _CODE.fullmatch(code) or code[0] != annex:
            raise _refusal(field, "“%(term)s” is not a code of annex %(annex)s.", "unknown-code", term=code[:40],
                         annex=annex)
    return codes


def _list(value: Any, field: Field, today: date) -> list[str]:
    given = re.split(r"[,，;；、\n]+", value) if isinstance(value, str) else list(value or ())
    found = list(dict.fromkeys(cleaned_text(str(one), place=f"details/{field.name}", limit=60) for one in given))
    if len(found) > field.limit:
        raise _refusal(field, "This is more than %(limit)s.", "too-many", limit=field.limit)
    return [one for one in found if one]


def _products(value: Any, field: Field, today: date) -> list[dict[str, Any]]:
    given = list(value) if isinstance(value, list | tuple) else []
    if len(given) > field.limit:
        raise _refusal(field, "This is more than %(limit)s.", "too-many", limit=field.limit)
    return [row for number, one in enumerate(given, 1)
            if (row := _product(one, replace(field, name=f"{field.name}/{number}"), today))]


def _product(given: Any, field: Field, today: date) -> dict[str, Any]:
    """A row as it is kept; empty for one in which nothing stands."""
    if not isinstance(given, Mapping) or (unknown := [name for name in given if name not in row_fields()]):
        named = str(unknown[0] if isinstance(given, Mapping) else given)[:40]
        raise InvalidInput("“%(field)s” is not a field of an assessment.", code="unknown-field",
                           place=f"details/{field.name}", field=named)
    read = {name: _READERS[one.type](given[name], replace(one, name=f"{field.name}/{name}"), today)
            for name, one in row_fields().items() if name in given}
    found = {name: value for name, value in read.items() if value not in (None, "", [])}
    if found and "name" not in found:
        raise _refusal(replace(field, name=f"{field.name}/name"), "Say what the product is called.", "no-name")
    _check_together(found, f"details/{field.name}")
    return found


_READERS: dict[str, Callable[[Any, Field, date], Any]] = {
    "text": _text, "long": _text, "decimal": _number, "whole": _whole, "choice": _choice, "choices": _choices,
    "flag": _flag, "date": _date, "due": _date, "country": _country, "codes": _codes, "list": _list,
    "meddra": _meddra, "release": _text, "rows": _products}
