"""A state machine as a table: action -> (from states, to state, permission). What it does not allow is refused."""
from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Generic, TypeVar

from .errors import Conflict

State = TypeVar("State", bound=StrEnum)
Rows = Mapping[str, tuple[frozenset[State], State, str]]


@dataclass(frozen=True, slots=True)
class StateTable(Generic[State]):
    """`rows` and the words of a refusal, a template with the fields `state` and `action`."""

    rows: Rows[State]
    refusal: str

    def next_state(self, state: str, action: str) -> State:
        """The state after `action`. Raises Conflict (code `wrong-state`) when the table does not allow it."""
        from_states, to_state, _ = self.rows[action]
        if state not in from_states:
            raise Conflict(self.refusal, code="wrong-state", state=type(to_state)(state), action=action)
        return to_state

    def actions_from(self, state: str) -> tuple[str, ...]:
        """What the table allows in `state`."""
        return tuple(action for action, (from_states, _, _) in self.rows.items() if state in from_states)
