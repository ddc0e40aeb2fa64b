"""From a prepared report to a sent one: checking its findings, approving by a second person, recording the sending."""
from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from traceapp.adverse_event.model import AdverseEvent
from traceapp.attachment.store import hash_of
from traceapp.complaint.policy import cleaned_text
from traceapp.core.actor import Actor
from traceapp.core.clock import Clock
from traceapp.core.errors import Conflict, Forbidden, InvalidInput
from traceapp.identity.service import check_signature

from .report_cases import (
    ANSWER_TASK,
    APPROVE_TASK,
    CORRECT_TASK,
    SEND_TASK,
    end_duty,
    findings_of,
    for_action,
    move,
    raise_duty,
    sign,
)
from .report_desk import ReportDesk
from .report_model import Report
from .sealed_files import read_kept

_LONGEST = 2000


@dataclass(frozen=True, slots=True)
class CheckReport:
    """`reason` says why the warnings may stand; not asked for where there is none."""

    report_id: str
    reason: str = ""
    revision: int | None = None


@dataclass(frozen=True, slots=True)
class ApproveReport:
    """The signature of a second person; `password` is the signer's, asked again."""

    report_id: str
    password: str
    reason: str = ""
    revision: int | None = None


@dataclass(frozen=True, slots=True)
class ChangeReport:
    """`action`: return (to be looked at again) or withdraw (it will not be sent); why."""

    report_id: str
    action: str
    reason: str
    revision: int | None = None


@dataclass(frozen=True, slots=True)
class RecordSending:
    """How and when the file was handed in, and the number that the authority gave at the counter, if any."""

    report_id: str
    channel: str
    sent_at: datetime
    sent_id: str = ""
    revision: int | None = None


def check_report(session: Session, actor: Actor, clock: Clock, command: CheckReport) -> Report:
    """The report, ready for a second person. Raises Conflict where the authority would refuse it (never overridden) or
    the case has changed since, InvalidInput where warnings stand without a reason, Stale."""
    report = for_action(session, actor, "check", command.report_id, command.revision)
    _refuse_faulty(session, report)
    has_warnings = any(not one.is_error for one in findings_of(report))
    report.warnings_reason = cleaned_text(command.reason, place="reason", limit=_LONGEST, required=has_warnings)
    report.checked_at, report.checked_by = clock.now(), actor.id
    move(session, actor, clock, report, "check", {"warnings": has_warnings, "reason": report.warnings_reason})
    raise_duty(session, actor, clock, report, APPROVE_TASK)
    session.flush()
    return report


def approve_report(session: Session, actor: Actor, clock: Clock, command: ApproveReport, *,
                   desk: ReportDesk) -> Report:
    """The report, signed by a second person.

    Call `identity.limit_signature` in a transaction of its own before. Raises Forbidden for the person who checked it
    or a wrong password; Conflict when the case has changed since, or the kept file is not the one that was checked.
    """
    report = for_action(session, actor, "approve", command.report_id, command.revision)
    if actor.id == report.checked_by:
        raise Forbidden("You checked this report yourself. A second person has to approve it.", code="same-person")
    signer = check_signature(session, actor, command.password)
    _refuse_faulty(session, report)
    _refuse_tampered(session, report, desk)
    report.approved_at, report.approved_by = clock.now(), actor.id
    sign(session, clock, report, signer, ("approved", cleaned_text(command.reason, place="reason", limit=_LONGEST)))
    move(session, actor, clock, report, "approve")
    end_duty(session, actor, clock, report, APPROVE_TASK)
    raise_duty(session, actor, clock, report, SEND_TASK)
    session.flush()
    return report


def change_report(session: Session, actor: Actor, clock: Clock, command: ChangeReport) -> Report:
    """The report, sent back or withdrawn. Raises InvalidInput without a reason, Conflict by the state table, Stale."""
    if command.action not in ("return", "withdraw"):
        raise InvalidInput("“%(action)s” is not one of: %(known)s.", code="unknown-action", place="action",
                           action=command.action[:40], known="return, withdraw")
    report = for_action(session, actor, command.action, command.report_id, command.revision)
    reason = cleaned_text(command.reason, place="reason", limit=_LONGEST, required=True)
    report.checked_at = report.checked_by = report.approved_at = report.approved_by = None
    move(session, actor, clock, report, command.action, {"reason": reason})
    end_duty(session, actor, clock, report, APPROVE_TASK, SEND_TASK, CORRECT_TASK)
    session.flush()
    return report


def record_sending(session: Session, actor: Actor, clock: Clock, command: RecordSending) -> Report:
    """The report, sent: it counts for a legal clock only when the authority has confirmed it. Raises InvalidInput
    without a channel, or for a time before the minute of the approval (people write no seconds) or in the future."""
    report = for_action(session, actor, "send", command.report_id, command.revision)
    channel = cleaned_text(command.channel, place="channel", limit=80, required=True)
    sent_id = cleaned_text(command.sent_id, place="sent_id", limit=120)
    approved_at = report.approved_at
    if approved_at is None or not approved_at.replace(second=0, microsecond=0) <= command.sent_at <= clock.now():
        raise InvalidInput("It can only have been sent between its approval and now.", code="sent-out-of-time",
                           place="sent_at")
    note_sent(session, actor, clock, report, (channel, command.sent_at, sent_id))
    return report


def note_sent(session: Session, actor: Actor, clock: Clock, report: Report, how: tuple[str, datetime, str]) -> None:
    """An approved report is out: `how` by channel, moment and number given there."""
    report.channel, report.sent_at, report.sent_id = how
    report.sent_by = actor.id
    move(session, actor, clock, report, "send", {"channel": how[0], "sent_at": how[1], "sent_id": how[2]})
    end_duty(session, actor, clock, report, SEND_TASK)
    raise_duty(session, actor, clock, report, ANSWER_TASK)
    session.flush()


def _refuse_faulty(session: Session, report: Report) -> None:
    """Nothing when the file has no error and is made of the case as it stands. Raises Conflict."""
    errors = [one for one in findings_of(report) if one.is_error]
    if errors:
        raise Conflict("The authority would refuse this file: %(count)d errors, the first at %(element)s. Put the case "
                       "right and prepare the report anew.", code="report-has-errors", count=len(errors),
                       element=errors[0].element)
    kind, _, key = report.about.partition(":")
    revision = session.scalar(select(AdverseEvent.revision).where(AdverseEvent.id == key))
    if kind == "adverse_event" and revision != report.case_revision:
        raise Conflict("The case has changed since this file was made. Prepare the report anew.", code="case-moved")


def _refuse_tampered(session: Session, report: Report, desk: ReportDesk) -> None:
    if hash_of(read_kept(session, desk, report.sha256 or "")) != report.sha256:
        raise Conflict("The kept file is not the one that was checked. Prepare the report anew.",
                       code="not-what-was-checked")
