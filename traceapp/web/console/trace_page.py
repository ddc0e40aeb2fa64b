"""What the page of a trace shows: what was asked for, totals, the rows of its tables."""
from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from flask import url_for
from flask_babel import gettext, lazy_gettext

from traceapp.core.places import place
from traceapp.trace.genealogy import DIRECTIONS, Amount, Node, Position, Receiver, Trace, TraceWish
from traceapp.trace.starting import StartKind
from traceapp.web.asked_trace import AskedTrace
from traceapp.web.ui import current_locale
from traceapp.web.ui.display import moment

from .layout import today
from .listing import PAGE_ROWS, choice, day_start
from .lot_picture import amount_text, percent_text, side_word
from .trace_picture import lot_state
from .words import named

_ = lazy_gettext
KINDS: dict[str, Any] = {
    StartKind.item: _("Lot or pack"), StartKind.supplier: _("Supplier"),
    StartKind.consignee: _("Consignee"), StartKind.shipment: _("Shipment"), StartKind.equipment: _("Equipment"),
    StartKind.work_order: _("Work order")}
WAYS: dict[str, Any] = {"both": _("Both ways"), "downstream": _("Where it went"), "upstream": _("What it is made of")}
FORMS = ("xlsx", "csv", "json", "epcis", "dot")
PARTS = ("lots", "consignees", "places", "balance")
DEFAULT_SORT = {"lots": "depth", "consignees": "-units", "places": "lot", "balance": ""}


def asked_trace(values: Mapping[str, str]) -> AskedTrace:
    """The trace that the address asks for."""
    kind = choice(values["kind"], KINDS)
    return AskedTrace(values["name"], StartKind(kind) if kind else None, TraceWish(
        choice(values["direction"], DIRECTIONS) or "both", values["times"] != "all", day_start(values["since"])))


@dataclass(frozen=True, slots=True)
class Tile:
    """A number of the head of the page with its unit and a note."""

    label: str
    value: str
    unit: str = ""
    note: str = ""


def tiles_of(trace: Trace) -> list[Tile]:
    """How many lots and consignees are affected, and how much of the lots has left and is still here."""
    down = [node for node in trace.nodes if node.side == "down"]
    up = sum(node.side == "up" for node in trace.nodes)
    found = []
    if trace.direction != "downstream":
        found.append(Tile(gettext("Lots upstream"), _count(up)))
    if trace.direction != "upstream":
        affected = [*down, *trace.roots]
        held = _sums((unit, value) for one in trace.receivers for unit, value in one.units)
        stock = _sums((node.unit, node.stock) for node in affected if node.stock)
        found += [Tile(gettext("Lots affected"), _count(len(down)), note=gettext("the start not counted")),
                  Tile(gettext("Consignees"), _count(len(trace.receivers))),
                  Tile(gettext("At consignees"), *held), Tile(gettext("In our stock"), *stock)]
    return found


def _count(number: int) -> str:
    return amount_text(Decimal(number), None)


def _sums(amounts: Any) -> tuple[str, str, str]:
    """The sums by unit: the largest as a number with its unit, the others as a note."""
    sums: dict[str | None, Decimal] = defaultdict(Decimal)
    for unit, value in amounts:
        sums[unit] += value
    if not sums:
        return "0", "", ""
    ordered = sorted(sums.items(), key=lambda pair: -pair[1])
    first, _space, unit = amount_text(ordered[0][1], ordered[0][0]).partition(" ")
    return first, unit, " + ".join(amount_text(value, code) for code, value in ordered[1:])


@dataclass(frozen=True, slots=True)
class Rows:
    """A page of a table: `columns` and `rows` as data_table takes them, where it stands among `total`."""

    columns: list[dict[str, Any]]
    rows: list[dict[str, Any]]
    total: int
    page: int
    pages: int


LOT_SORTS: dict[str, Callable[[Node], Any]] = {
    "number": lambda node: node.number, "name": named,
    "depth": lambda node: (node.side != "root", node.side, node.depth),
    "quantity": lambda node: _first(node.amounts), "share": lambda node: node.share or Decimal(-1),
    "made": lambda node: node.made, "stock": lambda node: node.stock or Decimal(-1),
    "shipped": lambda node: node.shipped}
PARTY_SORTS: dict[str, Callable[[Receiver], Any]] = {
    "name": named, "region": lambda one: one.region, "lots": lambda one: one.lots,
    "units": lambda one: max((value for _unit, value in one.units), default=Decimal(0)),
    "quantity": lambda one: _first(one.amounts)}


def _first(amounts: tuple[Amount, ...]) -> Decimal:
    return next((one.quantity for one in amounts if one.quantity is not None), Decimal(-1))


