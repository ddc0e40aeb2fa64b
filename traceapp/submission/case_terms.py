"""What the release of the IMDRF annexes that is in force calls the codes of a case."""
from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import date
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from traceapp.complaint.list_model import CodeSystem, CodeTerm
from traceapp.complaint.list_queries import version_on
from traceapp.export.case_report import CaseReport, CodedTerm

_LISTS = ("problem_codes", "investigation_codes", "finding_codes", "conclusion_codes", "health_impact_codes",
          "component_codes")
_Listed = Mapping[tuple[str, str], CodeTerm]


def with_listed_names(session: Session, case: CaseReport, day: date) -> CaseReport:
    """The case, its codes with the name and the version of the release in force on this day; as it is where none was
    imported. A Chinese name of our own stays where the release has none."""
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
