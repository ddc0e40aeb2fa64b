"""The check of each value: its form, its length, its code list, its date, and why it may be absent."""
from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Iterator
from datetime import datetime
from functools import cache
from importlib.resources import files

from traceapp.export.case_report import Finding
from traceapp.gs1.linters import CODE_LISTS

from .dates import is_future, is_precise, read_date
from .elements import Element, elements
from .layout import plans
from .model import Section, Value
from .places import Place, places
from .references import ROLE

# Source: ICH E2B(R3): ISO 3166-1, and EU for the Union.
COUNTRIES = CODE_LISTS["country-alpha2"] | {"EU"}
# Source: ISO 639-2, and some that ISO 639-3 adds.
LANGUAGES = files(__package__).joinpath("data", "languages.txt").read_text(encoding="ascii").split()
_NUMBER = re.compile(r"[+-]?\d+(\.\d+)?([eE][+-]?\d+)?", re.ASCII)
_FORMS: dict[str, tuple[re.Pattern[str], str]] = {
    "number": (_NUMBER, "“%(value)s” is not a number (%(at)s)."),
    "whole": (re.compile(r"\d+", re.ASCII), "“%(value)s” is not a whole number (%(at)s)."),
    "meddra": (re.compile(r"[1-9]\d{7}", re.ASCII), "“%(value)s” is not a MedDRA code of eight digits (%(at)s)."),
    "version": (re.compile(r"\d{1,2}\.\d", re.ASCII), "“%(value)s” is not a MedDRA version such as 27.1 (%(at)s)."),
    "flag": (re.compile("true|false"), "“%(value)s” is neither true nor false (%(at)s)."),
    "true": (re.compile("true"), "Only true may stand here, not “%(value)s” (%(at)s)."),
    "country": (re.compile("|".join(sorted(COUNTRIES))), "“%(value)s” is not the code of a country (%(at)s)."),
    "language": (re.compile("|".join(LANGUAGES)),
                 "“%(value)s” is not the code of a language in three letters (%(at)s)."),
    "unit": (re.compile(r"\S{1,50}"), "“%(value)s” is not a unit: it has spaces (%(at)s)."),
    "token": (re.compile(r"\S+"), "“%(value)s” is not a code: it has spaces (%(at)s)."),
    "oid": (re.compile(r"[0-2](\.(0|[1-9]\d*))+|[A-Za-z][\w-]*", re.ASCII), "“%(value)s” names no code list (%(at)s)."),
}
_PRECISE = {"second": "The time must be known to the second, not only “%(value)s” (%(at)s).",
            "day": "The date must be known to the day, not only “%(value)s” (%(at)s).",
            "expiry": "The date must be known to the day, not only “%(value)s” (%(at)s).",
            "year": "The date must be known to the year, not only “%(value)s” (%(at)s)."}


def value_findings(batch: Section, now: datetime) -> Iterator[Finding]:
    """What is wrong with single values, and what of the batch nobody knows."""
    known = elements()
    for place in places(batch):
        for element, value in place.section.values.items():
            yield from _of_value(place, known[element], value, now)
        for kept in place.section.kept:
            yield place.finding(place.section.name, "unknown", "“%(tag)s” is kept as it is; no element of E2B(R3) is "
                                "known at this place (%(at)s).", is_error=False, tag=kept.tag)


def _of_value(place: Place, element: Element, value: Value, now: datetime) -> Iterator[Finding]:
    if value.null and value.null not in element.nulls:
        yield place.finding(element.id, "null-not-allowed", "The reason %(null)s for having no value is not allowed "
                            "here (%(at)s).", null=value.null)
    if value.text is None:
        return
    for check in (_form, _length, _code, _list, _unit):
        yield from check(place, element, value.text)
    if element.kind in _PRECISE:
        yield from _date(place, element, value.text, now)
    if element.kind == "data":
        yield from _data(place, element, value.text)


def _form(place: Place, element: Element, text: str) -> Iterator[Finding]:
    form = _FORMS.get(element.kind)
    if form and not form[0].fullmatch(text):
        yield place.finding(element.id, "form", form[1], value=text[:80])


def _length(place: Place, element: Element, text: str) -> Iterator[Finding]:
    limit = element.fda_length if place.is_for_fda else element.length
    if limit is not None and len(text) > limit:
        yield place.finding(element.id, "too-long", "%(length)s characters where %(limit)s are allowed (%(at)s).",
                            length=len(text), limit=limit)


def _code(place: Place, element: Element, text: str) -> Iterator[Finding]:
    if element.codes and text not in element.codes:
        yield place.finding(element.id, "not-in-list", "“%(value)s” is not in the code list: %(codes)s (%(at)s).",
                            value=text[:80], codes=", ".join(sorted(element.codes)))


@cache
def _nodes(section: str) -> dict[tuple[str, int], str]:
    """The node of each value of a section."""
    return {(slot.element, slot.place): path for path, node in plans()[section].nodes.items()
            if path == "." or not node.section for slot in node.slots}


def _path(place: Place, element: Element) -> str:
    """The node of an element's value; that of a product's role stands beside the product."""
    key = element.id, place.section.values[element.id].place
    found = _nodes(place.section.name).get(key)
    return found if found is not None else f"{ROLE}:{_nodes(ROLE)[key]}"


def _list(place: Place, element: Element, _text: str) -> Iterator[Finding]:
    """Whether a code names the list that it is of."""
    if not element.systems or element.kind == "version":
        return
    marks = dict(place.section.marks.get(_path(place, element)) or ())
    if "codeSystem" in marks and marks["codeSystem"] not in element.systems:
        yield place.finding(element.id, "wrong-list", "The code is of the list “%(named)s”; it must be of %(system)s "
                            "(%(at)s).", named=marks["codeSystem"] or "", system=" / ".join(sorted(element.systems)))


def _unit(place: Place, element: Element, _text: str) -> Iterator[Finding]:
    """Whether a weight or height is in the unit that its element means."""
    path = _path(place, element)
    marks = dict(place.section.marks.get(path) or ())
    meant = dict(plans()[place.section.name].nodes[path].fixed).get("unit") if "unit" in marks else None
    if meant is not None:
        yield place.finding(element.id, "wrong-unit", "The unit is “%(named)s”; it must be %(meant)s (%(at)s).",
                            named=marks["unit"] or "", meant=meant)


def _date(place: Place, element: Element, text: str, now: datetime) -> Iterator[Finding]:
    if read_date(text) is None:
        yield place.finding(element.id, "form", "“%(value)s” is not a date such as 20240131 (%(at)s).", value=text[:80])
    elif not is_precise(text, element.kind):
        yield place.finding(element.id, "not-precise", _PRECISE[element.kind], value=text)
    elif element.kind != "expiry" and is_future(text, now):
        yield place.finding(element.id, "future", "The date “%(value)s” is in the future (%(at)s).", value=text)


def _data(place: Place, element: Element, text: str) -> Iterator[Finding]:
    if place.text(element.id + ".encoding") != "B64":
        return
    try:
        base64.b64decode("".join(text.split()), validate=True)
    except (binascii.Error, ValueError):
        yield place.finding(element.id, "form", "The attached file is not base64 (%(at)s).")
