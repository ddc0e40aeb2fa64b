"""Working on print jobs: what a lease on one means for its lot and its log."""
from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy.orm import Session

from labels.errors import Phrase
from traceapp.core.actor import SYSTEM
from traceapp.core.clock import Clock
from traceapp.core.errors import Problem
from traceapp.making.work import Claim
from traceapp.trace import guards
from traceapp.trace.model import Lot

from .print_choice import PrintChoice
from .print_content import Written
from .print_model import PrintJob
from .printing import JOBS, Printed, log_print, refuse_unprintable


@dataclass(frozen=True, slots=True)
class PrintClaim(Claim):
    """A claim with what is to be printed."""

    lot_key: str
    choice: PrintChoice


def claim_print(session: Session, clock: Clock) -> PrintClaim | None:
    """The job that waits longest, from its beginning; None when there is none."""
    found = JOBS.claim(session, clock)
    if found is None:
        return None
    job, claim = found
    return PrintClaim(claim.job_id, claim.holder, job.lot_key, PrintChoice.of(job.options))


def note_progress(session: Session, clock: Clock, claim: PrintClaim, done: int) -> None:
    """Say how far it is and renew the lease. Raises LostClaim, and Conflict when the lot was stopped meanwhile."""
    JOBS.renew(session, clock, claim, done)
    refuse_unprintable(session, session.get_one(Lot, claim.lot_key), claim.choice.template, clock)


def finish_print(session: Session, clock: Clock, claim: PrintClaim, made: Written) -> PrintJob:
    """The file is whole: the job is done and stands in the log. Raises as `note_progress`."""
    refuse_unprintable(session, guards.own_lot(session, claim.lot_key), claim.choice.template, clock)
    job = JOBS.held(session, claim)
    JOBS.end(clock, job, "finish")
    job.done, job.sha256, job.size_bytes = job.total, made.sha256, made.size_bytes
    log_print(session, SYSTEM, clock.now(), Printed.of(job), job.created_by)
    session.flush()
    return job


def fail_print(session: Session, clock: Clock, claim: PrintClaim, problem: Problem) -> PrintJob:
    """The job cannot be done, and why. Raises LostClaim."""
    return JOBS.fail(session, clock, claim, problem, _kept)


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
