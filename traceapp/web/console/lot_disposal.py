"""Writing off what was destroyed or lost of a lot, with the reason and the record of it."""
from __future__ import annotations

from flask import request, url_for
from flask_babel import gettext
from sqlalchemy.orm import Session
from werkzeug.wrappers import Response

from traceapp.catalog.queries import sites
from traceapp.core.quantity import Quantity
from traceapp.trace.model import Lot
from traceapp.trace.shipping import DisposeUnits, dispose_units
from traceapp.web.context import signed_in, world
from traceapp.web.ui import current_locale
from traceapp.web.ui.display import unit as unit_word

from .acting import Done, Refusal, perform
from .entering import Entered
from .layout import blueprint, page
from .lot_forms import ACCEPTED_FILES, attach, sent_file
from .lots import known_lot
from .timing import default_zone, now_text
from .words import unit_options

# endpoint -> permission (see traceapp.web.permissions)
PERMISSIONS: dict[str, str] = {"console.lot_dispose": "trace.record"}


@blueprint.route("/lots/<lot_key>/dispose", methods=["GET", "POST"])
def lot_dispose(lot_key: str) -> Response:
    """Take destroyed or lost units off the stock."""
    with world().database.read() as session:
        head = known_lot(session, lot_key)
        zone = default_zone(sites(session, only_own=True))
    units = _units(head.lot)
    form = Entered({"disposed_at": now_text(zone), "quantity_unit": units[0][0]})

    def again(status: int = 200) -> Response:
        return page("console/lot_dispose.html", status, form=form, lot=head.lot, product=head.product, zone=zone,
                    units=units, accept=ACCEPTED_FILES)

    if request.method == "GET":
        return again()
    amount, unit = form.amount("quantity"), form.choice("quantity_unit", [code for code, _word in units])
    at, reason, file = form.moment("disposed_at", zone), form.text("reason", required=True), sent_file(form)

    def act(session: Session) -> Done:
        assert amount is not None and at is not None
        lot = dispose_units(session, signed_in(), world().clock,
                            DisposeUnits(lot_key, Quantity(amount, unit), at, reason))
        attach(session, lot_key, form, file)
        return Done(url_for("console.lot", lot_key=lot_key),
                    gettext("The disposal is recorded; it is off the stock of lot %(lot)s.", lot=lot.number))

    return perform(form, act, Refusal(again))


def _units(lot: Lot) -> list[tuple[str, str]]:
    """The units that the quantity may be given in, the lot's own first."""
    own = lot.unit or "EA"
    return [(own, unit_word(own, current_locale())), *(one for one in unit_options(own) if one[0] != own)]
