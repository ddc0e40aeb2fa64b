"""Deciding about a case: each act of the state table, with who, why, and what its form asks."""
from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from traceapp.audit import record, stream_of
from traceapp.catalog.texts import required_text, short_text
from traceapp.complaint.states import Severity
from traceapp.core.actor import Actor
from traceapp.core.clock import Clock
from traceapp.core.errors import Conflict, InvalidInput, NotFound
from traceapp.db import expect_revision
from traceapp.identity.policy import permit
from traceapp.worklist.tasks import complete_tasks, raise_task

from .alarm import NodeKind, SeverityGroup
from .case_lots import refresh_lots
from .cases import REVIEW_WITHIN, duty_of
from .merging import next_position, take_over
from .model import Signal, SignalDecision, SignalNode
from .observe import report_days
from .states import TRANSITIONS, UNDECIDED, Priority, SignalState, next_state

LONGEST_REASON = 4000
MOST_PEOPLE = 1_000_000
# Until when a case of each priority is to be answered, counted from the act that gave the priority.
DUE_WITHIN = {Priority.high: timedelta(days=2), Priority.medium: timedelta(days=7), Priority.low: timedelta(days=30)}
# The duty that each state leaves open.
_DUTIES = {SignalState.open: "signal.review", SignalState.validated: "signal.prioritise",
           SignalState.prioritised: "signal.assess", SignalState.assessed: "signal.decide"}


class Reality(StrEnum):
    """Whether the assessment takes the signal for real."""

    real = "real"
    unclear = "unclear"
    not_real = "not_real"


class Proposal(StrEnum):
    """What an assessment proposes to do."""

    recall = "recall"
    hold = "hold"
    capa = "capa"
    watch = "watch"
    nothing = "nothing"


@dataclass(frozen=True, slots=True)
class Assessment:
    """What was looked at, whether it is real, the worst harm (a grade of complaints), how many people, and what is
    proposed. `people` None: not known."""

    looked_at: str
    is_real: str
    severity: str
    proposal: str
    people: int | None = None


@dataclass(frozen=True, slots=True)
class Decide:
    """`action` of `states.TRANSITIONS`, with the reason that the case will show; `priority` with `prioritise`,
    `assessment` with `assess`, `into_id` (the case that takes this one) with `merge`."""

    lot_key: str
    signal_id: str
    action: str
    reason: str
    revision: int | None = None
    priority: str | None = None
    assessment: Assessment | None = None
    into_id: str | None = None


def decide_signal(session: Session, actor: Actor, clock: Clock, command: Decide) -> Signal:
    """Decide about a case with a reason. Raises Conflict where the table does not allow the action, InvalidInput for
    what its form lacks, NotFound, Stale."""
    permit(actor, TRANSITIONS[command.action][2])
    case = session.get(Signal, (command.lot_key, command.signal_id), with_for_update=True)
    if case is None:
        raise NotFound("There is no such signal.")
    reason = short_text(command.reason, LONGEST_REASON, place="reason")
    if not reason:
        raise InvalidInput("Give the reason; it stays with the case.", place="reason")
    expect_revision(case, command.revision)
    before = case.state
    after = next_state(before, command.action)
    now = clock.now()
    details = _EFFECTS.get(command.action, _no_effect)(session, case, command, now)
    case.state = after
    _set_due(case, command.action, now)
    session.flush()
    refresh_lots(session, case)
    session.add(SignalDecision(
        lot_key=case.lot_key, signal_id=case.id, position=next_position(session, case), action=command.action,
        reason=reason, at=now, by=actor.name or actor.id, details=details))
    _pass_duty_on(session, actor, clock, case, command.action)
    record(session, actor, now, f"signal.{command.action}", stream_of("signal", case.id),
           {"before": str(before), "after": str(case.state), "reason": reason} | details)
    return case


