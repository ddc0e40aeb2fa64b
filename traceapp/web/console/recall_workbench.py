"""Console: the workbench of a scope, of a recall or of a signal before there is one: from what it could start, and what
each choice takes in, side by side."""
from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Any

from flask import request, url_for
from flask_babel import gettext as _
from flask_babel import ngettext
from markupsafe import Markup
from sqlalchemy.orm import Session
from werkzeug.wrappers import Response

from traceapp.catalog.lookup import parties_by_id
from traceapp.core.errors import InvalidInput, Problem
from traceapp.recall.cases import recall_by_id
from traceapp.recall.correcting import corrected_of
from traceapp.recall.drafting import is_open_for_change, left_out_of
from traceapp.recall.model import Recall
from traceapp.recall.scope_rule import Rule, RuleKind, rules_of
from traceapp.recall.scope_starts import Start, starts_of
from traceapp.recall.scope_taking import Growth, TakeRules, growth_of, take_rules
from traceapp.recall.side_by_side import Difference, difference, side
from traceapp.recall.signal_causes import causes_of_signal, rule_of_cause, rule_of_signal
from traceapp.recall.states import ENDED
from traceapp.surveillance.model import Signal
from traceapp.surveillance.queries import signal_by_id
from traceapp.surveillance.ranking import Likeliest
from traceapp.trace.lookup import lots_by_key
from traceapp.web.cause_words import Names, names_in, per_cent
from traceapp.web.context import actor, world
from traceapp.web.reading import ZONE, given
from traceapp.web.signal_words import case_names
from traceapp.web.ui import graph
from traceapp.web.words import joined_words, own_name

from .acting import Done, Refusal, perform
from .casework import case_page
from .entering import Entered
from .layout import blueprint
from .recall_books import DISPOSITIONS
from .recall_rule_words import RULE_KINDS, RuleNames, rule_names, rule_query
from .recall_scope import drawn_scopes
from .signal_case import case_by_id
from .workbench_plain import Plain, plain_words
from .workbench_rules import (
    AS_IT_STANDS,
    LETTERS,
    Column,
    again,
    beside,
    class_query,
    column_of,
    draft_url,
    fields_of,
    opened,
    shown_letters,
)
from .workbench_tables import Page, consignee_page, lot_page, totals_table

# endpoint -> permission (see traceapp.web.permissions)
PERMISSIONS: dict[str, str] = {"console.recall_workbench": "recall.write", "console.recall_take_rules": "recall.write",
                               "console.signal_workbench": "recall.write"}
_MOST_NAMED, _MOST_CAUSES, _MOST_REASONS = 30, 6, 2000


@dataclass(frozen=True, slots=True)
class About:
    """What the page belongs to: a recall, a signal, or a recall that was opened from a signal."""

    case: Recall | None
    signal: Signal | None

    @property
    def standing(self) -> tuple[Rule, ...]:
        """The rules of the recall as it stands."""
        return rules_of(self.case.scope_rule) if self.case else ()


@dataclass(frozen=True, slots=True)
class Cause:
    """A class of causes with its chance and the address that lays its scopes side by side."""

    what: str
    chance: str
    url: str


@dataclass(slots=True)
class Bench:
    """Everything that the page shows."""

    columns: list[Column]
    names: RuleNames
    plain: list[Plain]
    growth: Growth | None = None
    causes: list[Cause] = field(default_factory=list)
    starts: list[tuple[Start, str]] = field(default_factory=list)
    picture: Markup | None = None
    links: list[dict[str, Any]] = field(default_factory=list)
    lots: Page = Page((), 1, 1, 0)
    consignees: Page = Page((), 1, 1, 0)

    @property
    def asked(self) -> list[Column]:
        return [column for column in self.columns if column.side is not None]


@blueprint.get("/recalls/<recall_id>/workbench")
def recall_workbench(recall_id: str) -> Response:
    """Up to five scopes side by side, each by the rules in the address."""
    return _show_recall(recall_id, Entered(request.args.to_dict()))


def _show_recall(recall_id: str, form: Entered, status: int = 200) -> Response:
    with world().database.read() as db:
        case = recall_by_id(db, recall_id)
        return _show(db, About(case, signal_by_id(db, case.signal_id) if case.signal_id else None), form, status)


