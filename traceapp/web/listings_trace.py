"""Lots, and the trace of one, as staff and machines download them."""
from __future__ import annotations

from collections.abc import Iterator, Mapping

from flask_babel import gettext, lazy_gettext

from traceapp.core.errors import NotFound
from traceapp.export.spreadsheet import Record
from traceapp.trace.genealogy import trace_lot
from traceapp.trace.guards import policy_facts
from traceapp.trace.lookup import lots_by_key
from traceapp.trace.lot_list import LotFilter, all_lots
from traceapp.trace.policy import verdict

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
    ("share", _("Share")), ("made", _("Made")), ("stock", _("In stock")), ("shipped", _("Shipped")),
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


def trace_table(lot_key: str) -> Table:
    """Everything upstream and downstream of a lot, and who has it. Raises NotFound."""
    with world().database.snapshot() as session:
        lot = lots_by_key(session, [lot_key]).get(lot_key)
        if lot is None:
            raise NotFound("There is no such lot.", place="lot_key")
        uri, trace = lot.uri, trace_lot(session, lot_key)

    def rows() -> Iterator[Record]:
        for node in trace.nodes:
            yield {"side": node.side, "depth": node.depth, "number": node.number, "product_code": node.product_code,
                   "product": own_name(node), "quantity": node.quantity, "quantity_unit": node.quantity_unit,
                   "share": node.share, "made": node.made, "stock": node.stock, "shipped": node.shipped,
                   "unit": node.unit, "uri": node.uri}
        numbers = {node.lot_key: node for node in trace.nodes}
        for held in trace.consignees:
            node = numbers[held.lot_key]
            yield {"side": "consignee", "number": node.number, "product_code": node.product_code,
                   "product": own_name(node), "consignee": held.code, "consignee_name": own_name(held),
                   "units": held.units, "unit": node.unit, "uri": node.uri}

    return Table("trace", gettext("Trace"), titled(_TRACE), rows(), {"lot": uri})
