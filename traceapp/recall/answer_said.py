"""What is said in an answer: its numbers, and what is wrong with them before anything is written."""
from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from decimal import Decimal

from traceapp.catalog.texts import required_text, short_text
from traceapp.core.errors import InvalidInput, Stale
from traceapp.core.quantity import parse_amount

from .model import RecallLedger
from .naming import ZERO, Naming, PassOn
from .pieces import WHOLE, is_part
from .policy import PLACES, Counted, is_far_more, needs_explanation

FIELDS = ("received", *PLACES)
NO_NAME = "Please write your name, so that we know whom to ask."
NO_REASON = ("The numbers do not add up to what was sent. Please write in a few words why: lost, counted "
             "differently.")


FAR_MORE = "This is far more than was sent by our records. Correct it, or confirm that it is right."


def answered_meanwhile() -> Stale:
    """Why an answer is not taken whose form is older than what a colleague answered."""
    return Stale("Somebody else at your organisation answered in the meantime. Their numbers are shown beside yours; "
                 "check them and send again. Nothing was lost.", code="answered-meanwhile")


@dataclass(frozen=True, slots=True)
class AnswerLine:
    """Units of one lot, none below zero. `received` None: as many as were shipped. What was passed on is counted by
    those who got it. `sure`: where far more is said than was shipped, that number again (`Counted.said`)."""

    lot_key: str
    on_hand: Decimal
    used: Decimal
    returned: Decimal
    received: Decimal | None = None
    destroyed: Decimal = Decimal(0)
    corrected: Decimal = Decimal(0)
    sure: Decimal | None = None

    def counted(self, shipped: Decimal, passed_on: Decimal) -> Counted:
        """The numbers, with as many received as were shipped where nothing else is said."""
        return Counted(shipped if self.received is None else self.received, self.on_hand, self.used, self.returned,
                       passed_on, self.destroyed, self.corrected)


def far_said(line: AnswerLine, shipped: Decimal, passed_on: Decimal) -> Decimal | None:
    """What a line says that there is, where it is far more than was shipped; None where it is not."""
    said = line.counted(shipped, passed_on).said
    return said if is_far_more(shipped, said) else None


@dataclass(frozen=True, slots=True)
class RecordAnswer:
    """Some lots or all. `seen` is `NoticeView.answers` as the form showed it; None: not asked. `way`: how it came.
    `passed`: whom units were passed on to, beside those named before."""

    token: str
    lines: tuple[AnswerLine, ...]
    answered_by: str
    explanation: str = ""
    seen: int | None = None
    way: str = "link"
    passed: tuple[PassOn, ...] = ()


def parse_units(text: str, *, place: str) -> Decimal:
    """A number of units that somebody typed. Raises InvalidInput for what is no number or below zero."""
    value = parse_amount(text, place=place, positive=False)
    if value < 0:
        raise InvalidInput("A number cannot be below zero.", code="below-zero", place=place)
    return value


def counted_of(row: RecallLedger) -> Counted | None:
    """The answer of a line of the ledger; None without one."""
    if row.on_hand is None or row.used is None or row.returned is None or row.received is None:
        return None
    return Counted(row.received, row.on_hand, row.used, row.returned, row.passed_on, row.destroyed, row.corrected)


def parts_in(lines: Iterable[AnswerLine]) -> set[str]:
    """The lots of which a part of a unit is said."""
    return {line.lot_key for line in lines if any(is_part(getattr(line, name, None)) for name in FIELDS)}


def checked(rows: Mapping[str, RecallLedger], command: RecordAnswer, naming: Naming,
            pieces: Collection[str] = ()) -> dict[str, Counted]:
    """The numbers by lot, once nothing is wrong with them; `pieces`: the lots that are counted in whole ones. Raises
    InvalidInput with `errors` by field."""
    errors: dict[str, str] = {place: error.text for place, error in naming.errors.items()}
    counted: dict[str, Counted] = {}
    for line in command.lines:
        row = rows.get(line.lot_key)
        if row is None:
            raise InvalidInput("This lot was not sent to you by this recall's records.", code="unknown-lot",
                               place="lines")
        numbers = line.counted(row.shipped, naming.totals.get(line.lot_key, ZERO))
        errors |= {f"{name}:{line.lot_key}": WHOLE for name in FIELDS
                   if line.lot_key in pieces and is_part(getattr(numbers, name))}
        errors |= {f"{name}:{line.lot_key}": "A number cannot be below zero." for name in FIELDS
                   if getattr(numbers, name) < 0}
        if is_far_more(row.shipped, numbers.said) and line.sure != numbers.said and counted_of(row) != numbers:
            errors[f"sure:{line.lot_key}"] = FAR_MORE
        counted[line.lot_key] = numbers
    if not counted and not naming.entries and not errors:
        errors["lines"] = "Fill in the numbers of at least one batch."
    if not command.answered_by.strip():
        errors["answered_by"] = NO_NAME
    if not command.explanation.strip() and any(
            needs_explanation(rows[key].shipped, numbers) for key, numbers in counted.items()):
        errors["explanation"] = NO_REASON
    if errors:
        place, message = next(iter(errors.items()))
        raise InvalidInput(message, code="answer-incomplete", place=place, errors=errors)
    required_text(short_text(command.answered_by, 200, place="answered_by"), place="answered_by")
    short_text(command.explanation, 2000, place="explanation")
    return counted
