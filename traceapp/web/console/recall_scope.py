"""Console: the scope of a draft: what is downstream of the chosen batches, what is in, what is left out and why."""
from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from flask import request, url_for
from flask_babel import gettext as _
from flask_babel import ngettext
from markupsafe import Markup
from sqlalchemy.orm import Session
from werkzeug.wrappers import Response

from traceapp.catalog.texts import required_text
from traceapp.core.errors import InvalidInput
from traceapp.recall.cases import lot_keys_of, recall_by_id
from traceapp.recall.drafting import left_out_of
from traceapp.recall.model import Recall
from traceapp.recall.proposing import exactly
from traceapp.recall.proposing import proposed as proposed_for
from traceapp.recall.scope import Scope, ScopeLot
from traceapp.recall.service import SetScope, set_scope
from traceapp.trace.genealogy import Trace, TraceWish, trace_from
from traceapp.trace.lookup import lots_of_number
from traceapp.web.context import actor, world
from traceapp.web.ui import graph
from traceapp.web.words import own_name

from .acting import Done, Refusal, perform
from .casework import case_page
from .entering import Entered
from .layout import blueprint
from .trace_picture import more_words
from .workbench_tables import amount_words, held_words

# endpoint -> permission (see traceapp.web.permissions)
PERMISSIONS: dict[str, str] = {"console.recall_scope": "recall.write"}
_MOST_DRAWN = 400
_MOST_ROOTS = 60
# More batches are not ticked one by one: a page of ten thousand would be megabytes.
MOST_TICKED = 400


@dataclass(frozen=True, slots=True)
class Bench:
    """`proposed`: what the genealogy says now; `chosen`: keys that are in; `added`: lots in scope that are not
    downstream of a chosen batch; `scope`: the stored choice with its totals and consignees as of now; `held`: what
    each of the first of them has, in words."""

    proposed: Scope
    chosen: frozenset[str]
    added: tuple[ScopeLot, ...]
    left_out: dict[str, str]
    scope: Scope
    picture: Markup | None
    links: list[dict[str, Any]]
    held: dict[str, str]

    @property
    def is_large(self) -> bool:
        """Whether single batches are named instead of ticked."""
        return len(self.proposed.lots) + len(self.added) > MOST_TICKED


def workbench(db: Session, case: Recall) -> Bench:
    """Everything that the page of a draft's scope shows."""
    found = proposed_for(db, case)
    chosen = frozenset(lot_keys_of(db, case))
    scope = exactly(db, found, chosen)
    picture, links = _drawn(db, found.scope.roots[:_MOST_ROOTS], lambda key: key in chosen, _folds(case))
    reached = found.scope.lot_keys
    added = tuple(lot for lot in scope.lots if lot.lot_key not in reached)
    units = {lot.lot_key: lot.unit for lot in scope.lots}
    held = {one.consignee_id: held_words(one, units) for one in scope.consignees[:MOST_TICKED]}
    return Bench(found.scope, chosen, added, left_out_of(case), scope, picture, links, held)


def _folds(case: Recall) -> graph.FoldWish:
    """What the address says of the folds of the picture, and under which one opens."""
    opened = frozenset(name for name in request.args.get("open", "")[:2000].split(",") if name)
    return graph.FoldWish(keep=6, opened=opened, url=lambda name: url_for(
        "console.recall", recall_id=case.id, part="scope", open=",".join(sorted(opened | {name}))))


def _drawn(db: Session, roots: tuple[str, ...], is_in: Callable[[str], bool], folds: graph.FoldWish,
           said: Callable[[str], tuple[graph.Meaning, str]] | None = None
           ) -> tuple[Markup | None, list[dict[str, Any]]]:
    """The genealogy of the chosen batches with their consignees, whenever it was, as the scope is proposed; and the
    same as rows. `said`: how a batch is marked, and in which words; by default whether it is in."""
    if not roots:
        return None, []
    trace = trace_from(db, roots, TraceWish("downstream", by_time=False, limit=_MOST_DRAWN))
    used_up = {node.lot_key for node in trace.nodes
               if not is_in(node.lot_key) and not node.stock and not node.shipped}

    def mark(key: str) -> tuple[graph.Meaning, str]:
        if not is_in(key):
            return "plain", _("Used up") if key in used_up else _("Not in scope")
        return said(key) if said else ("stop", _("In scope"))

    nodes = [graph.Node(
        node.lot_key, node.number, own_name(node), "material" if node.kind == "material" else "lot",
        *mark(node.lot_key), url_for("console.lot", lot_key=node.lot_key), focus=node.lot_key in roots)
        for node in trace.nodes]
    parties = {held.consignee_id: own_name(held) for held in trace.consignees if held.units > 0}
    nodes += [graph.Node(key, name, _("Consignee"), "party", "info", "") for key, name in parties.items()]
    edges = [graph.Edge(parent, child, text, is_in(child) or child in used_up) for parent, child, text in _edges(trace)]
    title = _("Where batch %(number)s went", number=trace.root.number) if len(trace.roots) == 1 else _(
        "Where the chosen batches went")
    words = graph.GraphWords(title, more_words)
    names = {node.lot_key: node.number for node in trace.nodes} | parties
    rows = [{"cells": {"from": names[edge.parent], "to": names[edge.child], "quantity": edge.quantity}}
            for edge in edges]
    return graph.genealogy(nodes, edges, words, folds), rows


