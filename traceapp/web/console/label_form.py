"""The form of a print: from what was typed to a choice, faults at their fields."""
from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from flask_babel import gettext, lazy_gettext

import labels
from traceapp.code.print_choice import DPI, FACTS, FORMATS, PAGES, PrintChoice
from traceapp.core.errors import InvalidInput
from traceapp.web.label_words import parameter

from .entering import Entered

_ = lazy_gettext
TEMPLATES = {
    "unit": _("Single unit"), "carton": _("Shipping case"), "pallet": _("Pallet"), "sample": _("Sample"),
    "quarantine": _("Sticker: quarantine"), "released": _("Sticker: released"), "recalled": _("Sticker: recalled")}
FORMAT_WORDS = {
    "sheet": _("PDF, sheets of labels"), "pdf": _("PDF, a page for each label"), "zpl": _("ZPL for a label printer"),
    "png": _("PNG pictures"), "svg": _("SVG pictures")}
SYMBOLS = {"": _("As usual for the label"), "qr": _("QR code"), "gs1": _("GS1 symbols"), "both": _("Both")}
LANGUAGES = {"both": _("Chinese and English"), "zh": _("Chinese"), "en": _("English")}
PAGE_WORDS = {"a4": "A4", "a5": "A5", "letter": "Letter"}
FACT_WORDS = {
    "quantity": _("Quantity"), "sample": _("Sample number"), "purpose": _("Purpose"), "by": _("By"),
    "reason": _("Reason")}
_OWN_NAMES = ("template", "format", "symbols", "language", "dpi", "module_mm", "width_mm", "height_mm", "copies",
              "range_id", "first", "last", "why", "sscc", "cases", "page", "columns", "rows", "offset_x_mm",
              "offset_y_mm", "skip")
# Which place of the labels is which field.
FIELDS = {name: name for name in _OWN_NAMES} | {
    "page_width_mm": "page", "page_height_mm": "page", "label_width_mm": "width_mm",
    "label_height_mm": "height_mm", "labels": "copies", "text": "symbols", "marks": "symbols"}
_NUMBER = re.compile(r"-?[0-9]{1,4}(?:[.,][0-9]{1,4})?")
_USUAL_STICKER = {"recalled": "recalled", "on_hold": "quarantine", "rejected": "quarantine"}


def usual_values(verdict: str) -> dict[str, str]:
    """What the form shows first: the label that may be printed of such a lot."""
    return {"template": _USUAL_STICKER.get(verdict, "unit"), "format": "sheet", "symbols": "", "language": "both",
            "dpi": "300", "page": "a4"}


def choice_of(form: Entered) -> PrintChoice | None:
    """What the form asks for; None when it has faults, which then stand in it."""
    values = {
        "template": form.choice("template", TEMPLATES), "format": form.choice("format", FORMATS),
        "symbols": form.choice("symbols", SYMBOLS, required=False) or None,
        "language": form.choice("language", LANGUAGES), "dpi": int(form.choice("dpi", map(str, DPI)) or 300),
        "module_mm": _millimetres(form, "module_mm"), "width_mm": _millimetres(form, "width_mm"),
        "height_mm": _millimetres(form, "height_mm"), "range_id": form.text("range_id"), "first": form.text("first"),
        "last": form.text("last"), "sscc": form.text("sscc").replace(" ", ""), "cases": form.whole("cases"),
        "facts": tuple((name, text[:200]) for name in FACTS if (text := form.text(f"fact-{name}"))),
        "page": form.choice("page", PAGES), "columns": form.whole("columns"), "rows": form.whole("rows"),
        "offset_x_mm": _millimetres(form, "offset_x_mm") or 0.0,
        "offset_y_mm": _millimetres(form, "offset_y_mm") or 0.0, "skip": form.whole("skip") or 0,
        "outlines": form.is_checked("outlines")}
    copies = form.whole("copies")
    if not form.is_good:
        return None
    try:
        choice = PrintChoice(**{**values, "copies": 1 if copies is None else copies})  # type: ignore[arg-type]
        if copies is None and choice.format == "sheet" and not choice.range_id:
            return PrintChoice(**{**values, "copies": _full_sheet(choice)})  # type: ignore[arg-type]
        return choice
    except InvalidInput as refused:
        form.refuse(_in_words(refused), FIELDS)
        return None


def _in_words(refused: InvalidInput) -> InvalidInput:
    """The same refusal with the word of the form for the name of a field."""
    params: dict[str, Any] = dict(refused.params)
    if "name" in params:
        params["name"] = parameter(str(params["name"]))
    return InvalidInput(refused.message, code=refused.code, place=refused.place, **params)


def _full_sheet(choice: PrintChoice) -> int:
    """How many labels fill the first sheet; one where the sheet is refused, which the preview says."""
    try:
        return choice.sheet.per_page - choice.skip
    except labels.LabelError:
        return 1


def _millimetres(form: Entered, name: str) -> float | None:
    text = form.text(name)
    if not text:
        return None
    if not _NUMBER.fullmatch(text):
        form.fault(name, gettext("This must be a number of millimetres, such as 0.5."))
        return None
    return float(text.replace(",", "."))


def words_of(table: Mapping[str, object]) -> list[tuple[str, str]]:
    """The options of a list of choices."""
    return [(key, str(word)) for key, word in table.items()]
