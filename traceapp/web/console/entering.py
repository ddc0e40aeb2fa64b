"""Reading a form that a person filled in: every field's value, every field's fault, nothing lost."""
from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import TypeVar
from zoneinfo import ZoneInfo

from flask import request
from flask_babel import gettext
from werkzeug.datastructures import FileStorage, MultiDict

from traceapp.core.errors import InvalidInput, Problem
from traceapp.core.ids import new_secret
from traceapp.core.quantity import parse_amount
from traceapp.web.label_words import told
from traceapp.web.state_words import said_params, said_template
from traceapp.web.ui import current_locale
from traceapp.web.ui.display import unit as unit_word

from .words import FIELDS

Found = TypeVar("Found")
_LONGEST = 20_000


class Entered:
    """The fields of a form as they were typed, and what is wrong with them by field name.

    A reading method that finds a fault notes it and answers a stand-in, so that one round tells all faults; look at
    `errors` before acting. The name of a field follows from the place that services name, `results/0/value` being
    `results-0-value`.
    """

    def __init__(self, values: Mapping[str, str | list[str]] | None = None) -> None:
        """The form of this request, or one with `values` filled in beforehand."""
        self.form: MultiDict[str, str] = MultiDict(request.form if request.method == "POST" else values or {})
        self.errors: dict[str, str] = {}
        self.general: list[str] = []
        self.token = self.form.get("form_token") or new_secret(16)

    def get(self, name: str, default: str = "") -> str:
        """What was typed, for showing it again."""
        return self.form.get(name, default)[:_LONGEST]

    def text(self, name: str, *, required: bool = False) -> str:
        """The text without blanks around it."""
        found = self.get(name).strip()
        if required and not found:
            self.fault(name, gettext("This must be filled in."))
        return found

    def is_checked(self, name: str) -> bool:
        """Whether a box was ticked."""
        return bool(self.form.get(name))

    def several(self, name: str) -> list[str]:
        """Every choice made under this name."""
        return [value for value in self.form.getlist(name) if value]

    def amount(self, name: str, *, positive: bool = True, required: bool = True) -> Decimal | None:
        """The number; None for a fault, and for an empty field that need not be filled in."""
        text = self.text(name, required=required)
        return self._read(name, lambda: parse_amount(text, place=name, positive=positive)) if text else None

    def confirmed(self, name: str) -> Decimal | None:
        """The number that a ticked box carries; None for none."""
        try:
            return Decimal(self.get(name)) if self.is_checked(name) else None
        except ArithmeticError:
            return None

    def whole(self, name: str) -> int | None:
        """The whole number of a field that may be empty."""
        text = self.text(name)
        if not text:
            return None
        if not text.isdecimal() or len(text) > 9:
            self.fault(name, gettext("This must be a whole number."))
            return None
        return int(text)

    def day(self, name: str, *, required: bool = False) -> date | None:
        """The calendar day, yyyy-mm-dd."""
        text = self.text(name, required=required)
        return self._read(name, lambda: _day(text, name)) if text else None

    def moment(self, name: str, zone: str) -> datetime | None:
        """The moment in UTC that was typed as local time of `zone`."""
        text = self.text(name, required=True)
        return self._read(name, lambda: _moment(text, zone, name)) if text else None

    def choice(self, name: str, options: Iterable[str], *, required: bool = True) -> str:
        """The chosen option; a fault when it is none of them."""
        found = self.text(name, required=required)
        if found and found not in set(options):
            self.fault(name, gettext("Choose one of the list."))
        return found

    def file(self, name: str) -> FileStorage | None:
        """The file that was chosen; None when none was."""
        found = request.files.get(name)
        return found if found is not None and found.filename else None

    def revision(self) -> int | None:
        """The version that the person looked at. Raises InvalidInput when the form lost it."""
        text = self.form.get("revision", "")
        if not text:
            return None
        if not text.isdecimal() or len(text) > 9:
            raise InvalidInput("This form is too old or was opened elsewhere. Reload the page and send it again. "
                               "Nothing was saved.", place="revision")
        return int(text)

    def count(self, prefix: str, least: int, most: int) -> int:
        """How many rows of this prefix the form has, `prefix-N-…`; at least `least`."""
        numbers = [int(parts[1]) for name in self.form if (parts := name.split("-"))[0] == prefix
                   and len(parts) > 1 and parts[1].isdecimal() and len(parts[1]) < 5]
        return min(most, max(least, max(numbers, default=-1) + 1))

    def fault(self, name: str | None, text: str) -> None:
        """Note what is wrong: at a field, or with the whole."""
        if name is None:
            self.general.append(text)
        else:
            self.errors.setdefault(name, text)

    def refuse(self, problem: Problem, fields: Mapping[str, str] | None = None) -> None:
        """Note the refusal of a service at its field; `fields` maps places to names where they differ."""
        text = _told(problem)
        place = problem.place or ""
        name = (fields or {}).get(place, place.replace("/", "-"))
        self.fault(name if name in self.form or name in request.files or name in (fields or {}).values() else None,
                   text)

    @property
    def is_good(self) -> bool:
        return not self.errors and not self.general

    @property
    def summary(self) -> list[tuple[str | None, str]]:
        """What `ui.error_summary` shows: each fault with what its field is called."""
        named = [(name, gettext("%(field)s: %(fault)s", field=FIELDS[name], fault=text) if name in FIELDS else text)
                 for name, text in self.errors.items()]
        return [*((None, text) for text in self.general), *named]

    def kept(self, leave_out: Iterable[str] = ()) -> list[tuple[str, str]]:
        """Every field as hidden ones carry it to the next step."""
        skipped = {"csrf_token", "form_token", "revision", "step", *leave_out}
        return [(name, value) for name, value in self.form.items(multi=True) if name not in skipped]

    def _read(self, name: str, read: Callable[[], Found]) -> Found | None:
        try:
            return read()
        except InvalidInput as error:
            self.fault(name, _told(error))
            return None


def _told(problem: Problem) -> str:
    """The message in the reader's language, units by their short names."""
    units = {name: unit_word(str(value), current_locale()) for name, value in problem.params.items()
             if name in ("unit", "from_unit", "to_unit")}
    params, template = {**told(said_params(problem)), **units}, said_template(problem)
    return template % params if params else template


def _day(text: str, name: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise InvalidInput("“%(text)s” is not a day; write it as 2026-03-09.", code="not-a-day", place=name,
                           text=text[:40]) from None


def _moment(text: str, zone: str, name: str) -> datetime:
    try:
        typed = datetime.fromisoformat(text)
        return typed.replace(tzinfo=ZoneInfo(zone)).astimezone(UTC)
    except (ValueError, OverflowError):
        raise InvalidInput("“%(text)s” is not a time; write it as 2026-03-09 14:05.", code="not-a-time", place=name,
                           text=text[:40]) from None
