"""Reading the files of a report as they are handed out; one that names persons for a reason, which is recorded."""
from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import select
from sqlalchemy.orm import Session

from traceapp.adverse_event.model import AdverseEvent
from traceapp.audit import record
from traceapp.core.actor import Actor
from traceapp.core.clock import Clock
from traceapp.export.case_report import Profile
from traceapp.identity.policy import permit
from traceapp.vault.policy import checked_reason
from traceapp.vault.service import note_look

from .report_cases import report_by_id, report_stream
from .report_desk import ReportDesk
from .report_model import Report
from .report_package import package_name, package_of
from .report_queries import file_of
from .sealed_files import names_persons, read_kept

ZIP = "application/zip"


@dataclass(frozen=True, slots=True)
class OpenReport:
    """One file by its `position`, None: the archive of all; `is_masked` the archive that names nobody. `reason` is
    asked for where persons are named."""

    report_id: str
    position: int | None = None
    is_masked: bool = False
    reason: str = ""


@dataclass(frozen=True, slots=True)
class OpenedFile:
    """A file as it leaves the house."""

    report: Report
    name: str
    media_type: str
    data: bytes


def asks_reason(session: Session, wanted: OpenReport) -> bool:
    """Whether what is wanted names persons. Raises NotFound."""
    report = report_by_id(session, wanted.report_id)
    if wanted.position is None:
        return report.profile == Profile.full and not wanted.is_masked
    return names_persons(report, file_of(session, report.id, wanted.position))


def open_report(session: Session, actor: Actor, clock: Clock, wanted: OpenReport, *, desk: ReportDesk) -> OpenedFile:
    """The file. Where it names persons the look is recorded: needs a unit of work that is committed.

    Raises NotFound, and where persons are named Forbidden and InvalidInput without a reason.
    """
    report = report_by_id(session, wanted.report_id)
    if asks_reason(session, wanted):
        _note(session, actor, clock, report, wanted)
    if wanted.position is None:
        return OpenedFile(report, package_name(report), ZIP,
                          package_of(session, desk, report, is_masked=wanted.is_masked))
    file = file_of(session, report.id, wanted.position)
    return OpenedFile(report, file.name, file.media_type, read_kept(session, desk, file.sha256))


def _note(session: Session, actor: Actor, clock: Clock, report: Report, wanted: OpenReport) -> None:
    """The look: with the person, where one is known, and with the report."""
    permit(actor, "person.reveal", "You may not see who this person is.")
    reason = checked_reason(wanted.reason)
    person_id = session.scalar(select(AdverseEvent.person_id).where(
        AdverseEvent.id == report.about.partition(":")[2]))
    access = note_look(session, actor, clock, person_id, reason) if person_id else None
    record(session, actor, clock.now(), "report.opened", report_stream(report.id), {
        "position": wanted.position, "reason": reason, "access": access.id if access else None})
