"""Finding a CAPA, noting what was done to it, and the duties that follow from its state."""
from __future__ import annotations

import hashlib
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from sqlalchemy import func, or_, select
from sqlalchemy.orm import Session

from traceapp.attachment.service import attachments_of_all
from traceapp.audit import record, stream_of
from traceapp.audit.trail import canonical
from traceapp.core.actor import Actor
from traceapp.core.clock import Clock
from traceapp.core.errors import InvalidInput, NotFound
from traceapp.db import expect_revision
from traceapp.identity.model import User
from traceapp.identity.policy import may, permit
from traceapp.worklist.model import Task
from traceapp.worklist.policy import duties_of
from traceapp.worklist.tasks import RaiseTask, assign_task, complete_tasks, drop_tasks, raise_task

from .model import Capa, CapaAction, CapaCause, CapaCheck, CapaDecision, CapaQuestion, CapaWhy
from .policy import DUE_DAYS, ActionFacts, Facts
from .states import TRANSITIONS, ActionState, next_state, refuse_out_of_turn

LATE_TASK, ACTION_TASK, ANSWER_TASK, CHECK_TASK = "capa.late", "capa.action", "capa.answer", "capa.check"
# What is to be done next in a state.
NEXT_TASK = {"open": "capa.investigate", "reopened": "capa.investigate", "investigating": "capa.plan",
             "planned": "capa.begin"}


@dataclass(frozen=True, slots=True)
class Act:
    """Which CAPA, which version of it, and what is done: `work` is a row of the table of work."""

    capa_id: str
    revision: int | None
    work: str
    permission: str = "capa.write"


@dataclass(frozen=True, slots=True)
class Step:
    """A change of state: its reason, and for a signature what it means and who signs."""

    action: str
    reason: str = ""
    meaning: str = ""
    signed_hash: str = ""
    data: dict[str, object] = field(default_factory=dict)


def capa_by_id(session: Session, capa_id: str, *, lock: bool = False) -> Capa:
    """The CAPA, locked for a change when asked. Raises NotFound."""
    capa = session.get(Capa, capa_id, with_for_update=True if lock else None)
    if capa is None:
        raise NotFound("There is no such CAPA.", code="unknown-capa", place="capa_id")
    return capa


def capa_stream(capa_id: str) -> str:
    """The name of its chain in the trail, and what tasks and files about it are about."""
    return stream_of("capa", capa_id)


def action_stream(action_id: str) -> str:
    """What tasks and proofs of an action are about."""
    return stream_of("capa_action", action_id)


def for_work(session: Session, actor: Actor, act: Act) -> Capa:
    """The CAPA, locked, when permission, state and version allow the work. Raises NotFound, Forbidden, Conflict (code
    `wrong-state`) and Stale."""
    permit(actor, act.permission)
    capa = capa_by_id(session, act.capa_id, lock=True)
    refuse_out_of_turn(capa.state, act.work)
    expect_revision(capa, act.revision)
    return capa


def for_step(session: Session, actor: Actor, action: str, capa_id: str, revision: int | None) -> Capa:
    """The CAPA, locked, when the table, the permissions and the revision allow `action`; its state is not changed yet.
    Raises NotFound, Forbidden, Conflict (code `wrong-state`) and Stale."""
    permit(actor, TRANSITIONS[action][2])
    capa = capa_by_id(session, capa_id, lock=True)
    next_state(capa.state, action)
    expect_revision(capa, revision)
    return capa


def note(session: Session, actor: Actor, clock: Clock, capa: Capa, entry: tuple[str, dict[str, object]]) -> None:
    """Count an act on the CAPA, so that it is a new version, and put (name, data) into the trail."""
    capa.changes += 1
    record(session, actor, clock.now(), f"capa.{entry[0]}", capa_stream(capa.id), entry[1])


_DONE = {"investigate": "investigated", "plan": "planned", "think_again": "thought_again", "begin": "begun",
         "verify": "verified", "close": "closed", "reopen": "reopened", "cancel": "cancelled"}


def move(session: Session, actor: Actor, clock: Clock, capa: Capa, step: Step) -> CapaDecision:
    """Change the state by the table, keep the decision, and hand on the duty."""
    now = clock.now()
    before, capa.state = capa.state, next_state(capa.state, step.action)
    note(session, actor, clock, capa, (_DONE[step.action], {"before": str(before), "after": str(capa.state),
                                                            **step.data}))
    made = CapaDecision(
        capa_id=capa.id, position=next_position(session, CapaDecision, capa.id), action=step.action,
        before=str(before), after=str(capa.state), reason=step.reason, at=now, user_id=actor.id,
        user_name=actor.name or actor.id, meaning=step.meaning, signed_hash=step.signed_hash)
    session.add(made)
    for kind in {NEXT_TASK.get(before, ""), "capa.verify", CHECK_TASK, "capa.close"} - {""}:
        drop_tasks(session, actor, clock, capa_stream(capa.id), kind)
    if capa.state in NEXT_TASK:
        raise_duty(session, actor, clock, capa, NEXT_TASK[capa.state])
    return made


def raise_duty(session: Session, actor: Actor, clock: Clock, capa: Capa, kind: str,
               due_at: datetime | None = None) -> Task:
    """A duty about the CAPA: its owner's, or the manager's where only the manager may do it."""
    role = "quality_manager" if kind in ("capa.close", LATE_TASK) else "quality"
    task = raise_task(session, actor, clock, RaiseTask(
        kind, capa_stream(capa.id), role, due_at or clock.now() + timedelta(days=DUE_DAYS[kind]), None,
        {"reference": capa.reference, "capa_id": capa.id}))
    if role == "quality" and task.assignee_id is None:
        _hand_to(session, actor, clock, task, capa.owner_id)
    return task


