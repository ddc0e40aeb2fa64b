"""The life of a print job as a table: action -> (from states, to state, permission)."""
from __future__ import annotations

from enum import StrEnum

from traceapp.core.states import StateTable


class PrintState(StrEnum):
    queued = "queued"
    running = "running"
    done = "done"
    failed = "failed"
    cancelled = "cancelled"


_S = PrintState
OPEN = (_S.queued, _S.running)
# `start` from running: whoever ran it fell silent; `put_back`: the service is told to stop meanwhile.
TRANSITIONS: dict[str, tuple[frozenset[PrintState], PrintState, str]] = {
    "start": (frozenset(OPEN), _S.running, "label.print"),
    "put_back": (frozenset({_S.running}), _S.queued, "label.print"),
    "finish": (frozenset({_S.running}), _S.done, "label.print"),
    "fail": (frozenset({_S.running}), _S.failed, "label.print"),
    "cancel": (frozenset(OPEN), _S.cancelled, "label.print"),
}
_TABLE = StateTable(TRANSITIONS, "A print job that is “%(state)s” cannot be changed by “%(action)s”.")
next_state, actions_from = _TABLE.next_state, _TABLE.actions_from
