"""What is done about a CAPA, and whether it helped: actions, the criterion, the verification."""
from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from sqlalchemy import select
from sqlalchemy.orm import Session

from traceapp.catalog.texts import required_text, short_text
from traceapp.complaint.policy import one_of
from traceapp.core.actor import Actor
from traceapp.core.clock import Clock
from traceapp.core.errors import Conflict, Forbidden, InvalidInput, NotFound
from traceapp.core.ids import new_id
from traceapp.identity.policy import holds
from traceapp.worklist.tasks import complete_tasks, drop_tasks

from .cases import (
    ACTION_TASK,
    CHECK_TASK,
    Act,
    Step,
    action_stream,
    calm,
    capa_stream,
    for_work,
    known_person,
    move,
    next_position,
    note,
    raise_duty,
    raise_personal,
)
from .model import Capa, CapaAction, CapaCheck
from .opening import TEXT
from .policy import end_of, home_day
from .states import ActionState, CapaState, Conclusion

MOST_ACTIONS = 100


@dataclass(frozen=True, slots=True)
class AddAction:
    """Owner and day may follow, but must stand before the work begins."""

    capa_id: str
    what: str
    owner_id: str | None = None
    due_on: date | None = None
    revision: int | None = None


@dataclass(frozen=True, slots=True)
class ChangeAction:
    capa_id: str
    action_id: str
    what: str
    owner_id: str | None = None
    due_on: date | None = None
    revision: int | None = None


@dataclass(frozen=True, slots=True)
class FinishAction:
    """`outcome`: what was done; a proof hangs on `capa_action:…` as a file."""

    capa_id: str
    action_id: str
    outcome: str
    revision: int | None = None


@dataclass(frozen=True, slots=True)
class DropAction:
    capa_id: str
    action_id: str
    reason: str
    revision: int | None = None


@dataclass(frozen=True, slots=True)
class StateCriterion:
    """How it will be judged whether the actions helped, and on which day."""

    capa_id: str
    criterion: str
    method: str
    planned_on: date
    revision: int | None = None


@dataclass(frozen=True, slots=True)
class ConcludeCheck:
    """What the verification found; `conclusion`: effective, or not effective, which reopens the CAPA."""

    capa_id: str
    conclusion: str
    result: str
    revision: int | None = None


def add_action(session: Session, actor: Actor, clock: Clock, command: AddAction) -> CapaAction:
    """A further action. Raises InvalidInput for a person who cannot own one, Conflict, Stale."""
    capa = for_work(session, actor, Act(command.capa_id, command.revision, "add_action"))
    action = CapaAction(id=new_id(clock.now()), capa_id=capa.id, state=ActionState.open, outcome="",
                        position=next_position(session, CapaAction, capa.id))
    if action.position > MOST_ACTIONS:
        raise Conflict("There are %(most)s actions already.", code="too-many", most=MOST_ACTIONS)
    _describe(session, capa, action, command)
    session.add(action)
    note(session, actor, clock, capa, ("action_added", {
        "action": action.id, "owner": action.owner_id, "due_on": action.due_on}))
    _remind(session, actor, clock, capa, action)
    session.flush()
    return action


def change_action(session: Session, actor: Actor, clock: Clock, command: ChangeAction) -> CapaAction:
    """The action anew: what, who, by when. Raises as `add_action`, NotFound, and Conflict for one that has ended."""
    capa = for_work(session, actor, Act(command.capa_id, command.revision, "change_action"))
    action = _open_action(session, capa, command.action_id)
    before = {"owner": action.owner_id, "due_on": action.due_on}
    _describe(session, capa, action, command)
    action.escalated_at = None
    note(session, actor, clock, capa, ("action_changed", {
        "action": action.id, "before": before, "after": {"owner": action.owner_id, "due_on": action.due_on}}))
    drop_tasks(session, actor, clock, action_stream(action.id))
    _remind(session, actor, clock, capa, action)
    calm(session, actor, clock, capa)
    return action


def _describe(session: Session, capa: Capa, action: CapaAction, command: AddAction | ChangeAction) -> None:
    if command.owner_id is not None:
        known_person(session, command.owner_id, "capa.act", place="owner_id")
    if capa.state == CapaState.acting and (command.owner_id is None or command.due_on is None):
        raise InvalidInput("Every action needs somebody who does it, and a day.", code="action-without-owner",
                           place="owner_id" if command.owner_id is None else "due_on")
    action.what = short_text(required_text(command.what, place="what"), TEXT, place="what")
    action.owner_id, action.due_on = command.owner_id, command.due_on


def _remind(session: Session, actor: Actor, clock: Clock, capa: Capa, action: CapaAction) -> None:
    """A duty of its owner, once the work has begun."""
    if capa.state == CapaState.acting and action.owner_id is not None and action.due_on is not None:
        raise_personal(session, actor, clock, capa, (ACTION_TASK, action_stream(action.id), action.owner_id,
                                                     end_of(action.due_on)))
        drop_tasks(session, actor, clock, capa_stream(capa.id), "capa.verify")


def remind_owners(session: Session, actor: Actor, clock: Clock, capa: Capa) -> None:
    """The duties of all who own an open action, when the work begins."""
    for action in session.scalars(select(CapaAction).where(
            CapaAction.capa_id == capa.id, CapaAction.state == ActionState.open).order_by(CapaAction.position)):
        _remind(session, actor, clock, capa, action)


