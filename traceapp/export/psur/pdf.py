"""Blocks as a PDF on A4: text broken where its reader may break it, tables with their head on each page, bars. Pure."""
from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cache
from io import BytesIO
from typing import TYPE_CHECKING

from .blocks import Block, Chart, Heading, Paragraph, Table

if TYPE_CHECKING:
    from labels.pdf_file import PdfFile
    from labels.typeface import Typeface

MEDIA_TYPE = "application/pdf"
_MM = 72 / 25.4
_WIDTH, _HEIGHT = 210 * _MM, 297 * _MM
_LEFT, _RIGHT, _TOP, _BOTTOM = 20 * _MM, 190 * _MM, 277 * _MM, 22 * _MM
_TEXT, _SMALL, _LEADING, _PAD = 9.5, 8.0, 1.45, 3.5
_CHART_HEIGHT = 50 * _MM
_TITLES = {1: 17.0, 2: 12.5}


def pdf(title: str, blocks: Sequence[Block]) -> bytes:
    """The bytes of the file. Equal blocks give equal bytes."""
    from labels.pdf_file import PdfFile

    out = BytesIO()
    file = PdfFile(out, title)
    sheet = _Sheet(file)
    for block in blocks:
        sheet.add(block)
    for number, page in enumerate(sheet.pages, 1):
        foot = sheet.text(f"{number} / {len(sheet.pages)}", (_LEFT + _RIGHT) / 2 - 10, 11 * _MM, _SMALL)
        file.add_page(_WIDTH, _HEIGHT, "".join([*page, foot]))
    file.close()
    return out.getvalue()


@cache
def _typeface() -> Typeface:
    from labels import fonts
    from labels.typeface import typeface

    return typeface(fonts.default(), "cid")


