"""Deciding what an assessment cannot: a group event, a threat to public health, action that is needed at once."""
from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from traceapp.audit import record
from traceapp.complaint.policy import cleaned_text, one_of
from traceapp.core.actor import Actor
from traceapp.core.clock import Clock
from traceapp.core.errors import Conflict, InvalidInput
from traceapp.identity.policy import permit
from traceapp.rules import Trigger
from traceapp.worklist.clock_model import LegalClock

from .clocks import further_clocks
from .decision_model import AdverseEventDecision, DecisionKind
from .service import about, adverse_event_of
from .states import AdverseEventState

# A group is told of at once, and each of its cases, too.
_TRIGGERS = {kind: frozenset({Trigger(kind)}) for kind in DecisionKind} | {
    DecisionKind.group_event: frozenset({Trigger.group_event, Trigger.group_event_case})}
_OPEN = (AdverseEventState.draft, AdverseEventState.assessed)


@dataclass(frozen=True, slots=True)
class DecideAdverseEvent:
    """`kind` of DecisionKind; `known_at`: since when we knew what it rests on, None for now."""

    adverse_event_id: str
    kind: str
    reason: str
    known_at: datetime | None = None
    revision: int | None = None


def decide_adverse_event(session: Session, actor: Actor, clock: Clock,
                         command: DecideAdverseEvent) -> Sequence[LegalClock]:
    """The clocks that begin with the decision; none where no market has a rule for it, and the decision stands all the
    same. Raises Forbidden, NotFound, Stale, InvalidInput, Conflict for a case that is not open or decided before."""
    permit(actor, "adverse_event.decide")
    event = adverse_event_of(session, command.adverse_event_id, command.revision)
    kind = one_of(DecisionKind, command.kind, place="kind")
    reason = cleaned_text(command.reason, place="reason", limit=2000, required=True)
    if event.state not in _OPEN:
        raise Conflict("This case is not open. Reopen it first.", code="wrong-state")
    if any(one.kind == kind for one in decisions_of(session, event.id)):
        raise Conflict("This was decided before; it stands on the page with its reason.", code="decided-before",
                       place="kind")
    now = clock.now()
    known_at = command.known_at or now
    if not event.awareness_at <= known_at <= now:
        raise InvalidInput("This must lie between the day when we learned of the event and now.", code="out-of-range",
                           place="known_at")
    session.add(AdverseEventDecision(lot_key=event.lot_key, adverse_event_id=event.id, kind=kind, known_at=known_at,
                                     at=now, by=actor.id, reason=reason))
    record(session, actor, now, "adverse_event.decided", about(event.id), {"kind": str(kind), "known_at": known_at})
    session.flush()
    return further_clocks(session, actor, clock, event, _TRIGGERS[kind], known_at)


def decisions_of(session: Session, adverse_event_id: str) -> list[AdverseEventDecision]:
    """What was decided of an event, oldest first."""
    return list(session.scalars(select(AdverseEventDecision)
                                .where(AdverseEventDecision.adverse_event_id == adverse_event_id)
                                .order_by(AdverseEventDecision.at, AdverseEventDecision.kind)))
