"""What may be said about a lot and done with it. Pure."""
from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from enum import StrEnum

from traceapp.core.errors import Conflict


class ReleaseState(StrEnum):
    pending = "pending"
    released = "released"
    rejected = "rejected"


class Verdict(StrEnum):
    """What a code or a lot is answered with; the strongest that holds, in this order."""

    recalled = "recalled"
    rejected = "rejected"
    on_hold = "on_hold"
    not_released = "not_released"
    expired = "expired"
    please_verify = "please_verify"
    released = "released"
    unknown = "unknown"


@dataclass(frozen=True, slots=True)
class VerdictFacts:
    """`expires_on` is the last day of use; `is_suspicious`: something speaks against the code that was scanned."""

    release_state: str
    is_recalled: bool = False
    is_on_hold: bool = False
    expires_on: date | None = None
    is_suspicious: bool = False


def verdict(facts: VerdictFacts | None, today: date) -> Verdict:
    """The one answer about a lot; None means that there is no such lot. `today` is the date where it is asked."""
    if facts is None:
        return Verdict.unknown
    if facts.is_recalled:
        return Verdict.recalled
    if facts.release_state == ReleaseState.rejected:
        return Verdict.rejected
    if facts.is_on_hold:
        return Verdict.on_hold
    if facts.release_state != ReleaseState.released:
        return Verdict.not_released
    if facts.expires_on is not None and today > facts.expires_on:
        return Verdict.expired
    return Verdict.please_verify if facts.is_suspicious else Verdict.released


# Who may not be shipped or consumed, and what the person reads.
_REFUSALS = {
    Verdict.recalled: "Lot %(lot)s has been recalled and cannot be used or shipped.",
    Verdict.rejected: "Lot %(lot)s has been rejected and cannot be used or shipped.",
    Verdict.on_hold: "Lot %(lot)s is on hold and cannot be used or shipped until the hold is lifted.",
    Verdict.not_released: "Lot %(lot)s has not been released yet and cannot be used or shipped.",
    Verdict.expired: "Lot %(lot)s expired after %(expires_on)s and cannot be used or shipped.",
}


def refuse_unusable(lot: str, facts: VerdictFacts, today: date, place: str | None = None) -> None:
    """Nothing when the lot may be consumed or shipped on `today`. Raises Conflict (code `lot-recalled`,
    `lot-on-hold`, …) naming the lot."""
    found = verdict(facts, today)
    message = _REFUSALS.get(found)
    if message is None:
        return
    raise Conflict(message, code=f"lot-{found.replace('_', '-')}", place=place, lot=lot,
                   expires_on=facts.expires_on)


_S = ReleaseState
# action -> (from states, to state, permission)
TRANSITIONS: dict[str, tuple[frozenset[ReleaseState], ReleaseState, str]] = {
    "release": (frozenset({_S.pending}), _S.released, "trace.release"),
    "reject": (frozenset({_S.pending, _S.released}), _S.rejected, "trace.release"),
}


def next_state(lot: str, state: str, action: str) -> ReleaseState:
    """The state of a lot after `action`. Raises Conflict when the table does not allow it."""
    from_states, to_state, _ = TRANSITIONS[action]
    if state not in from_states:
        raise Conflict("Lot %(lot)s is “%(state)s”; “%(action)s” is not possible from there.", code="wrong-state",
                       lot=lot, state=str(state), action=action)
    return to_state
