"""Pure decisions of a recall: how long to wait, what a line of the ledger comes to."""
from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from enum import StrEnum

from .states import RecallClass

MOST_REMINDERS = 3
# Days until an answer is due, after which the first reminder goes; then days between reminders.
# Source: Order 29 (2017) of the CFDA gives the maker 1, 3 and 7 days to tell users, by class; a consignee
# gets as long to answer.
ANSWER_DAYS: dict[str, int] = {RecallClass.one: 1, RecallClass.two: 3, RecallClass.three: 7}
AGAIN_DAYS: dict[str, int] = {RecallClass.one: 1, RecallClass.two: 2, RecallClass.three: 2}


class LineState(StrEnum):
    """`unanswered` and `unaccounted` stand in the way of closing; `accounted` and `settled` do not."""

    unanswered = "unanswered"
    unaccounted = "unaccounted"
    accounted = "accounted"
    settled = "settled"


@dataclass(frozen=True, slots=True)
class Counted:
    """What a consignee says of one lot, in units, none negative."""

    received: Decimal
    on_hand: Decimal
    used: Decimal
    returned: Decimal


def unaccounted(shipped: Decimal, counted: Counted | None) -> Decimal:
    """Units that nobody has placed; below zero when more was placed than was shipped. Without an answer: all."""
    return shipped if counted is None else shipped - counted.on_hand - counted.used - counted.returned


def needs_explanation(shipped: Decimal, counted: Counted) -> bool:
    """Whether the numbers leave something to say: units missing or too many, or more or less received than sent."""
    return counted.received != shipped or unaccounted(shipped, counted) != 0


def line_state(shipped: Decimal, counted: Counted | None, *, is_settled: bool) -> LineState:
    """Where one line of the ledger stands."""
    if is_settled:
        return LineState.settled
    if counted is None:
        return LineState.unanswered
    return LineState.unaccounted if unaccounted(shipped, counted) else LineState.accounted


def answer_due(recall_class: str, told_at: datetime) -> datetime:
    """By when a consignee that was told at `told_at` has to answer."""
    return told_at + timedelta(days=ANSWER_DAYS[recall_class])


def approval_due(recall_class: str, submitted_at: datetime) -> datetime:
    """By when a second person should have decided: classes I and II within a day, III within three."""
    return submitted_at + timedelta(days=3 if recall_class == RecallClass.three else 1)
