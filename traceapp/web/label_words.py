"""What the labels say of themselves, in the reader's language and in the words of the form."""
from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from flask_babel import gettext, lazy_gettext

from labels.errors import Phrase
from traceapp.core.errors import Name

from .i18n import language

_ = lazy_gettext
# What a parameter of the labels is called where people fill it in.
PARAMETERS = {
    "template": _("Kind of label"), "format": _("Format"), "copies": _("Copies"),
    "dpi": _("Dots per inch of the printer"), "module_mm": _("X-dimension of the QR code"), "symbols": _("Symbols"),
    "language": _("Language of the label"), "width_mm": _("Width of the label"), "height_mm": _("Height of the label"),
    "label_width_mm": _("Width of the label"), "label_height_mm": _("Height of the label"), "page": _("Paper"),
    "page_width_mm": _("Width of the paper"), "page_height_mm": _("Height of the paper"), "columns": _("Columns"),
    "rows": _("Rows"), "skip": _("Labels already used on the first sheet"), "offset_x_mm": _("Move to the right"),
    "offset_y_mm": _("Move down"), "margin_left_mm": _("Left margin"), "margin_top_mm": _("Upper margin"),
    "gap_x_mm": _("Gap between columns"), "gap_y_mm": _("Gap between rows"), "padding_mm": _("Blank edge"),
    "text": _("Content of the QR code"), "text_scale": _("Size of the text"),
    "error_correction": _("Error correction"), "kind": _("Kind of line"), "symbology": _("Kind of symbol"),
    "use": _("Use of the symbol")}


def told(params: Mapping[str, Any], *, keeps_names: bool = False) -> dict[str, Any]:
    """The values of a message, phrases of the labels and names among them in the reader's language; `keeps_names`
    leaves the names of parameters, for machines."""
    return {name: said(value, keeps_names=keeps_names) if isinstance(value, Phrase) else
            value.english if isinstance(value, Name) and language() == "en" else value
            for name, value in params.items()}


def said(phrase: Phrase, *, keeps_names: bool = False) -> str:
    """A phrase of the labels in the reader's language."""
    values = told(phrase.values, keeps_names=keeps_names)
    if "name" in values and not keeps_names:
        values["name"] = parameter(values["name"])
    template = gettext(phrase.template)
    return template % values if values else template


def parameter(name: str) -> str:
    """What a parameter is called on the page, between quotation marks."""
    return f"“{PARAMETERS.get(name, name)}”"
