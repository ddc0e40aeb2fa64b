"""Scopes that would start from a signal: from what stands out in it, and from its causes as they are ranked now."""
from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING

from sqlalchemy.orm import Session

from traceapp.core.errors import NotFound
from traceapp.surveillance.alarm import NodeKind
from traceapp.surveillance.case_reads import lot_keys_of, recall_roots
from traceapp.surveillance.lineage import LASTING
from traceapp.surveillance.model import Signal
from traceapp.surveillance.naming import watch_key
from traceapp.surveillance.queries import signal_by_id
from traceapp.surveillance.ranking import Likeliest, likeliest_cause
from traceapp.surveillance.watch_model import WatchNode

from .scope_rule import Rule, RuleKind

if TYPE_CHECKING:
    from traceapp.signals.causes import CauseClass


def causes_of_signal(session: Session, signal_id: str, on: date) -> Likeliest:
    """What is known of the cause of a signal on a day. Raises NotFound."""
    case = signal_by_id(session, signal_id)
    if case is None:
        raise NotFound("There is no such signal.", code="unknown-signal", place="signal_id")
    return likeliest_cause(session, lot_keys_of(session, case), on)


def rule_of_signal(session: Session, case: Signal) -> Rule:
    """The scope that would start from what stands out: the lot, the material, or the line, lane or partner in the
    quarter of its alarm; the lots of its strongest alarm where that is not watched any more."""
    if case.kind in (NodeKind.lot, NodeKind.upstream):
        return Rule(RuleKind.cause, (case.node_key,), signal_id=case.id)
    test = session.get(WatchNode, (watch_key(case.kind, case.node_key), case.severity_group))
    if test is None:
        return Rule(RuleKind.lots, recall_roots(session, case), signal_id=case.id)
    since, until = _days_of(test.period)
    return Rule(RuleKind.cause, (f"{case.kind}:{test.subject}",), since, until, signal_id=case.id)


def _days_of(period: str) -> tuple[date | None, date | None]:
    """The first and the last day of a quarter as `membership` writes it; none where there is no period."""
    year, quarter, number = period.partition("Q")
    if not quarter:
        return None, None
    month = int(number) * 3
    last = date(int(year), month, 31 if number in "14" else 30)
    return date(int(year), month - 2, 1), last


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
    return Rule(RuleKind.cause, members, since if has_things else None, signal_id=signal_id,
                by_arrival=since is not None and _is_by_arrival(one))


def _is_by_arrival(one: CauseClass) -> bool:
    """Whether the day of a class is one on which lots of a supplier came in: its only lasting member is a supplier."""
    lasting = [kind for key in one.members if (kind := key.partition(":")[0]) in LASTING and ":" in key]
    return lasting == [NodeKind.supplier]
