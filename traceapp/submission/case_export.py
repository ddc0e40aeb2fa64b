"""A case written into a form without a report of its own: for a look, for another system, for the command line."""
from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date

from sqlalchemy import select
from sqlalchemy.orm import Session

from traceapp.adverse_event.model import AdverseEvent
from traceapp.adverse_event.service import about
from traceapp.core.actor import Actor
from traceapp.core.clock import Clock
from traceapp.core.errors import NotFound
from traceapp.export.case_report import CaseReport, Profile, RenderedReport, ReportKind

from .received_messages import with_received
from .report_desk import CaseWanted, ReportDesk
from .report_forms import number_of, series_of
from .report_making import form_of
from .report_model import ReportSeries
from .report_preparing import reports_about
from .report_states import ReportState

# Where such a form usually goes, for a case of which nothing was reported yet.
_HOME = {"emdr": "US", "nmpa-device": "CN", "nmpa-drug": "CN", "nmpa-cosmetic": "CN", "mir": "EU"}


@dataclass(frozen=True, slots=True)
class CaseExport:
    """`case`: the reference or the id of an adverse event; `format` empty: the form's own; `jurisdiction` empty: where
    the form is usual, else at home. `receiver` and `expected_next_on` as in a report."""

    case: str
    form: str
    format: str = ""
    profile: Profile = Profile.masked
    jurisdiction: str = ""
    receiver: str = ""
    expected_next_on: date | None = None


def export_case(session: Session, actor: Actor, clock: Clock, wanted: CaseExport, *,
                desk: ReportDesk) -> RenderedReport:
    """The form filled from the case as it stands. Raises NotFound, InvalidInput for a form or format."""
    form, fmt = form_of(desk, wanted.form, wanted.format)
    return form.render(exported_case(session, actor, clock, wanted, desk=desk), fmt)


def exported_case(session: Session, actor: Actor, clock: Clock, wanted: CaseExport, *, desk: ReportDesk) -> CaseReport:
    """The case with the number that the authority knows it by, or that its next report would have."""
    text = wanted.case.strip()
    event = session.scalars(select(AdverseEvent).where(
        (AdverseEvent.id == text.lower()) | (AdverseEvent.reference == text.upper()))).first()
    if event is None:
        raise NotFound("There is no such adverse event.", code="unknown-adverse-event", place=text[:40])
    market = wanted.jurisdiction or _HOME.get(wanted.form, "")
    asked = CaseWanted(event.id, wanted.profile, actor, clock, market)
    case = with_received(session, desk.read_case(session, asked), asked, wanted.form, vault=desk.vault)
    jurisdiction = market or case.head.jurisdiction or "CN"
    known = [one for one in reports_about(session, about(event.id), jurisdiction)
             if one.state in (ReportState.sent, ReportState.acknowledged)]
    latest = known[-1] if known else None
    if case.received and not case.received.changes and not known and wanted.profile is Profile.full:
        # Once we reported the case it goes on under our id; until then nothing of it is ours.
        case = replace(case, received=replace(case.received, is_copy=True))
    head = replace(
        case.head, created_at=clock.now(), jurisdiction=jurisdiction, receiver=wanted.receiver or case.head.receiver,
        expected_next_on=wanted.expected_next_on, version=len(known) + 1,
        kind=ReportKind.followup if latest else ReportKind.initial,
        report_number=latest.number if latest else _next_number(session, clock, wanted.form, case),
        earlier_reference=latest.number if latest else "", earlier_sha256=(latest.sha256 or "") if latest else "")
    return replace(case, head=head)


def _next_number(session: Session, clock: Clock, form: str, case: CaseReport) -> str:
    """The number that a report would get now; none is used up."""
    name = series_of(form, case.head.sender, clock.now())
    last = session.scalar(select(ReportSeries.last).where(ReportSeries.name == name)) if name else None
    return number_of(form, case.head.sender, case.head.reference, (name, (last or 0) + 1) if name else None)


def export_table(session: Session, actor: Actor, clock: Clock, wanted: Sequence[CaseExport], *,
                 desk: ReportDesk) -> RenderedReport | None:
    """All cases in one table, where the form has such a table; None where it has none."""
    form, fmt = form_of(desk, wanted[0].form, wanted[0].format)
    render_many = getattr(form, "render_many", None)
    if render_many is None or len(wanted) < 2:
        return None
    table: RenderedReport = render_many(
        [exported_case(session, actor, clock, one, desk=desk) for one in wanted], fmt)
    return table
