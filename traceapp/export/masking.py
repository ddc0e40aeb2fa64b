"""A case without what says who a person is, in fields and in free text. Pure."""
from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace
from datetime import date
from typing import Any, TypeVar

from .case_report import (
    CaseReport,
    Organisation,
    PartialDate,
    Patient,
    Profile,
    ReportedLot,
    ReportedProduct,
    Reporter,
    ReportHead,
    Use,
)
from .line_listing import masked_text

MASK = "[…]"
Scrub = Callable[[str], str]
_Part = TypeVar("_Part")

# The fields in which people write freely; every other text is a code, a number of a thing, or a name of a product.
_FREE = {
    "head": ("reason",),
    "patient": ("history", "earlier_reactions", "family_reactions", "intended_treatment"),
    "event": ("death_cause", "place_name", "harm", "fault", "narrative", "tests", "body_sites", "lesion_area",
              "patch_test_text"),
    "lot": ("inspections",),
    "use": ("purpose", "process", "combined", "dose_text", "device_location"),
    "reporter": ("occupation",),
    "assessment": ("investigation", "cause", "preliminary_comments", "first_handling", "measures",
                   "no_measures_reason", "sender_comment", "uncoded_reasons"),
}
_HONORIFICS = "先生|女士|小姐|太太|阿姨|叔叔|奶奶|爷爷|大爷|大妈|老师|同学|医生|医师|大夫|护士|主任|某某|某"
_COMPOUND = ("欧阳", "司马", "上官", "诸葛", "夏侯", "东方", "尉迟", "公孙", "慕容", "令狐", "司徒", "皇甫", "端木",
             "独孤")


def masked(case: CaseReport) -> CaseReport:
    """The case as others than the authority may read it: of a person no more than that something is known.

    Names, telephones, addresses and record numbers become “[…]” wherever they stand; the day of birth and the ethnic
    group go; organisations keep their names unless the reporter is a private person.
    """
    scrub = _scrubber(case)
    event = _scrubbed(case.event, "event", scrub)
    if event.place_kind == "home":
        event = replace(event, place_name=_hidden(event.place_name))
    return replace(
        case, head=_head(case.head, scrub), patient=_patient(case.patient, scrub), event=event,
        product=_product(case.product), lot=_scrubbed(case.lot, "lot", scrub), use=_scrubbed(case.use, "use", scrub),
        reporter=_reporter(case.reporter, scrub), assessment=_scrubbed(case.assessment, "assessment", scrub),
        other_products=tuple(_other(one, scrub) for one in case.other_products),
        similar_basis=scrub(case.similar_basis), profile=Profile.masked)


def _hidden(text: str) -> str:
    return MASK if text else ""


def _scrubbed(part: _Part, name: str, scrub: Scrub) -> _Part:
    """The part with its free texts scrubbed; lists and mappings of texts one by one."""
    found: dict[str, Any] = {}
    for place in _FREE[name]:
        value: Any = getattr(part, place)
        if isinstance(value, str):
            found[place] = scrub(value)
        elif isinstance(value, tuple):
            found[place] = tuple(map(scrub, value))
        else:
            found[place] = {key: scrub(text) for key, text in value.items()}
    return replace(part, **found)  # type: ignore[type-var]


def _head(head: ReportHead, scrub: Scrub) -> ReportHead:
    return replace(_scrubbed(head, "head", scrub), sender=_organisation(head.sender))


def _patient(patient: Patient, scrub: Scrub) -> Patient:
    return replace(_scrubbed(patient, "patient", scrub), name=_hidden(patient.name), initials=_hidden(patient.initials),
                   record_number=_hidden(patient.record_number), born_on=None, ethnicity=_hidden(patient.ethnicity))


def _reporter(reporter: Reporter, scrub: Scrub) -> Reporter:
    organisation = _organisation(reporter.organisation) if reporter.organisation else None
    if organisation and reporter.qualification == "consumer":
        organisation = replace(organisation, name_zh=_hidden(organisation.name_zh),
                               name_en=_hidden(organisation.name_en), address=_hidden(organisation.address), ids={})
    return replace(_scrubbed(reporter, "reporter", scrub), name=_hidden(reporter.name), phone=_hidden(reporter.phone),
                   email=_hidden(reporter.email), organisation=organisation)


