"""Working on jobs that make files: short transactions that claim one, note how far it is, and end it.

Whoever works holds a lease. A worker that was killed renews it no more; the next one begins the file anew.
"""
from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, Generic, TypeVar

from sqlalchemy import ColumnElement, and_, delete, or_, select, update
from sqlalchemy.orm import Session

from traceapp.core.clock import Clock
from traceapp.core.errors import Problem
from traceapp.core.ids import new_id
from traceapp.core.states import StateTable

from .files import MadeFiles
from .model import MadeByJob
from .states import FileState

LEASE = timedelta(seconds=60)
KEPT = timedelta(days=7)
_MOST_AT_ONCE = 500
Job = TypeVar("Job", bound=MadeByJob)


class LostClaim(Exception):
    """The job was cancelled, or somebody else works on it now."""


@dataclass(frozen=True, slots=True)
class Claim:
    """A job that is this worker's as long as its lease is renewed."""

    job_id: str
    holder: str


def _said(value: object) -> Any:
    return str(value)[:200]


@dataclass(frozen=True, slots=True)
class Jobs(Generic[Job]):
    """The jobs of one table, and the table of their states."""

    model: type[Job]
    table: StateTable[FileState]

    def is_waiting(self, session: Session, clock: Clock) -> bool:
        """Whether there is a job that nobody works on."""
        return session.scalar(select(self.model.id).where(self._free(clock)).limit(1)) is not None

    def _free(self, clock: Clock) -> ColumnElement[bool]:
        model, now = self.model, clock.now()  # an end further away than a lease can be is of a clock that was set back
        return or_(model.state == FileState.queued, and_(model.state == FileState.running, or_(
            model.lease_until <= now, model.lease_until > now + 2 * LEASE)))

    def claim(self, session: Session, clock: Clock) -> tuple[Job, Claim] | None:
        """The job that waits longest, from its beginning; None when there is none."""
        job = session.scalars(select(self.model).where(self._free(clock))
                              .order_by(self.model.created_at, self.model.id).limit(1)
                              .with_for_update(skip_locked=True)).first()
        if job is None:
            return None
        now = clock.now()
        job.state = self.table.next_state(job.state, "start")
        holder = new_id(now)
        job.started_at, job.done, job.holder, job.lease_until = now, 0, holder, now + LEASE
        session.flush()
        return job, Claim(job.id, holder)

    def renew(self, session: Session, clock: Clock, claim: Claim, done: int) -> None:
        """Say how far it is and renew the lease. Raises LostClaim."""
        renewed = session.execute(update(self.model).where(
            self.model.id == claim.job_id, self.model.holder == claim.holder,
            self.model.state == FileState.running).values(done=done, lease_until=clock.now() + LEASE))
        if renewed.rowcount == 0:  # type: ignore[attr-defined]
            raise LostClaim

    def held(self, session: Session, claim: Claim) -> Job:
        """The job, locked, while the lease stands. Raises LostClaim."""
        job = session.scalars(select(self.model).where(self.model.id == claim.job_id).with_for_update()).first()
        if job is None or job.holder != claim.holder or job.state != FileState.running:
            raise LostClaim
        return job

    def end(self, clock: Clock, job: Job, action: str) -> None:
        """Finish, fail or cancel a job. Raises Conflict by the table."""
        job.state = self.table.next_state(job.state, action)
        job.finished_at, job.holder, job.lease_until = clock.now(), None, None

    def fail(self, session: Session, clock: Clock, claim: Claim, problem: Problem,
             kept: Callable[[object], Any] = _said) -> Job:
        """The file cannot be made, and why; `kept`: a value of the message as JSON. Raises LostClaim."""
        job = self.held(session, claim)
        self.end(clock, job, "fail")
        job.trouble = {"code": problem.code, "message": problem.message,
                       "params": {name: kept(value) for name, value in problem.params.items()}}
        return job

    def put_back(self, session: Session, claim: Claim) -> None:
        """Somebody else shall make it: this service is told to stop. Raises LostClaim."""
        job = self.held(session, claim)
        job.state = self.table.next_state(job.state, "put_back")
        job.holder, job.lease_until = None, None

    def forget_old(self, session: Session, clock: Clock, *, store: MadeFiles) -> int:
        """Remove jobs and files that ended a week ago; answers how many jobs."""
        old = list(session.scalars(select(self.model.id).where(
            self.model.finished_at < clock.now() - KEPT).limit(_MOST_AT_ONCE)))
        for job_id in old:
            store.remove(job_id)
            session.execute(delete(self.model).where(self.model.id == job_id))
        return len(old)
