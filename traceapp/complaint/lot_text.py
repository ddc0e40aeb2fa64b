"""Lot numbers as people type them: cleaned, and matched to numbers that we issued. Pure."""
from __future__ import annotations

import re
import unicodedata
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum

_PREFIX = re.compile(
    r"^(?:(?:生产|产品)?批(?:次|号)*[\s:.#\-/()]*"
    r"|(?:LOT|BATCH|L/N|B/N)号?(?:[\s.\-]*(?:NO|NUMBER|#|(?:NR|CODE)(?=[\s:.#\-])))?(?:[\s:.#\-/()]+|(?=[^A-Z]))"
    r"|\(10\)\s*)+")
_NOISE = re.compile(r"[\s\-–—_./\\:#*()\[\]'\"。,、;!]+")
# A number that we issue has a letter or digit of ASCII; any other text (不详, 无批号, 看不清) says that there is none.
_SIGN = re.compile(r"[A-Z0-9]", re.ASCII)
_PLACEHOLDERS = frozenset({
    "NI", "UNK", "UNKNOWN", "NA", "NONE", "NIL", "NULL", "NO", "NK", "ASKU", "NASK", "MSK", "TBD", "X", "XX", "XXX",
    "XXXX", "0", "00", "000", "0000", "NOTKNOWN", "NOTAVAILABLE", "NOTPROVIDED", "NOTREPORTED", "NOTAPPLICABLE",
    "NOTSTATED", "NOTGIVEN", "NOTLEGIBLE", "NOTREADABLE", "NOTVISIBLE", "ILLEGIBLE", "UNREADABLE", "UNAVAILABLE",
    "UNKNOWNLOT", "UNKNOWNBATCH", "NOLOT", "NOLOTNUMBER", "NOBATCH", "NOBATCHNUMBER", "NOIDEA", "NONEGIVEN",
    "DONTKNOW", "IDONTKNOW", "ASKEDBUTUNKNOWN", "FORGOTTEN", "LOST", "MISSING", "DISCARDED", "THROWNAWAY"})
_CONFUSED = str.maketrans({"O": "0", "I": "1", "B": "8", "S": "5"})
_SHORTEST_FOR_EDIT = 5


def without_prefix(text: str) -> str:
    """The text without what people write before a number: Lot No., 批号."""
    return text[len(match[0]):] if (match := _PREFIX.match(text.upper())) and len(text) == len(text.upper()) else text


def normalised_lot(text: str) -> str:
    """The number in NFKC and upper case without prefix, blanks and punctuation; "" for a placeholder."""
    cleaned = without_prefix(unicodedata.normalize("NFKC", text).upper().strip())
    cleaned = _NOISE.sub("", cleaned)
    return "" if cleaned in _PLACEHOLDERS or not _SIGN.search(cleaned) else cleaned


def folded_lot(normalised: str) -> str:
    """The number with signs that are mistaken for each other made equal: O/0, I/1, B/8, S/5."""
    return normalised.translate(_CONFUSED)


class MatchKind(StrEnum):
    """`exact`: the number itself; `near`: unique among ours when misread signs or one edit are forgiven;
    `ambiguous`: several could be meant; `none`: none of ours; `absent`: no number was given."""

    exact = "exact"
    near = "near"
    ambiguous = "ambiguous"
    none = "none"
    absent = "absent"


@dataclass(frozen=True, slots=True)
class IssuedLot:
    """A lot that we issued."""

    lot_key: str
    number: str
    product_id: str | None


@dataclass(frozen=True, slots=True)
class LotMatch:
    """What a typed number means: the lot when there is one answer, else who could be meant (at most ten)."""

    kind: MatchKind
    lot: IssuedLot | None = None
    candidates: tuple[IssuedLot, ...] = ()


_MOST_CANDIDATES = 10
_MOST_REMEMBERED = 10_000


def halves(folded: str) -> tuple[set[str], set[str]]:
    """Beginnings and ends of which a number within one edit has at least one in common with `folded`.

    A number of m signs is cut after m // 2; one edit spoils one half only, and m is the length give or take one.
    """
    cuts = {length // 2 for length in (len(folded) - 1, len(folded), len(folded) + 1)}
    ends = {length - length // 2 for length in (len(folded) - 1, len(folded), len(folded) + 1)}
    return {folded[:cut] for cut in cuts}, {folded[len(folded) - end:] for end in ends if end <= len(folded)}


class LotIndex:
    """The numbers that we issued, ready to be matched to what people type."""

    def __init__(self, lots: Iterable[IssuedLot]) -> None:
        self._exact: dict[str, list[IssuedLot]] = defaultdict(list)
        self._folded: dict[str, list[IssuedLot]] = defaultdict(list)
        self._signs: set[str] = set()
        self._asked: dict[tuple[str, str | None], LotMatch] = {}
        for lot in lots:
            normalised = normalised_lot(lot.number)
            folded = folded_lot(normalised)
            self._exact[normalised].append(lot)
            self._folded[folded].append(lot)
            self._signs.update(folded)

    def match(self, text: str, product_id: str | None = None) -> LotMatch:
        """The lot that `text` means, of one product where it is known. The nearest level with an answer decides."""
        if len(self._asked) > _MOST_REMEMBERED:
            self._asked.clear()
        asked = (text, product_id)
        if asked not in self._asked:
            self._asked[asked] = self._match(text, product_id)
        return self._asked[asked]

    def _match(self, text: str, product_id: str | None) -> LotMatch:
        wanted = normalised_lot(text)
        if not wanted:
            return LotMatch(MatchKind.absent)
        folded = folded_lot(wanted)
        levels = ((MatchKind.exact, self._exact.get(wanted, [])), (MatchKind.near, self._folded.get(folded, [])),
                  (MatchKind.near, self._edited(folded)))
        for kind, found in levels:
            fitting = [lot for lot in found if product_id is None or lot.product_id == product_id]
            if len(fitting) == 1:
                return LotMatch(kind, fitting[0])
            if fitting:
                ordered = sorted(fitting, key=lambda lot: (lot.number, lot.lot_key))
                return LotMatch(MatchKind.ambiguous, candidates=tuple(ordered[:_MOST_CANDIDATES]))
        return LotMatch(MatchKind.none)

    def _edited(self, folded: str) -> list[IssuedLot]:
        if len(folded) < _SHORTEST_FOR_EDIT:
            return []
        return [lot for name in _one_edit_away(folded, self._signs) for lot in self._folded.get(name, ())]


def _one_edit_away(text: str, signs: set[str]) -> set[str]:
    """Every text that one edit with these signs makes of `text`: some hundreds, however many lots there are."""
    cuts = [(text[:place], text[place:]) for place in range(len(text) + 1)]
    near = {head + tail[1:] for head, tail in cuts if tail}
    near.update(head + sign + tail[1:] for head, tail in cuts if tail for sign in signs)
    near.update(head + sign + tail for head, tail in cuts for sign in signs)
    near.discard(text)
    return near
