"""Draws labels in PDF: symbols as filled rectangles, text as text."""

from __future__ import annotations

from io import BytesIO

from labels.layout import Composed, Placed, PlacedSymbol
from labels.pdf_file import PdfFile
from labels.symbol import runs
from labels.typeface import POINT_MM, Typeface


def label_pdf(label: Composed, typeface: Typeface, title: str) -> bytes:
    """A file of one page that is as large as the label."""
    out = BytesIO()
    file = PdfFile(out, title)
    file.add_page(label.width_mm / POINT_MM, label.height_mm / POINT_MM, content(label, typeface, file))
    file.close()
    return out.getvalue()


def content(label: Composed, typeface: Typeface, file: PdfFile) -> str:
    """The operators that draw the label with its lower left corner at the origin."""
    height = label.height_mm
    drawn = [
        f"0 g {box.x_mm / POINT_MM:.4f} {(height - box.y_mm - box.height_mm) / POINT_MM:.4f}"
        f" {box.width_mm / POINT_MM:.4f} {box.height_mm / POINT_MM:.4f} re f\n"
        for box in label.boxes
    ]
    drawn += [_symbol(placed, height) for placed in label.symbols]
    drawn += [_text(row, height, typeface, file) for row in label.texts]
    return "".join(drawn)


def _symbol(placed: PlacedSymbol, height_mm: float) -> str:
    across = placed.foot.module.mm / POINT_MM
    down = placed.foot.bars_dots * placed.foot.module.mm / placed.foot.module.dots / POINT_MM or across
    x, y = placed.x_mm / POINT_MM, (height_mm - placed.y_mm) / POINT_MM
    # One path with one fill: neighbouring rectangles then leave no light seam.
    modules = "".join([f"{x} {y} {w} 1 re\n" for y, row in enumerate(placed.symbol.rows) for x, w in runs(row)])
    return f"q 0 g {across:.6f} 0 0 {-down:.6f} {x:.4f} {y:.4f} cm\n{modules}f Q\n"


def _text(row: Placed, height_mm: float, typeface: Typeface, file: PdfFile) -> str:
    x, y = row.x_mm / POINT_MM, (height_mm - row.baseline_mm) / POINT_MM
    shown = file.shown(row.text, row.size_pt, row.bold, typeface)
    colour = "1 g 1 G" if row.light else "0 g 0 G"
    return f"BT {colour} 1 0 0 1 {x:.4f} {y:.4f} Tm\n{shown}0 Tr 0 Tc ET\n"
