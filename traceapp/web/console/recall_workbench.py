"""Console: the workbench of a scope: from what it could start, what each choice takes in, side by side."""
from __future__ import annotations

from collections.abc import Mapping
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
from traceapp.recall.drafting import is_open_for_change
from traceapp.recall.model import Recall
from traceapp.recall.rule_names import keys_of
from traceapp.recall.scope import ScopeLot
from traceapp.recall.scope_asked import Because
from traceapp.recall.scope_rule import Rule, RuleKind, rules_of
from traceapp.recall.scope_starts import Start, starts_of
from traceapp.recall.scope_taking import Growth, TakeRules, growth_of, take_rules
from traceapp.recall.side_by_side import Difference, Side, difference, side
from traceapp.recall.signal_causes import causes_of_signal, rule_of_cause
from traceapp.surveillance.ranking import Likeliest
from traceapp.trace.lookup import lots_by_key
from traceapp.web.cause_words import Names, names_in, per_cent
from traceapp.web.context import actor, world
from traceapp.web.reading import ZONE, given
from traceapp.web.ui import graph
from traceapp.web.words import joined_words, own_name

from .acting import Done, Refusal, perform
from .casework import case_page
from .entering import Entered
from .layout import blueprint
from .recall_rule_words import RULE_KINDS, RuleNames, rule_names, rule_query
from .recall_scope import drawn_scopes

# endpoint -> permission (see traceapp.web.permissions)
PERMISSIONS: dict[str, str] = {"console.recall_workbench": "recall.write", "console.recall_take_rules": "recall.write"}
LETTERS = ("a", "b", "c")
AS_IT_STANDS = "case"
FIELDS = ("kind", "key", "from", "until", "alone", "mix", "signal")
_PAGE = 100
_MOST_NAMED = 30


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


@dataclass(frozen=True, slots=True)
class Cause:
    """A class of causes with its chance and the address that lays its scope beside the first one."""

    what: str
    chance: str
    url: str | None


@dataclass(slots=True)
class Bench:
    """Everything that the page shows."""

    columns: list[Column]
    names: RuleNames
    growth: Growth | None
    causes: list[Cause] = field(default_factory=list)
    starts: list[tuple[Start, str]] = field(default_factory=list)
    picture: Markup | None = None
    links: list[dict[str, Any]] = field(default_factory=list)

    @property
    def asked(self) -> list[Column]:
        return [column for column in self.columns if column.side is not None]


@blueprint.get("/recalls/<recall_id>/workbench")
def recall_workbench(recall_id: str) -> Response:
    """Up to three scopes side by side, each by the rules in the address."""
    return _show(recall_id, Entered(request.args.to_dict()))


def _show(recall_id: str, form: Entered, status: int = 200) -> Response:
    here = world()
    with here.database.read() as db:
        case = recall_by_id(db, recall_id)
        found = _causes(db, case, here.clock.now().astimezone(ZONE).date())
        bench = _bench(db, case, form, found)
        rows, pages = _lot_rows(bench)
        lots = {lot.lot_key: lot for column in bench.asked for lot in column.side.scope.lots}  # type: ignore[union-attr]
        if bench.growth is not None:
            lots |= lots_by_key(db, bench.growth.gone[:_MOST_NAMED])
        consignees = {one.consignee_id: own_name(one) for column in bench.asked
                      for one in column.side.scope.consignees}  # type: ignore[union-attr]
        if bench.growth is not None:
            consignees |= {key: own_name(party) for key, party in parties_by_id(
                db, [key for _lot, key in list(bench.growth.lines)[:_MOST_NAMED]]).items()}
    has_third = bool(given("more") or form.get("c_kind"))
    status = status if status != 200 or form.is_good else 422
    return case_page(
        "console/recall_workbench.html", status, case=case, form=form, bench=bench,
        kinds=_kinds(case), rows=rows, page_number=pages[0], page_count=pages[1], row_count=pages[2], lots=lots,
        consignees=consignees, differences=_differences(bench), per_cent=per_cent, most_named=_MOST_NAMED,
        table=_table(bench), can_take=is_open_for_change(case), page_url=lambda number: _again(page=str(number)),
        third_url=None if has_third else _again(more="1"), shown=LETTERS if has_third else LETTERS[:2],
        fields=FIELDS, case_kind=AS_IT_STANDS)


