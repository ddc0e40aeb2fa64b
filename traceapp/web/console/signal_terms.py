"""Console: lots by terms of a product, to see which complaint goes with which batch."""
from __future__ import annotations

from datetime import timedelta

from flask_babel import ngettext
from werkzeug.wrappers import Response

from traceapp.catalog.queries import all_products
from traceapp.surveillance.lot_terms import LotTermsWish
from traceapp.web.context import world
from traceapp.web.words import own_name

from .casework import case_page
from .layout import blueprint
from .listing import wished
from .lot_term_picture import heat_map

# endpoint -> permission (see traceapp.web.permissions)
PERMISSIONS: dict[str, str] = {"console.signal_terms": "signal.read"}
MONTHS = ("3", "6", "12", "24")
USUAL_MONTHS = "12"


def since_months(months: str) -> timedelta:
    """How far back so many months are looked at."""
    return timedelta(days=round(int(months) * 30.5))


@blueprint.get("/signals/terms")
def signal_terms() -> Response:
    """The table of one product; the first product unless another is chosen."""
    wanted = wished("product", "months")
    wanted["months"] = wanted["months"] if wanted["months"] in MONTHS else USUAL_MONTHS
    with world().database.read() as db:
        products = [product for product in all_products(db, only_active=False) if product.kind != "material"]
        chosen = next((one for one in products if one.id == wanted["product"]), products[0] if products else None)
        wanted["product"] = chosen.id if chosen else ""
        found = None if chosen is None else heat_map(db, LotTermsWish(
            chosen.id, world().clock.now() - since_months(wanted["months"])))
    return case_page("console/signal_terms.html", found=found, chosen=chosen, wanted=wanted,
                     product_choices=[(one.id, own_name(one)) for one in products],
                     month_choices=[(month, ngettext("last %(num)d month", "last %(num)d months", int(month)))
                                    for month in MONTHS])
