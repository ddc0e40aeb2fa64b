"""The life of an adverse event as a table: action -> (from states, to state, permission)."""
from __future__ import annotations

from enum import StrEnum

from traceapp.complaint.seriousness import SeriousnessCriterion
from traceapp.core.states import StateTable

__all__ = ["TRANSITIONS", "AdverseEventState", "Causality", "ChangeKind", "Expectedness", "Outcome",
           "SeriousnessCriterion", "actions_from", "next_state"]


class AdverseEventState(StrEnum):
    draft = "draft"
    assessed = "assessed"
    closed = "closed"
    nullified = "nullified"


class Outcome(StrEnum):
    recovered = "recovered"
    recovering = "recovering"
    not_recovered = "not_recovered"
    sequelae = "sequelae"
    fatal = "fatal"
    unknown = "unknown"


class Causality(StrEnum):
    """Source: the WHO-UMC scale."""

    certain = "certain"
    probable = "probable"
    possible = "possible"
    unlikely = "unlikely"
    conditional = "conditional"
    unassessable = "unassessable"


class Expectedness(StrEnum):
    """Whether what is said with the product, such as its leaflet, tells of such an event."""

    expected = "expected"
    unexpected = "unexpected"
    unknown = "unknown"


class ChangeKind(StrEnum):
    """Why an assessment is made: for what was known when the event was opened, for news that came later, or to put
    right what was wrong without any news. Source of the last two: ICH E2B(R3), C.1.5 and C.1.11.1."""

    assessment = "assessment"
    followup = "followup"
    amendment = "amendment"


_S = AdverseEventState
TRANSITIONS: dict[str, tuple[frozenset[AdverseEventState], AdverseEventState, str]] = {
    "assess": (frozenset({_S.draft, _S.assessed}), _S.assessed, "adverse_event.write"),
    "close": (frozenset({_S.assessed}), _S.closed, "adverse_event.write"),
    "reopen": (frozenset({_S.closed}), _S.draft, "adverse_event.write"),
    "nullify": (frozenset({_S.draft, _S.assessed, _S.closed}), _S.nullified, "adverse_event.write"),
}
_TABLE = StateTable(TRANSITIONS, "An adverse event that is “%(state)s” cannot be changed by “%(action)s”.")
next_state, actions_from = _TABLE.next_state, _TABLE.actions_from
