"""The arithmetic of the ledger."""
from __future__ import annotations

from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from traceapp.recall.policy import (
    Counted,
    LineState,
    answer_due,
    is_far_more,
    line_state,
    needs_explanation,
    unaccounted,
)

units = st.decimals(min_value=0, max_value=10**9, places=3)


@given(shipped=units, received=units, on_hand=units, used=units, returned=units)
@example(shipped=Decimal(0), received=Decimal("0.001"), on_hand=Decimal(0), used=Decimal(0), returned=Decimal(0))
def test_every_unit_shipped_is_placed_or_unaccounted(shipped: Decimal, received: Decimal, on_hand: Decimal,
                                                     used: Decimal, returned: Decimal) -> None:
    counted = Counted(received, on_hand, used, returned)
    missing = unaccounted(shipped, counted)
    assert on_hand + used + returned + missing == shipped
    state = line_state(shipped, counted, is_settled=False)
    assert (state == LineState.excess) == is_far_more(shipped, counted.said)
    assert (state == LineState.accounted) == (missing == 0 and state != LineState.excess)
    assert needs_explanation(shipped, counted) == (missing != 0 or received != shipped)


@given(shipped=units)
def test_without_an_answer_every_unit_is_unaccounted(shipped: Decimal) -> None:
    assert unaccounted(shipped, None) == shipped
    assert line_state(shipped, None, is_settled=False) == LineState.unanswered


@given(shipped=units, used=units)
def test_a_settled_line_is_settled_whatever_was_said(shipped: Decimal, used: Decimal) -> None:
    for counted in (None, Counted(shipped, Decimal(0), used, Decimal(0))):
        assert line_state(shipped, counted, is_settled=True) == LineState.settled


@pytest.mark.parametrize(("recall_class", "days"), [("I", 1), ("II", 3), ("III", 7)])
def test_the_worse_the_class_the_sooner_an_answer_is_due(recall_class: str, days: int) -> None:
    told = datetime(2026, 11, 22, 8, tzinfo=UTC)
    assert answer_due(recall_class, told) - told == timedelta(days=days)