def _no_effect(_session: Session, _case: Signal, _command: Decide, _now: datetime) -> dict[str, Any]:
    return {}


def _prioritise(_session: Session, case: Signal, command: Decide, _now: datetime) -> dict[str, Any]:
    if command.priority not in set(Priority):
        raise InvalidInput("Choose how urgent it is.", code="unknown-priority", place="priority")
    case.priority = str(command.priority)
    return {"priority": case.priority}


def _assess(_session: Session, _case: Signal, command: Decide, _now: datetime) -> dict[str, Any]:
    given = command.assessment
    if given is None:
        raise InvalidInput("Say what was looked at.", code="missing", place="looked_at")
    looked_at = required_text(short_text(given.looked_at, LONGEST_REASON, place="looked_at"), place="looked_at")
    for name, allowed in (("is_real", Reality), ("severity", Severity), ("proposal", Proposal)):
        if getattr(given, name) not in set(allowed):
            raise InvalidInput("Choose one of the answers.", code="unknown-answer", place=name)
    if given.people is not None and not 0 <= given.people <= MOST_PEOPLE:
        raise InvalidInput("Give a whole number of people.", code="out-of-range", place="people")
    return {name: value if value is None or isinstance(value, int) else str(value)
            for name, value in asdict(given).items()} | {"looked_at": looked_at}


def _merge(session: Session, case: Signal, command: Decide, _now: datetime) -> dict[str, Any]:
    target = session.scalar(select(Signal).where(Signal.id == (command.into_id or "")).with_for_update())
    if target is None:
        raise InvalidInput("There is no such signal.", code="unknown-signal", place="into_id")
    if target.id == case.id or target.state not in UNDECIDED:
        raise Conflict("A signal can be merged only into another one that is not decided yet.", code="cannot-take",
                       place="into_id")
    return take_over(session, case, target)


def _refute(session: Session, case: Signal, _command: Decide, now: datetime) -> dict[str, Any]:
    """What is known now stays known: a further report counts from here."""
    nodes = session.scalars(select(SignalNode).where(
        SignalNode.signal_id == case.id, SignalNode.kind == NodeKind.lot,
        SignalNode.severity_group == SeverityGroup.harm)).all()
    days = report_days(session, [node.node_key for node in nodes])
    for node in nodes:
        node.observed = max(node.observed, sum(day <= now.date() for day in days.get(node.node_key, ())))
    return {}


def _reopen(session: Session, case: Signal, _command: Decide, _now: datetime) -> dict[str, Any]:
    taker_id = case.merged_into_id
    case.state, case.merged_into_id, case.priority = SignalState.open, None, None
    session.flush()
    taker = session.scalar(select(Signal).where(Signal.id == taker_id)) if taker_id else None
    if taker is not None:
        refresh_lots(session, taker)
        return {"out_of": taker.id, "out_of_reference": taker.reference}
    return {}


_EFFECTS: dict[str, Callable[[Session, Signal, Decide, datetime], dict[str, Any]]] = {
    "prioritise": _prioritise, "assess": _assess, "merge": _merge, "refute": _refute, "close": _refute,
    "reopen": _reopen}


def _set_due(case: Signal, action: str, now: datetime) -> None:
    if action in ("validate", "reopen"):
        case.due_at = now + REVIEW_WITHIN
    elif action == "prioritise":
        case.due_at = now + DUE_WITHIN[Priority(str(case.priority))]
    elif case.state not in UNDECIDED:
        case.due_at = None


def _pass_duty_on(session: Session, actor: Actor, clock: Clock, case: Signal, action: str) -> None:
    """What had to be done is done by this act; the state that it leads to has a duty of its own."""
    about = f"signal:{case.id}"
    for kind in _DUTIES.values():
        complete_tasks(session, actor, clock, about, kind, action)
    if case.due_at is not None:
        raise_task(session, actor, clock, duty_of(case, _DUTIES[SignalState(case.state)], case.due_at))
