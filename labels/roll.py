"""Labels one after the other, as a stream: ZPL for a printer, PDF with a page for each, PNG or SVG in a ZIP archive."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import chain

from labels import fonts as system_fonts
from labels.drawing import BEYOND, MissingFont, note
from labels.errors import LabelError
from labels.fonts import FontSet
from labels.layout import Composed, Laid, composed, lay_out
from labels.pdf import content
from labels.pdf_file import PdfFile
from labels.png import label_png
from labels.spec import LabelSpec
from labels.svg import label_svg
from labels.typeface import POINT_MM, Typeface, typeface
from labels.zip_stream import ZipStream
from labels.zpl import ZplWriter

_CHUNK_BYTES = 64 * 1024


class Roll:
    """The bytes of a roll in chunks; iterate once. All labels have the format of the first.

    Labels are taken one at a time, so they never gather in memory. Afterwards `labels` says how many there were, and
    `missing_font` what the first label lacks that needed a font this machine has not. Raises LabelError with the field
    `labels.N…` of the first label that is refused, or `labels` when there are none; the bytes up to then are no
    complete file.
    """

    def __init__(self, specs: Iterable[LabelSpec], title: str = "Labels", fonts: FontSet | None = None) -> None:
        self.labels = 0
        self.missing_font: MissingFont | None = None
        self._specs = iter(specs)
        self._title = title
        self._fonts = fonts or system_fonts.default()

    def __iter__(self) -> Iterator[bytes]:
        first = next(self._specs, None)
        if first is None:
            raise LabelError("There are no labels to print.", "labels")
        setting = typeface(self._fonts, BEYOND[first.format])
        labels = self._counted(first)
        if first.format == "zpl":
            return _in_chunks(self._zpl(labels, setting))
        if first.format == "pdf":
            return _in_chunks(self._pdf(labels, setting))
        return _in_chunks(self._archive(labels, setting))

    def _counted(self, first: LabelSpec) -> Iterator[tuple[LabelSpec, int]]:
        """Each label with its number of copies: how often the very same object comes at once."""
        last, copies = first, 0
        for spec in chain((first,), self._specs):
            if spec is not last:
                yield last, copies
                self.labels += copies
                last, copies = spec, 0
                if spec.format != first.format:
                    raise LabelError(
                        "%(name)s is %(value)s after %(first)s; a roll has one.",
                        f"labels.{self.labels}.format",
                        name="format",
                        value=repr(spec.format),
                        first=repr(first.format),
                    )
            copies += 1
        yield last, copies
        self.labels += copies

    def _laid(self, spec: LabelSpec, setting: Typeface) -> Laid:
        try:
            return lay_out(spec, setting, "printer" if spec.format == "zpl" else "bulk")
        except LabelError as refused:
            raise refused.under(f"labels.{self.labels}") from refused

    def _composed(self, spec: LabelSpec, setting: Typeface) -> Composed:
        label = composed(spec, self._laid(spec, setting), setting)
        if self.missing_font is None:
            self.missing_font = note(label, setting)
        return label

    def _zpl(self, labels: Iterator[tuple[LabelSpec, int]], setting: Typeface) -> Iterator[bytes]:
        writer = ZplWriter(setting)
        for spec, copies in labels:
            laid = self._laid(spec, setting)
            if laid.left_out and self.missing_font is None:
                self.missing_font = MissingFont(laid.left_out, system_fonts.advice())
            yield writer.label(spec, laid, copies).encode("ascii")

    def _pdf(self, labels: Iterator[tuple[LabelSpec, int]], setting: Typeface) -> Iterator[bytes]:
        out = _Chunks()
        file = PdfFile(out, self._title)
        for spec, copies in labels:
            label = self._composed(spec, setting)
            operators = content(label, setting, file)
            width, height = label.width_mm / POINT_MM, label.height_mm / POINT_MM
            if copies > 1:
                operators = f"/{file.add_drawing(width, height, operators)} Do\n"
            for _ in range(copies):
                file.add_page(width, height, operators)
                yield out.taken()
        for _ in file.closing():
            yield out.taken()
        yield out.taken()

    def _archive(self, labels: Iterator[tuple[LabelSpec, int]], setting: Typeface) -> Iterator[bytes]:
        archive: ZipStream | None = None
        for spec, copies in labels:
            archive = archive or ZipStream(spec.format)
            label = self._composed(spec, setting)
            data = label_svg(label, spec.title) if spec.format == "svg" else label_png(label, setting)
            for _ in range(copies):
                yield archive.add(data)
        if archive is not None:
            yield from archive.close()


class _Chunks:
    """A file that hands on what was written to it."""

    def __init__(self) -> None:
        self._written: list[bytes] = []

    def write(self, data: bytes) -> int:
        self._written.append(data)
        return len(data)

    def taken(self) -> bytes:
        """What was written since the last time."""
        data = b"".join(self._written)
        self._written.clear()
        return data


def _in_chunks(pieces: Iterator[bytes]) -> Iterator[bytes]:
    """The same bytes in pieces that are worth sending."""
    gathered: list[bytes] = []
    size = 0
    for piece in pieces:
        gathered.append(piece)
        size += len(piece)
        if size >= _CHUNK_BYTES:
            yield b"".join(gathered)
            gathered, size = [], 0
    if gathered:
        yield b"".join(gathered)
