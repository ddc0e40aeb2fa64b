"""The report of one period: kept as it leaves, then approved, sent and confirmed like every report to an authority."""
from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

from sqlalchemy import select
from sqlalchemy.orm import Session

from traceapp.attachment.store import hash_of
from traceapp.audit import record
from traceapp.catalog.model import Registration
from traceapp.complaint.policy import cleaned_text
from traceapp.core.actor import Actor
from traceapp.core.clock import Clock
from traceapp.core.errors import Conflict, InvalidInput, NotFound
from traceapp.core.ids import new_id
from traceapp.export.case_report import Profile, RenderedReport, ReportKind
from traceapp.identity.policy import permit
from traceapp.worklist.clock_model import ClockState, LegalClock

from .periodic_model import PeriodicClock
from .report_cases import CORRECT_TASK, end_duty, is_open, move, report_stream
from .report_desk import ReportDesk
from .report_making import keep_part
from .report_model import Report
from .report_preparing import reports_about
from .report_states import FileRole, ReportState

FORM = "periodic"
_KINDS = {b"PK\x03\x04": ("docx", "application/vnd.openxmlformats-officedocument.wordprocessingml.document"),
          b"%PDF": ("pdf", "application/pdf")}


@dataclass(frozen=True, slots=True)
class PreparePeriodic:
    """`file` (name, content) is the report as it shall leave: as the service writes it, or with what people added."""

    clock_id: str
    file: tuple[str, bytes] = field(repr=False)
    receiver: str = ""


@dataclass(frozen=True, slots=True)
class PeriodRow:
    """A period with its clock, its market, and the latest report that was prepared for it."""

    period: PeriodicClock
    clock: LegalClock
    registration: Registration
    report: Report | None


def period_rows(session: Session, product_id: str | None = None, *, only_running: bool = False,
                limit: int = 200) -> list[PeriodRow]:
    """Periods (of one product, or all) whose clock has begun; those that run first, then the earliest due first."""
    wanted = (select(PeriodicClock, LegalClock, Registration)
              .join(LegalClock, LegalClock.id == PeriodicClock.clock_id)
              .join(Registration, Registration.id == PeriodicClock.registration_id))
    if product_id is not None:
        wanted = wanted.where(PeriodicClock.product_id == product_id)
    if only_running:
        wanted = wanted.where(LegalClock.state == ClockState.running)
    rows = session.execute(wanted.order_by(LegalClock.state != ClockState.running, LegalClock.due_at, LegalClock.id)
                           .limit(limit)).all()
    reports = {report.about: report for report in session.scalars(select(Report).where(
        Report.about.in_([clock.about for _period, clock, _market in rows]), Report.state != ReportState.withdrawn)
        .order_by(Report.version))}
    return [PeriodRow(period, clock, market, reports.get(clock.about)) for period, clock, market in rows]


def periods_of(session: Session, clock_ids: Iterable[str]) -> dict[str, PeriodicClock]:
    """The periods of those of these clocks that have one, by clock."""
    return {one.clock_id: one for one in session.scalars(
        select(PeriodicClock).where(PeriodicClock.clock_id.in_(list(clock_ids))))}


def period_of_clock(session: Session, clock_id: str) -> PeriodRow:
    """The period of a clock. Raises NotFound."""
    period = session.scalars(select(PeriodicClock).where(PeriodicClock.clock_id == clock_id)).first()
    if period is None:
        raise NotFound("There is no such period.", code="unknown-period", place="clock_id")
    clock = session.get_one(LegalClock, clock_id)
    reports = [one for one in reports_about(session, clock.about) if one.state != ReportState.withdrawn]
    market = session.get_one(Registration, period.registration_id)
    return PeriodRow(period, clock, market, reports[-1] if reports else None)


def prepare_periodic(session: Session, actor: Actor, clock: Clock, command: PreparePeriodic, *,
                     desk: ReportDesk) -> Report:
    """The report of a period, which nobody has looked at yet. Raises NotFound, Forbidden, InvalidInput for a file that
    is neither Word nor PDF, Conflict for a period whose clock has ended or whose report is on its way."""
    permit(actor, "report.write")
    found = period_of_clock(session, command.clock_id)
    session.refresh(found.clock, with_for_update=True)
    if found.clock.state != ClockState.running:
        raise Conflict("This clock was ended before. Reload the page to see how.", code="clock-ended")
    earlier = reports_about(session, found.clock.about)
    _refuse_on_its_way(earlier)
    name, content = command.file
    fmt, media_type = _kind_of(content)
    refused = next((one for one in reversed(earlier) if one.state == ReportState.rejected), None)
    now, period = clock.now(), found.period
    report = Report(
        id=new_id(now), about=found.clock.about, reference=found.clock.reference, lot_key=None,
        product_id=period.product_id, jurisdiction=found.clock.jurisdiction, form=FORM, format=fmt,
        receiver=cleaned_text(command.receiver, place="receiver", limit=200), profile=Profile.masked,
        kind=ReportKind.initial, version=(earlier[-1].version if earlier else 0) + 1,
        earlier_id=refused.id if refused else None, number=_number(found), clock_ids=[found.clock.id],
        due_at=found.clock.due_at, state=ReportState.prepared, case_revision=0, findings=[], sha256=hash_of(content),
        prepared_at=now, prepared_by=actor.id)
    session.add(report)
    session.flush()
    keep_part(session, actor, clock, report,
              (FileRole.form, 1, RenderedReport(FORM, name[-200:] or f"{FORM}.{fmt}", media_type, content)), desk)
    record(session, actor, now, "report.prepared", report_stream(report.id), {
        "case": report.about, "reference": report.reference, "jurisdiction": report.jurisdiction, "form": FORM,
        "version": report.version, "number": report.number, "sha256": report.sha256, "clocks": report.clock_ids,
        "first_on": period.first_on.isoformat(), "last_on": period.last_on.isoformat()})
    if refused is not None:
        move(session, actor, clock, refused, "correct", {"by_version": report.version})
        end_duty(session, actor, clock, refused, CORRECT_TASK)
    return report


def _refuse_on_its_way(earlier: list[Report]) -> None:
    standing = next((one for one in earlier if is_open(one)), None)
    if standing is not None:
        raise Conflict("Version %(version)d of this report is not sent yet. Send it, or withdraw it.",
                       code="report-open", version=standing.version)
    if any(one.state == ReportState.sent for one in earlier):
        raise Conflict("The report of this period is sent. Record what the authority answers first.",
                       code="reported-before")


def _kind_of(content: bytes) -> tuple[str, str]:
    """The format of a file and its media type. Raises InvalidInput."""
    for magic, kind in _KINDS.items():
        if content.startswith(magic) and (kind[0] == "pdf" or b"word/document.xml" in content):
            return kind
    raise InvalidInput("Choose a Word document or a PDF.", code="unknown-format", place="file")


def _number(found: PeriodRow) -> str:
    days = f"{found.period.first_on:%Y%m%d}-{found.period.last_on:%Y%m%d}"
    return f"{found.clock.reference}-{found.registration.market}-{days}"
