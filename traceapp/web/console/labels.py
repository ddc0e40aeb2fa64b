"""Labels: the lots to print them for."""
from __future__ import annotations

from flask import request
from werkzeug.wrappers import Response

from traceapp.trace.lot_list import LotFilter, lot_page
from traceapp.web.context import world

from .layout import blueprint, page, today
from .listing import PAGE_ROWS, placed, wished
from .words import verdict_of

# endpoint -> permission (see traceapp.web.permissions)
PERMISSIONS: dict[str, str] = {"console.labels": "label.print"}


@blueprint.get("/labels")
def labels() -> Response:
    """Lots to print labels for: our own, the newest first."""
    values = wished("text")
    with world().database.read() as session:
        found = lot_page(session, LotFilter(today(), values["text"], only_own=True,
                                            after=request.args.get("after") or None, limit=PAGE_ROWS))
    return page("console/labels.html", found=found, listed=placed(found, "console.labels", values), values=values,
                verdict_of=lambda lot: verdict_of(lot, today()))
