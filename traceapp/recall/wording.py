"""Words that make a recall sound smaller than it is, and the refusal of them. Pure.

Consumer and consignee texts only: files for authorities keep the statutory terms.
"""
from __future__ import annotations

import csv
import re
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from traceapp.core.errors import InvalidInput

_ROWS = Path(__file__).parent / "data" / "softeners.csv"
_HYPHENS = str.maketrans("\u2010\u2011\u2012\u2013\u2043\u2212", "------")
# Between two Chinese characters a blank means nothing, so it hides nothing.
_CHINESE_GAP = re.compile(r"(?<=[\u4e00-\u9fff])\s+(?=[\u4e00-\u9fff])")


@dataclass(frozen=True, slots=True)
class Softener:
    """One rule: what is not to be said, in which language, why, and who says so."""

    language: str
    pattern: re.Pattern[str]
    why: str
    source: str


@dataclass(frozen=True, slots=True)
class Found:
    """A softening word as it stands in the text."""

    word: str
    softener: Softener


@cache
def softeners() -> tuple[Softener, ...]:
    """Every rule, read once."""
    with _ROWS.open(encoding="utf-8", newline="") as file:
        return tuple(Softener(row["language"], re.compile(row["pattern"], re.IGNORECASE), row["why"], row["source"])
                     for row in csv.DictReader(file))


def softening_words(text: str) -> tuple[Found, ...]:
    """What softens in `text`, in the order of the text; both languages are looked for in every text."""
    plain = _plain(text)
    found = [(match.start(), Found(match.group(), rule)) for rule in softeners()
             for match in rule.pattern.finditer(plain)]
    return tuple(entry for _start, entry in sorted(found, key=lambda pair: pair[0]))


def refuse_softeners(texts: Mapping[str, str]) -> None:
    """Nothing when no text softens. Raises InvalidInput naming the first word; `errors` names each field's word."""
    errors: dict[str, str] = {}
    first: tuple[str, str] | None = None
    for place, text in texts.items():
        found = softening_words(text)
        if found:
            first = first or (place, found[0].word)
            words = ", ".join(dict.fromkeys(entry.word for entry in found))
            errors[place] = _MESSAGE % {"word": words}
    if first is not None:
        place, word = first
        raise InvalidInput(_MESSAGE, code="softening-word", place=place, errors=errors, word=word)


_MESSAGE = ("“%(word)s” makes the danger sound smaller than it is. Leave it out: say what can happen and what to do.")


def _plain(text: str) -> str:
    """`text` in one form: full-width as half-width, no invisible characters, single blanks."""
    normal = unicodedata.normalize("NFKC", text).translate(_HYPHENS)
    joined = "".join(sign for sign in normal if unicodedata.category(sign) != "Cf")
    return re.sub(r"\s+", " ", _CHINESE_GAP.sub("", joined))
