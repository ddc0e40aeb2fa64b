"""The formula of the books as conditions and sums of the database; the same rule as in `policy`."""
from __future__ import annotations

from sqlalchemy import ColumnElement, Integer, and_, case, func, literal, or_

from .model import RecallLedger
from .policy import WIDE_PART, WIDE_UNITS, LineState

_IS_ANSWERED = RecallLedger.on_hand.is_not(None)
_IS_SETTLED = RecallLedger.settled_at.is_not(None)
PLACED = (RecallLedger.on_hand + RecallLedger.used + RecallLedger.returned + RecallLedger.passed_on
          + RecallLedger.destroyed + RecallLedger.corrected)
UNACCOUNTED = RecallLedger.shipped - case((_IS_ANSWERED, PLACED), else_=RecallLedger.came_back)
_OVER = case((RecallLedger.received > PLACED, RecallLedger.received), else_=PLACED) - RecallLedger.shipped
# A whole number beside an amount would be taken for an amount.
_IS_FAR_MORE = and_(_OVER > 0, _OVER * literal(WIDE_PART, Integer) > RecallLedger.shipped,
                    or_(_OVER > WIDE_UNITS, RecallLedger.shipped <= _OVER))
# Units that came back (as said, or as counted where nobody said anything, or a reason closed the line before they
# came), were destroyed as something shows, or put right; of a line never more than were shipped.
_BACK = case((and_(_IS_SETTLED, RecallLedger.came_back < RecallLedger.returned), RecallLedger.came_back),
             else_=func.coalesce(RecallLedger.returned, RecallLedger.came_back, type_=RecallLedger.shipped.type))
_RECOVERED = (_BACK + RecallLedger.destroyed - RecallLedger.unproved + RecallLedger.corrected)
RECOVERED = case((RecallLedger.shipped < _RECOVERED, RecallLedger.shipped), else_=_RECOVERED)


def is_line_in(state: LineState) -> ColumnElement[bool]:
    """The lines of the ledger that stand so; the same rule as `policy.line_state`."""
    is_back = and_(RecallLedger.came_back > 0, RecallLedger.came_back == RecallLedger.shipped)
    is_placed, is_counted = RecallLedger.shipped == PLACED, RecallLedger.returned == RecallLedger.came_back
    is_shown = RecallLedger.unproved == 0
    return {
        LineState.settled: and_(_IS_SETTLED, is_shown),
        LineState.excess: and_(~_IS_SETTLED, _IS_ANSWERED, _IS_FAR_MORE),
        LineState.unanswered: and_(~_IS_SETTLED, ~_IS_ANSWERED, ~is_back),
        LineState.unaccounted: and_(~_IS_SETTLED, _IS_ANSWERED, ~_IS_FAR_MORE, ~is_placed),
        LineState.unproved: and_(~is_shown, or_(_IS_SETTLED, and_(is_placed, ~_IS_FAR_MORE))),
        LineState.returning: and_(~_IS_SETTLED, _IS_ANSWERED, is_placed, ~_IS_FAR_MORE, is_shown, ~is_counted),
        LineState.accounted: and_(~_IS_SETTLED, is_shown, or_(
            and_(~_IS_ANSWERED, is_back), and_(_IS_ANSWERED, is_placed, ~_IS_FAR_MORE, is_counted))),
    }[state]


OPEN_STATES = (LineState.unanswered, LineState.excess, LineState.unaccounted, LineState.unproved, LineState.returning)
IS_OPEN: ColumnElement[bool] = or_(*(is_line_in(state) for state in OPEN_STATES))
