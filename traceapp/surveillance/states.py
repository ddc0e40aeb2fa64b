"""The life of a signal as a table: action -> (from states, to state, permission)."""
from __future__ import annotations

from enum import StrEnum

from traceapp.core.states import StateTable


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
_TABLE = StateTable(TRANSITIONS, "A signal that is “%(state)s” cannot be changed by “%(action)s”.")
next_state, actions_from = _TABLE.next_state, _TABLE.actions_from
