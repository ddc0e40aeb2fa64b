"""What ran late in CAPAs: the manager is told, once for each."""
from __future__ import annotations

from datetime import date, datetime
from typing import Any

from sqlalchemy import Select, select
from sqlalchemy.orm import Session

from traceapp.core.actor import SYSTEM
from traceapp.core.clock import Clock

from .cases import LATE_TASK, note, raise_duty
from .model import Capa, CapaAction, CapaCheck, CapaQuestion
from .policy import home_day
from .states import ActionState, CapaState


def _wanted(now: datetime, today: date) -> tuple[tuple[str, Select[Any]], ...]:
    """What is late and was not told of yet: actions and verifications in their turn, questions without an answer."""
    def in_state(model: type[CapaAction] | type[CapaCheck], state: CapaState) -> Select[Any]:
        return select(model).join(Capa, Capa.id == model.capa_id).where(Capa.state == state,
                                                                        model.escalated_at.is_(None))

    return (("action", in_state(CapaAction, CapaState.acting).where(
                CapaAction.state == ActionState.open, CapaAction.due_on < today)),
            ("check", in_state(CapaCheck, CapaState.verifying).where(
                CapaCheck.conclusion.is_(None), CapaCheck.planned_on < today)),
            ("question", select(CapaQuestion).join(Capa, Capa.id == CapaQuestion.capa_id).where(
                Capa.state.not_in((CapaState.closed, CapaState.cancelled)), CapaQuestion.answered_at.is_(None),
                CapaQuestion.due_at < now, CapaQuestion.escalated_at.is_(None))))


def is_any_late(session: Session, clock: Clock) -> bool:
    """Whether something is late of which nobody was told yet."""
    now = clock.now()
    return any(session.scalars(wanted.limit(1)).first() is not None
               for _what, wanted in _wanted(now, home_day(now)))


def tell_late(session: Session, clock: Clock, limit: int = 100) -> int:
    """Give the manager a duty for each CAPA in which something is late; answers how many things. A CAPA is locked
    before its parts, as by whoever works on it; one in somebody's hands is looked at the next time."""
    now, told = clock.now(), 0
    for what, wanted in _wanted(now, home_day(now)):
        rows = list(session.scalars(wanted.limit(limit)))
        free = {one.id: one for one in session.scalars(select(Capa).where(
            Capa.id.in_({row.capa_id for row in rows})).order_by(Capa.id).with_for_update(skip_locked=True))}
        for row in rows:
            capa = free.get(row.capa_id)
            session.refresh(row, with_for_update=True)
            if capa is None or row.escalated_at is not None:
                continue
            row.escalated_at = now
            note(session, SYSTEM, clock, capa, ("late", {"what": what, "id": row.id}))
            raise_duty(session, SYSTEM, clock, capa, LATE_TASK, now)
            told += 1
    session.flush()
    return told
