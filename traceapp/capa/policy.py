"""Pure decisions of a CAPA: by when things are due, and what stands in the way of a step."""
from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

from traceapp.core.errors import Conflict
from traceapp.rules import is_working_day, last_moment

from .states import ActionState, Conclusion, Verdict

HOME, _ZONE = "CN", ZoneInfo("Asia/Shanghai")
# The house's own limit: development answers quality within so many working days.
ANSWER_WORKING_DAYS = 15
# The house's own limits, in days: from when the duty arises until it is done.
DUE_DAYS = {"capa.investigate": 3, "capa.plan": 30, "capa.begin": 7, "capa.verify": 3, "capa.close": 7}
WHOLE_DAYS = 90
CLOSED_MEANING = "closed as effective"


@dataclass(frozen=True, slots=True)
class ActionFacts:
    """An action as the guards see it. `is_owner_here` off: its owner has left the house."""

    state: str
    owner_id: str | None
    due_on: date | None
    done_by: str | None = None
    done_at: datetime | None = None
    is_owner_here: bool = True


@dataclass(frozen=True, slots=True)
class Facts:
    """What the guards ask: verdicts of the causes, why none can be found, actions, conclusions of the checks in order
    (None: stated, not concluded), when the last criterion was stated and for which day, questions without an answer."""

    verdicts: Collection[str] = ()
    no_cause: str = ""
    actions: Collection[ActionFacts] = ()
    conclusions: tuple[str | None, ...] = ()
    stated_at: datetime | None = None
    planned_on: date | None = None
    open_questions: int = 0


def answer_due(asked_on: date) -> tuple[datetime, bool]:
    """The end of the fifteenth working day after the day of the question, at home; and whether the calendar knows every
    year that was counted."""
    day, left, is_sure = asked_on, ANSWER_WORKING_DAYS, True
    while left:
        day += timedelta(days=1)
        works, is_known = is_working_day(HOME, day)
        left, is_sure = left - works, is_sure and is_known
    return last_moment(HOME, day), is_sure


def home_day(at: datetime) -> date:
    """The day of a moment at home."""
    return at.astimezone(_ZONE).date()


def end_of(day: date) -> datetime:
    """The last moment of a day at home."""
    return last_moment(HOME, day)


def refuse_step(action: str, facts: Facts, today: date) -> None:
    """Nothing when all that a step needs is there. Raises Conflict that says what is missing."""
    guard = _GUARDS.get(action)
    if guard is not None:
        guard(facts, today)


def _cause_stands(facts: Facts, _today: date) -> None:
    if Verdict.confirmed not in facts.verdicts and not facts.no_cause:
        raise Conflict("No cause is confirmed yet. Confirm one, or say why none can be found.", code="no-cause",
                       place="action")


def _is_prepared(facts: Facts, today: date) -> None:
    to_do = [one for one in facts.actions if one.state == ActionState.open]
    if not to_do:
        raise Conflict("No action is planned yet.", code="no-actions", place="action")
    if any(one.owner_id is None or one.due_on is None for one in to_do):
        raise Conflict("Every action needs somebody who does it, and a day.", code="action-without-owner",
                       place="action")
    if not all(one.is_owner_here for one in to_do):
        raise Conflict("An action is with somebody who is not active here any more. Give it to somebody else.",
                       code="owner-left", place="action")
    if not facts.conclusions or facts.conclusions[-1] is not None:
        raise Conflict("State first by which criterion it will be judged whether the actions helped, and when.",
                       code="no-criterion", place="action")
    if facts.planned_on is not None and facts.planned_on < today:
        raise Conflict("The day on which it should be verified is past. State the criterion with a day to come.",
                       code="criterion-past", place="action")


def _all_is_done(facts: Facts, _today: date) -> None:
    """What was done before the last criterion was stated is what did not help."""
    if any(one.state == ActionState.open for one in facts.actions):
        raise Conflict("Some actions are not done yet.", code="actions-open", place="action")
    if not any(one.state == ActionState.done and _is_since(one.done_at, facts.stated_at) for one in facts.actions):
        raise Conflict("No action was done, so there is nothing to verify.", code="nothing-done", place="action")


def _is_since(at: datetime | None, since: datetime | None) -> bool:
    return at is None or since is None or at >= since


def _helped(facts: Facts, _today: date) -> None:
    if not facts.conclusions or facts.conclusions[-1] != Conclusion.effective:
        raise Conflict("It was not verified yet that the actions helped.", code="not-verified", place="action")
    if facts.open_questions:
        raise Conflict("A question to development has no answer yet.", code="question-open", place="action")


def _was_looked_at(facts: Facts, _today: date) -> None:
    """A criterion that was in use is left by its conclusion alone, so that the result cannot choose another."""
    if facts.conclusions and facts.conclusions[-1] is None:
        raise Conflict("Write down first what the verification found. “Not effective” reopens it.",
                       code="not-concluded", place="action")


def took_part(facts: Facts, user_id: str) -> bool:
    """Whether somebody owned an action, or reported one as done."""
    return any(user_id in (one.owner_id, one.done_by) for one in facts.actions)


_GUARDS = {"plan": _cause_stands, "begin": _is_prepared, "verify": _all_is_done, "close": _helped,
           "reopen": _was_looked_at}
