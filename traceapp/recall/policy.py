"""Pure decisions of a recall: how long to wait, what a line of the ledger comes to."""
from __future__ import annotations

import math
import random
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from enum import StrEnum

from .states import CheckLevel, Depth, RecallClass

MOST_REMINDERS = 3
# Days until an answer is due, after which the first reminder goes; then days between reminders.
# Source: Order 29 (2017) of the CFDA gives the maker 1, 3 and 7 days to tell users, by class; a consignee
# gets as long to answer.
ANSWER_DAYS: dict[str, int] = {RecallClass.one: 1, RecallClass.two: 3, RecallClass.three: 7}
AGAIN_DAYS: dict[str, int] = {RecallClass.one: 1, RecallClass.two: 2, RecallClass.three: 2}

# How deep people are told and how many are asked afterwards, as long as nobody chose otherwise. Class I and II reach
# whoever uses the product; source: 21 CFR 7.42(b)(1) and (3), CFDA Order 29 (2017) art. 13.
PROPOSED: dict[RecallClass, tuple[Depth, CheckLevel]] = {
    RecallClass.one: (Depth.consumer, CheckLevel.a), RecallClass.two: (Depth.user, CheckLevel.a),
    RecallClass.three: (Depth.retail, CheckLevel.c)}
_SHARES = {CheckLevel.a: 1.0, CheckLevel.c: 0.1, CheckLevel.d: 0.02, CheckLevel.e: 0.0}
# From here on the sample can be drawn although some are silent; below it each silent one needs documented tries.
ENOUGH_ANSWERS = 0.95
LEAST_TRIES, LEAST_WAYS = 3, 2
# From where on more than was shipped is no miscount: half of it, and so many units.
WIDE_PART, WIDE_UNITS = 2, 10
# Where units of a lot can be by a consignee's own words.
PLACES = ("on_hand", "used", "passed_on", "returned", "destroyed", "corrected")


class LineState(StrEnum):
    """`unanswered`, `excess`, `unaccounted`, `unproved` and `returning` stand in the way of closing; `accounted` and
    `settled` do not. `excess`: far more is said than was shipped, and only we can say why. `unproved`: some were
    destroyed and nothing shows it yet. `returning`: every unit has its place, but what was sent back is not what we
    counted."""

    unanswered = "unanswered"
    excess = "excess"
    unaccounted = "unaccounted"
    unproved = "unproved"
    returning = "returning"
    accounted = "accounted"
    settled = "settled"


@dataclass(frozen=True, slots=True)
class Counted:
    """What a consignee says of one lot, in units, none negative."""

    received: Decimal
    on_hand: Decimal
    used: Decimal
    returned: Decimal
    passed_on: Decimal = Decimal(0)
    destroyed: Decimal = Decimal(0)
    corrected: Decimal = Decimal(0)

    @property
    def placed(self) -> Decimal:
        """Units of which the consignee says where they are."""
        return sum((getattr(self, name) for name in PLACES), Decimal(0))

    @property
    def said(self) -> Decimal:
        """Units that there are by the consignee's words."""
        return max(self.received, self.placed)


def unaccounted(shipped: Decimal, counted: Counted | None, came_back: Decimal = Decimal(0)) -> Decimal:
    """The one formula of the books: shipped = on hand + used + passed on + returned + destroyed + corrected +
    unaccounted, by the consignee's own words; below zero when more was placed than was shipped. Without an answer only
    what we counted back has a place."""
    return shipped - (came_back if counted is None else counted.placed)


def is_far_more(shipped: Decimal, said: Decimal) -> bool:
    """Whether so much more is said than was shipped that it is no miscount: by more than half of it, and by more than
    ten units or the whole again."""
    over = said - shipped
    return over > 0 and over * WIDE_PART > shipped and (over > WIDE_UNITS or over >= shipped)


def needs_explanation(shipped: Decimal, counted: Counted) -> bool:
    """Whether the numbers leave something to say: units missing or too many, or more or less received than sent."""
    return counted.received != shipped or unaccounted(shipped, counted) != 0


def line_state(shipped: Decimal, counted: Counted | None, came_back: Decimal = Decimal(0), *,
               is_settled: bool, unproved: Decimal = Decimal(0)) -> LineState:
    """Where one line of the ledger stands; a reason that settles it is none for a destruction that nothing shows."""
    if is_settled:
        return LineState.unproved if unproved else LineState.settled
    if counted is None:
        return LineState.accounted if came_back > 0 and came_back == shipped else LineState.unanswered
    if is_far_more(shipped, counted.said):
        return LineState.excess
    if unaccounted(shipped, counted):
        return LineState.unaccounted
    if unproved:
        return LineState.unproved
    return LineState.accounted if counted.returned == came_back else LineState.returning


def answer_due(recall_class: str, told_at: datetime) -> datetime:
    """By when a consignee that was told at `told_at` has to answer."""
    return told_at + timedelta(days=ANSWER_DAYS[recall_class])


def approval_due(recall_class: str, submitted_at: datetime) -> datetime:
    """By when a second person should have decided: classes I and II within a day, III within three."""
    return submitted_at + timedelta(days=3 if recall_class == RecallClass.three else 1)


def sample_size(consignees: int, level: str, share: float | None = None) -> int:
    """How many consignees have to be asked: rounded up, at least one but for level E; `share` only with level B."""
    part = share if level == CheckLevel.b else _SHARES[CheckLevel(level)]
    if part is None:
        raise ValueError("level B needs a share")
    # Without the hair, 10 % of 30 in floating numbers would ask for four.
    return min(consignees, max(1, math.ceil(consignees * part - 1e-9))) if part > 0 and consignees else 0


def drawn(consignee_ids: Iterable[str], count: int, seed: int) -> tuple[str, ...]:
    """That many of them, the same for the same seed whatever their order."""
    listed = sorted(consignee_ids)
    return tuple(sorted(random.Random(seed).sample(listed, min(count, len(listed)))))


def may_check(answered: int, consignees: int, silent: Iterable[Collection[str]]) -> bool:
    """Whether effectiveness can be checked: enough answers, or every silent consignee (the ways of its tries, one entry
    a try) was tried three times by two ways."""
    if consignees == 0 or answered / consignees >= ENOUGH_ANSWERS:
        return True
    return all(len(ways) >= LEAST_TRIES and len(set(ways)) >= LEAST_WAYS for ways in silent)
