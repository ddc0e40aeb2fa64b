"""Writes a PDF file front to back: what has been written is not kept.

In memory stay only the place of each object, the characters used so far, and the names of shared drawings; a page
leaves for the file as soon as it is complete. Fonts are embedded at the end, as subsets of the characters used. The
file bears no time, so equal labels give equal bytes. Reportlab's canvas, which keeps all pages until the last, would
hold a run of a million labels in memory; its font reader makes the subsets here too. Source: ISO 32000-1.
"""

from __future__ import annotations

import zlib
from array import array
from collections.abc import Iterator
from functools import lru_cache
from itertools import islice
from typing import Protocol

from labels.typeface import EMBOLDEN, Face, Typeface

_CATALOG, _PAGES, _RESOURCES, _INFO = 1, 2, 3, 4


class Outlet(Protocol):
    """What a file is written to."""

    def write(self, data: bytes, /) -> int: ...


class EmbeddedFont:
    """A face as it is used in one file: glyphs are numbered in the order in which they are first written."""

    def __init__(self, name: str, face: Face) -> None:
        self.name = name
        self.face = face
        self.characters: list[str] = []
        self._numbers: dict[int, int] = {}

    def encoded(self, text: str) -> str:
        """The text as the hexadecimal glyph numbers of a string in a content stream."""
        return "".join(f"{self._number(character):04X}" for character in text)

    def _number(self, character: str) -> int:
        glyph = self.face.glyph(character)
        if glyph is None:
            raise ValueError(f"{self.face.name} has no glyph for {character!r}")
        if glyph not in self._numbers:
            self.characters.append(character)
            self._numbers[glyph] = len(self.characters)
        return self._numbers[glyph]


class ViewerFont:
    """The viewer's own Song typeface for simplified Chinese; nothing of it is in the file."""

    name = "FS"

    def encoded(self, text: str) -> str:
        return text.encode("utf-16-be").hex().upper()


