"""Delivering what was changed of a notice to everybody who was told of it, and what follows from each attempt."""
from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy.orm import Session

from traceapp.audit import record
from traceapp.catalog.model import PartyContact
from traceapp.core.actor import SYSTEM
from traceapp.core.clock import Clock
from traceapp.outbox.delivery import LATE, NOT_NEEDED, Delivery
from traceapp.outbox.model import MessageState, OutboxMessage
from traceapp.vault.service import Vault, VaultError, details_for_notice
from traceapp.worklist.tasks import RaiseTask, complete_tasks, raise_task

from .announcing import REVISION, Event
from .cases import recall_stream
from .change_telling import (
    CONSUMER_REVISION_KIND,
    PASSED_REVISION_KIND,
    REVISION_KIND,
    chain_of,
    raise_change_work,
)
from .consumers import reader_of
from .handing import Posts, Reader, Words
from .model import Notice, Recall
from .notices import NOT_SENT_TASK, UNCERTAIN_TASK, reach_of
from .notices import sealed_about as notice_sealed_about
from .passing_on import reach_of as reach_of_passed
from .passing_on import sealed_about
from .public import PublicRecall, public_recall_by_id
from .public_letters import WITHDRAWN, NewsFacts, news_in_both, news_in_short, news_subject
from .public_news import news_facts
from .telling_model import PassedNotice
from .ways import MAIL, said_by, way_of


@dataclass(frozen=True, slots=True)
class ChangeSender:
    """`send` and `settled` are what `outbox.delivery.deliver_due` asks for; for messages of CHANGE_KINDS."""

    posts: Posts
    vault: Vault
    base_url: str
    clock: Clock

    def send(self, session: Session, message: OutboxMessage) -> Delivery:
        """One attempt. What nobody can be told of any more is refused, what cannot be opened waits."""
        recall = public_recall_by_id(session, message.payload["recall"])
        if recall is None:
            return Delivery("refused", NOT_NEEDED + "there is no such notice")
        try:
            found = {REVISION_KIND: self._consignee, PASSED_REVISION_KIND: self._passed,
                     CONSUMER_REVISION_KIND: self._consumer}[said_by(message.kind)](session, message)
        except VaultError as error:
            return Delivery("failed", error.code)
        if isinstance(found, Delivery):
            return found
        reader, answer = found
        facts = self._facts(session, recall, message, answer)
        if recall.facts.is_withdrawn and facts.kind != WITHDRAWN:
            return Delivery("refused", NOT_NEEDED + "the notice was withdrawn")
        return self.posts.hand_words(message, _words(facts, reader.language), reader, self.clock.now())

    def _facts(self, session: Session, recall: PublicRecall, message: OutboxMessage, answer: str) -> NewsFacts:
        event = Event(recall.facts.id, REVISION, int(message.payload["number"]))
        return news_facts(session, recall, event, base_url=self.base_url,
                          answer="" if recall.facts.is_closed else answer)

    def _consignee(self, session: Session, message: OutboxMessage) -> tuple[Reader, str] | Delivery:
        contact = session.get(PartyContact, message.recipient.removeprefix("contact:"))
        notice = session.get(Notice, (message.payload["recall"], message.payload["consignee"]))
        if notice is None:
            return Delivery("refused", NOT_NEEDED + "there is no such notice")
        if contact is None or not contact.is_active:
            return Delivery("refused", "the contact is not there any more")
        token = self.vault.open_text(notice.sealed_token, notice_sealed_about(notice.id))
        return Reader(reach_of(contact), _tongue(contact.language)), f"{self.base_url}/r/{token}"

    def _passed(self, session: Session, message: OutboxMessage) -> tuple[Reader, str] | Delivery:
        passed = session.get(PassedNotice, message.payload["passed"])
        if passed is None:
            return Delivery("refused", NOT_NEEDED + "there is no such notice")
        token = self.vault.open_text(passed.sealed_token, sealed_about(passed.id))
        return Reader(reach_of_passed(passed), _tongue(passed.language)), f"{self.base_url}/r/p/{token}"

    def _consumer(self, session: Session, message: OutboxMessage) -> tuple[Reader, str] | Delivery:
        details = details_for_notice(session, message.payload["person"], vault=self.vault)
        if details is None:
            return Delivery("refused", NOT_NEEDED + "the person's details were erased")
        return reader_of(details), ""

    def settled(self, session: Session, message: OutboxMessage, delivery: Delivery) -> None:
        """Keep what came of it in the chain of its notice; what needs a person becomes a task."""
        if message.state == MessageState.pending or delivery.detail.startswith(NOT_NEEDED):
            return
        recall = session.get_one(Recall, message.payload["recall"])
        record(session, SYSTEM, self.clock.now(), f"notice.change_{message.state}", chain_of(message), {
            "recall": recall.id, "message": message.id, "number": message.payload["number"]})
        if message.state == MessageState.sent:
            if delivery.detail == LATE:
                complete_tasks(session, SYSTEM, self.clock, message.subject_key, UNCERTAIN_TASK, "sent")
        elif message.state == MessageState.written and way_of(message.kind) == MAIL:
            # Without a mail server nothing goes out: one duty for the whole recall, not one for each letter.
            raise_task(session, SYSTEM, self.clock, RaiseTask(
                NOT_SENT_TASK, recall_stream(recall), "quality", self.clock.now(),
                params={"recall_id": recall.id, "reference": recall.reference}))
        else:
            raise_change_work(session, SYSTEM, self.clock, recall, message)


def _tongue(language: str) -> str:
    return "en" if language == "en" else "zh"


def _words(facts: NewsFacts, language: str) -> Words:
    return Words(news_subject(facts, language), news_in_both(facts, language), news_in_short(facts, language))
