"""The life of a file of records that is made in the background: action -> (from states, to state, permission)."""
from __future__ import annotations

from enum import StrEnum

from traceapp.core.states import StateTable


class FileState(StrEnum):
    queued = "queued"
    running = "running"
    done = "done"
    failed = "failed"
    cancelled = "cancelled"


_S = FileState
OPEN = (_S.queued, _S.running)
# `start` from running: whoever wrote it fell silent; `put_back`: the service is told to stop meanwhile.
TRANSITIONS: dict[str, tuple[frozenset[FileState], FileState, str]] = {
    "start": (frozenset(OPEN), _S.running, "export.run"),
    "put_back": (frozenset({_S.running}), _S.queued, "export.run"),
    "finish": (frozenset({_S.running}), _S.done, "export.run"),
    "fail": (frozenset({_S.running}), _S.failed, "export.run"),
    "cancel": (frozenset(OPEN), _S.cancelled, "export.run"),
}
_TABLE = StateTable(TRANSITIONS, "A file that is “%(state)s” cannot be changed by “%(action)s”.")
next_state, actions_from = _TABLE.next_state, _TABLE.actions_from
