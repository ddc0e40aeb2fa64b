"""Files of records that are made in the background: ordered, written, cancelled, recorded as exports."""
from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from traceapp.audit import record, stream_of
from traceapp.core.actor import Actor
from traceapp.core.clock import Clock
from traceapp.core.errors import Conflict, NotFound, Problem
from traceapp.core.ids import new_id
from traceapp.export.spreadsheet import Written
from traceapp.identity.policy import permit
from traceapp.making.work import Claim, Jobs
from traceapp.trace.tracking_choice import count_chosen

from .model import RecordsJob
from .records import KIND, AskedRecords
from .records_states import OPEN, TABLE, FileState
from .service import RecordExport, record_export

MOST_OPEN = 5
JOBS = Jobs(RecordsJob, TABLE)


@dataclass(frozen=True, slots=True)
class OrderRecords:
    """`told` is what the record of the export will say, `texts` are the titles in `language` by the English ones."""

    asked: AskedRecords
    form: str
    told: Mapping[str, object]
    language: str
    texts: Mapping[str, str]


def order_records(session: Session, actor: Actor, clock: Clock, command: OrderRecords) -> RecordsJob:
    """Have a file made. Raises what `AskedRecords.choice` raises, Forbidden, and Conflict for somebody whose files
    wait already."""
    permit(actor, "export.run")
    total, now = count_chosen(session, command.asked.choice(session)), clock.now()
    waiting = session.scalar(select(func.count()).select_from(RecordsJob).where(
        RecordsJob.created_by == actor.id, RecordsJob.state.in_(OPEN))) or 0
    if waiting >= MOST_OPEN:
        raise Conflict("Your last %(most)d files are still being made. Wait for them, or cancel one.",
                       code="too-many-files", most=MOST_OPEN)
    job = RecordsJob(
        id=new_id(now), asked=command.asked.kept(), told=dict(command.told), texts=dict(command.texts),
        form=command.form, language=command.language, state=FileState.queued, total=total, done=0, rows=None,
        sha256=None, size_bytes=None, trouble=None, created_at=now, created_by=actor.id, created_role=actor.role,
        started_at=None, finished_at=None, holder=None, lease_until=None)
    session.add(job)
    session.flush()
    record(session, actor, now, "records.ordered", stream_of("records_job", job.id),
           {"form": job.form, "asked": job.told, "events": total})
    return job


def own_job(session: Session, actor: Actor, job_id: str, *, is_locked: bool = False) -> RecordsJob:
    """A job that this actor ordered. Raises NotFound."""
    job = session.get(RecordsJob, job_id, with_for_update=is_locked)
    if job is None or job.created_by != actor.id:
        raise NotFound("There is no such file.", code="unknown-file", place="job_id")
    return job


def own_jobs(session: Session, actor: Actor, limit: int = 20) -> list[RecordsJob]:
    """What this actor ordered, the newest first."""
    return list(session.scalars(select(RecordsJob).where(RecordsJob.created_by == actor.id)
                                .order_by(RecordsJob.created_at.desc(), RecordsJob.id.desc()).limit(limit)))


def cancel_records(session: Session, actor: Actor, clock: Clock, job_id: str) -> RecordsJob:
    """Have a file not made after all. Raises NotFound, and Conflict when it has ended."""
    job = own_job(session, actor, job_id, is_locked=True)
    JOBS.end(clock, job, "cancel")
    record(session, actor, clock.now(), "records.cancelled", stream_of("records_job", job.id), {})
    return job


def claim_records(session: Session, clock: Clock) -> Claim | None:
    """The job that waits longest, from its beginning; None when there is none."""
    found = JOBS.claim(session, clock)
    return found[1] if found else None


def note_progress(session: Session, clock: Clock, claim: Claim, done: int) -> None:
    """Say how far it is and renew the lease; more events than were counted are not told. Raises LostClaim."""
    job = session.get(RecordsJob, claim.job_id)
    JOBS.renew(session, clock, claim, min(done, job.total) if job else done)


def finish_records(session: Session, clock: Clock, claim: Claim, written: Written) -> RecordsJob:
    """The file is whole: it is recorded as an export of whoever ordered it. Raises LostClaim."""
    job = JOBS.held(session, claim)
    JOBS.end(clock, job, "finish")
    job.done, job.rows, job.sha256, job.size_bytes = job.total, written.rows, written.sha256, written.size_bytes
    record_export(session, Actor(id=job.created_by, role=job.created_role), clock,
                  RecordExport(KIND, job.form, written.rows, written.sha256, job.told))
    return job


def fail_records(session: Session, clock: Clock, claim: Claim, problem: Problem) -> RecordsJob:
    """The file cannot be made, and why. Raises LostClaim."""
    return JOBS.fail(session, clock, claim, problem)
