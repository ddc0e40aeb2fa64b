"""A recall goes only where the table lets it."""
from __future__ import annotations

import pytest

from traceapp.core.errors import Conflict
from traceapp.identity.policy import PERMISSIONS
from traceapp.recall.states import ENDED, TRANSITIONS, RecallState, actions_from, next_state

ALLOWED = {
    ("draft", "assess"): "assessing", ("draft", "cancel"): "cancelled",
    ("assessing", "evaluated"): "decision", ("assessing", "cancel"): "cancelled",
    ("decision", "decide"): "planned", ("decision", "decide_none"): "closed_no_action",
    ("decision", "reassess"): "assessing", ("decision", "cancel"): "cancelled",
    ("planned", "submit"): "planned", ("planned", "return"): "planned", ("planned", "approve"): "notifying",
    ("planned", "cancel"): "cancelled",
    ("notifying", "execute"): "executing", ("notifying", "extend"): "planned",
    ("executing", "check"): "effectiveness", ("executing", "extend"): "planned",
    ("effectiveness", "conclude"): "closing", ("effectiveness", "extend"): "planned",
    ("closing", "terminate"): "terminated", ("closing", "extend"): "planned",
    ("terminated", "reopen"): "assessing", ("closed_no_action", "reopen"): "assessing",
    **{(state, "withdraw"): "cancelled" for state in (
        "assessing", "decision", "planned", "notifying", "executing", "effectiveness", "closing", "terminated")},
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


def test_an_end_is_left_only_by_new_evidence_or_when_its_notice_is_withdrawn() -> None:
    assert {state: actions_from(state) for state in ENDED} == {
        RecallState.cancelled: (), RecallState.terminated: ("reopen", "withdraw"), RecallState.closed_no_action: ("reopen",)}


def test_every_action_needs_a_permission_that_exists() -> None:
    assert {permission for _from, _to, permission in TRANSITIONS.values()} <= PERMISSIONS.keys()


def test_who_approves_is_fewer_than_who_writes() -> None:
    assert PERMISSIONS["recall.approve"] < PERMISSIONS["recall.write"]
