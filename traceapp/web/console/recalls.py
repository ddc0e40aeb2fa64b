"""Console: recalls. The list, and a new one; a case itself stands in the modules beside this one."""
from __future__ import annotations

from typing import Any

from flask import request, url_for
from flask_babel import gettext as _
from sqlalchemy.orm import Session
from werkzeug.datastructures import MultiDict
from werkzeug.wrappers import Response

from traceapp.catalog.lookup import products_by_id
from traceapp.core.errors import InvalidInput, NotFound
from traceapp.recall.progress import progress_of
from traceapp.recall.proposing import ruled
from traceapp.recall.queries import RecallFilter, recall_page
from traceapp.recall.scope_rule import Rule, RuleKind
from traceapp.recall.service import OpenRecall, open_recall
from traceapp.recall.states import RecallClass
from traceapp.surveillance.case_reads import recall_roots
from traceapp.surveillance.queries import signal_by_id
from traceapp.trace.lookup import lots_of_number
from traceapp.web.context import actor, world
from traceapp.web.listings_cases import recalls_table
from traceapp.web.permissions import joined
from traceapp.web.reading import given
from traceapp.web.tables import send_table
from traceapp.web.words import RECALL_CLASSES, RECALL_STATES, RECALL_TRIGGERS, choices, joined_words, own_name

from . import (
    recall_acts,
    recall_books,
    recall_case,
    recall_container_in,
    recall_goods_in,
    recall_ledger,
    recall_notice,
    recall_passed,
    recall_phases,
    recall_scope,
    recall_status,
    recall_telling,
    recall_untold,
    recall_workbench,
)
from .acting import Done, Refusal, perform
from .casework import case_page
from .entering import Entered
from .layout import blueprint
from .listing import PAGE_ROWS, choice, export_links, placed, wished
from .recall_rule_words import rule_names
from .recall_texts import TEXT_FIELDS, drafted_texts, typed_trigger
from .workbench_rules import FIELDS, column_of

# endpoint -> permission (see traceapp.web.permissions). Reading asks for `recall.write` too: `recall.read` is also the
# regulator's, who has pages of its own without the work on the case.
_PARTS = (recall_acts, recall_books, recall_case, recall_container_in, recall_goods_in, recall_ledger, recall_notice,
          recall_passed, recall_phases, recall_scope, recall_status, recall_telling, recall_untold, recall_workbench)
PERMISSIONS: dict[str, str] = joined({
    "console.recalls": "recall.write", "console.recall_new": "recall.write", "console.recall_open": "recall.write"},
    *(part.PERMISSIONS for part in _PARTS))

# What the address of a new recall says of its start.
_CARRIED = frozenset({"root", "signal"} | {f"a_{name}" for name in FIELDS})
_MOST_NAMED = 100


def _filter(wanted: dict[str, str], limit: int = PAGE_ROWS, after: str | None = None) -> RecallFilter:
    state = choice(wanted["state"], RECALL_STATES)
    return RecallFilter(text=wanted["text"], states=(state,) if state else (),
                        recall_class=choice(wanted["recall_class"], RECALL_CLASSES), after=after, limit=limit)


@blueprint.get("/recalls")
def recalls() -> Response:
    """The list, the newest first; with `format` the same as a file."""
    wanted = wished("text", "state", "recall_class")
    if request.args.get("format"):
        return send_table(recalls_table(_filter(wanted), wanted), request.args["format"])
    with world().database.read() as db:
        found = recall_page(db, _filter(wanted, after=given("after", 500) or None))
        progress = progress_of(db, (row.id for row in found.rows))
    return case_page("console/recalls.html", found=found, progress=progress, wanted=wanted,
                     listed=placed(found, "console.recalls", wanted), exports=export_links("console.recalls", wanted),
                     state_choices=choices(RECALL_STATES), class_choices=choices(RECALL_CLASSES))


@blueprint.get("/recalls/new")
def recall_new() -> Response:
    """The draft of a recall: first the batch that it starts from, then texts that are already filled in. One drafted
    from a signal starts from the rule of a workbench, or from all that the signal is about."""
    if not given("root") and not given("signal"):
        return _choose_root()
    with world().database.read() as db:
        values = drafted_texts(db, world().clock, ruled(db, _rules(db)).scope, given("signal", 32) or None)
    return _show_new(Entered(values))


def _rules(db: Session) -> tuple[Rule, ...]:
    """From what the recall starts: a rule of a workbench, the batch that was chosen, or the batches of the signal.
    Raises InvalidInput for a rule that cannot be read."""
    if given("a_kind"):
        asked = Entered()
        asked.form = MultiDict(request.args.items())
        asked.form["a_signal"] = given("signal", 32)
        rules = column_of(db, (), asked, "a").rules
        if not rules:
            raise InvalidInput("Say from what the scope starts.", code="no-start", place="rules")
        return rules
    if given("root", 32):
        return (Rule(RuleKind.lots, (given("root", 32),)),)
    case = signal_by_id(db, given("signal", 32))
    if case is None:
        raise NotFound("There is no such signal.")
    return (Rule(RuleKind.lots, recall_roots(db, case)),)


def _choose_root() -> Response:
    number = given("number")
    with world().database.read() as db:
        lots = lots_of_number(db, number) if number else []
        products = products_by_id(db, (lot.product_id for lot in lots))
    return case_page("console/recall_start.html", number=number, lots=lots, products=products)


def _show_new(form: Entered, status: int = 200) -> Response:
    signal_id = given("signal", 32)
    with world().database.read() as db:
        rules = _rules(db)
        scope = ruled(db, rules).scope
        names = rule_names(db, rules)
    products = list(dict.fromkeys(own_name(lot) for lot in scope.lots))
    carried: dict[str, Any] = {name: value for name, value in request.args.items() if name in _CARRIED and value}
    return case_page("console/recall_new.html", status, form=form, signal_id=signal_id, scope=scope, products=products,
                     start=joined_words([names.rule(one) for one in rules]), class_choices=choices(RECALL_CLASSES),
                     trigger_choices=choices(RECALL_TRIGGERS), most_named=_MOST_NAMED,
                     action=url_for("console.recall_open", **carried))


@blueprint.post("/recalls/new")
def recall_open() -> Response:
    """Open the draft with all that its rule finds in scope."""
    form = Entered()
    signal_id = given("signal", 32)
    form.choice("recall_class", list(RecallClass))
    texts: dict[str, Any] = {name: form.text(name) for name in TEXT_FIELDS} | typed_trigger(form)

    def act(db: Session) -> Done:
        recall = open_recall(db, actor(), world().clock, OpenRecall(
            recall_class=form.get("recall_class"), **texts, signal_id=signal_id or None,
            is_drill=form.is_checked("is_drill"),
            rules=_rules(db)))
        return Done(url_for("console.recall", recall_id=recall.id, part="scope"),
                    _("The draft %(reference)s is open. Look at its scope, then begin the assessment.",
                      reference=recall.reference))

    return perform(form, act, Refusal(lambda status: _show_new(form, status)))
