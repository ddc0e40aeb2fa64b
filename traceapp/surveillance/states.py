"""The life of a signal as a table: action -> (from states, to state, permission).

`open`: nobody has looked. `validated`: the reports are real. `prioritised`: how urgent it is, with a due date.
`assessed`: what was looked at, and what it says. `confirmed` and `refuted`: the answer. `merged`: it goes on in another
case; reopening takes it out of there.
"""
from __future__ import annotations

from enum import StrEnum

from traceapp.core.states import StateTable


class SignalState(StrEnum):
    """Where a case stands; what each means stands at the head of this file."""

    open = "open"
    validated = "validated"
    prioritised = "prioritised"
    assessed = "assessed"
    confirmed = "confirmed"
    refuted = "refuted"
    closed = "closed"
    merged = "merged"


class Priority(StrEnum):
    high = "high"
    medium = "medium"
    low = "low"


_S = SignalState
UNDECIDED = frozenset({_S.open, _S.validated, _S.prioritised, _S.assessed})
STANDING = UNDECIDED | {_S.confirmed}
TRANSITIONS: dict[str, tuple[frozenset[SignalState], SignalState, str]] = {
    "validate": (frozenset({_S.open}), _S.validated, "signal.decide"),
    "prioritise": (frozenset({_S.validated, _S.prioritised}), _S.prioritised, "signal.decide"),
    "assess": (frozenset({_S.prioritised, _S.assessed}), _S.assessed, "signal.decide"),
    "confirm": (frozenset({_S.assessed}), _S.confirmed, "signal.decide"),
    "refute": (UNDECIDED, _S.refuted, "signal.decide"),
    "close": (frozenset({_S.confirmed, _S.refuted}), _S.closed, "signal.decide"),
    "merge": (UNDECIDED, _S.merged, "signal.decide"),
    "reopen": (frozenset({_S.refuted, _S.closed, _S.merged}), _S.open, "signal.decide"),
}
_TABLE = StateTable(TRANSITIONS, "A signal that is “%(state)s” cannot be changed by “%(action)s”.")
next_state, actions_from = _TABLE.next_state, _TABLE.actions_from
