"""The causes of the signal that a case was opened from, as they are ranked now."""
from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING

from sqlalchemy.orm import Session

from traceapp.core.errors import NotFound
from traceapp.surveillance.case_reads import lot_keys_of
from traceapp.surveillance.queries import signal_by_id
from traceapp.surveillance.ranking import Likeliest, likeliest_cause

from .scope_rule import Rule, RuleKind
from .scope_seeds import startable

if TYPE_CHECKING:
    from traceapp.signals.causes import CauseClass


def causes_of_signal(session: Session, signal_id: str, on: date) -> Likeliest:
    """What is known of the cause of a signal on a day. Raises NotFound."""
    case = signal_by_id(session, signal_id)
    if case is None:
        raise NotFound("There is no such signal.", code="unknown-signal", place="signal_id")
    return likeliest_cause(session, lot_keys_of(session, case), on)


def rule_of_cause(one: CauseClass, signal_id: str) -> Rule | None:
    """The scope that would start from a class of causes; None where none of its members is a start. A lasting thing
    counts from the day on which its fault most likely began."""
    keys = startable(one.members)
    since = None if one.since is None else date.fromordinal(int(one.since))
    has_things = any(":" in key for key in keys)
    return Rule(RuleKind.cause, keys, since if has_things else None, signal_id=signal_id) if keys else None