@dataclass
class _Sheet:
    """The pages so far; `y` is the lowest line that is taken on the present one."""

    file: PdfFile
    pages: list[list[str]] = field(default_factory=lambda: [[]])
    y: float = _TOP

    def add(self, block: Block) -> None:
        """Set one block below what is there."""
        if isinstance(block, Heading):
            size = _TITLES[block.level]
            self._need(size * 3.2 + (_TEXT * 4 if block.level == 2 else 0))
            self.y -= size * (1.0 if block.level == 1 else 1.6)
            self._lines(self._broken(block.text, _RIGHT - _LEFT, size), size, bold=True)
            self.y -= size * 0.4
        elif isinstance(block, Paragraph):
            self._lines(self._broken(block.text, _RIGHT - _LEFT, _TEXT), _TEXT)
            self.y -= _TEXT * 0.5
        elif isinstance(block, Table):
            self._table(block)
        else:
            self._chart(block)

    def text(self, text: str, x: float, y: float, size: float, bold: bool = False) -> str:
        """The operators of a line."""
        shown = self.file.shown(_clean(text), size, bold, _typeface())
        return f"BT 1 0 0 1 {x:.2f} {y:.2f} Tm\n{shown}ET\n"

    def _need(self, height: float) -> None:
        if self.y - height < _BOTTOM:
            self.pages.append([])
            self.y = _TOP

    def _lines(self, lines: Sequence[str], size: float, bold: bool = False) -> None:
        for line in lines:
            self._need(size * _LEADING)
            self.y -= size * _LEADING
            self.pages[-1].append(self.text(line, _LEFT, self.y, size, bold))

    def _broken(self, text: str, room: float, size: float) -> list[str]:
        """The text in lines no wider than the room."""
        from labels.wrap import parts, wrap

        found = [piece for part in parts(_clean(text), "note") for piece in _cut(part, room, size)]
        widths = [(_wide(part, size), _wide(part, size) - _wide(part.rstrip(), size)) for part in found]
        rows = wrap(widths, room)
        return ["".join(found[first:last]).rstrip() for first, last in rows] if rows else [text]

    def _table(self, table: Table) -> None:
        widths = _columns(table)
        has_head = any(table.head)
        if has_head:
            self._need(_SMALL * 8)
            self._row(table, table.head, widths, is_head=True)
        for row in table.rows:
            if self.y - self._height(row, widths) < _BOTTOM:
                self.pages.append([])
                self.y = _TOP
                if has_head:
                    self._row(table, table.head, widths, is_head=True)
            self._row(table, row, widths)
        self.y -= _TEXT

    def _height(self, cells: Sequence[str], widths: Sequence[float]) -> float:
        rows = max(len(self._broken(text, width - 2 * _PAD, _SMALL)) for text, width in zip(cells, widths, strict=True))
        return rows * _SMALL * _LEADING + 2 * _PAD

    def _row(self, table: Table, cells: Sequence[str], widths: Sequence[float], is_head: bool = False) -> None:
        height, x, page = self._height(cells, widths), _LEFT, self.pages[-1]
        for at, (text, width) in enumerate(zip(cells, widths, strict=True)):
            box = f"{x:.2f} {self.y - height:.2f} {width:.2f} {height:.2f} re"
            if is_head:
                page.append(f"0.93 g {box} f 0 g\n")
            page.append(f"0.5 w 0.6 G {box} S 0 G\n")
            for number, line in enumerate(self._broken(text, width - 2 * _PAD, _SMALL), 1):
                left = x + width - _PAD - _wide(line, _SMALL, is_head) if at in table.numbers else x + _PAD
                page.append(self.text(line, left, self.y - _PAD - number * _SMALL * _LEADING + 2.5, _SMALL, is_head))
            x += width
        self.y -= height

    def _chart(self, chart: Chart) -> None:
        self._need(_CHART_HEIGHT + 3 * _TEXT)
        self._lines([chart.title], _TEXT, bold=True)
        base, top = self.y - _CHART_HEIGHT, max([*chart.values, 1.0])
        step = (_RIGHT - _LEFT) / max(len(chart.values), 1)
        page = self.pages[-1]
        for at, value in enumerate(chart.values):
            height = (_CHART_HEIGHT - 2 * _SMALL) * value / top
            page.append(f"0.043 0.365 0.369 rg {_LEFT + at * step + step * 0.2:.2f} {base:.2f} {step * 0.6:.2f} "
                        f"{height:.2f} re f 0 g\n")
        page.append(f"0.7 w {_LEFT:.2f} {base:.2f} m {_RIGHT:.2f} {base:.2f} l S\n")
        every = max(1, len(chart.labels) // 12 + (len(chart.labels) % 12 > 0))
        for at in range(0, len(chart.labels), every):
            page.append(self.text(chart.labels[at], _LEFT + at * step + step * 0.15, base - _SMALL * 1.3, 7.0))
        page.append(self.text(f"{top:,g}", _LEFT, self.y - _SMALL, 7.0))
        self.y = base - _SMALL * 3


def _columns(table: Table) -> list[float]:
    """The widths of columns: by what stands in them, numbers as narrow as they are."""
    rows = [row for row in (table.head, *table.rows[:200]) if any(row)]
    wished = [min(max(_wide(row[at], _SMALL, bold=True) for row in rows), 220.0) + 2 * _PAD + 2
              for at in range(len(table.head))]
    room = _RIGHT - _LEFT
    return [width * room / sum(wished) for width in wished]


def _wide(text: str, size: float, bold: bool = False) -> float:
    advances = _typeface().advances(bold)
    return sum(advances[one] for one in _clean(text)) * size / 1000


def _cut(part: str, room: float, size: float) -> list[str]:
    """A part that is wider than the room, in pieces that are not."""
    if _wide(part, size) <= room:
        return [part]
    pieces = [""]
    for one in part:
        if pieces[-1] and _wide(pieces[-1] + one, size) > room:
            pieces.append("")
        pieces[-1] += one
    return pieces


def _clean(text: str) -> str:
    """The text with what can be drawn."""
    face = _typeface()
    spelled = face.spelled("".join(one if one.isprintable() else " " for one in text))
    lost = set(face.missing(spelled))
    return spelled.translate(dict.fromkeys(map(ord, lost), "?")) if lost else spelled
