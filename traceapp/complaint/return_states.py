"""The life of a return as a table: action -> (from states, to state, permission)."""
from __future__ import annotations

from enum import StrEnum

from traceapp.core.states import StateTable


class ReturnState(StrEnum):
    """`replaced` and `refunded` settle it, with or without the goods."""

    asked = "asked"
    received = "received"
    replaced = "replaced"
    refunded = "refunded"
    called_off = "called_off"


_S = ReturnState
_WRITE = "complaint.write"
TRANSITIONS: dict[str, tuple[frozenset[ReturnState], ReturnState, str]] = {
    "receive": (frozenset({_S.asked}), _S.received, _WRITE),
    "replace": (frozenset({_S.asked, _S.received}), _S.replaced, _WRITE),
    "refund": (frozenset({_S.asked, _S.received}), _S.refunded, _WRITE),
    "call_off": (frozenset({_S.asked}), _S.called_off, _WRITE),
}
_TABLE = StateTable(TRANSITIONS, "A return that is “%(state)s” cannot be changed by “%(action)s”.")
next_state, actions_from = _TABLE.next_state, _TABLE.actions_from
