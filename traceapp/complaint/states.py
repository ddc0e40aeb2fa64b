"""The life of a complaint as a table: action -> (from states, to state, permission)."""
from __future__ import annotations

from enum import StrEnum

from traceapp.core.states import StateTable


class ComplaintState(StrEnum):
    """What was reached last. `verified`: triaged; `cause`: found; `agreed`: with whoever complained; `told`: the
    outcome; `improvement`: what was learned changes how we work."""

    received = "received"
    verified = "verified"
    cause = "cause"
    solution = "solution"
    agreed = "agreed"
    carried_out = "carried_out"
    told = "told"
    followed_up = "followed_up"
    archived = "archived"
    improvement = "improvement"


class Severity(StrEnum):
    """`critical`: death or danger to life; `major`: serious harm; `moderate`: harm; `minor`: could harm;
    `none`: no harm."""

    critical = "critical"
    major = "major"
    moderate = "moderate"
    minor = "minor"
    none = "none"


_S = ComplaintState
_WRITE = "complaint.write"
TRANSITIONS: dict[str, tuple[frozenset[ComplaintState], ComplaintState, str]] = {
    "triage": (frozenset({_S.received, _S.verified}), _S.verified, _WRITE),
    "investigate": (frozenset({_S.verified}), _S.verified, _WRITE),
    "find_cause": (frozenset({_S.verified, _S.cause}), _S.cause, _WRITE),
    # Short: where the cause is plain or needs no search, a solution is offered at once.
    "propose": (frozenset({_S.verified, _S.cause, _S.solution}), _S.solution, _WRITE),
    "agree": (frozenset({_S.solution}), _S.agreed, _WRITE),
    # Short: what nobody would refuse is done without asking.
    "carry_out": (frozenset({_S.solution, _S.agreed}), _S.carried_out, _WRITE),
    # Short: a question is answered, and that is all.
    "answer": (frozenset({_S.verified, _S.cause, _S.carried_out, _S.told}), _S.told, _WRITE),
    "follow_up": (frozenset({_S.told}), _S.followed_up, _WRITE),
    "archive": (frozenset({_S.followed_up}), _S.archived, _WRITE),
    # Short: an inquiry, a duplicate, another maker's product; or no solution could be agreed.
    "close": (frozenset({_S.verified, _S.cause, _S.solution, _S.told}), _S.archived, _WRITE),
    "improve": (frozenset({_S.archived}), _S.improvement, _WRITE),
    "reopen": (frozenset({_S.told, _S.followed_up, _S.archived, _S.improvement}), _S.verified, _WRITE),
}
_TABLE = StateTable(TRANSITIONS, "A complaint that is “%(state)s” cannot be changed by “%(action)s”.")
next_state, actions_from = _TABLE.next_state, _TABLE.actions_from

ENDED = frozenset({_S.archived, _S.improvement})
IN_HAND = frozenset(_S) - ENDED - {_S.received}
"""Triaged and not ended: what can become an adverse event."""
