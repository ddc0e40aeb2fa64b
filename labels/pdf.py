"""Draws labels in PDF: the symbol as filled rectangles, text as text."""

from __future__ import annotations

from io import BytesIO

from labels.layout import Composed, Placed
from labels.pdf_file import PdfFile
from labels.symbol import boxes
from labels.typeface import EMBOLDEN, POINT_MM, Typeface


def label_pdf(label: Composed, typeface: Typeface, title: str) -> bytes:
    """A file of one page that is as large as the label."""
    out = BytesIO()
    file = PdfFile(out, title)
    file.add_page(label.width_mm / POINT_MM, label.height_mm / POINT_MM, content(label, typeface, file))
    file.close()
    return out.getvalue()


def content(label: Composed, typeface: Typeface, file: PdfFile) -> str:
    """The operators that draw the label with its lower left corner at the origin."""
    scale = label.module.mm / POINT_MM
    x = label.symbol_x_mm / POINT_MM
    y = (label.height_mm - label.symbol_y_mm) / POINT_MM
    # One path with one fill: neighbouring rectangles then leave no light seam.
    modules = "".join(f"{bx} {by} {w} {h} re\n" for bx, by, w, h in boxes(label.symbol))
    symbol = f"q 0 g {scale:.6f} 0 0 {-scale:.6f} {x:.4f} {y:.4f} cm\n{modules}f Q\n"
    return symbol + "".join(_text(row, label.height_mm, typeface, file) for row in label.texts)


def _text(row: Placed, height_mm: float, typeface: Typeface, file: PdfFile) -> str:
    x, y = row.x_mm / POINT_MM, (height_mm - row.baseline_mm) / POINT_MM
    operators = [f"BT 0 g 0 G 1 0 0 1 {x:.4f} {y:.4f} Tm\n"]
    for run in typeface.runs(row.text, row.bold):
        font = file.font(run.face)
        # Rendering mode 2 also draws the outline: the weight of a face that has no bold.
        bolder = 2 * EMBOLDEN * row.size_pt
        weight = f"2 Tr {bolder:.4f} w {bolder:.4f} Tc" if run.embolden else "0 Tr 0 Tc"
        operators.append(f"/{font.name} {row.size_pt:.4f} Tf {weight} <{font.encoded(run.text)}> Tj\n")
    return "".join([*operators, "0 Tr 0 Tc ET\n"])
