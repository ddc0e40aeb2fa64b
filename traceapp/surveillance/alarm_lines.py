"""Critical values, worked out once and kept, so that nothing that somebody waits for works one out."""
from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy.orm import Session

from traceapp.db.insert import insert_if_new

from .watch_model import AlarmLine

# Exact lines of longer plans take seconds to minutes.
LARGEST_EXACT = 256.0


@dataclass(frozen=True, slots=True)
class Plan:
    """A test to find the line of: level, planned end in expected reports, least count, and how many reports the rate
    was learnt from (None: it is taken as known). Ends and histories are put on the grids of `signals`, so that many
    tests share a line.

    A plan beyond `LARGEST_EXACT` has its line from the closed bound of `signals.late`: it is judged in its second half
    only, the first being the stage before; a learnt rate is then taken at its upper limit for half of the level."""

    alpha: float
    planned: float
    minimum_events: int
    history: int | None

    @property
    def key(self) -> str:
        """What the line is kept under."""
        if self.is_late:
            return f"{self.alpha!r} late {'known' if self.history is None else 'learnt'}"
        return f"{self.alpha!r} {self.upper!r} {self.minimum_events} {self.shared_history or 'known'}"

    @property
    def is_late(self) -> bool:
        """Whether it is judged by the closed bound, in its second half."""
        return self.planned > LARGEST_EXACT

    @property
    def margin(self) -> float:
        """What the expected count is multiplied by before the ratio is taken."""
        if not self.is_late or self.shared_history is None:
            return 1.0
        from traceapp.signals.late import rate_margin

        return rate_margin(self.shared_history, self.alpha / 2)

    @property
    def upper(self) -> float:
        from traceapp.signals.maxsprt import LARGEST_UPPER, planned_upper

        return min(planned_upper(self.planned), LARGEST_UPPER)

    @property
    def shared_history(self) -> int | None:
        """The history that the line is for; the ratio must be taken with it."""
        if self.history is None:
            return None
        from traceapp.signals.conditional import known_at_least

        return known_at_least(self.history)


def worked_out(plan: Plan) -> AlarmLine:
    """The line of a plan; may take seconds for a long one."""
    from traceapp.signals.conditional import conditional_critical_value
    from traceapp.signals.late import late_critical_value
    from traceapp.signals.maxsprt import critical_value

    if plan.is_late:
        level = plan.alpha if plan.history is None else plan.alpha / 2
        return AlarmLine(key=plan.key, value=late_critical_value(level), size=level)
    history = plan.shared_history
    found = (critical_value(plan.alpha, plan.upper, minimum_events=plan.minimum_events) if history is None else
             conditional_critical_value(plan.alpha, plan.upper, history, minimum_events=plan.minimum_events))
    return AlarmLine(key=plan.key, value=found.value, size=found.size)


def known_line(session: Session, plan: Plan) -> AlarmLine | None:
    """The line of a plan, if it was worked out before."""
    return session.get(AlarmLine, plan.key)


def keep_line(session: Session, line: AlarmLine) -> None:
    """Keep a line; another process may have found the same."""
    insert_if_new(session, AlarmLine, {"key": line.key, "value": line.value, "size": line.size})


def line_of(session: Session, plan: Plan) -> AlarmLine:
    """The line of a plan, worked out and kept where it is new."""
    found = known_line(session, plan)
    if found is None:
        found = worked_out(plan)
        keep_line(session, found)
    return found
