"""What a reviewer of a Chinese form would send back. Pure."""
from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace

from traceapp.export.case_report import CaseReport, Finding
from traceapp.export.form_fields import FormTable, missing_fields

from . import dates, tables

# Source: MOH Order 81 (2011) art. 21: a death at once. NMPA 2022 No. 16; a death is its gravest serious reaction.
_DRUG_DAYS = {"death": 0, "serious": 15, "other": 30}
_COSMETIC_DAYS = {"death": 15, "serious": 15, "other": 30}
_LARGE_IMPACT = {"death": 3, "serious": 3, "other": 3}
_DATES = (dates.shelf_life_faults, dates.event_date_faults, dates.known_date_faults, dates.harm_class_faults,
          dates.future_faults, dates.partial_date_findings)
# The fields of the holder's device form whose faults are found, as the other forms number and name them.
_KEYS = {"2.8": "lot", "2.11": "made_on", "2.12": "expires_on", "3.1": "event_date", "3.2": "known_date",
         "3.3": "harm_class", "3.7": "born_on", "4.2": "used_on"}
_ELSEWHERE = {"made_on": "made_on", "harm_class": "outcome", "used_on": "used_from"}


def check_device(case: CaseReport) -> Iterator[Finding]:
    """The device form: empty fields, what cannot be, what comes too late."""
    yield from missing_fields(case, tables.device_table())
    yield from dates.lot_number_faults(case)
    for check in _DATES:
        yield from check(case)
    yield from dates.lateness(case)


def check_paper(case: CaseReport) -> Iterator[Finding]:
    """The paper form for devices."""
    yield from _checked(case, tables.paper_table(), dates.lateness)


def check_drug(case: CaseReport) -> Iterator[Finding]:
    """The drug form; a death is to be reported at once."""
    yield from _checked(case, tables.drug_table(), lambda one: dates.lateness(one, _DRUG_DAYS))


def check_cosmetic(case: CaseReport) -> Iterator[Finding]:
    """The cosmetic form; what may stir the public is to be reported within three days."""
    days = _LARGE_IMPACT if "CN-CO-03" in case.head.rule_ids else _COSMETIC_DAYS
    yield from _checked(case, tables.cosmetic_table(), lambda one: dates.lateness(one, days))


def _checked(case: CaseReport, table: FormTable,
             late: Callable[[CaseReport], tuple[Finding, ...]]) -> Iterator[Finding]:
    """The same checks, each at the field of this form."""
    yield from missing_fields(case, table)
    places = {field.key: field.place for field in table.fields}
    for check in (dates.lot_number_faults, *_DATES, late):
        for finding in check(case):
            key = "reported_on" if finding.code == "late" else _KEYS.get(finding.element, "")
            place = places.get(key) or places.get(_ELSEWHERE.get(key, ""), finding.element)
            yield replace(finding, element=place)
