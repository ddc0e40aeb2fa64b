"""A recall goes only where the table lets it."""
from __future__ import annotations

import pytest

from traceapp.core.errors import Conflict
from traceapp.identity.policy import PERMISSIONS
from traceapp.recall.states import TRANSITIONS, RecallState, actions_from, next_state

ALLOWED = {
    ("draft", "submit"): "submitted", ("draft", "cancel"): "cancelled", ("submitted", "return"): "draft",
    ("submitted", "approve"): "notifying", ("submitted", "cancel"): "cancelled", ("notifying", "close"): "closed",
}


@pytest.mark.parametrize("state", list(RecallState))
@pytest.mark.parametrize("action", list(TRANSITIONS))
def test_every_state_and_action_is_as_stated(state: RecallState, action: str) -> None:
    expected = ALLOWED.get((str(state), action))
    if expected is None:
        with pytest.raises(Conflict) as refused:
            next_state(state, action)
        assert refused.value.code == "wrong-state"
        assert action not in actions_from(state)
    else:
        assert next_state(state, action) == expected
        assert action in actions_from(state)


@pytest.mark.parametrize("state", [RecallState.closed, RecallState.cancelled])
def test_an_end_is_an_end(state: RecallState) -> None:
    assert actions_from(state) == ()


def test_every_action_needs_a_permission_that_exists() -> None:
    assert {permission for _from, _to, permission in TRANSITIONS.values()} <= PERMISSIONS.keys()


def test_who_approves_is_fewer_than_who_writes() -> None:
    assert PERMISSIONS["recall.approve"] < PERMISSIONS["recall.write"]