@blueprint.get("/signals/<signal_id>/workbench")
def signal_workbench(signal_id: str) -> Response:
    """The same before there is a recall: at first what stands out beside the likeliest cause. Nothing is kept."""
    with world().database.read() as db:
        return _show(db, About(None, case_by_id(db, signal_id)), Entered(request.args.to_dict()))


def _show(db: Session, about: About, form: Entered, status: int = 200) -> Response:
    found = _causes(db, about.signal)
    if not form.get("a_kind"):
        _begin(db, about, form, found)
    bench = _bench(db, about, form, found)
    lots: dict[str, Any] = {lot.lot_key: lot for column in bench.asked for lot in column.found.scope.lots}
    consignees = {one.consignee_id: own_name(one) for column in bench.asked for one in column.found.scope.consignees}
    corrected = corrected_of(db, about.case.id) if about.case else ()
    lots |= lots_by_key(db, (one.lot_key for one in corrected))
    if bench.growth is not None:
        lots |= lots_by_key(db, bench.growth.gone[:_MOST_NAMED])
        consignees |= {key: own_name(party) for key, party in parties_by_id(
            db, [key for _lot, key in list(bench.growth.lines)[:_MOST_NAMED]]).items()}
    table, shown = totals_table(bench.asked), shown_letters(form)
    names = case_names(db, [about.signal]) if about.signal and not about.case else None
    return case_page(
        "console/recall_workbench.html", status if status != 200 or form.is_good else 422, case=about.case,
        signal=about.signal, names=names, form=form, bench=bench, kinds=_kinds(about), lots=lots, consignees=consignees,
        differences=_differences(bench), most_named=_MOST_NAMED, table=table, page_url=_turn("page"),
        is_transit_shown=any(one.transit for column in bench.asked for one in column.found.positions),
        whom_url=_turn("whom"), can_take=about.case is not None and is_open_for_change(about.case), shown=shown,
        more_url=None if len(shown) == len(LETTERS) or given("more") else again(more="1"), here=request.path,
        carried=lambda letter: fields_of(letter, form), case_kind=AS_IT_STANDS,
        draft_url=lambda column: draft_url(column.rules, about.signal.id) if about.signal else None,
        is_over=about.case is not None and about.case.state in ENDED, corrected=corrected,
        disposition_words=DISPOSITIONS)


def _turn(name: str) -> Any:
    """The address of another page of a table, by the parameter that numbers it."""
    return lambda number: again(**{name: str(number)}) + f"#{name}"


def _begin(db: Session, about: About, form: Entered, found: Likeliest | None) -> None:
    """Fill in what an address without rules stands for."""
    if about.standing:
        form.form["a_kind"] = AS_IT_STANDS
    elif about.case is None and about.signal is not None:
        rules = [rule_of_signal(db, about.signal)]
        if found is not None and found.ranking is not None:
            rules += [rule for rule in (rule_of_cause(found.ranking.classes[0], about.signal.id),) if rule not in rules]
        for letter, rule in zip(LETTERS, rules, strict=False):
            for name, value in rule_query(letter, rule).items():
                form.form[name] = value


def _bench(db: Session, about: About, form: Entered, found: Likeliest | None) -> Bench:
    columns = [column_of(db, about.standing, form, letter) for letter in LETTERS]
    for column in columns:
        if column.rules:
            try:
                column.side = side(db, column.rules, about.case.id if about.case else None,
                                   found.ranking if found else None)
            except Problem as problem:
                form.refuse(problem, dict.fromkeys((problem.place or "",), f"{column.letter}_key"))
    asked = [column for column in columns if column.side is not None]
    first = columns[0].side
    starts = starts_of(db, list(first.found.came_from)) if first else []
    reasons = [why for column in asked for _rule, why in list(column.found.found.because.values())[:_MOST_REASONS]]
    names = rule_names(db, [*(rule for column in columns for rule in column.rules), *(one.rule for one in starts)],
                       reasons)
    for column in columns:
        if len(column.rules) == 1 and form.get(f"{column.letter}_kind") != AS_IT_STANDS:
            form.form[f"{column.letter}_key"] = names.typed(column.rules[0])
    called = _class_names(db, found)
    bench = Bench(columns, names, [plain_words(column, names, called.__getitem__, _kept_out(about, column))
                                   for column in asked])
    bench.growth = growth_of(db, about.case, first.scope) if first is not None and about.case else None
    bench.causes = _cause_rows(about, found, called)
    bench.starts = [(one, beside(one.rule, form)) for one in starts]
    bench.lots, bench.consignees = lot_page(asked, names), consignee_page(asked)
    if asked:
        bench.picture, bench.links = drawn_scopes(
            db, [(column.name, column.found.scope) for column in asked], _folds())
    return bench