def _bench(db: Session, case: Recall, form: Entered, found: Likeliest | None) -> Bench:
    if not form.get("a_kind") and rules_of(case.scope_rule):
        form.form["a_kind"] = AS_IT_STANDS
    ranking = found.ranking if found else None
    columns = [_column(db, case, form, letter) for letter in LETTERS]
    for column in columns:
        if column.rules:
            try:
                column.side = side(db, column.rules, case.id, ranking)
            except Problem as problem:
                form.refuse(problem, dict.fromkeys((problem.place or "",), f"{column.letter}_key"))
    sides = [column.side for column in columns if column.side is not None]
    reasons = [why for one in sides for _rule, why in list(one.found.because.values())[:_PAGE * 20]]
    first = columns[0].side
    growth = growth_of(db, case, first.scope) if first is not None else None
    starts = starts_of(db, [lot for one in sides[:1] for lot in one.found.came_from])
    names = rule_names(db, [*(rule for column in columns for rule in column.rules), *(one.rule for one in starts)],
                       reasons)
    for column in columns:
        if len(column.rules) == 1 and form.get(f"{column.letter}_kind") != AS_IT_STANDS:
            form.form[f"{column.letter}_key"] = names.typed(column.rules[0])
    bench = Bench(columns, names, growth, _cause_rows(db, case, found),
                  [(one, _beside(one.rule)) for one in starts])
    if sides:
        bench.picture, bench.links = drawn_scopes(
            db, [(column.name, column.side.scope) for column in bench.asked if column.side],
            _folds())
    return bench


def _column(db: Session, case: Recall, form: Entered, letter: str) -> Column:
    """The rules that the fields of a column say; faults stand in the form."""
    kind = form.get(f"{letter}_kind")
    if kind == AS_IT_STANDS:
        return Column(letter, rules_of(case.scope_rule))
    text = form.text(f"{letter}_key")
    if kind not in set(RuleKind) or not text:
        if kind in set(RuleKind):
            form.fault(f"{letter}_key", _("Say which."))
        return Column(letter)
    since, until = form.day(f"{letter}_from"), form.day(f"{letter}_until")
    if kind in (RuleKind.lots, RuleKind.excursion):
        since = until = None
    try:
        keys = keys_of(db, RuleKind(kind), text)
    except Problem as problem:
        form.refuse(problem, {"keys": f"{letter}_key"})
        return Column(letter)
    return Column(letter, (Rule(RuleKind(kind), keys, since, until, not form.is_checked(f"{letter}_alone"),
                                form.is_checked(f"{letter}_mix"), form.get(f"{letter}_signal")[:32]),))


def _kinds(case: Recall) -> list[tuple[str, str]]:
    stands = [(AS_IT_STANDS, _("The case as it stands"))] if rules_of(case.scope_rule) else []
    return [*stands, *((str(kind), str(text)) for kind, text in RULE_KINDS.items())]


def _again(**changes: str) -> str:
    """This page with some of its parameters changed."""
    return _address({name: value for name, value in request.args.items() if name != "lang"} | changes)


def _folds() -> graph.FoldWish:
    """What the address says of the folds of the picture, and under which one opens."""
    opened = frozenset(name for name in given("open", 2000).split(",") if name)
    return graph.FoldWish(keep=6, opened=opened,
                          url=lambda name: _again(open=",".join(sorted(opened | {name}))) + "#picture")


def _beside(rule: Rule) -> str:
    """The address that lays this rule beside the first scope."""
    return _address({name: value for name, value in request.args.items()
                     if not name.startswith("b_") and name not in ("page", "lang")} | rule_query("b", rule))


def _address(query: Mapping[str, str]) -> str:
    values: dict[str, Any] = {name: value for name, value in query.items() if value} | (request.view_args or {})
    return url_for("console.recall_workbench", **values)


def _causes(db: Session, case: Recall, on: date) -> Likeliest | None:
    return causes_of_signal(db, case.signal_id, on) if case.signal_id else None


def _cause_rows(db: Session, case: Recall, found: Likeliest | None) -> list[Cause]:
    if found is None or found.ranking is None:
        return []
    names: Names = names_in(db, found)
    rows = []
    for one in found.ranking.classes[:6]:
        rule = rule_of_cause(one, case.signal_id or "")
        rows.append(Cause(joined_words([names.with_kind(node) for node in one.members[:4]]), per_cent(one.posterior),
                          _beside(rule) if rule else None))
    return rows


