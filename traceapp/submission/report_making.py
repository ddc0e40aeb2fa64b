"""Filling the form of a report: the values of the case, the head of the report, the files that are kept."""
from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from datetime import datetime

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from traceapp.attachment.service import keep_file
from traceapp.attachment.store import hash_of
from traceapp.core.actor import Actor
from traceapp.core.clock import Clock
from traceapp.core.errors import InvalidInput
from traceapp.db.insert import insert_if_new
from traceapp.export.case_report import CaseReport, Organisation, Profile, RenderedReport, ReportHead, ReportKind
from traceapp.worklist.clock_model import LegalClock

from .received_messages import with_received
from .report_cases import kept_finding, report_stream
from .report_desk import CaseWanted, ReportDesk
from .report_forms import Form, number_of, series_of
from .report_model import Report, ReportFile, ReportSeries
from .report_states import FileRole, ReportState
from .report_values import written_values
from .sealed_files import NAMING, keep_sealed

JSON = "application/json"


def form_of(desk: ReportDesk, name: str, fmt: str) -> tuple[Form, str]:
    """The form and the format, its first one when none is named. Raises InvalidInput."""
    form = desk.forms.get(name)
    if form is None:
        raise InvalidInput("“%(form)s” is not one of: %(known)s.", code="unknown-form", place="form", form=name[:40],
                           known=", ".join(desk.forms))
    wanted = fmt or form.formats[0]
    if wanted not in form.formats:
        raise InvalidInput("“%(form)s” is not one of: %(known)s.", code="unknown-format", place="format",
                           form=wanted[:20], known=", ".join(form.formats))
    return form, wanted


def take_number(session: Session, form: str, sender: Organisation, reference: str, at: datetime) -> str:
    """A new number for a case at an authority; a series gives each number once."""
    name = series_of(form, sender, at)
    if name is None:
        return number_of(form, sender, reference, None)
    insert_if_new(session, ReportSeries, {"name": name, "last": 0})
    series = session.scalars(select(ReportSeries).where(ReportSeries.name == name).with_for_update()).one()
    series.last += 1
    session.flush()
    return number_of(form, sender, reference, (name, series.last))


def make_files(session: Session, actor: Actor, clock: Clock, report: Report, desk: ReportDesk) -> None:
    """Fill the form anew from the case as it stands, keep the files, and note hash and findings in the report."""
    form, fmt = form_of(desk, report.form, report.format)
    profile = Profile(report.profile)
    last = session.scalar(select(func.max(ReportFile.round)).where(ReportFile.report_id == report.id))
    made, rendered = (last or 0) + 1, None
    for wanted in dict.fromkeys((profile, Profile.masked)):
        asked = CaseWanted(report.about.partition(":")[2], wanted, actor, clock, report.jurisdiction)
        case = with_received(session, desk.read_case(session, asked), asked, report.form, vault=desk.vault)
        case = headed(session, report, case, clock.now())
        filled = form.render(case, fmt)
        rendered = rendered or filled
        role = FileRole.form if wanted == profile else FileRole.masked
        name = filled.name if role == FileRole.form else f"masked-{filled.name}"
        keep_part(session, actor, clock, report, (role, made, replace(filled, name=name)), desk)
        if role == FileRole.form:
            report.message_id = form.message_id(filled.data)[:200]
            values = RenderedReport(report.form, f"{report.reference}.json", JSON, written_values(case))
            keep_part(session, actor, clock, report, (FileRole.case, made, values), desk)
    assert rendered is not None
    report.sha256 = hash_of(rendered.data)
    report.findings = [kept_finding(one) for one in rendered.findings]
    session.flush()


def headed(session: Session, report: Report, case: CaseReport, at: datetime) -> CaseReport:
    """The case with the head of this report: which one of those that the authority holds it is, what it follows."""
    held = held_before(session, report)
    follows = held[-1] if held else None
    head: ReportHead = replace(
        case.head, kind=ReportKind(report.kind), version=len(held) + 1, created_at=at, report_number=report.number,
        receiver=report.receiver or case.head.receiver, jurisdiction=report.jurisdiction, reason=report.reason,
        due_at=report.due_at, expected_next_on=report.expected_next_on,
        rule_ids=tuple(_rules(session, report.clock_ids)),
        earlier_reference=follows.number if follows else "", earlier_sha256=(follows.sha256 or "") if follows else "")
    return replace(case, head=head)


def held_before(session: Session, report: Report) -> list[Report]:
    """The earlier reports of the case that the authority holds, in order."""
    return list(session.scalars(select(Report).where(
        Report.about == report.about, Report.jurisdiction == report.jurisdiction, Report.version < report.version,
        Report.state.in_((ReportState.sent, ReportState.acknowledged)))
        .order_by(Report.version)))


def _rules(session: Session, clock_ids: Iterable[str]) -> list[str]:
    return list(session.scalars(select(LegalClock.rule_id).where(LegalClock.id.in_(list(clock_ids)))
                                .order_by(LegalClock.due_at, LegalClock.rule_id)))


def keep_part(session: Session, actor: Actor, clock: Clock, report: Report,
              part: tuple[FileRole, int, RenderedReport], desk: ReportDesk) -> None:
    """Keep the bytes, and the row that says what they are; `part`: role, round, the file."""
    role, made, file = part
    if report.profile == Profile.full and role in NAMING:
        keep_sealed(session, actor, clock, report_stream(report.id), (file.name, file.data), desk=desk)
    else:
        keep_file(session, actor, clock, report_stream(report.id), (file.name, file.data), store=desk.store)
    last = session.scalar(select(func.max(ReportFile.position)).where(ReportFile.report_id == report.id))
    session.add(ReportFile(
        report_id=report.id, position=(last or 0) + 1, role=role, round=made, name=file.name[:200],
        media_type=file.media_type, sha256=hash_of(file.data), size_bytes=len(file.data), added_at=clock.now(),
        added_by=actor.id))
    session.flush()
