"""The labels of our own lots as pictures and as sheets to print."""
from __future__ import annotations

from dataclasses import dataclass, replace
from tempfile import SpooledTemporaryFile
from typing import BinaryIO, cast

from flask import Response, request, send_file
from flask_babel import gettext

import labels as printing
from traceapp.audit import record, stream_of
from traceapp.code.labels import lot_label_lines, lot_link
from traceapp.core.errors import Conflict, InvalidInput, NotFound
from traceapp.trace.model import Lot
from traceapp.trace.overview import LotHead, lot_head

from .context import signed_in, world
from .files import disposition

MOST_COPIES = 10_000
_SPOOLED = 2_000_000
_IMAGES = {"png": "image/png", "svg": "image/svg+xml"}


@dataclass(frozen=True, slots=True)
class Printable:
    """A lot with what its label says; labels of the same lot are all alike."""

    lot: Lot
    text: str
    lines: tuple[printing.Line, ...]


def printable(lot_key: str) -> tuple[LotHead, Printable]:
    """The lot with its label. Raises NotFound, and Conflict for a lot that is not ours."""
    with world().database.read() as session:
        head = lot_head(session, lot_key)
        if head is None:
            raise NotFound("There is no such lot.")
        levels = list(head.product.levels) if head.product is not None else []
    if head.product is None or not head.lot.is_own:
        raise Conflict("Labels are printed for our own lots only.", code="not-our-lot")
    names = (head.product.name_zh, head.product.name_en)
    return head, Printable(head.lot, lot_link(world().settings.base_url, levels, head.lot),
                           lot_label_lines(names, levels, head.lot))


def label_spec(label: Printable) -> printing.LabelSpec:
    """The label as it stands on a sheet."""
    layout = printing.SheetLayout()
    return printing.LabelSpec(label.text, label.lines, "svg", module_mm=layout.module_mm, dpi=layout.dpi,
                              width_mm=layout.label_width_mm, height_mm=layout.label_height_mm,
                              padding_mm=layout.padding_mm)


def qr_image(lot_key: str, form: str) -> Response:
    """The bare QR code with its quiet zone as png or svg."""
    _, label = printable(lot_key)
    kind = _image_kind(form)
    title = gettext("QR code of lot %(lot)s", lot=label.lot.number)
    content = printing.qr(label.text, format="svg", title=title) if form == "svg" else printing.qr(
        label.text, format="png")
    return _image(content, kind, f"qr-{label.lot.number}.{form}")


def label_image(lot_key: str, form: str) -> Response:
    """One label as it prints, as png or svg."""
    _, label = printable(lot_key)
    kind = _image_kind(form)
    try:
        spec = replace(label_spec(label), format="svg" if form == "svg" else "png")
        return _image(printing.render(spec), kind, f"label-{label.lot.number}.{form}")
    except printing.LabelError as refused:
        raise _unprintable(refused) from refused


def label_sheet(lot_key: str, copies: int, layout: printing.SheetLayout) -> Response:
    """A PDF of label sheets for so many labels; how many were made is noted with the lot."""
    head, label = printable(lot_key)
    file = cast(BinaryIO, SpooledTemporaryFile(max_size=_SPOOLED))  # noqa: SIM115 - closed with the answer
    try:
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
