"""Labels: what a lot's code holds, how it prints, the files to print it with."""
from __future__ import annotations

from dataclasses import replace

from flask import request
from werkzeug.wrappers import Response

import labels as printing
from traceapp.core.errors import InvalidInput
from traceapp.trace.lot_list import LotFilter, lot_page
from traceapp.web.context import world
from traceapp.web.label_files import MOST_COPIES, label_image, label_sheet, label_spec, printable, qr_image

from .entering import Entered
from .layout import blueprint, page, today
from .listing import PAGE_ROWS, placed, wished
from .words import verdict_of

# endpoint -> permission (see traceapp.web.permissions)
PERMISSIONS: dict[str, str] = {
    "console.labels": "label.print", "console.lot_labels": "label.print", "console.lot_qr": "label.print",
    "console.lot_label_image": "label.print", "console.lot_label_sheet": "label.print"}


@blueprint.get("/labels")
def labels() -> Response:
    """Lots to print labels for: our own, the newest first."""
    values = wished("text")
    with world().database.read() as session:
        found = lot_page(session, LotFilter(today(), values["text"], only_own=True,
                                            after=request.args.get("after") or None, limit=PAGE_ROWS))
    return page("console/labels.html", found=found, listed=placed(found, "console.labels", values), values=values,
                verdict_of=lambda lot: verdict_of(lot, today()))


@blueprint.get("/lots/<lot_key>/labels")
def lot_labels(lot_key: str) -> Response:
    """Exactly what prints, and the files."""
    head, label = printable(lot_key)
    form = Entered({"copies": "21", "skip": "0"})
    trouble, missing = "", None
    try:
        missing = printing.missing_font(replace(label_spec(label), format="pdf"))
    except printing.LabelError as refused:
        trouble = refused.message
    return page("console/lot_labels.html", lot=head.lot, product=head.product, label=label, form=form,
                missing=missing, trouble=trouble, verdict=str(verdict_of(head.lot, today())),
                size=printing.SheetLayout(), most=MOST_COPIES)


@blueprint.get("/lots/<lot_key>/qr.<form>")
def lot_qr(lot_key: str, form: str) -> Response:
    """The bare QR code with its quiet zone."""
    return qr_image(lot_key, form)


@blueprint.get("/lots/<lot_key>/label.<form>")
def lot_label_image(lot_key: str, form: str) -> Response:
    """One label as it prints."""
    return label_image(lot_key, form)


@blueprint.get("/lots/<lot_key>/labels.pdf")
def lot_label_sheet(lot_key: str) -> Response:
    """A PDF of label sheets; how many were made is noted with the lot."""
    copies, skip = _number("copies", 1, MOST_COPIES), _number("skip", 0, printing.SheetLayout().per_page - 1)
    return label_sheet(lot_key, copies, printing.SheetLayout(skip=skip, outlines=bool(request.args.get("outlines"))))


def _number(name: str, least: int, most: int) -> int:
    text = request.args.get(name, "").strip() or str(least)
    if not text.isdecimal() or len(text) > 9 or not least <= int(text) <= most:
        raise InvalidInput("%(name)s must be a whole number from %(least)s to %(most)s.", place=name, name=name,
                           least=least, most=most)
    return int(text)