def finish_action(session: Session, actor: Actor, clock: Clock, command: FinishAction) -> CapaAction:
    """The action, done. Its owner says so, or quality for them. Raises Forbidden for others, NotFound, Conflict,
    InvalidInput without saying what was done."""
    capa = for_work(session, actor, Act(command.capa_id, command.revision, "finish_action", "capa.act"))
    action = _open_action(session, capa, command.action_id)
    if actor.id != action.owner_id and not holds(actor, "capa.write"):
        raise Forbidden("This action is somebody else's.", code="not-yours")
    action.outcome = short_text(required_text(command.outcome, place="outcome"), TEXT, place="outcome")
    action.state, action.done_at, action.done_by = ActionState.done, clock.now(), actor.id
    note(session, actor, clock, capa, ("action_done", {"action": action.id, "due_on": action.due_on}))
    complete_tasks(session, actor, clock, action_stream(action.id), ACTION_TASK, "done")
    _look_ahead(session, actor, clock, capa)
    return action


def drop_action(session: Session, actor: Actor, clock: Clock, command: DropAction) -> CapaAction:
    """The action, not to be done after all, and why. Raises NotFound, Conflict, InvalidInput without a reason."""
    capa = for_work(session, actor, Act(command.capa_id, command.revision, "drop_action"))
    action = _open_action(session, capa, command.action_id)
    action.outcome = short_text(required_text(command.reason, place="reason"), TEXT, place="reason")
    action.state = ActionState.dropped
    note(session, actor, clock, capa, ("action_dropped", {"action": action.id}))
    drop_tasks(session, actor, clock, action_stream(action.id))
    _look_ahead(session, actor, clock, capa)
    return action


def _look_ahead(session: Session, actor: Actor, clock: Clock, capa: Capa) -> None:
    """Once the last action has ended, somebody begins the verification."""
    session.flush()
    left = session.scalars(select(CapaAction.id).where(
        CapaAction.capa_id == capa.id, CapaAction.state == ActionState.open).limit(1)).first()
    if left is None and capa.state == CapaState.acting:
        raise_duty(session, actor, clock, capa, "capa.verify")
    calm(session, actor, clock, capa)


def _open_action(session: Session, capa: Capa, action_id: str) -> CapaAction:
    action = session.get(CapaAction, action_id, with_for_update=True)
    if action is None or action.capa_id != capa.id:
        raise NotFound("There is no such action.", code="unknown-action", place="action_id")
    if action.state != ActionState.open:
        raise Conflict("This action has ended already.", code="action-ended")
    return action


def state_criterion(session: Session, actor: Actor, clock: Clock, command: StateCriterion) -> CapaCheck:
    """The criterion of the verification, stated before anything is done; while it is not in use it can be stated anew.
    Raises InvalidInput, Conflict once the actions have begun."""
    capa = for_work(session, actor, Act(command.capa_id, command.revision, "state_criterion"))
    if command.planned_on < home_day(clock.now()):
        raise InvalidInput("This day is past.", code="past", place="planned_on")
    check = open_check(session, capa.id)
    if check is None:
        check = CapaCheck(id=new_id(clock.now()), capa_id=capa.id, result="",
                          position=next_position(session, CapaCheck, capa.id))
        session.add(check)
    check.criterion = short_text(required_text(command.criterion, place="criterion"), TEXT, place="criterion")
    check.method = short_text(required_text(command.method, place="method"), TEXT, place="method")
    check.planned_on, check.stated_at, check.stated_by = command.planned_on, clock.now(), actor.id
    note(session, actor, clock, capa, ("criterion_stated", {"check": check.id, "planned_on": check.planned_on}))
    session.flush()
    return check


def conclude_check(session: Session, actor: Actor, clock: Clock, command: ConcludeCheck) -> CapaCheck:
    """What the verification found. Not effective reopens the CAPA, on any day; effective can be said from the planned
    day on and asks the manager to close it. Raises Conflict, InvalidInput without a result."""
    capa = for_work(session, actor, Act(command.capa_id, command.revision, "conclude"))
    check = open_check(session, capa.id)
    if check is None:
        raise Conflict("This verification has its conclusion already.", code="concluded")
    conclusion = one_of(Conclusion, command.conclusion, place="conclusion")
    if conclusion == Conclusion.effective and home_day(clock.now()) < check.planned_on:
        raise Conflict("Whether it helped shows on the planned day, %(day)s, at the earliest. Before that it can only "
                       "be said that it did not.", code="too-early", place="conclusion",
                       day=check.planned_on.isoformat())
    check.result = short_text(required_text(command.result, place="result"), TEXT, place="result")
    check.conclusion, check.concluded_at, check.concluded_by = conclusion, clock.now(), actor.id
    note(session, actor, clock, capa, ("check_concluded", {"check": check.id, "conclusion": str(conclusion)}))
    complete_tasks(session, actor, clock, capa_stream(capa.id), CHECK_TASK, str(conclusion))
    calm(session, actor, clock, capa)
    if conclusion == Conclusion.not_effective:
        move(session, actor, clock, capa, Step("reopen", check.result, data={"check": check.id}))
    else:
        raise_duty(session, actor, clock, capa, "capa.close")
    session.flush()
    return check


def open_check(session: Session, capa_id: str) -> CapaCheck | None:
    """The verification that has no conclusion yet."""
    return session.scalars(select(CapaCheck).where(CapaCheck.capa_id == capa_id, CapaCheck.conclusion.is_(None))
                           .order_by(CapaCheck.position.desc()).limit(1)).first()
