"""A trace as a picture: suppliers and raw lots left, consignees right; what is asked about and the ways through it."""
from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import date
from decimal import Decimal

from flask_babel import gettext, ngettext

from traceapp.catalog.model import Party
from traceapp.core.places import place
from traceapp.trace.genealogy import Amount, Node, Receiver, Trace
from traceapp.trace.policy import VerdictFacts, verdict
from traceapp.trace.receivers import PARTY
from traceapp.web.ui import current_locale, graph
from traceapp.web.ui.display import short_number, unit
from traceapp.web.ui.graph_model import Amount as Drawn
from traceapp.web.ui.graph_model import Kind, Meaning, ways_through

from .words import VERDICTS, named

SUPPLIER = "supplier:"  # before the id of a supplier, among the keys of the picture
SUPPLIERS, RAW, BETWEEN, FINISHED, PACKED, CONSIGNEES = range(6)
MOST_FOUND = 20
CONTAINERS = ("container", "instance")


@dataclass(frozen=True, slots=True)
class PictureWish:
    """`url` gives the address of a node by its key. `chosen`: the key that is asked about; `text`: what is sought."""

    today: date
    url: Callable[[str], str]
    chosen: str = ""
    text: str = ""
    folds: graph.FoldWish = field(default_factory=graph.FoldWish)


@dataclass(frozen=True, slots=True)
class TracePicture:
    """`picture` None: there is nothing but the lot. `found`: (key, label) of what the search found, `chosen` one node
    of the picture, `way` how many lots and partners are on the ways through it."""

    picture: graph.Picture | None
    found: list[tuple[str, str]]
    chosen: graph.Node | None
    way: int


def trace_picture(trace: Trace, suppliers: Mapping[str, Party], wish: PictureWish) -> TracePicture:
    """The picture of a trace. `suppliers`: whom the raw lots came from, by the key of the lot."""
    nodes, edges = _graph(trace, suppliers, wish)
    text = wish.text.casefold()
    hits = [node for node in nodes if text and (text in node.label.casefold() or text in node.sub.casefold())]
    chosen = next((node for node in nodes if node.key == wish.chosen), None)
    if chosen is None and len(hits) == 1:
        chosen = hits[0]
    marked = {node.key for node in hits[:MOST_FOUND]}
    ways: set[str] = set()
    if chosen is not None:
        ways, pairs = ways_through(edges, chosen.key)
        edges = [replace(edge, hot=True) if (edge.parent, edge.child) in pairs else edge for edge in edges]
    if ways or marked:
        nodes = [replace(node, chosen=node is chosen, found=node.key in marked,
                         pale=bool(ways) and node.key not in ways) for node in nodes]
    found = [(node.key, node.label) for node in hits]
    if len(nodes) < 2:
        return TracePicture(None, found, chosen, 0)
    return TracePicture(graph.drawn(nodes, edges, _words(trace), wish.folds), found, chosen, len(ways))


def _words(trace: Trace) -> graph.GraphWords:
    title = gettext("Genealogy of lot %(lot)s", lot=trace.root.number) if len(trace.roots) == 1 else ngettext(
        "Genealogy of %(num)d lot", "Genealogy of %(num)d lots", len(trace.roots))
    return graph.GraphWords(title, more_words, drawn_amount, (
        gettext("Suppliers"), gettext("Raw lots"), gettext("Intermediates"), gettext("Finished lots"),
        gettext("Packs and cartons"), gettext("Consignees")))


def more_words(count: int, kind: Kind) -> str:
    """What a fold is called that stands for so many of a kind."""
    if kind == "party":
        return ngettext("and %(num)d more partner", "and %(num)d more partners", count)
    if kind == "container":
        return ngettext("and %(num)d more pack", "and %(num)d more packs", count)
    return ngettext("and %(num)d more lot", "and %(num)d more lots", count)


def drawn_amount(amount: Drawn) -> str:
    """An amount as it stands in the picture, short: the exact one is in the table."""
    locale = current_locale()
    return f"{short_number(amount[0], locale)} {unit(amount[1], locale) if amount[1] else ''}".strip()


