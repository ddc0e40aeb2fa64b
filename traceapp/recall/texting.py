"""The text message: which recall, stop, where to read and answer. One language, the reader's; and how many parts it is
sent in. Pure."""
from __future__ import annotations

from dataclasses import dataclass

from .letter_templates import CONSUMER_TEXT, TEXT, template
from .letters import LetterFacts

_LONGEST_TITLE = {"zh": 40, "en": 80}
_LONGEST_CONTACT = 40
# Source: 3GPP TS 23.038, 6.2.1: the alphabet of seven bits, and its extension, of which each character counts twice.
_GSM = frozenset("@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§¿"
                 "abcdefghijklmnopqrstuvwxyzäöñüà")
_GSM_TWICE = frozenset("\f^{}\\[~]|€")


@dataclass(frozen=True, slots=True)
class Length:
    """How long a message is: `units` of its alphabet (`GSM-7` or `UCS-2`), sent in so many `segments`."""

    alphabet: str
    units: int
    segments: int


def message_of(facts: LetterFacts, language: str) -> str:
    """The message to a consignee or a consumer."""
    tongue = "en" if language == "en" else "zh"
    name = CONSUMER_TEXT if facts.is_to_consumer else TEXT
    opening = ""
    if facts.reminder:
        opening = f"第 {facts.reminder} 次提醒：" if tongue == "zh" else f"Reminder {facts.reminder}: "
    elif facts.further:
        opening = "增加了批次：" if tongue == "zh" else "Further batches: "
    return template(facts.version, name, tongue).substitute(
        opening=opening, reference=facts.reference, link=facts.link,
        title=_shortened(facts.title[tongue].rstrip(".。 "), _LONGEST_TITLE[tongue]),
        contact=_contact(facts.contact, tongue)).strip()


def _contact(text: str, language: str) -> str:
    """Whom to ask; in English what its alphabet can say of it, else every part would hold less than half."""
    kept = "".join(character for character in text if character in _GSM) if language == "en" else text
    return _shortened(kept if any(map(str.isdigit, kept)) or "@" in kept else text, _LONGEST_CONTACT)


def _shortened(text: str, longest: int) -> str:
    plain = " ".join(text.split())
    return plain if len(plain) <= longest else plain[:longest - 3].rstrip() + "..."


def length_of(text: str) -> Length:
    """How it is sent: 160 characters in one part, 153 in each of several; 70 and 67 where a character needs more.

    Source: 3GPP TS 23.040, 9.2.3.24.1: several parts each give up six octets to be put together again.
    """
    if all(character in _GSM or character in _GSM_TWICE for character in text):
        sizes = [2 if character in _GSM_TWICE else 1 for character in text]
        return Length("GSM-7", sum(sizes), _segments(sizes, 160, 153))
    sizes = [2 if ord(character) > 0xFFFF else 1 for character in text]
    return Length("UCS-2", sum(sizes), _segments(sizes, 70, 67))


def _segments(sizes: list[int], alone: int, joined: int) -> int:
    """A character that counts twice is not parted."""
    if sum(sizes) <= alone:
        return 1
    count, room = 1, joined
    for size in sizes:
        if size > room:
            count, room = count + 1, joined
        room -= size
    return count
