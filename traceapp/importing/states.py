"""The life of an import as a table: action -> (from states, to state, permission)."""
from __future__ import annotations

from enum import StrEnum

from traceapp.core.states import StateTable


class ImportState(StrEnum):
    """`checking` and `running` are worked on in the background; `stopped`: a row could not be taken in."""

    draft = "draft"
    checking = "checking"
    checked = "checked"
    running = "running"
    paused = "paused"
    stopped = "stopped"
    failed = "failed"
    done = "done"
    cancelled = "cancelled"


_S = ImportState
WORKED_ON = (_S.checking, _S.running)
ENDED = (_S.done, _S.cancelled)
_UNSTORED = frozenset({_S.draft, _S.checked})
# `break` is what the service does when it cannot go on, `stop` what a row makes it do.
TRANSITIONS: dict[str, tuple[frozenset[ImportState], ImportState, str]] = {
    "map": (_UNSTORED, _S.draft, "import.run"),
    "check": (_UNSTORED, _S.checking, "import.run"),
    "find": (frozenset({_S.checking}), _S.checked, "import.run"),
    "give_back": (frozenset({_S.checking}), _S.draft, "import.run"),
    "run": (frozenset({_S.checked}), _S.running, "import.run"),
    "pause": (frozenset({_S.running}), _S.paused, "import.run"),
    "stop": (frozenset({_S.running}), _S.stopped, "import.run"),
    "break": (frozenset({_S.running}), _S.failed, "import.run"),
    "resume": (frozenset({_S.paused, _S.stopped, _S.failed}), _S.running, "import.run"),
    "finish": (frozenset({_S.running}), _S.done, "import.run"),
    "cancel": (frozenset(set(_S) - set(ENDED)), _S.cancelled, "import.run"),
}
_TABLE = StateTable(TRANSITIONS, "An import that is “%(state)s” cannot be changed by “%(action)s”.")
next_state, actions_from = _TABLE.next_state, _TABLE.actions_from
