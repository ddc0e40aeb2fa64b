"""What waited after the end of a recall before there were states of it is judged by the rule of today."""
from __future__ import annotations

from sqlalchemy.orm import Session

from traceapp.core.clock import Clock

from .late import judge_waiting
from .late_returns import end_idle_duties

# Work for the scheduler, about a recall; a migration asks for it.
REVIEW_LATE = "recall.review_late"


def review_late(session: Session, clock: Clock, recall_id: str) -> None:
    """End the answers of which nobody has to think, and the duties about goods that are nobody's work any more."""
    judge_waiting(session, clock, recall_id)
    end_idle_duties(session, clock, recall_id)
