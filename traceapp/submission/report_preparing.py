"""Preparing a report of an adverse event for an authority, and preparing it anew when the case has changed."""
from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from traceapp.adverse_event.model import AdverseEvent
from traceapp.adverse_event.service import about as about_event
from traceapp.adverse_event.service import adverse_event_of
from traceapp.adverse_event.states import AdverseEventState
from traceapp.audit import record
from traceapp.complaint.model import UNKNOWN_LOT
from traceapp.complaint.policy import cleaned_text, one_of
from traceapp.core.actor import Actor
from traceapp.core.clock import Clock
from traceapp.core.errors import Conflict, InvalidInput
from traceapp.core.ids import new_id
from traceapp.export.case_report import Profile, ReportKind
from traceapp.identity.policy import permit
from traceapp.worklist.clock_model import ClockState, LegalClock
from traceapp.worklist.legal_clocks import clocks_about

from .report_cases import APPROVE_TASK, CORRECT_TASK, SEND_TASK, end_duty, for_action, is_open, move, report_stream
from .report_desk import CaseWanted, ReportDesk
from .report_making import form_of, make_files, take_number
from .report_model import Report
from .report_states import ReportState

_HELD = (ReportState.sent, ReportState.acknowledged)
_NEEDS_REASON = (ReportKind.amendment, ReportKind.nullification)


@dataclass(frozen=True, slots=True)
class PrepareReport:
    """`format` empty: the form's own. `clock_ids` None: every clock of that authority that runs for the case.
    `expected_next_on`: when the authority may expect the next report, where its form asks for that."""

    adverse_event_id: str
    jurisdiction: str
    form: str
    format: str = ""
    profile: str = "masked"
    kind: str = "initial"
    receiver: str = ""
    reason: str = ""
    expected_next_on: date | None = None
    clock_ids: tuple[str, ...] | None = None


@dataclass(frozen=True, slots=True)
class RenewReport:
    """From the case as it stands now; what was made before stays."""

    report_id: str
    revision: int | None = None


def prepare_report(session: Session, actor: Actor, clock: Clock, command: PrepareReport, *,
                   desk: ReportDesk) -> Report:
    """A report with its files and findings, which nobody has looked at yet.

    Raises NotFound, Forbidden, InvalidInput (form, kind, reason, clocks), and Conflict: another one is still open, a
    first report where the authority has one, a follow-up where it has none, a nullified case.
    """
    permit(actor, "report.write")
    event = adverse_event_of(session, command.adverse_event_id)
    form, fmt = form_of(desk, command.form, command.format)
    kind = one_of(ReportKind, command.kind, place="kind")
    reason = cleaned_text(command.reason, place="reason", limit=2000, required=kind in _NEEDS_REASON)
    earlier = reports_about(session, about_event(event.id), command.jurisdiction)
    _refuse_out_of_turn(event, kind, earlier)
    clocks = _answered(session, event, command)
    now = clock.now()
    latest = earlier[-1] if earlier else None
    held = next((one for one in reversed(earlier) if one.state != ReportState.withdrawn), None)
    sender = desk.read_case(session, CaseWanted(event.id, Profile.masked, actor, clock)).head.sender
    report = Report(
        id=new_id(now), about=about_event(event.id), reference=event.reference,
        lot_key=None if event.lot_key == UNKNOWN_LOT else event.lot_key, product_id=event.product_id,
        jurisdiction=command.jurisdiction, receiver=cleaned_text(command.receiver, place="receiver", limit=200),
        form=form.name, format=fmt, profile=one_of(Profile, command.profile, place="profile"), kind=kind,
        version=(latest.version if latest else 0) + 1, earlier_id=held.id if held else None,
        number=held.number if held else take_number(session, form.name, sender, event.reference, now),
        clock_ids=[one.id for one in clocks], due_at=min((one.due_at for one in clocks), default=None), reason=reason,
        expected_next_on=command.expected_next_on,
        state=ReportState.prepared, case_revision=event.revision, findings=[], prepared_at=now, prepared_by=actor.id)
    session.add(report)
    session.flush()
    make_files(session, actor, clock, report, desk)
    _note(session, actor, now, report)
    if held is not None and held.state == ReportState.rejected:
        move(session, actor, clock, held, "correct", {"by_version": report.version})
        end_duty(session, actor, clock, held, CORRECT_TASK)
    return report


