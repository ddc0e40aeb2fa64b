"""Lists of batches as letters and recall notices write them: numbers, ranges, times of making. Pure.

What cannot be read for certain is said, never guessed: a batch that is missed stays on the market.
"""
from __future__ import annotations

import re
import unicodedata
from calendar import monthrange
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date

from .lot_text import without_prefix

MOST_IN_RANGE = 10_000
_LONGEST = 100_000
_BUT = r"(?:except(?:ing)?(?:\s+for)?|excluding|but\s+not|not\s+including|without|除了?|不含|不包括)"
_PARTS = re.compile(rf"[,;、\n()\[\]。]+|\s(?:and|or|as well as)\s|\s*(?:以及|和|及|与|&)\s*|\s(?={_BUT}\s)", re.I)
_WORDS = re.compile(r"^(?:(?:the|our|following|affected|with)\s+)*(?:(?:lots?|batch(?:es)?)\b"
                    r"(?:\s*(?:numbers?|nos?\.?))?|numbers?\b|下列|以下|产品|受影响的)[\s:.#]*", re.I)
_EXCEPT = re.compile(rf"^{_BUT}\s*:?\s*", re.I)
# Where an exception ends is clear in brackets and before 外; elsewhere it is the one number, so that none is missed.
_EXCEPTIONS = re.compile(rf"\(\s*{_BUT}([^()]*)\)|除了?([^外除()]{{1,500}})(?:以|之)?外", re.I)
_TO = re.compile(r"\s+(?:to|through|thru|until)\s+|\s*(?:至|到|~|～|—|–|…|\.{2,3})\s*|\s+-+\s+", re.I)
_NUMBER = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9._/+-]{0,18}[A-Za-z0-9])?", re.ASCII)
_SHAPE = re.compile(r"(.*?)(\d+)(\D*)", re.ASCII)
_ALL = re.compile(r"(?:all|every)(?:\s+(?:the|our))?(?:\s+(?:lots?|batch(?:es)?|products?|units?))?|"
                  r"(?:所有|全部|各)(?:产品)?(?:的)?(?:批次|批号|批|产品)?", re.I)