def _page(found: Sequence[Any], sorts: Mapping[str, Callable[[Any], Any]], wanted: tuple[str, str],
          number: str) -> tuple[list[Any], int, int]:
    """The rows of a page in the order asked for, the page, and how many there are."""
    sort, default = wanted
    key = sort if sort.removeprefix("-") in sorts else default
    ordered = sorted(found, key=sorts[key.removeprefix("-")], reverse=key.startswith("-"))
    pages = max(1, -(-len(ordered) // PAGE_ROWS))
    page = min(pages, int(number)) if number.isdecimal() and 0 < len(number) < 7 else 1
    page = max(1, page)
    return ordered[(page - 1) * PAGE_ROWS:page * PAGE_ROWS], page, pages


def lot_rows(trace: Trace, values: Mapping[str, str], heads: Callable[[str], dict[str, Any]]) -> Rows:
    """The lots of the trace; `heads` gives what the head of a column needs so that it sorts."""
    shown, page, pages = _page(trace.nodes, LOT_SORTS, (values["sort"], DEFAULT_SORT["lots"]), values["page"])
    labels = {"number": gettext("Lot"), "name": gettext("Product"), "state": gettext("State"),
              "depth": gettext("Steps away"), "quantity": gettext("Shared quantity"), "share": gettext("Share"),
              "bounds": gettext("At least – at most"), "made": gettext("Made"), "stock": gettext("In stock"),
              "shipped": gettext("Shipped")}
    columns = [{"key": key, "label": label, "num": key not in ("number", "name", "state", "depth"),
                "unit": "%" if key == "share" else "", **(heads(key) if key in LOT_SORTS else {})}
               for key, label in labels.items()]
    return Rows(columns, [_lot_row(node) for node in shown], len(trace.nodes), page, pages)


def _lot_row(node: Node) -> dict[str, Any]:
    meaning, status = lot_state(node, today())
    return {"url": url_for("console.lot", lot_key=node.lot_key), "meaning": meaning, "state": status, "cells": {
        "number": node.number, "name": named(node), "state": status, "depth": _distance(node),
        "quantity": amounts_text(node.amounts), "share": percent_text(node.share), "bounds": bounds_text(node.amounts),
        "made": _known(node, node.made), "stock": amount_text(node.stock, node.unit),
        "shipped": _known(node, node.shipped)}}


def _known(node: Node, amount: Decimal) -> str:
    """An amount of a lot; of what is not ours nothing is known where nothing was told."""
    return amount_text(amount, node.unit) if node.is_own or amount else ""


def _distance(node: Node) -> str:
    return side_word(node.side) if node.side == "root" else f"{side_word(node.side)} {node.depth}"


def party_rows(trace: Trace, values: Mapping[str, str], heads: Callable[[str], dict[str, Any]]) -> Rows:
    """The consignees of the trace with what they hold."""
    shown, page, pages = _page(trace.receivers, PARTY_SORTS, (values["sort"], DEFAULT_SORT["consignees"]),
                               values["page"])
    labels = {"name": gettext("Consignee"), "region": gettext("Region"), "lots": gettext("Lots"),
              "units": gettext("There by our records"), "quantity": gettext("Of the start in it"),
              "bounds": gettext("At least – at most")}
    columns = [{"key": key, "label": label, "num": key not in ("name", "region"),
                **(heads(key) if key in PARTY_SORTS else {})} for key, label in labels.items()]
    return Rows(columns, [_party_row(one) for one in shown], len(trace.receivers), page, pages)


def _party_row(one: Receiver) -> dict[str, Any]:
    return {"url": url_for("console.partner", party_id=one.consignee_id), "cells": {
        "name": named(one), "region": place(one.region, current_locale()), "lots": _count(one.lots),
        "units": " + ".join(amount_text(value, unit) for unit, value in one.units),
        "quantity": amounts_text(one.amounts), "bounds": bounds_text(one.amounts)}}


PLACE_SORTS: dict[str, Callable[[Position], Any]] = {
    "lot": lambda one: (one.lot_key, one.since), "place": lambda one: one.name or one.holder,
    "since": lambda one: one.since}


def place_rows(trace: Trace, values: Mapping[str, str], heads: Callable[[str], dict[str, Any]]) -> Rows:
    """Where others' lots are, by their events."""
    found, page, pages = _page(trace.positions, PLACE_SORTS, (values["sort"], DEFAULT_SORT["places"]), values["page"])
    labels = {"lot": gettext("Lot"), "place": gettext("Place"), "quantity": gettext("Quantity"),
              "since": gettext("Since")}
    columns = [{"key": key, "label": label, "num": key == "quantity", **(heads(key) if key in PLACE_SORTS else {})}
               for key, label in labels.items()]
    numbers = {node.lot_key: node.number for node in trace.nodes}
    locale = current_locale()
    return Rows(columns, [{"url": url_for("console.lot", lot_key=one.lot_key), "cells": {
        "lot": numbers[one.lot_key], "place": one.name or one.holder, "quantity": amount_text(one.quantity, one.unit),
        "since": moment(one.since, locale)}} for one in found], len(trace.positions), page, pages)


def amounts_text(amounts: tuple[Amount, ...]) -> str:
    """How much of the start is in something, by unit."""
    return " + ".join(gettext("not known") if one.quantity is None else amount_text(one.quantity, one.unit)
                      for one in amounts)


def bounds_text(amounts: tuple[Amount, ...]) -> str:
    """At least and at most; where both are the same there is nothing more to say than the amount."""
    if amounts and all(one.at_least == one.at_most for one in amounts):
        return gettext("exact")
    return " + ".join(
        gettext("exact") if one.at_least == one.at_most else
        f"{amount_text(one.at_least, None)} – {amount_text(one.at_most, one.unit) or gettext('any')}"
        for one in amounts)


def lot_facts(node: Node) -> list[tuple[str, str]]:
    """All about one lot of the trace, as terms and texts."""
    _meaning, status = lot_state(node, today())
    return [(gettext("State"), status), (gettext("Shared quantity"), amounts_text(node.amounts)),
            (gettext("Share"), f"{percent_text(node.share)} %" if node.share is not None else ""),
            (gettext("At least – at most"), bounds_text(node.amounts)),
            (gettext("Made"), _known(node, node.made)),
            (gettext("In stock"), amount_text(node.stock, node.unit)),
            (gettext("Shipped"), _known(node, node.shipped))]


def party_facts(one: Receiver) -> list[tuple[str, str]]:
    """All about one consignee of the trace, as terms and texts."""
    return [(gettext("Lots"), _count(one.lots)),
            (gettext("There by our records"), " + ".join(amount_text(value, unit) for unit, value in one.units)),
            (gettext("Of the start in it"), amounts_text(one.amounts)),
            (gettext("At least – at most"), bounds_text(one.amounts))]