def _lot_rows(bench: Bench) -> tuple[list[tuple[ScopeLot, str, tuple[bool, ...]]], tuple[int, int, int]]:
    """One page of all lots of all columns: the lot, why it is in the first scope that has it, and which have it."""
    asked = [(column.side, column.side.scope.lot_keys) for column in bench.asked if column.side is not None]
    every: dict[str, tuple[ScopeLot, Side]] = {}
    for one, _keys in asked:
        for lot in one.scope.lots:
            every.setdefault(lot.lot_key, (lot, one))
    count = max(1, -(-len(every) // _PAGE))
    number = int(given("page")) if given("page").isdecimal() and len(given("page")) < 6 else 1
    number = min(max(1, number), count)
    rows = []
    for lot, one in list(every.values())[(number - 1) * _PAGE:number * _PAGE]:
        why = one.found.why(lot.lot_key)
        rows.append((lot, _why(bench, lot, why[1]) if why else "", tuple(lot.lot_key in keys for _side, keys in asked)))
    return rows, (number, count, len(every))


def _why(bench: Bench, lot: ScopeLot, because: Because) -> str:
    """Why a lot is in: its start's reason, after the number of the start where that is another lot."""
    text = bench.names.why(because)
    return text if len(lot.path) == 1 else _("%(start)s: %(why)s", start=lot.path[0], why=text)


def _differences(bench: Bench) -> list[tuple[Column, Column, Difference]]:
    return [(one, other, difference(one.side, other.side)) for one in bench.asked for other in bench.asked
            if one is not other and one.side is not None and other.side is not None]


_POSITIONS: tuple[tuple[str, Any], ...] = (
    ("made", lambda: _("Made")), ("stock", lambda: _("In our store")), ("made_into", lambda: _("Made into others")),
    ("lost", lambda: _("Samples, destroyed, lost")), ("transit", lambda: _("Sent, arrival not told")),
    ("consignee", lambda: _("At consignees")), ("used", lambda: _("Used")), ("back", lambda: _("Sent back")),
    ("unknown", lambda: _("Not known")))


def _table(bench: Bench) -> list[tuple[str, str, list[Any]]]:
    """Rows (what, unit, a value a column) of the totals side by side; a row that is empty everywhere is left out."""
    sides = [column.side for column in bench.asked if column.side is not None]
    rows: list[tuple[str, str, list[Any]]] = [
        (_("Batches"), "", [len(one.scope.lots) for one in sides]),
        (_("Consignees"), "", [len(one.scope.consignees) for one in sides]),
        (_("Countries"), "", [", ".join(country for country in one.countries if country) or "–" for one in sides])]
    units = list(dict.fromkeys(row.unit for one in sides for row in one.positions))
    for unit in units:
        by_side: list[Mapping[str, Any]] = [
            next(({name: getattr(row, name) for name, _text in _POSITIONS} for row in one.positions
                  if row.unit == unit), {}) for one in sides]
        for name, text in _POSITIONS:
            values = [positions.get(name, 0) for positions in by_side]
            if any(values):
                rows.append((text(), unit or "", values))
    if any(one.mass is not None for one in sides):
        masses = [one.mass for one in sides]
        for text, name in ((_("Chance that it covers the cause"), "inside"),
                           (_("Chance that the cause lies outside"), "outside"),
                           (_("Chance that there is no common cause"), "no_cause"),
                           (_("Other causes, each unlikely"), "rest")):
            rows.append((text, "", [_chance(getattr(mass, name)) if mass else "–" for mass in masses]))
    return rows


def _chance(share: float) -> str:
    return per_cent(share) if share else "0 %"


@blueprint.post("/recalls/<recall_id>/workbench")
def recall_take_rules(recall_id: str) -> Response:
    """Take the rules of one column as the scope, in place of what stands or beside it."""
    form = Entered()
    letter = form.choice("column", LETTERS)

    def act(db: Session) -> Done:
        case = recall_by_id(db, recall_id)
        column = _column(db, case, form, letter)
        if not form.is_good:
            raise InvalidInput("Say from what the scope starts.", code="no-start", place=f"{letter}_key")
        rules = (*(rules_of(case.scope_rule) if form.is_checked("beside") else ()), *column.rules)
        scope = take_rules(db, actor(), world().clock, TakeRules(
            case.id, tuple(dict.fromkeys(rules)), form.revision()))
        return Done(url_for("console.recall", recall_id=case.id, part="scope"), ngettext(
            "Taken: %(num)d batch is in scope.", "Taken: %(num)d batches are in scope.", len(scope.lots)))

    return perform(form, act, Refusal(lambda status: _show(recall_id, form, status)))
