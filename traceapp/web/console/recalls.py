"""Console: recalls. The list, and a new one; a case itself stands in the modules beside this one."""
from __future__ import annotations

from typing import Any

from flask import request, url_for
from flask_babel import gettext as _
from sqlalchemy.orm import Session
from werkzeug.wrappers import Response

from traceapp.catalog.lookup import products_by_id
from traceapp.core.errors import NotFound
from traceapp.recall.progress import progress_of
from traceapp.recall.queries import RecallFilter, recall_page
from traceapp.recall.service import OpenRecall, open_recall, propose_scope
from traceapp.recall.states import RecallClass
from traceapp.surveillance.case_reads import recall_roots
from traceapp.surveillance.queries import signal_by_id
from traceapp.trace.lookup import lots_by_key, lots_of_number
from traceapp.web.context import actor, world
from traceapp.web.listings_cases import recalls_table
from traceapp.web.permissions import joined
from traceapp.web.reading import given
from traceapp.web.tables import send_table
from traceapp.web.words import RECALL_CLASSES, RECALL_STATES, choices, own_name

from . import (
    recall_acts,
    recall_books,
    recall_case,
    recall_goods_in,
    recall_ledger,
    recall_notice,
    recall_phases,
    recall_scope,
    recall_status,
    recall_telling,
    recall_workbench,
)
from .acting import Done, Refusal, perform
from .casework import case_page
from .entering import Entered
from .layout import blueprint
from .listing import PAGE_ROWS, choice, export_links, placed, wished
from .recall_texts import TEXT_FIELDS, drafted_texts

# endpoint -> permission (see traceapp.web.permissions). Reading asks for `recall.write` too: `recall.read` is also the
# regulator's, who has pages of its own without the work on the case.
_PARTS = (recall_acts, recall_books, recall_case, recall_goods_in, recall_ledger, recall_notice, recall_phases,
          recall_scope, recall_status, recall_telling, recall_workbench)
PERMISSIONS: dict[str, str] = joined({
    "console.recalls": "recall.write", "console.recall_new": "recall.write", "console.recall_open": "recall.write"},
    *(part.PERMISSIONS for part in _PARTS))


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
    from a signal starts from all that the signal is about."""
    if not given("root") and not given("signal"):
        return _choose_root()
    with world().database.read() as db:
        values = drafted_texts(db, world().clock, _roots(db), given("signal", 32) or None)
    return _show_new(Entered(values))


def _roots(db: Session) -> tuple[str, ...]:
    """From which lots the recall starts: the one that was chosen, or those of the signal."""
    if given("root", 32):
        return (given("root", 32),)
    case = signal_by_id(db, given("signal", 32))
    if case is None:
        raise NotFound("There is no such signal.")
    return recall_roots(db, case)


def _choose_root() -> Response:
    number = given("number")
    with world().database.read() as db:
        lots = lots_of_number(db, number) if number else []
        products = products_by_id(db, (lot.product_id for lot in lots))
    return case_page("console/recall_start.html", number=number, lots=lots, products=products)


def _show_new(form: Entered, status: int = 200) -> Response:
    root, signal_id = given("root", 32), given("signal", 32)
    with world().database.read() as db:
        roots = _roots(db)
        lots = lots_by_key(db, roots)
        if set(roots) - set(lots):
            raise NotFound("There is no such lot.")
        scope = propose_scope(db, roots)
        lot = lots[roots[0]]
        product = products_by_id(db, [lot.product_id]).get(lot.product_id or "")
    return case_page("console/recall_new.html", status, form=form, root=lot, root_count=len(roots), signal_id=signal_id,
                     scope=scope, product_name=own_name(product, lot.name), class_choices=choices(RECALL_CLASSES),
                     action=url_for("console.recall_open", root=root or None, signal=signal_id or None))


@blueprint.post("/recalls/new")
def recall_open() -> Response:
    """Open the draft with everything downstream of the chosen batch in scope."""
    form = Entered()
    signal_id = given("signal", 32)
    form.choice("recall_class", list(RecallClass))
    texts: dict[str, Any] = {name: form.text(name) for name in TEXT_FIELDS}

    def act(db: Session) -> Done:
        recall = open_recall(db, actor(), world().clock, OpenRecall(
            recall_class=form.get("recall_class"), **texts, signal_id=signal_id or None,
            is_drill=form.is_checked("is_drill"),
            root_lot_keys=_roots(db) if given("root", 32) or signal_id else ()))
        return Done(url_for("console.recall", recall_id=recall.id, part="scope"),
                    _("The draft %(reference)s is open. Look at its scope, then begin the assessment.",
                      reference=recall.reference))

    return perform(form, act, Refusal(lambda status: _show_new(form, status)))
