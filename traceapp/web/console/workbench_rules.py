"""The rules that the address of a workbench says, and the addresses that say them."""
from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from flask import request, url_for
from flask_babel import gettext as _
from sqlalchemy.orm import Session

from traceapp.core.errors import Problem
from traceapp.recall.rule_names import keys_of
from traceapp.recall.scope_rule import WINDOWED, Rule, RuleKind
from traceapp.recall.side_by_side import Side
from traceapp.recall.signal_causes import alternatives_of, rule_of_cause
from traceapp.web.reading import given

from .entering import Entered
from .recall_rule_words import rule_query

if TYPE_CHECKING:
    from traceapp.signals.causes import CauseClass

LETTERS = ("a", "b", "c", "d", "e")
AS_IT_STANDS = "case"
FIELDS = ("kind", "key", "from", "until", "alone", "mix", "signal", "arrival")


@dataclass(slots=True)
class Column:
    """One of the scopes that are laid side by side: its rules, and what they find; `side` None where nothing is asked
    or the rules are refused."""

    letter: str
    rules: tuple[Rule, ...] = ()
    side: Side | None = None

    @property
    def name(self) -> str:
        return self.letter.upper()

    @property
    def found(self) -> Side:
        """What the rules find, of a column that was asked and not refused."""
        assert self.side is not None
        return self.side


def column_of(db: Session, standing: tuple[Rule, ...], form: Entered, letter: str) -> Column:
    """The rules that the fields of a column say, `standing` those of the case; faults stand in the form."""
    kind = form.get(f"{letter}_kind")
    if kind == AS_IT_STANDS:
        return Column(letter, standing)
    text = form.text(f"{letter}_key")
    if kind not in set(RuleKind) or not text:
        if kind in set(RuleKind):
            form.fault(f"{letter}_key", _("Say which."))
        return Column(letter)
    since, until = form.day(f"{letter}_from"), form.day(f"{letter}_until")
    if kind not in WINDOWED:
        since = until = None
    try:
        keys = keys_of(db, RuleKind(kind), text)
    except Problem as problem:
        form.refuse(problem, {"keys": f"{letter}_key"})
        return Column(letter)
    return Column(letter, (Rule(RuleKind(kind), keys, since, until, not form.is_checked(f"{letter}_alone"),
                                form.is_checked(f"{letter}_mix"), form.get(f"{letter}_signal")[:32],
                                form.is_checked(f"{letter}_arrival")),))


def shown_letters(form: Entered) -> tuple[str, ...]:
    """The columns whose fields are shown: those that are asked, at least two, and one more if it is wanted."""
    last = max((place for place, letter in enumerate(LETTERS) if form.get(f"{letter}_kind")), default=0)
    return LETTERS[:max(2, last + 1 + bool(given("more")))]


def fields_of(letter: str, form: Entered) -> dict[str, str]:
    """What a column says, to be sent with a button."""
    return {name: value for field in FIELDS if (value := form.get(name := f"{letter}_{field}"))}


def class_query(one: CauseClass, signal_id: str) -> dict[str, str]:
    """A class of causes as columns: all of it, then each member alone, as far as there is room."""
    found = rule_query(LETTERS[0], rule_of_cause(one, signal_id))
    for letter, rule in zip(LETTERS[1:], alternatives_of(one, signal_id), strict=False):
        found |= rule_query(letter, rule)
    return found


def again(**changes: str) -> str:
    """This page with some of its parameters changed."""
    return _address({name: value for name, value in request.args.items() if name != "lang"} | changes)


def beside(rule: Rule, form: Entered) -> str:
    """The address that lays this rule beside the first scope, in place of the others."""
    return _address(fields_of(LETTERS[0], form) | rule_query(LETTERS[1], rule))


def opened(**query: str) -> str:
    """This page with these parameters alone."""
    return _address(query)


def draft_url(rules: Sequence[Rule], signal_id: str) -> str | None:
    """Where a draft with this scope begins; None where it takes more than one rule."""
    if len(rules) != 1:
        return None
    query: dict[str, Any] = {**rule_query(LETTERS[0], rules[0])}
    return url_for("console.recall_new", signal=signal_id, **query)


def bench_url(one: CauseClass, signal_id: str) -> str:
    """The workbench of a signal with the scopes of a class of causes."""
    query: dict[str, Any] = {**class_query(one, signal_id)}
    return url_for("console.signal_workbench", signal_id=signal_id, **query)


def _address(query: Mapping[str, str]) -> str:
    values: dict[str, Any] = {name: value for name, value in query.items() if value} | (request.view_args or {})
    return url_for(request.endpoint or "", **values)
