"""Labels: what a lot's code holds, how it prints, the files to print it with."""
from __future__ import annotations

from dataclasses import dataclass, replace
from tempfile import SpooledTemporaryFile
from typing import BinaryIO, cast

from flask import request, send_file
from flask_babel import gettext
from werkzeug.wrappers import Response

import labels as printing
from traceapp.audit import record, stream_of
from traceapp.code.labels import lot_label_lines, lot_link
from traceapp.core.errors import Conflict, InvalidInput, NotFound
from traceapp.trace.lot_list import LotFilter, lot_page
from traceapp.trace.model import Lot
from traceapp.trace.overview import LotHead
from traceapp.web.context import signed_in, world

from .entering import Entered
from .layout import blueprint, page, today
from .listing import PAGE_ROWS, disposition, placed, wished
from .lots import known_lot
from .words import verdict_of

# endpoint -> permission (see traceapp.web.permissions)
PERMISSIONS: dict[str, str] = {
    "console.labels": "label.print", "console.lot_labels": "label.print", "console.lot_qr": "label.print",
    "console.lot_label_image": "label.print", "console.lot_label_sheet": "label.print"}

MOST_COPIES = 10_000
_SPOOLED = 2_000_000
_IMAGES = {"png": "image/png", "svg": "image/svg+xml"}


@dataclass(frozen=True, slots=True)
class Printable:
    """A lot with what its label says; labels of the same lot are all alike."""

    lot: Lot
    text: str
    lines: tuple[printing.Line, ...]


@blueprint.get("/labels")
def labels() -> Response:
    """Lots to print labels for: our own, the newest first."""
    values = wished("text")
    with world().database.read() as session:
        found = lot_page(session, LotFilter(today(), values["text"], only_own=True,
                                            after=request.args.get("after") or None, limit=PAGE_ROWS))
    return page("console/labels.html", found=found, listed=placed(found, "console.labels", values), values=values,
                verdict_of=lambda lot: verdict_of(lot, today()))


def _printable(lot_key: str) -> tuple[LotHead, Printable]:
    """The lot with its label. Raises NotFound, and Conflict for a lot that is not ours."""
    with world().database.read() as session:
        head = known_lot(session, lot_key)
        levels = list(head.product.levels) if head.product is not None else []
    if head.product is None or not head.lot.is_own:
        raise Conflict("Labels are printed for our own lots only.", code="not-our-lot")
    names = (head.product.name_zh, head.product.name_en)
    return head, Printable(head.lot, lot_link(world().settings.base_url, levels, head.lot),
                           lot_label_lines(names, levels, head.lot))


def _spec(label: Printable) -> printing.LabelSpec:
    layout = printing.SheetLayout()
    return printing.LabelSpec(label.text, label.lines, "svg", module_mm=layout.module_mm, dpi=layout.dpi,
                              width_mm=layout.label_width_mm, height_mm=layout.label_height_mm,
                              padding_mm=layout.padding_mm)


@blueprint.get("/lots/<lot_key>/labels")
def lot_labels(lot_key: str) -> Response:
    """Exactly what prints, and the files."""
    head, label = _printable(lot_key)
    form = Entered({"copies": "21", "skip": "0"})
    trouble, missing = "", None
    try:
        missing = printing.missing_font(replace(_spec(label), format="pdf"))
    except printing.LabelError as refused:
        trouble = refused.message
    return page("console/lot_labels.html", lot=head.lot, product=head.product, label=label, form=form,
                missing=missing, trouble=trouble, verdict=str(verdict_of(head.lot, today())),
                size=printing.SheetLayout(), most=MOST_COPIES)


@blueprint.get("/lots/<lot_key>/qr.<form>")
def lot_qr(lot_key: str, form: str) -> Response:
    """The bare QR code with its quiet zone."""
    _, label = _printable(lot_key)
    kind = _image_kind(form)
    title = gettext("QR code of lot %(lot)s", lot=label.lot.number)
    content = printing.qr(label.text, format="svg", title=title) if form == "svg" else printing.qr(
        label.text, format="png")
    return _image(content, kind, f"qr-{label.lot.number}.{form}")


@blueprint.get("/lots/<lot_key>/label.<form>")
def lot_label_image(lot_key: str, form: str) -> Response:
    """One label as it prints."""
    _, label = _printable(lot_key)
    kind = _image_kind(form)
    try:
        spec = replace(_spec(label), format="svg" if form == "svg" else "png")
        return _image(printing.render(spec), kind, f"label-{label.lot.number}.{form}")
    except printing.LabelError as refused:
        raise _unprintable(refused) from refused


def _image_kind(form: str) -> str:
    if form not in _IMAGES:
        raise NotFound("There is nothing at this address.")
    return _IMAGES[form]


def _image(content: bytes, kind: str, name: str) -> Response:
    answer = Response(content, mimetype=kind)
    if request.args.get("download"):
        answer.headers["Content-Disposition"] = disposition("attachment", name)
    # The drawing carries its own size and style; it must load nothing.
    answer.headers["Content-Security-Policy"] = "default-src 'none'; style-src 'unsafe-inline'"
    return answer


def _unprintable(refused: printing.LabelError) -> InvalidInput:
    return InvalidInput("This label cannot be printed: %(why)s", code="label", place=refused.field,
                        why=refused.message)


@blueprint.get("/lots/<lot_key>/labels.pdf")
def lot_label_sheet(lot_key: str) -> Response:
    """A PDF of label sheets; how many were made is noted with the lot."""
    head, label = _printable(lot_key)
    copies, skip = _number("copies", 1, MOST_COPIES), _number("skip", 0, printing.SheetLayout().per_page - 1)
    file = cast(BinaryIO, SpooledTemporaryFile(max_size=_SPOOLED))  # noqa: SIM115 - closed with the answer
    try:
        layout = printing.SheetLayout(skip=skip, outlines=bool(request.args.get("outlines")))
        printing.sheet([printing.SheetLabel(label.text, label.lines, copies)], layout, file,
                       title=f"{head.lot.number}")
    except printing.LabelError as refused:
        file.close()
        raise _unprintable(refused) from refused
    here = world()
    with here.database.write() as session:
        record(session, signed_in(), here.clock.now(), "label.printed", stream_of("lot", lot_key),
               {"copies": copies, "text": label.text})
    file.seek(0)
    return send_file(file, mimetype="application/pdf", as_attachment=True,
                     download_name=f"labels-{head.lot.number}.pdf")


def _number(name: str, least: int, most: int) -> int:
    text = request.args.get(name, "").strip() or str(least)
    if not text.isdecimal() or len(text) > 9 or not least <= int(text) <= most:
        raise InvalidInput("%(name)s must be a whole number from %(least)s to %(most)s.", place=name, name=name,
                           least=least, most=most)
    return int(text)

