"""Every state table over every state and action: what it does not allow is refused loudly."""
from __future__ import annotations

from enum import StrEnum
from types import ModuleType

import pytest

from traceapp.adverse_event import states as adverse_event
from traceapp.capa import states as capa
from traceapp.code import print_states as printing
from traceapp.complaint import return_states as returns
from traceapp.complaint import states as complaint
from traceapp.core.errors import Conflict
from traceapp.identity.policy import PERMISSIONS
from traceapp.importing import states as importing
from traceapp.recall import states as recall
from traceapp.submission import records_states as records
from traceapp.submission import report_states as reports
from traceapp.surveillance import states as surveillance

TABLES: list[tuple[ModuleType, type[StrEnum]]] = [
    (complaint, complaint.ComplaintState), (returns, returns.ReturnState),
    (adverse_event, adverse_event.AdverseEventState),
    (surveillance, surveillance.SignalState), (recall, recall.RecallState),
    (printing, printing.FileState), (records, records.FileState), (importing, importing.ImportState),
    (reports, reports.ReportState), (capa, capa.CapaState)]
CASES = [(module, state, action) for module, states in TABLES for state in states for action in module.TRANSITIONS]


@pytest.mark.parametrize(("module", "state", "action"), CASES)
def test_only_what_the_table_allows_changes_a_state(module: ModuleType, state: StrEnum, action: str) -> None:
    from_states, to_state, _ = module.TRANSITIONS[action]
    if state in from_states:
        assert module.next_state(state, action) == to_state
        assert action in module.actions_from(state)
    else:
        with pytest.raises(Conflict) as refused:
            module.next_state(state, action)
        assert str(state) in refused.value.text
        assert action not in module.actions_from(state)


@pytest.mark.parametrize(("module", "states"), TABLES)
def test_every_state_can_be_reached_and_every_action_needs_a_known_permission(module: ModuleType,
                                                                              states: type[StrEnum]) -> None:
    first = next(iter(states))
    reached = {first} | {to_state for _, to_state, _ in module.TRANSITIONS.values()}
    assert reached == set(states)
    assert {permission for _, _, permission in module.TRANSITIONS.values()} <= set(PERMISSIONS)


def test_all_tables_refuse_with_the_same_code() -> None:
    for module, _states in TABLES:
        action, (from_states, _, _) = next(iter(module.TRANSITIONS.items()))
        elsewhere = next(state for state in _states if state not in from_states)
        with pytest.raises(Conflict) as refused:
            module.next_state(elsewhere, action)
        assert refused.value.code == "wrong-state"
        assert (str(elsewhere) in refused.value.text, action in refused.value.text) == (True, True)
