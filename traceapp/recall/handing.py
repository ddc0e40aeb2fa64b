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
class Posts:
    """What takes letters, and what takes text messages; None: nothing does."""

    mail: Post
    texts: TextPost | None = None

    def hand_over(self, message: OutboxMessage, facts: LetterFacts, reader: Reader, at: datetime) -> Delivery:
        """One attempt. Without a gateway a text message beside a letter is left out: it would say the same."""
        reach, language = reader.reach, reader.language
        if way_of(message.kind) == TEXT:
            return self._text(message, facts, reader)
        if not reach.email:
            return Delivery("refused", "the contact has no e-mail address any more")
        return self.mail.send(Letter(
            to=reach.email, subject=subject_of(facts, language), text=text_of(facts, language),
            html=html_of(facts, language), message_id=message.message_id, at=at,
            headers=(("Content-Language", "zh, en"), ("Importance", "high"))))

    def _text(self, message: OutboxMessage, facts: LetterFacts, reader: Reader) -> Delivery:
        if not reader.reach.mobile:
            return Delivery("refused", "the contact has no mobile number any more")
        if (self.texts is None or not self.texts.is_set) and reader.reach.email:
            return Delivery("refused", NOT_NEEDED + "no gateway is set, and a letter says the same")
        if self.texts is None:
            return Delivery("written", "no gateway for text messages is set")
        return self.texts.send(TextMessage(reader.reach.mobile, message_of(facts, reader.language), message.id,
                                           "en" if reader.language == "en" else "zh"))
