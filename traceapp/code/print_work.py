"""Working on print jobs: short transactions that claim one, note how far it is, and end it.

Whoever works holds a lease. A worker that was killed renews it no more; the next one begins the file anew.
"""
from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from sqlalchemy import ColumnElement, and_, delete, or_, select, update
from sqlalchemy.orm import Session

from labels.errors import Phrase
from traceapp.core.actor import SYSTEM
from traceapp.core.clock import Clock
from traceapp.core.errors import Problem
from traceapp.core.ids import new_id
from traceapp.trace import guards
from traceapp.trace.model import Lot

from .print_choice import PrintChoice
from .print_content import Written
from .print_files import PrintStore
from .print_model import PrintJob
from .print_states import PrintState, next_state
from .printing import Printed, job_by_id, log_print, refuse_unprintable

LEASE = timedelta(seconds=60)
KEPT = timedelta(days=7)


@dataclass(frozen=True, slots=True)
class Claim:
    """A job that is this worker's as long as its lease is renewed."""

    lot_key: str
    job_id: str
    holder: str
    choice: PrintChoice


class LostClaim(Exception):
    """The job was cancelled, or somebody else works on it now."""


def is_waiting(session: Session, clock: Clock) -> bool:
    """Whether there is a job that nobody works on."""
    return session.scalar(select(PrintJob.id).where(_free(clock)).limit(1)) is not None


def _free(clock: Clock) -> ColumnElement[bool]:
    now = clock.now()  # an end further away than a lease can be comes from a clock that was set back since
    return or_(PrintJob.state == PrintState.queued,
               and_(PrintJob.state == PrintState.running,
                    or_(PrintJob.lease_until <= now, PrintJob.lease_until > now + 2 * LEASE)))


def claim_print(session: Session, clock: Clock) -> Claim | None:
    """The job that waits longest, from its beginning; None when there is none."""
    job = session.scalars(select(PrintJob).where(_free(clock)).order_by(PrintJob.created_at, PrintJob.id).limit(1)
                          .with_for_update(skip_locked=True)).first()
    if job is None:
        return None
    now = clock.now()
    job.state = next_state(job.state, "start")
    job.started_at, job.done, job.holder, job.lease_until = now, 0, new_id(now), now + LEASE
    session.flush()
    return Claim(job.lot_key, job.id, job.holder, PrintChoice.of(job.options))


def note_progress(session: Session, clock: Clock, claim: Claim, done: int) -> None:
    """Say how far it is and renew the lease. Raises LostClaim, and Conflict when the lot was stopped meanwhile."""
    renewed = session.execute(update(PrintJob).where(
        PrintJob.lot_key == claim.lot_key, PrintJob.id == claim.job_id, PrintJob.holder == claim.holder,
        PrintJob.state == PrintState.running).values(done=done, lease_until=clock.now() + LEASE))
    if renewed.rowcount == 0:  # type: ignore[attr-defined]
        raise LostClaim
    refuse_unprintable(session, session.get_one(Lot, claim.lot_key), claim.choice.template, clock)


def _held(session: Session, claim: Claim) -> PrintJob:
    job = job_by_id(session, claim.lot_key, claim.job_id, is_locked=True)
    if job.holder != claim.holder or job.state != PrintState.running:
        raise LostClaim
    return job


def finish_print(session: Session, clock: Clock, claim: Claim, made: Written) -> PrintJob:
    """The file is whole: the job is done and stands in the log. Raises as `note_progress`."""
    refuse_unprintable(session, guards.own_lot(session, claim.lot_key), claim.choice.template, clock)
    job = _held(session, claim)
    job.state = next_state(job.state, "finish")
    job.done, job.sha256, job.size_bytes = job.total, made.sha256, made.size_bytes
    job.finished_at, job.holder, job.lease_until = clock.now(), None, None
    log_print(session, SYSTEM, clock.now(), Printed.of(job), job.created_by)
    session.flush()
    return job


def fail_print(session: Session, clock: Clock, claim: Claim, problem: Problem) -> PrintJob:
    """The job cannot be done, and why. Raises LostClaim."""
    job = _held(session, claim)
    job.state = next_state(job.state, "fail")
    job.trouble = {"code": problem.code, "message": problem.message,
                   "params": {name: _kept(value) for name, value in problem.params.items()}}
    job.finished_at, job.holder, job.lease_until = clock.now(), None, None
    return job


def _kept(value: object) -> Any:
    """A value of a message as JSON; a phrase of the labels remains one that can be translated."""
    if isinstance(value, Phrase):
        return {"template": value.template, "values": {name: _kept(each) for name, each in value.values.items()}}
    return str(value)[:200]


def params_of(trouble: Mapping[str, Any]) -> dict[str, str]:
    """The values of the message that says why a job failed."""
    return {name: _read(value) for name, value in trouble["params"].items()}


def _read(kept: Any) -> str:
    if isinstance(kept, dict):
        return Phrase(kept["template"], **{name: _read(each) for name, each in kept["values"].items()})
    return str(kept)


def put_back(session: Session, claim: Claim) -> None:
    """Somebody else shall do it: this service is told to stop. Raises LostClaim."""
    job = _held(session, claim)
    job.state = next_state(job.state, "put_back")
    job.holder, job.lease_until = None, None


def forget_old_prints(session: Session, clock: Clock, *, store: PrintStore) -> int:
    """Remove jobs and files that ended a week ago; the log stays. Answers how many jobs."""
    old = list(session.execute(select(PrintJob.lot_key, PrintJob.id).where(
        PrintJob.finished_at < clock.now() - KEPT).limit(500)))
    for lot_key, job_id in old:
        store.remove(job_id)
        session.execute(delete(PrintJob).where(PrintJob.lot_key == lot_key, PrintJob.id == job_id))
    return len(old)
