"""The life of a recall as a table: action -> (from states, to state, permission).

`draft`: scope may change. `submitted`: scope is frozen and waits for a second person. `notifying`: letters go out,
the verdict of every lot in scope is "recalled", answers come in. `closed`: every unit is accounted for; the verdict
stays. `cancelled`: ended before anybody was told.
"""
from __future__ import annotations

from enum import StrEnum

from traceapp.core.states import StateTable


class RecallState(StrEnum):
    """Where a recall stands; what each means stands at the head of this file."""

    draft = "draft"
    submitted = "submitted"
    notifying = "notifying"
    closed = "closed"
    cancelled = "cancelled"


class RecallClass(StrEnum):
    """Source: CFDA Order 29 (2017) art. 13 and 21 CFR 7.3(m): I serious harm or death, II temporary or reversible
    harm, III harm unlikely."""

    one = "I"
    two = "II"
    three = "III"


class NoticeState(StrEnum):
    """`queued`: in the outbox; `not_sent`: written to a file because no mail server is set, or refused."""

    queued = "queued"
    sent = "sent"
    not_sent = "not_sent"
    uncertain = "uncertain"
    answered = "answered"


_S = RecallState
TRANSITIONS: dict[str, tuple[frozenset[RecallState], RecallState, str]] = {
    "submit": (frozenset({_S.draft}), _S.submitted, "recall.write"),
    "return": (frozenset({_S.submitted}), _S.draft, "recall.approve"),
    "approve": (frozenset({_S.submitted}), _S.notifying, "recall.approve"),
    "close": (frozenset({_S.notifying}), _S.closed, "recall.approve"),
    "cancel": (frozenset({_S.draft, _S.submitted}), _S.cancelled, "recall.write"),
}
_TABLE = StateTable(TRANSITIONS, "A recall that is “%(state)s” cannot be changed by “%(action)s”.")
next_state, actions_from = _TABLE.next_state, _TABLE.actions_from
