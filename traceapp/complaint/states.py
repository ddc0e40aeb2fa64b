"""The life of a complaint as a table: action -> (from states, to state, permission)."""
from __future__ import annotations

from enum import StrEnum

from traceapp.core.states import StateTable


class ComplaintState(StrEnum):
    received = "received"
    triaged = "triaged"
    investigating = "investigating"
    answered = "answered"
    closed = "closed"


class Severity(StrEnum):
    """`critical`: death or danger to life; `major`: serious harm; `moderate`: harm; `minor`: could harm;
    `none`: no harm."""

    critical = "critical"
    major = "major"
    moderate = "moderate"
    minor = "minor"
    none = "none"


_S = ComplaintState
TRANSITIONS: dict[str, tuple[frozenset[ComplaintState], ComplaintState, str]] = {
    "triage": (frozenset({_S.received, _S.triaged}), _S.triaged, "complaint.write"),
    "investigate": (frozenset({_S.triaged}), _S.investigating, "complaint.write"),
    "answer": (frozenset({_S.triaged, _S.investigating, _S.answered}), _S.answered, "complaint.write"),
    "close": (frozenset({_S.triaged, _S.investigating, _S.answered}), _S.closed, "complaint.write"),
    "reopen": (frozenset({_S.closed}), _S.triaged, "complaint.write"),
}
_TABLE = StateTable(TRANSITIONS, "A complaint that is “%(state)s” cannot be changed by “%(action)s”.")
next_state, actions_from = _TABLE.next_state, _TABLE.actions_from
