"""The codes and labels of our own lots as pictures."""
from __future__ import annotations

from dataclasses import dataclass, replace

from flask import Response, request
from flask_babel import gettext

import labels as printing
from traceapp.code.labels import lot_label_lines, lot_link
from traceapp.code.print_choice import PrintChoice
from traceapp.code.print_content import preview
from traceapp.core.errors import Conflict, NotFound
from traceapp.trace.model import Lot
from traceapp.trace.overview import LotHead, lot_head

from .context import world
from .files import disposition
from .printing import read_printable

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


def qr_image(lot_key: str, form: str) -> Response:
    """The bare QR code with its quiet zone as png or svg."""
    _, label = printable(lot_key)
    kind = _image_kind(form)
    title = gettext("QR code of lot %(lot)s", lot=label.lot.number)
    content = printing.qr(label.text, format="svg", title=title) if form == "svg" else printing.qr(
        label.text, format="png")
    return _image(content, kind, f"qr-{label.lot.number}.{form}")


def label_image(lot_key: str, form: str, choice: PrintChoice) -> Response:
    """The first label as it prints, as png or svg. Raises as `read_printable` and `preview`."""
    kind = _image_kind(form)
    wanted = read_printable(lot_key, choice)
    content = preview(wanted)[0]
    if form == "svg":
        content = printing.render(replace(next(wanted.specs()), format="svg"))
    return _image(content, kind, f"label-{wanted.lot.number}.{form}")


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
