"""What a free text in Chinese or English says went wrong: terms with their places, and what it denies or asks. Pure.

First the words of the list, the longest at each place; then, for longer English words, one slip of the keyboard. A
suggestion for a person to confirm, never an answer.
"""
from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from enum import StrEnum
from functools import cache
from typing import Any

from .terms import terms

_LEAST_FUZZY = 6
# Text before a word, up to the beginning of its clause. Chinese first, then English.
_DENIED = re.compile(
    r"(?<!差)(?<!了)不(?:再|怎么|太|算|很|会|觉得|感到|明显)?$"
    r"|(?:(?<!有)没有?|无|未|并非|不是|否认|排除)"
    r"(?:再|诉|述|明显|任何|什么|出现|发生|感到|感觉|觉得|发现|见|有|严重|的|过|到|引起|造成|局部|皮肤|伤口){0,4}$"
    r"|\b(?:no|not|without|never|nor|neither|denies|denied|free of|absence of|\w+n't)"
    r"(?!\s+only)(?:[ \t]+(?!improve|better|relie|chang|help|stop|heal|go\b|gone|subsid|cure|doubt|sure)[\w'-]+){0,3}"
    r"[ \t]*$")
_ASKED = re.compile(
    r"(?:会不会|是否|是不是|有没有|要不要紧|怕|担心|万一|以防|以免|免得|防止|避免|预防|防)[^，。；！？,;!?]{0,6}$"
    r"|\b(?:if|whether|worried|worry|afraid|fear|prevents?|avoids?|against|risk of|could (?:it|this)|can (?:it|this)"
    r"|will (?:it|this|they)|would (?:it|this)|does (?:it|this)|might|in case|scared)\b"
    r"[^.;!?]{0,30}$")
_DENIED_AFTER = re.compile(
    r"\s*的?(?:情况|现象|症状)?(?:都|也)?(?:没有|未出现|未发生|没出现|没发生)(?:出现|发生)?(?=[，。；、,;!！?？\s]|$)"
    r"|[:：]?\s*(?:阴性|\(-\)|none\b|nil\b|absent\b)"
    r"|\s+(?:is|was|were)?\s*not (?:seen|present|noted|observed|found)\b")
_ASKED_AFTER = re.compile(r"[^，。；！,;!.]{0,6}吗")
_LISTED = re.compile(r"[\s、/]*(?:,?\s*(?:or|and|nor)\b|或者?|和|及|与|以及|,|)\s*(?:any\s+|[a-z]+\s+)?")
_CLAUSE = re.compile(r"[，。；！？,;!?.\n]|但是?|却|可是|不过|\b(?:but|however|although|though|yet|then|until|after)\b")
_WORD = re.compile(rf"[a-z]{{{_LEAST_FUZZY},}}")


class Stance(StrEnum):
    """Whether the text says it, denies it, or asks or fears it."""

    stated = "stated"
    denied = "denied"
    asked = "asked"


@dataclass(frozen=True, slots=True)
class Found:
    """Terms that stand at `start` to `end` of the text as given. `is_fuzzy`: one letter off a word of the list."""

    codes: tuple[str, ...]
    start: int
    end: int
    stance: Stance
    is_fuzzy: bool = False


def code_text(text: str, *, fuzzy: bool = True) -> tuple[Found, ...]:
    """What the text mentions, in order. `fuzzy`: misspelt English words too."""
    folded, places = _folded(text)
    found: list[Found] = []
    pattern, codes_of = _dictionary()
    last_end, last = 0, None
    for match in pattern.finditer(folded):
        start, end = match.span()
        stance = _stance(folded, start, end)
        if stance is Stance.stated and last is not None and last is not Stance.stated \
                and _LISTED.fullmatch(folded, last_end, start):
            stance = last
        last_end, last = end, stance
        found.append(Found(codes_of[match.group()], places(start), places(end), stance))
    if fuzzy:
        found += _misspelt(folded, places, [match.span() for match in pattern.finditer(folded)])
        found.sort(key=lambda one: one.start)
    return tuple(found)