def _kept_out(about: About, column: Column) -> list[str]:
    """What was left out of the recall for a reason and is found by this."""
    left = [key for key in left_out_of(about.case) if key in column.found.scope.lot_keys] if about.case else []
    return [ngettext("%(num)d batch that was left out of the recall for a reason would be in.",
                     "%(num)d batches that were left out of the recall for a reason would be in.",
                     len(left))] if left else []


def _kinds(about: About) -> list[tuple[str, str]]:
    stands = [(AS_IT_STANDS, _("The case as it stands"))] if about.standing else []
    return [*stands, *((str(kind), str(text)) for kind, text in RULE_KINDS.items()
                       if kind != RuleKind.cause or about.signal)]


def _folds() -> graph.FoldWish:
    """What the address says of the folds of the picture, and under which one opens."""
    unfolded = frozenset(name for name in given("open", 2000).split(",") if name)
    return graph.FoldWish(keep=6, opened=unfolded,
                          url=lambda name: again(open=",".join(sorted(unfolded | {name}))) + "#picture")


def _causes(db: Session, case: Signal | None) -> Likeliest | None:
    on: date = world().clock.now().astimezone(ZONE).date()
    return causes_of_signal(db, case.id, on) if case else None


def _class_names(db: Session, found: Likeliest | None) -> list[str]:
    """What each class of causes is called, in their order."""
    if found is None or found.ranking is None:
        return []
    names: Names = names_in(db, found)
    return [_class_name(names, one.members) for one in found.ranking.classes]


def _class_name(names: Names, members: Sequence[str]) -> str:
    more = len(members) - 4
    return joined_words([names.with_kind(node) for node in members[:4]]) + (f" … (+{more})" if more > 0 else "")


def _cause_rows(about: About, found: Likeliest | None, called: Sequence[str]) -> list[Cause]:
    if found is None or found.ranking is None or about.signal is None:
        return []
    return [Cause(called[place], per_cent(one.posterior), opened(**class_query(one, about.signal.id)))
            for place, one in enumerate(found.ranking.classes[:_MOST_CAUSES])]


def _differences(bench: Bench) -> list[tuple[Column, Column, Difference]]:
    """What each has that the first has not, and the first has that it has not."""
    first, others = bench.asked[:1], bench.asked[1:]
    return [(one, beside_it, difference(one.found, beside_it.found)) for base in first for other in others
            for one, beside_it in ((base, other), (other, base))]


@blueprint.post("/recalls/<recall_id>/workbench")
def recall_take_rules(recall_id: str) -> Response:
    """Take the rules of one column as the scope, in place of what stands or beside it."""
    form = Entered()
    letter = form.choice("column", LETTERS)

    def act(db: Session) -> Done:
        case = recall_by_id(db, recall_id)
        column = column_of(db, rules_of(case.scope_rule), form, letter)
        if not form.is_good:
            raise InvalidInput("Say from what the scope starts.", code="no-start", place=f"{letter}_key")
        rules = (*(rules_of(case.scope_rule) if form.is_checked("beside") else ()), *column.rules)
        scope = take_rules(db, actor(), world().clock, TakeRules(
            case.id, tuple(dict.fromkeys(rules)), form.revision()))
        return Done(url_for("console.recall", recall_id=case.id, part="scope"), ngettext(
            "Taken: %(num)d batch is in scope.", "Taken: %(num)d batches are in scope.", len(scope.lots)))

    return perform(form, act, Refusal(lambda status: _show_recall(recall_id, form, status)))
