"""Files of records that are made in the background: ordered, claimed, written, kept a week.

Whoever works holds a lease. A worker that was killed renews it no more; the next one begins the file anew.
"""
from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from sqlalchemy import ColumnElement, and_, delete, func, or_, select, update
from sqlalchemy.orm import Session

from traceapp.audit import record, stream_of
from traceapp.core.actor import Actor
from traceapp.core.clock import Clock
from traceapp.core.errors import Conflict, NotFound, Problem
from traceapp.core.ids import new_id
from traceapp.export.spreadsheet import Written
from traceapp.identity.policy import permit
from traceapp.trace.tracking_choice import count_chosen

from .model import RecordsJob
from .records import KIND, AskedRecords
from .records_files import RecordsStore
from .records_states import OPEN, FileState, next_state
from .service import RecordExport, record_export

LEASE = timedelta(seconds=60)
KEPT = timedelta(days=7)
MOST_OPEN = 5


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
    job.state = next_state(job.state, "cancel")
    job.finished_at, job.holder, job.lease_until = clock.now(), None, None
    record(session, actor, clock.now(), "records.cancelled", stream_of("records_job", job.id), {})
    return job


@dataclass(frozen=True, slots=True)
class Claim:
    """A job that is this worker's as long as its lease is renewed."""

    job_id: str
    holder: str
    total: int


class LostClaim(Exception):
    """The job was cancelled, or somebody else works on it now."""


def is_waiting(session: Session, clock: Clock) -> bool:
    """Whether there is a job that nobody works on."""
    return session.scalar(select(RecordsJob.id).where(_free(clock)).limit(1)) is not None


def _free(clock: Clock) -> ColumnElement[bool]:
    now = clock.now()  # an end further away than a lease can be comes from a clock that was set back since
    return or_(RecordsJob.state == FileState.queued, and_(RecordsJob.state == FileState.running, or_(
        RecordsJob.lease_until <= now, RecordsJob.lease_until > now + 2 * LEASE)))


def claim_records(session: Session, clock: Clock) -> Claim | None:
    """The job that waits longest, from its beginning; None when there is none."""
    job = session.scalars(select(RecordsJob).where(_free(clock)).order_by(RecordsJob.created_at, RecordsJob.id)
                          .limit(1).with_for_update(skip_locked=True)).first()
    if job is None:
        return None
    now = clock.now()
    job.state = next_state(job.state, "start")
    job.started_at, job.done, job.holder, job.lease_until = now, 0, new_id(now), now + LEASE
    session.flush()
    return Claim(job.id, job.holder, job.total)


def note_progress(session: Session, clock: Clock, claim: Claim, done: int) -> None:
    """Say how far it is and renew the lease. Raises LostClaim."""
    renewed = session.execute(update(RecordsJob).where(
        RecordsJob.id == claim.job_id, RecordsJob.holder == claim.holder, RecordsJob.state == FileState.running)
        .values(done=min(done, claim.total), lease_until=clock.now() + LEASE))
    if renewed.rowcount == 0:  # type: ignore[attr-defined]
        raise LostClaim


def finish_records(session: Session, clock: Clock, claim: Claim, written: Written) -> RecordsJob:
    """The file is whole: it is recorded as an export of whoever ordered it. Raises LostClaim."""
    job = _held(session, claim)
    job.state = next_state(job.state, "finish")
    job.done, job.rows, job.sha256, job.size_bytes = job.total, written.rows, written.sha256, written.size_bytes
    job.finished_at, job.holder, job.lease_until = clock.now(), None, None
    record_export(session, Actor(id=job.created_by, role=job.created_role), clock,
                  RecordExport(KIND, job.form, written.rows, written.sha256, job.told))
    return job


def fail_records(session: Session, clock: Clock, claim: Claim, problem: Problem) -> RecordsJob:
    """The file cannot be made, and why. Raises LostClaim."""
    job = _held(session, claim)
    job.state = next_state(job.state, "fail")
    params: dict[str, Any] = {name: str(value)[:200] for name, value in problem.params.items()}
    job.trouble = {"code": problem.code, "message": problem.message, "params": params}
    job.finished_at, job.holder, job.lease_until = clock.now(), None, None
    return job


def put_back(session: Session, claim: Claim) -> None:
    """Somebody else shall make it: this service is told to stop. Raises LostClaim."""
    job = _held(session, claim)
    job.state = next_state(job.state, "put_back")
    job.holder, job.lease_until = None, None


def _held(session: Session, claim: Claim) -> RecordsJob:
    job = session.get(RecordsJob, claim.job_id, with_for_update=True)
    if job is None or job.holder != claim.holder or job.state != FileState.running:
        raise LostClaim
    return job


def forget_old_files(session: Session, clock: Clock, *, store: RecordsStore) -> int:
    """Remove jobs and files that ended a week ago; the record of the export stays. Answers how many jobs."""
    old = list(session.scalars(select(RecordsJob.id).where(RecordsJob.finished_at < clock.now() - KEPT).limit(500)))
    for job_id in old:
        store.remove(job_id)
        session.execute(delete(RecordsJob).where(RecordsJob.id == job_id))
    return len(old)