class PdfFile:
    """One PDF being written to `out`, which need not be seekable. Call `close` to end it."""

    def __init__(self, out: Outlet, title: str) -> None:
        self._out = out
        self._title = title
        self._written = 0
        self._places = array("Q", [0] * (_INFO + 1))
        self._pages = array("L")
        self._fonts: dict[Face, EmbeddedFont] = {}
        self._viewer_font: ViewerFont | None = None
        self._drawings: dict[str, int] = {}
        self._shown = lru_cache(maxsize=256)(self._show)
        self._write(b"%PDF-1.7\n%\xe2\xe3\xcf\xd3\n")

    def font(self, face: Face | None) -> EmbeddedFont | ViewerFont:
        """The font of this file for a face; None is the viewer's own."""
        if face is None:
            self._viewer_font = self._viewer_font or ViewerFont()
            return self._viewer_font
        if face not in self._fonts:
            self._fonts[face] = EmbeddedFont(f"F{len(self._fonts)}", face)
        return self._fonts[face]

    def shown(self, text: str, size_pt: float, bold: bool, typeface: Typeface) -> str:
        """The operators that show a row of text where the text matrix is."""
        return self._shown(text, size_pt, bold, typeface)

    def _show(self, text: str, size_pt: float, bold: bool, typeface: Typeface) -> str:
        operators = []
        for run in typeface.runs(text, bold):
            font = self.font(run.face)
            # Rendering mode 2 also draws the outline: the weight of a face that has no bold.
            bolder = 2 * EMBOLDEN * size_pt
            weight = f"2 Tr {bolder:.4f} w {bolder:.4f} Tc" if run.embolden else "0 Tr 0 Tc"
            operators.append(f"/{font.name} {size_pt:.4f} Tf {weight} <{font.encoded(run.text)}> Tj\n")
        return "".join(operators)

    def add_drawing(self, width_pt: float, height_pt: float, content: str) -> str:
        """Stores something to be drawn many times; its name is for the operator Do."""
        name = f"X{len(self._drawings)}"
        self._drawings[name] = self._stream(
            f"/Type /XObject /Subtype /Form /BBox [0 0 {width_pt:.3f} {height_pt:.3f}] /Resources {_RESOURCES} 0 R",
            content.encode("ascii"),
        )
        return name

    def add_page(self, width_pt: float, height_pt: float, content: str) -> None:
        contents = self._stream("", content.encode("ascii"))
        page = self._object(
            f"<< /Type /Page /Parent {_PAGES} 0 R /MediaBox [0 0 {width_pt:.3f} {height_pt:.3f}]"
            f" /Resources {_RESOURCES} 0 R /Contents {contents} 0 R >>"
        )
        self._pages.append(page)

    @property
    def pages(self) -> int:
        """How many pages are complete."""
        return len(self._pages)

    def close(self) -> None:
        """Writes the fonts, the page tree and the table of places."""
        for _ in self.closing():
            pass

    def closing(self) -> Iterator[None]:
        """As `close`, a little at a time, for a file that is handed on while it is written."""
        fonts = [f"/{font.name} {self._embed(font)} 0 R" for font in self._fonts.values()]
        if self._viewer_font:
            fonts.append(f"/{self._viewer_font.name} {self._refer_to_song()} 0 R")
        drawings = " ".join(f"/{name} {number} 0 R" for name, number in self._drawings.items())
        self._object(f"<< /Font << {' '.join(fonts)} >> /XObject << {drawings} >> >>", _RESOURCES)
        self._begin(_PAGES)
        self._write(f"<< /Type /Pages /Count {len(self._pages)} /Kids [\n".encode("ascii"))
        yield from self._write_all(f"{number} 0 R\n" for number in self._pages)
        self._write(b"] >>\nendobj\n")
        # A label must come out at its size: viewers then do not offer "fit to page" first.
        self._object(
            f"<< /Type /Catalog /Pages {_PAGES} 0 R"
            " /ViewerPreferences << /PrintScaling /None /DisplayDocTitle true >> >>",
            _CATALOG,
        )
        title = ("\ufeff" + self._title).encode("utf-16-be").hex().upper()
        self._object(f"<< /Title <{title}> /Producer (traceapp labels) >>", _INFO)
        start = self._written
        self._write(f"xref\n0 {len(self._places)}\n0000000000 65535 f \n".encode("ascii"))
        yield from self._write_all(f"{place:010d} 00000 n \n" for place in islice(self._places, 1, None))
        trailer = f"trailer\n<< /Size {len(self._places)} /Root {_CATALOG} 0 R /Info {_INFO} 0 R >>\n"
        self._write(f"{trailer}startxref\n{start}\n%%EOF\n".encode("ascii"))

    def _embed(self, font: EmbeddedFont) -> int:
        face, file = font.face, font.face.file
        data = face.subset(font.characters)
        name = f"{_tag(font.characters)}+{''.join(filter(str.isalnum, face.name)) or 'Face'}"
        program = self._stream(f"/Length1 {len(data)}", data)
        box = " ".join(str(round(value)) for value in file.bbox)
        descriptor = self._object(
            f"<< /Type /FontDescriptor /FontName /{name} /Flags 4 /FontBBox [{box}] /ItalicAngle 0"
            f" /Ascent {round(file.ascent)} /Descent {round(file.descent)} /CapHeight {round(file.capHeight)}"
            f" /StemV {round(file.stemV)} /FontFile2 {program} 0 R >>"
        )
        widths = " ".join(f"{face.advance(character):.0f}" for character in font.characters)
        descendant = self._object(
            f"<< /Type /Font /Subtype /CIDFontType2 /BaseFont /{name} /CIDToGIDMap /Identity"
            " /CIDSystemInfo << /Registry (Adobe) /Ordering (Identity) /Supplement 0 >>"
            f" /FontDescriptor {descriptor} 0 R /W [1 [{widths}]] >>"
        )
        readable = self._stream("", _to_unicode(font.characters))
        return self._object(
            f"<< /Type /Font /Subtype /Type0 /BaseFont /{name} /Encoding /Identity-H"
            f" /DescendantFonts [{descendant} 0 R] /ToUnicode {readable} 0 R >>"
        )

    def _refer_to_song(self) -> int:
        descriptor = self._object(
            "<< /Type /FontDescriptor /FontName /STSong-Light /Flags 6 /FontBBox [-25 -254 1000 880] /ItalicAngle 0"
            " /Ascent 880 /Descent -120 /CapHeight 880 /StemV 93 >>"
        )
        descendant = self._object(
            "<< /Type /Font /Subtype /CIDFontType0 /BaseFont /STSong-Light /DW 1000"
            " /CIDSystemInfo << /Registry (Adobe) /Ordering (GB1) /Supplement 4 >>"
            f" /FontDescriptor {descriptor} 0 R >>"
        )
        return self._object(
            "<< /Type /Font /Subtype /Type0 /BaseFont /STSong-Light /Encoding /UniGB-UCS2-H"
            f" /DescendantFonts [{descendant} 0 R] >>"
        )

    def _stream(self, entries: str, data: bytes) -> int:
        packed = zlib.compress(data)
        number = self._begin(None)
        self._write(f"<< {entries} /Filter /FlateDecode /Length {len(packed)} >>\nstream\n".encode("ascii"))
        self._write(packed)
        self._write(b"\nendstream\nendobj\n")
        return number

    def _object(self, body: str, number: int | None = None) -> int:
        number = self._begin(number)
        self._write(f"{body}\nendobj\n".encode("ascii"))
        return number

    def _begin(self, number: int | None) -> int:
        if number is None:
            number = len(self._places)
            self._places.append(self._written)
        else:
            self._places[number] = self._written
        self._write(f"{number} 0 obj\n".encode("ascii"))
        return number

    def _write_all(self, rows: Iterator[str]) -> Iterator[None]:
        while some := "".join(islice(rows, 1000)):
            self._write(some.encode("ascii"))
            yield

    def _write(self, data: bytes) -> None:
        self._out.write(data)
        self._written += len(data)


def _tag(characters: list[str]) -> str:
    """Six letters that mark a font as a subset, the same for the same characters."""
    number = zlib.crc32("".join(characters).encode())
    letters = ""
    for _ in range(6):
        number, rest = divmod(number, 26)
        letters += chr(ord("A") + rest)
    return letters


def _to_unicode(characters: list[str]) -> bytes:
    """Which text each glyph stands for, so that a PDF can be searched and copied from."""
    blocks = []
    for start in range(0, len(characters), 100):
        block = characters[start : start + 100]
        rows = "".join(
            f"<{number:04X}> <{character.encode('utf-16-be').hex().upper()}>\n"
            for number, character in enumerate(block, start + 1)
        )
        blocks.append(f"{len(block)} beginbfchar\n{rows}endbfchar\n")
    return (
        "/CIDInit /ProcSet findresource begin\n12 dict begin\nbegincmap\n"
        "/CIDSystemInfo << /Registry (Adobe) /Ordering (UCS) /Supplement 0 >> def\n"
        "/CMapName /Adobe-Identity-UCS def\n/CMapType 2 def\n"
        "1 begincodespacerange\n<0000> <FFFF>\nendcodespacerange\n"
        f"{''.join(blocks)}endcmap\nCMapName currentdict /CMap defineresource pop\nend\nend\n"
    ).encode("ascii")
