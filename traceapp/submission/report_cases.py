"""Finding a report, changing its state by the table, its findings and signatures."""
from __future__ import annotations

import hashlib
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from traceapp.audit import record, stream_of
from traceapp.audit.trail import canonical
from traceapp.core.actor import Actor
from traceapp.core.clock import Clock
from traceapp.core.errors import NotFound
from traceapp.db import expect_revision
from traceapp.export.case_report import Finding
from traceapp.identity.model import User
from traceapp.identity.policy import permit
from traceapp.worklist.tasks import RaiseTask, complete_tasks, raise_task

from .report_model import Report, ReportSignature
from .report_states import TRANSITIONS, UNSENT, next_state

APPROVE_TASK, SEND_TASK = "report.approve", "report.send"
ANSWER_TASK, CORRECT_TASK, LOOK_TASK = "report.answer", "report.correct", "report.look"
_DONE = {"renew": "renewed", "check": "checked", "return": "returned", "approve": "approved", "withdraw": "withdrawn",
         "send": "sent", "acknowledge": "acknowledged", "reject": "rejected", "correct": "corrected"}
_SOON = timedelta(days=1)


def report_stream(report_id: str) -> str:
    """The name of its chain in the trail, and what tasks and files about it are about."""
    return stream_of("report", report_id)


def answer_stream(answer_id: str) -> str:
    """The name of the chain of one answer, and what tasks and files about it are about."""
    return stream_of("report_answer", answer_id)


def report_by_id(session: Session, report_id: str, *, lock: bool = False) -> Report:
    """The report, locked for a change when asked. Raises NotFound."""
    found = session.get(Report, report_id, with_for_update=True if lock else None)
    if found is None:
        raise NotFound("There is no such report.", code="unknown-report", place="report_id")
    return found


def for_action(session: Session, actor: Actor, action: str, report_id: str, revision: int | None) -> Report:
    """The report, locked, when the table, the permissions and the revision allow `action`; its state is not changed
    yet. Raises NotFound, Forbidden, Conflict (code `wrong-state`) and Stale."""
    permit(actor, TRANSITIONS[action][2])
    report = report_by_id(session, report_id, lock=True)
    next_state(report.state, action)
    expect_revision(report, revision)
    return report


def move(session: Session, actor: Actor, clock: Clock, report: Report, action: str,
         data: dict[str, object] | None = None) -> None:
    """Change the state by the table and note it."""
    before, report.state = report.state, next_state(report.state, action)
    record(session, actor, clock.now(), f"report.{_DONE[action]}", report_stream(report.id),
           {"before": str(before), "after": str(report.state), "reference": report.reference,
            "version": report.version, "sha256": report.sha256, **(data or {})})


def kept_finding(found: Finding) -> dict[str, Any]:
    """A finding as it is kept with its report."""
    return {"element": found.element, "code": found.code, "text": found.text, "is_error": found.is_error,
            "rule": found.rule, "values": {name: str(value) for name, value in found.values.items()}}


def findings_of(report: Report) -> list[Finding]:
    """What was found in the file that lies here, errors first."""
    found = [Finding(**one) for one in report.findings]
    return sorted(found, key=lambda one: not one.is_error)


def signed_hash(report: Report) -> str:
    """SHA-256 of what a signature covers: the file, whom it goes to, its findings and why its warnings may stand."""
    body = {name: getattr(report, name) for name in (
        "id", "reference", "jurisdiction", "receiver", "form", "format", "profile", "kind", "version", "number",
        "sha256", "findings", "warnings_reason")}
    return hashlib.sha256(canonical(body).encode("utf-8")).hexdigest()


def sign(session: Session, clock: Clock, report: Report, signer: User, meaning: tuple[str, str]) -> None:
    """Add a signature; `meaning` is (`approved`, the reason in the signer's words)."""
    last = session.scalar(select(func.max(ReportSignature.position)).where(ReportSignature.report_id == report.id))
    session.add(ReportSignature(
        report_id=report.id, position=(last or 0) + 1, user_id=signer.id, user_name=signer.name, meaning=meaning[0],
        reason=meaning[1], at=clock.now(), signed_hash=signed_hash(report)))


def raise_duty(session: Session, actor: Actor, clock: Clock, report: Report, kind: str) -> None:
    """What a person has to do next about the report; before its clock runs out, and within a day at the latest."""
    role = "quality_manager" if kind == APPROVE_TASK else "quality"
    raise_task(session, actor, clock, RaiseTask(
        kind, report_stream(report.id), role, _until(report.due_at, clock.now()), report.lot_key,
        {"reference": report.reference, "report_id": report.id}))


def _until(due_at: datetime | None, now: datetime) -> datetime:
    return min(due_at, now + _SOON) if due_at else now + _SOON


def end_duty(session: Session, actor: Actor, clock: Clock, report: Report, *kinds: str) -> None:
    """What was to be done is done, or need not be done any more."""
    for kind in kinds:
        complete_tasks(session, actor, clock, report_stream(report.id), kind, str(report.state))


def is_open(report: Report) -> bool:
    """Whether it has not been sent yet and is not withdrawn."""
    return report.state in UNSENT
