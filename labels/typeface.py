"""Measures text, and says which face sets which part of it."""

from __future__ import annotations

import re
import threading
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from itertools import groupby
from pathlib import Path
from typing import Literal

from reportlab.pdfbase.ttfonts import TTFontFile

from labels.fonts import FontSet

POINT_MM = 25.4 / 72

# A face without a bold is thickened by an outline: this much of the type size on each side of a stroke, and as much
# room again after each character.
EMBOLDEN = 0.013

# Letterlike symbols, Roman numerals, and units of measure in one square.
_SIGN_MADE_OF_LETTERS = re.compile("[\u2100-\u214f\u2160-\u217f\u3380-\u33df]")

# What sets the characters that no face at hand has: nothing (they cannot be drawn), the PDF viewer's own Song
# typeface through the standard Chinese character collection, or whatever the viewer of an SVG uses.
Beyond = Literal["nothing", "cid", "viewer"]


class Face:
    """One TrueType font file, read for its metrics. Lengths are in thousandths of the type size."""

    def __init__(self, path: Path, index: int) -> None:
        self.path = path
        self.index = index
        self.file = TTFontFile(str(path), subfontIndex=index)
        self._reading = threading.Lock()

    @property
    def name(self) -> str:
        return bytes(self.file.name).decode("ascii", "replace")

    def glyph(self, character: str) -> int | None:
        """The font's own number of the glyph, None when it has none for this character.

        A glyph without ink does not count, except for a space: some fonts map signs such as ℃ to nothing at all.
        """
        number = self.file.charToGlyph.get(ord(character))
        if not number:
            return None
        if self.file.glyphPos[number] == self.file.glyphPos[number + 1] and not character.isspace():
            return None
        return int(number)

    def advance(self, character: str) -> float:
        return float(self.file.charWidths.get(ord(character), self.file.defaultWidth))

    def subset(self, characters: list[str]) -> bytes:
        """A font file with just these characters' glyphs, numbered from 1 in this order.

        The characters must have different glyphs.
        """
        with self._reading:  # the reader keeps one position in the file
            return bytes(self.file.makeSubset([ord(character) for character in characters]))


@lru_cache(maxsize=8)
def face(path: Path, index: int = 0) -> Face:
    """The face in a font file, read once a process."""
    return Face(path, index)


@dataclass(frozen=True)
class Run:
    """Text in one face; `face` None is text beyond the faces at hand. `embolden`: draw it thicker, it has no bold."""

    text: str
    face: Face | None
    embolden: bool

    def advance(self, character: str) -> float:
        """From this character's origin to the next one's, in type sizes."""
        if self.face is None:
            width = 1.0 if is_wide(character) else 0.6
        else:
            width = self.face.advance(character) / 1000
        return width + 2 * EMBOLDEN if self.embolden else width


class Typeface:
    """The faces a label is set in.

    With a Chinese font everything is set in it, so that a label has one look; Latin characters it lacks come from
    the Latin faces. What was asked about a character once is remembered.
    """

    def __init__(self, regular: Face, bold: Face, cjk: Face | None, beyond: Beyond) -> None:
        self.regular = regular
        self.bold = bold
        self.cjk = cjk
        self.beyond: Beyond = beyond
        self._advances = {weight: _Advances(self, weight) for weight in (False, True)}
        self._settable: set[str] = set()
        self._faces: dict[tuple[str, bool], Face | None] = {}

    def missing(self, text: str) -> list[str]:
        """The characters that cannot be set, as often as they occur."""
        if self._settable.issuperset(text):
            return []
        self._settable.update(filter(self._can_set, set(text)))
        return [character for character in text if character not in self._settable]

    def spelled(self, text: str) -> str:
        """The text with signs that no face has written out in letters: ℃ as °C, Ⅴ as V, ㎎ as mg."""
        return text if text.isascii() else _SIGN_MADE_OF_LETTERS.sub(self._spelled, text)

    def runs(self, text: str, bold: bool) -> Iterator[Run]:
        for drawn_in, characters in groupby(text, key=lambda character: self._face(character, bold)):
            yield Run("".join(characters), drawn_in, bold and drawn_in is not self.bold)

    def advances(self, bold: bool) -> dict[str, float]:
        """From each character's origin to the next one's, in thousandths of the type size."""
        return self._advances[bold]

    def width_mm(self, text: str, size_pt: float, bold: bool) -> float:
        return sum(map(self._advances[bold].__getitem__, text)) / 1000 * size_pt * POINT_MM

    def _can_set(self, character: str) -> bool:
        if self._face(character, bold=False) is not None or self.beyond == "viewer":
            return True
        return self.beyond == "cid" and is_in_chinese_collection(character)

    def _spelled(self, found: re.Match[str]) -> str:
        character = found[0]
        if self._face(character, bold=False) is not None:
            return character
        letters = unicodedata.normalize("NFKC", character)
        return letters if all(self._face(letter, bold=False) for letter in letters) else character

    def _face(self, character: str, bold: bool) -> Face | None:
        if (character, bold) not in self._faces:
            self._faces[character, bold] = self._find_face(character, bold)
        return self._faces[character, bold]

    def _find_face(self, character: str, bold: bool) -> Face | None:
        latin = self.bold if bold else self.regular
        for candidate in (self.cjk, latin):
            if candidate is not None and candidate.glyph(character) is not None:
                return candidate
        return None


class _Advances(dict[str, float]):
    """Advances by character, each measured when it is first asked for."""

    def __init__(self, typeface: Typeface, bold: bool) -> None:
        super().__init__()
        self._typeface = typeface
        self._bold = bold

    def __missing__(self, character: str) -> float:
        (run,) = self._typeface.runs(character, self._bold)
        self[character] = run.advance(character) * 1000
        return self[character]


@lru_cache(maxsize=8)
def typeface(fonts: FontSet, beyond: Beyond) -> Typeface:
    """The faces of these font files, for an output that treats characters beyond them so."""
    cjk = face(fonts.cjk.path, fonts.cjk.index) if fonts.cjk else None
    return Typeface(face(fonts.regular), face(fonts.bold), cjk, beyond)


def is_wide(character: str) -> bool:
    """Whether a character takes a full square, as Chinese characters and their punctuation do."""
    return unicodedata.east_asian_width(character) in "WF"


def is_in_chinese_collection(character: str) -> bool:
    """Whether the standard collection of simplified Chinese (GBK) has the character."""
    try:
        character.encode("gbk")
    except UnicodeEncodeError:
        return False
    return True
