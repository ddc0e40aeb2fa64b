"""What the imported releases call the codes of a case."""
from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import date
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from traceapp.adverse_event.coded import MEDDRA_LEVEL
from traceapp.complaint.list_model import CodeSystem, CodeTerm
from traceapp.complaint.list_queries import version_on
from traceapp.export.case_report import CaseReport, CodedTerm

_LISTS = ("problem_codes", "investigation_codes", "finding_codes", "conclusion_codes", "health_impact_codes",
          "component_codes")
_Listed = Mapping[tuple[str, str], CodeTerm]


def with_listed_names(session: Session, case: CaseReport, day: date) -> CaseReport:
    """The case, its codes with the name and the version of the release in force on this day; as it is where none was
    imported. A Chinese name of our own stays where the release has none. Codes of MedDRA keep their release."""
    case = _with_meddra_names(session, case)
    lists = {name: getattr(case.assessment, name) for name in _LISTS}
    codes = {term.code for terms in (case.event.reactions, *lists.values()) for term in terms
             if term.system == CodeSystem.imdrf}
    version = version_on(session, CodeSystem.imdrf, day) if codes else None
    if version is None:
        return case
    listed: _Listed = {(one.annex, one.code): one for one in session.scalars(select(CodeTerm).where(
        CodeTerm.system == CodeSystem.imdrf, CodeTerm.version == version, CodeTerm.code.in_(sorted(codes))))}
    named: dict[str, Any] = {name: _named(terms, listed) for name, terms in lists.items()}
    return replace(case, event=replace(case.event, reactions=_named(case.event.reactions, listed)),
                   assessment=replace(case.assessment, **named))


def _named(terms: tuple[CodedTerm, ...], listed: _Listed) -> tuple[CodedTerm, ...]:
    return tuple(_as_listed(term, listed.get((term.annex, term.code))) for term in terms)


def _as_listed(term: CodedTerm, found: CodeTerm | None) -> CodedTerm:
    if found is None or term.system != CodeSystem.imdrf:
        return term
    return replace(term, name_en=found.name_en, name_zh=found.name_zh or term.name_zh, version=found.version)


def _with_meddra_names(session: Session, case: CaseReport) -> CaseReport:
    event, patient, use = case.event, case.patient, case.use
    others = [one.meddra_indications for _product, _lot, one in case.other_products]
    codes = [term for terms in (event.meddra, event.meddra_death_causes, patient.meddra_history,
                                use.meddra_indications, *others) for term in terms]
    if not codes:
        return case
    listed = {(one.version, one.code): one for one in session.scalars(select(CodeTerm).where(
        CodeTerm.system == CodeSystem.meddra, CodeTerm.version.in_(sorted({term.version for term in codes})),
        CodeTerm.annex == MEDDRA_LEVEL, CodeTerm.code.in_(sorted({term.code for term in codes}))))}

    def named(terms: tuple[CodedTerm, ...]) -> tuple[CodedTerm, ...]:
        found = [(term, listed.get((term.version, term.code))) for term in terms]
        return tuple(replace(term, name_en=one.name_en, name_zh=one.name_zh) if one else term for term, one in found)

    return replace(
        case, event=replace(event, meddra=named(event.meddra), meddra_death_causes=named(event.meddra_death_causes)),
        patient=replace(patient, meddra_history=named(patient.meddra_history)),
        use=replace(use, meddra_indications=named(use.meddra_indications)),
        other_products=tuple((product, lot, replace(one, meddra_indications=named(one.meddra_indications)))
                             for product, lot, one in case.other_products))
