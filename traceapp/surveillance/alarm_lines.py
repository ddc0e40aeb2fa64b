"""Critical values, worked out once and kept, so that nothing that somebody waits for works one out."""
from __future__ import annotations

from sqlalchemy.orm import Session

from traceapp.db.insert import insert_if_new
from traceapp.signals.stages import Plan, line

from .watch_model import AlarmLine


def worked_out(plan: Plan) -> AlarmLine:
    """The line of a plan; may take seconds for a long one."""
    found = line(plan)
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