def raise_personal(session: Session, actor: Actor, clock: Clock, capa: Capa,
                   duty: tuple[str, str, str, datetime]) -> None:
    """A duty of one person: (kind, about, user id, due time)."""
    kind, about, user_id, due_at = duty
    user = session.get(User, user_id)
    role = user.role if user is not None and duties_of(user.role) else "quality"
    task = raise_task(session, actor, clock, RaiseTask(
        kind, about, role if role != "quality_manager" else "quality", due_at, None,
        {"reference": capa.reference, "capa_id": capa.id}))
    _hand_to(session, actor, clock, task, user_id)


def _hand_to(session: Session, actor: Actor, clock: Clock, task: Task, user_id: str) -> None:
    session.flush()
    if task.assignee_id != user_id:
        assign_task(session, actor, clock, task.id, user_id)


def known_person(session: Session, user_id: str, permission: str, *, place: str) -> User:
    """The person, when active and allowed to do this. Raises InvalidInput."""
    user = session.get(User, user_id)
    if user is None or not user.is_active or not may(user.role, permission):
        raise InvalidInput("Choose somebody who is active here and may do this.", code="unknown-person", place=place)
    return user


_Parts = type[CapaCause] | type[CapaAction] | type[CapaCheck] | type[CapaQuestion]
_Rows = _Parts | type[CapaDecision]


def next_position(session: Session, model: _Rows, capa_id: str) -> int:
    """The number of the next row of this kind, from 1."""
    last = session.scalar(select(func.max(model.position)).where(model.capa_id == capa_id))
    return (last or 0) + 1


def facts_of(session: Session, capa: Capa) -> Facts:
    """What the guards ask."""
    session.flush()
    checks = session.execute(select(CapaCheck.conclusion, CapaCheck.stated_at, CapaCheck.planned_on).where(
        CapaCheck.capa_id == capa.id).order_by(CapaCheck.position)).all()
    return Facts(
        verdicts=tuple(session.scalars(select(CapaCause.verdict).where(CapaCause.capa_id == capa.id))),
        no_cause=capa.no_cause,
        actions=tuple(ActionFacts(*row) for row in session.execute(
            select(CapaAction.state, CapaAction.owner_id, CapaAction.due_on, CapaAction.done_by, CapaAction.done_at,
                   func.coalesce(User.is_active, False))
            .outerjoin(User, User.id == CapaAction.owner_id).where(CapaAction.capa_id == capa.id))),
        conclusions=tuple(check.conclusion for check in checks),
        stated_at=checks[-1].stated_at if checks else None, planned_on=checks[-1].planned_on if checks else None,
        open_questions=session.scalar(select(func.count()).select_from(CapaQuestion).where(
            CapaQuestion.capa_id == capa.id, CapaQuestion.answered_at.is_(None))) or 0)


_SIGNED: dict[_Parts, tuple[str, ...]] = {
    CapaCause: ("id", "parent_id", "kind", "text", "evidence", "verdict"),
    CapaAction: ("id", "what", "owner_id", "due_on", "state", "done_at", "done_by", "outcome"),
    CapaCheck: ("id", "criterion", "method", "planned_on", "stated_at", "result", "conclusion", "concluded_at"),
    CapaQuestion: ("id", "question", "answer", "answered_at")}


def signed_hash(session: Session, capa: Capa) -> str:
    """SHA-256 of what a signature covers: the description, the causes, the actions with their proofs, the verification,
    the answers."""
    session.flush()
    body: dict[str, object] = {name: getattr(capa, name) for name in (
        "id", "reference", "kind", "title", "problem", "problem_kind", "no_cause")}
    body["whys"] = list(session.scalars(select(CapaWhy.answer).where(CapaWhy.capa_id == capa.id)
                                        .order_by(CapaWhy.position)))
    for model, names in _SIGNED.items():
        rows = session.scalars(select(model).where(model.capa_id == capa.id).order_by(model.position, model.id))
        body[model.__tablename__] = [[getattr(row, name) for name in names] for row in rows]
    abouts = [action_stream(key) for key in session.scalars(select(CapaAction.id).where(
        CapaAction.capa_id == capa.id))]
    body["proofs"] = {about: [one.sha256 for one in files]
                      for about, files in attachments_of_all(session, abouts).items()}
    return hashlib.sha256(canonical(body).encode("utf-8")).hexdigest()


def calm(session: Session, actor: Actor, clock: Clock, capa: Capa) -> None:
    """Once nothing is left of what the manager was told is late, the manager's duty ends."""
    session.flush()
    left = (select(CapaAction.id).where(CapaAction.capa_id == capa.id, CapaAction.state == ActionState.open,
                                        CapaAction.escalated_at.is_not(None)),
            select(CapaCheck.id).where(CapaCheck.capa_id == capa.id, CapaCheck.conclusion.is_(None),
                                       CapaCheck.escalated_at.is_not(None)),
            select(CapaQuestion.id).where(CapaQuestion.capa_id == capa.id, CapaQuestion.answered_at.is_(None),
                                          CapaQuestion.escalated_at.is_not(None)))
    if not session.scalar(select(or_(*(one.exists() for one in left)))):
        complete_tasks(session, actor, clock, capa_stream(capa.id), LATE_TASK, "nothing is late any more")
