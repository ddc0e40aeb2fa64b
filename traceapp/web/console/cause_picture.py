"""The genealogy around a signal, shaded by how likely each lot is the cause; the number stands in the box."""
from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from flask_babel import gettext, ngettext
from markupsafe import Markup
from sqlalchemy.orm import Session

from traceapp.trace.genealogy import Node, Outline, outline_from
from traceapp.trace.reach import DOWN, UP
from traceapp.trace.receivers import suppliers_of
from traceapp.web.ui import current_locale, graph
from traceapp.web.ui.display import number
from traceapp.web.ui.graph_model import Kind, Meaning

from .lot_picture import thing_url
from .trace_picture import BETWEEN, CONTAINERS, RAW, SUPPLIER, SUPPLIERS, drawn_amount, more_words, stage_of
from .words import named

Seen = Mapping[str, tuple[int, float]]
_MOST_LOTS, _MOST_DRAWN = 600, 60
# From this chance on a box has the next shade; the last two are called possible and likely.
_SHADES = (0.01, 0.05, 0.3, 0.7)
_LAST = 1000


@dataclass(frozen=True, slots=True)
class CausePicture:
    """The picture with the one sentence that it shows; its table twin is the ranking of causes."""

    picture: Markup
    said: str
    is_cut: bool


def cause_picture(session: Session, lot_keys: Sequence[str], chances: Mapping[str, float],
                  seen: Seen) -> CausePicture | None:
    """What these lots were made from, and what else was made from the likeliest cause. None without any upstream.

    `chances`: how likely each node is the cause, by the key of a lot or by `supplier:` and the id of a party; `seen`:
    observed and expected reports of finished lots.
    """
    up = outline_from(session, tuple(lot_keys), UP, _MOST_LOTS)
    likeliest = max((node.lot_key for node in up.nodes if node.side == UP), key=lambda key: chances.get(key, 0.0),
                    default=None)
    if likeliest is None:
        return None
    traces = [up]
    if chances.get(likeliest, 0.0) > 0:
        traces.append(outline_from(session, (likeliest,), DOWN, _MOST_LOTS))
    nodes, edges = _drawn(session, traces, chances, seen)
    words = graph.GraphWords(gettext("Genealogy by likelihood of the cause"), more_words, drawn_amount, (
        gettext("Suppliers"), gettext("Raw lots"), gettext("Intermediates"), gettext("Finished lots")))
    picture = graph.drawn(nodes, edges, words, graph.FoldWish(most=_MOST_DRAWN))
    return CausePicture(picture.svg, _said(nodes, chances), any(trace.truncated for trace in traces))


def _drawn(session: Session, traces: Sequence[Outline], chances: Mapping[str, float],
           seen: Seen) -> tuple[list[graph.Node], list[graph.Edge]]:
    focus = {node.lot_key for node in traces[0].roots}
    lots = {node.lot_key: node for trace in reversed(traces) for node in trace.nodes
            if node.item_kind not in CONTAINERS}
    edges = list(dict.fromkeys(graph.Edge(edge.parent, edge.child) for trace in traces for edge in trace.edges
                               if edge.parent != edge.child and {edge.parent, edge.child} <= set(lots)))
    suppliers = suppliers_of(session, list(lots))
    parents, children = {edge.child for edge in edges}, {edge.parent for edge in edges}
    nodes = []
    for key, node in lots.items():
        stage = stage_of(node, (key in suppliers, key in parents, key in children))
        kind: Kind = "material" if stage in (RAW, BETWEEN) else "lot"
        nodes.append(_shaded(graph.Node(key, node.number, _under(node, seen), kind, url=thing_url(key),
                                        focus=key in focus, stage=stage, like=node.product_id or node.name_en),
                             chances.get(key)))
    nodes += [_shaded(graph.Node(f"{SUPPLIER}{party.id}", named(party), kind="party",
                                 url=thing_url(f"{SUPPLIER}{party.id}"), stage=SUPPLIERS),
                      chances.get(f"{SUPPLIER}{party.id}"))
              for party in {party.id: party for party in suppliers.values()}.values()]
    return nodes, edges + [graph.Edge(f"{SUPPLIER}{party.id}", key) for key, party in suppliers.items()]


def _under(node: Node, seen: Seen) -> str:
    """What stands below a number: reports beside expected ones where reports name the lot, else what it is. Nobody
    reports about a raw lot."""
    observed, expected = seen.get(node.lot_key, (0, 0.0))
    if not observed and not expected:
        return named(node)
    return ngettext("%(num)d report, %(expected)s expected", "%(num)d reports, %(expected)s expected", observed,
                    expected=f"{expected:.1f}")


def _shaded(node: graph.Node, chance: float | None) -> graph.Node:
    """The node with its number, its shade and, where it is likely, its word."""
    if chance is None:
        return replace(node, rank=_LAST)
    meaning: Meaning = "stop" if chance >= _SHADES[3] else "check" if chance >= _SHADES[2] else "plain"
    status = {"stop": gettext("likely cause"), "check": gettext("possible cause")}.get(meaning, "")
    return replace(node, meaning=meaning, status=status, note=per_cent(chance), rank=round(_LAST * (1 - chance)),
                   shade=sum(chance >= least for least in _SHADES))


def per_cent(chance: float) -> str:
    """A chance in whole per cent, never 0 and never 100: no model is that sure."""
    if chance < 0.01:
        return "< 1 %"
    return "> 99 %" if chance > 0.99 else f"{number(round(100 * chance), current_locale())} %"


def _said(nodes: Sequence[graph.Node], chances: Mapping[str, float]) -> str:
    top = max(nodes, key=lambda node: chances.get(node.key, 0.0))
    if chances.get(top.key, 0.0) < _SHADES[1]:
        return gettext("Nothing upstream is likely to be the cause.")
    return gettext("Most likely %(name)s: %(chance)s.", name=top.label, chance=per_cent(chances[top.key]))