def _organisation(found: Organisation) -> Organisation:
    return replace(found, contact_name=_hidden(found.contact_name), phone=_hidden(found.phone),
                   email=_hidden(found.email))


def _product(product: ReportedProduct) -> ReportedProduct:
    holder, maker, representative = product.holder, product.manufacturer, product.representative
    return replace(product, holder=_organisation(holder) if holder else None,
                   manufacturer=_organisation(maker) if maker else None,
                   representative=_organisation(representative) if representative else None)


def _other(one: tuple[ReportedProduct, ReportedLot, Use], scrub: Scrub) -> tuple[ReportedProduct, ReportedLot, Use]:
    product, lot, use = one
    return _product(product), _scrubbed(lot, "lot", scrub), _scrubbed(use, "use", scrub)


def _organisations(case: CaseReport) -> Iterator[Organisation]:
    found = [case.head.sender, case.reporter.organisation]
    for product in (case.product, *(product for product, _, _ in case.other_products)):
        found += [product.holder, product.manufacturer, product.representative]
    return filter(None, found)


def _scrubber(case: CaseReport) -> Scrub:
    """Answers texts without any personal value of this case, nor anything that looks like a telephone or an address."""
    names = {case.patient.name, case.reporter.name, *(found.contact_name for found in _organisations(case))}
    numbers = {case.patient.record_number, case.reporter.phone, case.reporter.email}
    for found in _organisations(case):
        numbers |= {found.phone, found.email}
    own = case.reporter.organisation
    if own and case.reporter.qualification == "consumer":
        numbers |= {own.name_zh, own.name_en, own.address}
    if case.event.place_kind == "home":
        numbers.add(case.event.place_name)
    return scrubber_of(names, numbers, case.patient.initials, case.patient.born_on)


def scrubber_of(names: Iterable[str], numbers: Iterable[str], initials: str = "",
                born_on: PartialDate | None = None) -> Scrub:
    """Answers texts without these names, numbers and addresses, initials and day of birth, nor anything that looks like
    a telephone or an address."""
    patterns = {pattern for name in names for pattern in _name_patterns(name.strip())}
    patterns |= {_loose(number) for number in numbers if len(number) > 1}
    if len(initials) > 1:
        patterns.add(rf"(?<![A-Za-z]){re.escape(initials)}(?![A-Za-z])")
    if born_on is not None:
        patterns |= set(_birthday_patterns(born_on))
    known = re.compile("|".join(sorted(filter(None, patterns), key=lambda one: (-len(one), one))), re.IGNORECASE)
    return lambda text: masked_text(known.sub(MASK, text) if known.pattern else text)


def _loose(number: str) -> str:
    """A number or an address however its parts are set apart."""
    parts = [re.escape(character) for character in number if character not in " -–()（）"]
    return r"[\s\-–()（）]*".join(parts)


def _name_patterns(name: str) -> Iterator[str]:
    """A name as it stands, in Chinese also the surname before a title, in others each word of three letters or more."""
    if len(name.replace(" ", "")) > 1:
        yield r"\s*".join(map(re.escape, name.replace(" ", "")))
    if name and not name.isascii() and "\u4e00" <= name[0] <= "\u9fff":
        surname = name[:2] if name.startswith(_COMPOUND) else name[0]
        yield rf"{re.escape(surname)}\s*(?:{_HONORIFICS})"
    else:
        for word in re.findall(r"[^\W\d_]{3,}", name):
            yield rf"(?<![^\W\d_]){re.escape(word)}(?![^\W\d_])"


def _birthday_patterns(born: PartialDate) -> list[str]:
    """The day of birth in the usual ways to write it; a month or a year of birth says little."""
    if born.precision != "day":
        return []
    day: date = born.day
    between = r"\s*[-./年]\s*"
    return [rf"(?<!\d){day.year}{between}0?{day.month}\s*[-./月]\s*0?{day.day}(?!\d)\s*日?", f"{day:%Y%m%d}",
            rf"(?<!\d)0?{day.day}[./]0?{day.month}[./]{day.year}(?!\d)"]
