"""Giving out serial numbers for a lot, and the file of scans that stand out."""
from __future__ import annotations

from flask import request, url_for
from flask_babel import gettext
from sqlalchemy.orm import Session
from werkzeug.wrappers import Response

from traceapp.code.allocating import MOST_SERIALS, USUAL_DIGITS, AllocateSerials, allocate_serials
from traceapp.code.serials import MOST_DIGITS
from traceapp.web.context import signed_in, world
from traceapp.web.tables import Table, send_table, titled

from .acting import Done, Refusal, perform
from .entering import Entered
from .layout import blueprint, page, today
from .lot_scans import TITLES, scan_records
from .lots import known_lot
from .words import verdict_of

# endpoint -> permission (see traceapp.web.permissions)
PERMISSIONS: dict[str, str] = {"console.lot_serials": "label.print", "console.lot_scans_export": "trace.read"}


@blueprint.route("/lots/<lot_key>/serials", methods=["GET", "POST"])
def lot_serials(lot_key: str) -> Response:
    """Give out serial numbers."""
    keys = world().code_keys
    with world().database.read() as session:
        head = known_lot(session, lot_key)
    form = Entered({"width": str(USUAL_DIGITS), "is_signed": "1" if keys.present else ""})

    def again(status: int = 200) -> Response:
        return page("console/lot_serials.html", status, form=form, lot=head.lot, product=head.product,
                    verdict=str(verdict_of(head.lot, today())), most=MOST_SERIALS, most_digits=MOST_DIGITS,
                    has_key=keys.present is not None)

    if request.method == "GET":
        return again()
    count, width, first = form.whole("count"), form.whole("width"), form.whole("first")
    if count is None:
        form.fault("count", gettext("This must be filled in."))
    command = AllocateSerials(lot_key, count or 0, form.text("prefix"), USUAL_DIGITS if width is None else width, first,
                              form.is_checked("is_signed"), form.text("purpose"))

    def act(session: Session) -> Done:
        given = allocate_serials(session, signed_in(), world().clock, command, keys=keys)
        return Done(url_for("console.lot", lot_key=lot_key, part="label"),
                    gettext("The serial numbers %(first)s to %(last)s are given out.", first=given.first_serial,
                            last=given.last_serial))

    return perform(form, act, Refusal(again))


@blueprint.get("/lots/<lot_key>/scans/export")
def lot_scans_export(lot_key: str) -> Response:
    """What stands out among the scans of a lot, as a file."""
    with world().database.snapshot() as session:
        uri = known_lot(session, lot_key).lot.uri
        return send_table(Table("scans", gettext("Scans that stand out"), titled(TITLES),
                                scan_records(session, lot_key), {"lot": uri}), request.args.get("format", ""))