def stated_terms(found: Iterable[Found]) -> list[str]:
    """The codes of what is stated, each once, in order."""
    return list(dict.fromkeys(code for one in found if one.stance is Stance.stated for code in one.codes))


def suggest_terms(text: str) -> list[str]:
    """Terms that a free text may mean, in the order in which they appear; what it denies or asks is left out."""
    return stated_terms(code_text(text))


def _stance(text: str, start: int, end: int) -> Stance:
    before = text[max(0, start - 40):start]
    ends = [boundary.end() for boundary in _CLAUSE.finditer(before)]
    before = before[ends[-1]:] if ends else before
    if _ASKED.search(before) or _ASKED_AFTER.match(text, end):
        return Stance.asked
    if _DENIED.search(before) or _DENIED_AFTER.match(text, end):
        return Stance.denied
    return Stance.stated


def _folded(text: str) -> tuple[str, Any]:
    """The text in the form of the list, and where each of its places is in the text as given."""
    folded = unicodedata.normalize("NFKC", text).lower()
    if len(folded) == len(text):
        return folded, int
    pieces = [unicodedata.normalize("NFKC", letter).lower() for letter in text]
    starts = [index for index, piece in enumerate(pieces) for _ in piece] + [len(text)]
    return "".join(pieces), starts.__getitem__


@cache
def _dictionary() -> tuple[re.Pattern[str], dict[str, tuple[str, ...]]]:
    """One pattern for all words, the longest first at each place, and the codes of each word."""
    codes: dict[str, list[str]] = {}
    endings: set[str] = set()
    for term in terms().values():
        for word in term.words:
            whole = word.removesuffix("$").lower()
            codes.setdefault(whole, []).append(term.code)
            if word.endswith("$"):
                endings.add(whole)
    latin = [word for word in codes if word.isascii()]
    others = [word for word in codes if not word.isascii()]
    pattern = rf"(?<![a-z0-9])(?:{_trie(latin, endings)})|{_trie(others, endings)}"
    return re.compile(pattern), {word: tuple(found) for word, found in codes.items()}


def _trie(words: Iterable[str], endings: set[str]) -> str:
    """A pattern that looks at each letter once, however many words there are."""
    root: dict[str, Any] = {}
    for word in words:
        here = root
        for letter in word:
            here = here.setdefault(letter, {})
        here[""] = r"(?![a-z])" if word in endings else ""
    return _branch(root)


def _branch(node: dict[str, Any]) -> str:
    ways = [re.escape(letter) + _branch(inner) for letter, inner in sorted(node.items()) if letter]
    if not ways:
        return str(node.get("", ""))
    one_way = ways[0] if len(ways) == 1 else f"(?:{'|'.join(ways)})"
    if "" not in node:
        return one_way
    return f"(?:{one_way}|{node['']})" if node[""] else f"(?:{one_way})?"


def _misspelt(text: str, places: Any, taken: list[tuple[int, int]]) -> Iterator[Found]:
    """Longer English words that are one letter off one of the list."""
    for match in _WORD.finditer(text):
        start, end = match.span()
        if any(low < end and start < high for low, high in taken):
            continue
        word = match.group()
        codes = {code for cut in _cuts(word) for code in _one_off().get((word[0], cut), ())}
        if codes:
            yield Found(tuple(sorted(codes)), places(start), places(end), _stance(text, start, end), is_fuzzy=True)


@cache
def _one_off() -> dict[tuple[str, str], tuple[str, ...]]:
    """Every single English word of the list with one letter taken away, and as it is, beside its first letter, which
    people get right: “feeling” is not “peeling”."""
    found: dict[tuple[str, str], set[str]] = {}
    for word, codes in _dictionary()[1].items():
        if word.isascii() and word.isalpha() and len(word) >= _LEAST_FUZZY:
            for cut in _cuts(word):
                found.setdefault((word[0], cut), set()).update(codes)
    return {cut: tuple(sorted(codes)) for cut, codes in found.items()}


def _cuts(word: str) -> Iterator[str]:
    yield word
    for index in range(len(word)):
        yield word[:index] + word[index + 1:]
