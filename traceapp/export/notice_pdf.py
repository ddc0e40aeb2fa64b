"""Recall notices as letters on paper: address, the letter in both languages, the answer's link as a QR Code. Written
letter by letter, so that those of a whole recall need no more memory than one. Pure."""
from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from functools import lru_cache
from typing import TYPE_CHECKING

from traceapp.recall.letters import PostalLetter, lot_lines, order_of, parts_of

from .form_lines import Line, TextSetter

if TYPE_CHECKING:
    from labels.pdf_file import PdfFile

MM = 72 / 25.4
WIDTH, HEIGHT = 210 * MM, 297 * MM
_LEFT, _RIGHT, _TOP, _BOTTOM = 20 * MM, 190 * MM, 280 * MM, 20 * MM
# Where the window of an envelope shows the address. Source: DIN 5008 form B.
_ADDRESS_TOP, _LETTER_TOP = 297 * MM - 50 * MM, 297 * MM - 98 * MM
_QR_SIZE, _QR_LEFT = 34 * MM, 150 * MM
_SIZE, _SMALL, _TITLE = 10.5, 8.0, 16.0
_LEADING = 1.45
_ANSWER = {"zh": "扫码答复，或在浏览器中输入：", "en": "Scan to answer, or type in a browser:"}
_PAGE = {"zh": "第 %d 页，共 %d 页", "en": "Page %d of %d"}
_SPECIMEN = "样张 · SPECIMEN"


class _Outlet:
    """Keeps what was written until it is handed on."""

    def __init__(self) -> None:
        self._parts: list[bytes] = []

    def write(self, data: bytes, /) -> int:
        self._parts.append(data)
        return len(data)

    def taken(self) -> bytes:
        """What was written since the last time."""
        data = b"".join(self._parts)
        self._parts.clear()
        return data


def letters_pdf(letters: Iterable[PostalLetter], title: str) -> Iterator[bytes]:
    """The file in parts, one a letter and then its end. Equal letters give equal bytes."""
    from labels.pdf_file import PdfFile

    out = _Outlet()
    file = PdfFile(out, title)
    setter = _Setter(TextSetter(file))
    for letter in letters:
        _write(file, setter, letter)
        yield out.taken()
    for _step in file.closing():
        if part := out.taken():
            yield part
    yield out.taken()


class _Setter:
    """Breaks a paragraph into lines once, however many letters say it."""

    def __init__(self, setter: TextSetter) -> None:
        self.lines = lru_cache(maxsize=2000)(setter.lines)
        self.line, self.line_width, self.width, self.operators = (setter.line, setter.line_width, setter.width,
                                                                  setter.operators)


def _write(file: PdfFile, setter: _Setter, letter: PostalLetter) -> None:
    sheet = _Sheet(setter, letter)
    sheet.begin()
    for number, language in enumerate(order_of(letter.language)):
        if number:
            sheet.rule()
        sheet.part(language)
    for number, page in enumerate(sheet.pages, 1):
        file.add_page(WIDTH, HEIGHT, "".join([*page, *sheet.foot(number)]))


@dataclass(slots=True)
class _Sheet:
    """The pages of one letter; `y` is how far the present one is filled, from its foot."""

    setter: _Setter
    letter: PostalLetter
    pages: list[list[str]] = field(default_factory=list)
    y: float = _TOP

    def begin(self) -> None:
        """The first page: who writes, to whom, the code."""
        facts, first = self.letter.facts, order_of(self.letter.language)[0]
        self.pages.append([])
        maker = facts.maker.get(first, "")
        self.y = _TOP
        for text in filter(None, (maker, facts.contact)):
            self._lines(text, _SMALL, width=_QR_LEFT - _LEFT - 5 * MM)
        self._code()
        self.y = min(_ADDRESS_TOP, self.y - _SMALL)
        for text in self.letter.address:
            self._lines(text, _SIZE, width=_QR_LEFT - _LEFT - 15 * MM)
        self.y = min(_LETTER_TOP, self.y - _SIZE)  # an address too long for the window pushes the letter down

    def _code(self) -> None:
        from labels.qr_code import encode_fast
        from labels.symbol import runs

        link = self.letter.facts.link
        symbol = encode_fast(link)
        module, top = _QR_SIZE / symbol.width, _TOP
        squares = "".join(f"{x} {y} {width} 1 re\n" for y, row in enumerate(symbol.rows) for x, width in runs(row))
        self._add(f"q 0 g {module:.6f} 0 0 {-module:.6f} {_QR_LEFT:.4f} {top:.4f} cm\n{squares}f Q\n")
        y = top - _QR_SIZE - 3 * MM
        for text in (*(_ANSWER[language] for language in order_of(self.letter.language)), link):
            for line in self.setter.lines(text, _RIGHT - _QR_LEFT, 7.0):
                self._add(self.setter.operators(line, _QR_LEFT, y, 7.0))
                y -= 7.0 * 1.3

    def part(self, language: str) -> None:
        """The letter in one language."""
        facts = self.letter.facts
        for part in parts_of(facts, language):
            if part.kind == "heading":
                self._room_for(4)
                self.y -= _SIZE * 0.4
                self._lines(part.text, _SIZE + 1, bold=True)
            elif part.kind == "lots":
                for text in lot_lines(facts, language):
                    self._lines(f"•  {text}", _SIZE, bold=True)
            elif not part.text.strip():
                self.y -= _SIZE * 0.6
            elif part.text == facts.title.get(language):
                self._lines(part.text, _TITLE, bold=True)
            else:
                self._lines(part.text, _SIZE)

    def rule(self) -> None:
        """A line between the languages."""
        self._room_for(8)
        self.y -= 3 * MM
        self._add(f"0.5 G 0.5 w {_LEFT:.2f} {self.y:.2f} m {_RIGHT:.2f} {self.y:.2f} l S\n")
        self.y -= 5 * MM

    def foot(self, number: int) -> Iterator[str]:
        """Recall number and page; on a specimen that it is one."""
        first = order_of(self.letter.language)[0]
        page = _PAGE[first] % (number, len(self.pages))
        yield self._text(self.letter.facts.reference, _LEFT)
        yield self._text(page, _RIGHT - self.setter.width(page, _SMALL))
        if self.letter.is_specimen:
            line = self.setter.line(_SPECIMEN)
            width = self.setter.line_width(line, 22.0, bold=True)
            yield self.setter.operators(line, (_LEFT + _RIGHT - width) / 2, 8 * MM, 22.0, bold=True)

    def _text(self, text: str, x: float) -> str:
        return self.setter.operators(self.setter.line(text), x, 10 * MM, _SMALL)

    def _room_for(self, lines: int) -> None:
        if self.y - lines * _SIZE * _LEADING < _BOTTOM:
            self.pages.append([])
            self.y = _TOP

    def _lines(self, text: str, size: float, bold: bool = False, width: float = _RIGHT - _LEFT) -> None:
        for line in self.setter.lines(text, width, size, bold):
            self._line(line, size, bold)

    def _line(self, line: Line, size: float, bold: bool) -> None:
        if self.y - size * _LEADING < _BOTTOM:
            self.pages.append([])
            self.y = _TOP
        self.y -= size * _LEADING
        self._add(self.setter.operators(line, _LEFT, self.y, size, bold))

    def _add(self, operators: str) -> None:
        self.pages[-1].append(operators)
