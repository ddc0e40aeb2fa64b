"""Text in, image out: QR symbols, labels, and sheets of labels to print."""

from labels import fonts
from labels.drawing import MissingFont, missing_font, qr, render, size_mm
from labels.errors import LabelError
from labels.layout import MIN_TEXT_PT
from labels.sheets import SheetLabel, SheetLayout, SheetPrinted, sheet
from labels.spec import LabelSpec, Line
from labels.symbol import QUIET_MODULES, X_MAX_MM, X_MIN_MM

__all__ = [
    "MIN_TEXT_PT",
    "QUIET_MODULES",
    "X_MAX_MM",
    "X_MIN_MM",
    "LabelError",
    "LabelSpec",
    "Line",
    "MissingFont",
    "SheetLabel",
    "SheetLayout",
    "SheetPrinted",
    "fonts",
    "missing_font",
    "qr",
    "render",
    "sheet",
    "size_mm",
]
