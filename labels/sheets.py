"""Many labels on sheets of paper, written page by page."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from labels import fonts as system_fonts
from labels.drawing import MissingFont, note
from labels.errors import LabelError
from labels.fonts import FontSet
from labels.layout import compose
from labels.pdf import content
from labels.pdf_file import Outlet, PdfFile
from labels.qr_code import ErrorCorrection
from labels.spec import LabelSpec, Line, Mark, outside
from labels.typeface import POINT_MM, Typeface, typeface


@dataclass(frozen=True)
class SheetLabel:
    """One label of a sheet, printed `copies` times one after the other."""

    text: str
    lines: tuple[Line, ...] = ()
    copies: int = 1
    marks: tuple[Mark, ...] = ()
    text_scale: float = 1.0


@dataclass(frozen=True)
class SheetLayout:
    """Where the labels are on the paper, in millimetres; as it stands, the common A4 sheet of 21 labels 63.5 × 38.1.

    Gaps lie between labels. `offset_x_mm`, `offset_y_mm` move everything right and down, for a printer that does not
    hit its mark. `skip` leaves that many labels of the first sheet free, for a sheet that was begun.
    `outlines` draws a hairline round each label, for a test print or for cutting plain paper.
    """

    page_width_mm: float = 210.0
    page_height_mm: float = 297.0
    columns: int = 3
    rows: int = 7
    label_width_mm: float = 63.5
    label_height_mm: float = 38.1
    margin_left_mm: float = 7.2
    margin_top_mm: float = 15.1
    gap_x_mm: float = 2.5
    gap_y_mm: float = 0.0
    offset_x_mm: float = 0.0
    offset_y_mm: float = 0.0
    padding_mm: float = 1.5
    module_mm: float = 0.508
    dpi: int = 300
    error_correction: ErrorCorrection = "M"
    skip: int = 0
    outlines: bool = False

    def __post_init__(self) -> None:
        self._check_counts()
        for name in ("page_width_mm", "page_height_mm", "label_width_mm", "label_height_mm"):
            if not 5 <= getattr(self, name) <= 5000:
                raise outside(name, f"{getattr(self, name):g}", "5", "5000 mm")
        for name in ("margin_left_mm", "margin_top_mm", "gap_x_mm", "gap_y_mm"):
            if not 0 <= getattr(self, name) <= 1000:
                raise outside(name, f"{getattr(self, name):g}", "0", "1000 mm")
        for name in ("offset_x_mm", "offset_y_mm"):
            if not -20 <= getattr(self, name) <= 20:
                raise outside(name, f"{getattr(self, name):g}", "-20", "20 mm")
        self._check_page()

    def _check_counts(self) -> None:
        for name in ("columns", "rows"):
            if not 1 <= getattr(self, name) <= 100:
                raise outside(name, str(getattr(self, name)), "1", "100")
        if not 0 <= self.skip < self.per_page:
            raise LabelError(
                "%(name)s is %(value)s; a sheet has %(count)s labels.",
                "skip",
                name="skip",
                value=str(self.skip),
                count=str(self.per_page),
            )

    def _check_page(self) -> None:
        """The labels must lie on the paper, the printer's offset included."""
        wide = self.columns * self.label_width_mm + (self.columns - 1) * self.gap_x_mm
        high = self.rows * self.label_height_mm + (self.rows - 1) * self.gap_y_mm
        for name, count, start, extent, page in (
            ("page_width_mm", "columns", self.margin_left_mm + self.offset_x_mm, wide, self.page_width_mm),
            ("page_height_mm", "rows", self.margin_top_mm + self.offset_y_mm, high, self.page_height_mm),
        ):
            if start < -1e-6 or start + extent > page + 1e-6:
                raise LabelError(
                    "The labels reach from %(start)s to %(end)s, but %(name)s is %(page)s: "
                    "change margins, gaps, offsets or label size.",
                    count,
                    name=name,
                    start=f"{start:.1f}",
                    end=f"{start + extent:.1f} mm",
                    page=f"{page:g} mm",
                )

    @property
    def per_page(self) -> int:
        return self.columns * self.rows

    def place(self, position: int) -> tuple[float, float]:
        """The upper left corner of the label at a position of the page, counted by rows from 0."""
        row, column = divmod(position, self.columns)
        return (
            self.margin_left_mm + self.offset_x_mm + column * (self.label_width_mm + self.gap_x_mm),
            self.margin_top_mm + self.offset_y_mm + row * (self.label_height_mm + self.gap_y_mm),
        )


