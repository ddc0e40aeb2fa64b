"""The life of a recall as a table: action -> (from states, to state, permission).

Source: 21 CFR 7.40-7.59, the FDA's Regulatory Procedures Manual chapter 7, CFDA Order 29 (2017), ISO 10393.
"""
from __future__ import annotations

from enum import StrEnum

from traceapp.core.states import StateTable


class RecallState(StrEnum):
    """`draft`: why, and which lots, is being written down. `assessing`: the hazard is evaluated. `decision`: two people
    signed the evaluation, somebody has to decide. `planned`: there will be a recall; its lots can go nowhere; scope and
    texts are made ready and approved by a second person. `notifying`: letters go out, every lot in scope reads
    “recalled”. `executing`: every direct consignee was told, answers come in. `effectiveness`: a sample is asked
    whether it understood and acted. `closing`: the books are balanced. `terminated`: the end; lots stay recalled.
    `cancelled`: ended before people were told, or its notice was withdrawn. `closed_no_action`: decided that none is
    needed."""

    draft = "draft"
    assessing = "assessing"
    decision = "decision"
    planned = "planned"
    notifying = "notifying"
    executing = "executing"
    effectiveness = "effectiveness"
    closing = "closing"
    terminated = "terminated"
    cancelled = "cancelled"
    closed_no_action = "closed_no_action"


class RecallClass(StrEnum):
    """Source: CFDA Order 29 (2017) art. 13 and 21 CFR 7.3(m): I serious harm or death, II temporary or reversible
    harm, III harm unlikely."""

    one = "I"
    two = "II"
    three = "III"


class TriggerKind(StrEnum):
    """What made somebody open the case."""

    signal = "signal"
    complaint = "complaint"
    inspection = "inspection"
    stability = "stability"
    supplier = "supplier"
    authority = "authority"
    capa = "capa"
    other = "other"


class Depth(StrEnum):
    """How far down the chain people are told. Source: 21 CFR 7.42(b)(1)."""

    wholesale = "wholesale"
    retail = "retail"
    user = "user"
    consumer = "consumer"
    patient = "patient"


class CheckLevel(StrEnum):
    """How many direct consignees are asked whether they understood and acted: A all, B a stated share between A and C,
    C 10 %, D 2 %, E none. Source: 21 CFR 7.42(b)(3)."""

    a = "A"
    b = "B"
    c = "C"
    d = "D"
    e = "E"


class NoticeState(StrEnum):
    """`queued`: in the outbox; `not_sent`: written to a file because no mail server is set, or refused."""

    queued = "queued"
    sent = "sent"
    not_sent = "not_sent"
    uncertain = "uncertain"
    answered = "answered"


_S = RecallState
ENDED = frozenset({_S.terminated, _S.cancelled, _S.closed_no_action})
# Nobody was told yet, or the scope of what people were told of grows.
UNTOLD = frozenset({_S.draft, _S.assessing, _S.decision, _S.planned})
TRANSITIONS: dict[str, tuple[frozenset[RecallState], RecallState, str]] = {
    "assess": (frozenset({_S.draft}), _S.assessing, "recall.write"),
    "evaluated": (frozenset({_S.assessing}), _S.decision, "recall.write"),
    "decide": (frozenset({_S.decision}), _S.planned, "recall.approve"),
    "decide_none": (frozenset({_S.decision}), _S.closed_no_action, "recall.approve"),
    "reassess": (frozenset({_S.decision}), _S.assessing, "recall.write"),
    "submit": (frozenset({_S.planned}), _S.planned, "recall.write"),
    "return": (frozenset({_S.planned}), _S.planned, "recall.approve"),
    "approve": (frozenset({_S.planned}), _S.notifying, "recall.approve"),
    "execute": (frozenset({_S.notifying}), _S.executing, "recall.write"),
    "check": (frozenset({_S.executing}), _S.effectiveness, "recall.write"),
    "conclude": (frozenset({_S.effectiveness}), _S.closing, "recall.write"),
    "terminate": (frozenset({_S.closing}), _S.terminated, "recall.approve"),
    "extend": (frozenset({_S.notifying, _S.executing, _S.effectiveness, _S.closing}), _S.planned, "recall.write"),
    "reopen": (frozenset({_S.terminated, _S.closed_no_action}), _S.assessing, "recall.approve"),
    "cancel": (frozenset({_S.draft, _S.assessing, _S.decision, _S.planned}), _S.cancelled, "recall.write"),
    # From the first three only what people were told of: its scope grows, or it is assessed again.
    "withdraw": (frozenset({_S.assessing, _S.decision, _S.planned, _S.notifying, _S.executing, _S.effectiveness,
                            _S.closing, _S.terminated}), _S.cancelled, "recall.approve"),
}
_TABLE = StateTable(TRANSITIONS, "A recall that is “%(state)s” cannot be changed by “%(action)s”.")
next_state, actions_from = _TABLE.next_state, _TABLE.actions_from
