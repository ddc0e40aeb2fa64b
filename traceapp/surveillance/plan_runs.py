"""Plans of detection that are played in the background: ordered, played, cancelled; what came of them stays."""
from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import timedelta

from sqlalchemy import func, or_, select
from sqlalchemy.orm import Session

from traceapp.audit import record, stream_of
from traceapp.core.actor import Actor
from traceapp.core.clock import Clock
from traceapp.core.errors import Conflict, NotFound, Problem
from traceapp.core.ids import new_id
from traceapp.core.states import StateTable
from traceapp.identity.policy import permit
from traceapp.making.states import OPEN, FileState, transitions
from traceapp.making.work import Claim, Jobs

from .plan_model import PlanRun
from .planning import Answer, Plan, answer_of, plan_of, runs_of

MOST_OPEN = 3
# The same plan gives the same numbers; after a day the software may be another.
_SAME_WITHIN = timedelta(days=1)
JOBS = Jobs(PlanRun, StateTable(transitions("signal.decide"),
                                "A plan that is “%(state)s” cannot be changed by “%(action)s”."))


@dataclass(frozen=True, slots=True)
class OrderPlan:
    """`product_id`: from whose records the plan was filled in, if from any."""

    plan: Plan
    product_id: str | None = None


def order_plan(session: Session, actor: Actor, clock: Clock, command: OrderPlan) -> PlanRun:
    """Have a plan played; one that was ordered within a day is shown again. Raises Forbidden, and Conflict for somebody
    whose plans wait already."""
    permit(actor, "signal.decide")
    plan, now = asdict(command.plan), clock.now()
    plan_hash = hashlib.sha256(json.dumps(plan, sort_keys=True).encode()).hexdigest()
    known = session.scalars(select(PlanRun).where(
        PlanRun.plan_hash == plan_hash, PlanRun.created_at > now - _SAME_WITHIN,
        or_(PlanRun.state.in_(OPEN), PlanRun.state == FileState.done)).order_by(PlanRun.created_at.desc()).limit(1)
        ).first()
    if known is not None:
        return known
    waiting = session.scalar(select(func.count()).select_from(PlanRun).where(
        PlanRun.created_by == actor.id, PlanRun.state.in_(OPEN))) or 0
    if waiting >= MOST_OPEN:
        raise Conflict("Your last %(most)d plans are still being played. Wait for them, or cancel one.",
                       code="too-many-plans", most=MOST_OPEN)
    run = PlanRun(id=new_id(now), plan=plan, plan_hash=plan_hash, product_id=command.product_id, answer=None,
                  state=FileState.queued, total=runs_of(command.plan), done=0, sha256=None, size_bytes=None,
                  trouble=None, created_at=now, created_by=actor.id, started_at=None, finished_at=None, holder=None,
                  lease_until=None)
    session.add(run)
    session.flush()
    record(session, actor, now, "plan.ordered", _stream(run), {"plan": {
        name: repr(value) if isinstance(value, float) else value for name, value in plan.items()}})
    return run


def _stream(run: PlanRun) -> str:
    return stream_of("plan_run", run.id)


def plan_run(session: Session, run_id: str) -> PlanRun:
    """One, whoever ordered it. Raises NotFound."""
    run = session.get(PlanRun, run_id)
    if run is None:
        raise NotFound("There is no such plan.", code="unknown-plan", place="run_id")
    return run


def plan_runs(session: Session, limit: int = 20) -> list[PlanRun]:
    """What was played, the newest first."""
    return list(session.scalars(select(PlanRun).order_by(PlanRun.created_at.desc(), PlanRun.id.desc()).limit(limit)))


def answer_in(run: PlanRun) -> Answer | None:
    """What came of it; None before its end."""
    return None if run.answer is None else answer_of(run.answer)


def plan_in(run: PlanRun) -> Plan:
    """The plan that is played."""
    return plan_of(run.plan)


def cancel_plan(session: Session, actor: Actor, clock: Clock, run_id: str) -> PlanRun:
    """Have it not played after all. Raises Forbidden, NotFound, and Conflict when it has ended."""
    permit(actor, "signal.decide")
    run = session.get(PlanRun, plan_run(session, run_id).id, with_for_update=True, populate_existing=True)
    assert run is not None
    JOBS.end(clock, run, "cancel")
    record(session, actor, clock.now(), "plan.cancelled", _stream(run), {})
    return run


def finish_plan(session: Session, clock: Clock, claim: Claim, answer: Mapping[str, object]) -> PlanRun:
    """It was played. Raises LostClaim."""
    run = JOBS.held(session, claim)
    JOBS.end(clock, run, "finish")
    run.done, run.answer = run.total, dict(answer)
    return run


def fail_plan(session: Session, clock: Clock, claim: Claim, problem: Problem) -> PlanRun:
    """It cannot be played, and why. Raises LostClaim."""
    return JOBS.fail(session, clock, claim, problem)
