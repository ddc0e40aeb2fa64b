"""Reads of reports to authorities, for staff and regulators."""
from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import Select, or_, select
from sqlalchemy.orm import Session

from traceapp.core.errors import NotFound
from traceapp.db.page import Order, Page, page_of
from traceapp.worklist.clock_model import ClockState, LegalClock

from .report_model import Report, ReportAnswer, ReportAnswerMatch, ReportFile, ReportSignature
from .report_states import FileRole, ReportState

SENT = (ReportState.sent, ReportState.acknowledged, ReportState.rejected, ReportState.corrected)


@dataclass(frozen=True, slots=True)
class ReportFilter:
    """What a list holds; None: does not matter. `text`: the number of the case, or any that an authority gave;
    `within`: the ids that may be found."""

    states: tuple[str, ...] = ()
    jurisdiction: str | None = None
    product_id: str | None = None
    about: str | None = None
    text: str = ""
    within: Select[str] | None = None
    after: str | None = None
    limit: int = 50


@dataclass(frozen=True, slots=True)
class ClockToReport:
    """A clock that runs, and the latest report that answers it, if any was prepared."""

    clock: LegalClock
    report: Report | None


def report_page(session: Session, wanted: ReportFilter) -> Page[Report]:
    """Reports, the latest first."""
    found = select(Report)
    equal = ((Report.jurisdiction, wanted.jurisdiction), (Report.product_id, wanted.product_id),
             (Report.about, wanted.about))
    for column, value in equal:
        if value is not None:
            found = found.where(column == value)
    if wanted.states:
        found = found.where(Report.state.in_(wanted.states))
    if wanted.within is not None:
        found = found.where(Report.id.in_(wanted.within))
    if wanted.text.strip():
        text = wanted.text.strip()
        found = found.where(or_(Report.reference == text.upper(), Report.number == text, Report.sent_id == text,
                                Report.acknowledgement == text))
    return page_of(session, found, Order(Report.prepared_at, Report.id, descending=True), wanted.after, wanted.limit)


def clocks_to_report(session: Session, limit: int = 100, about: str | None = None) -> list[ClockToReport]:
    """Clocks that run (of one thing, or all), the earliest due first, with what was prepared for each."""
    wanted = select(LegalClock).where(LegalClock.state == ClockState.running)
    if about is not None:
        wanted = wanted.where(LegalClock.about == about)
    clocks = list(session.scalars(wanted.order_by(LegalClock.due_at, LegalClock.id).limit(limit)))
    reports: dict[str, Report] = {}
    abouts = sorted({one.about for one in clocks})
    for start in range(0, len(abouts), 500):
        for report in session.scalars(select(Report).where(
                Report.about.in_(abouts[start:start + 500]), Report.state != ReportState.withdrawn)
                .order_by(Report.version)):
            reports.update(dict.fromkeys(report.clock_ids, report))
    return [ClockToReport(one, reports.get(one.id)) for one in clocks]


def files_of(session: Session, report_id: str) -> list[ReportFile]:
    """The files of a report, those made last first."""
    return list(session.scalars(select(ReportFile).where(ReportFile.report_id == report_id)
                                .order_by(ReportFile.round.desc(), ReportFile.position)))


def file_of(session: Session, report_id: str, position: int) -> ReportFile:
    """One file of a report. Raises NotFound."""
    found = session.get(ReportFile, (report_id, position))
    if found is None:
        raise NotFound("There is no such file.", code="no-file", place="position")
    return found


def current_file(session: Session, report: Report, role: FileRole) -> ReportFile | None:
    """The file of this role as it was made last."""
    return session.scalars(select(ReportFile).where(ReportFile.report_id == report.id, ReportFile.role == role)
                           .order_by(ReportFile.round.desc(), ReportFile.position.desc()).limit(1)).first()


def handed_file(session: Session, report: Report) -> ReportFile | None:
    """The file that names nobody: the masked one, or the form itself where it is masked."""
    return current_file(session, report, FileRole.masked if report.profile == "full" else FileRole.form)


def signatures_of(session: Session, report_id: str) -> list[ReportSignature]:
    """Who signed a report, in order."""
    return list(session.scalars(select(ReportSignature).where(ReportSignature.report_id == report_id)
                                .order_by(ReportSignature.position)))


def answers_of(session: Session, report_id: str) -> list[tuple[ReportAnswer, ReportAnswerMatch]]:
    """What the authority answered, oldest first, with who said that it is about this report."""
    rows = session.execute(select(ReportAnswer, ReportAnswerMatch)
                           .join(ReportAnswerMatch, ReportAnswerMatch.answer_id == ReportAnswer.id)
                           .where(ReportAnswerMatch.report_id == report_id).order_by(ReportAnswer.at, ReportAnswer.id))
    return [(answer, match) for answer, match in rows]


def answer_by_id(session: Session, answer_id: str) -> tuple[ReportAnswer, ReportAnswerMatch | None]:
    """One answer, and which report it is about. Raises NotFound."""
    answer = session.get(ReportAnswer, answer_id)
    if answer is None:
        raise NotFound("There is no such answer.", code="unknown-answer", place="answer_id")
    return answer, session.get(ReportAnswerMatch, answer_id)


def waiting_answers(session: Session, limit: int = 50) -> list[ReportAnswer]:
    """Answers of which nobody has said yet which report they are about, oldest first."""
    return list(session.scalars(select(ReportAnswer).where(
        ~select(ReportAnswerMatch.answer_id).where(ReportAnswerMatch.answer_id == ReportAnswer.id).exists())
        .order_by(ReportAnswer.at, ReportAnswer.id).limit(limit)))
