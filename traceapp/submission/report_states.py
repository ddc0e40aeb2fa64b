"""The life of a report to an authority as a table: action -> (from states, to state, permission).

`prepared`: the file lies here, nobody has looked at it. `checked`: a person answered its warnings. `approved`: a second
person signed it. `sent`: a person handed it in. `acknowledged`: the authority took it, and the clocks that it answers
end. `rejected`: the authority refused it, and they run on. `corrected`: a new version took the place of a rejected one.
"""
from __future__ import annotations

from enum import StrEnum

from traceapp.core.states import StateTable


class ReportState(StrEnum):
    """Where a report stands; what each means stands at the head of this file."""

    prepared = "prepared"
    checked = "checked"
    approved = "approved"
    sent = "sent"
    acknowledged = "acknowledged"
    rejected = "rejected"
    corrected = "corrected"
    withdrawn = "withdrawn"


class FileRole(StrEnum):
    """`form` is what the authority gets; `masked` the same without persons; `case` the values that it was made of;
    `answer` what the authority sent back."""

    form = "form"
    masked = "masked"
    case = "case"
    answer = "answer"


class AnswerVerdict(StrEnum):
    """What an authority's answer says of a report; `received`: it arrived and is being looked at."""

    accepted = "accepted"
    rejected = "rejected"
    received = "received"


_S = ReportState
UNSENT = (_S.prepared, _S.checked, _S.approved)
TRANSITIONS: dict[str, tuple[frozenset[ReportState], ReportState, str]] = {
    "renew": (frozenset(UNSENT), _S.prepared, "report.write"),
    "check": (frozenset({_S.prepared}), _S.checked, "report.write"),
    "return": (frozenset({_S.checked, _S.approved}), _S.prepared, "report.write"),
    "approve": (frozenset({_S.checked}), _S.approved, "report.approve"),
    "withdraw": (frozenset(UNSENT), _S.withdrawn, "report.write"),
    "send": (frozenset({_S.approved}), _S.sent, "report.write"),
    "acknowledge": (frozenset({_S.sent}), _S.acknowledged, "report.write"),
    "reject": (frozenset({_S.sent, _S.acknowledged}), _S.rejected, "report.write"),
    "correct": (frozenset({_S.rejected}), _S.corrected, "report.write"),
}
_TABLE = StateTable(TRANSITIONS, "A report that is “%(state)s” cannot be changed by “%(action)s”.")
next_state, actions_from = _TABLE.next_state, _TABLE.actions_from
