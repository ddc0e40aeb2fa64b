"""Text in, image out: QR symbols, labels, and sheets of labels to print."""

from labels import fonts
from labels.drawing import MissingFont, missing_font, qr, render, size_mm
from labels.errors import LabelError
from labels.limits import QUIET_MODULES, X_MAX_MM, X_MIN_MM
from labels.roll import Roll
from labels.sheets import SheetLabel, SheetLayout, SheetPrinted, sheet
from labels.spec import LabelSpec, Line, Mark
from labels.template import CAPTIONS, TEMPLATES, Code, Content, Print, Template, template
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