@dataclass(frozen=True)
class SheetPrinted:
    """What came out. `missing_font` tells of the first label with text that needed a font this machine lacks."""

    labels: int
    pages: int
    missing_font: MissingFont | None


def sheet(
    labels: Iterable[SheetLabel],
    layout: SheetLayout,
    out: Outlet,
    *,
    title: str = "Labels",
    fonts: FontSet | None = None,
) -> SheetPrinted:
    """Writes a PDF of label sheets to `out`, which need not be seekable.

    Labels are taken one at a time and each page leaves for `out` when it is full, so neither the labels nor the pages
    gather in memory. Copies of one label are stored once. Raises LabelError with the field `labels.N…` of the first
    label that is refused, or `labels` when there are none; what `out` has by then is no complete file.
    """
    file = PdfFile(out, title)
    setting = typeface(fonts or system_fonts.default(), "cid")
    page = _Page(layout, file)
    missing: MissingFont | None = None
    count = 0
    for number, label in enumerate(labels):
        try:
            drawn, lacks = _drawn(label, layout, setting, file)
        except LabelError as refused:
            raise refused.under(f"labels.{number}") from refused
        missing = missing or lacks
        for _ in range(label.copies):
            page.add(drawn)
        count += label.copies
    if not count:
        raise LabelError("There are no labels to print.", "labels")
    page.finish()
    file.close()
    return SheetPrinted(count, file.pages, missing)


def _drawn(label: SheetLabel, layout: SheetLayout, setting: Typeface, file: PdfFile) -> tuple[str, MissingFont | None]:
    """The operators that draw one label with its lower left corner at the origin, and what its fonts lack."""
    if not 1 <= label.copies <= 1_000_000:
        raise outside("copies", str(label.copies), "1", "1000000")
    spec = LabelSpec(
        label.text,
        label.lines,
        "pdf",
        module_mm=layout.module_mm,
        dpi=layout.dpi,
        error_correction=layout.error_correction,
        width_mm=layout.label_width_mm,
        height_mm=layout.label_height_mm,
        padding_mm=layout.padding_mm,
        marks=label.marks,
        text_scale=label.text_scale,
    )
    composed = compose(spec, setting, "bulk")
    operators = content(composed, setting, file)
    if label.copies > 1:
        name = file.add_drawing(composed.width_mm / POINT_MM, composed.height_mm / POINT_MM, operators)
        operators = f"/{name} Do\n"
    return operators, note(composed, setting)


class _Page:
    """The page being filled."""

    def __init__(self, layout: SheetLayout, file: PdfFile) -> None:
        self._layout = layout
        self._file = file
        self._position = layout.skip
        self._operators: list[str] = []

    def add(self, operators: str) -> None:
        """Puts a label at the next position, and the page into the file when that was its last."""
        layout = self._layout
        left, top = layout.place(self._position)
        x = left / POINT_MM
        y = (layout.page_height_mm - top - layout.label_height_mm) / POINT_MM
        self._operators.append(f"q 1 0 0 1 {x:.4f} {y:.4f} cm\n")
        if layout.outlines:
            width, height = layout.label_width_mm / POINT_MM, layout.label_height_mm / POINT_MM
            self._operators.append(f"0.6 G 0.25 w 0 0 {width:.4f} {height:.4f} re S\n")
        self._operators.append(f"{operators}Q\n")
        self._position += 1
        if self._position == layout.per_page:
            self.finish()

    def finish(self) -> None:
        """Writes the page, unless nothing is on it."""
        if self._operators:
            size = self._layout.page_width_mm / POINT_MM, self._layout.page_height_mm / POINT_MM
            self._file.add_page(*size, "".join(self._operators))
        self._operators = []
        self._position = 0
