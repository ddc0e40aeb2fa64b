"""Capturing by request: each is a job with what came of it, also where nothing was stored."""
from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from traceapp.audit import record, stream_of
from traceapp.core.actor import Actor
from traceapp.core.clock import Clock
from traceapp.core.errors import NotFound
from traceapp.core.ids import new_id
from traceapp.epcis import Finding
from traceapp.identity.policy import permit

from .capture import ReadDocument, capture_document
from .query_model import CaptureJob, ErrorBehaviour

_MOST_ERRORS = 200


def run_capture(session: Session, actor: Actor, clock: Clock, command: ReadDocument) -> CaptureJob:
    """Capture the document and note the job. Raises what `capture_document` raises, and Forbidden."""
    permit(actor, "epcis.capture")
    started = clock.now()
    capture = capture_document(session, actor, clock, command)
    errors = [one for one in capture.findings if one["level"] == "error"] if command.proceeds else []
    return _noted(session, actor, clock, command, (started, capture.id, errors))


def note_refused_capture(session: Session, actor: Actor, clock: Clock, command: ReadDocument,
                         findings: Sequence[Finding]) -> CaptureJob:
    """Note a job of which nothing was stored, and why."""
    permit(actor, "epcis.capture")
    errors = [{"pointer": one.pointer, "code": one.code, "message": one.message} for one in findings]
    job = _noted(session, actor, clock, command, (clock.now(), None, errors))
    record(session, actor, job.finished_at, "epcis.capture_refused", stream_of("capture_job", job.id),
           {"errors": len(errors)})
    return job


def _noted(session: Session, actor: Actor, clock: Clock, command: ReadDocument,
           result: tuple[datetime, str | None, list[dict[str, Any]]]) -> CaptureJob:
    started, capture_id, errors = result
    job = CaptureJob(
        id=new_id(started), created_at=started, finished_at=clock.now(), actor_id=actor.id, capture_id=capture_id,
        behaviour=ErrorBehaviour.proceed if command.proceeds else ErrorBehaviour.rollback,
        errors=errors[:_MOST_ERRORS])
    session.add(job)
    session.flush()
    return job


def capture_job(session: Session, job_id: str) -> CaptureJob:
    """The job. Raises NotFound."""
    job = session.get(CaptureJob, job_id)
    if job is None:
        raise NotFound("There is no such capture job.", code="unknown-capture-job")
    return job


def capture_jobs(session: Session, before: str | None, limit: int) -> list[CaptureJob]:
    """The newest jobs, from behind the job `before`."""
    asked = select(CaptureJob).order_by(CaptureJob.id.desc()).limit(limit)
    return list(session.scalars(asked if before is None else asked.where(CaptureJob.id < before)))
