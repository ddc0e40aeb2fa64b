"""All times that batches were outside their storage limits, with what is to be decided about each batch."""
from __future__ import annotations

from typing import Any

from flask import request
from flask_babel import gettext, lazy_gettext
from werkzeug.wrappers import Response

from traceapp.catalog.lookup import products_by_id
from traceapp.trace.lookup import lots_by_key
from traceapp.trace.position_query import named_places
from traceapp.trace.presence import place_uris
from traceapp.trace.sensor_query import ExcursionFilter, excursion_page
from traceapp.trace.sensor_values import ReadingKind
from traceapp.web.context import world
from traceapp.web.words import own_name

from .layout import blueprint, page
from .listing import PAGE_ROWS, choice, placed, wished
from .lot_storage import KINDS, excursion_row
from .words import options

# endpoint -> permission (see traceapp.web.permissions)
PERMISSIONS: dict[str, str] = {"console.excursions": "trace.read"}

_ = lazy_gettext
STANDS: dict[str, Any] = {"open": _("Still outside"), "over": _("Inside again")}


@blueprint.get("/excursions")
def excursions() -> Response:
    """The list, the latest first."""
    values = wished("kind", "stands")
    kind, stands = choice(values["kind"], ReadingKind), choice(values["stands"], STANDS)
    with world().database.read() as session:
        found = excursion_page(session, ExcursionFilter(
            kind, None if stands is None else stands == "open", request.args.get("after") or None, PAGE_ROWS))
        lots = lots_by_key(session, (one.lot_key for one in found.rows))
        products = products_by_id(session, (lot.product_id for lot in lots.values()))
        uris = place_uris(session, {one.source_key for one in found.rows})
        names = named_places(session, uris.values())
        sources = {key: own_name(names.get(uri), uri) for key, uri in uris.items()}
        sources |= {one.lot_key: gettext("the lot itself") for one in found.rows if one.source_key == one.lot_key}
        rows = [(one, lots[one.lot_key], products.get(lots[one.lot_key].product_id or ""),
                 excursion_row(one, sources)) for one in found.rows if one.lot_key in lots]
    return page("console/excursions.html", rows=rows, values=values, stands=options(STANDS), kinds=options(KINDS),
                listed=placed(found, "console.excursions", values))
