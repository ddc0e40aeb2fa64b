"""Console: how well complaints are handled, over a period."""
from __future__ import annotations

from datetime import timedelta

from werkzeug.wrappers import Response

from traceapp.catalog.queries import all_products
from traceapp.complaint.measuring import measures_of
from traceapp.web.context import world

from .casework import case_page
from .layout import blueprint, today
from .listing import day_start, wished

# endpoint -> permission (see traceapp.web.permissions)
PERMISSIONS: dict[str, str] = {"console.complaint_measures": "complaint.read"}
_DAYS = 90


@blueprint.get("/complaints/measures")
def complaint_measures() -> Response:
    """First answers, promises kept, cases opened again, complaints per units, what customers think."""
    wanted = wished("since", "until")
    wanted["until"] = wanted["until"] or today().isoformat()
    wanted["since"] = wanted["since"] or (today() - timedelta(days=_DAYS)).isoformat()
    now = world().clock.now()
    since, until = day_start(wanted["since"]), day_start(wanted["until"], days=1)
    with world().database.read() as db:
        found = measures_of(db, since or now - timedelta(days=_DAYS), until or now, now)
        products = {product.id: product for product in all_products(db, only_active=False)}
    return case_page("console/complaint_measures.html", wanted=wanted, found=found, products=products)
