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

if TYPE_CHECKING:
    from traceapp.signals.causes import CauseClass


def causes_of_signal(session: Session, signal_id: str, on: date) -> Likeliest:
    """What is known of the cause of a signal on a day. Raises NotFound."""
    case = signal_by_id(session, signal_id)
    if case is None:
        raise NotFound("There is no such signal.", code="unknown-signal", place="signal_id")
    return likeliest_cause(session, lot_keys_of(session, case), on)


def rule_of_cause(one: CauseClass, signal_id: str) -> Rule:
    """The scope that would start from a class of causes. A lasting thing counts from the day on which its fault most
    likely began."""
    return _rule(one, one.members, signal_id)


def alternatives_of(one: CauseClass, signal_id: str) -> tuple[Rule, ...]:
    """The scopes that would start from each member of a class alone, none of which the reports tell apart; none where
    there is one member."""
    return tuple(_rule(one, (member,), signal_id) for member in one.members) if len(one.members) > 1 else ()


def _rule(one: CauseClass, members: tuple[str, ...], signal_id: str) -> Rule:
    since = None if one.since is None else date.fromordinal(int(one.since))
    has_things = any(":" in key for key in members)
    return Rule(RuleKind.cause, members, since if has_things else None, signal_id=signal_id)
