"""The life of a signal as a table: action -> (from states, to state, permission)."""
from __future__ import annotations

from enum import StrEnum

from traceapp.core.errors import Conflict


class SignalState(StrEnum):
    open = "open"
    validated = "validated"
    refuted = "refuted"
    confirmed = "confirmed"
    closed = "closed"


_S = SignalState
TRANSITIONS: dict[str, tuple[frozenset[SignalState], SignalState, str]] = {
    "validate": (frozenset({_S.open}), _S.validated, "signal.decide"),
    "confirm": (frozenset({_S.open, _S.validated}), _S.confirmed, "signal.decide"),
    "refute": (frozenset({_S.open, _S.validated}), _S.refuted, "signal.decide"),
    "close": (frozenset({_S.confirmed, _S.refuted}), _S.closed, "signal.decide"),
    "reopen": (frozenset({_S.refuted, _S.closed}), _S.open, "signal.decide"),
}


def next_state(state: str, action: str) -> SignalState:
    """The state after `action`. Raises Conflict when the table does not allow it."""
    from_states, to_state, _ = TRANSITIONS[action]
    if state not in from_states:
        raise Conflict("A signal that is “%(state)s” cannot be changed by “%(action)s”.", code="wrong-state",
                       state=str(state), action=action)
    return to_state


def actions_from(state: str) -> tuple[str, ...]:
    """What the table allows in `state`."""
    return tuple(action for action, (from_states, _, _) in TRANSITIONS.items() if state in from_states)
