"""Draws a label or a plain symbol as SVG: one path for each symbol, text as text."""

from __future__ import annotations

from html import escape

from labels.layout import Composed, Placed, PlacedSymbol
from labels.limits import MM_PER_INCH, QUIET_MODULES, Module
from labels.symbol import Symbol, boxes
from labels.typeface import POINT_MM

_FONTS = "'Noto Sans SC','PingFang SC','Microsoft YaHei','WenQuanYi Micro Hei',system-ui,sans-serif"


def symbol_svg(symbol: Symbol, module: Module, title: str, background: bool) -> bytes:
    """The symbol with its quiet zone; one user unit is one module, `background` False leaves the ground clear."""
    side = symbol.width + 2 * QUIET_MODULES
    size = _number(side * module.mm)
    ground = f'<path fill="#fff" d="M0 0h{side}v{side}H0z"/>' if background else ""
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{size}mm" height="{size}mm" viewBox="0 0 {side} {side}"'
        f' role="img" shape-rendering="crispEdges"><title>{escape(title)}</title>{ground}'
        f'<path fill="#000" d="{path_data(symbol, QUIET_MODULES)}"/></svg>'
    ).encode()


def label_svg(label: Composed, title: str) -> bytes:
    """The label; one user unit is a millimetre.

    Text keeps the width it was measured at (`textLength`), whatever typeface the viewer has.
    """
    width, height = _number(label.width_mm), _number(label.height_mm)
    black = "".join(
        f'<path fill="#000" d="M{_number(box.x_mm)} {_number(box.y_mm)}h{_number(box.width_mm)}'
        f'v{_number(box.height_mm)}H{_number(box.x_mm)}z"/>'
        for box in label.boxes
    )
    texts = "".join(map(_text, label.texts))
    group = f'<g fill="#000" font-family="{escape(_FONTS)}">{texts}</g>' if texts else ""
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{width}mm" height="{height}mm"'
        f' viewBox="0 0 {width} {height}" role="img"><title>{escape(title)}</title>'
        f'<path fill="#fff" d="M0 0h{width}v{height}H0z"/>{black}{"".join(map(_symbol, label.symbols))}{group}</svg>'
    ).encode()


def path_data(symbol: Symbol, offset: int) -> str:
    """The dark modules as path commands in module units, moved right and down by `offset`."""
    return "".join(f"M{x + offset} {y + offset}h{w}v{h}h-{w}z" for x, y, w, h in boxes(symbol))


def _symbol(placed: PlacedSymbol) -> str:
    across, down = placed.foot.module.mm, placed.foot.module.mm
    if placed.foot.bars_dots:
        down = placed.foot.bars_dots * MM_PER_INCH / placed.foot.module.dpi
    scale = f"scale({_number(across, 6)})" if across == down else f"scale({_number(across, 6)} {_number(down, 6)})"
    place = f"translate({_number(placed.x_mm)} {_number(placed.y_mm)}) {scale}"
    return (
        f'<path fill="#000" shape-rendering="crispEdges" transform="{place}" d="{path_data(placed.symbol, 0)}"/>'
    )


def _text(row: Placed) -> str:
    weight = ' font-weight="700"' if row.bold else ""
    colour = ' fill="#fff"' if row.light else ""
    return (
        f'<text x="{_number(row.x_mm)}" y="{_number(row.baseline_mm)}" font-size="{_number(row.size_pt * POINT_MM)}"'
        f'{weight}{colour} textLength="{_number(row.width_mm)}" lengthAdjust="spacingAndGlyphs">'
        f"{escape(row.text)}</text>"
    )


def _number(value: float, digits: int = 4) -> str:
    return f"{value:.{digits}f}".rstrip("0").rstrip(".")
