"""What the fields of an adverse event may say together. Pure."""
from __future__ import annotations

from collections.abc import Iterable
from datetime import date, datetime, timedelta
from enum import StrEnum

from traceapp.complaint.seriousness import SeriousnessCriterion, is_serious
from traceapp.core.errors import InvalidInput

from .states import Outcome

__all__ = ["Precision", "check_consistent", "checked_onset", "is_serious", "period_start"]


class Precision(StrEnum):
    """How far a date is known."""

    day = "day"
    month = "month"
    year = "year"


def check_consistent(criteria: Iterable[str], outcome: Outcome) -> None:
    """Raises InvalidInput where outcome and seriousness contradict each other.

    Source: ICH E2B(R3), E.i.7 and E.i.3.2a: a fatal outcome and the criterion “death” stand together.
    """
    died = SeriousnessCriterion.death in set(criteria)
    if outcome is Outcome.fatal and not died:
        raise InvalidInput("With a fatal outcome, “death” must be among what makes it serious.", code="inconsistent",
                           place="seriousness")
    if died and outcome not in (Outcome.fatal, Outcome.unknown):
        raise InvalidInput("With a death, the outcome is fatal, or unknown where the death had another cause.",
                           code="inconsistent", place="outcome")


def period_start(day: date, precision: Precision) -> date:
    """The first day of what is known: of the month or the year where the day is not."""
    if precision is Precision.year:
        return day.replace(month=1, day=1)
    return day.replace(day=1) if precision is Precision.month else day


def checked_onset(day: date | None, precision: Precision, awareness_at: datetime) -> date | None:
    """The first day on which it may have begun. Raises InvalidInput when that is after we learned of it.

    A day ahead of UTC is allowed for zones that are ahead of it.
    """
    if day is None:
        return None
    first = period_start(day, precision)
    if first > (awareness_at + timedelta(hours=14)).date():
        raise InvalidInput("It cannot have begun after we learned of it.", code="onset-after-awareness",
                           place="onset_on")
    if day.year < 1990:
        raise InvalidInput("This day is too long ago. Write the year with four digits.", code="too-long-ago",
                           place="onset_on")
    return first
