"""The verdict of a lot and what may be done with it."""
from __future__ import annotations

from datetime import date, timedelta
from itertools import product

import pytest

from traceapp.core.errors import Conflict
from traceapp.trace.policy import (
    TRANSITIONS,
    ReleaseState,
    Verdict,
    VerdictFacts,
    next_state,
    refuse_unusable,
    verdict,
)

TODAY = date(2026, 11, 22)
PAST, FUTURE = TODAY - timedelta(days=1), TODAY + timedelta(days=1)
ALL = [VerdictFacts(*values) for values in product(
    ReleaseState, (True, False), (True, False), (None, PAST, TODAY, FUTURE), (True, False))]
ORDER = ("recalled", "rejected", "on_hold", "not_released", "expired", "please_verify", "released")


def reasons(facts: VerdictFacts) -> set[str]:
    """Every verdict that holds by itself, whatever else is true."""
    return {name for name, holds in {
        "recalled": facts.is_recalled, "rejected": facts.release_state == "rejected", "on_hold": facts.is_on_hold,
        "not_released": facts.release_state == "pending",
        "expired": facts.expires_on is not None and facts.expires_on < TODAY,
        "please_verify": facts.is_suspicious, "released": True}.items() if holds}


@pytest.mark.parametrize("facts", ALL)
def test_the_strongest_reason_is_the_verdict(facts: VerdictFacts) -> None:
    assert verdict(facts, TODAY) == next(name for name in ORDER if name in reasons(facts))


def test_a_recalled_and_expired_lot_says_recalled() -> None:
    assert verdict(VerdictFacts("released", is_recalled=True, expires_on=PAST), TODAY) == Verdict.recalled


def test_a_lot_that_nobody_knows_is_unknown() -> None:
    assert verdict(None, TODAY) == Verdict.unknown


def test_the_expiry_date_is_the_last_day_of_use() -> None:
    assert verdict(VerdictFacts("released", expires_on=TODAY), TODAY) == Verdict.released
    assert verdict(VerdictFacts("released", expires_on=TODAY), FUTURE) == Verdict.expired


@pytest.mark.parametrize("facts", ALL)
def test_only_a_usable_lot_is_let_through_and_the_refusal_names_it(facts: VerdictFacts) -> None:
    found = verdict(facts, TODAY)
    if found in (Verdict.released, Verdict.please_verify):
        refuse_unusable("B-7", facts, TODAY)
        return
    with pytest.raises(Conflict) as error:
        refuse_unusable("B-7", facts, TODAY, "inputs/0")
    assert "B-7" in error.value.text
    assert (error.value.code, error.value.place) == (f"lot-{found.replace('_', '-')}", "inputs/0")


@pytest.mark.parametrize(("state", "action"), [*product(ReleaseState, TRANSITIONS)])
def test_every_state_and_action_is_what_the_table_says(state: str, action: str) -> None:
    allowed = {("pending", "release"): "released", ("pending", "reject"): "rejected",
               ("released", "reject"): "rejected"}
    if (state, action) in allowed:
        assert next_state("B-7", state, action) == allowed[state, action]
    else:
        with pytest.raises(Conflict):
            next_state("B-7", state, action)
