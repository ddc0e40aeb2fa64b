"""The life of a CAPA as a table: action -> (from states, to state, permission); and which work is done in which state.

`open`: known, nobody has taken it up. `investigating`: the cause is looked for and actions are planned. `planned`: the
cause stands. `acting`: what was planned is done; the criterion of the verification was stated before. `verifying`: all
is done, and whether it helped is checked. `reopened`: it did not help, or it came back.

Source: ISO 13485:2016 8.5.2 and 8.5.3 (review, cause, actions planned and done, effectiveness reviewed), which 21 CFR
820 refers to since 2 February 2026.
"""
from __future__ import annotations

from enum import StrEnum

from traceapp.core.errors import Conflict
from traceapp.core.states import StateTable


class CapaState(StrEnum):
    """Where a CAPA stands; what each means stands at the head of this file."""

    open = "open"
    investigating = "investigating"
    planned = "planned"
    acting = "acting"
    verifying = "verifying"
    closed = "closed"
    cancelled = "cancelled"
    reopened = "reopened"


class CapaKind(StrEnum):
    """`corrective`: it happened and must not happen again; `preventive`: it could happen."""

    corrective = "corrective"
    preventive = "preventive"


class LinkKind(StrEnum):
    """What a CAPA can be about."""

    signal = "signal"
    recall = "recall"
    complaint = "complaint"
    adverse_event = "adverse_event"
    supplier = "supplier"
    inspection = "inspection"


class CauseKind(StrEnum):
    """The six branches of a cause diagram, and what surveillance watches by name (`NodeKind`)."""

    man = "man"
    machine = "machine"
    material = "material"
    method = "method"
    environment = "environment"
    measurement = "measurement"
    lot = "lot"
    upstream = "upstream"
    supplier = "supplier"
    line = "line"
    equipment = "equipment"
    operator = "operator"
    load = "load"
    site = "site"
    lane = "lane"
    consignee = "consignee"


class Verdict(StrEnum):
    """Whether a cause is one."""

    supposed = "supposed"
    confirmed = "confirmed"
    excluded = "excluded"


class ActionState(StrEnum):
    open = "open"
    done = "done"
    dropped = "dropped"


class Conclusion(StrEnum):
    effective = "effective"
    not_effective = "not_effective"


_S = CapaState
TRANSITIONS: dict[str, tuple[frozenset[CapaState], CapaState, str]] = {
    "investigate": (frozenset({_S.open, _S.reopened}), _S.investigating, "capa.write"),
    "plan": (frozenset({_S.investigating}), _S.planned, "capa.write"),
    "think_again": (frozenset({_S.planned}), _S.investigating, "capa.write"),
    "begin": (frozenset({_S.planned}), _S.acting, "capa.write"),
    "verify": (frozenset({_S.acting}), _S.verifying, "capa.write"),
    "close": (frozenset({_S.verifying}), _S.closed, "capa.close"),
    "reopen": (frozenset({_S.verifying, _S.closed}), _S.reopened, "capa.write"),
    "cancel": (frozenset({_S.open, _S.investigating, _S.planned, _S.reopened}), _S.cancelled, "capa.close"),
}
_TABLE = StateTable(TRANSITIONS, "A CAPA that is “%(state)s” cannot be changed by “%(action)s”.")
next_state, actions_from = _TABLE.next_state, _TABLE.actions_from

ENDED = frozenset({_S.closed, _S.cancelled})
_RUNNING = frozenset(_S) - ENDED
_SEARCH = frozenset({_S.investigating})
_PLAN = frozenset({_S.investigating, _S.planned, _S.acting})
# Work that leaves the state as it is: in which states it is done.
WORK: dict[str, frozenset[CapaState]] = {
    "describe": _RUNNING, "link": _RUNNING, "ask": _RUNNING, "answer": _RUNNING,
    "write_whys": _SEARCH, "add_cause": _SEARCH, "judge_cause": _SEARCH, "give_up_cause": _SEARCH,
    "add_action": _PLAN, "change_action": _PLAN,
    "state_criterion": frozenset({_S.investigating, _S.planned}),
    "finish_action": frozenset({_S.acting}), "drop_action": _PLAN, "prove": frozenset({_S.acting, _S.verifying}),
    "conclude": frozenset({_S.verifying}),
}


def refuse_out_of_turn(state: str, work: str) -> None:
    """Nothing when this work is done in this state. Raises Conflict."""
    if state not in WORK[work]:
        raise Conflict("A CAPA that is “%(state)s” cannot be changed by “%(action)s”.", code="wrong-state",
                       state=CapaState(state), action=work)


def work_in(state: str) -> frozenset[str]:
    """What is done in a state besides changing it."""
    return frozenset(work for work, states in WORK.items() if state in states)
