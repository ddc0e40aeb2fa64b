"""The line listing of a regulator: which cases of a scope, and how far each is reported there."""
from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import ColumnElement, Select, Text, exists, or_, select, type_coerce
from sqlalchemy.orm import Session

from traceapp.adverse_event.coded import codes_told
from traceapp.adverse_event.model import AdverseEvent
from traceapp.catalog.model import Party
from traceapp.submission.report_model import Report
from traceapp.submission.report_queries import SENT
from traceapp.submission.report_states import ReportState
from traceapp.worklist.clock_model import ClockState, LegalClock

from .scope import Scope, cases_in, of_event

_MOST, _LOOKED_AT = 500, 2000
_CODE = re.compile(r"[A-G]\d{2,7}|[1-9]\d{7}", re.ASCII)  # of IMDRF or MedDRA: never the name of a field


class Reported(StrEnum):
    """How far a case is reported to the jurisdictions of a scope; `late`: a clock ran out and no report ended it."""

    none = "none"
    late = "late"
    sent = "sent"
    acknowledged = "acknowledged"
    rejected = "rejected"


@dataclass(frozen=True, slots=True)
class CaseChoice:
    """What a listing holds beyond period, product, batch and seriousness; empty: does not matter. `term`: one of our
    own, or a code of IMDRF or MedDRA."""

    term: str = ""
    jurisdiction: str = ""
    region: str = ""
    reported: str = ""


@dataclass(frozen=True, slots=True)
class CaseStanding:
    """Of one case in the jurisdictions of a scope: its latest report, and when the next one is due."""

    report: Report | None
    due_at: datetime | None


def cases_chosen(scope: Scope, choice: CaseChoice, now: datetime) -> Select[str]:
    """The ids of the adverse events in scope that the choice holds."""
    found = cases_in(scope)
    if choice.term:
        found = found.where(_says(choice.term))
    if choice.jurisdiction:
        found = found.where(AdverseEvent.id.in_(cases_in(scope.at(choice.jurisdiction))))
    if choice.region:
        found = found.where(AdverseEvent.consignee_id.in_(select(Party.id).where(Party.region == choice.region)))
    if choice.reported:
        found = found.where(_is_reported(scope, Reported(choice.reported), now))
    return found


def _says(term: str) -> ColumnElement[bool]:
    columns = (AdverseEvent.terms, AdverseEvent.details) if _CODE.fullmatch(term) else (AdverseEvent.terms,)
    return or_(*(type_coerce(column, Text).contains(f'"{term}"', autoescape=True) for column in columns))


def codes_of(session: Session, scope: Scope) -> list[dict[str, Any]]:
    """The codes of IMDRF and MedDRA by which the latest coded cases in scope say what happened, as `codes_told`."""
    text = type_coerce(AdverseEvent.details, Text)
    return codes_told(session.scalars(
        select(AdverseEvent.details).where(AdverseEvent.id.in_(cases_in(scope)),
                                           or_(text.contains('"codes_'), text.contains('"meddra_')))
        .order_by(AdverseEvent.awareness_at.desc()).limit(_LOOKED_AT)))


def _is_reported(scope: Scope, wanted: Reported, now: datetime) -> ColumnElement[bool]:
    told = (of_event(Report.about), Report.jurisdiction.in_(scope.jurisdictions))
    if wanted is Reported.late:
        return exists().where(of_event(LegalClock.about), LegalClock.jurisdiction.in_(scope.jurisdictions),
                              LegalClock.state == ClockState.running, LegalClock.due_at < now)
    if wanted is Reported.none:
        return ~exists().where(*told, Report.state.in_(SENT))
    return exists().where(*told, Report.state == ReportState(wanted))


def regions_of(session: Session, scope: Scope) -> list[str]:
    """The regions of the consignees of the cases in scope."""
    parties = select(AdverseEvent.consignee_id).where(AdverseEvent.id.in_(cases_in(scope)))
    return [one for one in session.scalars(select(Party.region).where(Party.id.in_(parties)).distinct()
                                           .order_by(Party.region)) if one]


def standings(session: Session, scope: Scope, ids: Iterable[str]) -> dict[str, CaseStanding]:
    """How far each of these cases is reported, in two statements."""
    abouts = {f"adverse_event:{one}": one for one in list(ids)[:_MOST]}
    reports: dict[str, Report] = {}
    for report in session.scalars(select(Report).where(
            Report.about.in_(abouts), Report.state.in_(SENT), Report.jurisdiction.in_(scope.jurisdictions))
            .order_by(Report.sent_at, Report.version)):
        reports[report.about] = report
    due: dict[str, datetime] = {}
    for clock in session.scalars(select(LegalClock).where(
            LegalClock.about.in_(abouts), LegalClock.state == ClockState.running,
            LegalClock.jurisdiction.in_(scope.jurisdictions)).order_by(LegalClock.due_at)):
        due.setdefault(clock.about, clock.due_at)
    return {key: CaseStanding(reports.get(about), due.get(about)) for about, key in abouts.items()}
