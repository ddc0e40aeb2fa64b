"""What a pasted e-mail says: who sent it and when, its words, and what looks like a batch, a product, a complaint of.
Pure; every suggestion keeps the words that it comes from. A person looks before anything is kept."""
from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, timezone
from email.utils import parsedate_to_datetime

from .coding import Stance, code_text

LONGEST = 20_000
_BEIJING = timezone(timedelta(hours=8))
_SENDER, _SUBJECT, _OTHERS = ("from", "发件人"), ("subject", "主题"), ("to", "cc", "reply-to", "收件人", "抄送")
_DATE = ("date", "sent", "日期", "时间", "发送时间", "发件时间")
_HEAD = re.compile(rf"^\s*({'|'.join((*_SENDER, *_SUBJECT, *_OTHERS, *_DATE))})\s*[:：]\s*(.*)$", re.I)
_ADDRESS = re.compile(r"[A-Za-z0-9._%+-]{1,64}@[A-Za-z0-9.-]{1,190}\.[A-Za-z]{2,24}")
_TELEPHONE = re.compile(
    r"(?<![\dA-Za-z])(?:\+?86[ -]?)?(?:1[3-9]\d[ -]?\d{4}[ -]?\d{4}|0\d{2,3}[ -]\d{7,8})(?![\dA-Za-z])")
_DAY = re.compile(r"(20\d\d)\s*[-/.年]\s*(\d{1,2})\s*[-/.月]\s*(\d{1,2})\s*日?(?:[^\d\n]{0,12}(\d{1,2}):(\d{2}))?")
_NAMED_LOT = re.compile(
    r"(?:批次号?|批号|生产批号|\b(?:lot|batch)\b(?:\s*(?:no\.?|number|#))?)\s*(?:是|为|is)?\s*[:：#]?\s*"
    r"([A-Za-z0-9][A-Za-z0-9_/-]{2,24})", re.I)
_CODE = re.compile(r"(?<![\w@./-])(?=[A-Za-z_/-]{0,24}\d)[A-Za-z0-9][A-Za-z0-9_/-]{4,24}(?![\w@/-])")
_MOST_CODES = 40
_LONGEST_HEAD = 300


@dataclass(frozen=True, slots=True)
class Suggestion:
    """A value for a field of the form, and the words of the text that it comes from."""

    field: str
    value: str
    words: str


@dataclass(frozen=True, slots=True)
class EmailText:
    """`narrative` is the text without its head; `lots`: what was called a batch; `codes`: what else could be one."""

    narrative: str
    suggestions: tuple[Suggestion, ...]
    lots: tuple[Suggestion, ...]
    codes: tuple[str, ...]


def read_email(text: str) -> EmailText:
    """What the text suggests. Quoted lines of an earlier letter stay in the narrative and suggest nothing."""
    text = text[:LONGEST].replace("\r\n", "\n")
    head, body = _parted(text)
    own = "\n".join(line for line in body.split("\n") if not line.lstrip().startswith(">"))
    found = [*_sender(head, own), *_moments(head), *_terms(_subject(head) + "\n" + own)]
    telephone = _TELEPHONE.search(own)
    if telephone:
        found.append(Suggestion("phone", telephone[0], _around(own, telephone.start(), telephone.end())))
    said = _subject(head) + "\n" + own
    lots = [Suggestion("lot", match[1], _around(said, match.start(), match.end()))
            for match in _NAMED_LOT.finditer(said) if any(sign.isdigit() for sign in match[1])]
    codes = [match[0] for match in _CODE.finditer(said)]
    return EmailText(body.strip(), tuple(found), tuple(_once(lots)), tuple(dict.fromkeys(codes))[:_MOST_CODES])


def names_in(text: str, names: Iterable[tuple[str, str]]) -> list[Suggestion]:
    """Which of these (id, name) the text names, the longest name first; each id once."""
    folded = text.casefold()
    found: dict[str, Suggestion] = {}
    for key, name in sorted(names, key=lambda pair: -len(pair[1])):
        at = folded.find(name.casefold()) if len(name) > 1 else -1
        if at >= 0 and key not in found:
            found[key] = Suggestion("product", key, _around(text, at, at + len(name)))
    return list(found.values())


def _parted(text: str) -> tuple[dict[str, str], str]:
    """The lines of the head by their names, and the rest. Blank lines before the head are none of it."""
    head: dict[str, str] = {}
    lines = text.lstrip("\n").split("\n")
    for number, line in enumerate(lines):
        match = _HEAD.match(line)
        if match is None:
            return head, "\n".join(lines[number:])
        head.setdefault(match[1].lower(), match[2].strip()[:_LONGEST_HEAD])
    return head, ""


def _first(head: dict[str, str], names: tuple[str, ...]) -> str:
    return next((head[name] for name in names if head.get(name)), "")


def _subject(head: dict[str, str]) -> str:
    return _first(head, _SUBJECT)


def _sender(head: dict[str, str], body: str) -> Iterator[Suggestion]:
    said = _first(head, _SENDER)
    address = _ADDRESS.search(said)
    name = (said[:address.start()] if address else said).strip(' "<(')
    if name:
        yield Suggestion("name", name[:120], said)
    if address:
        yield Suggestion("email", address[0], said)
    elif found := _ADDRESS.search(body):
        yield Suggestion("email", found[0], _around(body, found.start(), found.end()))


def _moments(head: dict[str, str]) -> Iterator[Suggestion]:
    said = _first(head, _DATE)
    at = _moment(said)
    if at is not None:
        yield Suggestion("awareness_at", at.astimezone(_BEIJING).strftime("%Y-%m-%dT%H:%M"), said)


def _moment(said: str) -> datetime | None:
    """The time of a letter; without a zone it is Beijing's, without an hour the day is not enough."""
    try:
        at = parsedate_to_datetime(said)
        return at if at.tzinfo is not None else at.replace(tzinfo=UTC if "-0000" in said else _BEIJING)
    except (ValueError, TypeError, IndexError, OverflowError):
        pass
    match = _DAY.search(said)
    if match is None or match[4] is None:
        return None
    try:
        return datetime(int(match[1]), int(match[2]), int(match[3]), int(match[4]), int(match[5]), tzinfo=_BEIJING)
    except ValueError:
        return None


def _terms(text: str) -> Iterator[Suggestion]:
    for found in code_text(text):
        if found.stance is Stance.stated:
            for code in found.codes:
                yield Suggestion("terms", code, _around(text, found.start, found.end))


def _around(text: str, start: int, end: int) -> str:
    """The words with a few before and after them, on one line."""
    before, after = text[max(0, start - 15):start].split("\n")[-1], text[end:end + 15].split("\n")[0]
    return f"{before}{text[start:end]}{after}".strip()


def _once(found: Iterable[Suggestion]) -> list[Suggestion]:
    return list({one.value.casefold(): one for one in found}.values())
