"""Files of a recall that are made in the background: ordered, claimed, finished, failed."""
from __future__ import annotations

from sqlalchemy import select
from sqlalchemy.orm import Session

from traceapp.attachment.store import FileStore
from traceapp.audit import record
from traceapp.core.actor import Actor
from traceapp.core.clock import Clock
from traceapp.core.errors import NotFound, Problem
from traceapp.core.ids import new_id
from traceapp.core.states import StateTable
from traceapp.export.spreadsheet import Written
from traceapp.identity.policy import permit
from traceapp.making.states import OPEN, FileState, transitions
from traceapp.making.work import Claim, Jobs
from traceapp.recall.cases import recall_by_id, recall_stream

from .recall_consignees import count_lines
from .recall_file_model import RecallFileJob
from .recall_files import PreparedFile, keep_prepared, kind_of, refuse_undecided
from .recall_package import KIND as PACKAGE_EXPORT
from .service import RecordExport, record_export

PACKAGE = "package"
JOBS = Jobs(RecallFileJob, StateTable(transitions("recall.write"),
                                      "A file that is “%(state)s” cannot be changed by “%(action)s”."))


def order_file(session: Session, actor: Actor, clock: Clock, recall_id: str, kind: str) -> RecallFileJob:
    """Have the next version of a file made, or the archive of all (`kind` is PACKAGE); one of the kind that is being
    made already is that. Raises Forbidden, NotFound, and Conflict for a file of a case that was not decided."""
    permit(actor, "recall.write")
    recall, now = recall_by_id(session, recall_id, lock=True), clock.now()
    times = 1
    if kind != PACKAGE:
        times = 2 if kind_of(kind).lists_consignees else 0
        refuse_undecided(recall)
    waiting = session.scalars(select(RecallFileJob).where(
        RecallFileJob.recall_id == recall.id, RecallFileJob.kind == kind, RecallFileJob.state.in_(OPEN))).first()
    if waiting is not None:
        return waiting
    job = RecallFileJob(
        id=new_id(now), recall_id=recall.id, kind=kind, version=None, state=FileState.queued,
        total=times * count_lines(session, recall.id), done=0, sha256=None, size_bytes=None, trouble=None,
        created_at=now, created_by=actor.id, created_role=actor.role, started_at=None, finished_at=None, holder=None,
        lease_until=None)
    session.add(job)
    session.flush()
    record(session, actor, now, "recall.file_ordered", recall_stream(recall), {"kind": kind, "job": job.id})
    return job


def file_jobs(session: Session, recall_id: str) -> list[RecallFileJob]:
    """What was ordered of a recall within the last week, the newest first. Raises NotFound."""
    return list(session.scalars(select(RecallFileJob).where(
        RecallFileJob.recall_id == recall_by_id(session, recall_id).id).order_by(
            RecallFileJob.created_at.desc(), RecallFileJob.id.desc())))


def file_job(session: Session, recall_id: str, job_id: str) -> RecallFileJob:
    """One of them. Raises NotFound."""
    job = session.get(RecallFileJob, job_id)
    if job is None or job.recall_id != recall_id:
        raise NotFound("There is no such file.", code="unknown-file", place="job_id")
    return job


def claim_file(session: Session, clock: Clock) -> Claim | None:
    """The job that waits longest, from its beginning; None when there is none."""
    found = JOBS.claim(session, clock)
    return found[1] if found else None


def note_progress(session: Session, clock: Clock, claim: Claim, done: int) -> None:
    """Say how far it is and renew the lease; more lines than were counted are not told. Raises LostClaim."""
    job = session.get_one(RecallFileJob, claim.job_id)
    JOBS.renew(session, clock, claim, min(done, job.total))


def finish_file(session: Session, clock: Clock, claim: Claim, made: PreparedFile, *, store: FileStore) -> RecallFileJob:
    """Keep the file as the next version, as made by whoever ordered it. Raises LostClaim."""
    job = JOBS.held(session, claim)
    job.version = keep_prepared(session, _orderer(job), clock, made, store=store).version
    JOBS.end(clock, job, "finish")
    job.done = job.total
    return job


def finish_package(session: Session, clock: Clock, claim: Claim, written: Written) -> RecallFileJob:
    """The archive is whole: it is recorded as an export of whoever ordered it. Raises LostClaim."""
    job = JOBS.held(session, claim)
    JOBS.end(clock, job, "finish")
    job.done, job.sha256, job.size_bytes = job.total, written.sha256, written.size_bytes
    record_export(session, _orderer(job), clock, RecordExport(
        PACKAGE_EXPORT, "zip", written.rows, written.sha256, {"recall": job.recall_id}))
    return job


def _orderer(job: RecallFileJob) -> Actor:
    return Actor(id=job.created_by, role=job.created_role)


def fail_file(session: Session, clock: Clock, claim: Claim, problem: Problem) -> RecallFileJob:
    """It cannot be made, and why. Raises LostClaim."""
    return JOBS.fail(session, clock, claim, problem)
