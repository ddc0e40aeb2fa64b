"""How likely two complaints tell of the same event: hits and misses, weighed by how rare they are. Pure.

Each fact that both reports give multiplies the odds: how often it agrees like this in two reports of one event, over
how often in two reports that have nothing to do with each other. What one of them does not give says nothing.
Source: the hit-miss model of Norén, Orre, Bate and Edwards (2007), with probabilities that are rounded and stated here
rather than fitted: a house has too few pairs of its own to fit them.
"""
from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import date
from functools import lru_cache
from math import log2

SUSPECTED = 0.5
"""From this probability on staff are asked to look."""
_SHARE = 0.1  # of reports tell of an event that is reported already
_AGE_SHARES = {"0-1": 0.08, "2-13": 0.12, "14-17": 0.05, "18-44": 0.4, "45-64": 0.2, "65+": 0.15}
_SHORT = 12  # letters: two short texts are alike by chance
_STEPS = {  # least likeness -> odds
    "text": ((0.9, 200.0), (0.6, 20.0), (0.3, 3.0), (0.1, 0.8), (0.0, 0.4)),
    "terms": ((1.0, 5.0), (0.5, 2.0), (0.01, 0.8), (0.0, 0.15))}
_MOST_OF_WORDS = _STEPS["text"][0][1] * _STEPS["terms"][0][1]
_DAYS = ((0, 14.0), (1, 3.0), (3, 1.6), (14, 0.25))
_DAYS_OF_A_WARD = ((0, 2.0), (1, 1.5), (3, 1.0), (14, 0.25))
_FAR_DAYS = 0.06
_LEARNED = ((1, 3.0), (4, 1.5), (14, 0.7))  # days between what the house learned when
_FAR_LEARNED = 0.3
_SAME_CONTACT = 700.0
_LETTERS = re.compile(r"[\W_]+")


@dataclass(frozen=True, slots=True)
class Facts:
    """What of a complaint can be compared. None, "" and "unknown": not given. `contact`: its keyed hash; `learned`: the
    day on which the house learned of it."""

    lot_key: str | None
    contact: str | None = None
    day: date | None = None
    consignee: str | None = None
    place: str = ""
    age_band: str = "unknown"
    sex: str = "unknown"
    terms: frozenset[str] = frozenset()
    text: str = field(default="", repr=False)
    learned: date | None = None


@dataclass(frozen=True, slots=True)
class Common:
    """How many of those compared say the same as the newcomer: what many say (one nurse who reports for a ward, a
    sentence that a form put there) tells less."""

    contact: int = 1
    text: int = 1


_ALONE = Common()


@dataclass(frozen=True, slots=True)
class Likeness:
    """`reasons`: fact -> log2 of the odds it adds, those that speak for it first."""

    probability: float
    reasons: tuple[tuple[str, float], ...]


def likeness(one: Facts, other: Facts, candidates: int, common: Common = _ALONE) -> Likeness:
    """How likely the two are one event; `candidates`: among how many reports the other one was looked for."""
    odds = _SHARE / max(1, candidates)
    reasons: list[tuple[str, float]] = []
    for name, factor in (*_by_fields(one, other, common), *_by_words(one, other, common)):
        if factor is not None:
            odds *= factor
            reasons.append((name, log2(factor)))
    return Likeness(odds / (1 + odds), tuple(sorted(reasons, key=lambda reason: -reason[1])))


def may_be_alike(one: Facts, other: Facts, candidates: int, common: Common = _ALONE) -> bool:
    """Whether `likeness` could reach what is suspected, whatever the words say: the quick look before the thorough."""
    odds = _SHARE / max(1, candidates) * _MOST_OF_WORDS
    for _name, factor in _by_fields(one, other, common):
        if factor is not None:
            odds *= factor
    return odds / (1 + odds) >= SUSPECTED


@lru_cache(maxsize=4096)
def shingles(text: str) -> frozenset[str]:
    """Runs of three letters (two where the text has Chinese signs), without case, blanks and punctuation."""
    plain = _LETTERS.sub("", unicodedata.normalize("NFKC", text).lower())
    size = 2 if any(ord(letter) > 0x2E7F for letter in plain) else 3
    return frozenset(plain[at:at + size] for at in range(max(0, len(plain) - size + 1)))


def _by_fields(one: Facts, other: Facts, common: Common) -> tuple[tuple[str, float | None], ...]:
    is_one_site = bool(one.consignee) and one.consignee == other.consignee
    # Whoever reports for a ward tells of many patients, several on one day: that it is the same nurse says little.
    is_one_nurse = is_one_site and bool(one.contact) and one.contact == other.contact
    contact = 1.3 if is_one_nurse else max(1.0, _SAME_CONTACT / common.contact ** 2)
    return (
        ("lot", _same(one.lot_key, other.lot_key, 1.0, 0.15)),
        ("contact", _same(one.contact, other.contact, contact, 0.3)),
        ("day", _of_days(one.day, other.day, _DAYS_OF_A_WARD if is_one_nurse else _DAYS, _FAR_DAYS)),
        ("learned", None if is_one_nurse else _of_days(one.learned, other.learned, _LEARNED, _FAR_LEARNED)),
        ("consignee", _same(one.consignee, other.consignee, 9.0, 0.11)),
        ("place", _of_places(_plain(one.place), _plain(other.place), 1.0 if is_one_site else 8.0)),
        ("age", _same(_known(one.age_band), _known(other.age_band), 0.92 / _AGE_SHARES.get(one.age_band, 0.25), 0.12)),
        ("sex", _same(_known(one.sex), _known(other.sex), 1.94, 0.06)))


def _by_words(one: Facts, other: Facts, common: Common) -> Iterable[tuple[str, float | None]]:
    yield "terms", _alike("terms", one.terms, other.terms)
    yield "text", _of_texts(one.text, other.text, common.text)


def _same(one: str | None, other: str | None, hit: float, miss: float) -> float | None:
    if not one or not other:
        return None
    return hit if one == other else miss


def _known(code: str) -> str | None:
    return None if code == "unknown" else code


@lru_cache(maxsize=4096)
def _plain(text: str) -> str:
    return _LETTERS.sub("", unicodedata.normalize("NFKC", text).lower()) if text else ""


def _of_places(one: str, other: str, hit: float) -> float | None:
    """A town and the town with its province or hospital agree, if less surely than two that are written alike."""
    if one and other and one != other and (one in other or other in one):
        return max(1.0, hit / 2)
    return _same(one, other, hit, 0.22)


def _of_days(one: date | None, other: date | None, steps: tuple[tuple[int, float], ...], far: float) -> float | None:
    if one is None or other is None:
        return None
    apart = abs((one - other).days)
    return next((factor for days, factor in steps if apart <= days), far)


def _of_texts(one: str, other: str, said: int) -> float | None:
    factor = _alike("text", shingles(one), shingles(other))
    if factor is None:
        return None
    if factor == _STEPS["text"][0][1]:
        factor = max(3.0, factor / said ** 2)
    return factor if min(len(one), len(other)) >= _SHORT else min(factor, 3.0)


def _alike(name: str, one: frozenset[str], other: frozenset[str]) -> float | None:
    """By the share of all that both have in common."""
    if not one or not other:
        return None
    share = len(one & other) / len(one | other)
    return next(factor for least, factor in _STEPS[name] if share >= least)