def _graph(trace: Trace, suppliers: Mapping[str, Party],
           wish: PictureWish) -> tuple[list[graph.Node], list[graph.Edge]]:
    unique = {node.lot_key: node for node in reversed(trace.nodes)}
    lots = sorted(unique.values(), key=lambda node: (node.depth, node.started_at, node.lot_key))
    with_parents = {edge.child for edge in trace.edges}
    with_children = {edge.parent for edge in trace.edges}
    ranks = _ranks((node.lot_key, node.quantity) for node in lots)
    nodes = [_lot(node, wish, ranks[node.lot_key], stage_of(
        node, (node.lot_key in suppliers, node.lot_key in with_parents, node.lot_key in with_children)))
        for node in lots]
    bought = {party.id: party for key, party in suppliers.items() if key in unique}
    nodes += [graph.Node(f"{SUPPLIER}{party.id}", named(party), place(party.region or party.city, current_locale()),
                         "party", url=wish.url(f"{SUPPLIER}{party.id}"), stage=SUPPLIERS) for party in bought.values()]
    units = _ranks((one.consignee_id, sum((value for _unit, value in one.units), Decimal(0)))
                   for one in trace.receivers)
    nodes += [_consignee(one, wish, units[one.consignee_id]) for one in trace.receivers]
    edges = [graph.Edge(edge.parent, edge.child, amount=None if edge.quantity is None else (edge.quantity, edge.unit))
             for edge in trace.edges if edge.parent != edge.child]
    edges += [graph.Edge(f"{SUPPLIER}{suppliers[key].id}", key, amount=(node.made, node.unit))
              for key, node in unique.items() if key in suppliers]
    edges += [graph.Edge(one.lot_key, f"{PARTY}{one.consignee_id}", amount=(one.units, unique[one.lot_key].unit))
              for one in trace.consignees if one.units > 0]
    return nodes, edges


def _ranks(amounts: Iterable[tuple[str, Decimal | None]]) -> dict[str, int]:
    """The place of each by its amount, the largest first."""
    ordered = sorted(amounts, key=lambda pair: -(pair[1] or Decimal(0)))
    return {key: place_of for place_of, (key, _amount) in enumerate(ordered)}


def stage_of(node: Node, links: tuple[bool, bool, bool]) -> int:
    """The columns of a lot. `links`: whether it was bought, has something before it, has something after it."""
    is_bought, has_parents, has_children = links
    if node.item_kind in CONTAINERS:
        return PACKED
    if is_bought or (not has_parents and (node.kind == "material" or not node.is_own)):
        return RAW
    if node.kind == "material" or (not node.is_own and has_children):
        return BETWEEN
    return FINISHED


def _lot(node: Node, wish: PictureWish, rank: int, stage: int) -> graph.Node:
    meaning, status = lot_state(node, wish.today)
    kind: Kind = "container" if stage == PACKED else "material" if stage in (RAW, BETWEEN) else "lot"
    part = first_amount(node.amounts)
    return graph.Node(
        node.lot_key, node.number, named(node), kind, meaning, status, wish.url(node.lot_key), node.side == "root",
        rank, stage, node.product_id or node.name_en, (node.made, node.unit), part,
        "" if part is not None else " + ".join(
            drawn_amount((one.quantity, one.unit)) for one in node.amounts[:2] if one.quantity is not None))


def first_amount(amounts: tuple[Amount, ...]) -> Drawn | None:
    """The amount where there is one that is known."""
    return (amounts[0].quantity, amounts[0].unit) if len(amounts) == 1 and amounts[0].quantity is not None else None


def lot_state(node: Node, today: date) -> tuple[Meaning, str]:
    """The state of a lot of a trace in one word, and what it means."""
    if not node.is_own:
        return "plain", gettext("Not ours")
    found = verdict(VerdictFacts(node.release_state, node.is_recalled, node.is_on_hold, node.expires_on), today)
    text, meaning = VERDICTS.get(str(found), (str(found), "plain"))
    return meaning, str(text)  # type: ignore[return-value]


def _consignee(one: Receiver, wish: PictureWish, rank: int) -> graph.Node:
    key = f"{PARTY}{one.consignee_id}"
    sums: dict[str | None, Decimal] = defaultdict(Decimal)
    for unit_code, value in one.units:
        sums[unit_code] += value
    said = " + ".join(drawn_amount((value, unit_code)) for unit_code, value in sums.items())
    amount = next(((value, unit_code) for unit_code, value in sums.items()), None) if len(sums) == 1 else None
    return graph.Node(key, named(one), place(one.region, current_locale()), "party", url=wish.url(key), rank=rank,
                      stage=CONSIGNEES, amount=amount, part=first_amount(one.amounts), note=said)
