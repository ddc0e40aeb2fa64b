"""What somebody wants printed, and how: checked, kept as JSON with its job, made into labels. Pure."""
from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from typing import Any

import labels
from labels.template import LANGUAGES, SYMBOLS
from traceapp.core.errors import InvalidInput
from traceapp.gs1 import is_sscc

FORMATS = ("pdf", "sheet", "zpl", "png", "svg")
PAGES = {"a4": (210.0, 297.0), "a5": (148.0, 210.0), "letter": (215.9, 279.4)}
DPI = (203, 300, 600)
FACTS = ("quantity", "sample", "purpose", "by", "reason")
MOST_COPIES = 10_000
MOST_LABELS = 1_000_000


@dataclass(frozen=True, slots=True)
class PrintChoice:
    """`format` `sheet`: a PDF of label sheets. `first` to `last` of the serial range `range_id`, both empty: all of
    it. `sscc` and `cases` are for pallets. Lengths in millimetres; None: as the template or the usual sheet has it."""

    template: str = "unit"
    format: str = "pdf"
    symbols: str | None = None
    language: str = "both"
    dpi: int = 300
    module_mm: float | None = None
    width_mm: float | None = None
    height_mm: float | None = None
    copies: int = 1
    range_id: str = ""
    first: str = ""
    last: str = ""
    sscc: str = ""
    cases: int | None = None
    facts: tuple[tuple[str, str], ...] = ()
    page: str = "a4"
    columns: int | None = None
    rows: int | None = None
    offset_x_mm: float = 0.0
    offset_y_mm: float = 0.0
    skip: int = 0
    outlines: bool = False

    def __post_init__(self) -> None:
        for name, allowed in (("template", labels.TEMPLATES), ("format", FORMATS), ("language", LANGUAGES),
                              ("page", PAGES), ("symbols", (None, *SYMBOLS))):
            if getattr(self, name) not in allowed:
                raise InvalidInput("“%(value)s” is none of the choices for %(name)s.", code="bad-choice", place=name,
                                   value=str(getattr(self, name))[:40], name=name)
        if not 1 <= self.copies <= MOST_COPIES:
            raise InvalidInput("%(name)s must be a whole number from %(least)s to %(most)s.", place="copies",
                               name="copies", least=1, most=MOST_COPIES)
        if self.range_id and self.template != "unit":
            raise InvalidInput("Serial numbers stand on labels of single units only.", code="no-serials-here",
                               place="range_id")
        if (self.first or self.last) and not self.range_id:
            raise InvalidInput("Choose the range that these serial numbers are from.", code="no-range",
                               place="range_id")
        if self.template == "pallet" and not is_sscc(self.sscc) or self.template != "pallet" and self.sscc:
            raise InvalidInput("The label of a pallet needs its SSCC, 18 digits, and only that one has one.",
                               code="bad-sscc", place="sscc")

    @classmethod
    def of(cls, kept: Mapping[str, Any]) -> PrintChoice:
        """The choice that `asdict` was kept of; what this version does not know is left out."""
        known = {field.name for field in fields(cls)}
        values = {name: value for name, value in kept.items() if name in known}
        return cls(**{**values, "facts": tuple((name, value) for name, value in values.get("facts", ()))})

    def as_json(self) -> dict[str, Any]:
        """What is kept with the job."""
        return asdict(self)

    @property
    def kind(self) -> labels.Template:
        return labels.TEMPLATES[self.template]

    @property
    def how(self) -> labels.Print:
        """How one label is printed; on a sheet the paper decides its size."""
        if self.format == "sheet":
            sheet = self.sheet
            return labels.Print("pdf", self.dpi, sheet.module_mm, sheet.label_width_mm, sheet.label_height_mm,
                                self.symbols, self.language)  # type: ignore[arg-type]
        return labels.Print(self.format, self.dpi, self.module_mm, self.width_mm,  # type: ignore[arg-type]
                            self.height_mm, self.symbols, self.language)  # type: ignore[arg-type]

    @property
    def sheet(self) -> labels.SheetLayout:
        """The sheet: the usual one as long as nothing else is asked for, else as many labels as fit, in the middle.

        Raises LabelError for what does not fit on the paper.
        """
        usual = labels.SheetLayout()
        is_usual = (self.page, self.columns, self.rows, self.width_mm, self.height_mm) == ("a4", *[None] * 4)
        module = self.module_mm or (usual.module_mm if is_usual else self.kind.module_mm)
        if is_usual and self.kind.width_mm <= usual.label_width_mm:
            return labels.SheetLayout(offset_x_mm=self.offset_x_mm, offset_y_mm=self.offset_y_mm, module_mm=module,
                                      dpi=self.dpi, skip=self.skip, outlines=self.outlines)
        page_width, page_height = PAGES[self.page]
        width, height = self.width_mm or self.kind.width_mm, self.height_mm or self.kind.height_mm
        columns = self.columns or max(1, min(100, int(page_width // max(width, 1))))
        rows = self.rows or max(1, min(100, int(page_height // max(height, 1))))
        return labels.SheetLayout(
            page_width, page_height, columns, rows, width, height, max(0.0, (page_width - columns * width) / 2),
            max(0.0, (page_height - rows * height) / 2), 0.0, 0.0, self.offset_x_mm, self.offset_y_mm,
            padding_mm=self.kind.padding_mm, module_mm=module, dpi=self.dpi, skip=self.skip, outlines=self.outlines)

    def suffix(self, total: int) -> str:
        """What the name of the file ends in: many pictures come in an archive."""
        if self.format == "sheet":
            return "pdf"
        return "zip" if self.format in ("png", "svg") and total > 1 else self.format


MEDIA_TYPES = {"pdf": "application/pdf", "zpl": "application/octet-stream", "png": "image/png",
               "svg": "image/svg+xml", "zip": "application/zip"}
