"""Handing one notice over by the way of its message: a letter to the mail server, a text message to the gateway."""
from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from traceapp.outbox.delivery import NOT_NEEDED, Delivery
from traceapp.outbox.gateway import TextMessage, TextPost
from traceapp.outbox.mail import Letter, Post
from traceapp.outbox.model import OutboxMessage

from .letter_html import html_of
from .letters import LetterFacts, subject_of, text_of
from .texting import message_of
from .ways import TEXT, Reach, way_of


@dataclass(frozen=True, slots=True)
class Reader:
    """Who gets it: where they are reached, and in which language they read."""

    reach: Reach
    language: str


@dataclass(frozen=True, slots=True)
class Words:
    """Subject and text of a letter, the same in short for a text message; without `html` the letter has only text."""

    subject: str
    text: str
    short: str
    html: str = ""


@dataclass(frozen=True, slots=True)
class Posts:
    """What takes letters, and what takes text messages; None: nothing does."""

    mail: Post
    texts: TextPost | None = None

    def hand_over(self, message: OutboxMessage, facts: LetterFacts, reader: Reader, at: datetime) -> Delivery:
        """One attempt. Without a gateway a text message beside a letter is left out: it would say the same."""
        language = reader.language
        if way_of(message.kind) == TEXT:
            return self._text(message, message_of(facts, language), reader)
        return self._mail(message, Words(subject_of(facts, language), text_of(facts, language), "",
                                          html_of(facts, language)), reader, at)

    def hand_words(self, message: OutboxMessage, words: Words, reader: Reader, at: datetime) -> Delivery:
        """The same for what was put into words already."""
        if way_of(message.kind) == TEXT:
            return self._text(message, words.short, reader)
        return self._mail(message, words, reader, at)

    def _mail(self, message: OutboxMessage, words: Words, reader: Reader, at: datetime) -> Delivery:
        if not reader.reach.email:
            return Delivery("refused", "the contact has no e-mail address any more")
        return self.mail.send(Letter(
            to=reader.reach.email, subject=words.subject, text=words.text, html=words.html,
            message_id=message.message_id, at=at,
            headers=(("Content-Language", "zh, en"), ("Importance", "high"))))

    def _text(self, message: OutboxMessage, text: str, reader: Reader) -> Delivery:
        if not reader.reach.mobile:
            return Delivery("refused", "the contact has no mobile number any more")
        if (self.texts is None or not self.texts.is_set) and reader.reach.email:
            return Delivery("refused", NOT_NEEDED + "no gateway is set, and a letter says the same")
        if self.texts is None:
            return Delivery("written", "no gateway for text messages is set")
        return self.texts.send(TextMessage(reader.reach.mobile, text, message.id,
                                           "en" if reader.language == "en" else "zh"))