def drawn_scopes(db: Session, scopes: list[tuple[str, Scope]], folds: graph.FoldWish
                 ) -> tuple[Markup | None, list[dict[str, Any]]]:
    """The genealogy of several scopes, by their names, in one picture: what all of them have, and what only some."""
    keys = [(name, scope.lot_keys) for name, scope in scopes]
    roots = tuple(dict.fromkeys(root for _name, scope in scopes for root in scope.roots))[:_MOST_ROOTS]

    def said(key: str) -> tuple[graph.Meaning, str]:
        having = [name for name, own in keys if key in own]
        if len(keys) == 1:
            return "stop", _("In scope")
        if len(having) == len(keys):
            return "stop", _("In %(names)s", names=" + ".join(having))
        return "check", _("In %(names)s alone", names=" + ".join(having))

    return _drawn(db, roots, lambda key: any(key in own for _name, own in keys), folds, said)


def _edges(trace: Trace) -> list[tuple[str, str, str]]:
    units = {node.lot_key: node.unit for node in trace.nodes}
    found = [(edge.parent, edge.child, "" if edge.quantity is None else amount_words(edge.quantity, edge.unit))
             for edge in trace.edges]
    return found + [(held.lot_key, held.consignee_id, amount_words(held.units, units.get(held.lot_key)))
                    for held in trace.consignees if held.units > 0]


@blueprint.post("/recalls/<recall_id>/scope")
def recall_scope(recall_id: str) -> Response:
    """Take lots in, leave lots out with a reason, add one by its number."""
    form = Entered()

    def act(db: Session) -> Done:
        case = recall_by_id(db, recall_id)
        added = _added(db, form)
        if form.is_checked("whole"):
            keys, reasons = _but(db, case, form)
        else:
            keys = form.several("lot")
            reasons = {name.removeprefix("left_out-"): form.text(name) for name in form.form
                       if name.startswith("left_out-") and form.text(name)}
        try:
            scope = set_scope(db, actor(), world().clock, SetScope(
                case.id, (*keys, *added), form.revision(), reasons))
        except InvalidInput as error:
            for place in error.errors:
                form.fault(place.replace("left_out/", "left_out-"), _("Give the reason, or take it in."))
            raise
        return Done(url_for("console.recall", recall_id=case.id, part="scope"), ngettext(
            "Saved: %(num)d batch is in scope.", "Saved: %(num)d batches are in scope.", len(scope.lots)))

    def again(status: int) -> Response:
        with world().database.read() as db:
            case = recall_by_id(db, recall_id)
            bench = workbench(db, case)
        return case_page("console/recall_scope.html", status, case=case, form=form, bench=bench,
                         ticked=frozenset(form.several("lot")))

    return perform(form, act, Refusal(again, {"lot_keys": "lot"}))


def _but(db: Session, case: Recall, form: Entered) -> tuple[list[str], dict[str, str]]:
    """The scope as it stands but for the one batch that was named to be left out, and every reason."""
    keys, reasons = list(lot_keys_of(db, case)), left_out_of(case)
    number = form.text("out_number")
    if not number:
        return keys, reasons
    out = [lot.lot_key for lot in lots_of_number(db, number) if lot.lot_key in set(keys)]
    if not out:
        raise InvalidInput("There is no batch “%(number)s” in this scope.", place="out_number", number=number)
    reason = required_text(form.text("out_reason"), place="out_reason")
    return [key for key in keys if key not in out], reasons | dict.fromkeys(out, reason)


def _added(db: Session, form: Entered) -> tuple[str, ...]:
    """The lot that was typed to be added. Faults where there is none, or where a number stands for several."""
    number = form.text("add_number")
    if not number:
        return ()
    lots = lots_of_number(db, number)
    if len(lots) == 1:
        return (lots[0].lot_key,)
    if not lots:
        raise InvalidInput("There is no batch “%(number)s” of ours.", place="add_number", number=number)
    raise InvalidInput("Several products have a batch “%(number)s”. Open the one that you mean and start from there.",
                       place="add_number", number=number)
