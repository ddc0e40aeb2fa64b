"""Text in, image out: QR symbols, labels, and sheets of labels to print."""

from importlib import import_module
from typing import TYPE_CHECKING, Any

from labels.errors import LabelError
from labels.limits import QUIET_MODULES, X_MAX_MM, X_MIN_MM
from labels.spec import LabelSpec, Line, Mark
from labels.template import CAPTIONS, TEMPLATES, Code, Content, Print, Template, template

if TYPE_CHECKING:
    from labels import fonts
    from labels.drawing import MissingFont, missing_font, qr, render, size_mm
    from labels.roll import Roll
    from labels.sheets import SheetLabel, SheetLayout, SheetPrinted, sheet
    from labels.text_block import MIN_TEXT_PT

__all__ = [
    "CAPTIONS",
    "MIN_TEXT_PT",
    "QUIET_MODULES",
    "TEMPLATES",
    "X_MAX_MM",
    "X_MIN_MM",
    "Code",
    "Content",
    "LabelError",
    "LabelSpec",
    "Line",
    "Mark",
    "MissingFont",
    "Print",
    "Roll",
    "SheetLabel",
    "SheetLayout",
    "SheetPrinted",
    "Template",
    "fonts",
    "missing_font",
    "qr",
    "render",
    "sheet",
    "size_mm",
    "template",
]

# Who draws needs libraries of symbols, fonts and pictures; they are loaded with the first name that is asked for.
_DRAWING = {
    "MissingFont": "drawing", "missing_font": "drawing", "qr": "drawing", "render": "drawing", "size_mm": "drawing",
    "Roll": "roll", "SheetLabel": "sheets", "SheetLayout": "sheets", "SheetPrinted": "sheets", "sheet": "sheets",
    "MIN_TEXT_PT": "text_block",
}  # fmt: skip


def __getattr__(name: str) -> Any:
    """What draws, from the module where it stands. Source: PEP 562."""
    if name == "fonts":
        return import_module("labels.fonts")
    if name not in _DRAWING:
        raise AttributeError(f"module 'labels' has no attribute {name!r}")
    found = getattr(import_module(f"labels.{_DRAWING[name]}"), name)
    globals()[name] = found
    return found