def renew_report(session: Session, actor: Actor, clock: Clock, command: RenewReport, *, desk: ReportDesk) -> Report:
    """The report made anew, to be checked and approved again; it answers the clocks that began since, too. Raises
    NotFound, Forbidden, Stale, Conflict."""
    report = for_action(session, actor, "renew", command.report_id, command.revision)
    if report.about.partition(":")[0] != "adverse_event":
        raise Conflict("Withdraw this report and prepare it with another file.", code="not-of-a-case")
    event = adverse_event_of(session, report.about.partition(":")[2])
    report.case_revision, report.warnings_reason = event.revision, ""
    clocks = [one for one in _running(session, report.about, report.jurisdiction)
              if one.id in report.clock_ids or one.created_at > report.prepared_at]
    report.clock_ids = [one.id for one in clocks]
    report.due_at = min((one.due_at for one in clocks), default=None)
    report.checked_at = report.checked_by = report.approved_at = report.approved_by = None
    make_files(session, actor, clock, report, desk)
    move(session, actor, clock, report, "renew", {"findings": len(report.findings)})
    end_duty(session, actor, clock, report, APPROVE_TASK, SEND_TASK)
    session.flush()
    return report


def reports_about(session: Session, about: str, jurisdiction: str | None = None) -> list[Report]:
    """The reports of a thing (for one authority, or all), by authority and version."""
    wanted = select(Report).where(Report.about == about)
    if jurisdiction is not None:
        wanted = wanted.where(Report.jurisdiction == jurisdiction)
    return list(session.scalars(wanted.order_by(Report.jurisdiction, Report.version)))


def _refuse_out_of_turn(event: AdverseEvent, kind: ReportKind, earlier: list[Report]) -> None:
    """Nothing when this kind of report can be the next one."""
    standing = next((one for one in earlier if is_open(one)), None)
    if standing is not None:
        raise Conflict("Version %(version)d of this report is not sent yet. Send it, prepare it anew, or withdraw it.",
                       code="report-open", version=standing.version)
    is_held = any(one.state in _HELD for one in earlier)
    if kind is ReportKind.initial and is_held:
        raise Conflict("The authority has a first report of this case already. Choose another kind of report.",
                       code="reported-before", place="kind")
    if kind not in (ReportKind.initial, ReportKind.final) and not is_held:
        raise Conflict("The authority has no report of this case yet. Begin with the first one.",
                       code="not-reported-before", place="kind")
    if event.state == AdverseEventState.nullified and kind is not ReportKind.nullification:
        raise Conflict("This adverse event is nullified. Only a nullification can be reported.", code="case-nullified",
                       place="kind")


def _answered(session: Session, event: AdverseEvent, command: PrepareReport) -> list[LegalClock]:
    """The clocks that the report answers. Raises InvalidInput for one that does not run for this case there."""
    running = {one.id: one for one in _running(session, about_event(event.id), command.jurisdiction)}
    if command.clock_ids is None:
        return list(running.values())
    if not set(command.clock_ids) <= set(running):
        raise InvalidInput("Only clocks of this authority that still run for this case can be answered.",
                           code="unknown-clock", place="clock_ids")
    return [running[one] for one in dict.fromkeys(command.clock_ids)]


def _running(session: Session, about: str, jurisdiction: str) -> list[LegalClock]:
    return [one for one in clocks_about(session, about)
            if one.jurisdiction == jurisdiction and one.state == ClockState.running]


def _note(session: Session, actor: Actor, at: datetime, report: Report) -> None:
    record(session, actor, at, "report.prepared", report_stream(report.id), {
        "case": report.about, "reference": report.reference, "jurisdiction": report.jurisdiction, "form": report.form,
        "kind": report.kind, "version": report.version, "number": report.number, "sha256": report.sha256,
        "profile": report.profile, "clocks": report.clock_ids})
