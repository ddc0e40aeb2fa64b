"""The genealogy of a lot as a picture and as its table twin."""
from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any

from flask import url_for
from flask_babel import gettext, ngettext
from markupsafe import Markup

from traceapp.trace.genealogy import Held, Node, Trace
from traceapp.trace.policy import VerdictFacts, verdict
from traceapp.web.ui import current_locale, graph
from traceapp.web.ui.display import number, unit
from traceapp.web.ui.places import place

from .words import VERDICTS, named


@dataclass(frozen=True, slots=True)
class GenealogyView:
    """`picture` is None where the lot has neither ancestors nor descendants nor consignees; `rows` for the table."""

    picture: Markup | None
    rows: list[dict[str, Any]]
    said: str


def amount_text(value: Decimal | None, unit_code: str | None) -> str:
    """A quantity that may not be stated, in the reader's language."""
    if value is None:
        return ""
    locale = current_locale()
    return f"{number(value, locale)} {unit(unit_code, locale)}" if unit_code else number(value, locale)


def genealogy_view(trace: Trace, today: date) -> GenealogyView:
    """The trace as it is drawn: lots by verdict, the root marked, consignees of the root and of what came of it."""
    unique = {node.lot_key: node for node in reversed(trace.nodes)}
    nodes = [_lot_node(node, today, node.lot_key == trace.root.lot_key) for node in unique.values()]
    parties, sent = _consignees(trace.consignees)
    merged: dict[tuple[str, str], tuple[Decimal | None, str | None]] = {}
    for edge in trace.edges:
        before = merged.get((edge.parent, edge.child))
        total = edge.quantity if before is None else (
            None if before[0] is None or edge.quantity is None else before[0] + edge.quantity)
        merged[edge.parent, edge.child] = (total, edge.unit)
    edges = [graph.Edge(parent, child, amount_text(*quantity)) for (parent, child), quantity in merged.items()
             if parent != child]
    said = _said(trace)
    if len(nodes) + len(parties) < 2:
        return GenealogyView(None, [], said)
    words = graph.GraphWords(gettext("Genealogy of lot %(lot)s", lot=trace.root.number),
                             lambda count: ngettext("… and %(num)d more", "… and %(num)d more", count))
    picture = graph.genealogy([*nodes, *parties], [*edges, *sent], words, keep=8, more_url="#genealogy-table")
    return GenealogyView(picture, [_row(node) for node in trace.nodes], said)


def _lot_node(node: Node, today: date, is_root: bool) -> graph.Node:
    meaning, status = _state(node, today)
    return graph.Node(node.lot_key, node.number, named(node), "material" if node.kind == "material" else "lot",
                      meaning, status, url_for("console.lot", lot_key=node.lot_key), is_root, node.depth)


def _state(node: Node, today: date) -> tuple[graph.Meaning, str]:
    if not node.is_own:
        return "plain", gettext("Not ours")
    found = verdict(VerdictFacts(node.release_state, node.is_recalled, node.is_on_hold, node.expires_on), today)
    text, meaning = VERDICTS.get(str(found), (str(found), "plain"))
    return meaning, str(text)  # type: ignore[return-value]


def _consignees(held: tuple[Held, ...]) -> tuple[list[graph.Node], list[graph.Edge]]:
    parties: dict[str, graph.Node] = {}
    edges = []
    for one in held:
        key = f"party:{one.consignee_id}"
        parties.setdefault(key, graph.Node(key, named(one), place(one.region, current_locale()), "party", "plain", "",
                                           url_for("console.partner", party_id=one.consignee_id)))
        edges.append(graph.Edge(one.lot_key, key, amount_text(one.units, None)))
    return list(parties.values()), edges


def _said(trace: Trace) -> str:
    up = sum(node.side == "up" for node in trace.nodes)
    down = sum(node.side == "down" for node in trace.nodes)
    text = gettext("%(up)s lots upstream, %(down)s downstream, %(consignees)s consignees.", up=up, down=down,
                   consignees=trace.totals.consignees)
    return f"{text} {gettext('There is more than is shown here; the files hold more.')}" if trace.truncated else text


def _row(node: Node) -> dict[str, Any]:
    sides = {"root": gettext("This lot"), "up": gettext("Upstream"), "down": gettext("Downstream")}
    percent = "" if node.share is None else f"{number((node.share * 100).quantize(Decimal('0.01')), current_locale())}"
    return {"url": url_for("console.lot", lot_key=node.lot_key), "cells": {
        "number": node.number, "name": named(node), "side": sides[node.side], "depth": node.depth,
        "quantity": amount_text(node.quantity, node.quantity_unit), "share": percent,
        "made": amount_text(node.made, node.unit) if node.is_own else "",
        "stock": amount_text(node.stock, node.unit), "shipped": amount_text(node.shipped, node.unit)}}

