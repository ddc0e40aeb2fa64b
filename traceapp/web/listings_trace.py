"""Lots, and the trace of one, as staff and machines download them."""
from __future__ import annotations

from collections.abc import Iterator, Mapping

from flask_babel import gettext, lazy_gettext

from traceapp.export.spreadsheet import Record, Value
from traceapp.export.trace import render_trace
from traceapp.trace.documents import lots_document
from traceapp.trace.genealogy import Node, Trace, trace_from
from traceapp.trace.guards import policy_facts
from traceapp.trace.lot_list import LotFilter, all_lots
from traceapp.trace.policy import verdict

from .asked_trace import AskedTrace
from .context import world
from .tables import Table, Titles, titled
from .words import own_name

_ = lazy_gettext
_LIST: Titles = (
    ("number", _("Lot")), ("product_code", _("Product code")), ("product", _("Product")),
    ("supplier_lot", _("Supplier's lot")), ("state", _("State")), ("started_at", _("Made or received")),
    ("expires_on", _("Expiry date")), ("unit", _("Unit of quantity")), ("made", _("Made")), ("stock", _("In stock")),
    ("consumed", _("Used")), ("shipped", _("Shipped")), ("returned", _("Returned")), ("uri", _("Identifier")))
_TRACE: Titles = (
    ("side", _("Side")), ("depth", _("Steps away")), ("number", _("Lot")), ("product_code", _("Product code")),
    ("product", _("Product")), ("quantity", _("Quantity")), ("quantity_unit", _("Unit of quantity")),
    ("share", _("Share")), ("at_least", _("At least")), ("at_most", _("At most")), ("made", _("Made")),
    ("stock", _("In stock")), ("shipped", _("Shipped")),
    ("unit", _("Unit of the lot")), ("consignee", _("Consignee")), ("consignee_name", _("Name of the consignee")),
    ("units", _("Units there")), ("uri", _("Identifier")))


def lots_table(wanted: LotFilter, filters: Mapping[str, object]) -> Table:
    """The lots of a filter; `filters` is what the record of the file will say."""
    return Table("lots", gettext("Lots"), titled(_LIST), _lots(wanted), filters)


def _lots(wanted: LotFilter) -> Iterator[Record]:
    with world().database.snapshot() as session:
        for row in all_lots(session, wanted):
            lot = row.lot
            yield {"number": lot.number, "product_code": row.product.code if row.product else "",
                   "product": own_name(row.product, lot.name), "supplier_lot": lot.supplier_lot_number,
                   "state": str(verdict(policy_facts(lot), wanted.today)), "started_at": lot.started_at,
                   "expires_on": lot.expires_on, "unit": lot.unit, "made": lot.made, "stock": lot.stock,
                   "consumed": lot.consumed, "shipped": lot.shipped, "returned": lot.returned, "uri": lot.uri}


def trace_table(asked: AskedTrace) -> Table:
    """Everything upstream and downstream of what was asked for, and who has it. Raises NotFound."""
    with world().database.snapshot() as session:
        trace = trace_from(session, asked.start(session).keys, asked.whole().wish)
    return Table("trace", gettext("Trace"), titled(_TRACE), _trace_rows(trace), asked.told())


def _trace_rows(trace: Trace) -> Iterator[Record]:
    for node in trace.nodes:
        if len(node.amounts) < 2:
            yield _lot_row(node) | {"quantity": node.quantity, "quantity_unit": node.quantity_unit,
                                    "share": node.share, "at_least": node.at_least, "at_most": node.at_most}
            continue
        for one in node.amounts:  # lots of several units in it: a row of each
            yield _lot_row(node) | {"quantity": one.quantity, "quantity_unit": one.unit, "at_least": one.at_least,
                                    "at_most": one.at_most}
    numbers = {node.lot_key: node for node in trace.nodes}
    for held in trace.consignees:
        node = numbers[held.lot_key]
        yield {"side": "consignee", "number": node.number, "product_code": node.product_code,
               "product": own_name(node), "consignee": held.code, "consignee_name": own_name(held),
               "units": held.units, "unit": node.unit, "uri": node.uri}
    for receiver in trace.receivers:
        for amount in receiver.amounts:
            yield {"side": "consignee_total", "consignee": receiver.code, "consignee_name": own_name(receiver),
                   "quantity": amount.quantity, "quantity_unit": amount.unit, "at_least": amount.at_least,
                   "at_most": amount.at_most}


def _lot_row(node: Node) -> dict[str, Value]:
    return {"side": node.side, "depth": node.depth, "number": node.number, "product_code": node.product_code,
            "product": own_name(node), "made": node.made, "stock": node.stock, "shipped": node.shipped,
            "unit": node.unit, "uri": node.uri}


def trace_text(asked: AskedTrace, form: str) -> tuple[str, int]:
    """The same as `dot` for Graphviz, or as the `epcis` document of all that happened to the lots of the page, whose
    events are far more than they; and how many lots it is of. Raises NotFound."""
    with world().database.snapshot() as session:
        trace = trace_from(session, asked.start(session).keys, asked.wish if form == "epcis" else asked.whole().wish)
        if form == "epcis":
            keys = list(dict.fromkeys(node.lot_key for node in trace.nodes))
            return lots_document(session, keys), len(trace.nodes)
    return render_trace(trace, form, world().clock.now()).decode("utf-8"), len(trace.nodes)
