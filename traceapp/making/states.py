"""The life of a file that a job makes as a table: action -> (from states, to state, permission)."""
from __future__ import annotations

from enum import StrEnum


class FileState(StrEnum):
    queued = "queued"
    running = "running"
    done = "done"
    failed = "failed"
    cancelled = "cancelled"


_S = FileState
OPEN = (_S.queued, _S.running)


def transitions(permission: str) -> dict[str, tuple[frozenset[FileState], FileState, str]]:
    """The table for files of one kind. `start` from running: whoever made it fell silent; `put_back`: the service is
    told to stop meanwhile."""
    return {
        "start": (frozenset(OPEN), _S.running, permission),
        "put_back": (frozenset({_S.running}), _S.queued, permission),
        "finish": (frozenset({_S.running}), _S.done, permission),
        "fail": (frozenset({_S.running}), _S.failed, permission),
        "cancel": (frozenset(OPEN), _S.cancelled, permission),
    }
