"""Cases of reports as a plain table, a row a case: what they say in fields, without any form's codes. Pure."""
from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import datetime
from typing import BinaryIO

from .case_report import CaseReport, CodedTerm, Finding, PartialDate
from .masking import masked
from .spreadsheet import Column, Record, Value, Written, write_table

# Column -> title and path. Persons are not among them, and texts are masked: a listing has more readers than a report.
_COLUMNS: dict[str, tuple[str, str]] = {
    "reference": ("Reference", "head.reference"), "kind": ("Kind of report", "head.kind"),
    "version": ("Version", "head.version"), "report_number": ("Report number", "head.report_number"),
    "authority": ("Authority", "head.authority"), "created_at": ("Made at (UTC)", "head.created_at"),
    "awareness_at": ("Known since (UTC)", "head.awareness_at"), "due_at": ("Due (UTC)", "head.due_at"),
    "product_code": ("Product code", "product.code"), "product_zh": ("Product (Chinese)", "product.name_zh"),
    "product_en": ("Product (English)", "product.name_en"),
    "registration_number": ("Registration number", "product.registration_number"),
    "lot_number": ("Batch number", "lot.number"), "serial": ("Serial number", "lot.serial"), "udi": ("UDI", "lot.udi"),
    "made_on": ("Made on", "lot.made_on"), "expires_on": ("Use before", "lot.expires_on"),
    "country": ("Country", "event.country"), "region": ("Region", "event.region"),
    "began_on": ("Began on", "event.began_on"), "precision": ("Date known to the", "event.began_on.precision"),
    "seriousness": ("Seriousness criteria", "event.seriousness"), "outcome": ("Outcome", "event.outcome"),
    "reactions": ("Reactions", "event.reactions"), "reaction_codes": ("Reaction codes", "event.reactions.code"),
    "problems": ("Defects", "assessment.problem_codes"), "harm": ("Harm in words", "event.harm"),
    "fault": ("Fault in words", "event.fault"),
    "narrative": ("Description", "event.narrative"), "age_band": ("Age band (years)", "patient.age_band"),
    "sex": ("Sex", "patient.sex"), "causality": ("Causality", "assessment.causality"),
    "cause": ("Cause in words", "assessment.cause"), "measures": ("Measures in words", "assessment.measures"),
    "score": ("Completeness", "score")}


def case_columns(translate: Callable[[str], str] = str) -> list[Column]:
    """The columns in their order, with titles in the reader's language."""
    return [Column(key, translate(title)) for key, (title, _) in _COLUMNS.items()]


def case_rows(cases: Iterable[CaseReport], language: str = "zh") -> Iterator[Record]:
    """One row a case, without anything about who the person is."""
    for case in map(masked, cases):
        yield {key: _read(case, path, language) for key, (_, path) in _COLUMNS.items()}


def _read(case: CaseReport, path: str, language: str) -> Value:
    value: object = case
    for name in path.split("."):
        if isinstance(value, tuple) and name == "code":
            return [term.code for term in value if isinstance(term, CodedTerm)]
        value = getattr(value, name, None)
    if isinstance(value, PartialDate):
        return value.day
    if path == "score":
        return "/".join(map(str, case.score)) if case.score else ""
    if isinstance(value, tuple):
        return [_term(one, language) if isinstance(one, CodedTerm) else str(one) for one in value]
    return str(value) if isinstance(value, str) else value  # type: ignore[return-value]


def _term(term: CodedTerm, language: str) -> str:
    return (term.name_zh or term.name_en) if language == "zh" else (term.name_en or term.name_zh)


def write_cases(file: BinaryIO, form: str, cases: Sequence[CaseReport], at: datetime) -> Written:
    """Write the cases as `csv`, `xlsx` or `json`. Raises InvalidInput for another form."""
    return write_table(file, form, case_columns(), case_rows(cases), ("Cases", at))


def missing_from_listing(case: CaseReport) -> tuple[Finding, ...]:
    """That a row would say neither what nor which product."""
    told = case.event.narrative or case.event.harm or case.event.fault or case.event.reactions
    return () if told else (Finding("narrative", "missing", "Nothing says what happened.", is_error=False),)