_MONTHS = {name: number for number, name in enumerate(
    ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"), start=1)}
_WHOLE = r"(?:(?:all|every)\s+)?(?:the\s+)?(?:lots?|batch(?:es)?|products?)?\s*"
_DAY = r"\d{4}(?:-\d{1,2}(?:-\d{1,2})?)?|[a-z]{3,9}\.?\s+\d{4}"
_ENGLISH = re.compile(rf"{_WHOLE}\b(?:made|manufactured|produced)\s+(?:in|from|during|between|on)\s+({_DAY})(?![\w-])"
                      rf"(?:\s*(?:to|through|until|and)\s+({_DAY})(?![\w-]))?", re.I)
_DATE = r"\d{4}年(?:\d{1,2}月(?:\d{1,2}[日号])?)?"
_PART = r"\d{1,2}月(?:\d{1,2}[日号])?|\d{1,2}[日号]"
_CHINESE = re.compile(rf"(?:生产于|于|自|从)?({_DATE})(?:\s*(?:至|到|~|-|–|—)\s*({_DATE}|{_PART}))?(?:全年|期间|间)?"
                      r"(?:生产|制造)?的?(?:所有|全部|各)?(?:产品)?的?(?:批次|批号|产品|批)?")


@dataclass(frozen=True, slots=True)
class LotRange:
    """From the first number to the last, both counted."""

    first: str
    last: str
    count: int


@dataclass(frozen=True, slots=True)
class LotPeriod:
    """All batches that were made from the first day to the last, both counted."""

    since: date
    until: date


@dataclass(frozen=True, slots=True)
class Unread:
    """What could not be read, and why: `not-a-number`, `not-a-time`, `unclear-range`, `backwards`, `too-many`."""

    text: str
    why: str


@dataclass(slots=True)
class LotList:
    """`lots`: every number, those of ranges too, without the `excluded`; `is_all`: every batch is meant."""

    lots: list[str] = field(default_factory=list)
    ranges: list[LotRange] = field(default_factory=list)
    periods: list[LotPeriod] = field(default_factory=list)
    excluded: list[str] = field(default_factory=list)
    unread: list[Unread] = field(default_factory=list)
    is_all: bool = False


def read_lots(text: str) -> LotList:
    """The batches that a text names."""
    found = LotList()
    plain = unicodedata.normalize("NFKC", text)
    if len(plain) > _LONGEST:
        found.unread.append(Unread(plain[:40], "too-many"))
        return found
    for part in _parts(_take_exceptions(_take_periods(plain, found), found)):
        _read_part(_EXCEPT.sub("", part), found, is_excluded=bool(_EXCEPT.match(part)))
    left_out = set(found.excluded)
    found.lots = [lot for lot in dict.fromkeys(found.lots) if lot not in left_out]
    return found


def _take_exceptions(text: str, found: LotList) -> str:
    """The text without what it takes out, which is noted."""
    def take(match: re.Match[str]) -> str:
        for part in _parts(match[1] or match[2] or ""):
            _read_part(part, found, is_excluded=True)
        return ","

    return _EXCEPTIONS.sub(take, text)


def _take_periods(text: str, found: LotList) -> str:
    """The text without the times of making, which are noted."""
    def take(match: re.Match[str]) -> str:
        first, last = _days(match[1]), _days(match[2] if match[2] is None or "年" in match[2] or "年" not in match[1]
                                             else _with_start(match[1], match[2]))
        if first is None or (match[2] is not None and last is None):
            found.unread.append(Unread(match[0].strip()[:80], "not-a-time"))
        elif (last or first)[1] < first[0]:
            found.unread.append(Unread(match[0].strip()[:80], "backwards"))
        else:
            found.periods.append(LotPeriod(first[0], (last or first)[1]))
        return ","

    return _CHINESE.sub(take, _ENGLISH.sub(take, text))


def _with_start(first: str, last: str) -> str:
    """The last day with the year, or year and month, of the first where it does not say its own."""
    return first[:first.index("年") + 1] + last if "月" in last else first[:first.index("月") + 1] + last \
        if "月" in first else last


def _days(text: str | None) -> tuple[date, date] | None:
    """The first and the last day of a time: of a day, a month, a year; None for what is no time."""
    numbers = [int(digits) for digits in re.findall(r"\d+", text or "")]
    word = re.match(r"[a-z]+", text or "", re.I)
    if word and numbers:
        numbers.append(_MONTHS.get(word[0][:3].lower(), 0))
    if not numbers:
        return None
    year, *rest = numbers
    month, day = (*rest, None, None)[:2]
    try:
        if month is None:
            return date(year, 1, 1), date(year, 12, 31)
        return date(year, month, day or 1), date(year, month, day or monthrange(year, month)[1])
    except ValueError:
        return None


def _parts(text: str) -> Iterator[str]:
    for part in _PARTS.split(text):
        cleaned = part.strip(" \t\r.:：\"'“”")
        if cleaned:
            yield cleaned


def _read_part(part: str, found: LotList, *, is_excluded: bool) -> None:
    """One number, one range, or all batches."""
    if _ALL.fullmatch(part):
        found.is_all = True
        return
    cleaned = without_prefix(_WORDS.sub("", part)).strip(" .:#")
    into = found.excluded if is_excluded else found.lots
    if not cleaned:
        return
    ends = _TO.split(cleaned)
    if len(ends) == 2:
        _read_range(part, (ends[0], without_prefix(_WORDS.sub("", ends[1])), True), found, into)
    elif "-" in cleaned and cleaned.count("-") % 2:
        middle = _middle_hyphen(cleaned)
        _read_range(part, (cleaned[:middle], cleaned[middle + 1:], False), found, into)
    elif "/" in cleaned and len({_skeleton(one) for one in cleaned.split("/")}) == 1:
        for number in cleaned.split("/"):
            _read_number(number, part, found, into)
    else:
        _read_number(cleaned, part, found, into)


def _middle_hyphen(text: str) -> int:
    """Of an odd number of hyphens the one in the middle: K-1-K-9."""
    places = [at for at, sign in enumerate(text) if sign == "-"]
    return places[len(places) // 2]


def _skeleton(number: str) -> str:
    return re.sub(r"\d", "0", number)


def _read_number(number: str, part: str, found: LotList, into: list[str]) -> None:
    if _NUMBER.fullmatch(number) and any(sign.isdigit() for sign in number):
        into.append(number)
    else:
        found.unread.append(Unread(part[:80], "not-a-number"))


def _read_range(part: str, ends: tuple[str, str, bool], found: LotList, into: list[str]) -> None:
    """A range where both ends are written alike, or the last shortly (A123 to 130); a hyphen between two short pieces
    belongs to one number, unless it could be either."""
    first, last, is_said = ends[0].strip(), ends[1].strip(), ends[2]
    one, other = _SHAPE.fullmatch(first), _SHAPE.fullmatch(last)
    if not one or not other:
        _read_whole(part, (first, last, is_said), found, into)
        return
    is_short = not other[1] and (bool(one[1]) or len(other[2]) < len(one[2])) and other[3] in ("", one[3])
    numbers = (one[2], one[2][:-len(other[2])] + other[2] if len(other[2]) < len(one[2]) and is_short else other[2])
    is_alike = (one[1], one[3]) == (other[1], other[3]) and (len(one[2]) == len(other[2]) or "0" not in (
        one[2][0], other[2][0]))
    low, high = int(numbers[0]), int(numbers[1])
    if not is_alike and not (is_short and len(numbers[1]) == len(one[2])):
        _read_whole(part, (first, last, is_said), found, into)
    elif not is_alike and not is_said:
        if high > low:
            found.unread.append(Unread(part[:80], "unclear-range"))
        else:
            _read_whole(part, (first, last, is_said), found, into)
    elif not (_NUMBER.fullmatch(first) and _NUMBER.fullmatch(last)):
        found.unread.append(Unread(part[:80], "not-a-number"))
    elif high < low:
        found.unread.append(Unread(part[:80], "backwards"))
    elif high - low >= MOST_IN_RANGE:
        found.unread.append(Unread(part[:80], "too-many"))
    else:
        expanded = [f"{one[1]}{number:0{len(one[2])}d}{one[3]}" for number in range(low, high + 1)]
        found.ranges.append(LotRange(expanded[0], expanded[-1], len(expanded)))
        into.extend(expanded)


def _read_whole(part: str, ends: tuple[str, str, bool], found: LotList, into: list[str]) -> None:
    """What is no range: one number with a hyphen in it, or nothing that can be read."""
    first, last, is_said = ends
    if is_said:
        found.unread.append(Unread(part[:80], "unclear-range"))
    else:
        _read_number(f"{first}-{last}", part, found, into)
